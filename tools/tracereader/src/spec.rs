//! The event types of Go 1.22 and 1.23, and their arguments.
//!
//! Go (internal/trace): event/go122/event.go:13 EvNone

/// A type of event: the byte that it begins with.
pub type Type = u8;

macro_rules! types {
    ($($(#[$m:meta])* $name:ident = $n:literal),* $(,)?) => {
        $($(#[$m])* pub const $name: Type = $n;)*
    };
}

types! {
    /// Nothing; unused.
    NONE = 0,
    /// Begins a batch of one M's events: generation, M, time, length.
    EVENT_BATCH = 1,
    /// Begins a part of the table of stacks.
    STACKS = 2,
    /// A stack: id, and its frames.
    STACK = 3,
    /// Begins a part of the table of strings.
    STRINGS = 4,
    /// A string: id, length, bytes.
    STRING = 5,
    /// Begins a part of the CPU samples.
    CPU_SAMPLES = 6,
    /// A CPU sample: time, M, P, G, stack.
    CPU_SAMPLE = 7,
    /// Units of time in a second.
    FREQUENCY = 8,
    /// GOMAXPROCS is this now.
    PROCS_CHANGE = 9,
    /// A P starts on this M.
    PROC_START = 10,
    /// This M's P stops.
    PROC_STOP = 11,
    /// A P is taken from an M in a system call.
    PROC_STEAL = 12,
    /// A P's status, at the start of a generation.
    PROC_STATUS = 13,
    /// A goroutine is made.
    GO_CREATE = 14,
    /// A goroutine appears in a system call (a callback from C).
    GO_CREATE_SYSCALL = 15,
    /// A goroutine starts to run.
    GO_START = 16,
    /// The goroutine ends.
    GO_DESTROY = 17,
    /// The goroutine ends in a system call.
    GO_DESTROY_SYSCALL = 18,
    /// The goroutine yields.
    GO_STOP = 19,
    /// The goroutine blocks.
    GO_BLOCK = 20,
    /// A goroutine is made runnable.
    GO_UNBLOCK = 21,
    /// The goroutine enters a system call.
    GO_SYSCALL_BEGIN = 22,
    /// It leaves it with its P.
    GO_SYSCALL_END = 23,
    /// It leaves it, having lost its P.
    GO_SYSCALL_END_BLOCKED = 24,
    /// A goroutine's status, at the start of a generation.
    GO_STATUS = 25,
    /// The world is being stopped.
    STW_BEGIN = 26,
    /// The world is started again.
    STW_END = 27,
    /// The collector is marking, at the start of a generation.
    GC_ACTIVE = 28,
    /// The collector starts to mark.
    GC_BEGIN = 29,
    /// It has finished.
    GC_END = 30,
    /// A P is sweeping, at the start of a generation.
    GC_SWEEP_ACTIVE = 31,
    /// A P starts to sweep.
    GC_SWEEP_BEGIN = 32,
    /// It has finished.
    GC_SWEEP_END = 33,
    /// A goroutine is assisting, at the start of a generation.
    GC_MARK_ASSIST_ACTIVE = 34,
    /// A goroutine starts to assist.
    GC_MARK_ASSIST_BEGIN = 35,
    /// It has finished.
    GC_MARK_ASSIST_END = 36,
    /// Bytes of the heap in use.
    HEAP_ALLOC = 37,
    /// Bytes at which the next collection starts.
    HEAP_GOAL = 38,
    /// A label of the running goroutine.
    GO_LABEL = 39,
    /// A task of the user's begins.
    USER_TASK_BEGIN = 40,
    /// It ends.
    USER_TASK_END = 41,
    /// A region of the user's begins.
    USER_REGION_BEGIN = 42,
    /// It ends.
    USER_REGION_END = 43,
    /// A message of the user's.
    USER_LOG = 44,
    /// A coroutine switches to another goroutine.
    GO_SWITCH = 45,
    /// The same, and ends.
    GO_SWITCH_DESTROY = 46,
    /// A goroutine is made that does not run yet.
    GO_CREATE_BLOCKED = 47,
    /// A goroutine's status with its stack.
    GO_STATUS_STACK = 48,
    /// Begins a batch of an experiment's: id, generation, M, time, length.
    EXPERIMENTAL_BATCH = 49,
    /// The first event of the experiment about allocations.
    SPAN = 128,
    /// The last one.
    GOROUTINE_STACK_FREE = 136,
    /// No event of the file: a point up to which everything is known.
    SYNC = 255,
}

/// The number of types, gaps included.
pub const LEN: usize = 137;

/// What is known of a type of event.
///
/// Go (internal/trace): event/event.go:12 Spec
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Go's name.
    pub name: &'static str,
    /// The names of its arguments; of a timed event the first is the time.
    pub args: &'static [&'static str],
    /// Which of them are strings.
    pub strings: &'static [usize],
    /// Which of them are stacks; first that of the goroutine that the event happens on.
    pub stacks: &'static [usize],
    /// The event that begins what this one ends.
    pub start: Type,
    /// It is one of an M's stream.
    pub timed: bool,
}

const fn s(
    name: &'static str,
    args: &'static [&'static str],
    strings: &'static [usize],
    stacks: &'static [usize],
    start: Type,
    timed: bool,
) -> Spec {
    Spec { name, args, strings, stacks, start, timed }
}

const ID: &[&str] = &["dt", "id"];

/// What is known of `typ`; all empty for the gaps.
pub const fn spec(typ: Type) -> Spec {
    match typ {
        EVENT_BATCH => s("EventBatch", &["gen", "m", "time", "size"], &[], &[], 0, false),
        STACKS => s("Stacks", &[], &[], &[], 0, false),
        STACK => s("Stack", &["id", "nframes"], &[], &[], 0, false),
        STRINGS => s("Strings", &[], &[], &[], 0, false),
        STRING => s("String", &["id"], &[], &[], 0, false),
        CPU_SAMPLES => s("CPUSamples", &[], &[], &[], 0, false),
        CPU_SAMPLE => s("CPUSample", &["time", "m", "p", "g", "stack"], &[], &[], 0, false),
        FREQUENCY => s("Frequency", &["freq"], &[], &[], 0, false),
        PROCS_CHANGE => s("ProcsChange", &["dt", "procs_value", "stack"], &[], &[2], 0, true),
        PROC_START => s("ProcStart", &["dt", "p", "p_seq"], &[], &[], 0, true),
        PROC_STOP => s("ProcStop", &["dt"], &[], &[], 0, true),
        PROC_STEAL => s("ProcSteal", &["dt", "p", "p_seq", "m"], &[], &[], 0, true),
        PROC_STATUS => s("ProcStatus", &["dt", "p", "pstatus"], &[], &[], 0, true),
        GO_CREATE => s("GoCreate", &["dt", "new_g", "new_stack", "stack"], &[], &[3, 2], 0, true),
        GO_CREATE_SYSCALL => s("GoCreateSyscall", &["dt", "new_g"], &[], &[], 0, true),
        GO_START => s("GoStart", &["dt", "g", "g_seq"], &[], &[], 0, true),
        GO_DESTROY => s("GoDestroy", &["dt"], &[], &[], 0, true),
        GO_DESTROY_SYSCALL => s("GoDestroySyscall", &["dt"], &[], &[], 0, true),
        GO_STOP => s("GoStop", &["dt", "reason_string", "stack"], &[1], &[2], 0, true),
        GO_BLOCK => s("GoBlock", &["dt", "reason_string", "stack"], &[1], &[2], 0, true),
        GO_UNBLOCK => s("GoUnblock", &["dt", "g", "g_seq", "stack"], &[], &[3], 0, true),
        GO_SYSCALL_BEGIN => s("GoSyscallBegin", &["dt", "p_seq", "stack"], &[], &[2], 0, true),
        GO_SYSCALL_END => s("GoSyscallEnd", &["dt"], &[], &[], GO_SYSCALL_BEGIN, true),
        GO_SYSCALL_END_BLOCKED => {
            s("GoSyscallEndBlocked", &["dt"], &[], &[], GO_SYSCALL_BEGIN, true)
        }
        GO_STATUS => s("GoStatus", &["dt", "g", "m", "gstatus"], &[], &[], 0, true),
        STW_BEGIN => s("STWBegin", &["dt", "kind_string", "stack"], &[1], &[2], 0, true),
        STW_END => s("STWEnd", &["dt"], &[], &[], STW_BEGIN, true),
        GC_ACTIVE => s("GCActive", &["dt", "gc_seq"], &[], &[], GC_BEGIN, true),
        GC_BEGIN => s("GCBegin", &["dt", "gc_seq", "stack"], &[], &[2], 0, true),
        GC_END => s("GCEnd", &["dt", "gc_seq"], &[], &[], GC_BEGIN, true),
        GC_SWEEP_ACTIVE => s("GCSweepActive", &["dt", "p"], &[], &[], GC_SWEEP_BEGIN, true),
        GC_SWEEP_BEGIN => s("GCSweepBegin", &["dt", "stack"], &[], &[1], 0, true),
        GC_SWEEP_END => s(
            "GCSweepEnd",
            &["dt", "swept_value", "reclaimed_value"],
            &[],
            &[],
            GC_SWEEP_BEGIN,
            true,
        ),
        GC_MARK_ASSIST_ACTIVE => {
            s("GCMarkAssistActive", &["dt", "g"], &[], &[], GC_MARK_ASSIST_BEGIN, true)
        }
        GC_MARK_ASSIST_BEGIN => s("GCMarkAssistBegin", &["dt", "stack"], &[], &[1], 0, true),
        GC_MARK_ASSIST_END => s("GCMarkAssistEnd", &["dt"], &[], &[], GC_MARK_ASSIST_BEGIN, true),
        HEAP_ALLOC => s("HeapAlloc", &["dt", "heapalloc_value"], &[], &[], 0, true),
        HEAP_GOAL => s("HeapGoal", &["dt", "heapgoal_value"], &[], &[], 0, true),
        GO_LABEL => s("GoLabel", &["dt", "label_string"], &[1], &[], 0, true),
        USER_TASK_BEGIN => s(
            "UserTaskBegin",
            &["dt", "task", "parent_task", "name_string", "stack"],
            &[3],
            &[4],
            0,
            true,
        ),
        USER_TASK_END => s("UserTaskEnd", &["dt", "task", "stack"], &[], &[2], 0, true),
        USER_REGION_BEGIN => {
            s("UserRegionBegin", &["dt", "task", "name_string", "stack"], &[2], &[3], 0, true)
        }
        USER_REGION_END => {
            let args = &["dt", "task", "name_string", "stack"];
            s("UserRegionEnd", args, &[2], &[3], USER_REGION_BEGIN, true)
        }
        USER_LOG => s(
            "UserLog",
            &["dt", "task", "key_string", "value_string", "stack"],
            &[2, 3],
            &[4],
            0,
            true,
        ),
        GO_SWITCH => s("GoSwitch", &["dt", "g", "g_seq"], &[], &[], 0, true),
        GO_SWITCH_DESTROY => s("GoSwitchDestroy", &["dt", "g", "g_seq"], &[], &[], 0, true),
        GO_CREATE_BLOCKED => {
            s("GoCreateBlocked", &["dt", "new_g", "new_stack", "stack"], &[], &[3, 2], 0, true)
        }
        GO_STATUS_STACK => {
            s("GoStatusStack", &["dt", "g", "m", "gstatus", "stack"], &[], &[4], 0, true)
        }
        EXPERIMENTAL_BATCH => {
            s("ExperimentalBatch", &["exp", "gen", "m", "time"], &[], &[], 0, false)
        }
        128 => s("Span", &["dt", "id", "npages_value", "kindclass"], &[], &[], 0, true),
        129 => s("SpanAlloc", &["dt", "id", "npages_value", "kindclass"], &[], &[], 0, true),
        130 => s("SpanFree", ID, &[], &[], 0, true),
        131 => s("HeapObject", &["dt", "id", "type"], &[], &[], 0, true),
        132 => s("HeapObjectAlloc", &["dt", "id", "type"], &[], &[], 0, true),
        133 => s("HeapObjectFree", ID, &[], &[], 0, true),
        134 => s("GoroutineStack", &["dt", "id", "order"], &[], &[], 0, true),
        135 => s("GoroutineStackAlloc", &["dt", "id", "order"], &[], &[], 0, true),
        136 => s("GoroutineStackFree", ID, &[], &[], 0, true),
        _ => s("", &[], &[], &[], 0, false),
    }
}

/// The name of a type.
///
/// Go (internal/trace): event/go122/event.go:112 EventString
pub fn event_string(typ: Type) -> String {
    if (typ as usize) < LEN { spec(typ).name.into() } else { format!("Invalid({typ})") }
}

/// Bytes of a batch at most.
pub const MAX_BATCH_SIZE: u64 = 64 << 10;
/// Frames of a stack at most.
pub const MAX_FRAMES_PER_STACK: u64 = 128;
/// Bytes of a string at most.
pub const MAX_STRING_SIZE: u64 = 1 << 10;
