//! The reference: what each operation means if one happens at a time. A program has as many
//! executions as there are orders of its operations; [`explain`] looks for one that has the results
//! that were observed, and [`ends`] for all ends.

use crate::program::{Case, MUTEXES, Op, Program, value};
use std::collections::{HashSet, VecDeque};

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Res {
    /// It has nothing to say.
    Done,
    /// It panicked: the channel was closed.
    Panic,
    /// The default case.
    NotReady,
    /// A value went out through this case.
    Sent(usize),
    /// A value came in.
    Got(usize, u32),
    /// The channel of this case is closed and empty.
    Closed(usize),
}

/// What a run has shown of one operation.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The time before it began.
    pub begun: u64,
    /// Its result and the time after it, if it ended.
    pub end: Option<(Res, u64)>,
}

/// What a run has shown: for each goroutine its operations, up to one that did not end. The run is
/// over: what did not end never will.
pub type Observation = Vec<Vec<Seen>>;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    /// Before the operation.
    Before,
    /// In the queues of channels, or of a condition.
    Queued,
    /// Signalled, without the mutex.
    Relock,
    /// A writer that keeps new readers out.
    Announced,
}

#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Chan {
    buf: VecDeque<u32>,
    closed: bool,
    /// Who waits, in order: goroutine and case.
    recvq: VecDeque<(usize, usize)>,
    sendq: VecDeque<(usize, usize)>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    g: Vec<(usize, At)>,
    chans: Vec<Chan>,
    locked: [bool; MUTEXES],
    cond: [VecDeque<usize>; MUTEXES],
    readers: usize,
    writer: bool,
    things: usize,
}

/// A state that may come next, and the operations that ended on the way.
struct Step {
    to: State,
    ended: Vec<(usize, Res)>,
}

impl Step {
    fn new(from: &State) -> Self {
        Step { to: from.clone(), ended: Vec::new() }
    }
    /// The operation of `g` ends.
    fn end(&mut self, g: usize, r: Res) {
        self.to.g[g] = (self.to.g[g].0 + 1, At::Before);
        for c in &mut self.to.chans {
            c.recvq.retain(|w| w.0 != g);
            c.sendq.retain(|w| w.0 != g);
        }
        self.ended.push((g, r));
    }
}

impl State {
    fn new(p: &Program) -> Self {
        State {
            g: vec![(0, At::Before); p.goroutines.len()],
            chans: vec![Chan::default(); p.caps.len()],
            locked: Default::default(),
            cond: Default::default(),
            readers: 0,
            writer: false,
            things: p.things(),
        }
    }

    /// What `g` may do next; nothing if it is at its end or must wait.
    fn steps(&self, p: &Program, g: usize) -> Vec<Step> {
        let (pc, at) = self.g[g];
        let Some(op) = p.goroutines[g].get(pc) else { return Vec::new() };
        let mut s = Step::new(self);
        let to = &mut s.to;
        match (op, at) {
            (_, At::Queued) => return Vec::new(),
            (Op::Comm { cases, poll }, _) => return self.comm(p, g, cases, *poll),
            (&Op::Close(c), _) => {
                if to.chans[c].closed {
                    s.end(g, Res::Panic);
                } else {
                    to.chans[c].closed = true;
                    while let Some(&(h, i)) = s.to.chans[c].recvq.front() {
                        s.end(h, Res::Closed(i));
                    }
                    while let Some(&(h, _)) = s.to.chans[c].sendq.front() {
                        s.end(h, Res::Panic);
                    }
                    s.end(g, Res::Done);
                }
            }
            (&(Op::Lock(m) | Op::CondWait(m)), At::Relock) | (&Op::Lock(m), _) => {
                if to.locked[m] {
                    return Vec::new();
                }
                to.locked[m] = true;
                s.end(g, Res::Done);
            }
            (&Op::Unlock(m), _) => {
                to.locked[m] = false;
                s.end(g, Res::Done);
            }
            (&Op::CondWait(m), _) => {
                to.locked[m] = false;
                to.cond[m].push_back(g);
                to.g[g].1 = At::Queued;
            }
            (&(Op::Signal(m) | Op::Broadcast(m)), _) => {
                let n = if matches!(op, Op::Signal(_)) { 1 } else { usize::MAX };
                for _ in 0..n.min(to.cond[m].len()) {
                    let h = to.cond[m].pop_front().expect("counted");
                    to.g[h].1 = At::Relock;
                }
                s.end(g, Res::Done);
            }
            (Op::RLock, _) => {
                if to.writer {
                    return Vec::new();
                }
                to.readers += 1;
                s.end(g, Res::Done);
            }
            (Op::RUnlock, _) => {
                to.readers -= 1;
                s.end(g, Res::Done);
            }
            (Op::WLock, At::Announced) => {
                if to.readers > 0 {
                    return Vec::new();
                }
                s.end(g, Res::Done);
            }
            (Op::WLock, _) => {
                if to.writer {
                    return Vec::new();
                }
                to.writer = true;
                to.g[g].1 = At::Announced;
            }
            (Op::WUnlock, _) => {
                to.writer = false;
                s.end(g, Res::Done);
            }
            (Op::Done, _) => {
                to.things -= 1;
                s.end(g, Res::Done);
            }
            (Op::Wait, _) => {
                if to.things > 0 {
                    return Vec::new();
                }
                s.end(g, Res::Done);
            }
            (Op::Yield, _) => s.end(g, Res::Done),
        }
        vec![s]
    }

    /// A select: one of the cases that are ready; the default; or all queues.
    fn comm(&self, p: &Program, g: usize, cases: &[Case], poll: bool) -> Vec<Step> {
        let ready = cases.iter().enumerate().filter_map(|(i, c)| self.case(p, g, i, c));
        let mut steps: Vec<Step> = ready.collect();
        if steps.is_empty() && poll {
            let mut s = Step::new(self);
            s.end(g, Res::NotReady);
            steps.push(s);
        } else if steps.is_empty() {
            // The same channel twice: either may come first in its queue.
            for order in permutations(cases.len()) {
                let mut s = Step::new(self);
                s.to.g[g].1 = At::Queued;
                for i in order {
                    let Some(c) = cases[i].chan else { continue };
                    let c = &mut s.to.chans[c];
                    if cases[i].send { &mut c.sendq } else { &mut c.recvq }.push_back((g, i));
                }
                steps.push(s);
            }
        }
        steps
    }

    /// The case `i` of `g` happens, if it is ready.
    fn case(&self, p: &Program, g: usize, i: usize, case: &Case) -> Option<Step> {
        let c = case.chan?;
        let mut s = Step::new(self);
        let pc = self.g[g].0;
        let chan = &mut s.to.chans[c];
        if case.send {
            let v = value(g, pc, i);
            if chan.closed {
                s.end(g, Res::Panic);
            } else if let Some(&(h, k)) = chan.recvq.front() {
                s.end(h, Res::Got(k, v));
                s.end(g, Res::Sent(i));
            } else if chan.buf.len() < p.caps[c] {
                chan.buf.push_back(v);
                s.end(g, Res::Sent(i));
            } else {
                return None;
            }
            return Some(s);
        }
        let got = if let Some(&(h, k)) = chan.sendq.front() {
            // The head of the buffer, and the sender's value goes to its tail; both are the same
            // without a buffer.
            chan.buf.push_back(value(h, self.g[h].0, k));
            let v = chan.buf.pop_front();
            s.end(h, Res::Sent(k));
            v
        } else {
            chan.buf.pop_front()
        };
        match got {
            Some(v) => s.end(g, Res::Got(i, v)),
            None if self.chans[c].closed => s.end(g, Res::Closed(i)),
            None => return None,
        }
        Some(s)
    }
}

/// All orders of `0..n`.
fn permutations(n: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for i in 0..n {
        let insert = |p: &Vec<usize>| {
            (0..=p.len()).map(|at| [&p[..at], &[i], &p[at..]].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(insert).collect();
    }
    all
}

/// Visits all states that can be reached by steps that `allowed` lets pass, given the goroutine,
/// the state and the step; those without any next step go to `end`, which says whether to go on.
///
/// # Panics
/// If there are too many.
fn explore(
    p: &Program,
    allowed: impl Fn(usize, &State, &Step) -> bool,
    mut end: impl FnMut(&State) -> bool,
) {
    let mut known = HashSet::new();
    let mut todo = vec![State::new(p)];
    while let Some(s) = todo.pop() {
        if known.contains(&s) {
            continue;
        }
        let mut stuck = true;
        for g in 0..s.g.len() {
            for step in s.steps(p, g) {
                stuck = false;
                if allowed(g, &s, &step) {
                    todo.push(step.to);
                }
            }
        }
        if stuck && !end(&s) {
            return;
        }
        known.insert(s);
        assert!(known.len() < 3_000_000, "too large: {p:#?}");
    }
}

/// Whether there is an execution with just these results, in which nothing happens before it began
/// or after it ended.
pub fn explain(p: &Program, seen: &Observation) -> bool {
    let done: Vec<usize> =
        seen.iter().map(|ops| ops.iter().filter(|o| o.end.is_some()).count()).collect();
    // What must have ended before the operation begins: how many of each goroutine's.
    let before = |g: usize, pc: usize, h: usize| {
        let begun = seen[g].get(pc).map_or(u64::MAX, |o| o.begun);
        seen[h].partition_point(|o| o.end.is_some_and(|(_, t)| t < begun))
    };
    let before: Vec<Vec<Vec<usize>>> = (0..seen.len())
        .map(|g| {
            let row =
                |pc| (0..seen.len()).map(|h| if h == g { 0 } else { before(g, pc, h) }).collect();
            (0..p.goroutines[g].len()).map(row).collect()
        })
        .collect();
    let allowed = |g: usize, s: &State, step: &Step| {
        let (pc, at) = s.g[g];
        let in_time = at != At::Before || (0..s.g.len()).all(|h| s.g[h].0 >= before[g][pc][h]);
        let begun = seen[g].len() > pc;
        let same = |&(h, r): &(usize, Res)| {
            seen[h].get(s.g[h].0).is_some_and(|o| o.end.is_some_and(|(e, _)| e == r))
        };
        in_time && begun && step.ended.iter().all(same)
    };
    let mut found = false;
    explore(p, allowed, |s| {
        found |= s.g.iter().zip(&done).all(|(g, d)| g.0 == *d);
        !found
    });
    found
}

/// Whether some execution ends, and whether some execution gets stuck.
pub fn ends(p: &Program) -> (bool, bool) {
    let (mut finished, mut stuck) = (false, false);
    explore(
        p,
        |_, _, _| true,
        |s| {
            let all = s.g.iter().zip(&p.goroutines).all(|(g, ops)| g.0 == ops.len());
            finished |= all;
            stuck |= !all;
            !(finished && stuck)
        },
    );
    (finished, stuck)
}
