//! What is swapped, and what Rust calls of Go's.

/// Where a function may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// On g0 only, and it does not return: what `mcall` calls, what that calls, and what threads
    /// are for.
    Mcall,
    /// Anywhere: from a goroutine's stack the way leads over g0's.
    Any,
}

/// A function of proc.go whose body is the port's.
#[derive(Clone, Copy, Debug)]
pub struct Swap {
    /// Its name; a method's with its type and a dot.
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

impl Swap {
    /// Whether its body becomes a call of another function: a method, which an assembler cannot
    /// name, or what a linkname gives to another package.
    pub fn is_called(&self) -> bool {
        self.name.contains('.')
            || matches!(self.name, "setMaxThreads" | "sync_runtime_canSpin" | "sync_runtime_doSpin")
    }
    /// The name of package runtime's function without a body.
    pub fn go(&self) -> String {
        if self.is_called() { self.rust() } else { self.name.into() }
    }
    /// The name of Rust's function.
    pub fn rust(&self) -> String {
        format!("gort_{}", self.name.replace('.', "_"))
    }
    /// Whether arguments live on after the call, so that what they refer to may not be on the
    /// caller's stack.
    pub fn escapes(&self) -> bool {
        matches!(self.name, "forEachP" | "forEachPInternal" | "newm" | "newproc1" | "parkunlock_c")
    }
}

/// All of them, in the order of proc.go.
pub const SWAPS: &[Swap] = &[
    any("lockedOSThread", "", 1),
    any("allGsSnapshot", "", 3),
    any("atomicAllG", "", 2),
    any("atomicAllGIndex", "ww", 1),
    any("dumpgstatus", "w", 0),
    any("checkmcount", "", 0),
    any("mReserveID", "", 1),
    any("m.becomeSpinning", "w", 0),
    any("m.hasCgoOnStack", "w", 1),
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
    any("stwReason.String", "b", 2),
    any("stwReason.isGC", "b", 1),
    any("stopTheWorldWithSema", "b", 4),
    any("startTheWorldWithSema", "wbwww", 1),
    any("mPark", "", 0),
    any("forEachP", "bw", 0),
    any("forEachPInternal", "w", 0),
    any("runSafePointFn", "", 0),
    any("newm", "www", 0),
    any("newm1", "w", 0),
    any("startTemplateThread", "", 0),
    mcall("templateThread", ""),
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
    any("checkIdleGCNoP", "", 2),
    any("wakeNetPoller", "w", 0),
    any("resetspinning", "", 0),
    any("injectglist", "w", 0),
    mcall("schedule", ""),
    any("dropg", "", 0),
    any("parkunlock_c", "ww", 1),
    mcall("park_m", "w"),
    mcall("goschedImpl", "wb"),
    mcall("gosched_m", "w"),
    mcall("goschedguarded_m", "w"),
    mcall("gopreempt_m", "w"),
    mcall("preemptPark", "w"),
    mcall("goyield_m", "w"),
    mcall("goexit0", "w"),
    any("gdestroy", "w", 0),
    any("entersyscall_sysmon", "", 0),
    any("entersyscall_gcwait", "", 0),
    any("entersyscallblock_handoff", "", 0),
    any("exitsyscallfast", "w", 1),
    any("exitsyscallfast_reacquired", "ww", 0),
    any("exitsyscallfast_pidle", "", 1),
    mcall("exitsyscall0", "w"),
    any("newproc1", "wwwbb", 1),
    any("gfput", "ww", 0),
    any("gfget", "w", 1),
    any("gfpurge", "w", 0),
    any("dolockOSThread", "", 0),
    any("lockOSThread", "", 0),
    any("dounlockOSThread", "", 0),
    any("UnlockOSThread", "", 0),
    any("unlockOSThread", "", 0),
    any("badunlockosthread", "", 0),
    any("gcount", "", 1),
    any("mcount", "", 1),
    any("procresize", "w", 1),
    any("acquirep", "w", 0),
    any("wirep", "w", 0),
    any("releasep", "", 1),
    any("releasepNoTrace", "", 1),
    any("incidlelocked", "w", 0),
    any("checkdead", "", 0),
    mcall("sysmon", ""),
    any("retake", "w", 1),
    any("preemptall", "", 1),
    any("preemptone", "w", 1),
    any("schedtrace", "b", 0),
    any("schedEnableUser", "b", 0),
    any("schedEnabled", "w", 1),
    any("mput", "w", 0),
    any("mget", "", 1),
    any("globrunqput", "w", 0),
    any("globrunqputhead", "w", 0),
    any("globrunqputbatch", "ww", 0),
    any("globrunqget", "ww", 1),
    any("pMask.read", "wwww", 1),
    any("pMask.set", "wwww", 0),
    any("pMask.clear", "wwww", 0),
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
    any("gQueue.empty", "w", 1),
    any("gQueue.push", "ww", 0),
    any("gQueue.pushBack", "ww", 0),
    any("gQueue.pushBackAll", "www", 0),
    any("gQueue.pop", "w", 1),
    any("gQueue.popList", "w", 1),
    any("gList.empty", "w", 1),
    any("gList.push", "ww", 0),
    any("gList.pushAll", "www", 0),
    any("gList.pop", "w", 1),
    any("setMaxThreads", "w", 1),
    any("sync_runtime_canSpin", "w", 1),
    any("sync_runtime_doSpin", "", 0),
    any("randomOrder.reset", "ww", 0),
    any("randomOrder.start", "ww", 4),
    any("randomEnum.done", "w", 1),
    any("randomEnum.next", "w", 0),
    any("randomEnum.position", "w", 1),
    any("gcd", "ww", 1),
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
    /// If it is none of package runtime: its Go text, by which it becomes one. Methods, and what
    /// the assembler cannot name.
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
    up("nanotime", 0, 1),
    up("usleep", 1, 0),
    glue("captureStack", 0, 0, "func() { getg().m.mLockProfile.captureStack() }"),
    glue("storeLockProfile", 0, 0, "func() { getg().m.mLockProfile.store() }"),
    up("timeSleepUntil", 0, 1),
    glue("scavengerWake", 0, 0, "func() { scavenger.wake() }"),
    glue(
        "gcTriggerTime",
        1,
        1,
        "func(now int64) bool {\n\tt := gcTrigger{kind: gcTriggerTime, now: now}\n\treturn t.test()\n}",
    ),
    glue("setSafePointFn", 1, 0, "func(fn func(*p)) { sched.safePointFn = fn }"),
    glue("callWithP", 2, 0, "func(fn func(*p), pp *p) { fn(pp) }"),
    up("allocm", 3, 1),
    up("newosproc", 1, 0),
    glue("execLockRlock", 0, 0, "func() { execLock.rlock() }"),
    glue("execLockRunlock", 0, 0, "func() { execLock.runlock() }"),
    glue(
        "cgoThreadStart",
        1,
        0,
        "func(mp *m) {\n\tvar ts cgothreadstart\n\tif _cgo_thread_start == nil {\n\t\tthrow(\"_cgo_thread_start missing\")\n\t}\n\tts.g.set(mp.g0)\n\tts.tls = (*uint64)(unsafe.Pointer(&mp.tls[0]))\n\tts.fn = unsafe.Pointer(abi.FuncPCABI0(mstart))\n\tasmcgocall(_cgo_thread_start, unsafe.Pointer(&ts))\n}",
    ),
    up("malg", 1, 1),
    up("allgadd", 1, 0),
    up("gostartcallfn", 2, 0),
    glue(
        "setAncestors",
        2,
        0,
        "func(newg, callergp *g) { newg.ancestors = saveAncestors(callergp) }",
    ),
    glue("setLabels", 2, 0, "func(newg, curg *g) { newg.labels = curg.labels }"),
    glue(
        "clearG",
        1,
        0,
        "func(gp *g) {\n\tgp._defer = nil\n\tgp._panic = nil\n\tgp.writebuf = nil\n\tgp.param = nil\n\tgp.labels = nil\n\tgp.timer = nil\n}",
    ),
    glue(
        "addScannableStack",
        2,
        0,
        "func(pp *p, n int64) { gcController.addScannableStack(pp, n) }",
    ),
    glue(
        "flushAssistCredit",
        1,
        0,
        "func(gp *g) {\n\tassistWorkPerByte := gcController.assistWorkPerByte.Load()\n\tscanCredit := int64(assistWorkPerByte * float64(gp.gcAssistBytes))\n\tgcController.bgScanCredit.Add(scanCredit)\n\tgp.gcAssistBytes = 0\n}",
    ),
    glue(
        "growAllp",
        1,
        0,
        "func(n int32) {\n\tnew := make([]*p, n)\n\tcopy(new, allp[:cap(allp)])\n\tallp = new\n}",
    ),
    glue(
        "growMasks",
        1,
        0,
        "func(words int32) {\n\ti := make([]uint32, words)\n\tcopy(i, idlepMask)\n\tidlepMask = i\n\tt := make([]uint32, words)\n\tcopy(t, timerpMask)\n\ttimerpMask = t\n}",
    ),
    glue(
        "addP",
        1,
        0,
        "func(id int32) {\n\tpp := allp[id]\n\tif pp == nil {\n\t\tpp = new(p)\n\t}\n\tpp.init(id)\n\tatomicstorep(unsafe.Pointer(&allp[id]), unsafe.Pointer(pp))\n}",
    ),
    glue("destroyP", 1, 0, "func(pp *p) { pp.destroy() }"),
    glue("noMcache0", 0, 0, "func() { mcache0 = nil }"),
    glue("resetCapacity", 2, 0, "func(now int64, n int32) { gcCPULimiter.resetCapacity(now, n) }"),
    glue(
        "growCoprimes",
        1,
        0,
        "func(ord *randomOrder) { ord.coprimes = append(ord.coprimes, 0)[:len(ord.coprimes)] }",
    ),
    glue("needIdleMarkWorker", 0, 1, "func() bool { return gcController.needIdleMarkWorker() }"),
    glue("addIdleMarkWorker", 0, 1, "func() bool { return gcController.addIdleMarkWorker() }"),
    glue("removeIdleMarkWorker", 0, 0, "func() { gcController.removeIdleMarkWorker() }"),
    glue(
        "popMarkWorker",
        0,
        1,
        "func() *g {\n\tif node := (*gcBgMarkWorkerNode)(gcBgMarkWorkerPool.pop()); node != nil {\n\t\treturn node.gp.ptr()\n\t}\n\treturn nil\n}",
    ),
    up("netpoll", 1, 2),
    up("netpollBreak", 0, 0),
    glue(
        "timersCheck",
        2,
        3,
        "func(ts *timers, now int64) (int64, int64, bool) { return ts.check(now) }",
    ),
    up("stackalloc", 1, 2),
    up("stackfree", 2, 0),
    glue("safePointFn", 1, 0, "func(pp *p) { sched.safePointFn(pp) }"),
    up("isSystemGoroutine", 2, 1),
    up("canPreemptM", 1, 1),
    up("preemptM", 1, 0),
    up("wakefing", 0, 1),
    glue("cgoYield", 0, 0, "func() { asmcgocall(*cgo_yield, nil) }"),
    glue(
        "findRunnableGCWorker",
        2,
        2,
        "func(pp *p, now int64) (*g, int64) { return gcController.findRunnableGCWorker(pp, now) }",
    ),
    up("gcMarkWorkAvailable", 1, 1),
    glue("setIdleMarkMode", 1, 0, "func(pp *p) { pp.gcMarkWorkerMode = gcMarkWorkerIdleMode }"),
    glue(
        "tryRecordGoroutineProfile",
        1,
        0,
        "func(gp *g) { tryRecordGoroutineProfile(gp, nil, osyield) }",
    ),
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
    glue(
        "traceAcquire",
        0,
        2,
        "func() (*m, uintptr) {\n\tt := traceAcquire()\n\treturn t.mp, t.gen\n}",
    ),
    glue("traceRelease", 2, 0, "func(mp *m, gen uintptr) { traceRelease(traceLocker{mp, gen}) }"),
    glue(
        "traceGomaxprocs",
        3,
        0,
        "func(mp *m, gen uintptr, n int32) { traceLocker{mp, gen}.Gomaxprocs(n) }",
    ),
    glue(
        "traceGoCreate",
        5,
        0,
        "func(mp *m, gen uintptr, newg *g, pc uintptr, blocked bool) { traceLocker{mp, gen}.GoCreate(newg, pc, blocked) }",
    ),
    glue("traceProcStart", 2, 0, "func(mp *m, gen uintptr) { traceLocker{mp, gen}.ProcStart() }"),
    glue(
        "traceProcStop",
        3,
        0,
        "func(mp *m, gen uintptr, pp *p) { traceLocker{mp, gen}.ProcStop(pp) }",
    ),
    glue("traceGoStart", 2, 0, "func(mp *m, gen uintptr) { traceLocker{mp, gen}.GoStart() }"),
    glue("traceGoSched", 2, 0, "func(mp *m, gen uintptr) { traceLocker{mp, gen}.GoSched() }"),
    glue("traceGoPreempt", 2, 0, "func(mp *m, gen uintptr) { traceLocker{mp, gen}.GoPreempt() }"),
    glue(
        "traceGoPark",
        3,
        0,
        "func(mp *m, gen uintptr, preempted int) {\n\tif preempted != 0 {\n\t\ttraceLocker{mp, gen}.GoPark(traceBlockPreempted, 0)\n\t} else {\n\t\ttraceLocker{mp, gen}.GoPark(mp.waitTraceBlockReason, mp.waitTraceSkip)\n\t}\n}",
    ),
    glue(
        "traceGoUnpark",
        3,
        0,
        "func(mp *m, gen uintptr, gp *g) { traceLocker{mp, gen}.GoUnpark(gp, 0) }",
    ),
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
    "newmHandoff",
    "allglen",
    "allgptr",
    "islibrary",
    "isarchive",
    "iscgo",
    "cgoHasExtraM",
    "extraMLength",
    "extraMInUse",
    "panicking",
    "forcegcperiod",
    "mutexprofilerate",
    "initSigmask",
];
