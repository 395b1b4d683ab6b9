//! What one who knows schedulers would say about a trace: what is wrong with how the program is
//! scheduled, what shows it, and what to do.
//!
//! Each rule looks for one fault and keeps silent unless it costs enough. The cost is time of
//! goroutines that could have run, or time of Ps that were held for nothing.
//!
//! A trace tells when goroutines had a P, not when their threads had a processor: what a busy
//! machine does looks like what a goroutine does. Where that may be the cause, the advice says so.

mod rules;

use crate::event::{GoState, StackFrame};
use crate::summary::{Summary, ns};
use crate::timeline::{Lane, Slice, Timeline};
use std::fmt;

/// The shortest trace that is judged, ns.
const SHORTEST: i64 = 20_000_000;

/// One fault.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// In one line, what is wrong.
    pub title: String,
    /// ns that it cost, of goroutines or of Ps.
    pub cost: i64,
    /// The numbers that show it.
    pub evidence: String,
    /// When it was worst, ns since the first event.
    pub at: i64,
    /// Where, innermost first; empty if it is nowhere.
    pub stack: Vec<StackFrame>,
    /// What to do.
    pub advice: String,
}

/// All that is wrong, what costs most first.
#[derive(Clone, Debug, Default)]
pub struct Advice {
    /// The faults.
    pub findings: Vec<Finding>,
    /// ns from the first event to the last.
    pub span: i64,
}

/// How many goroutines and Ps are in which state, until the next one.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    time: i64,
    /// Goroutines that could run, of the program.
    runnable: i64,
    /// Ps with a running goroutine.
    running: i64,
    /// Ps that an M has; those of which nothing is known yet count.
    held: i64,
    /// GOMAXPROCS.
    procs: i64,
}

impl Load {
    fn idle(&self) -> i64 {
        (self.procs - self.held).max(0)
    }
}

/// What the rules look at.
struct View<'a> {
    t: &'a Timeline,
    s: &'a Summary,
    start: i64,
    end: i64,
    loads: Vec<Load>,
    /// Times in which all threads stood still.
    stalls: Vec<(i64, i64)>,
}

impl<'a> View<'a> {
    fn new(t: &'a Timeline, s: &'a Summary) -> Self {
        let (start, end) = t.span.unwrap_or_default();
        let mut v = Self { t, s, start, end, loads: Vec::new(), stalls: Vec::new() };
        v.count();
        v
    }

    fn span(&self) -> i64 {
        (self.end - self.start).max(1)
    }

    fn name(&self, g: i64) -> &str {
        self.s.goroutines.get(&g).map_or("", |g| &g.name)
    }

    /// Goroutines of the program: those of the runtime and of the tracer are called so.
    fn goroutines(&self) -> impl Iterator<Item = (i64, &'a [Slice])> {
        self.t.lanes.iter().filter_map(|(lane, slices)| match lane {
            Lane::G(g) if !system(self.name(*g)) => Some((*g, slices.as_slice())),
            _ => None,
        })
    }

    fn ps(&self, held: bool) -> impl Iterator<Item = (i64, &'a [Slice])> {
        self.t.lanes.iter().filter_map(move |(lane, slices)| match lane {
            Lane::P(p) if !held => Some((*p, slices.as_slice())),
            Lane::Held(p) if held => Some((*p, slices.as_slice())),
            _ => None,
        })
    }

    fn count(&mut self) {
        // Time, and what is added to the four counts then.
        let mut changes: Vec<(i64, [i64; 4])> = Vec::new();
        for (_, slices) in self.goroutines() {
            for s in slices.iter().filter(|s| s.state == Some(GoState::Runnable)) {
                changes.extend([(s.start, [1, 0, 0, 0]), (s.end, [-1, 0, 0, 0])]);
            }
        }
        for (_, slices) in self.ps(false) {
            for s in slices.iter().filter(|s| s.state == Some(GoState::Running)) {
                changes.extend([(s.start, [0, 1, 0, 0]), (s.end, [0, -1, 0, 0])]);
            }
        }
        let mut seen = 0;
        for (_, slices) in self.ps(true) {
            seen += 1;
            for (i, s) in slices.iter().enumerate() {
                let from = if i == 0 { self.start } else { s.start };
                changes.extend([(from, [0, 0, 1, 0]), (s.end, [0, 0, -1, 0])]);
            }
        }
        let procs = self.t.metrics.get("/sched/gomaxprocs:threads");
        let mut last = 0;
        match procs.and_then(|p| p.first()) {
            Some(first) => {
                changes.push((self.start, [0, 0, 0, first.1 as i64]));
                last = first.1 as i64;
            }
            None => changes.push((self.start, [0, 0, 0, seen])),
        }
        for (time, n) in procs.into_iter().flatten() {
            changes.push((*time, [0, 0, 0, *n as i64 - last]));
            last = *n as i64;
        }
        changes.sort_unstable_by_key(|c| c.0);
        let mut now = Load { time: self.start, ..Load::default() };
        for (time, [runnable, running, held, procs]) in changes {
            if time > now.time {
                self.loads.push(now);
                now.time = time;
            }
            now.runnable += runnable;
            now.running += running;
            now.held += held;
            now.procs += procs;
        }
        self.loads.push(now);
    }

    /// The loads of a time with their lengths, cut to it.
    fn between(&self, from: i64, to: i64) -> impl Iterator<Item = (&Load, i64)> {
        let first = self.loads.partition_point(|l| l.time <= from).saturating_sub(1);
        let all = self.loads[first..].iter().enumerate();
        all.take_while(move |(_, l)| l.time < to).map(move |(i, l)| {
            let next = self.loads.get(first + i + 1).map_or(self.end, |l| l.time);
            (l, (next.min(to) - l.time.max(from)).max(0))
        })
    }

    /// The sum over a time of what `f` says of each moment.
    fn sum(&self, from: i64, to: i64, f: impl Fn(&Load) -> i64) -> i64 {
        self.between(from, to).map(|(l, dt)| f(l) * dt).sum()
    }

    fn stalled(&self, from: i64, to: i64) -> i64 {
        self.stalls.iter().map(|s| (s.1.min(to) - s.0.max(from)).max(0)).sum()
    }

    /// The innermost frame that is the program's own; the innermost one if there is none.
    fn place(&self, stack: u32) -> Option<&'a StackFrame> {
        let mut frames = self.t.stack(stack);
        frames.find(|f| !library(&f.func)).or_else(|| self.t.stack(stack).next())
    }

    fn stack(&self, stack: u32) -> Vec<StackFrame> {
        self.t.stack(stack).cloned().collect()
    }

    fn at(&self, time: i64) -> i64 {
        time - self.start
    }
}

fn system(name: &str) -> bool {
    name.starts_with("runtime.") || name.starts_with("runtime/trace.")
}

/// A function that stands between the program and what it waits for.
fn library(func: &str) -> bool {
    const OF: [&str; 10] = [
        "runtime.",
        "runtime/",
        "sync.",
        "sync/",
        "internal/",
        "time.",
        "syscall.",
        "os.",
        "net.",
        "gort",
    ];
    OF.iter().any(|p| func.starts_with(p))
}

/// What is wrong with how a program was scheduled.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gort_tracereader::{Reader, advice, summary::Summary, timeline::Timeline};
/// let file = std::io::BufReader::new(std::fs::File::open("trace.out")?);
/// let (mut t, mut s) = (Timeline::default(), Summary::default());
/// for e in Reader::new(file)? {
///     let e = e?;
///     t.event(&e);
///     s.event(&e);
/// }
/// t.finish();
/// s.finish();
/// for f in advice::advise(&t, &s).findings {
///     println!("{}: {}", f.title, f.advice);
/// }
/// # Ok(())
/// # }
/// ```
pub fn advise(t: &Timeline, s: &Summary) -> Advice {
    let mut v = View::new(t, s);
    if v.end - v.start < SHORTEST {
        return Advice { findings: Vec::new(), span: v.end - v.start };
    }
    let mut findings = rules::stalls(&mut v);
    for rule in rules::ALL {
        findings.extend(rule(&v));
    }
    findings.sort_by_key(|f| std::cmp::Reverse(f.cost));
    Advice { findings, span: v.span() }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.span < SHORTEST {
            let (span, least) = (about(self.span), about(SHORTEST));
            return writeln!(f, "The trace is too short to judge: {span}; {least} are needed.");
        }
        if self.findings.is_empty() {
            return writeln!(f, "Nothing was found in {}.", about(self.span));
        }
        for (i, x) in self.findings.iter().enumerate() {
            let line = if i == 0 { "" } else { "\n" };
            writeln!(f, "{line}{}. {} ({})", i + 1, x.title, x.rule)?;
            let (cost, span, at) = (about(x.cost), about(self.span), about(x.at));
            writeln!(f, "   Cost: {cost}, in a trace of {span}; worst at {at}.")?;
            writeln!(f, "   {}", x.evidence)?;
            for s in &x.stack {
                writeln!(f, "     {} {}:{}", s.func, s.file, s.line)?;
            }
            writeln!(f, "   {}", x.advice)?;
        }
        Ok(())
    }
}

/// A time for people, of three digits.
fn about(t: i64) -> String {
    let mut unit = 1;
    while t / unit >= 1000 {
        unit *= 10;
    }
    ns((t + unit / 2) / unit * unit)
}
