//! The state machines of goroutines, Ps and Ms: which event can come next.
//!
//! Go (internal/trace): order.go:23 ordering

use crate::HashMap;
use crate::event::{BaseEvent, Context, Event, GoState, NO, NO_TASK, ProcState, Table};
use crate::spec::{self, Type};
use crate::{Error, Result};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::rc::Rc;

// Statuses of goroutines as the file has them.
const GO_RUNNABLE: u8 = 1;
const GO_RUNNING: u8 = 2;
const GO_SYSCALL: u8 = 3;
const GO_WAITING: u8 = 4;

// Statuses of Ps as the file has them.
const PROC_RUNNING: u8 = 1;
const PROC_IDLE: u8 = 2;
const PROC_SYSCALL: u8 = 3;
const PROC_SYSCALL_ABANDONED: u8 = 4;

fn go_status(s: u8) -> &'static str {
    match s {
        GO_RUNNABLE => "Runnable",
        GO_RUNNING => "Running",
        GO_SYSCALL => "Syscall",
        GO_WAITING => "Waiting",
        _ => "Bad",
    }
}

fn proc_status(s: u8) -> &'static str {
    match s {
        PROC_RUNNING => "Running",
        PROC_IDLE => "Idle",
        PROC_SYSCALL => "Syscall",
        _ => "Bad",
    }
}

/// How often something has happened to a goroutine or P in a generation: its events have numbers.
///
/// Go (internal/trace): order.go:1288 seqCounter
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seq {
    generation: u64,
    n: u64,
}

impl Seq {
    fn succeeds(self, b: Self) -> bool {
        self.generation == b.generation && self.n == b.n.wrapping_add(1)
    }
}

impl std::fmt::Display for Seq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (gen={})", self.n, self.generation)
    }
}

/// A range of time: the type that begins it, and a string for its kind.
type RangeType = (Type, u64);

/// Go (internal/trace): order.go:1225 rangeState
#[derive(Default)]
struct Ranges(Vec<RangeType>);

/// Go (internal/trace): order.go:1169 makeRangeType
fn range_type(typ: Type, desc: u64) -> RangeType {
    let start = spec::spec(typ).start;
    (if start != spec::NONE { start } else { typ }, desc)
}

impl Ranges {
    /// Go (internal/trace): order.go:1233 beginRange
    fn begin(&mut self, t: RangeType) -> Result<()> {
        if self.0.contains(&t) {
            let name = spec::spec(t.0).name;
            return fail(format!(
                "discovered event already in-flight for when starting event {name}"
            ));
        }
        self.0.push(t);
        Ok(())
    }

    /// Go (internal/trace): order.go:1243 activeRange
    fn active(&mut self, t: RangeType, initial: bool) -> Result<()> {
        let has = self.0.contains(&t);
        // :1244
        if initial && has {
            return fail(format!(
                "found named active range already in first gen: {{{} {}}}",
                t.0, t.1
            ));
        } else if initial {
            self.0.push(t);
        } else if !has {
            let flying: Vec<String> =
                self.0.iter().map(|t| format!("{{{} {}}}", t.0, t.1)).collect();
            let name = spec::spec(t.0).name;
            return fail(format!(
                "resource is missing active range: {name} [{}]",
                flying.join(" ")
            ));
        }
        Ok(())
    }

    /// Go (internal/trace): order.go:1268 endRange
    fn end(&mut self, typ: Type) -> Result<u64> {
        let start = spec::spec(typ).start;
        // :1271
        let Some(i) = self.0.iter().position(|r| r.0 == start) else {
            let name = spec::spec(start).name;
            return fail(format!("tried to end event {name}, but not in-flight"));
        };
        // :1280
        Ok(self.0.swap_remove(i).1)
    }
}

/// Go (internal/trace): order.go:1177 gState
struct G {
    status: u8,
    seq: Seq,
    regions: Vec<(u64, Vec<u8>)>,
    ranges: Ranges,
}

impl G {
    fn new(status: u8, seq: Seq) -> Self {
        Self { status, seq, regions: Vec::new(), ranges: Ranges::default() }
    }
}

/// Go (internal/trace): order.go:1209 pState
struct P {
    status: u8,
    seq: Seq,
    ranges: Ranges,
}

/// Go (internal/trace): order.go:1219 mState
#[derive(Clone, Copy)]
struct M {
    g: i64,
    p: i64,
}

/// Go (internal/trace): order.go:1128 gcState
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Gc {
    #[default]
    Undetermined,
    NotRunning,
    Running,
}

/// Go (internal/trace): event/requirements.go:16 Constraint
#[derive(Clone, Copy, PartialEq)]
enum Need {
    Not,
    May,
    Must,
}
use Need::{May, Must, Not};

/// For thread, P and goroutine.
///
/// Go (internal/trace): event/requirements.go:9 SchedReqs
type Needs = [Need; 3];

/// Go (internal/trace): event/requirements.go:26 UserGoReqs
const USER_GO: Needs = [Must, Must, Must];

fn fail<T>(text: impl Into<String>) -> Result<T> {
    Err(Error::new(text))
}

/// Go (internal/trace): order.go:1101 validateCtx
fn validate(c: Context, needs: Needs) -> Result<()> {
    // :1102
    for (need, (id, what)) in
        needs.into_iter().zip([(c.m, "thread"), (c.p, "proc"), (c.g, "goroutine")])
    {
        if need == Must && id == NO {
            return fail(format!("expected a {what} but didn't have one"));
        }
        // :1105
        if need == Not && id != NO {
            return fail(format!("expected no {what} but had one"));
        }
    }
    Ok(())
}

/// One call of a handler.
struct Step<'a> {
    ev: &'a mut BaseEvent,
    table: &'a Rc<Table>,
    generation: u64,
    c: Context,
}

/// What a handler says: the new context, if the event could be taken.
type Advanced = Result<Option<Context>>;

/// The states of everything.
#[derive(Default)]
pub struct Ordering {
    gs: HashMap<i64, G>,
    ps: HashMap<i64, P>,
    ms: BTreeMap<i64, M>,
    tasks: HashMap<u64, (Vec<u8>, u64)>,
    gc_seq: u64,
    gc: Gc,
    initial: u64,
    queue: VecDeque<Event>,
}

impl Ordering {
    /// The next event that has been taken.
    pub(crate) fn next(&mut self) -> Option<Event> {
        self.queue.pop_front()
    }

    /// Takes the event of thread `m`, if it can have happened now. What was taken comes out of
    /// [`Self::next`].
    ///
    /// # Errors
    /// It can never have happened.
    ///
    /// Go (internal/trace): order.go:46 Advance
    pub(crate) fn advance(
        &mut self,
        ev: &mut BaseEvent,
        table: &Rc<Table>,
        m: i64,
        generation: u64,
    ) -> Result<bool> {
        // :47
        if self.initial == 0 {
            self.initial = generation;
        }
        // :57
        let mut c = Context { g: NO, p: NO, m };
        if m != NO {
            // :64
            let ms = self.ms.entry(m).or_insert(M { g: NO, p: NO });
            (c.g, c.p) = (ms.g, ms.p);
        }
        let typ = ev.typ;
        let s = Step { ev, table, generation, c };
        use spec::*;
        // :77
        let new = match typ {
            PROCS_CHANGE | GO_LABEL | USER_LOG => self.annotation(s, USER_GO),
            PROC_START => self.proc_start(s),
            PROC_STOP => self.proc_stop(s),
            PROC_STEAL => self.proc_steal(s),
            PROC_STATUS => self.proc_status(s),
            GO_CREATE | GO_CREATE_BLOCKED => self.go_create(s),
            GO_CREATE_SYSCALL => self.go_create_syscall(s),
            GO_START => self.go_start(s),
            GO_DESTROY | GO_STOP | GO_BLOCK => self.go_stop_exec(s),
            GO_DESTROY_SYSCALL => self.go_destroy_syscall(s),
            GO_UNBLOCK => self.go_unblock(s),
            GO_SYSCALL_BEGIN => self.go_syscall_begin(s),
            GO_SYSCALL_END => self.go_syscall_end(s),
            GO_SYSCALL_END_BLOCKED => self.go_syscall_end_blocked(s),
            GO_STATUS | GO_STATUS_STACK => self.go_status(s),
            STW_BEGIN | GC_MARK_ASSIST_BEGIN => self.go_range_begin(s),
            STW_END | GC_MARK_ASSIST_END => self.go_range_end(s),
            GC_ACTIVE => self.gc_active(s),
            GC_BEGIN => self.gc_begin(s),
            GC_END => self.gc_end(s),
            GC_SWEEP_ACTIVE => self.gc_sweep_active(s),
            GC_SWEEP_BEGIN => self.gc_sweep_begin(s),
            GC_SWEEP_END => self.gc_sweep_end(s),
            GC_MARK_ASSIST_ACTIVE => self.go_range_active(s),
            HEAP_ALLOC | HEAP_GOAL => self.annotation(s, [Must, Must, May]),
            USER_TASK_BEGIN => self.user_task_begin(s),
            USER_TASK_END => self.user_task_end(s),
            USER_REGION_BEGIN => self.user_region(s, true),
            USER_REGION_END => self.user_region(s, false),
            GO_SWITCH | GO_SWITCH_DESTROY => self.go_switch(s),
            SPAN..=GOROUTINE_STACK_FREE => self.annotation(s, [Must, May, May]),
            // :79
            _ => return fail(format!("bad event type found while ordering: {typ}")),
        }?;
        // :83
        if let Some(new) = new
            && m != NO
        {
            self.ms.insert(m, M { g: new.g, p: new.p });
        }
        Ok(new.is_some())
    }

    fn push(&mut self, s: &Step<'_>, context: Context) {
        self.queue.push_back(Event { table: s.table.clone(), context, base: *s.ev });
    }

    /// The running goroutine, in `status`; an error in Go's words for `said` if it is not.
    fn current(&mut self, s: &Step<'_>, status: u8, said: &str) -> Result<&mut G> {
        let name = spec::spec(s.ev.typ).name;
        let Some(g) = self.gs.get_mut(&s.c.g) else {
            return fail(format!("event {name} for goroutine ({}) that doesn't exist", s.c.g));
        };
        if g.status != status {
            return fail(format!("{name} event for goroutine that's not {said}"));
        }
        Ok(g)
    }

    fn uninitialized<T>(s: &Step<'_>) -> Result<T> {
        fail(format!("uninitialized proc {} found during {}", s.c.p, spec::spec(s.ev.typ).name))
    }

    /// Go (internal/trace): order.go:165 advanceProcStatus
    fn proc_status(&mut self, s: Step<'_>) -> Advanced {
        let (pid, status) = (s.ev.args[0] as i64, s.ev.args[1]);
        // :168: Go looks at the low byte here, and stumbles over the rest later
        let Some(mut old) = ProcState::by_status(status) else {
            return fail(format!("invalid status for proc {pid}: {status}"));
        };
        let status = status as u8;
        let seq = Seq { generation: s.generation, n: 0 };
        if let Some(p) = self.ps.get_mut(&pid) {
            // :173
            if status == PROC_SYSCALL_ABANDONED && p.status == PROC_SYSCALL {
                // nothing has been lost after all
                old = ProcState::Running;
                s.ev.args[1] = PROC_SYSCALL.into();
            } else if status == PROC_SYSCALL_ABANDONED && p.status == PROC_SYSCALL_ABANDONED {
                // :180
                old = ProcState::Idle;
            } else if p.status != status {
                // :186
                let (was, is) = (proc_status(p.status), proc_status(status));
                return fail(format!("inconsistent status for proc {pid}: old {was} vs. new {is}"));
            }
            p.seq = seq;
        } else {
            // :190
            self.ps.insert(pid, P { status, seq, ranges: Ranges::default() });
            let first = s.generation == self.initial;
            old = if first { ProcState::Undetermined } else { ProcState::NotExist };
        }
        s.ev.extra()[0] = old as u64;
        // :199
        let (mut cur, mut new) = (s.c, s.c);
        if status == PROC_RUNNING || status == PROC_SYSCALL {
            new.p = pid;
        }
        // :210: about to be stolen; the event belongs to who has it
        if status == PROC_SYSCALL_ABANDONED && old == ProcState::Running {
            let Some((m, ms)) = self.ms.iter().rfind(|(_, ms)| ms.p == pid) else {
                return fail(format!(
                    "failed to find sched context for proc {pid} that's about to be stolen"
                ));
            };
            cur = Context { g: ms.g, p: pid, m: *m };
        }
        self.push(&s, cur);
        Ok(Some(new))
    }

    /// Go (internal/trace): order.go:229 advanceProcStart
    fn proc_start(&mut self, s: Step<'_>) -> Advanced {
        let pid = s.ev.args[0] as i64;
        let seq = Seq { generation: s.generation, n: s.ev.args[1] };
        // :236: it may come later
        let Some(p) = self.ps.get_mut(&pid) else { return Ok(None) };
        if p.status != PROC_IDLE || !seq.succeeds(p.seq) || s.c.p != NO {
            return Ok(None);
        }
        // :248
        validate(s.c, [Must, Not, May])?;
        p.status = PROC_RUNNING;
        p.seq = seq;
        // :255
        let new = Context { p: pid, ..s.c };
        self.push(&s, s.c);
        Ok(Some(new))
    }

    /// Go (internal/trace): order.go:260 advanceProcStop
    fn proc_stop(&mut self, s: Step<'_>) -> Advanced {
        // :270
        let Some(p) = self.ps.get_mut(&s.c.p) else {
            return fail(format!("event ProcStop for proc ({}) that doesn't exist", s.c.p));
        };
        // :274
        if p.status != PROC_RUNNING && p.status != PROC_SYSCALL {
            return fail("ProcStop event for proc that's not Running or Syscall");
        }
        validate(s.c, [Must, Must, May])?;
        p.status = PROC_IDLE;
        // :283
        let new = Context { p: NO, ..s.c };
        self.push(&s, s.c);
        Ok(Some(new))
    }

    /// Go (internal/trace): order.go:288 advanceProcSteal
    fn proc_steal(&mut self, s: Step<'_>) -> Advanced {
        let pid = s.ev.args[0] as i64;
        let seq = Seq { generation: s.generation, n: s.ev.args[1] };
        // :291: it may come later
        let Some(p) = self.ps.get_mut(&pid) else { return Ok(None) };
        let stealable = p.status == PROC_SYSCALL || p.status == PROC_SYSCALL_ABANDONED;
        if !stealable || !seq.succeeds(p.seq) {
            return Ok(None);
        }
        // :299
        validate(s.c, [Must, May, May])?;
        // :309
        let old = p.status;
        s.ev.extra()[0] = old.into();
        p.status = PROC_IDLE;
        p.seq = seq;
        // :318: who had it may have moved on
        if old == PROC_SYSCALL_ABANDONED {
            self.push(&s, s.c);
            return Ok(Some(s.c));
        }
        // :324
        let mid = s.ev.args[2] as i64;
        let mut new = s.c;
        // :327
        if mid == s.c.m {
            if s.c.p != pid {
                return fail(format!(
                    "tried to self-steal proc {pid} (thread {mid}), but got proc {} instead",
                    s.c.p
                ));
            }
            new.p = NO;
            self.push(&s, s.c);
            return Ok(Some(new));
        }
        // :338
        let Some(ms) = self.ms.get_mut(&mid) else {
            return fail(format!("stole proc from non-existent thread {mid}"));
        };
        if ms.p != pid {
            let has = ms.p;
            return fail(format!(
                "tried to steal proc {pid} from thread {mid}, but got proc {has} instead"
            ));
        }
        // :354: now its GoSyscallEndBlocked can come
        ms.p = NO;
        self.push(&s, s.c);
        Ok(Some(new))
    }

    /// Go (internal/trace): order.go:359 advanceGoStatus
    fn go_status(&mut self, s: Step<'_>) -> Advanced {
        let (gid, mid, status) = (s.ev.args[0] as i64, s.ev.args[1] as i64, s.ev.args[2]);
        // :364: as for Ps
        let Some(mut old) = GoState::by_status(status) else {
            return fail(format!("invalid status for goroutine {gid}: {status}"));
        };
        let status = status as u8;
        let seq = Seq { generation: s.generation, n: 0 };
        // :368
        if let Some(g) = self.gs.get_mut(&gid) {
            if g.status != status {
                let (was, is) = (go_status(g.status), go_status(status));
                return fail(format!(
                    "inconsistent status for goroutine {gid}: old {was} vs. new {is}"
                ));
            }
            g.seq = seq;
        } else if s.generation == self.initial {
            // :374
            self.gs.insert(gid, G::new(status, seq));
            old = GoState::Undetermined;
        } else {
            // :378
            return fail(format!(
                "found goroutine status for new goroutine after the first generation: id={gid} status={}",
                go_status(status)
            ));
        }
        s.ev.extra()[0] = old as u64;
        let (mut cur, mut new) = (s.c, s.c);
        // :384
        if status == GO_RUNNING {
            new.g = gid;
        } else if status == GO_SYSCALL {
            // :388
            if mid == NO {
                return fail(format!("found goroutine {gid} in syscall without a thread"));
            }
            let inconsistent = |has: i64| {
                fail(format!(
                    "inconsistent thread for syscalling goroutine {gid}: thread has goroutine {has}"
                ))
            };
            // :394
            if mid == cur.m {
                if s.generation != self.initial && cur.g != gid {
                    return inconsistent(cur.g);
                }
                new.g = gid;
            } else {
                // :410: in a call for the whole generation, without a P
                match self.ms.get(&mid) {
                    Some(ms) if ms.g != gid => return inconsistent(ms.g),
                    Some(ms) => cur.g = ms.g,
                    // :425
                    None => {
                        self.ms.insert(mid, M { g: gid, p: NO });
                    }
                }
                // :430
                cur.m = mid;
            }
        }
        self.push(&s, cur);
        Ok(Some(new))
    }

    /// Go (internal/trace): order.go:436 advanceGoCreate
    fn go_create(&mut self, s: Step<'_>) -> Advanced {
        // :439
        validate(s.c, [Must, Must, May])?;
        // :444
        if self.gs.get(&s.c.g).is_some_and(|g| g.status != GO_RUNNING) {
            let name = spec::spec(s.ev.typ).name;
            return fail(format!("{name} event for goroutine that's not Running"));
        }
        // :448
        let id = s.ev.args[0] as i64;
        if self.gs.contains_key(&id) {
            return fail(format!("tried to create goroutine ({id}) that already exists"));
        }
        // :453
        let blocked = s.ev.typ == spec::GO_CREATE_BLOCKED;
        let status = if blocked { GO_WAITING } else { GO_RUNNABLE };
        self.gs.insert(id, G::new(status, Seq { generation: s.generation, n: 0 }));
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:461 advanceGoStopExec
    fn go_stop_exec(&mut self, s: Step<'_>) -> Advanced {
        // :465
        validate(s.c, USER_GO)?;
        let g = self.current(&s, GO_RUNNING, "Running")?;
        // :479
        match s.ev.typ {
            spec::GO_DESTROY => {
                self.gs.remove(&s.c.g);
            }
            // :483
            spec::GO_STOP => g.status = GO_RUNNABLE,
            // :487
            _ => g.status = GO_WAITING,
        }
        self.push(&s, s.c);
        Ok(Some(Context { g: NO, ..s.c }))
    }

    /// Go (internal/trace): order.go:496 advanceGoStart
    fn go_start(&mut self, s: Step<'_>) -> Advanced {
        let gid = s.ev.args[0] as i64;
        let seq = Seq { generation: s.generation, n: s.ev.args[1] };
        // :499: it may come later
        let Some(g) = self.gs.get_mut(&gid) else { return Ok(None) };
        if g.status != GO_RUNNABLE || !seq.succeeds(g.seq) {
            return Ok(None);
        }
        // :507
        validate(s.c, [Must, Must, Not])?;
        g.status = GO_RUNNING;
        g.seq = seq;
        // :514
        self.push(&s, s.c);
        Ok(Some(Context { g: gid, ..s.c }))
    }

    /// Go (internal/trace): order.go:519 advanceGoUnblock
    fn go_unblock(&mut self, s: Step<'_>) -> Advanced {
        let gid = s.ev.args[0] as i64;
        let seq = Seq { generation: s.generation, n: s.ev.args[1] };
        // :523: it may come later
        let Some(g) = self.gs.get_mut(&gid) else { return Ok(None) };
        if g.status != GO_WAITING || !seq.succeeds(g.seq) {
            return Ok(None);
        }
        // :530: anybody can do this, sysmon too
        g.status = GO_RUNNABLE;
        g.seq = seq;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Unblocks a goroutine, blocks or ends this one, and starts the other: three events.
    ///
    /// Go (internal/trace): order.go:538 advanceGoSwitch
    fn go_switch(&mut self, s: Step<'_>) -> Advanced {
        // :548
        validate(s.c, USER_GO)?;
        self.current(&s, GO_RUNNING, "Running")?;
        // :558
        let next = s.ev.args[0] as i64;
        let seq = Seq { generation: s.generation, n: s.ev.args[1] };
        // :560: it may come later
        let Some(g) = self.gs.get(&next) else { return Ok(None) };
        if g.status != GO_WAITING || !seq.succeeds(g.seq) {
            return Ok(None);
        }
        self.push(&s, s.c);
        let (time, at) = (s.ev.time, s.ev.offset);
        // :573
        if s.ev.typ == spec::GO_SWITCH {
            if let Some(g) = self.gs.get_mut(&s.c.g) {
                g.status = GO_WAITING;
            }
            // :577
            self.queue.push_back(Event::make(s.table, s.c, spec::GO_BLOCK, time, &[0, 0], at));
        } else {
            // :580
            self.gs.remove(&s.c.g);
            self.queue.push_back(Event::make(s.table, s.c, spec::GO_DESTROY, time, &[], at));
        }
        // :587
        if let Some(g) = self.gs.get_mut(&next) {
            g.status = GO_RUNNING;
            g.seq = seq;
        }
        // :594
        let start = Context { g: NO, ..s.c };
        let args = [next as u64, s.ev.args[1]];
        self.queue.push_back(Event::make(s.table, start, spec::GO_START, time, &args, at));
        Ok(Some(Context { g: next, ..s.c }))
    }

    /// Go (internal/trace): order.go:600 advanceGoSyscallBegin
    fn go_syscall_begin(&mut self, s: Step<'_>) -> Advanced {
        // :603
        validate(s.c, USER_GO)?;
        // :614: still on this P and M
        self.current(&s, GO_RUNNING, "Running")?.status = GO_SYSCALL;
        // :615
        let Some(p) = self.ps.get_mut(&s.c.p) else { return Self::uninitialized(&s) };
        p.status = PROC_SYSCALL;
        // :631
        let seq = Seq { generation: s.generation, n: s.ev.args[0] };
        if !seq.succeeds(p.seq) {
            let was = p.seq;
            return fail(format!(
                "failed to advance GoSyscallBegin: can't make sequence: {was} -> {seq}"
            ));
        }
        // :635
        p.seq = seq;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:640 advanceGoSyscallEnd
    fn go_syscall_end(&mut self, s: Step<'_>) -> Advanced {
        // :644
        validate(s.c, USER_GO)?;
        self.current(&s, GO_SYSCALL, "Running")?.status = GO_RUNNING;
        // :657
        let Some(p) = self.ps.get_mut(&s.c.p) else { return Self::uninitialized(&s) };
        // :661
        if p.status != PROC_SYSCALL {
            let (pid, is) = (s.c.p, proc_status(p.status));
            return fail(format!("expected proc {pid} in state Syscall, but got {is} instead"));
        }
        p.status = PROC_RUNNING;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:669 advanceGoSyscallEndBlocked
    fn go_syscall_end_blocked(&mut self, s: Step<'_>) -> Advanced {
        // :680: it will have lost this P first
        if s.c.p != NO {
            match self.ps.get(&s.c.p) {
                None => return Self::uninitialized(&s),
                Some(p) if p.status == PROC_SYSCALL => return Ok(None),
                Some(_) => {}
            }
        }
        // :691
        validate(s.c, [Must, May, Must])?;
        // :694
        self.current(&s, GO_SYSCALL, "Running")?.status = GO_RUNNABLE;
        // :702
        self.push(&s, s.c);
        Ok(Some(Context { g: NO, ..s.c }))
    }

    /// Go (internal/trace): order.go:708 advanceGoCreateSyscall
    fn go_create_syscall(&mut self, s: Step<'_>) -> Advanced {
        // :712
        validate(s.c, [Must, May, Not])?;
        let id = s.ev.args[0] as i64;
        // :717
        if self.gs.contains_key(&id) {
            return fail(format!(
                "tried to create goroutine ({id}) in syscall that already exists"
            ));
        }
        self.gs.insert(id, G::new(GO_SYSCALL, Seq { generation: s.generation, n: 0 }));
        self.push(&s, s.c);
        Ok(Some(Context { g: id, ..s.c }))
    }

    /// Go (internal/trace): order.go:728 advanceGoDestroySyscall
    fn go_destroy_syscall(&mut self, s: Step<'_>) -> Advanced {
        // :745
        validate(s.c, [Must, May, Must])?;
        self.current(&s, GO_SYSCALL, "Syscall")?;
        // :757
        self.gs.remove(&s.c.g);
        let mut new = Context { g: NO, ..s.c };
        // :762: its P is lost with it, as the thread's number may come again
        if s.c.p != NO {
            let pid = s.c.p;
            let Some(p) = self.ps.get_mut(&pid) else {
                return fail(format!("found invalid proc {pid} during GoDestroySyscall"));
            };
            // :767
            if p.status != PROC_SYSCALL {
                let is = proc_status(p.status);
                return fail(format!(
                    "proc {pid} in unexpected state {is} during GoDestroySyscall"
                ));
            }
            // :771
            p.status = PROC_SYSCALL_ABANDONED;
            new.p = NO;
            // :774
            let (time, at) = (s.ev.time, s.ev.offset);
            let mut e = Event::make(s.table, s.c, spec::PROC_STEAL, time, &[pid as u64], at);
            e.base.extra()[0] = PROC_SYSCALL.into();
            self.queue.push_back(e);
        }
        self.push(&s, s.c);
        Ok(Some(new))
    }

    /// Go (internal/trace): order.go:783 advanceUserTaskBegin
    fn user_task_begin(&mut self, s: Step<'_>) -> Advanced {
        let id = s.ev.args[0];
        // :792
        if self.tasks.contains_key(&id) {
            return fail(format!("task ID conflict: {id}"));
        }
        // :798: 0 is no parent here
        if s.ev.args[1] == 0 {
            s.ev.args[1] = NO_TASK;
        }
        // :808
        let Some(name) = s.table.string(s.ev.args[2]) else {
            return fail(format!("invalid string ID {} for {} event", s.ev.args[2], s.ev.typ));
        };
        self.tasks.insert(id, (name.to_vec(), s.ev.args[1]));
        // :814
        validate(s.c, USER_GO)?;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:821 advanceUserTaskEnd
    fn user_task_end(&mut self, s: Step<'_>) -> Advanced {
        // :823: this generation may not have the name
        let (name, parent) = self.tasks.remove(&s.ev.args[0]).unwrap_or((Vec::new(), NO_TASK));
        let name = s.table.add_extra_string(&name);
        s.ev.extra()[..2].copy_from_slice(&[parent, name]);
        // :835
        validate(s.c, USER_GO)?;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:842 advanceUserRegionBegin
    fn user_region(&mut self, s: Step<'_>, begin: bool) -> Advanced {
        // :843
        validate(s.c, USER_GO)?;
        let (task, id) = (s.ev.args[0], s.ev.args[1]);
        // :848
        let Some(name) = s.table.string(id) else {
            return fail(format!("invalid string ID {id} for {} event", s.ev.typ));
        };
        // :852
        let Some(g) = self.gs.get_mut(&s.c.g) else {
            let name = spec::spec(s.ev.typ).name;
            return fail(format!(
                "encountered Ev{name} without known state for current goroutine {}",
                s.c.g
            ));
        };
        if begin {
            g.regions.push((task, name.to_vec()));
        } else if let Some((t, n)) = g.regions.last() {
            // order.go:1201 those from before the trace are unknown
            if (*t, &**n) != (task, name) {
                return fail(format!(
                    "misuse of region in goroutine {}: region end {{{task} {}}} when the inner-most active region start event is {{{t} {}}}",
                    s.c.g,
                    String::from_utf8_lossy(name),
                    String::from_utf8_lossy(n)
                ));
            }
            g.regions.pop();
        }
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:891 advanceGCActive
    fn gc_active(&mut self, s: Step<'_>) -> Advanced {
        let seq = s.ev.args[0];
        // :893
        if s.generation == self.initial {
            if self.gc != Gc::Undetermined {
                return fail("GCActive in the first generation isn't first GC event");
            }
            (self.gc_seq, self.gc) = (seq, Gc::Running);
            self.push(&s, s.c);
            return Ok(Some(s.c));
        }
        // :902: of another cycle
        if seq != self.gc_seq.wrapping_add(1) {
            return Ok(None);
        }
        // :906
        if self.gc != Gc::Running {
            return fail("encountered GCActive while GC was not in progress");
        }
        self.gc_seq = seq;
        // :910
        validate(s.c, USER_GO)?;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:917 advanceGCBegin
    fn gc_begin(&mut self, s: Step<'_>) -> Advanced {
        let seq = s.ev.args[0];
        // :919
        if self.gc == Gc::Undetermined {
            (self.gc_seq, self.gc) = (seq, Gc::Running);
            self.push(&s, s.c);
            return Ok(Some(s.c));
        }
        // :925: of another cycle
        if seq != self.gc_seq.wrapping_add(1) {
            return Ok(None);
        }
        // :929
        if self.gc == Gc::Running {
            return fail("encountered GCBegin while GC was already in progress");
        }
        (self.gc_seq, self.gc) = (seq, Gc::Running);
        // :934
        validate(s.c, USER_GO)?;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:941 advanceGCEnd
    fn gc_end(&mut self, s: Step<'_>) -> Advanced {
        let seq = s.ev.args[0];
        // :943: of another cycle
        if seq != self.gc_seq.wrapping_add(1) {
            return Ok(None);
        }
        // :947
        match self.gc {
            Gc::NotRunning => return fail("encountered GCEnd when GC was not in progress"),
            Gc::Undetermined => {
                return fail("encountered GCEnd when GC was in an undetermined state");
            }
            Gc::Running => {}
        }
        // :954
        (self.gc_seq, self.gc) = (seq, Gc::NotRunning);
        validate(s.c, USER_GO)?;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Events that change nothing, but need something to happen on.
    ///
    /// Go (internal/trace): order.go:962 advanceAnnotation
    fn annotation(&mut self, s: Step<'_>, needs: Needs) -> Advanced {
        // :964
        validate(s.c, needs)?;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:980 advanceGCSweepBegin
    fn gc_sweep_begin(&mut self, s: Step<'_>) -> Advanced {
        // :982
        validate(s.c, [Must, Must, May])?;
        // :985: Go's reader has no check that it knows the P
        let Some(p) = self.ps.get_mut(&s.c.p) else { return Self::uninitialized(&s) };
        p.ranges.begin(range_type(s.ev.typ, 0))?;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:992 advanceGCSweepActive
    fn gc_sweep_active(&mut self, s: Step<'_>) -> Advanced {
        let pid = s.ev.args[0] as i64;
        // :998
        let Some(p) = self.ps.get_mut(&pid) else {
            return fail(format!("encountered GCSweepActive for unknown proc {pid}"));
        };
        // :1002
        p.ranges.active(range_type(s.ev.typ, 0), s.generation == self.initial)?;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:1009 advanceGCSweepEnd
    fn gc_sweep_end(&mut self, s: Step<'_>) -> Advanced {
        // :1010
        validate(s.c, [Must, Must, May])?;
        // :1013
        let Some(p) = self.ps.get_mut(&s.c.p) else { return Self::uninitialized(&s) };
        p.ranges.end(s.ev.typ)?;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:1021 advanceGoRangeBegin
    fn go_range_begin(&mut self, s: Step<'_>) -> Advanced {
        // :1023
        validate(s.c, USER_GO)?;
        // :1027
        let desc = if s.ev.typ == spec::STW_BEGIN { s.ev.args[0] } else { 0 };
        self.range_owner(&s)?.begin(range_type(s.ev.typ, desc))?;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    fn range_owner(&mut self, s: &Step<'_>) -> Result<&mut Ranges> {
        match self.gs.get_mut(&s.c.g) {
            Some(g) => Ok(&mut g.ranges),
            None => fail(format!(
                "encountered event of type {} without known state for current goroutine {}",
                s.ev.typ, s.c.g
            )),
        }
    }

    /// Go (internal/trace): order.go:1041 advanceGoRangeActive
    fn go_range_active(&mut self, s: Step<'_>) -> Advanced {
        let gid = s.ev.args[0] as i64;
        // :1046: it need not be running
        let Some(g) = self.gs.get_mut(&gid) else {
            let name = spec::spec(s.ev.typ).name;
            return fail(format!("uninitialized goroutine {gid} found during {name}"));
        };
        // :1050
        g.ranges.active(range_type(s.ev.typ, 0), s.generation == self.initial)?;
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:1057 advanceGoRangeEnd
    fn go_range_end(&mut self, s: Step<'_>) -> Advanced {
        // :1058
        validate(s.c, USER_GO)?;
        // :1065
        let desc = self.range_owner(&s)?.end(s.ev.typ)?;
        if s.ev.typ == spec::STW_END {
            s.ev.args[0] = desc;
        }
        self.push(&s, s.c);
        Ok(Some(s.c))
    }

    /// Go (internal/trace): order.go:1308 dumpOrdering
    pub(crate) fn dump(&self, out: &mut String) {
        let (mut gs, mut ps): (Vec<_>, Vec<_>) =
            (self.gs.iter().collect(), self.ps.iter().collect());
        gs.sort_by_key(|g| *g.0);
        ps.sort_by_key(|p| *p.0);
        // :1311
        for (id, g) in gs {
            let _ = writeln!(out, "G {id} [status={} seq={}]", go_status(g.status), g.seq);
        }
        out.push('\n');
        // :1315
        for (id, p) in ps {
            let _ = writeln!(out, "P {id} [status={} seq={}]", proc_status(p.status), p.seq);
        }
        out.push('\n');
        for (id, m) in &self.ms {
            let _ = writeln!(out, "M {id} [g={} p={}]", m.g, m.p);
        }
        let _ = writeln!(out, "\nGC {} {:?}", self.gc_seq, self.gc);
    }
}
