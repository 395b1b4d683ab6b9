//! Tables for managed code, from plain lists: what Go's compiler and linker write
//! (cmd/internal/obj/pcln.go, cmd/link/internal/ld/pcln.go).

use crate::abi::*;
use crate::moduledata::{MAGIC, Moduledata, Parts, TableError};
use crate::symtabinl::InlinedCall;
use std::collections::HashMap;

/// A file of a [`ModuleBuilder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId(u32);

#[derive(Clone, Debug)]
struct Object {
    off: i32,
    size: i32,
    ptrs: Vec<i32>,
}

#[derive(Clone, Debug)]
struct Inlined {
    name: String,
    start_line: i32,
    parent_pc: u32,
    ranges: Vec<(u32, u32)>,
}

/// One function: its code is the bytes from `start` to `end` of the module's, and all places in it
/// (`at`, `pc`) are bytes from `start`.
#[derive(Clone, Debug)]
pub struct Function {
    name: String,
    start: u32,
    end: u32,
    args: i32,
    deferreturn: u32,
    start_line: i32,
    func_id: FuncID,
    flag: u8,
    pcsp: Vec<(u32, i32)>,
    lines: Vec<(u32, u32, i32)>,
    unsafe_points: Vec<(u32, u32, i32)>,
    entry_args: Vec<i32>,
    maps: Vec<(u32, Vec<i32>, Vec<i32>)>,
    objects: Vec<Object>,
    inlined: Vec<Inlined>,
}

impl Function {
    /// A function without frame, arguments and lines.
    pub fn new(name: &str, start: u32, end: u32) -> Self {
        Self {
            name: name.into(),
            start,
            end,
            args: 0,
            deferreturn: 0,
            start_line: 0,
            func_id: FuncID::NORMAL,
            flag: 0,
            pcsp: Vec::new(),
            lines: Vec::new(),
            unsafe_points: Vec::new(),
            entry_args: Vec::new(),
            maps: Vec::new(),
            objects: Vec::new(),
            inlined: Vec::new(),
        }
    }

    /// The bytes of its arguments and results on the stack and of the room to spill register
    /// arguments; and which of these words have pointers at the function's entry (offsets from the
    /// first).
    pub fn args(&mut self, bytes: i32, pointers: &[i32]) -> &mut Self {
        self.args = bytes;
        self.entry_args = pointers.into();
        self
    }

    /// How far sp is below its value at the entry: from `at` on so many bytes. 0 from the entry to
    /// the first.
    pub fn pcsp(&mut self, deltas: &[(u32, i32)]) -> &mut Self {
        self.pcsp = deltas.into();
        self
    }

    /// From `at` on the code is of this line.
    pub fn line(&mut self, at: u32, file: FileId, line: i32) -> &mut Self {
        if self.lines.is_empty() {
            self.start_line = line;
        }
        self.lines.push((at, file.0, line));
        self
    }

    /// The line at which the function begins, if it is not that of its first code.
    pub fn start_line(&mut self, line: i32) -> &mut Self {
        self.start_line = line;
        self
    }

    /// What is live after the call that returns to `return_at`: the words of the frame that have
    /// pointers, as negative offsets from `varp` (the place of the saved rbp), and the words of the
    /// arguments, as offsets from the first. The call of `morestack` is one too, with no locals and
    /// the arguments of the entry.
    pub fn stack_map(&mut self, return_at: u32, locals: &[i32], args: &[i32]) -> &mut Self {
        self.maps.push((return_at, locals.into(), args.into()));
        self
    }

    /// A local variable whose address is taken: `off` from `varp` (negative) or from the first
    /// argument, and which of its words, as offsets from its beginning, have pointers. Such words
    /// are looked at whenever the frame is there, so they must be zeroed when it is made.
    pub fn object(&mut self, off: i32, size: i32, pointers: &[i32]) -> &mut Self {
        self.objects.push(Object { off, size, ptrs: pointers.into() });
        self
    }

    /// No asynchronous preemption from `from` up to `to`.
    pub fn unsafe_range(&mut self, from: u32, to: u32) -> &mut Self {
        self.unsafe_points.push((from, to, UNSAFE_POINT_UNSAFE));
        self
    }

    /// Code that has been inlined: the ranges of a function's body, which is called at `parent_pc`
    /// (a pc that is in the caller's own code: inlined calls inside of others have one of those).
    /// Returns nothing that others would need: nesting is told by `parent_pc`.
    pub fn inlined(
        &mut self,
        name: &str,
        start_line: i32,
        parent_pc: u32,
        ranges: &[(u32, u32)],
    ) -> &mut Self {
        self.inlined.push(Inlined {
            name: name.into(),
            start_line,
            parent_pc,
            ranges: ranges.into(),
        });
        self
    }

    /// Where it calls `deferreturn`, if it has defers.
    pub fn deferreturn(&mut self, at: u32) -> &mut Self {
        self.deferreturn = at;
        self
    }

    /// A function that the runtime knows, or a wrapper.
    pub fn func_id(&mut self, id: FuncID) -> &mut Self {
        self.func_id = id;
        self
    }

    /// [`FUNC_FLAG_NOSPLIT`] and so on.
    pub fn flag(&mut self, flag: u8) -> &mut Self {
        self.flag |= flag;
        self
    }
}

/// Makes a module's tables. Functions in any order; together they are the module's code, without
/// gaps.
///
/// The example is in the [crate's documentation](crate).
#[derive(Clone, Debug, Default)]
pub struct ModuleBuilder {
    name: String,
    files: Vec<String>,
    functions: Vec<Function>,
}

/// What a [`ModuleBuilder`] has made. The addresses in it are those of the place given for the
/// code.
#[derive(Clone, Debug)]
pub struct Tables {
    name: String,
    text: usize,
    etext: usize,
    /// Header, names, files, tables by pc, functions: Go's `.gopclntab`.
    pub pclntab: Vec<u8>,
    /// Stack maps, stack objects, inline trees: Go's `go:func.*`.
    pub gofunc: Vec<u8>,
    /// Pointer masks.
    pub rodata: Vec<u8>,
}

impl Tables {
    /// For [`register`](crate::register): the tables live on.
    pub fn leak(self) -> Parts {
        let leak = |b: &[u8]| -> &'static [u8] {
            // Words, as they are to begin at a multiple of 8.
            let mut words: Vec<u64> = vec![0; b.len().div_ceil(8)];
            for (w, c) in words.iter_mut().zip(b.chunks(8)) {
                let mut bytes = [0; 8];
                bytes[..c.len()].copy_from_slice(c);
                *w = u64::from_le_bytes(bytes);
            }
            let words: &'static [u64] = words.leak();
            // SAFETY: the words have at least so many bytes, and live on.
            unsafe { core::slice::from_raw_parts(words.as_ptr().cast(), b.len()) }
        };
        Parts {
            pclntab: leak(&self.pclntab),
            gofunc: leak(&self.gofunc),
            rodata: leak(&self.rodata),
            name: self.name,
            text: self.text,
            etext: self.etext,
        }
    }
}

/// A number as [`readvarint`](crate::readvarint) reads it.
fn varint(out: &mut Vec<u8>, mut v: u32) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Pieces of bytes, each once.
struct Pool {
    bytes: Vec<u8>,
    known: HashMap<Vec<u8>, u32>,
    align: usize,
}

impl Pool {
    fn new(bytes: Vec<u8>, align: usize) -> Self {
        Self { bytes, known: HashMap::new(), align }
    }

    fn add(&mut self, piece: Vec<u8>) -> u32 {
        if let Some(&at) = self.known.get(&piece) {
            return at;
        }
        self.bytes.resize(self.bytes.len().next_multiple_of(self.align), 0);
        let at = self.bytes.len() as u32;
        self.bytes.extend(&piece);
        self.known.insert(piece, at);
        at
    }

    fn text(&mut self, s: &str) -> u32 {
        self.add(s.bytes().chain([0]).collect())
    }
}

/// A table by pc: from each place on a value, up to the end of the function.
fn pc_table(ranges: &[(u32, i32)], end: u32) -> Vec<u8> {
    let mut merged: Vec<(u32, i32)> = Vec::new();
    for &(at, v) in ranges {
        match merged.last_mut() {
            Some(last) if last.0 == at => last.1 = v,
            _ => merged.push((at, v)),
        }
        // Neighbours of one value are one range: a difference of 0 would end the table.
        if let [.., a, b] = merged[..]
            && a.1 == b.1
        {
            merged.pop();
        }
    }
    let mut out = Vec::new();
    let mut prev = -1i32;
    for (i, &(at, v)) in merged.iter().enumerate() {
        let next = merged.get(i + 1).map_or(end, |r| r.0);
        let d = v.wrapping_sub(prev);
        varint(&mut out, ((d << 1) ^ (d >> 31)) as u32);
        varint(&mut out, next - at);
        prev = v;
    }
    out.push(0);
    out
}

/// The ranges of a table that has `other` outside of the given ones, which do not overlap.
fn fill(mut ranges: Vec<(u32, u32, i32)>, other: i32) -> Vec<(u32, i32)> {
    ranges.sort_unstable();
    let (mut out, mut at) = (Vec::new(), 0);
    for (from, to, v) in ranges {
        if from > at || out.is_empty() && from > 0 {
            out.push((at, other));
        }
        out.push((from, v));
        at = to;
    }
    out.push((at, other));
    out
}

/// Bits at the given words.
fn mask(words: impl IntoIterator<Item = i32>, nbit: i32) -> Vec<u8> {
    let mut b = vec![0; (nbit as usize).div_ceil(8)];
    for w in words {
        b[w as usize / 8] |= 1 << (w % 8);
    }
    b
}

impl ModuleBuilder {
    /// A module without functions.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A file of the source.
    pub fn file(&mut self, name: &str) -> FileId {
        let known = self.files.iter().position(|f| f == name);
        let i = known.unwrap_or_else(|| {
            self.files.push(name.into());
            self.files.len() - 1
        });
        FileId(i as u32)
    }

    /// A function of the module.
    pub fn add(&mut self, f: Function) -> &mut Self {
        self.functions.push(f);
        self
    }

    /// Writes the tables for code that is at `text`. Only what cannot be written at all is an error
    /// here; whether the tables are right [`register`](crate::register) finds out.
    ///
    /// # Errors
    /// Functions overlap, or leave gaps; places that are outside of their function, or do not rise;
    /// offsets that are no words; names with a 0.
    pub fn build(&self, text: usize) -> Result<Tables, TableError> {
        let error = |function: &str, at: Option<u32>, what: String| TableError {
            module: self.name.clone(),
            function: function.into(),
            at,
            what,
        };
        let mut functions: Vec<&Function> = self.functions.iter().collect();
        functions.sort_by_key(|f| (f.start, f.end));
        let mut end = 0;
        for f in &functions {
            if f.start != end || f.end <= f.start {
                let what = format!(
                    "has the bytes {:#x} to {:#x}, the one before ends at {end:#x}",
                    f.start, f.end
                );
                return Err(error(&f.name, None, what));
            }
            f.check().map_err(|(at, what)| error(&f.name, at, what))?;
            end = f.end;
        }
        if functions.is_empty() {
            return Err(error("", None, "no functions".into()));
        }
        if let Some(name) = self.files.iter().find(|n| n.contains('\0')) {
            return Err(error("", None, format!("the file {name:?}")));
        }

        // The first name is empty, so that none is at offset 0, which stands for no name. The first
        // table as well.
        let mut names = Pool::new(vec![0], 1);
        let mut pctab = Pool::new(vec![0], 1);
        let (mut gofunc, mut rodata) = (Pool::new(Vec::new(), 8), Pool::new(Vec::new(), 1));
        let mut filetab = Pool::new(Vec::new(), 1);
        let cutab: Vec<u32> = self.files.iter().map(|f| filetab.text(f)).collect();

        let mut records: Vec<u8> = Vec::new();
        let mut ftab: Vec<u32> = Vec::new();
        let records_at = functions.len() * 8 + 4;
        for f in &functions {
            ftab.extend([f.start, (records_at + records.len()) as u32]);
            f.write(&mut records, &mut names, &mut pctab, &mut gofunc, &mut rodata);
        }
        ftab.push(end);

        // The header's offsets, each at a multiple of 8.
        let words = |w: &[u32]| w.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>();
        let mut functab = words(&ftab);
        functab.extend(&records);
        let parts = [names.bytes, words(&cutab), filetab.bytes, pctab.bytes, functab];
        let mut body: Vec<u8> = Vec::new();
        let mut offsets = [0u64; 5];
        for (o, p) in offsets.iter_mut().zip(&parts) {
            body.resize(body.len().next_multiple_of(8), 0);
            *o = 72 + body.len() as u64;
            body.extend(p);
        }
        let mut pclntab = Vec::new();
        pclntab.extend(MAGIC.to_le_bytes());
        pclntab.extend([0, 0, 1, 8]);
        let head = [functions.len() as u64, self.files.len() as u64, text as u64];
        pclntab.extend(head.iter().chain(&offsets).flat_map(|w| w.to_le_bytes()));
        pclntab.extend(body);
        Ok(Tables {
            name: self.name.clone(),
            text,
            etext: text + end as usize,
            pclntab,
            gofunc: gofunc.bytes,
            rodata: rodata.bytes,
        })
    }

    /// [`build`](Self::build) and [`Moduledata::verify`], without registering: for tests of
    /// compilers.
    ///
    /// # Errors
    /// As both have.
    pub fn check(&self, text: usize) -> Result<Moduledata, TableError> {
        let m = Moduledata::new(self.build(text)?.leak())?;
        m.verify()?;
        Ok(m)
    }
}

impl Function {
    /// What could not be written.
    fn check(&self) -> Result<(), (Option<u32>, String)> {
        let size = self.end - self.start;
        let err = |at: Option<u32>, what: &str| Err((at, what.to_string()));
        if self.name.is_empty() || self.name.contains('\0') {
            return err(None, &format!("the name {:?}", self.name));
        }
        let rises = |at: &[u32], what: &str| match at.windows(2).find(|w| w[0] >= w[1]) {
            Some(w) => err(Some(w[1]), &format!("{what} do not rise: {:#x} comes before", w[0])),
            None => match at.iter().find(|&&a| a >= size) {
                Some(&a) => err(Some(a), &format!("{what} behind the function's end, {size:#x}")),
                None => Ok(()),
            },
        };
        let places = |v: &[(u32, i32)]| v.iter().map(|p| p.0).collect::<Vec<_>>();
        rises(&places(&self.pcsp), "the places of pcsp")?;
        rises(&self.lines.iter().map(|l| l.0).collect::<Vec<_>>(), "the places of lines")?;
        let mut inlined = Vec::new();
        for i in &self.inlined {
            if i.name.is_empty() || i.name.contains('\0') {
                return err(Some(i.parent_pc), &format!("an inlined call of {:?}", i.name));
            }
            inlined.extend(i.ranges.iter().copied());
        }
        inlined.sort_unstable();
        let mut unsafe_points: Vec<_> = self.unsafe_points.iter().map(|p| (p.0, p.1)).collect();
        unsafe_points.sort_unstable();
        for (ranges, what) in [(&inlined, "inlined calls"), (&unsafe_points, "unsafe ranges")] {
            if let Some(r) = ranges.iter().find(|r| r.0 >= r.1 || r.1 > size) {
                return err(Some(r.0), &format!("{what}: a range from {:#x} to {:#x}", r.0, r.1));
            }
            if let Some(w) = ranges.windows(2).find(|w| w[0].1 > w[1].0) {
                return err(Some(w[1].0), &format!("{what} overlap"));
            }
        }
        let words = |w: &[i32], good: &dyn Fn(i32) -> bool, at, what: &str| match w
            .iter()
            .find(|&&w| w % 8 != 0 || !good(w))
        {
            Some(w) => err(at, &format!("{what}: a pointer at {w}")),
            None => Ok(()),
        };
        if self.args < 0 || self.args % 8 != 0 {
            return err(None, &format!("{} bytes of arguments", self.args));
        }
        let arg = |w: i32| 0 <= w && w < self.args;
        words(&self.entry_args, &arg, Some(0), "arguments")?;
        let mut returns: Vec<u32> = Vec::new();
        for (at, locals, args) in &self.maps {
            if *at == 0 || *at > size {
                return err(Some(*at), "a call that returns there");
            }
            words(locals, &|w| w < 0, Some(*at), "locals")?;
            words(args, &arg, Some(*at), "arguments")?;
            returns.push(*at - 1);
        }
        returns.sort_unstable();
        if let Some(w) = returns.windows(2).find(|w| w[0] == w[1]) {
            return err(Some(w[0] + 1), "two stack maps for one call");
        }
        for o in &self.objects {
            let what = format!("its stack object at {}", o.off);
            if o.size <= 0 {
                return err(None, &format!("{what} has {} bytes", o.size));
            }
            words(&o.ptrs, &|w| 0 <= w && w < o.size, None, &what)?;
        }
        Ok(())
    }

    /// Its record and what belongs to it.
    fn write(
        &self,
        records: &mut Vec<u8>,
        names: &mut Pool,
        pctab: &mut Pool,
        gofunc: &mut Pool,
        rodata: &mut Pool,
    ) {
        let size = self.end - self.start;
        let mut table = |ranges: &[(u32, i32)]| pctab.add(pc_table(ranges, size));

        let mut sp = vec![(0, 0)];
        sp.extend(&self.pcsp);
        let pcsp = table(&sp);
        let of = |v: &dyn Fn(&(u32, u32, i32)) -> i32| {
            let mut t = vec![(0, -1)];
            t.extend(self.lines.iter().map(|l| (l.0, v(l))));
            t
        };
        // Always there: debug/gosym does not take an offset of 0 for no table here.
        let pcfile = table(&of(&|l| l.1 as i32));
        let pcln = table(&of(&|l| l.2));

        // Maps: the first is that of the entry, equal ones are one.
        let mut all: Vec<(&[i32], &[i32])> = vec![(&[], &self.entry_args)];
        let mut index = Vec::new();
        for (at, locals, args) in &self.maps {
            let map = (&locals[..], &args[..]);
            let i = all.iter().position(|m| *m == map).unwrap_or_else(|| {
                all.push(map);
                all.len() - 1
            });
            // The value is looked up in the call, one before the return address, and nowhere else.
            index.push((at - 1, *at, i as i32));
        }
        let nbit = all.iter().flat_map(|m| m.0).map(|w| -w / 8).max().unwrap_or(0);
        let nargs = self.args / 8;
        let header = |nbit: i32| {
            (all.len() as u32)
                .to_le_bytes()
                .into_iter()
                .chain(nbit.to_le_bytes())
                .collect::<Vec<u8>>()
        };
        let (mut lmaps, mut amaps) = (header(nbit), header(nargs));
        for (locals, args) in &all {
            lmaps.extend(mask(locals.iter().map(|w| nbit + w / 8), nbit));
            amaps.extend(mask(args.iter().map(|w| w / 8), nargs));
        }
        let mut funcdata = vec![gofunc.add(amaps), gofunc.add(lmaps)];

        if !self.objects.is_empty() || !self.inlined.is_empty() {
            let mut objects: Vec<&Object> = self.objects.iter().collect();
            objects.sort_by_key(|o| o.off);
            let mut out = (objects.len() as u64).to_le_bytes().to_vec();
            for o in objects {
                let ptrdata = o.ptrs.iter().max().map_or(0, |w| w + 8);
                let gcdata = rodata.add(mask(o.ptrs.iter().map(|w| w / 8), ptrdata / 8));
                for w in [o.off, o.size, ptrdata, gcdata as i32] {
                    out.extend(w.to_le_bytes());
                }
            }
            funcdata.push(if self.objects.is_empty() { u32::MAX } else { gofunc.add(out) });
        }
        let mut calls = Vec::new();
        let mut ranges = Vec::new();
        for (i, c) in self.inlined.iter().enumerate() {
            let w = [0, names.text(&c.name), c.parent_pc, c.start_line as u32];
            calls.extend(w.iter().flat_map(|w| w.to_le_bytes()));
            ranges.extend(c.ranges.iter().map(|r| (r.0, r.1, i as i32)));
        }
        debug_assert_eq!(calls.len(), self.inlined.len() * InlinedCall::SIZE);
        if !self.inlined.is_empty() {
            funcdata.push(gofunc.add(calls));
        }

        // The further tables, without those at the end that are empty.
        let mut pcdata = [
            (!self.unsafe_points.is_empty())
                .then(|| fill(self.unsafe_points.clone(), UNSAFE_POINT_SAFE)),
            (!index.is_empty()).then(|| fill(index, -1)),
            (!ranges.is_empty()).then(|| fill(ranges, -1)),
        ]
        .map(|t| t.map_or(0, |t| table(&t.into_iter().filter(|r| r.0 < size).collect::<Vec<_>>())))
        .to_vec();
        while pcdata.last() == Some(&0) {
            pcdata.pop();
        }

        let words = [
            self.start,
            names.text(&self.name),
            self.args as u32,
            self.deferreturn,
            pcsp,
            pcfile,
            pcln,
            pcdata.len() as u32,
            0,
            self.start_line as u32,
            u32::from_le_bytes([self.func_id.0, self.flag, 0, funcdata.len() as u8]),
        ];
        records.extend(words.iter().chain(&pcdata).chain(&funcdata).flat_map(|w| w.to_le_bytes()));
    }
}
