//! A timeline as Chrome's Trace Event JSON, which <https://ui.perfetto.dev> and chrome://tracing
//! open.
//!
//! Processes stand for kinds of lanes: the Ps (each time that an M had one, in it the goroutines),
//! the goroutines (their states), the Ms, and the program (tasks, regions, ranges, counters).
//! Numbers of threads are only numbers; their names say which goroutine, P or M it is. Times are
//! in µs since the first event, with three digits for the ns.

use crate::event::{GoState, Kind, NO, Resource};
use crate::summary::Summary;
use crate::timeline::{Lane, Slice, SpanKind, Timeline};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::io::{self, Write};

const PS: u32 = 1;
const GS: u32 = 2;
const MS: u32 = 3;
const PROGRAM: u32 = 4;

/// What people call a state.
pub fn state_name(state: GoState) -> &'static str {
    match state {
        GoState::Running => "running",
        GoState::Runnable => "runnable",
        GoState::Syscall => "in a system call",
        GoState::Waiting => "waiting",
        GoState::Undetermined | GoState::NotExist => "",
    }
}

struct Writer<'a, W> {
    t: &'a Timeline,
    out: W,
    first: i64,
    tids: HashMap<(u32, i64), usize>,
    any: bool,
}

/// Writes the JSON of a finished timeline. The summary is that of the same events, and gives the
/// names of goroutines.
///
/// # Errors
/// Those of `out`.
///
/// ```
/// use gort_tracereader::{chrome, summary::Summary, timeline::Timeline};
/// let mut out = Vec::new();
/// chrome::write(&Timeline::default(), &Summary::default(), &mut out).unwrap();
/// let v: serde_json::Value = serde_json::from_slice(&out).unwrap();
/// assert!(v["traceEvents"].is_array());
/// ```
pub fn write(t: &Timeline, summary: &Summary, out: impl Write) -> io::Result<()> {
    let (first, last) = t.span.unwrap_or_default();
    let mut w = Writer { t, out, first, tids: HashMap::new(), any: false };
    let (start, end) = (first.to_string(), last.to_string());
    let other = json!({ "start_ns": start, "end_ns": end });
    write!(w.out, "{{\"displayTimeUnit\":\"ns\",\"otherData\":{other},\"traceEvents\":[")?;
    w.names(summary)?;
    for (lane, slices) in &t.lanes {
        slices.iter().try_for_each(|s| w.slice(*lane, s))?;
    }
    w.arrows()?;
    w.spans()?;
    w.marks()?;
    for (name, values) in &t.metrics {
        for (time, value) in values {
            let args = json!({ "value": value });
            let ts = w.us(*time);
            w.event(json!({ "ph": "C", "pid": PROGRAM, "ts": ts, "name": name, "args": args }))?;
        }
    }
    writeln!(w.out, "\n]}}")
}

impl<W: Write> Writer<'_, W> {
    /// Times of traces stay far below 2^53 ns, so this is exact to the ns.
    fn us(&self, time: i64) -> f64 {
        self.length(self.first, time)
    }

    fn length(&self, start: i64, end: i64) -> f64 {
        (end - start) as f64 / 1000.0
    }

    fn event(&mut self, v: Value) -> io::Result<()> {
        self.out.write_all(if std::mem::replace(&mut self.any, true) { b",\n" } else { b"\n" })?;
        serde_json::to_writer(&mut self.out, &v).map_err(io::Error::from)
    }

    fn string(&self, id: u32) -> &str {
        &self.t.strings[id as usize]
    }

    fn stack(&self, id: u32) -> Value {
        let line = |f: &crate::event::StackFrame| format!("{} {}:{}", f.func, f.file, f.line);
        self.t.stack(id).map(line).collect()
    }

    fn names(&mut self, summary: &Summary) -> io::Result<()> {
        let meta = |what: &str, pid: u32, tid: usize, args: Value| json!({ "ph": "M", "name": what, "pid": pid, "tid": tid, "args": args });
        let processes = [(PS, "Ps"), (GS, "Goroutines"), (MS, "Ms"), (PROGRAM, "Program")];
        for (pid, name) in processes {
            self.event(meta("process_name", pid, 0, json!({ "name": name })))?;
            self.event(meta("process_sort_index", pid, 0, json!({ "sort_index": pid })))?;
        }
        for lane in self.t.lanes.keys() {
            let (pid, id, name) = match *lane {
                Lane::Held(p) | Lane::P(p) => (PS, p, format!("P {p}")),
                Lane::G(g) => {
                    let of = summary.goroutines.get(&g).map_or("", |g| &g.name);
                    (GS, g, format!("G {g} {of}").trim_end().to_string())
                }
                Lane::M(m) => (MS, m, format!("M {m}")),
            };
            // Some viewers give a meaning to thread 0.
            let next = self.tids.len() + 1;
            if self.tids.contains_key(&(pid, id)) {
                continue;
            }
            self.tids.insert((pid, id), next);
            self.event(meta("thread_name", pid, next, json!({ "name": name })))?;
            self.event(meta("thread_sort_index", pid, next, json!({ "sort_index": next })))?;
        }
        Ok(())
    }

    fn slice(&mut self, lane: Lane, s: &Slice) -> io::Result<()> {
        let (pid, id) = match lane {
            Lane::Held(p) | Lane::P(p) => (PS, p),
            Lane::G(g) => (GS, g),
            Lane::M(m) => (MS, m),
        };
        let state = s.state.map_or("", state_name);
        let reason = self.string(s.reason).to_string();
        let name = match lane {
            Lane::G(_) if reason.is_empty() => state.to_string(),
            Lane::G(_) => format!("{state}: {reason}"),
            Lane::Held(_) => format!("M {}", s.m),
            Lane::P(_) | Lane::M(_) if s.g == NO => format!("P {}", s.p),
            Lane::P(_) | Lane::M(_) if s.state == Some(GoState::Running) => format!("G {}", s.g),
            Lane::P(_) | Lane::M(_) => format!("G {} {state}", s.g),
        };
        let mut args = Map::new();
        for (key, id) in [("g", s.g), ("p", s.p), ("m", s.m)] {
            if id != NO {
                args.insert(key.into(), id.into());
            }
        }
        for (key, text) in [("state", state), ("reason", &reason)] {
            if !text.is_empty() {
                args.insert(key.into(), text.into());
            }
        }
        for (key, stack) in [("stack", s.stack), ("ended", s.ended)] {
            if stack != 0 {
                args.insert(key.into(), self.stack(stack));
            }
        }
        if let Some(a) = s.woken {
            let a = &self.t.arrows[a as usize];
            let (time, on) = (self.us(a.time), a.from);
            let by = json!({ "g": on.g, "p": on.p, "m": on.m, "us": time,
                "stack": self.stack(a.stack) });
            args.insert(if a.created { "created by" } else { "woken by" }.into(), by);
        }
        let (ts, dur, tid) = (self.us(s.start), self.length(s.start, s.end), self.tids[&(pid, id)]);
        let cat = match lane {
            Lane::Held(_) => "held",
            Lane::P(_) => "p",
            Lane::G(_) => "goroutine",
            Lane::M(_) => "m",
        };
        self.event(json!({ "ph": "X", "pid": pid, "tid": tid, "ts": ts, "dur": dur,
            "name": name, "cat": cat, "args": args }))
    }

    /// From the slice of who woke to the start of the one woken.
    fn arrows(&mut self) -> io::Result<()> {
        for (id, a) in self.t.arrows.iter().enumerate() {
            let lanes = [(GS, a.from.g), (PS, a.from.p), (MS, a.from.m)];
            let from = lanes.iter().find_map(|l| Some((l.0, *self.tids.get(l)?)));
            let to = self.tids.get(&(GS, a.to)).copied();
            let (Some((pid, tid)), Some(to), Some(ran)) = (from, to, a.ran) else { continue };
            let name = if a.created { "create" } else { "wake" };
            let (ts, end) = (self.us(a.time), self.us(ran));
            self.event(json!({ "ph": "s", "pid": pid, "tid": tid, "ts": ts, "id": id,
                "name": name, "cat": "wake" }))?;
            self.event(json!({ "ph": "f", "bp": "e", "pid": GS, "tid": to, "ts": end, "id": id,
                "name": name, "cat": "wake" }))?;
        }
        Ok(())
    }

    /// As events that may overlap the slices.
    fn spans(&mut self) -> io::Result<()> {
        for (id, s) in self.t.spans.iter().enumerate() {
            let cat = match s.kind {
                SpanKind::Range => "range",
                SpanKind::Task => "task",
                SpanKind::Region => "region",
            };
            let mut args = Map::new();
            if s.scope != Resource::None {
                args.insert("on".into(), s.scope.to_string().into());
            }
            for (key, id) in [("task", s.task), ("parent", s.parent)] {
                if id != 0 {
                    args.insert(key.into(), id.into());
                }
            }
            if s.stack != 0 {
                args.insert("stack".into(), self.stack(s.stack));
            }
            let (name, id) = (self.string(s.name).to_string(), format!("{cat}{id}"));
            let (start, end) = (self.us(s.start), self.us(s.end));
            self.event(json!({ "ph": "b", "pid": PROGRAM, "tid": 1, "ts": start, "id": id,
                "name": name, "cat": cat, "args": args }))?;
            self.event(json!({ "ph": "e", "pid": PROGRAM, "tid": 1, "ts": end, "id": id,
                "name": name, "cat": cat }))?;
        }
        Ok(())
    }

    fn marks(&mut self) -> io::Result<()> {
        for m in &self.t.marks {
            let lanes = [(GS, m.on.g), (PS, m.on.p), (MS, m.on.m)];
            let on = lanes.iter().find_map(|l| Some((l.0, *self.tids.get(l)?)));
            let (pid, tid) = on.unwrap_or((PROGRAM, 1));
            let text = self.string(m.text).to_string();
            let (cat, name) = match m.kind {
                Kind::Log => ("log", text),
                Kind::Label => ("label", text),
                _ => ("sample", "CPU sample".to_string()),
            };
            let mut args = Map::new();
            if m.category != 0 {
                args.insert("category".into(), self.string(m.category).into());
            }
            if m.task != 0 {
                args.insert("task".into(), m.task.into());
            }
            args.insert("stack".into(), self.stack(m.stack));
            let ts = self.us(m.time);
            self.event(json!({ "ph": "i", "s": "t", "pid": pid, "tid": tid, "ts": ts,
                "name": name, "cat": cat, "args": args }))?;
        }
        Ok(())
    }
}
