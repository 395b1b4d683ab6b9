//! A generation: its batches, and its tables.

use crate::HashMap;
use crate::event::{BaseEvent, Context, Event, Frame, Table};
use crate::spec::{self, Type};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::io::BufRead;
use std::rc::Rc;

/// The file, and how far it has been read.
pub struct Input<R> {
    r: R,
    /// Bytes so far.
    pub offset: u64,
}

impl<R: BufRead> Input<R> {
    pub(crate) fn new(r: R) -> Self {
        Self { r, offset: 0 }
    }

    /// The next byte; none at the end.
    fn byte(&mut self) -> Result<Option<u8>> {
        loop {
            match self.r.fill_buf() {
                Ok([]) => return Ok(None),
                Ok(&[b, ..]) => {
                    self.r.consume(1);
                    self.offset += 1;
                    return Ok(Some(b));
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::new(e.to_string()).at(self.offset)),
            }
        }
    }

    /// Go (internal/trace): version/version.go:56 ReadHeader
    pub(crate) fn header(&mut self) -> Result<u32> {
        let bad = || Error::new("bad file format: not a Go execution trace?").at(0);
        // :58
        for want in b"go 1." {
            if self.byte()? != Some(*want) {
                return Err(bad());
            }
        }
        let mut v: Option<u32> = None;
        let mut b = self.byte()?;
        while let Some(d @ b'0'..=b'9') = b {
            v = v.unwrap_or(0).checked_mul(10).and_then(|v| v.checked_add(u32::from(d - b'0')));
            if v.is_none() {
                return Err(bad());
            }
            b = self.byte()?;
        }
        let Some(v) = v else { return Err(bad()) };
        for (i, want) in b" trace\0\0\0".iter().enumerate() {
            let b = if i == 0 { b } else { self.byte()? };
            if b != Some(*want) {
                return Err(bad());
            }
        }
        // :62
        match v {
            22 | 23 => Ok(v),
            11 | 19 | 21 => Err(Error::new(format!(
                "trace of go 1.{v}: this reader knows the formats of go 1.22 and go 1.23"
            ))),
            _ => Err(Error::new(format!(
                "unknown or unsupported trace version go 1.{v}: this reader knows go 1.22 and go 1.23"
            ))),
        }
        .map_err(|e| e.at(0))
    }

    fn uvarint(&mut self) -> Result<Result<u64>> {
        let (mut x, mut shift) = (0u64, 0);
        for i in 0..10 {
            let Some(b) = self.byte()? else {
                return Ok(Err(Error::new(if i == 0 { "EOF" } else { "unexpected EOF" })));
            };
            if b < 0x80 {
                if i == 9 && b > 1 {
                    break;
                }
                return Ok(Ok(x | u64::from(b) << shift));
            }
            x |= u64::from(b & 0x7f) << shift;
            shift += 7;
        }
        Ok(Err(Error::new("binary: varint overflows a 64-bit integer")))
    }
}

/// Many pieces of bytes in few blocks of memory: a trace may have millions of small ones.
#[derive(Debug, Default)]
pub struct Arena(Vec<Vec<u8>>);

/// Where a piece is: the number of its block, 20 bits of place, 17 of length.
#[derive(Clone, Copy, Debug)]
pub struct Span(u64);

impl Arena {
    const PLACE: u32 = 20;
    const LENGTH: u32 = 17;
    /// The first block; each is twice as large as the one before, up to [`Self::LARGEST`].
    const FIRST: usize = 1 << 12;
    const LARGEST: usize = 1 << Self::PLACE;

    /// Keeps a copy.
    ///
    /// # Panics
    /// If it is longer than 2^16, which neither strings nor batches are.
    pub(crate) fn push(&mut self, b: &[u8]) -> Span {
        assert!(b.len() <= 1 << 16);
        let room = |l: &Vec<u8>| l.capacity().min(Self::LARGEST) - l.len();
        if self.0.last().is_none_or(|l| room(l) < b.len()) {
            let size = self.0.last().map_or(Self::FIRST, |l| 2 * l.capacity());
            self.0.push(Vec::with_capacity(size.min(Self::LARGEST).max(b.len())));
        }
        let block = self.0.len() - 1;
        let last = &mut self.0[block];
        let place = last.len();
        last.extend_from_slice(b);
        Span(
            (block as u64) << (Self::PLACE + Self::LENGTH)
                | (place << Self::LENGTH | b.len()) as u64,
        )
    }

    /// What [`Self::push`] kept.
    pub(crate) fn get(&self, s: Span) -> &[u8] {
        let block = s.0 >> (Self::PLACE + Self::LENGTH);
        let place = (s.0 >> Self::LENGTH) as usize & ((1 << Self::PLACE) - 1);
        &self.0[block as usize][place..][..s.len()]
    }
}

impl Span {
    fn len(self) -> usize {
        self.0 as usize & ((1 << Arena::LENGTH) - 1)
    }
}

/// Events of one M, as they are kept.
#[derive(Debug)]
struct Kept {
    time: u64,
    data: Span,
    /// Where its data begins in the file.
    offset: u64,
}

/// Events of one M, or a part of a table.
///
/// Go (internal/trace): batch.go:22 batch
#[derive(Debug)]
pub struct Batch {
    // :23
    m: i64,
    // :24
    time: u64,
    // :25
    data: Vec<u8>,
    // :26
    exp: u8,
    /// Where its data begins in the file.
    offset: u64,
}

impl Batch {
    /// Go (internal/trace): batch.go:29 isStringsBatch
    fn is(&self, typ: Type) -> bool {
        self.exp == 0 && self.data.first() == Some(&typ)
    }
}

/// A sample of the CPU profile.
///
/// Go (internal/trace): base.go:229 cpuSample
#[derive(Clone, Debug)]
pub struct CpuSample {
    // :230
    context: Context,
    // :231
    /// When; in ns.
    pub time: i64,
    // :232
    stack: u64,
}

impl CpuSample {
    /// Go (internal/trace): base.go:240 asEvent
    pub(crate) fn as_event(&self, table: Rc<Table>) -> Event {
        // :243
        let mut base = BaseEvent { typ: spec::CPU_SAMPLE, time: self.time, ..BaseEvent::default() };
        // :251
        base.args[0] = self.stack;
        Event { table, context: self.context, base }
    }
}

/// All of a generation.
///
/// Go (internal/trace): generation.go:25 generation
pub struct Generation {
    // :26
    /// Its number.
    pub generation: u64,
    // :27: by thread
    batches: Vec<(i64, Vec<Kept>)>,
    data: Arena,
    // :28
    /// Samples, by time.
    pub cpu_samples: Vec<CpuSample>,
    // :29
    /// Its tables.
    pub table: Rc<Table>,
}

/// The first batch of the next generation.
pub struct Spilled {
    generation: u64,
    batch: Batch,
}

/// Why there is no generation.
pub enum Failed {
    /// Something that Go's reader takes for the end of the file.
    Eof(Error),
    /// It is broken.
    Broken(Error),
}

impl From<Error> for Failed {
    fn from(e: Error) -> Self {
        Self::Broken(e)
    }
}

#[derive(Default)]
struct Building {
    generation: u64,
    batches: BTreeMap<i64, Vec<Kept>>,
    data: Arena,
    samples: Vec<CpuSample>,
    table: Table,
    has_freq: bool,
}

/// Reads all batches of a generation, and one more.
///
/// Go (internal/trace): generation.go:47 readGeneration
pub(crate) fn read_generation<R: BufRead>(
    r: &mut Input<R>,
    spill: Option<Spilled>,
) -> std::result::Result<(Generation, Option<Spilled>, Option<Error>), Failed> {
    // :48
    let mut g = Building::default();
    // :54
    if let Some(s) = spill {
        g.generation = s.generation;
        process_batch(&mut g, s.batch)?;
    }
    // :64
    let (mut next, mut spill_err) = (None, None);
    loop {
        // :66
        let (b, generation) = match read_batch(r) {
            Ok(Some(b)) => b,
            Ok(None) => break,
            Err(e) => {
                let e = e.at(r.offset);
                // :71
                if g.generation != 0 {
                    spill_err = Some(e);
                    break;
                }
                return Err(e.into());
            }
        };
        // :80
        if generation == 0 {
            return Err(Error::new("invalid generation number 0").at(b.offset).into());
        }
        // :84
        if g.generation == 0 {
            g.generation = generation;
        }
        // :88
        if generation == g.generation.wrapping_add(1) {
            next = Some(Spilled { generation, batch: b });
            break;
        }
        // :92
        if generation != g.generation {
            return Err(Error::new("generations out of order").at(b.offset).into());
        }
        process_batch(&mut g, b)?;
    }
    // :108
    if !g.has_freq {
        return Err(Error::new("no frequency event found").at(r.offset).into());
    }
    // :121
    validate_stack_strings(&g.table).map_err(|e| e.at(r.offset))?;
    // :126
    let freq = g.table.freq;
    for s in &mut g.samples {
        s.time = mul(freq, s.time as u64);
    }
    g.samples.sort_by_key(|s| s.time);
    let table = Rc::new(g.table);
    let all = Generation {
        generation: g.generation,
        batches: g.batches.into_iter().collect(),
        data: g.data,
        cpu_samples: g.samples,
        table,
    };
    Ok((all, next, spill_err))
}

/// Go (internal/trace): base.go:215 mul
pub(crate) fn mul(freq: f64, t: u64) -> i64 {
    // :216
    let v = t as f64 * freq;
    // What amd64 makes of a number that does not fit.
    if v >= -(2f64.powi(63)) && v < 2f64.powi(63) { v as i64 } else { i64::MIN }
}

/// Go (internal/trace): generation.go:139 processBatch
fn process_batch(g: &mut Building, b: Batch) -> std::result::Result<(), Failed> {
    if b.is(spec::STRINGS) {
        // :141
        add_strings(&mut g.table, &b)
    } else if b.is(spec::STACKS) {
        // :145
        add_stacks(&mut g.table, &b)
    } else if b.is(spec::CPU_SAMPLES) {
        // :149
        add_cpu_samples(&mut g.samples, &b)
    } else if b.is(spec::FREQUENCY) {
        // :155
        let freq = parse_freq(&b)?;
        if g.has_freq {
            return Err(Error::new("found multiple frequency events").at(b.offset).into());
        }
        g.table.freq = freq;
        g.has_freq = freq != 0.0;
        Ok(())
    } else if b.exp != 0 {
        // :164
        g.table.experimental.entry(b.exp).or_default().push((b.m, b.data));
        Ok(())
    } else {
        // :171: one without events would be passed over
        if !b.data.is_empty() {
            let kept = Kept { time: b.time, data: g.data.push(&b.data), offset: b.offset };
            g.batches.entry(b.m).or_default().push(kept);
        }
        Ok(())
    }
}

/// Go (internal/trace): generation.go:179 validateStackStrings
fn validate_stack_strings(t: &Table) -> Result<()> {
    // :185
    for id in t.stacks.keys() {
        for pc in t.stack(*id).unwrap_or_default() {
            // :187
            let Some(f) = t.pcs.get(pc) else {
                return Err(Error::new(format!("found unknown pc {pc:x} for stack {id}")));
            };
            // :194
            for (what, s) in [("func", f.func), ("file", f.file)] {
                if t.string(s).is_none() {
                    return Err(Error::new(format!(
                        "found invalid {what} string ID {s} for stack {id}"
                    )));
                }
            }
        }
    }
    Ok(())
}

/// The data of a batch, read piece by piece.
struct Bytes<'a> {
    b: &'a Batch,
    at: usize,
}

impl Bytes<'_> {
    fn fail(&self, text: impl Into<String>) -> Failed {
        Failed::Broken(Error::new(text).at(self.b.offset + self.at as u64))
    }
    fn end(&self) -> bool {
        self.at >= self.b.data.len()
    }
    /// The type of the next record.
    fn record(&mut self, typ: Type, what: &str) -> std::result::Result<(), Failed> {
        let ev = self.b.data[self.at];
        if ev != typ {
            return Err(self.fail(format!("expected {what} event, got {ev}")));
        }
        self.at += 1;
        Ok(())
    }
    fn uvarint(&mut self) -> std::result::Result<u64, Failed> {
        match uvarint(&self.b.data[self.at..]) {
            Ok((v, n)) => {
                self.at += n;
                Ok(v)
            }
            Err("EOF") => Err(Failed::Eof(
                Error::new("table ends within a record").at(self.b.offset + self.at as u64),
            )),
            Err(e) => Err(self.fail(e)),
        }
    }
}

/// A varint at the head of `data`, and its length; or Go's words for what is wrong.
fn uvarint(data: &[u8]) -> std::result::Result<(u64, usize), &'static str> {
    let mut x = 0u64;
    for (i, &b) in data.iter().take(10).enumerate() {
        if b < 0x80 {
            if i == 9 && b > 1 {
                return Err("binary: varint overflows a 64-bit integer");
            }
            return Ok((x | u64::from(b) << (7 * i), i + 1));
        }
        x |= u64::from(b & 0x7f) << (7 * i);
    }
    Err(match data.len() {
        0 => "EOF",
        1..10 => "unexpected EOF",
        _ => "binary: varint overflows a 64-bit integer",
    })
}

/// Go (internal/trace): generation.go:211 addStrings
fn add_strings(t: &mut Table, b: &Batch) -> std::result::Result<(), Failed> {
    let mut r = Bytes { b, at: 1 };
    // :222
    while !r.end() {
        // :223
        r.record(spec::STRING, "string")?;
        // :232
        let id = r.uvarint()?;
        // :238
        let len = r.uvarint()?;
        // :243
        if len > spec::MAX_STRING_SIZE {
            let max = spec::MAX_STRING_SIZE;
            return Err(r.fail(format!("invalid string size {len}, maximum is {max}")));
        }
        // :247
        let (rest, len) = (&b.data[r.at..], len as usize);
        let Some(s) = rest.get(..len) else {
            let n = rest.len();
            return Err(r.fail(format!("failed to read full string: read {n} but wanted {len}")));
        };
        // :256
        if t.string(id).is_some() {
            return Err(r.fail(format!(
                "multiple strings with the same ID: id={id}, new={}, existing={}",
                String::from_utf8_lossy(s),
                String::from_utf8_lossy(t.string(id).unwrap_or_default()),
            )));
        }
        let s = t.bytes.push(s);
        t.strings.insert(id, s);
        r.at += len;
    }
    Ok(())
}

/// Go (internal/trace): generation.go:269 addStacks
fn add_stacks(t: &mut Table, b: &Batch) -> std::result::Result<(), Failed> {
    let mut r = Bytes { b, at: 1 };
    // :279
    while !r.end() {
        // :280
        r.record(spec::STACK, "stack")?;
        // :289
        let id = r.uvarint()?;
        // :295
        let n = r.uvarint()?;
        // :300
        if n > spec::MAX_FRAMES_PER_STACK {
            let max = spec::MAX_FRAMES_PER_STACK;
            return Err(r.fail(format!("invalid stack size {n}, maximum is {max}")));
        }
        let start = t.stack_pcs.len();
        // :306
        for i in 1..=n {
            let mut part = |what: &str| {
                r.uvarint().map_err(|e| {
                    // The cause is wrapped here, so that Go takes none for the end of the file.
                    let (Failed::Eof(e) | Failed::Broken(e)) = e;
                    let why = if e.text == "table ends within a record" { "EOF" } else { &e.text };
                    let text = format!("reading frame {i}'s {what} for stack {id}: {why}");
                    Failed::Broken(Error { text, ..e })
                })
            };
            let (pc, func, file, line) =
                (part("PC")?, part("funcID")?, part("fileID")?, part("line")?);
            // :324
            t.stack_pcs.push(pc);
            // :326: the first one stays
            t.pcs.entry(pc).or_insert(Frame { pc, func, file, line });
        }
        // :336
        if t.stack(id).is_some() {
            return Err(r.fail(format!("multiple stacks with the same ID: id={id}")));
        }
        // :337
        let at = u32::try_from(start).map_err(|_| r.fail("stacks of more than 2^32 frames"))?;
        t.stacks.insert(id, (at, n as u32));
    }
    Ok(())
}

/// Go (internal/trace): generation.go:347 addCPUSamples
fn add_cpu_samples(samples: &mut Vec<CpuSample>, b: &Batch) -> std::result::Result<(), Failed> {
    let mut r = Bytes { b, at: 1 };
    // :357
    while !r.end() {
        // :358
        r.record(spec::CPU_SAMPLE, "CPU sample")?;
        // :367
        let time = r.uvarint()? as i64;
        // :373
        let (m, p, g) = (r.uvarint()? as i64, r.uvarint()? as i64, r.uvarint()? as i64);
        // :393
        let g = if g == 0 { -1 } else { g };
        // :397
        let stack = r.uvarint()?;
        // :403
        samples.push(CpuSample { context: Context { g, p, m }, time, stack });
    }
    Ok(())
}

/// Nanoseconds per unit of time.
///
/// Go (internal/trace): generation.go:418 parseFreq
fn parse_freq(b: &Batch) -> std::result::Result<f64, Failed> {
    let f = Bytes { b, at: 1 }.uvarint()?;
    // :430
    Ok(1.0 / (f as f64 / 1e9))
}

/// The next batch and its generation; none at the end of the file.
///
/// Go (internal/trace): batch.go:46 readBatch
fn read_batch<R: BufRead>(r: &mut Input<R>) -> Result<Option<(Batch, u64)>> {
    let Some(b) = r.byte()? else { return Ok(None) };
    // :55
    if b != spec::EVENT_BATCH && b != spec::EXPERIMENTAL_BATCH {
        return Err(Error::new(format!("expected batch event, got {}", spec::event_string(b)))
            .at(r.offset - 1));
    }
    let mut exp = 0;
    if b == spec::EXPERIMENTAL_BATCH {
        // :62: the end of the file here is none to Go
        let Some(e) = r.byte()? else { return Ok(None) };
        exp = e;
    }
    // :71
    let mut part = |what: &str| -> Result<u64> {
        r.uvarint()?.map_err(|e| Error::new(format!("error reading batch {what}: {}", e.text)))
    };
    let (generation, m, time) = (part("gen")?, part("M ID")? as i64, part("timestamp")?);
    // :84
    let size = part("size")?;
    // :89
    if size > spec::MAX_BATCH_SIZE {
        let max = spec::MAX_BATCH_SIZE;
        return Err(Error::new(format!("invalid batch size {size}, maximum is {max}")));
    }
    // :93
    let (offset, size) = (r.offset, size as usize);
    let mut data = Vec::with_capacity(size);
    while data.len() < size {
        let n = match r.r.fill_buf() {
            Ok(b) => {
                let n = b.len().min(size - data.len());
                data.extend_from_slice(&b[..n]);
                n
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Error::new(e.to_string())),
        };
        if n == 0 {
            let n = data.len();
            return Err(Error::new(format!(
                "failed to read full batch: read {n} but wanted {size}"
            )));
        }
        r.r.consume(n);
        r.offset += n as u64;
    }
    // :104
    Ok(Some((Batch { m, time, data, exp, offset }, generation)))
}

impl Generation {
    /// One for each thread that has events; its first one has been read. (As at reader.go:144 of
    /// internal/trace.)
    pub(crate) fn cursors(&self) -> impl Iterator<Item = Result<Cursor>> {
        (0..self.batches.len()).filter_map(|thread| {
            let mut c = Cursor::new(self.batches[thread].0, thread);
            c.next_event(self).map(|some| some.then_some(c)).transpose()
        })
    }

    /// Gives the memory of the events back, all of which have been read; the tables stay.
    pub(crate) fn forget_events(&mut self) {
        (self.batches, self.data) = Default::default();
    }
}

/// Walks through the batches of one M.
///
/// Go (internal/trace): batchcursor.go:16 batchCursor
pub struct Cursor {
    /// The thread.
    pub m: i64,
    /// Its place among the batches.
    thread: usize,
    last_ts: i64,
    index: usize,
    data_offset: usize,
    /// The event that was read last.
    pub ev: BaseEvent,
}

impl Cursor {
    fn new(m: i64, thread: usize) -> Self {
        Self { m, thread, last_ts: 0, index: 0, data_offset: 0, ev: BaseEvent::default() }
    }

    /// Reads the next event; false if there is none.
    ///
    /// Go (internal/trace): batchcursor.go:24 nextEvent
    pub(crate) fn next_event(&mut self, g: &Generation) -> Result<bool> {
        let (batches, freq) = (&g.batches[self.thread].1, g.table.freq);
        // :27
        while self.index < batches.len() && batches[self.index].data.len() == self.data_offset {
            self.index += 1;
            self.data_offset = 0;
            self.last_ts = 0;
        }
        // :33
        let Some(b) = batches.get(self.index) else { return Ok(false) };
        if self.last_ts == 0 {
            self.last_ts = mul(freq, b.time);
        }
        // :40
        let offset = b.offset + self.data_offset as u64;
        let read = read_timed_base_event(&g.data.get(b.data)[self.data_offset..], &mut self.ev);
        let (n, diff) = read.map_err(|e| e.on(self.m).at(offset))?;
        self.ev.offset = offset;
        // :45
        self.ev.time = mul(freq, diff).wrapping_add(self.last_ts);
        self.last_ts = self.ev.time;
        self.data_offset += n;
        Ok(true)
    }
}

/// Reads one event; how long it is, and the time since the one before.
///
/// Go (internal/trace): batchcursor.go:67 readTimedBaseEvent
fn read_timed_base_event(b: &[u8], e: &mut BaseEvent) -> Result<(usize, u64)> {
    let typ = b[0];
    // :71
    if typ as usize >= spec::LEN {
        return Err(Error::new(format!("found invalid event type: {typ}")));
    }
    e.typ = typ;
    let s = spec::spec(typ);
    // :78
    if s.args.is_empty() || !s.timed {
        return Err(Error::new(format!("found event without a timestamp: type={typ}")));
    }
    // :83
    let (ts, nb) =
        uvarint(&b[1..]).map_err(|_| Error::new("found invalid uvarint for timestamp"))?;
    let mut n = 1 + nb;
    // :91: arguments that it does not have keep what they were
    for arg in &mut e.args[..s.args.len() - 1] {
        let (v, nb) = uvarint(&b[n..]).map_err(|_| Error::new("found invalid uvarint"))?;
        *arg = v;
        n += nb;
    }
    Ok((n, ts))
}

/// Go (internal/trace): batchcursor.go:102 heapInsert
pub(crate) fn heap_insert(heap: &mut Vec<Cursor>, c: Cursor) {
    heap.push(c);
    let last = heap.len() - 1;
    sift_up(heap, last);
}

/// Go (internal/trace): batchcursor.go:111 heapUpdate
pub(crate) fn heap_update(heap: &mut [Cursor], i: usize) {
    // :113
    if sift_up(heap, i) == i {
        sift_down(heap, i);
    }
}

/// Go (internal/trace): batchcursor.go:120 heapRemove
pub(crate) fn heap_remove(heap: &mut Vec<Cursor>, mut i: usize) {
    // :122
    while i > 0 {
        heap.swap((i - 1) / 2, i);
        i = (i - 1) / 2;
    }
    // :127
    heap.swap_remove(0);
    sift_down(heap, 0);
}

/// Go (internal/trace): batchcursor.go:134 heapSiftUp
fn sift_up(heap: &mut [Cursor], mut i: usize) -> usize {
    // :135
    while i > 0 && heap[(i - 1) / 2].ev.time > heap[i].ev.time {
        heap.swap((i - 1) / 2, i);
        i = (i - 1) / 2;
    }
    i
}

/// Go (internal/trace): batchcursor.go:142 heapSiftDown
fn sift_down(heap: &mut [Cursor], mut i: usize) {
    loop {
        // :144
        let time = |k: usize| heap.get(k).map_or(i64::MAX, |c| c.ev.time);
        let mut m = i;
        for k in [2 * i + 1, 2 * i + 2] {
            if time(k) < time(m) {
                m = k;
            }
        }
        // :145
        if m == i {
            return;
        }
        heap.swap(i, m);
        i = m;
    }
}

/// Unread data of experiments: number, then thread and bytes of each batch.
pub type Experimental = HashMap<u8, Vec<(i64, Vec<u8>)>>;
