//! tracestack.go: 146–243. Functions, files and lines of the stacks of a generation.
//!
//! Stacks are recorded as return addresses. When a generation ends each address is named, once for
//! all generations. Of a stack the frames of gort itself at both ends are left out, as Go leaves
//! its own out by counting; a stack with nothing else is shown as it is.

use gort_proc::*;
use gort_traceback::symtab::Owner;
use gort_traceback::{FuncInfo, in_signal_handler, symbolize, symtab};
use std::collections::HashMap;

/// A frame as it stands in a trace.
///
/// Go: tracestack.go:218 traceFrame
#[derive(Clone)]
struct TraceFrame {
    pc: u64,
    func: String,
    file: String,
    line: u32,
    owner: Owner,
}

/// What stands at an address.
#[derive(Clone, Default)]
struct Place {
    /// Where the function begins; 0 if unknown.
    entry: usize,
    /// Innermost first.
    frames: Vec<TraceFrame>,
}

/// All that has been named. Used by whoever advances, or ends the process.
#[derive(Default)]
struct Names {
    places: HashMap<usize, Place>,
    /// The function of the program that a goroutine's first function calls, by the entry of the
    /// latter; `None` if there are several.
    roots: HashMap<usize, Option<(String, String, u32)>>,
}

static NAMES: Global<Option<Names>> = Global::new(None);

/// A goroutine of the runtime has in a trace the name that it has in Go, by which Go's tools know
/// it.
fn system_name(func: &str) -> Option<&'static str> {
    Some(match func {
        "gort_proc::main::forcegc_entry" => "runtime.forcegchelper",
        "gort_mgc::bgsweep_entry" => "runtime.bgsweep",
        "gort_mgc::bgscavenge_entry" => "runtime.bgscavenge",
        "gort::rt0::main_goroutine" => "runtime.main",
        "gort_trace::advancer::advance" => "runtime.(*traceAdvancerState).start.func1",
        _ => return None,
    })
}

impl Names {
    /// What the return address `pc` stands for. A frame is known to readers by its address, so each
    /// of several calls that were inlined at one needs an address of its own: the one before it,
    /// and then numbers that are none.
    fn place(&mut self, pc: usize) -> &Place {
        self.places.entry(pc).or_insert_with(|| {
            let named = symtab::with_room(|| symbolize(pc - 1));
            let FuncInfo { entry, frames, .. } = named.unwrap_or_default();
            let mut place = Place { entry, frames: Vec::with_capacity(frames.len().max(1)) };
            for (i, s) in frames.into_iter().enumerate() {
                place.frames.push(TraceFrame {
                    pc: match i {
                        0 | 1 => (pc - i) as u64,
                        _ => (i as u64) << 48 | pc as u64,
                    },
                    func: system_name(&s.name).map_or(s.name, String::from),
                    file: s.file,
                    line: s.line,
                    owner: s.owner,
                });
            }
            if place.frames.is_empty() {
                let func = format!("{:#x}", pc - 1);
                let owner = Owner::User;
                place.frames.push(TraceFrame {
                    pc: pc as u64,
                    func,
                    file: String::new(),
                    line: 0,
                    owner,
                });
            }
            place
        })
    }

    /// Notes which function of the program a goroutine has begun with that has this stack.
    fn root(&mut self, pcs: &[usize]) {
        let [.., last] = *pcs else { return };
        if pcs.len() < 2 {
            return;
        }
        let entry = self.place(last).entry;
        if entry == 0 {
            return;
        }
        let mut root = None;
        for &pc in pcs.iter().rev() {
            let place = self.place(pc);
            if let Some(f) = place.frames.iter().rev().find(|f| f.owner == Owner::User) {
                root = Some((f.func.clone(), f.file.clone(), f.line));
                break;
            }
        }
        let Some((func, file, line)) = root else { return };
        self.roots
            .entry(entry)
            .and_modify(|r| {
                if r.as_ref().is_some_and(|r| r.0 != func) {
                    *r = None;
                }
            })
            .or_insert(Some((func, file, line)));
    }

    /// The frames of a stack.
    ///
    /// Go: tracestack.go:206 makeTraceFrames
    fn frames(&mut self, pcs: &[usize]) -> Vec<TraceFrame> {
        // What a goroutine is created with: the entry of its first function.
        if let [pc] = *pcs {
            let place = self.place(pc).clone();
            if place.entry == pc - 1
                && let Some(Some((func, file, line))) = self.roots.get(&place.entry)
                && place
                    .frames
                    .last()
                    .is_some_and(|f| f.owner != Owner::User && !f.func.starts_with("runtime."))
            {
                let (func, file, line) = (func.clone(), file.clone(), *line);
                return vec![TraceFrame { pc: pc as u64, func, file, line, owner: Owner::User }];
            }
            // The function itself, whatever is inlined at its beginning.
            return place.frames.last().cloned().into_iter().collect();
        }
        let mut frames = Vec::with_capacity(pcs.len() * 2);
        // :209
        for &pc in pcs {
            frames.extend_from_slice(&self.place(pc).frames);
        }
        let user = |f: &TraceFrame| f.owner == Owner::User;
        if let (Some(first), Some(last)) =
            (frames.iter().position(user), frames.iter().rposition(user))
        {
            frames.truncate(last + 1);
            frames.drain(..first);
        }
        // :212
        frames.truncate(TRACE_STACK_SIZE);
        frames
    }
}

/// The last bytes of a name, which tell more than the first.
fn cut(s: &str) -> &str {
    let mut from = s.len().saturating_sub(MAX_TRACE_STRING_LEN);
    while !s.is_char_boundary(from) {
        from += 1;
    }
    &s[from..]
}

/// The stacks of a generation, and the names of all that is in them.
///
/// # Safety
/// By whoever advances, or ends the process; nobody adds to the table.
unsafe fn stacks(gen_: usize, f: &mut dyn FnMut(u64, &[TraceFrame])) {
    // SAFETY: the caller's contract.
    unsafe {
        let names = (*NAMES.get()).get_or_insert_default();
        let tab = &raw const (*trace()).stack_tab[gen_ % 2];
        TraceStackTable::for_each(tab, &mut |_, pcs| names.root(pcs));
        TraceStackTable::for_each(tab, &mut |id, pcs| f(id, &names.frames(pcs)));
    }
}

/// Writes the stacks of a generation into the trace, and empties the table.
///
/// # Safety
/// By whoever advances; nobody adds to the table any more.
///
/// Go: tracestack.go:149 dump
pub(crate) unsafe fn dump(gen_: usize) {
    // SAFETY: the generation's strings are still being written.
    unsafe {
        // :151
        let mut w = unsafe_trace_writer(gen_, core::ptr::null_mut());
        let strings = &raw mut (*trace()).string_tab[gen_ % 2];
        // :152
        stacks(gen_, &mut |id, frames| {
            // tracestack.go:169
            let max_bytes = 1 + (2 + 4 * frames.len()) * TRACE_BYTES_PER_NUMBER;
            // tracestack.go:177
            if w.ensure(1 + max_bytes) {
                (*w.buf).byte(TraceEv::Stacks as u8);
            }
            // tracestack.go:183
            (*w.buf).byte(TraceEv::Stack as u8);
            (*w.buf).varint(id);
            (*w.buf).varint(frames.len() as u64);
            for f in frames {
                // Strings have a buffer of their own.
                let func = TraceStringTable::put(strings, gen_, cut(&f.func));
                let file = TraceStringTable::put(strings, gen_, cut(&f.file));
                // tracestack.go:187
                (*w.buf).varint(f.pc);
                (*w.buf).varint(func);
                (*w.buf).varint(file);
                (*w.buf).varint(u64::from(f.line));
            }
        });
        // :155
        w.flush();
        w.end();
        TraceMap::reset(&raw mut (*trace()).stack_tab[gen_ % 2].tab);
    }
}

/// Batches of one kind, without an M.
struct Batches {
    gen_: usize,
    kind: TraceEv,
    body: Vec<u8>,
}

/// Leaves room for the head of a batch, which may have 64 KiB in all.
const BATCH: usize = 60 << 10;

fn varint(b: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        b.push(0x80 | v as u8);
        v >>= 7;
    }
    b.push(v as u8);
}

impl Batches {
    /// Writes what there is if `more` bytes would be too many.
    fn room(&mut self, more: usize) {
        if self.body.len() + more > BATCH {
            self.write();
        }
        if self.body.is_empty() {
            self.body.push(self.kind as u8);
        }
    }

    fn write(&mut self) {
        if self.body.len() <= 1 {
            return;
        }
        let mut b = vec![TraceEv::EventBatch as u8];
        varint(&mut b, self.gen_ as u64);
        varint(&mut b, u64::MAX);
        varint(&mut b, trace_clock_now());
        varint(&mut b, self.body.len() as u64);
        b.append(&mut self.body);
        // SAFETY: at the end of the process, see `trace_write_stacks`.
        unsafe { quiet::write(&b) };
    }
}

/// Writes the stacks of a trace without a reader. With names, unless a signal handler ends the
/// process: where nothing may be allocated the addresses have to do.
///
/// # Safety
/// Called once, by who ends the process, when nobody writes events any more.
#[unsafe(export_name = "gort.trace_write_stacks")]
pub unsafe fn trace_write_stacks(gen_: usize) {
    // SAFETY: the caller's contract.
    unsafe {
        if in_signal_handler() || are_last_words_in_handler() {
            return bare(gen_);
        }
        let mut st = Batches { gen_, kind: TraceEv::Stacks, body: Vec::new() };
        let mut strings = Batches { gen_, kind: TraceEv::Strings, body: Vec::new() };
        let mut ids: HashMap<String, u64> = HashMap::new();
        let mut id_of = |s: &str| {
            let s = cut(s);
            if s.is_empty() {
                return 0;
            }
            // Above those of the table.
            let next = 1 << 40 | ids.len() as u64;
            *ids.entry(s.to_string()).or_insert_with(|| {
                strings.room(s.len() + 32);
                strings.body.push(TraceEv::String as u8);
                varint(&mut strings.body, next);
                varint(&mut strings.body, s.len() as u64);
                strings.body.extend_from_slice(s.as_bytes());
                next
            })
        };
        stacks(gen_, &mut |id, frames| {
            st.room((3 + 4 * frames.len()) * TRACE_BYTES_PER_NUMBER);
            st.body.push(TraceEv::Stack as u8);
            varint(&mut st.body, id);
            varint(&mut st.body, frames.len() as u64);
            for f in frames {
                let names = [id_of(&f.func), id_of(&f.file)];
                varint(&mut st.body, f.pc);
                varint(&mut st.body, names[0]);
                varint(&mut st.body, names[1]);
                varint(&mut st.body, u64::from(f.line));
            }
        });
        st.write();
        strings.write();
    }
}

/// The addresses only, in memory that is not the allocator's.
unsafe fn bare(gen_: usize) {
    // SAFETY: as for the caller.
    unsafe {
        let mut w = unsafe_trace_writer(gen_, core::ptr::null_mut());
        let tab = &raw const (*trace()).stack_tab[gen_ % 2];
        let end = |w: &mut TraceWriter| {
            if !w.buf.is_null() {
                quiet::finish_buf(w.buf);
                w.buf = core::ptr::null_mut();
            }
        };
        TraceStackTable::for_each(tab, &mut |id, pcs| {
            if !w.buf.is_null() && !(*w.buf).available((3 + 4 * pcs.len()) * TRACE_BYTES_PER_NUMBER)
            {
                end(&mut w);
            }
            if w.buf.is_null() {
                w.buf = quiet::new_batch(gen_);
                if w.buf.is_null() {
                    return;
                }
                (*w.buf).byte(TraceEv::Stacks as u8);
            }
            (*w.buf).byte(TraceEv::Stack as u8);
            (*w.buf).varint(id);
            (*w.buf).varint(pcs.len() as u64);
            for &pc in pcs {
                (*w.buf).varint(pc as u64);
                for _ in 0..3 {
                    (*w.buf).varint(0);
                }
            }
        });
        end(&mut w);
    }
}
