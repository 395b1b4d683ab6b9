//! What a trace tells in numbers: for each goroutine where its time went, for each P how busy it
//! was, how long runnable goroutines waited, and what was blocked longest.
//!
//! Everything is computed from changes of state. (The profiles of `go tool trace` go by events with
//! a stack, and so leave out system calls that end blocked: golang/go#74850.)

use crate::event::{Event, GoState, Kind, Resource, StackFrame, States};
use crate::intervals::{Interval, Intervals, State};
use crate::{HashMap, Table};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// How many of the longest blocks are kept.
const LONGEST: usize = 10;

/// One goroutine.
#[derive(Clone, Debug, Default)]
pub struct Goroutine {
    /// The function that it began with, if the trace says.
    pub name: String,
    /// ns that it ran.
    pub running: i64,
    /// ns that it could have run.
    pub runnable: i64,
    /// ns in system calls.
    pub syscall: i64,
    /// ns blocked, by reason.
    pub blocked: BTreeMap<String, i64>,
}

/// A time in which a goroutine waited.
#[derive(Clone, Debug)]
pub struct Block {
    /// Who.
    pub goroutine: i64,
    /// How long, ns.
    pub time: i64,
    /// Why.
    pub reason: String,
    /// Where, innermost first.
    pub stack: Vec<StackFrame>,
}

/// One P.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proc {
    /// ns that an M had it.
    pub running: i64,
}

/// The summary.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Events, without those that are no changes.
    pub events: u64,
    /// First and last time, ns.
    pub span: Option<(i64, i64)>,
    /// By id.
    pub goroutines: BTreeMap<i64, Goroutine>,
    /// By number.
    pub procs: BTreeMap<i64, Proc>,
    /// By `i`: how often a goroutine waited 2^i ns, up to twice that, to run once it could.
    pub latency: BTreeMap<u32, u64>,
    /// The longest times blocked.
    pub longest: Vec<Block>,
    /// With the reason and the stack that a state began with.
    states: Intervals<(Rc<str>, Rc<[StackFrame]>)>,
    /// Stacks of the generation that the last event was of, once they have names.
    named: (Option<Table>, HashMap<u64, Rc<[StackFrame]>>),
    /// What goroutines have waited for so far: few texts.
    reasons: HashMap<Vec<u8>, Rc<str>>,
}

impl Summary {
    /// Takes the next event.
    pub fn event(&mut self, ev: &Event) {
        let now = ev.time();
        if ev.kind() != Kind::Sync {
            self.events += 1;
            let first = self.span.map_or(now, |s| s.0);
            self.span = Some((first, now));
        }
        if ev.kind() != Kind::StateTransition {
            return;
        }
        let t = ev.state_transition();
        let frames = self.frames(ev, t.stack);
        if let (Resource::Goroutine(id), States::Go(from, _)) = (t.resource, t.states) {
            let g = self.goroutines.entry(id).or_default();
            if !self.states.has(t.resource) && g.name.is_empty() {
                g.name = frames.last().map_or_else(String::new, |f| f.func.clone());
            }
            if from == GoState::NotExist
                && let Some(f) = frames.first()
            {
                g.name = f.func.clone();
            }
        }
        if let Resource::Proc(id) = t.resource {
            self.procs.entry(id).or_default();
        }
        let reason = self.reasons.get(&t.reason).cloned().unwrap_or_else(|| {
            let text: Rc<str> = String::from_utf8_lossy(&t.reason).into();
            self.reasons.insert(t.reason.clone(), text.clone());
            text
        });
        let Some(i) = self.states.change(&t, now, (reason, frames)) else { return };
        self.add(&i);
        match (i.resource, i.state, t.states) {
            (_, State::Go(GoState::Runnable), States::Go(_, GoState::Running)) => {
                *self.latency.entry((i.end - i.start).max(1).ilog2()).or_default() += 1;
            }
            (Resource::Goroutine(goroutine), State::Go(GoState::Waiting), _) => {
                let time = i.end - i.start;
                if self.longest.len() < LONGEST
                    || self.longest.last().is_some_and(|b| b.time < time)
                {
                    let (reason, stack) = (i.what.0.to_string(), i.what.1.to_vec());
                    self.longest.push(Block { goroutine, time, reason, stack });
                    self.longest.sort_by_key(|b| std::cmp::Reverse(b.time));
                    self.longest.truncate(LONGEST);
                }
            }
            _ => {}
        }
    }

    /// With names, which many events share.
    fn frames(&mut self, ev: &Event, stack: u64) -> Rc<[StackFrame]> {
        let (table, named) = &mut self.named;
        if !table.as_ref().is_some_and(|t| Rc::ptr_eq(t, &ev.table)) {
            (*table, *named) = (Some(ev.table.clone()), HashMap::default());
        }
        named.entry(stack).or_insert_with(|| ev.frames(stack).into()).clone()
    }

    /// Counts what lasts until the end of the trace.
    pub fn finish(&mut self) {
        let Some((_, end)) = self.span else { return };
        for i in self.states.finish(end) {
            self.add(&i);
        }
    }

    fn add(&mut self, i: &Interval<(Rc<str>, Rc<[StackFrame]>)>) {
        let time = i.end - i.start;
        match (i.resource, i.state) {
            (Resource::Goroutine(id), State::Go(state)) => {
                let g = self.goroutines.entry(id).or_default();
                match state {
                    GoState::Running => g.running += time,
                    GoState::Runnable => g.runnable += time,
                    GoState::Syscall => g.syscall += time,
                    GoState::Waiting => match g.blocked.get_mut(&*i.what.0) {
                        Some(all) => *all += time,
                        None => drop(g.blocked.insert(i.what.0.to_string(), time)),
                    },
                    GoState::Undetermined | GoState::NotExist => {}
                }
            }
            (Resource::Proc(id), _) => self.procs.entry(id).or_default().running += time,
            _ => {}
        }
    }
}

/// A time for people.
pub(crate) fn ns(t: i64) -> String {
    format!("{:?}", std::time::Duration::from_nanos(t.max(0) as u64))
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = self.span.unwrap_or_default();
        let whole = (last - first).max(1);
        writeln!(f, "{} events in {}", self.events, ns(last - first))?;
        writeln!(f, "\nPs")?;
        for (id, p) in &self.procs {
            let share = 100.0 * p.running as f64 / whole as f64;
            writeln!(f, "  P{id:<4} {:>12} {share:5.1} %", ns(p.running))?;
        }
        writeln!(f, "\ngoroutines: running, runnable, in system calls, blocked (why)")?;
        let mut gs: Vec<_> = self.goroutines.iter().collect();
        gs.sort_by_key(|(id, g)| (std::cmp::Reverse(g.running), **id));
        for (id, g) in gs {
            let [a, b, c] = [g.running, g.runnable, g.syscall].map(ns);
            write!(f, "  G{id:<5} {a:>12} {b:>12} {c:>12}")?;
            for (i, (why, time)) in g.blocked.iter().enumerate() {
                let why = if why.is_empty() { "?" } else { why };
                write!(f, "{} {} ({why})", if i == 0 { " " } else { "," }, ns(*time))?;
            }
            writeln!(f, "  {}", g.name)?;
        }
        writeln!(f, "\nrunnable until running")?;
        for (i, n) in &self.latency {
            writeln!(f, "  from {:>12} {n}", ns(1 << i))?;
        }
        writeln!(f, "\nblocked longest")?;
        for b in &self.longest {
            let why = if b.reason.is_empty() { "?" } else { &b.reason };
            writeln!(f, "  {:>12} G{} {why}", ns(b.time), b.goroutine)?;
            for s in &b.stack {
                writeln!(f, "    {} {}:{}", s.func, s.file, s.line)?;
            }
        }
        Ok(())
    }
}
