//! An event, and what it says.

use crate::HashMap;
use crate::generation::{Arena, Experimental, Span};
use crate::spec::{self, Type};
use crate::{Error, Result};
use std::fmt;
use std::rc::Rc;

/// No goroutine, P or thread.
pub const NO: i64 = -1;

/// No task.
pub const NO_TASK: u64 = u64::MAX;

/// Arguments of an event at most, without its time.
///
/// Go (internal/trace): base.go:26 maxArgs
pub const MAX_ARGS: usize = 5;

/// The event as it stands in the file.
///
/// Go (internal/trace): base.go:34 baseEvent
#[derive(Clone, Copy, Debug, Default)]
pub struct BaseEvent {
    // :35
    /// Its type.
    pub typ: Type,
    // :36
    /// When, in ns.
    pub time: i64,
    // :37
    /// Its arguments without the time; behind them what the reader adds.
    pub args: [u64; MAX_ARGS],
    /// Where it stands in the file.
    pub offset: u64,
}

impl BaseEvent {
    /// What the reader adds, behind the arguments.
    ///
    /// Go (internal/trace): base.go:42 extra
    pub(crate) fn extra(&mut self) -> &mut [u64] {
        // :45
        let n = spec::spec(self.typ).args.len();
        &mut self.args[n - 1..]
    }

    fn extra_of(&self, i: usize) -> u64 {
        self.args[spec::spec(self.typ).args.len() - 1 + i]
    }
}

/// What an event happens on; [`NO`] for what it is not on.
///
/// Go (internal/trace): order.go:1093 schedCtx
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The goroutine.
    pub g: i64,
    /// The P.
    pub p: i64,
    /// The thread.
    pub m: i64,
}

/// One frame of a stack.
///
/// Go (internal/trace): base.go:269 frame
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    // :270
    pub(crate) pc: u64,
    // :271
    pub(crate) func: u64,
    // :272
    pub(crate) file: u64,
    // :273
    pub(crate) line: u64,
}

/// One frame, with names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StackFrame {
    /// Where.
    pub pc: u64,
    /// The function.
    pub func: String,
    /// Its file.
    pub file: String,
    /// The line there.
    pub line: u64,
}

/// What the events of a generation refer to.
///
/// Go (internal/trace): base.go:52 evTable
#[derive(Debug, Default)]
pub struct Table {
    // :53
    pub(crate) freq: f64,
    // :54
    pub(crate) strings: HashMap<u64, Span>,
    pub(crate) bytes: Arena,
    // :55: where its pcs begin, and how many they are
    pub(crate) stacks: HashMap<u64, (u32, u32)>,
    pub(crate) stack_pcs: Vec<u64>,
    // :56
    pub(crate) pcs: HashMap<u64, Frame>,
    pub(crate) experimental: Experimental,
    // :61
    extra: std::cell::RefCell<Vec<Box<[u8]>>>,
}

impl Table {
    /// A string; 0 is the empty one.
    ///
    /// Go (internal/trace): base.go:163 get
    pub fn string(&self, id: u64) -> Option<&[u8]> {
        // :164
        if id == 0 { Some(&[]) } else { self.strings.get(&id).map(|s| self.bytes.get(*s)) }
    }

    /// The pcs of a stack; 0 is the empty one.
    pub fn stack(&self, id: u64) -> Option<&[u64]> {
        if id == 0 {
            return Some(&[]);
        }
        self.stacks.get(&id).map(|&(at, n)| &self.stack_pcs[at as usize..][..n as usize])
    }

    /// Go (internal/trace): base.go:72 addExtraString
    pub(crate) fn add_extra_string(&self, s: &[u8]) -> u64 {
        if s.is_empty() {
            // :73
            return 0;
        }
        let mut extra = self.extra.borrow_mut();
        // :79
        let at = extra.iter().position(|e| **e == *s).unwrap_or_else(|| {
            // :82
            extra.push(s.into());
            extra.len() - 1
        });
        at as u64 + 1
    }

    fn text(&self, id: u64) -> String {
        String::from_utf8_lossy(self.string(id).unwrap_or_default()).into_owned()
    }

    fn bytes(&self, id: u64) -> Vec<u8> {
        self.string(id).unwrap_or_default().to_vec()
    }

    /// What experiments have written: their number, then thread and bytes of each of their batches.
    pub fn experimental(&self) -> &Experimental {
        &self.experimental
    }
}

/// What sort of event it is.
///
/// Go (internal/trace): event.go:22 EventKind
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Kind {
    Bad,
    Sync,
    Metric,
    Label,
    StackSample,
    RangeBegin,
    RangeActive,
    RangeEnd,
    TaskBegin,
    TaskEnd,
    RegionBegin,
    RegionEnd,
    Log,
    StateTransition,
    Experimental,
}

/// State of a goroutine.
///
/// Go (internal/trace): resources.go:37 GoState
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum GoState {
    Undetermined,
    NotExist,
    Runnable,
    Running,
    Waiting,
    Syscall,
}

impl GoState {
    /// It has a thread.
    pub fn executing(self) -> bool {
        matches!(self, Self::Running | Self::Syscall)
    }
    fn of(v: u64) -> Self {
        match v {
            1 => Self::NotExist,
            2 => Self::Runnable,
            3 => Self::Running,
            4 => Self::Waiting,
            5 => Self::Syscall,
            _ => Self::Undetermined,
        }
    }
    /// By the status in the file.
    pub(crate) fn by_status(status: u64) -> Option<Self> {
        // Go (internal/trace): event/go122/event.go:463 GoBad
        Some(match status {
            0 => Self::Undetermined,
            1 => Self::Runnable,
            2 => Self::Running,
            3 => Self::Syscall,
            4 => Self::Waiting,
            _ => return None,
        })
    }
}

/// State of a P.
///
/// Go (internal/trace): resources.go:79 ProcState
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ProcState {
    Undetermined,
    NotExist,
    Running,
    Idle,
}

impl ProcState {
    fn of(v: u64) -> Self {
        match v {
            1 => Self::NotExist,
            2 => Self::Running,
            3 => Self::Idle,
            _ => Self::Undetermined,
        }
    }
    /// By the status in the file.
    pub(crate) fn by_status(status: u64) -> Option<Self> {
        // Go (internal/trace): event/go122/event.go:487 ProcBad
        Some(match status {
            0 => Self::Undetermined,
            1 | 3 => Self::Running,
            2 | 4 => Self::Idle,
            _ => return None,
        })
    }
}

/// What an event is about.
///
/// Go (internal/trace): resources.go:142 ResourceID
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Everything.
    None,
    /// A goroutine.
    Goroutine(i64),
    /// A P.
    Proc(i64),
    /// A thread.
    Thread(i64),
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Goroutine(i) => write!(f, "Goroutine({i})"),
            Self::Proc(i) => write!(f, "Proc({i})"),
            Self::Thread(i) => write!(f, "Thread({i})"),
        }
    }
}

/// From what to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum States {
    /// Of a goroutine.
    Go(GoState, GoState),
    /// Of a P.
    Proc(ProcState, ProcState),
}

/// A change of state.
///
/// Go (internal/trace): resources.go:205 StateTransition
#[derive(Clone, Debug)]
pub struct StateTransition {
    /// Of what.
    pub resource: Resource,
    /// From what to what.
    pub states: States,
    /// Why.
    pub reason: Vec<u8>,
    /// Stack of the goroutine that changes; 0 if there is none.
    pub stack: u64,
}

/// One event of a trace.
///
/// Go (internal/trace): event.go:346 Event
#[derive(Clone, Debug)]
pub struct Event {
    pub(crate) table: Rc<Table>,
    pub(crate) context: Context,
    pub(crate) base: BaseEvent,
}

impl Event {
    pub(crate) fn sync(table: Rc<Table>, time: i64) -> Self {
        let base = BaseEvent { typ: spec::SYNC, time, ..BaseEvent::default() };
        Self { table, context: Context { g: NO, p: NO, m: NO }, base }
    }

    /// Go (internal/trace): order.go:1388 makeEvent
    pub(crate) fn make(
        table: &Rc<Table>,
        context: Context,
        typ: Type,
        time: i64,
        args: &[u64],
        offset: u64,
    ) -> Self {
        let mut base = BaseEvent { typ, time, offset, ..BaseEvent::default() };
        base.args[..args.len()].copy_from_slice(args);
        Self { table: table.clone(), context, base }
    }

    /// Its type in the file; [`spec::SYNC`] if it is not in it.
    pub fn typ(&self) -> Type {
        self.base.typ
    }
    /// Where it stands in the file; 0 if it does not.
    pub fn offset(&self) -> u64 {
        self.base.offset
    }
    /// When, in ns of the clock of the program.
    pub fn time(&self) -> i64 {
        self.base.time
    }
    /// What it happened on.
    pub fn context(&self) -> Context {
        self.context
    }
    /// Its arguments without the time.
    pub fn args(&self) -> &[u64] {
        &self.base.args[..spec::spec(self.base.typ).args.len().saturating_sub(1)]
    }
    /// What it refers to.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// What sort of event it is.
    pub fn kind(&self) -> Kind {
        use spec::*;
        match self.base.typ {
            CPU_SAMPLE => Kind::StackSample,
            PROCS_CHANGE | HEAP_ALLOC | HEAP_GOAL => Kind::Metric,
            PROC_START..=GO_STATUS | GO_SWITCH..=GO_STATUS_STACK => Kind::StateTransition,
            STW_BEGIN | GC_BEGIN | GC_SWEEP_BEGIN | GC_MARK_ASSIST_BEGIN => Kind::RangeBegin,
            STW_END | GC_END | GC_SWEEP_END | GC_MARK_ASSIST_END => Kind::RangeEnd,
            GC_ACTIVE | GC_SWEEP_ACTIVE | GC_MARK_ASSIST_ACTIVE => Kind::RangeActive,
            GO_LABEL => Kind::Label,
            USER_TASK_BEGIN => Kind::TaskBegin,
            USER_TASK_END => Kind::TaskEnd,
            USER_REGION_BEGIN => Kind::RegionBegin,
            USER_REGION_END => Kind::RegionEnd,
            USER_LOG => Kind::Log,
            SPAN..=GOROUTINE_STACK_FREE => Kind::Experimental,
            SYNC => Kind::Sync,
            _ => Kind::Bad,
        }
    }

    /// The stack of the goroutine that it happened on; 0 if there is none.
    ///
    /// Go (internal/trace): event.go:402 Stack
    pub fn stack(&self) -> u64 {
        // :403
        match self.base.typ {
            spec::SYNC => 0,
            spec::CPU_SAMPLE => self.base.args[0],
            t => spec::spec(t).stacks.first().map_or(0, |i| self.base.args[i - 1]),
        }
    }

    /// The frames of a stack, innermost first.
    pub fn frames(&self, stack: u64) -> Vec<StackFrame> {
        let t = &self.table;
        let pcs = t.stack(stack).unwrap_or_default();
        let named = |f: &Frame| StackFrame {
            pc: f.pc,
            func: t.text(f.func),
            file: t.text(f.file),
            line: f.line,
        };
        pcs.iter().filter_map(|pc| t.pcs.get(pc)).map(named).collect()
    }

    /// Name and value.
    ///
    /// # Panics
    /// If it is no [`Kind::Metric`].
    pub fn metric(&self) -> (&'static str, u64) {
        let name = match self.base.typ {
            spec::PROCS_CHANGE => "/sched/gomaxprocs:threads",
            spec::HEAP_ALLOC => "/memory/classes/heap/objects:bytes",
            spec::HEAP_GOAL => "/gc/heap/goal:bytes",
            _ => panic!("no metric"),
        };
        (name, self.base.args[0])
    }

    /// The name of a range of time, and what it is one of.
    ///
    /// # Panics
    /// If its kind is none of the three about ranges.
    ///
    /// Go (internal/trace): event.go:466 Range
    pub fn range(&self) -> (Vec<u8>, Resource) {
        use spec::*;
        let Context { g, p, .. } = self.context;
        match self.base.typ {
            // :475
            STW_BEGIN | STW_END => {
                let mut name = b"stop-the-world (".to_vec();
                name.extend(self.table.bytes(self.base.args[0]));
                name.push(b')');
                (name, Resource::Goroutine(g))
            }
            // :478
            GC_BEGIN | GC_ACTIVE | GC_END => (b"GC concurrent mark phase".into(), Resource::None),
            // :481
            GC_SWEEP_BEGIN | GC_SWEEP_ACTIVE | GC_SWEEP_END => {
                (b"GC incremental sweep".into(), Resource::Proc(p))
            }
            // :490
            GC_MARK_ASSIST_BEGIN | GC_MARK_ASSIST_END => {
                (b"GC mark assist".into(), Resource::Goroutine(g))
            }
            GC_MARK_ASSIST_ACTIVE => {
                (b"GC mark assist".into(), Resource::Goroutine(self.base.args[0] as i64))
            }
            _ => panic!("no range"),
        }
    }

    /// Id, parent and name of a task.
    ///
    /// # Panics
    /// If it is neither the begin nor the end of one.
    pub fn task(&self) -> (u64, u64, Vec<u8>) {
        let a = &self.base.args;
        match self.base.typ {
            spec::USER_TASK_BEGIN => (a[0], a[1], self.table.bytes(a[2])),
            spec::USER_TASK_END => {
                let (parent, name) = (self.base.extra_of(0), self.base.extra_of(1));
                let extra = self.table.extra.borrow();
                let name =
                    (name as usize).checked_sub(1).map_or_else(Vec::new, |i| extra[i].to_vec());
                (a[0], parent, name)
            }
            _ => panic!("no task"),
        }
    }

    /// What changes its state, how, and why.
    ///
    /// # Panics
    /// If it is no [`Kind::StateTransition`].
    ///
    /// Go (internal/trace): event.go:587 StateTransition
    pub fn state_transition(&self) -> StateTransition {
        use GoState::*;
        use spec::*;
        let (a, c) = (&self.base.args, self.context);
        let go = |id: i64, from, to| StateTransition {
            resource: Resource::Goroutine(id),
            states: States::Go(from, to),
            reason: Vec::new(),
            stack: 0,
        };
        let proc = |id: i64, from, to| StateTransition {
            resource: Resource::Proc(id),
            states: States::Proc(from, to),
            reason: Vec::new(),
            stack: 0,
        };
        let first = a[0] as i64;
        match self.base.typ {
            // :593
            PROC_START => proc(first, ProcState::Idle, ProcState::Running),
            PROC_STOP => proc(c.p, ProcState::Running, ProcState::Idle),
            // :597
            PROC_STEAL => {
                let abandoned = self.base.extra_of(0) == 4;
                let from = if abandoned { ProcState::Idle } else { ProcState::Running };
                proc(first, from, ProcState::Idle)
            }
            // :608
            PROC_STATUS => {
                let to = ProcState::by_status(a[1] & 0xff).unwrap_or(ProcState::Undetermined);
                proc(first, ProcState::of(self.base.extra_of(0)), to)
            }
            // :611
            GO_CREATE => StateTransition { stack: a[1], ..go(first, NotExist, Runnable) },
            GO_CREATE_BLOCKED => StateTransition { stack: a[1], ..go(first, NotExist, Waiting) },
            GO_CREATE_SYSCALL => go(first, NotExist, Syscall),
            // :620
            GO_START => go(first, Runnable, Running),
            // :622
            GO_DESTROY => StateTransition { stack: self.stack(), ..go(c.g, Running, NotExist) },
            GO_DESTROY_SYSCALL => go(c.g, Syscall, NotExist),
            // :627
            GO_STOP | GO_BLOCK => {
                let to = if self.base.typ == GO_STOP { Runnable } else { Waiting };
                let reason = self.table.bytes(a[0]);
                StateTransition { stack: self.stack(), reason, ..go(c.g, Running, to) }
            }
            // :635
            GO_UNBLOCK | GO_SWITCH | GO_SWITCH_DESTROY => go(first, Waiting, Runnable),
            // :640
            GO_SYSCALL_BEGIN => {
                StateTransition { stack: self.stack(), ..go(c.g, Running, Syscall) }
            }
            GO_SYSCALL_END => go(c.g, Syscall, Running),
            GO_SYSCALL_END_BLOCKED => go(c.g, Syscall, Runnable),
            // :649
            GO_STATUS | GO_STATUS_STACK => {
                let to = GoState::by_status(a[2] & 0xff).unwrap_or(Undetermined);
                go(first, GoState::of(self.base.extra_of(0)), to)
            }
            _ => panic!("no transition"),
        }
    }

    /// Go (internal/trace): event.go:822 validateTableIDs
    pub(crate) fn validate_table_ids(&self) -> Result<()> {
        if self.base.typ == spec::SYNC {
            return Ok(());
        }
        let s = spec::spec(self.base.typ);
        let fail = |what: &str, id: u64| {
            let e = Error::new(format!("found invalid {what} ID {id} for event {}", s.name));
            Err(e.on(self.context.m).at(self.base.offset))
        };
        // :828
        for i in s.stacks {
            let id = self.base.args[i - 1];
            if self.table.stack(id).is_none() {
                return fail("stack", id);
            }
        }
        // :839
        for i in s.strings {
            let id = self.base.args[i - 1];
            if self.table.string(id).is_none() {
                return fail("string", id);
            }
        }
        Ok(())
    }
}

/// A string in Go's quotes.
pub fn quote(s: &[u8]) -> String {
    use fmt::Write as _;
    let mut out = String::from("\"");
    for chunk in s.utf8_chunks() {
        for c in chunk.valid().chars() {
            let _ = match c {
                '"' => write!(out, "\\\""),
                '\\' => write!(out, "\\\\"),
                '\x07' => write!(out, "\\a"),
                '\x08' => write!(out, "\\b"),
                '\x0c' => write!(out, "\\f"),
                '\n' => write!(out, "\\n"),
                '\r' => write!(out, "\\r"),
                '\t' => write!(out, "\\t"),
                '\x0b' => write!(out, "\\v"),
                '\'' => write!(out, "'"),
                c if (c as u32) < 0x20 || c as u32 == 0x7f => write!(out, "\\x{:02x}", c as u32),
                c if !c.is_ascii() && c.escape_debug().len() > 1 => {
                    if c as u32 > 0xffff {
                        write!(out, "\\U{:08x}", c as u32)
                    } else {
                        write!(out, "\\u{:04x}", c as u32)
                    }
                }
                c => write!(out, "{c}"),
            };
        }
        for b in chunk.invalid() {
            let _ = write!(out, "\\x{b:02x}");
        }
    }
    out + "\""
}

impl fmt::Display for Event {
    /// As Go prints events: `go tool trace -d=1`, `gotracevalidate -log-events`.
    ///
    /// Go (internal/trace): event.go:748 String
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Context { g, p, m } = self.context;
        write!(f, "M={m} P={p} G={g} {:?} Time={}", self.kind(), self.time())?;
        let a = &self.base.args;
        let frames = |f: &mut fmt::Formatter<'_>, what: &str, stack: u64| {
            writeln!(f, "\n{what}=")?;
            for s in self.frames(stack) {
                writeln!(f, "\t{} @ 0x{:x}\n\t\t{}:{}", s.func, s.pc, s.file, s.line)?;
            }
            Ok(())
        };
        match self.kind() {
            // :754
            Kind::Metric => {
                let (name, value) = self.metric();
                write!(f, " Name={} Value=Uint64({value})", quote(name.as_bytes()))?;
            }
            // :757
            Kind::Label => {
                let label = quote(&self.table.bytes(a[0]));
                write!(f, " Label={label} Resource={}", Resource::Goroutine(g))?;
            }
            // :760
            kind @ (Kind::RangeBegin | Kind::RangeActive | Kind::RangeEnd) => {
                let (name, scope) = self.range();
                write!(f, " Name={} Scope={scope}", quote(&name))?;
                if kind == Kind::RangeEnd {
                    f.write_str(" Attributes=[")?;
                    if self.base.typ == spec::GC_SWEEP_END {
                        write!(f, "\"bytes swept\"=Uint64({})", a[0])?;
                        write!(f, " \"bytes reclaimed\"=Uint64({})", a[1])?;
                    }
                    f.write_str("]")?;
                }
            }
            // :773
            Kind::TaskBegin | Kind::TaskEnd => {
                let (id, parent, name) = self.task();
                write!(f, " ID={id} Parent={parent} Type={}", quote(&name))?;
            }
            // :776
            Kind::RegionBegin | Kind::RegionEnd => {
                write!(f, " Task={} Type={}", a[0], quote(&self.table.bytes(a[1])))?;
            }
            // :779
            Kind::Log => {
                let (key, value) = (quote(&self.table.bytes(a[1])), quote(&self.table.bytes(a[2])));
                write!(f, " Task={} Category={key} Message={value}", a[0])?;
            }
            // :782
            Kind::StateTransition => {
                let s = self.state_transition();
                write!(f, " Resource={} Reason={}", s.resource, quote(&s.reason))?;
                match (s.resource, s.states) {
                    (Resource::Goroutine(id), States::Go(from, to)) => {
                        write!(f, " GoID={id} {from:?}->{to:?}")?;
                    }
                    (Resource::Proc(id), States::Proc(from, to)) => {
                        write!(f, " ProcID={id} {from:?}->{to:?}")?;
                    }
                    _ => {}
                }
                // :795
                // A new goroutine's stack is not nil in Go even if it is empty, so its head is
                // printed.
                let created = matches!(self.base.typ, spec::GO_CREATE | spec::GO_CREATE_BLOCKED);
                if s.stack != 0 || created {
                    frames(f, "TransitionStack", s.stack)?;
                }
            }
            // :804
            Kind::Experimental => {
                let s = spec::spec(self.base.typ);
                write!(f, " Name={} ArgNames=[{}]", s.name, s.args[1..].join(" "))?;
                let args: Vec<String> = self.args().iter().map(u64::to_string).collect();
                write!(f, " Args=[{}]", args.join(" "))?;
            }
            Kind::Bad | Kind::Sync | Kind::StackSample => {}
        }
        // :808
        if self.stack() != 0 || self.base.typ == spec::CPU_SAMPLE {
            frames(f, "Stack", self.stack())?;
        }
        Ok(())
    }
}
