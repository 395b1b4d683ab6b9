//! What must hold of the events that a [`crate::Reader`] gives: times rise, states follow each
//! other, a thread runs one goroutine.
//!
//! Go (internal/trace): testtrace/validation.go:16 Validator

use crate::HashMap;
use crate::event::{Context, Event, GoState, Kind, NO, NO_TASK, ProcState, Resource, States};
use crate::spec;

/// Checks events one after the other.
#[derive(Default)]
pub struct Validator {
    // :17
    last_ts: i64,
    // :18
    gs: HashMap<i64, (GoState, Option<i64>)>,
    // :19
    ps: HashMap<i64, (ProcState, Option<i64>)>,
    // :20
    ms: HashMap<i64, Context>,
    // :21
    ranges: HashMap<Resource, Vec<Vec<u8>>>,
    // :22
    tasks: HashMap<u64, Vec<u8>>,
    // :23
    seen_sync: bool,
}

/// Checks a whole trace; the number of its events.
///
/// # Errors
/// If anything is wrong with it, with the place.
pub fn check(input: impl std::io::BufRead) -> Result<usize, String> {
    let mut reader = crate::Reader::new(input).map_err(|e| e.to_string())?;
    let mut validator = Validator::default();
    let mut n = 0;
    while let Some(e) = reader.read_event().map_err(|e| e.to_string())? {
        validator.event(&e).map_err(|text| format!("{text} (offset {})", e.offset()))?;
        n += 1;
    }
    match reader.cut() {
        Some(e) => Err(format!("{e}: the trace is cut")),
        None => Ok(n),
    }
}

fn text(s: &[u8]) -> String {
    String::from_utf8_lossy(s).into_owned()
}

impl Validator {
    /// What is wrong with the next event, in Go's words, a line each.
    ///
    /// # Errors
    /// If anything is.
    ///
    /// Go (internal/trace): testtrace/validation.go:57 Event
    pub fn event(&mut self, ev: &Event) -> Result<(), String> {
        let mut e = Vec::new();
        // :61
        if self.last_ts != 0 && ev.time() <= self.last_ts {
            e.push(format!("timestamp out-of-order for {ev}"));
        } else {
            self.last_ts = ev.time();
        }
        // :72: Go's check passes every frame, as it counts none
        if ev.table().stack(ev.stack()).is_none() {
            e.push(format!("expected id {} in stack table", ev.stack()));
        }
        // :74
        match ev.kind() {
            // :75
            Kind::Sync => self.seen_sync = true,
            // :93
            Kind::Label => {
                // :94
                let (label, g) = (ev.table().string(ev.args()[0]), ev.context().g);
                if label.is_none_or(<[u8]>::is_empty) {
                    e.push("invalid label \"\"".into());
                }
                // :109
                if !self.gs.contains_key(&g) {
                    e.push(format!("label for invalid goroutine {g}"));
                }
            }
            // :126
            Kind::StateTransition => {
                // :133
                let t = ev.state_transition();
                match (t.resource, t.states) {
                    (Resource::Goroutine(id), States::Go(from, to)) => {
                        self.goroutine(&mut e, ev, id, from, to, t.stack);
                    }
                    (Resource::Proc(id), States::Proc(from, to)) => {
                        self.proc(&mut e, ev, id, from, to)
                    }
                    _ => {}
                }
            }
            // :238
            kind @ (Kind::RangeBegin | Kind::RangeActive | Kind::RangeEnd) => {
                // :240
                let (name, scope) = ev.range();
                let ranges = self.ranges.entry(scope).or_default();
                let at = ranges.iter().position(|r| *r == name);
                match (kind, at) {
                    // :244
                    (Kind::RangeBegin, Some(_)) => {
                        e.push(format!(
                            "already active range {:?} on {scope} begun again",
                            text(&name)
                        ));
                        ranges.push(name);
                    }
                    (Kind::RangeBegin | Kind::RangeActive, None) => ranges.push(name),
                    // :253
                    (Kind::RangeEnd, None) => {
                        e.push(format!("inactive range {:?} on {scope} ended", text(&name)));
                    }
                    (Kind::RangeEnd, Some(i)) => {
                        ranges.remove(i);
                    }
                    _ => {}
                }
                if ranges.is_empty() {
                    self.ranges.remove(&scope);
                }
            }
            // :257
            Kind::TaskBegin => {
                let (id, parent, name) = ev.task();
                if id == NO_TASK || id == 0 {
                    e.push(format!("found invalid task ID for task of type {}", text(&name)));
                }
                // :264
                if parent == 0 {
                    e.push(format!(
                        "found background task as the parent for task of type {}",
                        text(&name)
                    ));
                }
                // :269
                self.tasks.insert(id, name);
            }
            // :270
            Kind::TaskEnd => {
                let (id, _, name) = ev.task();
                // :275
                if let Some(began) = self.tasks.remove(&id)
                    && began != name
                {
                    let (is, was) = (text(&name), text(&began));
                    e.push(format!(
                        "task end type {is:?} doesn't match task start type {was:?} for task {id}"
                    ));
                }
            }
            _ => {}
        }
        if e.is_empty() { Ok(()) } else { Err(e.join("\n")) }
    }

    fn dying_with_ranges(&self, r: Resource) -> bool {
        self.ranges.get(&r).is_some_and(|r| !r.is_empty())
    }

    fn goroutine(
        &mut self,
        e: &mut Vec<String>,
        ev: &Event,
        id: i64,
        from: GoState,
        to: GoState,
        stack: u64,
    ) {
        // internal/trace/testtrace/validation.go:141
        if to == GoState::Undetermined {
            e.push(format!("transition to undetermined state for goroutine {id}"));
        }
        if self.seen_sync && from == GoState::Undetermined {
            e.push(format!("undetermined goroutine {id} after first global sync"));
        }
        if to == GoState::NotExist && self.dying_with_ranges(Resource::Goroutine(id)) {
            e.push(format!("goroutine {id} died with active ranges"));
        }
        // internal/trace/testtrace/validation.go:152
        match self.gs.get(&id) {
            Some((state, _)) if *state != from => {
                e.push(format!("bad old state for goroutine {id}: got {from:?}, want {state:?}"));
            }
            None if from != GoState::Undetermined && from != GoState::NotExist => {
                e.push(format!("bad old state for unregistered goroutine {id}: {from:?}"));
            }
            _ => {}
        }
        let bound = self.gs.get(&id).and_then(|g| g.1);
        let mut binding = bound;
        let m = ev.context().m;
        // internal/trace/testtrace/validation.go:163
        if to.executing() {
            if let Some(c) = self.thread(e, m) {
                if c.g != NO && c.g != id {
                    let g = c.g;
                    e.push(format!(
                        "tried to run goroutine {id} when one was already executing ({g}) on thread {m}"
                    ));
                }
                c.g = id;
                binding = Some(m);
            }
        } else if from.executing() {
            // internal/trace/testtrace/validation.go:173
            if stack != ev.stack() {
                e.push("StateTransition.Stack doesn't match Event.Stack".into());
            }
            match bound.and_then(|m| self.ms.get_mut(&m)) {
                Some(c) => {
                    if c.g != id {
                        let g = c.g;
                        e.push(format!(
                            "tried to stop goroutine {id} when it wasn't currently executing \
                             (currently executing {g}) on thread {m}"
                        ));
                    }
                    c.g = NO;
                    binding = None;
                }
                None => e.push(format!("stopping goroutine {id} not bound to any active context")),
            }
        }
        if to == GoState::NotExist {
            // Go keeps it for ever. The reader gives nothing of a goroutine that has ended but its
            // creation, for which NotExist and unknown are the same.
            self.gs.remove(&id);
        } else {
            self.gs.insert(id, (to, binding));
        }
    }

    fn proc(&mut self, e: &mut Vec<String>, ev: &Event, id: i64, from: ProcState, to: ProcState) {
        // internal/trace/testtrace/validation.go:194
        if to == ProcState::Undetermined {
            e.push(format!("transition to undetermined state for proc {id}"));
        }
        if self.seen_sync && from == ProcState::Undetermined {
            e.push(format!("undetermined proc {id} after first global sync"));
        }
        if to == ProcState::NotExist && self.dying_with_ranges(Resource::Proc(id)) {
            e.push(format!("proc {id} died with active ranges"));
        }
        // internal/trace/testtrace/validation.go:205
        match self.ps.get(&id) {
            Some((state, _)) if *state != from => {
                e.push(format!("bad old state for proc {id}: got {from:?}, want {state:?}"));
            }
            None if from != ProcState::Undetermined && from != ProcState::NotExist => {
                e.push(format!("bad old state for unregistered proc {id}: {from:?}"));
            }
            _ => {}
        }
        let bound = self.ps.get(&id).and_then(|p| p.1);
        let mut binding = bound;
        let m = ev.context().m;
        if to == ProcState::Running {
            // internal/trace/testtrace/validation.go:220
            if let Some(c) = self.thread(e, m) {
                if c.p != NO && c.p != id {
                    let p = c.p;
                    e.push(format!(
                        "tried to run proc {id} when one was already executing ({p}) on thread {m}"
                    ));
                }
                c.p = id;
                binding = Some(m);
            }
        } else if from == ProcState::Running {
            // internal/trace/testtrace/validation.go:229
            match bound.and_then(|m| self.ms.get_mut(&m)) {
                Some(c) => {
                    if c.p != id {
                        let Context { p, m, .. } = *c;
                        e.push(format!(
                            "tried to stop proc {id} when it wasn't currently executing \
                             (currently executing {p}) on thread {m}"
                        ));
                    }
                    c.p = NO;
                    binding = None;
                }
                None => e.push(format!("stopping proc {id} not bound to any active context")),
            }
        }
        self.ps.insert(id, (to, binding));
    }

    /// Go (internal/trace): testtrace/validation.go:320 getOrCreateThread
    fn thread(&mut self, e: &mut Vec<String>, m: i64) -> Option<&mut Context> {
        // :338
        if m == NO {
            e.push("must have thread, but thread ID is none".into());
            return None;
        }
        // :342
        Some(self.ms.entry(m).or_insert(Context { g: NO, p: NO, m }))
    }
}

/// Whether Go's validator would look at this event at all: unknown types end its reader before.
pub fn known(typ: spec::Type) -> bool {
    !spec::spec(typ).name.is_empty()
}
