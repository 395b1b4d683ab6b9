//! Execution traces of Go 1.22 and 1.23: a reader that puts the events of all threads into one
//! order, checking on the way that goroutines, Ps and Ms change state as a scheduler's do; a
//! validator on top of it; a summary. All as Go's `internal/trace` does, with its words for what is
//! wrong.
//!
//! A trace is a series of *generations*. Each has batches of events, one M's each, and tables of
//! strings and stacks. Clocks of different threads are not trusted: an event is taken when the
//! state machines ([`order`]) say that it can have happened, and among those that can, the one with
//! the smallest time.
//!
//! A generation at a time is in memory.
//!
//! ```
//! use gort_tracereader::Reader;
//! let broken = b"go 1.23 trace\0\0\0";
//! let e = Reader::new(&broken[..]).unwrap().read_event().unwrap_err();
//! assert_eq!(e.to_string(), "no frequency event found (offset 16)");
//! ```

pub mod advice;
pub mod chrome;
pub mod event;
pub mod generation;
pub mod intervals;
pub mod order;
pub mod page;
pub mod spec;
pub mod summary;
pub mod timeline;
pub mod validate;

pub use event::{Event, Kind};
use generation::{Cursor, Generation, Input, Spilled};
use order::Ordering;
use std::io::BufRead;
use std::rc::Rc;

/// What is wrong with a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// In Go's words.
    pub text: String,
    /// The thread whose events are wrong.
    pub m: Option<i64>,
    /// Where in the file: the event, or how far it has been read.
    pub offset: Option<u64>,
}

impl Error {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), m: None, offset: None }
    }

    pub(crate) fn at(mut self, offset: u64) -> Self {
        self.offset.get_or_insert(offset);
        self
    }

    pub(crate) fn on(mut self, m: i64) -> Self {
        self.m.get_or_insert(m);
        self
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)?;
        match (self.m, self.offset) {
            (Some(m), Some(o)) => write!(f, " (M {m}, offset {o})"),
            (None, Some(o)) => write!(f, " (offset {o})"),
            (Some(m), None) => write!(f, " (M {m})"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// What most functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// Reads the events of a trace in order.
///
/// Go (internal/trace): reader.go:20 Reader
pub struct Reader<R> {
    // :21
    input: Input<R>,
    version: u32,
    // :22
    last_ts: i64,
    // :23
    generation: Option<Generation>,
    // :24
    spill: Option<Spilled>,
    // :25
    spill_err: Option<Error>,
    // :26
    frontier: Vec<Cursor>,
    // :27
    cpu_samples: std::collections::VecDeque<generation::CpuSample>,
    // :28
    order: Ordering,
    // :29
    emitted_sync: bool,
    cut: Option<Error>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// If it is not a trace, or one of another release; what was found is in the text.
    ///
    /// Go (internal/trace): reader.go:35 NewReader
    pub fn new(r: R) -> Result<Self> {
        // :36
        let mut input = Input::new(r);
        // :37
        let version = input.header()?;
        Ok(Self {
            input,
            version,
            last_ts: 0,
            generation: None,
            spill: None,
            spill_err: None,
            frontier: Vec::new(),
            cpu_samples: Default::default(),
            // :53
            order: Ordering::default(),
            // No sync before the first generation.
            // :60
            emitted_sync: true,
            cut: None,
        })
    }

    /// 22 or 23.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// What Go's reader passes over in silence: a table of strings, stacks or samples that ends
    /// between a record's type and its id ends the trace there, as if it were the end of the file.
    /// To be asked when there are no more events.
    pub fn cut(&self) -> Option<&Error> {
        self.cut.as_ref()
    }

    /// The next event; none at the end of the trace.
    ///
    /// # Errors
    /// The trace is broken. Nothing more can be read.
    ///
    /// Go (internal/trace): reader.go:71 ReadEvent
    pub fn read_event(&mut self) -> Result<Option<Event>> {
        // :96
        let Some(mut e) = self.next_event()? else { return Ok(None) };
        // :102
        e.validate_table_ids()?;
        // :105
        if e.base.time <= self.last_ts {
            e.base.time = self.last_ts.wrapping_add(1);
        }
        self.last_ts = e.base.time;
        Ok(Some(e))
    }

    fn next_event(&mut self) -> Result<Option<Event>> {
        // :111
        if let Some(e) = self.order.next() {
            return Ok(Some(e));
        }
        // :116
        if self.frontier.is_empty() && self.cpu_samples.is_empty() {
            if !self.emitted_sync {
                self.emitted_sync = true;
                return Ok(self
                    .generation
                    .as_ref()
                    .map(|g| Event::sync(g.table.clone(), self.last_ts)));
            }
            // :122
            if let Some(e) = self.spill_err.take() {
                return Err(e);
            }
            // :125
            if self.generation.is_some() && self.spill.is_none() {
                return Ok(None);
            }
            // :135
            if let Some(g) = &mut self.generation {
                g.forget_events();
            }
            let read = generation::read_generation(&mut self.input, self.spill.take());
            let (g, spill, err) = match read {
                Ok(r) => r,
                Err(generation::Failed::Eof(e)) => {
                    self.cut = Some(e);
                    self.generation = None;
                    return Ok(None);
                }
                Err(generation::Failed::Broken(e)) => return Err(e),
            };
            self.spill = spill;
            self.spill_err = err;
            self.cpu_samples = g.cpu_samples.iter().cloned().collect();
            // :144
            for c in g.cursors() {
                generation::heap_insert(&mut self.frontier, c?);
            }
            self.generation = Some(g);
            self.emitted_sync = false;
        }
        let Some(g) = &self.generation else { return Ok(None) };
        // :182
        if let Some(s) = self.cpu_samples.front()
            && self.frontier.first().is_none_or(|c| s.time < c.ev.time)
        {
            let e = s.as_event(g.table.clone());
            self.cpu_samples.pop_front();
            return Ok(Some(e));
        }
        // :190
        if self.frontier.is_empty() {
            let text = format!("broken trace: frontier is empty:\n{}", self.dump());
            return Err(Error::new(text).at(self.input.offset));
        }
        if !self.try_advance(0)? {
            // :200: a sorted one is a heap still
            self.frontier.sort_by_key(|c| c.ev.time);
            let mut success = false;
            for i in 1..self.frontier.len() {
                if self.try_advance(i)? {
                    success = true;
                    break;
                }
            }
            // :213
            if !success {
                let (m, at) = self.frontier.first().map_or((0, 0), |c| (c.m, c.ev.offset));
                let text = format!("broken trace: failed to advance: frontier:\n{}", self.dump());
                return Err(Error::new(text).on(m).at(at));
            }
        }
        // :218
        Ok(self.order.next())
    }

    fn try_advance(&mut self, i: usize) -> Result<bool> {
        let Some(g) = &self.generation else { return Ok(false) };
        let c = &mut self.frontier[i];
        let (m, at) = (c.m, c.ev.offset);
        let advanced = self.order.advance(&mut c.ev, &g.table, m, g.generation);
        if !advanced.map_err(|e| e.on(m).at(at))? {
            return Ok(false);
        }
        if c.next_event(g)? {
            generation::heap_update(&mut self.frontier, i);
        } else {
            generation::heap_remove(&mut self.frontier, i);
        }
        Ok(true)
    }

    /// What each M would do next, and the states of everything.
    ///
    /// Go (internal/trace): reader.go:226 dumpFrontier
    fn dump(&self) -> String {
        use std::fmt::Write as _;
        let mut s = format!("[gen={}]\n\n", self.generation.as_ref().map_or(0, |g| g.generation));
        // :228
        for c in &self.frontier {
            // :229
            let spec = spec::spec(c.ev.typ);
            let _ = write!(s, "M {} [{} time={}", c.m, spec.name, c.ev.time);
            // :231
            for (name, arg) in spec.args.iter().skip(1).zip(c.ev.args) {
                let _ = write!(s, " {name}={arg}");
            }
            // :234
            s.push_str("]\n");
        }
        s.push('\n');
        self.order.dump(&mut s);
        s
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Event>;
    fn next(&mut self) -> Option<Self::Item> {
        self.read_event().transpose()
    }
}

/// By id: a hasher that is faster than std's, with random keys too, as traces come from anywhere.
pub(crate) type HashMap<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

/// A table that events of one generation share.
pub type Table = Rc<event::Table>;
