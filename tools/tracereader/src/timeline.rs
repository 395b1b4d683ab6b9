//! When which goroutine, P and M did what, and who woke whom: what the views of a trace draw.
//!
//! All of a trace is in memory: some tens of bytes for each change of state.

use crate::event::{Context, Event, GoState, Kind, NO, Resource, StackFrame, States};
use crate::intervals::{Interval, Intervals, State};
use crate::{Table, spec};
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// What slices belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// A P that an M has, as long as it has it.
    Held(i64),
    /// A P, and the goroutines on it.
    P(i64),
    /// A goroutine.
    G(i64),
    /// An M.
    M(i64),
}

/// A time in which nothing changed in a lane. Ids are [`NO`] if there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// When it began, ns.
    pub start: i64,
    /// When it ended, ns.
    pub end: i64,
    /// The goroutine's state; none if there is no goroutine.
    pub state: Option<GoState>,
    /// The goroutine.
    pub g: i64,
    /// The P.
    pub p: i64,
    /// The M.
    pub m: i64,
    /// Why it began: one of [`Timeline::strings`].
    pub reason: u32,
    /// The stack that it began with: one of [`Timeline::stacks`].
    pub stack: u32,
    /// The stack that it ended with.
    pub ended: u32,
    /// Who ended the waiting, or let it become runnable, or so let it run: one of
    /// [`Timeline::arrows`].
    pub woken: Option<u32>,
}

/// A goroutine was made runnable, or created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// When, ns.
    pub time: i64,
    /// On what it happened; there is no goroutine if a thread of the scheduler did it.
    pub from: Context,
    /// Where.
    pub stack: u32,
    /// Which one.
    pub to: i64,
    /// It was created.
    pub created: bool,
    /// When it ran then, if it did.
    pub ran: Option<i64>,
}

/// What a [`Span`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// A stop of the world, a phase of the collector.
    Range,
    /// A task of the user's.
    Task,
    /// A region of the user's, in a goroutine.
    Region,
}

/// Something that lasts, beside the states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it is.
    pub kind: SpanKind,
    /// Its name.
    pub name: u32,
    /// What it is about.
    pub scope: Resource,
    /// The task, or that of a region; 0 if there is none.
    pub task: u64,
    /// The task's parent; 0 if there is none.
    pub parent: u64,
    /// When it began, ns; the trace's first time if it was before.
    pub start: i64,
    /// When it ended, ns; the trace's last time if it did not.
    pub end: i64,
    /// Where it began.
    pub stack: u32,
}

/// A moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When, ns.
    pub time: i64,
    /// [`Kind::Log`], [`Kind::Label`] or [`Kind::StackSample`].
    pub kind: Kind,
    /// On what.
    pub on: Context,
    /// A message's category.
    pub category: u32,
    /// The message, or the label.
    pub text: u32,
    /// The task of a message; 0 if there is none.
    pub task: u64,
    /// Where.
    pub stack: u32,
}

/// Things by number, each once; the first is the empty one.
#[derive(Clone, Debug)]
struct Numbers<T>(HashMap<T, u32>);

impl<T: Clone + Eq + Hash> Numbers<T> {
    fn of(&mut self, all: &mut Vec<T>, t: T) -> u32 {
        *self.0.entry(t).or_insert_with_key(|t| {
            all.push(t.clone());
            all.len() as u32 - 1
        })
    }
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

/// What a state began with.
#[derive(Clone, Copy, Debug)]
struct Began {
    reason: u32,
    stack: u32,
    woken: Option<u32>,
}

/// What an M has.
#[derive(Clone, Copy, Debug)]
struct Busy {
    since: i64,
    g: i64,
    p: i64,
    state: Option<GoState>,
}

/// The timeline.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gort_tracereader::{Reader, timeline::{Lane, Timeline}};
/// let file = std::io::BufReader::new(std::fs::File::open("trace.out")?);
/// let mut t = Timeline::default();
/// for e in Reader::new(file)? {
///     t.event(&e?);
/// }
/// t.finish();
/// println!("goroutine 1 changed {} times", t.lanes[&Lane::G(1)].len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Timeline {
    /// First and last time, ns.
    pub span: Option<(i64, i64)>,
    /// The slices of each lane, by time. Those of one lane do not overlap.
    pub lanes: BTreeMap<Lane, Vec<Slice>>,
    /// By time.
    pub arrows: Vec<Arrow>,
    /// By the time that they ended.
    pub spans: Vec<Span>,
    /// By time.
    pub marks: Vec<Mark>,
    /// The values of metrics by name, by time.
    pub metrics: BTreeMap<&'static str, Vec<(i64, u64)>>,
    /// Names and reasons. The first is the empty one.
    pub strings: Vec<String>,
    /// What stacks consist of.
    pub frames: Vec<StackFrame>,
    /// Stacks as numbers of frames, innermost first. The first is the empty one.
    pub stacks: Vec<Vec<u32>>,
    string_ids: Numbers<String>,
    frame_ids: Numbers<StackFrame>,
    stack_ids: Numbers<Vec<u32>>,
    /// Of the present generation, whose table it is.
    known: (Option<Table>, HashMap<u64, u32>),
    states: Intervals<Began>,
    ms: BTreeMap<i64, Busy>,
    g_on: HashMap<i64, i64>,
    p_on: HashMap<i64, i64>,
    /// Arrows to goroutines that have not run since.
    woken: HashMap<i64, u32>,
    open: Vec<Span>,
}

impl Default for Timeline {
    fn default() -> Self {
        let mut t = Self {
            span: None,
            lanes: BTreeMap::new(),
            arrows: Vec::new(),
            spans: Vec::new(),
            marks: Vec::new(),
            metrics: BTreeMap::new(),
            strings: Vec::new(),
            frames: Vec::new(),
            stacks: Vec::new(),
            string_ids: Numbers::default(),
            frame_ids: Numbers::default(),
            stack_ids: Numbers::default(),
            known: (None, HashMap::new()),
            states: Intervals::default(),
            ms: BTreeMap::new(),
            g_on: HashMap::new(),
            p_on: HashMap::new(),
            woken: HashMap::new(),
            open: Vec::new(),
        };
        t.string_ids.of(&mut t.strings, String::new());
        t.stack_ids.of(&mut t.stacks, Vec::new());
        t
    }
}

impl Timeline {
    /// Takes the next event.
    pub fn event(&mut self, ev: &Event) {
        let now = ev.time();
        if ev.kind() == Kind::Sync {
            return;
        }
        self.span = Some((self.span.map_or(now, |s| s.0), now));
        let a = ev.args();
        match ev.kind() {
            Kind::StateTransition => self.transition(ev),
            Kind::Metric => {
                let (name, value) = ev.metric();
                self.metrics.entry(name).or_default().push((now, value));
            }
            Kind::Log => {
                let (category, text) = (self.table_text(ev, a[1]), self.table_text(ev, a[2]));
                self.mark(ev, category, text, task(a[0]));
            }
            Kind::Label => {
                let text = self.table_text(ev, a[0]);
                self.mark(ev, 0, text, 0);
            }
            Kind::StackSample => self.mark(ev, 0, 0, 0),
            kind @ (Kind::RangeBegin | Kind::RangeActive | Kind::RangeEnd) => {
                let (name, scope) = ev.range();
                let span = self.new_span(ev, SpanKind::Range, &name, scope);
                let is = |s: &Span| (s.kind, s.name, s.scope) == (span.kind, span.name, span.scope);
                match (kind, self.open.iter().any(is)) {
                    (Kind::RangeEnd, true) => self.close(now, is),
                    // Each generation tells of it again.
                    (_, true) | (Kind::RangeEnd, false) => {}
                    (_, false) => self.open.push(span),
                }
            }
            Kind::TaskBegin => {
                let (id, parent, name) = ev.task();
                let span = self.new_span(ev, SpanKind::Task, &name, Resource::None);
                self.open.push(Span { task: id, parent: task(parent), ..span });
            }
            Kind::TaskEnd => {
                let (id, parent, name) = ev.task();
                let span = self.new_span(ev, SpanKind::Task, &name, Resource::None);
                let span = Span { task: id, parent: task(parent), ..span };
                self.end(now, span, |s| s.kind == SpanKind::Task && s.task == id);
            }
            Kind::RegionBegin => {
                let span = self.region(ev);
                self.open.push(span);
            }
            Kind::RegionEnd => {
                let span = self.region(ev);
                let (name, scope) = (span.name, span.scope);
                let is = |s: &Span| (s.kind, s.name, s.scope) == (SpanKind::Region, name, scope);
                self.end(now, span, is);
            }
            Kind::Bad | Kind::Sync | Kind::Experimental => {}
        }
    }

    /// Ends what lasts until the end of the trace.
    pub fn finish(&mut self) {
        let Some((_, end)) = self.span else { return };
        for i in self.states.finish(end) {
            self.slice(&i, 0, None);
        }
        for m in self.ms.keys().copied().collect::<Vec<_>>() {
            self.change(m, end, 0, |b| (b.g, b.p, b.state) = (NO, NO, None));
        }
        while let Some(s) = self.open.pop() {
            self.spans.push(Span { end, ..s });
        }
        self.known = (None, HashMap::new());
    }

    /// The frames of one of [`Timeline::stacks`], innermost first.
    pub fn stack(&self, id: u32) -> impl Iterator<Item = &StackFrame> {
        self.stacks[id as usize].iter().map(|f| &self.frames[*f as usize])
    }

    fn text(&mut self, bytes: &[u8]) -> u32 {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.string_ids.of(&mut self.strings, text)
    }

    fn table_text(&mut self, ev: &Event, id: u64) -> u32 {
        self.text(ev.table().string(id).unwrap_or_default())
    }

    fn stack_id(&mut self, ev: &Event, stack: u64) -> u32 {
        if stack == 0 {
            return 0;
        }
        if !self.known.0.as_ref().is_some_and(|t| std::rc::Rc::ptr_eq(t, &ev.table)) {
            self.known = (Some(ev.table.clone()), HashMap::new());
        }
        if let Some(id) = self.known.1.get(&stack) {
            return *id;
        }
        let frames = ev.frames(stack);
        let ids = frames.into_iter().map(|f| self.frame_ids.of(&mut self.frames, f)).collect();
        let id = self.stack_ids.of(&mut self.stacks, ids);
        self.known.1.insert(stack, id);
        id
    }

    fn mark(&mut self, ev: &Event, category: u32, text: u32, task: u64) {
        let stack = self.stack_id(ev, ev.stack());
        let (time, kind, on) = (ev.time(), ev.kind(), ev.context());
        self.marks.push(Mark { time, kind, on, category, text, task, stack });
    }

    fn new_span(&mut self, ev: &Event, kind: SpanKind, name: &[u8], scope: Resource) -> Span {
        let (name, stack) = (self.text(name), self.stack_id(ev, ev.stack()));
        let now = ev.time();
        Span { kind, name, scope, task: 0, parent: 0, start: now, end: now, stack }
    }

    fn region(&mut self, ev: &Event) -> Span {
        let name = ev.table().string(ev.args()[1]).unwrap_or_default().to_vec();
        let scope = Resource::Goroutine(ev.context().g);
        let span = self.new_span(ev, SpanKind::Region, &name, scope);
        Span { task: task(ev.args()[0]), ..span }
    }

    /// Ends the innermost that `is` it.
    fn close(&mut self, end: i64, is: impl Fn(&Span) -> bool) {
        if let Some(i) = self.open.iter().rposition(is) {
            let s = self.open.remove(i);
            self.spans.push(Span { end, ..s });
        }
    }

    /// The same; if there is none, `span` began before the trace.
    fn end(&mut self, end: i64, span: Span, is: impl Fn(&Span) -> bool) {
        if self.open.iter().any(&is) {
            self.close(end, is);
        } else {
            let start = self.span.map_or(end, |s| s.0);
            self.spans.push(Span { start, end, ..span });
        }
    }

    fn transition(&mut self, ev: &Event) {
        let (now, on) = (ev.time(), ev.context());
        let t = ev.state_transition();
        let stack = self.stack_id(ev, t.stack);
        let reason = self.text(&t.reason);
        match (t.resource, t.states) {
            (Resource::Goroutine(id), States::Go(from, to)) => {
                let wakes = matches!(ev.typ(), spec::GO_UNBLOCK | spec::GO_SWITCH)
                    || ev.typ() == spec::GO_SWITCH_DESTROY;
                let created = matches!(ev.typ(), spec::GO_CREATE | spec::GO_CREATE_BLOCKED);
                let mut woken = None;
                if wakes || created {
                    let stack = self.stack_id(ev, ev.stack());
                    let arrow = Arrow { time: now, from: on, stack, to: id, created, ran: None };
                    woken = Some(self.arrows.len() as u32);
                    self.woken.insert(id, self.arrows.len() as u32);
                    self.arrows.push(arrow);
                }
                if to == GoState::Running {
                    woken = self.woken.remove(&id);
                    if let Some(a) = woken {
                        self.arrows[a as usize].ran = Some(now);
                    }
                }
                let ended = self.states.change(&t, now, Began { reason, stack, woken });
                if let Some(i) = ended {
                    let ended = if from.executing() { stack } else { 0 };
                    self.slice(&i, ended, woken);
                }
                let now_on = to.executing().then(|| match ev.typ() {
                    spec::GO_STATUS | spec::GO_STATUS_STACK => ev.args()[1] as i64,
                    _ => on.m,
                });
                let was_on = self.g_on.remove(&id);
                if let Some(m) = was_on.filter(|m| Some(*m) != now_on) {
                    self.change(m, now, stack, |b| {
                        if b.g == id {
                            (b.g, b.state) = (NO, None);
                        }
                    });
                }
                if let Some(m) = now_on {
                    self.change(m, now, stack, |b| (b.g, b.state) = (id, Some(to)));
                    self.g_on.insert(id, m);
                }
                if to == GoState::NotExist {
                    let of = |s: &Span| s.kind == SpanKind::Region && s.scope == t.resource;
                    while self.open.iter().any(of) {
                        self.close(now, of);
                    }
                }
            }
            (Resource::Proc(id), States::Proc(..)) => {
                let ended = self.states.change(&t, now, Began { reason, stack, woken: None });
                if let Some(i) = ended {
                    self.slice(&i, 0, None);
                }
                if let Some(m) = self.p_on.remove(&id) {
                    self.change(m, now, 0, |b| {
                        if b.p == id {
                            b.p = NO;
                        }
                    });
                }
                if self.states.has(t.resource) {
                    self.change(on.m, now, 0, |b| b.p = id);
                    self.p_on.insert(id, on.m);
                }
            }
            _ => {}
        }
    }

    /// A slice of a goroutine, or of a P that an M has.
    fn slice(&mut self, i: &Interval<Began>, ended: u32, woken: Option<u32>) {
        if i.start == i.end {
            return; // It began with the last event.
        }
        let Began { reason, stack, woken: began } = i.what;
        let mut s = Slice {
            start: i.start,
            end: i.end,
            state: None,
            g: NO,
            p: NO,
            m: NO,
            reason,
            stack,
            ended,
            woken: began,
        };
        let lane = match (i.resource, i.state) {
            (_, State::Go(GoState::Undetermined | GoState::NotExist)) => return,
            (Resource::Goroutine(g), State::Go(state)) => {
                let on = self.g_on.get(&g).filter(|_| state.executing());
                s.m = on.copied().unwrap_or(NO);
                s.p = self.ms.get(&s.m).map_or(NO, |b| b.p);
                (s.g, s.state) = (g, Some(state));
                if state == GoState::Waiting {
                    s.woken = woken;
                }
                Lane::G(g)
            }
            (Resource::Proc(p), _) => {
                (s.p, s.m) = (p, self.p_on.get(&p).copied().unwrap_or(NO));
                Lane::Held(p)
            }
            _ => return,
        };
        self.lanes.entry(lane).or_default().push(s);
    }

    /// Changes what an M has; what it had is a slice of the M, and of the P.
    fn change(&mut self, m: i64, now: i64, ended: u32, f: impl FnOnce(&mut Busy)) {
        if m == NO {
            return;
        }
        let b = self.ms.entry(m).or_insert(Busy { since: now, g: NO, p: NO, state: None });
        let old = *b;
        f(b);
        if (old.g, old.p, old.state) == (b.g, b.p, b.state) {
            return;
        }
        b.since = now;
        let Busy { since: start, g, p, state } = old;
        if (g == NO && p == NO) || start == now {
            return;
        }
        let s = Slice { start, end: now, state, g, p, m, reason: 0, stack: 0, ended, woken: None };
        if p != NO && g != NO {
            self.lanes.entry(Lane::P(p)).or_default().push(s.clone());
        }
        self.lanes.entry(Lane::M(m)).or_default().push(s);
    }
}

/// The numbers of no task are two.
fn task(id: u64) -> u64 {
    if id == crate::event::NO_TASK { 0 } else { id }
}
