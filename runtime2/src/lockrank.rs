//! The ranks of the runtime's own locks. A lock may be taken only while locks of lower rank are
//! held, and only after those that the partial order names. Checked in debug builds by
//! `lock_futex`.

/// The rank of a runtime lock.
///
/// Go: lockrank.go:5 lockRank
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct LockRank(pub i32);

/// The rank of a lock that has none declared, and so must be taken last.
///
/// Go: lockrank.go:83 lockRankLeafRank
pub const LOCK_RANK_LEAF_RANK: LockRank = LockRank(1000);

/// Go: lockrank.go:12 lockRankUnknown
pub const LOCK_RANK_UNKNOWN: LockRank = LockRank(0);
/// Go: lockrank.go:14 lockRankSysmon
pub const LOCK_RANK_SYSMON: LockRank = LockRank(1);
/// Go: lockrank.go:15 lockRankScavenge
pub const LOCK_RANK_SCAVENGE: LockRank = LockRank(2);
/// Go: lockrank.go:16 lockRankForcegc
pub const LOCK_RANK_FORCEGC: LockRank = LockRank(3);
/// Go: lockrank.go:17 lockRankDefer
pub const LOCK_RANK_DEFER: LockRank = LockRank(4);
/// Go: lockrank.go:18 lockRankSweepWaiters
pub const LOCK_RANK_SWEEP_WAITERS: LockRank = LockRank(5);
/// Go: lockrank.go:19 lockRankAssistQueue
pub const LOCK_RANK_ASSIST_QUEUE: LockRank = LockRank(6);
/// Go: lockrank.go:20 lockRankSweep
pub const LOCK_RANK_SWEEP: LockRank = LockRank(7);
/// Go: lockrank.go:21 lockRankTestR
pub const LOCK_RANK_TEST_R: LockRank = LockRank(8);
/// Go: lockrank.go:22 lockRankTestW
pub const LOCK_RANK_TEST_W: LockRank = LockRank(9);
/// Go: lockrank.go:23 lockRankTimerSend
pub const LOCK_RANK_TIMER_SEND: LockRank = LockRank(10);
/// Go: lockrank.go:24 lockRankAllocmW
pub const LOCK_RANK_ALLOCM_W: LockRank = LockRank(11);
/// Go: lockrank.go:25 lockRankExecW
pub const LOCK_RANK_EXEC_W: LockRank = LockRank(12);
/// Go: lockrank.go:26 lockRankCpuprof
pub const LOCK_RANK_CPUPROF: LockRank = LockRank(13);
/// Go: lockrank.go:27 lockRankPollCache
pub const LOCK_RANK_POLL_CACHE: LockRank = LockRank(14);
/// Go: lockrank.go:28 lockRankPollDesc
pub const LOCK_RANK_POLL_DESC: LockRank = LockRank(15);
/// Go: lockrank.go:29 lockRankWakeableSleep
pub const LOCK_RANK_WAKEABLE_SLEEP: LockRank = LockRank(16);
/// Go: lockrank.go:30 lockRankHchan
pub const LOCK_RANK_HCHAN: LockRank = LockRank(17);
/// Go: lockrank.go:32 lockRankAllocmR
pub const LOCK_RANK_ALLOCM_R: LockRank = LockRank(18);
/// Go: lockrank.go:33 lockRankExecR
pub const LOCK_RANK_EXEC_R: LockRank = LockRank(19);
/// Go: lockrank.go:34 lockRankSched
pub const LOCK_RANK_SCHED: LockRank = LockRank(20);
/// Go: lockrank.go:35 lockRankAllg
pub const LOCK_RANK_ALLG: LockRank = LockRank(21);
/// Go: lockrank.go:36 lockRankAllp
pub const LOCK_RANK_ALLP: LockRank = LockRank(22);
/// Go: lockrank.go:37 lockRankNotifyList
pub const LOCK_RANK_NOTIFY_LIST: LockRank = LockRank(23);
/// Go: lockrank.go:38 lockRankSudog
pub const LOCK_RANK_SUDOG: LockRank = LockRank(24);
/// Go: lockrank.go:39 lockRankTimers
pub const LOCK_RANK_TIMERS: LockRank = LockRank(25);
/// Go: lockrank.go:40 lockRankTimer
pub const LOCK_RANK_TIMER: LockRank = LockRank(26);
/// Go: lockrank.go:41 lockRankNetpollInit
pub const LOCK_RANK_NETPOLL_INIT: LockRank = LockRank(27);
/// Go: lockrank.go:42 lockRankRoot
pub const LOCK_RANK_ROOT: LockRank = LockRank(28);
/// Go: lockrank.go:43 lockRankItab
pub const LOCK_RANK_ITAB: LockRank = LockRank(29);
/// Go: lockrank.go:44 lockRankReflectOffs
pub const LOCK_RANK_REFLECT_OFFS: LockRank = LockRank(30);
/// Go: lockrank.go:45 lockRankUserArenaState
pub const LOCK_RANK_USER_ARENA_STATE: LockRank = LockRank(31);
/// Go: lockrank.go:47 lockRankTraceBuf
pub const LOCK_RANK_TRACE_BUF: LockRank = LockRank(32);
/// Go: lockrank.go:48 lockRankTraceStrings
pub const LOCK_RANK_TRACE_STRINGS: LockRank = LockRank(33);
/// Go: lockrank.go:50 lockRankFin
pub const LOCK_RANK_FIN: LockRank = LockRank(34);
/// Go: lockrank.go:51 lockRankSpanSetSpine
pub const LOCK_RANK_SPAN_SET_SPINE: LockRank = LockRank(35);
/// Go: lockrank.go:52 lockRankMspanSpecial
pub const LOCK_RANK_MSPAN_SPECIAL: LockRank = LockRank(36);
/// Go: lockrank.go:53 lockRankTraceTypeTab
pub const LOCK_RANK_TRACE_TYPE_TAB: LockRank = LockRank(37);
/// Go: lockrank.go:55 lockRankGcBitsArenas
pub const LOCK_RANK_GC_BITS_ARENAS: LockRank = LockRank(38);
/// Go: lockrank.go:56 lockRankProfInsert
pub const LOCK_RANK_PROF_INSERT: LockRank = LockRank(39);
/// Go: lockrank.go:57 lockRankProfBlock
pub const LOCK_RANK_PROF_BLOCK: LockRank = LockRank(40);
/// Go: lockrank.go:58 lockRankProfMemActive
pub const LOCK_RANK_PROF_MEM_ACTIVE: LockRank = LockRank(41);
/// Go: lockrank.go:59 lockRankProfMemFuture
pub const LOCK_RANK_PROF_MEM_FUTURE: LockRank = LockRank(42);
/// Go: lockrank.go:61 lockRankGscan
pub const LOCK_RANK_GSCAN: LockRank = LockRank(43);
/// Go: lockrank.go:62 lockRankStackpool
pub const LOCK_RANK_STACKPOOL: LockRank = LockRank(44);
/// Go: lockrank.go:63 lockRankStackLarge
pub const LOCK_RANK_STACK_LARGE: LockRank = LockRank(45);
/// Go: lockrank.go:64 lockRankHchanLeaf
pub const LOCK_RANK_HCHAN_LEAF: LockRank = LockRank(46);
/// Go: lockrank.go:66 lockRankWbufSpans
pub const LOCK_RANK_WBUF_SPANS: LockRank = LockRank(47);
/// Go: lockrank.go:67 lockRankMheap
pub const LOCK_RANK_MHEAP: LockRank = LockRank(48);
/// Go: lockrank.go:68 lockRankMheapSpecial
pub const LOCK_RANK_MHEAP_SPECIAL: LockRank = LockRank(49);
/// Go: lockrank.go:69 lockRankGlobalAlloc
pub const LOCK_RANK_GLOBAL_ALLOC: LockRank = LockRank(50);
/// Go: lockrank.go:71 lockRankTrace
pub const LOCK_RANK_TRACE: LockRank = LockRank(51);
/// Go: lockrank.go:72 lockRankTraceStackTab
pub const LOCK_RANK_TRACE_STACK_TAB: LockRank = LockRank(52);
/// Go: lockrank.go:73 lockRankPanic
pub const LOCK_RANK_PANIC: LockRank = LockRank(53);
/// Go: lockrank.go:74 lockRankDeadlock
pub const LOCK_RANK_DEADLOCK: LockRank = LockRank(54);
/// Go: lockrank.go:75 lockRankRaceFini
pub const LOCK_RANK_RACE_FINI: LockRank = LockRank(55);
/// Go: lockrank.go:76 lockRankAllocmRInternal
pub const LOCK_RANK_ALLOCM_RINTERNAL: LockRank = LockRank(56);
/// Go: lockrank.go:77 lockRankExecRInternal
pub const LOCK_RANK_EXEC_RINTERNAL: LockRank = LockRank(57);
/// Go: lockrank.go:78 lockRankTestRInternal
pub const LOCK_RANK_TEST_RINTERNAL: LockRank = LockRank(58);

/// The name of each rank, by number, for messages.
///
/// Go: lockrank.go:86 lockNames
pub static LOCK_NAMES: [&str; 59] = [
    "",
    "sysmon",
    "scavenge",
    "forcegc",
    "defer",
    "sweepWaiters",
    "assistQueue",
    "sweep",
    "testR",
    "testW",
    "timerSend",
    "allocmW",
    "execW",
    "cpuprof",
    "pollCache",
    "pollDesc",
    "wakeableSleep",
    "hchan",
    "allocmR",
    "execR",
    "sched",
    "allg",
    "allp",
    "notifyList",
    "sudog",
    "timers",
    "timer",
    "netpollInit",
    "root",
    "itab",
    "reflectOffs",
    "userArenaState",
    "traceBuf",
    "traceStrings",
    "fin",
    "spanSetSpine",
    "mspanSpecial",
    "traceTypeTab",
    "gcBitsArenas",
    "profInsert",
    "profBlock",
    "profMemActive",
    "profMemFuture",
    "gscan",
    "stackpool",
    "stackLarge",
    "hchanLeaf",
    "wbufSpans",
    "mheap",
    "mheapSpecial",
    "globalAlloc",
    "trace",
    "traceStackTab",
    "panic",
    "deadlock",
    "raceFini",
    "allocmRInternal",
    "execRInternal",
    "testRInternal",
];

/// For each rank, the ranks that may be held when a lock of that rank is taken.
///
/// Go: lockrank.go:165 lockPartialOrder
pub static LOCK_PARTIAL_ORDER: [&[LockRank]; 59] = [
    &[],                 // Unknown
    &[],                 // Sysmon
    &[LOCK_RANK_SYSMON], // Scavenge
    &[LOCK_RANK_SYSMON], // Forcegc
    &[],                 // Defer
    &[],                 // SweepWaiters
    &[],                 // AssistQueue
    &[],                 // Sweep
    &[],                 // TestR
    &[],                 // TestW
    &[],                 // TimerSend
    &[],                 // AllocmW
    &[],                 // ExecW
    &[],                 // Cpuprof
    &[],                 // PollCache
    &[],                 // PollDesc
    &[],                 // WakeableSleep
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
    ], // Hchan
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
    ], // AllocmR
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
    ], // ExecR
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
    ], // Sched
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
    ], // Allg
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
    ], // Allp
    &[],                 // NotifyList
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_NOTIFY_LIST,
    ], // Sudog
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_TIMERS,
    ], // Timers
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_TIMERS,
    ], // Timer
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
    ], // NetpollInit
    &[],                 // Root
    &[],                 // Itab
    &[LOCK_RANK_ITAB],   // ReflectOffs
    &[],                 // UserArenaState
    &[LOCK_RANK_SYSMON, LOCK_RANK_SCAVENGE], // TraceBuf
    &[LOCK_RANK_SYSMON, LOCK_RANK_SCAVENGE, LOCK_RANK_TRACE_BUF], // TraceStrings
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
    ], // Fin
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
    ], // SpanSetSpine
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
    ], // MspanSpecial
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
    ], // TraceTypeTab
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
        LOCK_RANK_MSPAN_SPECIAL,
    ], // GcBitsArenas
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
    ], // ProfInsert
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
    ], // ProfBlock
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
    ], // ProfMemActive
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
        LOCK_RANK_PROF_MEM_ACTIVE,
    ], // ProfMemFuture
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_NETPOLL_INIT,
        LOCK_RANK_ROOT,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
        LOCK_RANK_FIN,
        LOCK_RANK_SPAN_SET_SPINE,
        LOCK_RANK_MSPAN_SPECIAL,
        LOCK_RANK_GC_BITS_ARENAS,
        LOCK_RANK_PROF_INSERT,
        LOCK_RANK_PROF_BLOCK,
        LOCK_RANK_PROF_MEM_ACTIVE,
        LOCK_RANK_PROF_MEM_FUTURE,
    ], // Gscan
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_NETPOLL_INIT,
        LOCK_RANK_ROOT,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
        LOCK_RANK_FIN,
        LOCK_RANK_SPAN_SET_SPINE,
        LOCK_RANK_MSPAN_SPECIAL,
        LOCK_RANK_GC_BITS_ARENAS,
        LOCK_RANK_PROF_INSERT,
        LOCK_RANK_PROF_BLOCK,
        LOCK_RANK_PROF_MEM_ACTIVE,
        LOCK_RANK_PROF_MEM_FUTURE,
        LOCK_RANK_GSCAN,
    ], // Stackpool
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_NETPOLL_INIT,
        LOCK_RANK_ROOT,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
        LOCK_RANK_FIN,
        LOCK_RANK_SPAN_SET_SPINE,
        LOCK_RANK_MSPAN_SPECIAL,
        LOCK_RANK_GC_BITS_ARENAS,
        LOCK_RANK_PROF_INSERT,
        LOCK_RANK_PROF_BLOCK,
        LOCK_RANK_PROF_MEM_ACTIVE,
        LOCK_RANK_PROF_MEM_FUTURE,
        LOCK_RANK_GSCAN,
    ], // StackLarge
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_NETPOLL_INIT,
        LOCK_RANK_ROOT,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
        LOCK_RANK_FIN,
        LOCK_RANK_SPAN_SET_SPINE,
        LOCK_RANK_MSPAN_SPECIAL,
        LOCK_RANK_GC_BITS_ARENAS,
        LOCK_RANK_PROF_INSERT,
        LOCK_RANK_PROF_BLOCK,
        LOCK_RANK_PROF_MEM_ACTIVE,
        LOCK_RANK_PROF_MEM_FUTURE,
        LOCK_RANK_GSCAN,
        LOCK_RANK_HCHAN_LEAF,
    ], // HchanLeaf
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_DEFER,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_CACHE,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_SUDOG,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_NETPOLL_INIT,
        LOCK_RANK_ROOT,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
        LOCK_RANK_FIN,
        LOCK_RANK_SPAN_SET_SPINE,
        LOCK_RANK_MSPAN_SPECIAL,
        LOCK_RANK_GC_BITS_ARENAS,
        LOCK_RANK_PROF_INSERT,
        LOCK_RANK_PROF_BLOCK,
        LOCK_RANK_PROF_MEM_ACTIVE,
        LOCK_RANK_PROF_MEM_FUTURE,
        LOCK_RANK_GSCAN,
    ], // WbufSpans
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_DEFER,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_CACHE,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_SUDOG,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_NETPOLL_INIT,
        LOCK_RANK_ROOT,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
        LOCK_RANK_FIN,
        LOCK_RANK_SPAN_SET_SPINE,
        LOCK_RANK_MSPAN_SPECIAL,
        LOCK_RANK_GC_BITS_ARENAS,
        LOCK_RANK_PROF_INSERT,
        LOCK_RANK_PROF_BLOCK,
        LOCK_RANK_PROF_MEM_ACTIVE,
        LOCK_RANK_PROF_MEM_FUTURE,
        LOCK_RANK_GSCAN,
        LOCK_RANK_STACKPOOL,
        LOCK_RANK_STACK_LARGE,
        LOCK_RANK_WBUF_SPANS,
    ], // Mheap
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_DEFER,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_CACHE,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_SUDOG,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_NETPOLL_INIT,
        LOCK_RANK_ROOT,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
        LOCK_RANK_FIN,
        LOCK_RANK_SPAN_SET_SPINE,
        LOCK_RANK_MSPAN_SPECIAL,
        LOCK_RANK_GC_BITS_ARENAS,
        LOCK_RANK_PROF_INSERT,
        LOCK_RANK_PROF_BLOCK,
        LOCK_RANK_PROF_MEM_ACTIVE,
        LOCK_RANK_PROF_MEM_FUTURE,
        LOCK_RANK_GSCAN,
        LOCK_RANK_STACKPOOL,
        LOCK_RANK_STACK_LARGE,
        LOCK_RANK_WBUF_SPANS,
        LOCK_RANK_MHEAP,
    ], // MheapSpecial
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_DEFER,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_CACHE,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_SUDOG,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_NETPOLL_INIT,
        LOCK_RANK_ROOT,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
        LOCK_RANK_FIN,
        LOCK_RANK_SPAN_SET_SPINE,
        LOCK_RANK_MSPAN_SPECIAL,
        LOCK_RANK_GC_BITS_ARENAS,
        LOCK_RANK_PROF_INSERT,
        LOCK_RANK_PROF_BLOCK,
        LOCK_RANK_PROF_MEM_ACTIVE,
        LOCK_RANK_PROF_MEM_FUTURE,
        LOCK_RANK_GSCAN,
        LOCK_RANK_STACKPOOL,
        LOCK_RANK_STACK_LARGE,
        LOCK_RANK_WBUF_SPANS,
        LOCK_RANK_MHEAP,
        LOCK_RANK_MHEAP_SPECIAL,
    ], // GlobalAlloc
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_DEFER,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_CACHE,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_SUDOG,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_NETPOLL_INIT,
        LOCK_RANK_ROOT,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
        LOCK_RANK_FIN,
        LOCK_RANK_SPAN_SET_SPINE,
        LOCK_RANK_MSPAN_SPECIAL,
        LOCK_RANK_GC_BITS_ARENAS,
        LOCK_RANK_PROF_INSERT,
        LOCK_RANK_PROF_BLOCK,
        LOCK_RANK_PROF_MEM_ACTIVE,
        LOCK_RANK_PROF_MEM_FUTURE,
        LOCK_RANK_GSCAN,
        LOCK_RANK_STACKPOOL,
        LOCK_RANK_STACK_LARGE,
        LOCK_RANK_WBUF_SPANS,
        LOCK_RANK_MHEAP,
    ], // Trace
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_DEFER,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_CACHE,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
        LOCK_RANK_EXEC_R,
        LOCK_RANK_SCHED,
        LOCK_RANK_ALLG,
        LOCK_RANK_ALLP,
        LOCK_RANK_NOTIFY_LIST,
        LOCK_RANK_SUDOG,
        LOCK_RANK_TIMERS,
        LOCK_RANK_TIMER,
        LOCK_RANK_NETPOLL_INIT,
        LOCK_RANK_ROOT,
        LOCK_RANK_ITAB,
        LOCK_RANK_REFLECT_OFFS,
        LOCK_RANK_USER_ARENA_STATE,
        LOCK_RANK_TRACE_BUF,
        LOCK_RANK_TRACE_STRINGS,
        LOCK_RANK_FIN,
        LOCK_RANK_SPAN_SET_SPINE,
        LOCK_RANK_MSPAN_SPECIAL,
        LOCK_RANK_GC_BITS_ARENAS,
        LOCK_RANK_PROF_INSERT,
        LOCK_RANK_PROF_BLOCK,
        LOCK_RANK_PROF_MEM_ACTIVE,
        LOCK_RANK_PROF_MEM_FUTURE,
        LOCK_RANK_GSCAN,
        LOCK_RANK_STACKPOOL,
        LOCK_RANK_STACK_LARGE,
        LOCK_RANK_WBUF_SPANS,
        LOCK_RANK_MHEAP,
        LOCK_RANK_TRACE,
    ], // TraceStackTab
    &[],                 // Panic
    &[LOCK_RANK_PANIC, LOCK_RANK_DEADLOCK], // Deadlock
    &[LOCK_RANK_PANIC],  // RaceFini
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_ALLOCM_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_ALLOCM_R,
    ], // AllocmRInternal
    &[
        LOCK_RANK_SYSMON,
        LOCK_RANK_SCAVENGE,
        LOCK_RANK_FORCEGC,
        LOCK_RANK_SWEEP_WAITERS,
        LOCK_RANK_ASSIST_QUEUE,
        LOCK_RANK_SWEEP,
        LOCK_RANK_TEST_R,
        LOCK_RANK_TIMER_SEND,
        LOCK_RANK_EXEC_W,
        LOCK_RANK_CPUPROF,
        LOCK_RANK_POLL_DESC,
        LOCK_RANK_WAKEABLE_SLEEP,
        LOCK_RANK_HCHAN,
        LOCK_RANK_EXEC_R,
    ], // ExecRInternal
    &[LOCK_RANK_TEST_R, LOCK_RANK_TEST_W], // TestRInternal
];
