//! What is swapped, and what Rust calls of Go's.

/// Where a function may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// On g0 only, and it does not return: what `mcall` calls, and what that calls.
    Mcall,
    /// Anywhere: from a goroutine's stack the way leads over g0's.
    Any,
}

/// A function of proc.go whose body is the port's.
#[derive(Clone, Copy, Debug)]
pub struct Swap {
    /// Its name.
    pub name: &'static str,
    /// A letter for each word of its arguments: `w`, or `b` for a bool.
    pub args: &'static str,
    /// Words of results.
    pub results: usize,
    /// Where it runs.
    pub on: On,
}

const fn any(name: &'static str, args: &'static str, results: usize) -> Swap {
    Swap { name, args, results, on: On::Any }
}

const fn mcall(name: &'static str, args: &'static str) -> Swap {
    Swap { name, args, results: 0, on: On::Mcall }
}

/// All of them, in the order of proc.go.
pub const SWAPS: &[Swap] = &[
    any("ready", "wwb", 0),
    any("freezetheworld", "", 0),
    any("casfrom_Gscanstatus", "www", 0),
    any("castogscanstatus", "www", 1),
    any("casgstatus", "www", 0),
    any("casGToWaiting", "wwb", 0),
    any("casGToWaitingForGC", "wwb", 0),
    any("casgcopystack", "w", 1),
    any("casGToPreemptScan", "www", 0),
    any("casGFromPreempted", "www", 1),
    any("stopTheWorldWithSema", "b", 4),
    any("startTheWorldWithSema", "wbwww", 1),
    any("runSafePointFn", "", 0),
    any("stopm", "", 0),
    any("mspinning", "", 0),
    any("startm", "wbb", 0),
    any("handoffp", "w", 0),
    any("wakep", "", 0),
    any("stoplockedm", "", 0),
    any("startlockedm", "w", 0),
    any("gcstopm", "", 0),
    mcall("execute", "wb"),
    any("findRunnable", "", 3),
    any("pollWork", "", 1),
    any("stealWork", "w", 5),
    any("checkRunqsNoP", "wwwwww", 1),
    any("checkTimersNoP", "wwwwwww", 1),
    any("wakeNetPoller", "w", 0),
    any("resetspinning", "", 0),
    any("injectglist", "w", 0),
    mcall("schedule", ""),
    any("dropg", "", 0),
    mcall("park_m", "w"),
    mcall("goschedImpl", "wb"),
    mcall("gosched_m", "w"),
    mcall("goschedguarded_m", "w"),
    mcall("gopreempt_m", "w"),
    mcall("preemptPark", "w"),
    mcall("goyield_m", "w"),
    mcall("goexit0", "w"),
    any("entersyscall_sysmon", "", 0),
    any("entersyscall_gcwait", "", 0),
    any("entersyscallblock_handoff", "", 0),
    any("exitsyscallfast_pidle", "", 1),
    mcall("exitsyscall0", "w"),
    any("gfput", "ww", 0),
    any("gfget", "w", 1),
    any("gfpurge", "w", 0),
    any("acquirep", "w", 0),
    any("wirep", "w", 0),
    any("releasep", "", 1),
    any("releasepNoTrace", "", 1),
    any("incidlelocked", "w", 0),
    any("retake", "w", 1),
    any("preemptall", "", 1),
    any("preemptone", "w", 1),
    any("schedEnableUser", "b", 0),
    any("schedEnabled", "w", 1),
    any("mput", "w", 0),
    any("mget", "", 1),
    any("globrunqput", "w", 0),
    any("globrunqputhead", "w", 0),
    any("globrunqputbatch", "ww", 0),
    any("globrunqget", "ww", 1),
    any("pidleput", "ww", 1),
    any("pidleget", "w", 2),
    any("pidlegetSpinning", "w", 2),
    any("runqempty", "w", 1),
    any("runqput", "wwb", 0),
    any("runqputslow", "wwww", 1),
    any("runqputbatch", "www", 0),
    any("runqget", "w", 2),
    any("runqdrain", "w", 3),
    any("runqgrab", "wwwb", 1),
    any("runqsteal", "wwb", 1),
];

/// A function of Go's that Rust calls as `gort_go_NAME`.
#[derive(Clone, Copy, Debug)]
pub struct Up {
    /// Its name.
    pub name: &'static str,
    /// Words of arguments.
    pub args: usize,
    /// Words of results.
    pub results: usize,
    /// If it is none of package runtime: its Go text, by which it becomes one. Methods, and what the assembler cannot name.
    pub go: &'static str,
}

const fn up(name: &'static str, args: usize, results: usize) -> Up {
    Up { name, args, results, go: "" }
}

const fn glue(name: &'static str, args: usize, results: usize, go: &'static str) -> Up {
    Up { name, args, results, go }
}

/// All of them.
pub const UPS: &[Up] = &[
    up("throw", 2, 0),
    up("fatal", 2, 0),
    up("printstring", 2, 0),
    up("printlock", 0, 0),
    up("printunlock", 0, 0),
    up("lock2", 1, 0),
    up("unlock2", 1, 0),
    up("nanotime", 0, 1),
    up("usleep", 1, 0),
    up("osyield", 0, 0),
    up("checkdead", 0, 0),
    up("dumpgstatus", 1, 0),
    up("notewakeup", 1, 0),
    up("mPark", 0, 0),
    up("mReserveID", 0, 1),
    glue(
        "newm",
        3,
        0,
        "func(spinning bool, pp *p, id int64) {\n\tif spinning {\n\t\tnewm(mspinning, pp, id)\n\t} else {\n\t\tnewm(nil, pp, id)\n\t}\n}",
    ),
    up("netpoll", 1, 2),
    up("netpollBreak", 0, 0),
    glue("timersCheck", 2, 3, "func(ts *timers, now int64) (int64, int64, bool) { return ts.check(now) }"),
    up("stackalloc", 1, 2),
    up("stackfree", 2, 0),
    glue("safePointFn", 1, 0, "func(pp *p) { sched.safePointFn(pp) }"),
    up("isSystemGoroutine", 2, 1),
    up("canPreemptM", 1, 1),
    up("preemptM", 1, 0),
    up("gdestroy", 1, 0),
    up("wakefing", 0, 1),
    glue("cgoYield", 0, 0, "func() { asmcgocall(*cgo_yield, nil) }"),
    glue(
        "findRunnableGCWorker",
        2,
        2,
        "func(pp *p, now int64) (*g, int64) { return gcController.findRunnableGCWorker(pp, now) }",
    ),
    up("gcMarkWorkAvailable", 1, 1),
    glue(
        "idleMarkWorker",
        1,
        1,
        "func(pp *p) *g {\n\tif !gcMarkWorkAvailable(pp) || !gcController.addIdleMarkWorker() {\n\t\treturn nil\n\t}\n\tif node := (*gcBgMarkWorkerNode)(gcBgMarkWorkerPool.pop()); node != nil {\n\t\tpp.gcMarkWorkerMode = gcMarkWorkerIdleMode\n\t\treturn node.gp.ptr()\n\t}\n\tgcController.removeIdleMarkWorker()\n\treturn nil\n}",
    ),
    up("checkIdleGCNoP", 0, 2),
    glue("setIdleMarkMode", 1, 0, "func(pp *p) { pp.gcMarkWorkerMode = gcMarkWorkerIdleMode }"),
    glue("tryRecordGoroutineProfile", 1, 0, "func(gp *g) { tryRecordGoroutineProfile(gp, nil, osyield) }"),
    up("setThreadCPUProfiler", 1, 0),
    glue("prepareForSweep", 1, 0, "func(pp *p) { pp.mcache.prepareForSweep() }"),
    glue("addIdleTime", 1, 0, "func(d int64) { gcCPULimiter.addIdleTime(d) }"),
    glue(
        "callUnlockf",
        3,
        1,
        "func(f func(*g, unsafe.Pointer) bool, gp *g, lock unsafe.Pointer) bool { return f(gp, lock) }",
    ),
    glue(
        "checkAsyncSafePoint",
        1,
        0,
        "func(gp *g) {\n\tf := findfunc(gp.sched.pc)\n\tif !f.valid() {\n\t\tthrow(\"preempt at unknown pc\")\n\t}\n\tif f.flag&abi.FuncFlagSPWrite != 0 {\n\t\tprintln(\"runtime: unexpected SPWRITE function\", funcname(f), \"in async preempt\")\n\t\tthrow(\"preempt SPWRITE\")\n\t}\n}",
    ),
    glue(
        "readyTraced",
        3,
        0,
        "func(gp *g, skip int, next bool) {\n\tstatus := readgstatus(gp)\n\tmp := acquirem()\n\tif status&^_Gscan != _Gwaiting {\n\t\tdumpgstatus(gp)\n\t\tthrow(\"bad g->status in ready\")\n\t}\n\ttrace := traceAcquire()\n\tcasgstatus(gp, _Gwaiting, _Grunnable)\n\tif trace.ok() {\n\t\ttrace.GoUnpark(gp, skip)\n\t\ttraceRelease(trace)\n\t}\n\trunqput(mp.p.ptr(), gp, next)\n\twakep()\n\treleasem(mp)\n}",
    ),
    up("traceReader", 0, 1),
    up("procresize", 1, 1),
    up("notetsleep", 2, 1),
    glue(
        "traceSTWStart",
        3,
        0,
        "func(mp *m, gen uintptr, reason stwReason) { traceLocker{mp, gen}.STWStart(reason) }",
    ),
    glue("traceSTWDone", 2, 0, "func(mp *m, gen uintptr) { traceLocker{mp, gen}.STWDone() }"),
    glue("traceGoSysCall", 2, 0, "func(mp *m, gen uintptr) { traceLocker{mp, gen}.GoSysCall() }"),
    glue(
        "traceGoSysExit",
        3,
        0,
        "func(mp *m, gen uintptr, lost bool) { traceLocker{mp, gen}.GoSysExit(lost) }",
    ),
    up("traceExitingSyscall", 0, 0),
    up("traceExitedSyscall", 0, 0),
    up("traceReaderAvailable", 0, 1),
    glue("traceAcquire", 0, 2, "func() (*m, uintptr) {\n\tt := traceAcquire()\n\treturn t.mp, t.gen\n}"),
    glue("traceRelease", 2, 0, "func(mp *m, gen uintptr) { traceRelease(traceLocker{mp, gen}) }"),
    glue("traceGomaxprocs", 3, 0, "func(mp *m, gen uintptr, n int32) { traceLocker{mp, gen}.Gomaxprocs(n) }"),
    glue("traceProcStart", 2, 0, "func(mp *m, gen uintptr) { traceLocker{mp, gen}.ProcStart() }"),
    glue("traceProcStop", 3, 0, "func(mp *m, gen uintptr, pp *p) { traceLocker{mp, gen}.ProcStop(pp) }"),
    glue("traceGoStart", 2, 0, "func(mp *m, gen uintptr) { traceLocker{mp, gen}.GoStart() }"),
    glue("traceGoSched", 2, 0, "func(mp *m, gen uintptr) { traceLocker{mp, gen}.GoSched() }"),
    glue("traceGoPreempt", 2, 0, "func(mp *m, gen uintptr) { traceLocker{mp, gen}.GoPreempt() }"),
    glue(
        "traceGoPark",
        3,
        0,
        "func(mp *m, gen uintptr, preempted int) {\n\tif preempted != 0 {\n\t\ttraceLocker{mp, gen}.GoPark(traceBlockPreempted, 0)\n\t} else {\n\t\ttraceLocker{mp, gen}.GoPark(mp.waitTraceBlockReason, mp.waitTraceSkip)\n\t}\n}",
    ),
    glue("traceGoUnpark", 3, 0, "func(mp *m, gen uintptr, gp *g) { traceLocker{mp, gen}.GoUnpark(gp, 0) }"),
    glue(
        "traceProcSteal",
        4,
        0,
        "func(mp *m, gen uintptr, pp *p, in bool) { traceLocker{mp, gen}.ProcSteal(pp, in) }",
    ),
];

/// Go's variables that Rust names: those of `object/globals.rs`.
pub const VARS: &[&str] = &[
    "sched",
    "forcegc",
    "allpLock",
    "allglock",
    "deadlock",
    "allp",
    "idlepMask",
    "timerpMask",
    "allgs",
    "allm",
    "gomaxprocs",
    "ncpu",
    "newprocs",
    "mainStarted",
    "gortVars",
    "freezing",
    "startingStackSize",
    "faketime",
    "gcBlackenEnabled",
    "fingStatus",
    "netpollInited",
    "netpollWaiters",
    "casgstatusAlwaysTrack",
    "stealOrder",
];
