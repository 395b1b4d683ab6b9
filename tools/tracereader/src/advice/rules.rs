//! The rules.

use super::{Finding, View, about as ns};
use crate::event::{GoState, NO, StackFrame};
use crate::timeline::Slice;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// All but [`stalls`], whose outcome others use.
pub(super) const ALL: [fn(&View<'_>) -> Vec<Finding>; 9] =
    [few_ps, many_ps, idle_ps, hogs, convoys, calls, migration, starvation, leaks_and_timers];

const MS: i64 = 1_000_000;

/// The longest time slice that a goroutine has if it can be preempted, ns (proc.go's
/// forcePreemptNS).
const SLICE: i64 = 10 * MS;

/// Whether something that cost so much of the trace's time is worth a word.
fn enough(v: &View<'_>, cost: i64) -> bool {
    cost >= 10 * MS && cost * 20 >= v.span()
}

/// What happened at one place.
#[derive(Default)]
struct Place {
    count: u64,
    cost: i64,
    time: i64,
    worst: (i64, i64, u32),
    who: BTreeSet<i64>,
}

impl Place {
    fn add(&mut self, g: i64, cost: i64, time: i64, at: i64, stack: u32) {
        self.count += 1;
        self.cost += cost;
        self.time += time;
        if cost >= self.worst.0 {
            self.worst = (cost, at, stack);
        }
        self.who.insert(g);
    }
}

type Places<'a> = BTreeMap<(&'a str, &'a str, u64), Place>;

fn key(f: Option<&StackFrame>) -> (&str, &str, u64) {
    f.map_or(("", "", 0), |f| (&f.func, &f.file, f.line))
}

/// The threads of all Ps stand still at once, again and again, until the monitor comes back and
/// preempts the goroutines: a quota of the machine's that is used up, or a process that is stopped.
pub(super) fn stalls(v: &mut View<'_>) -> Vec<Finding> {
    // When running slices ended because of the monitor.
    let mut preempted: Vec<(i64, i64)> = Vec::new();
    for (_, slices) in v.goroutines() {
        for w in slices.windows(2) {
            let by_monitor = v.t.strings[w[1].reason as usize] == "preempted";
            if w[0].state == Some(GoState::Running) && by_monitor {
                preempted.push((w[0].end, w[0].start));
            }
        }
    }
    preempted.sort_unstable();
    let mut found = Vec::new();
    for l in v.loads.windows(2) {
        let (from, to) = (l[0].time, l[1].time);
        if to - from < 3 * SLICE || l[0].running < 2 {
            continue;
        }
        let first = preempted.partition_point(|p| p.0 < to);
        let after = preempted[first..].iter().take_while(|p| p.0 <= to + 3 * SLICE / 2);
        if after.filter(|p| p.1 <= from).count() >= 2 {
            found.push((from, to));
        }
    }
    let cost: i64 = found.iter().map(|s| s.1 - s.0).sum();
    if found.len() < 3 || !enough(v, cost) {
        return Vec::new();
    }
    let n = found.len();
    let apart = (found[n - 1].0 - found[0].0) / (n as i64 - 1);
    let at = found.iter().max_by_key(|s| s.1 - s.0).map_or(0, |s| v.at(s.0));
    let procs = v.loads.iter().map(|l| l.procs).max().unwrap_or(0);
    v.stalls = found;
    vec![Finding {
        rule: "stalls",
        title: "All threads stood still at once, again and again".into(),
        cost,
        evidence: format!(
            "{n} times, {} apart, nothing happened on any thread for {} on average, though \
             goroutines ran; then all were preempted at once.",
            ns(apart),
            ns(cost / n as i64),
        ),
        at,
        stack: Vec::new(),
        advice: format!(
            "So it is where a cgroup's quota is used up before its period (100ms, as a rule) is \
             over: GOMAXPROCS is {procs}; set it to the processors that cpu.max grants, or raise \
             that. Else something stops the process."
        ),
    }]
}

/// Goroutines that compute wait for a P most of the time.
fn few_ps(v: &View<'_>) -> Vec<Finding> {
    let busy = |l: &super::Load| l.held >= l.procs && l.running >= 1;
    let time = v.sum(v.start, v.end, |l| busy(l) as i64);
    let cost = v.sum(v.start, v.end, |l| if busy(l) { l.runnable } else { 0 });
    let ps = v.sum(v.start, v.end, |l| if busy(l) { l.procs } else { 0 });
    let slices = || v.ps(false).flat_map(|(_, s)| s).filter(|s| s.state == Some(GoState::Running));
    let (ran, n) = slices().fold((0, 0), |(t, n), s| (t + s.end - s.start, n + 1));
    // With slices that are short another P would have its work brought to it.
    let long = n > 0 && ran / n >= MS / 10;
    if time * 2 < v.span() || cost < ps || !long || !enough(v, cost) || !v.stalls.is_empty() {
        return Vec::new();
    }
    let (waiting, procs) = (cost as f64 / time as f64, ps as f64 / time as f64);
    let worst = v.loads.iter().filter(|l| busy(l)).max_by_key(|l| l.runnable);
    vec![Finding {
        rule: "few-ps",
        title: "Goroutines wait for a P".into(),
        cost,
        evidence: format!(
            "For {} of {} all Ps ({procs:.0}) were in use, and {waiting:.1} goroutines could have \
             run besides, on average; they run for {} at a time.",
            ns(time),
            ns(v.span()),
            ns(ran / n),
        ),
        at: worst.map_or(0, |l| v.at(l.time)),
        stack: Vec::new(),
        advice: "If the machine has more processors, raise GOMAXPROCS. If not, this is all it can \
             do: a smaller number of goroutines that compute would wait less, each."
            .into(),
    }]
}

/// Ms are given Ps, look for work, and find none.
fn many_ps(v: &View<'_>) -> Vec<Finding> {
    let runs: HashMap<i64, &[Slice]> = v.ps(false).collect();
    let (mut all, mut futile, mut cost, mut worst) = (0, 0, 0, (0, 0));
    for (p, held) in v.ps(true) {
        let runs = runs.get(&p).copied().unwrap_or_default();
        for s in held {
            all += 1;
            let i = runs.partition_point(|r| r.end <= s.start);
            if runs.get(i).is_none_or(|r| r.start >= s.end) {
                futile += 1;
                cost += s.end - s.start;
                worst = worst.max((s.end - s.start, s.start));
            }
        }
    }
    if futile < 100 || futile * 2 < all || !enough(v, cost) {
        return Vec::new();
    }
    let active = v.sum(v.start, v.end, |l| (l.running > 0) as i64).max(1);
    let mean = v.sum(v.start, v.end, |l| l.running) as f64 / active as f64;
    let procs = v.loads.iter().map(|l| l.procs).max().unwrap_or(0);
    vec![Finding {
        rule: "many-ps",
        title: "More Ps than there is work".into(),
        cost,
        evidence: format!(
            "Of {all} times that a thread was given a P it found nothing to run {futile} times; \
             where goroutines ran, {mean:.1} did at once, of {procs} that could."
        ),
        at: v.at(worst.1),
        stack: Vec::new(),
        advice: "What is made runnable is soon done with, or waits for what is running: a smaller \
             GOMAXPROCS, or more work for each wake-up, spares the looking for work."
            .into(),
    }]
}

/// Goroutines wait while Ps are idle.
fn idle_ps(v: &View<'_>) -> Vec<Finding> {
    let (mut cost, mut times, mut most, mut worst) = (0, 0, 0, (0, 0));
    for (_, slices) in v.goroutines() {
        for s in slices.iter().filter(|s| s.state == Some(GoState::Runnable)) {
            let stalled = v.stalled(s.start, s.end);
            if s.end - s.start - stalled < MS {
                continue;
            }
            let idle = v.sum(s.start, s.end, |l| (l.idle() > 0) as i64) - stalled;
            if idle < MS {
                continue;
            }
            times += 1;
            // Of those that wait as many could run as Ps are idle.
            let part = |dt: i64, l: &super::Load| dt * l.idle().min(l.runnable) / l.runnable.max(1);
            cost += v.between(s.start, s.end).map(|(l, dt)| part(dt, l)).sum::<i64>();
            worst = worst.max((idle, s.start));
            most = most.max(v.between(s.start, s.end).map(|(l, _)| l.runnable).max().unwrap_or(0));
        }
    }
    if times < 10 || !enough(v, cost / 2) {
        return Vec::new();
    }
    vec![Finding {
        rule: "idle-ps",
        title: "Goroutines could run, and Ps were idle".into(),
        cost,
        evidence: format!(
            "{times} times a goroutine could run for more than 1ms, up to {} long, while a P was \
             idle; up to {most} at once.",
            ns(worst.0)
        ),
        at: v.at(worst.1),
        stack: Vec::new(),
        advice: "The scheduler gives an idle P to a thread at once: those threads did not get a \
             processor. GOMAXPROCS is more than the machine, or its quota, has for this program; or \
             other programs kept the machine busy."
            .into(),
    }]
}

/// A running slice in which a goroutine did not let others run, and what they waited beyond a time
/// slice.
fn hogging<'a>(v: &'a View<'_>) -> impl Iterator<Item = (i64, &'a Slice, i64)> {
    v.goroutines().flat_map(move |(g, slices)| {
        slices.iter().enumerate().filter_map(move |(i, s)| {
            if s.state != Some(GoState::Running) {
                return None;
            }
            let length = s.end - s.start - v.stalled(s.start, s.end);
            // What the monitor stops late it does stop: on a busy machine it comes late itself.
            let stopped = slices.get(i + 1).is_some_and(|n| is(v, n, "preempted"));
            let (after, least) = (s.start + SLICE, if stopped { 5 * SLICE } else { 2 * SLICE });
            let full = |l: &super::Load| l.idle() == 0 && l.runnable > 0;
            (length >= least).then(|| {
                let waited = |l: &super::Load| if full(l) { l.runnable.min(l.procs) } else { 0 };
                (g, s, v.sum(after, s.end, waited) / procs(v, s.start))
            })
        })
    })
}

fn procs(v: &View<'_>, time: i64) -> i64 {
    v.between(time, time + 1).next().map_or(1, |l| l.0.procs.max(1))
}

fn is(v: &View<'_>, s: &Slice, reason: &str) -> bool {
    v.t.strings[s.reason as usize] == reason
}

/// Goroutines that neither yield nor are preempted.
fn hogs(v: &View<'_>) -> Vec<Finding> {
    let mut places = Places::new();
    for (g, s, cost) in hogging(v).filter(|h| h.2 > 0) {
        let at = key(v.place(s.ended));
        places.entry(at).or_default().add(g, cost, s.end - s.start, s.start, s.ended);
    }
    // Where most slices are short the long ones are the machine's.
    let mut all: HashMap<_, u64> = HashMap::new();
    for s in v.goroutines().flat_map(|(_, s)| s).filter(|s| s.state == Some(GoState::Running)) {
        *all.entry(key(v.place(s.ended))).or_default() += 1;
    }
    let often = |at: &_, p: &Place| p.count * 10 >= all.get(at).copied().unwrap_or(0);
    let bad = places.into_iter().filter(|(at, p)| enough(v, p.cost) && often(at, p));
    bad.map(|((func, ..), p)| Finding {
        rule: "hog",
        title: format!("Goroutines run on and let nobody in: {}", named(func, v, &p)),
        cost: p.cost,
        evidence: format!(
            "{} slices of {} on average, by {}, while others waited and no P was idle; one that \
             can be preempted ends after {}.",
            p.count,
            ns(p.time / p.count as i64),
            goroutines(&p.who),
            ns(SLICE),
        ),
        at: v.at(p.worst.1),
        stack: v.stack(p.worst.2),
        advice: "Where the slices end is shown. Call Gosched (gort::gosched) in the loop before, \
             give the work to a thread of its own (gort::blocking), or let preemption be on (is \
             GODEBUG=asyncpreemptoff=1 set?). On a machine with other work the thread may have \
             waited for a processor."
            .into(),
    })
    .collect()
}

fn goroutines(who: &BTreeSet<i64>) -> String {
    match (who.len(), who.first()) {
        (1, Some(g)) => format!("goroutine {g}"),
        (n, _) => format!("{n} goroutines"),
    }
}

/// The function of a place; where a goroutine ends there is only the one that it is called after.
fn named(func: &str, v: &View<'_>, p: &Place) -> String {
    match p.who.first() {
        Some(g) if func.is_empty() => called(v, *g),
        _ => func.to_string(),
    }
}

fn called(v: &View<'_>, g: i64) -> String {
    format!("goroutine {g} {}", v.name(g)).trim_end().to_string()
}

/// Many wait for one lock, all the time.
fn convoys(v: &View<'_>) -> Vec<Finding> {
    let mut places = Places::new();
    let mut waits: HashMap<_, Vec<(i64, i64)>> = HashMap::new();
    for (g, slices) in v.goroutines() {
        for s in slices.iter().filter(|s| s.state == Some(GoState::Waiting) && is(v, s, "sync")) {
            let others = ["sync.(*WaitGroup)", "sync.runtime_SemacquireWaitGroup"];
            if v.t.stack(s.stack).any(|f| others.iter().any(|o| f.func.starts_with(o))) {
                continue;
            }
            let (at, time) = (key(v.place(s.stack)), s.end - s.start);
            places.entry(at).or_default().add(g, time, time, s.start, s.stack);
            waits.entry(at).or_default().extend([(s.start, 1), (s.end, -1)]);
        }
    }
    let mut found = Vec::new();
    for (at, p) in places {
        let mut changes = waits.remove(&at).unwrap_or_default();
        changes.sort_unstable();
        let (mut now, mut most) = (0, 0);
        for (_, change) in changes {
            now += change;
            most = most.max(now);
        }
        // Each comes back to it, as goroutines do not that wait for others to end.
        let again = p.count >= 3 * p.who.len() as u64;
        if p.count < 30 || most < 3 || !again || p.cost * 2 < v.span() || !enough(v, p.cost) {
            continue;
        }
        found.push(Finding {
            rule: "convoy",
            title: format!("A queue before one lock: {}", at.0),
            cost: p.cost,
            evidence: format!(
                "{} waits of {} on average, by {}; up to {most} waited at once, and {:.1} on \
                 average.",
                p.count,
                ns(p.cost / p.count as i64),
                goroutines(&p.who),
                p.cost as f64 / v.span() as f64,
            ),
            at: v.at(p.worst.1),
            stack: v.stack(p.worst.2),
            advice: "Hold the lock for a shorter time (nothing that waits or computes inside), \
                 or have a lock for each part of what it guards."
                .into(),
        });
    }
    found
}

/// System calls that lose their P and then wait for one.
fn calls(v: &View<'_>) -> Vec<Finding> {
    let mut places = Places::new();
    for (g, slices) in v.goroutines() {
        for w in slices.windows(2) {
            let lost =
                w[0].state == Some(GoState::Syscall) && w[1].state == Some(GoState::Runnable);
            if lost {
                let (at, wait) = (key(v.place(w[0].stack)), w[1].end - w[1].start);
                let p = places.entry(at).or_default();
                p.add(g, wait, w[0].end - w[0].start, w[1].start, w[0].stack);
            }
        }
    }
    let bad = places.into_iter().filter(|(_, p)| p.count >= 10 && enough(v, p.cost));
    bad.map(|((func, ..), p)| Finding {
        rule: "syscalls",
        title: format!("System calls that lose their P: {func}"),
        cost: p.cost,
        evidence: format!(
            "{} calls of {} on average, by {}, came back without a P, and waited {} for one, on \
             average.",
            p.count,
            ns(p.time / p.count as i64),
            goroutines(&p.who),
            ns(p.cost / p.count as i64),
        ),
        at: v.at(p.worst.1),
        stack: v.stack(p.worst.2),
        advice: "Make fewer and larger calls, or use what the poller waits for (sockets, pipes); \
             or leave a P for what comes back: a larger GOMAXPROCS, or fewer that compute."
            .into(),
    })
    .collect()
}

/// Goroutines that take turns are woken on one thread and run on another.
fn migration(v: &View<'_>) -> Vec<Finding> {
    let active = v.sum(v.start, v.end, |l| (l.running > 0) as i64).max(1);
    let mean = v.sum(v.start, v.end, |l| l.running) as f64 / active as f64;
    let mut places = Places::new();
    let (mut all, mut ps) = (0, 0);
    for (_, slices) in v.goroutines() {
        for s in slices.iter().filter(|s| s.state == Some(GoState::Running)) {
            let Some(a) = s.woken.map(|a| &v.t.arrows[a as usize]) else { continue };
            if a.created || a.from.g == NO {
                continue;
            }
            all += 1;
            if a.from.m != s.m {
                ps += u64::from(a.from.p != s.p);
                let p = places.entry(key(v.place(a.stack))).or_default();
                p.add(a.to, s.start - a.time, 0, a.time, a.stack);
            }
        }
    }
    let moved: u64 = places.values().map(|p| p.count).sum();
    let cost = places.values().map(|p| p.cost).sum();
    let Some(p) = places.values().max_by_key(|p| p.cost) else { return Vec::new() };
    if moved < 200 || moved * 2 < all || mean >= 1.5 || !enough(v, cost) {
        return Vec::new();
    }
    vec![Finding {
        rule: "migration",
        title: "Wake-ups move work to other threads, and little runs at once".into(),
        cost,
        evidence: format!(
            "Of {all} wake-ups by goroutines {moved} led to another thread ({ps} to another P), where \
             the goroutine ran {} later, on average; where goroutines ran, {mean:.1} did at once.",
            ns(cost / moved as i64),
        ),
        at: v.at(p.worst.1),
        stack: v.stack(p.worst.2),
        advice: "The wake-up that cost most is shown. Goroutines that take turns are best on one \
             thread: do not lock them to theirs (LockOSThread), wake the other as the last thing \
             before waiting, give it more at a time (a buffer, a batch), or set GOMAXPROCS to 1."
            .into(),
    }]
}

/// A goroutine waits to run while those that came later do.
fn starvation(v: &View<'_>) -> Vec<Finding> {
    // On each P: when it ran, since when it could, which one.
    let mut ran: HashMap<i64, Vec<(i64, i64, i64, i64)>> = HashMap::new();
    for (g, slices) in v.goroutines() {
        for w in slices.windows(2) {
            if w[0].state == Some(GoState::Runnable) && w[1].state == Some(GoState::Running) {
                let on = ran.entry(w[1].p).or_default();
                on.push((w[1].start, w[1].end, w[0].start, g));
            }
        }
    }
    ran.values_mut().for_each(|r| r.sort_unstable());
    let mut places = Places::new();
    let mut over = 0;
    for (g, slices) in v.goroutines() {
        for (i, s) in slices.iter().enumerate() {
            let waited = s.end - s.start;
            let ready = s.state == Some(GoState::Runnable) && waited >= 10 * SLICE;
            // One that is new has time: the order of a tree is that of its leaves.
            let new = i == 0 || s.woken.is_some_and(|a| v.t.arrows[a as usize].created);
            let Some(next) = slices.get(i + 1).filter(|_| ready && !new) else { continue };
            let Some(ran) = ran.get(&next.p) else { continue };
            let first = ran.partition_point(|r| r.0 < s.start);
            let later = ran[first..].iter().take_while(|r| r.0 < s.end);
            let later = later.filter(|r| r.2 > s.start && r.3 != g);
            let (n, time) = later.fold((0, 0), |(n, t), r| (n + 1, t + r.1.min(s.end) - r.0));
            if n >= 20 && time * 4 >= 3 * waited {
                over += n;
                // Where it yielded; or, if it was woken, where it had waited.
                let before = i.checked_sub(1).map_or(0, |i| slices[i].stack);
                let stack = if s.stack == 0 { before } else { s.stack };
                let at = key(v.place(stack));
                places.entry(at).or_default().add(g, waited, waited, s.start, stack);
            }
        }
    }
    let cost = places.values().map(|p| p.cost).sum();
    let count: u64 = places.values().map(|p| p.count).sum();
    let Some(p) = places.values().max_by_key(|p| p.cost) else { return Vec::new() };
    if !enough(v, cost) {
        return Vec::new();
    }
    let g = p.who.first().copied().unwrap_or(0);
    vec![Finding {
        rule: "starvation",
        title: format!("Goroutines starve: {}", called(v, g)),
        cost,
        evidence: format!(
            "{count} times one could run and waited, {} on average and {} at most, while others \
             that could run later did {over} times, on the P that ran it at last.",
            ns(cost / count as i64),
            ns(p.worst.0),
        ),
        at: v.at(p.worst.1),
        stack: v.stack(p.worst.2),
        advice: "Who yields or is preempted goes to the global queue, which is looked at after 61 \
             slices if a P's own queue is never empty. Let goroutines that keep making others \
             runnable do so in smaller numbers, or run for a shorter time each."
            .into(),
    }]
}

fn leaks_and_timers(v: &View<'_>) -> Vec<Finding> {
    let mut found = leaks(v);
    found.extend(timers(v));
    found
}

/// Goroutines that are created again and again, and wait for ever.
fn leaks(v: &View<'_>) -> Vec<Finding> {
    // Place of creation and of waiting: since when each waits, when each was created.
    type Left<'a> = (Vec<(i64, i64)>, u32, BTreeSet<i64>);
    let created: HashMap<i64, _> =
        v.t.arrows.iter().filter(|a| a.created).map(|a| (a.to, a)).collect();
    let mut places: BTreeMap<_, Left<'_>> = BTreeMap::new();
    for (g, slices) in v.goroutines() {
        let (Some(s), Some(a)) = (slices.last(), created.get(&g)) else { continue };
        let reason = v.t.strings[s.reason as usize].as_str();
        let for_ever = ["chan send", "chan receive", "select", "sync", "forever"];
        if s.state != Some(GoState::Waiting) || s.end != v.end || !for_ever.contains(&reason) {
            continue;
        }
        let at = (key(v.place(a.stack)), key(v.place(s.stack)), reason);
        let left = places.entry(at).or_insert_with(|| (Vec::new(), s.stack, BTreeSet::new()));
        left.0.push((s.start, a.time));
        left.2.insert(g);
    }
    let mut found = Vec::new();
    for ((_, (func, ..), reason), (mut times, stack, who)) in places {
        times.sort_unstable_by_key(|t| t.1);
        let n = times.len();
        // What is created at one time waits for work; what was created last is not done yet.
        let old = times.iter().filter(|t| v.end - t.0 >= v.span() / 10).count();
        let spread = times[n - 1].1 - times[0].1;
        let middle = times[n * 3 / 4].1 - times[n / 4].1;
        if old < 10 || spread * 10 < 3 * v.span() || middle * 10 < v.span() {
            continue;
        }
        let cost = times.iter().map(|t| v.end - t.0).sum();
        found.push(Finding {
            rule: "leak",
            title: format!("Goroutines that nobody ends: {func}"),
            cost,
            evidence: format!(
                "{}, created one after the other in {}, wait at the end of the trace ({reason}), \
                 {old} of them for more than a tenth of it.",
                goroutines(&who),
                ns(spread),
            ),
            at: v.at(times[0].0),
            stack: v.stack(stack),
            advice: "See to it that each ends: a buffered channel for an answer that nobody may \
                 fetch, a second case in the select (a context's Done), a close for those who \
                 receive."
                .into(),
        });
    }
    found
}

/// Who sleeps is woken at the end of a long slice.
fn timers(v: &View<'_>) -> Vec<Finding> {
    let long: BTreeSet<(i64, i64)> = hogging(v).map(|h| (h.1.p, h.1.end)).collect();
    let mut places = Places::new();
    for (g, slices) in v.goroutines() {
        for s in slices.iter().filter(|s| s.state == Some(GoState::Waiting) && is(v, s, "sleep")) {
            let Some(a) = s.woken.map(|a| &v.t.arrows[a as usize]) else { continue };
            // The slice that ended last on that P, just before.
            let last = long.range(..=(a.from.p, a.time)).next_back();
            let Some((_, end)) = last.filter(|l| l.0 == a.from.p && a.time - l.1 <= MS) else {
                continue;
            };
            let slices = v.t.lanes.get(&crate::timeline::Lane::P(a.from.p));
            let slice = slices.into_iter().flatten().find(|s| s.end == *end);
            let late = slice.map_or(0, |l| (a.time - l.start).min(s.end - s.start));
            let p = places.entry(key(v.place(s.stack))).or_default();
            p.add(g, late, s.end - s.start, s.start, s.stack);
        }
    }
    let bad = places.into_iter().filter(|(_, p)| p.count >= 5 && enough(v, p.cost));
    bad.map(|((func, ..), p)| Finding {
        rule: "timers",
        title: format!("Timers are late: {func}"),
        cost: p.cost,
        evidence: format!(
            "{} of the times that {} slept ended when a long slice did, which may be up to {} too \
             late, on average.",
            p.count,
            goroutines(&p.who),
            ns(p.cost / p.count as i64),
        ),
        at: v.at(p.worst.1),
        stack: v.stack(p.worst.2),
        advice: "A P looks at its timers between slices: let the goroutines that run on yield \
             (rule hog), or leave a P idle."
            .into(),
    })
    .collect()
}
