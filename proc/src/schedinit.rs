//! proc.go: 714–1006. Initialisation of the scheduler and of Ms.

use crate::*;
use gort_print::print;

/// How many goroutine ids a P takes from `sched.goidgen` at once.
///
/// Go: proc.go:717 _GoidCacheBatch
#[cfg(not(loom))]
pub const GOID_CACHE_BATCH: u64 = 16;

/// The scheduler's initialisation. The order at start is: osinit, schedinit, newproc of
/// [`main`](crate::main()), mstart.
///
/// # Safety
/// Called once, on m0's g0, by the only thread that is in the runtime.
///
/// Go: proc.go:782 schedinit
#[cfg(not(any(loom, gort_inside)))]
pub unsafe fn schedinit() {
    // SAFETY: nobody else is in the runtime yet.
    unsafe {
        let sched = sched();
        // :783
        lock_init(&raw mut (*sched).lock, LOCK_RANK_SCHED);
        lock_init(&raw mut (*sched).sysmonlock, LOCK_RANK_SYSMON);
        lock_init(&raw mut (*sched).deferlock, LOCK_RANK_DEFER);
        lock_init(&raw mut (*sched).sudoglock, LOCK_RANK_SUDOG);
        lock_init(deadlock(), LOCK_RANK_DEADLOCK);
        lock_init(paniclk(), LOCK_RANK_PANIC);
        lock_init(allglock(), LOCK_RANK_ALLG);
        lock_init(allp_lock(), LOCK_RANK_ALLP);
        // :791 reflectOffs, finlock and cpuprof are not there.
        // :794
        (*allocm_lock()).init(LOCK_RANK_ALLOCM_R, LOCK_RANK_ALLOCM_RINTERNAL, LOCK_RANK_ALLOCM_W);
        (*exec_lock()).init(LOCK_RANK_EXEC_R, LOCK_RANK_EXEC_RINTERNAL, LOCK_RANK_EXEC_W);
        // :796
        trace_lock_init();
        // :800 no statistics of the heap.

        // :804
        let gp = getg();
        // :805 no race detector.

        // :809
        (*sched).maxmcount.set(10000);
        // :810 no second file for crash reports.

        // :813 the world starts stopped
        world_stopped();

        // :815 ticks, moduledataverify (:816), mallocinit (:818): not there.
        // (:832, :833) earlier than in Go: stackinit looks at the environment. goenvs does what
        // secure (:834) does.
        goargs();
        goenvs();
        // gort's own, before the first goroutine
        membarrier_init(gogetenv("GORTMEMBARRIER").is_none_or(|s| s != "off"));
        // :817
        stackinit();
        #[cfg(not(loom))]
        cxx_init(); // gort's own
        // :819 GODEBUG is looked at early only for cpu.* options (:820), which gort has no use for.
        // :821
        randinit();
        // :823
        mcommoninit((*gp).m, -1);
        // :824 modulesinit, typelinksinit, itabsinit, stkobjinit: no Go types here.

        // :829
        linkname::sigsave(&raw mut (*(*gp).m).sigmask);
        INIT_SIGMASK.set((*(*gp).m).sigmask);

        // :835 std has done the same before a Rust main, but not before one of C or Go
        checkfds();
        // :836
        parsedebugvars();
        // :837 gcinit: no collector.

        // :841 a stack to crash on when the current one is bad
        (*gcrash()).stack = stackalloc(CRASH_STACK_SIZE);
        (*gcrash()).stackguard0.set((*gcrash()).stack.lo + 1000);
        (*gcrash()).stackguard1 = (*gcrash()).stack.lo + 1000;

        // :849 no memory profile, hence no profStack buffers (:854).

        // :856
        lock(&raw mut (*sched).lock);
        (*sched).lastpoll.store(nanotime());
        let mut procs = NCPU.get();
        // :859
        if let Some(n) = gogetenv("GOMAXPROCS").and_then(|s| atoi32(&s))
            && n > 0
        {
            procs = n;
        }
        // :862
        if !procresize(procs).is_null() {
            throw("unknown runnable goroutine during bootstrap");
        }
        unlock(&raw mut (*sched).lock);

        // :868 now Ps can run
        world_started();
        // :870 buildVersion and modinfo (:875) only keep the linker from dropping them.
    }
}

/// Size of the stack to crash on. Go has 16384; a traceback through native frames takes more.
#[cfg(not(any(loom, gort_inside)))]
const CRASH_STACK_SIZE: u32 = 131072;

/// Prints the state of `gp` and of the current goroutine, before a throw.
///
/// # Safety
/// `gp` is a G, and the thread is an M.
///
/// Go: proc.go:882 dumpgstatus
#[cfg(not(loom))]
pub unsafe fn dumpgstatus(gp: *mut G) {
    // SAFETY: Gs are never freed; goid is not written while the goroutine lives.
    unsafe {
        // :883
        let thisg = getg();
        print!(
            "runtime:   gp: gp={:#x}, goid={}, gp->atomicstatus={}\n",
            gp.addr(),
            (*gp).goid,
            readgstatus(gp)
        );
        // :885
        print!(
            "runtime: getg:  g={:#x}, goid={},  g->atomicstatus={}\n",
            thisg.addr(),
            (*thisg).goid,
            readgstatus(thisg)
        );
    }
}

/// Ends the process if there are more threads than `sched.maxmcount`.
///
/// # Safety
/// The caller holds `sched.lock`.
///
/// Go: proc.go:889 checkmcount
#[cfg(not(loom))]
pub unsafe fn checkmcount() {
    // SAFETY: counters under sched.lock.
    unsafe {
        let sched = sched();
        // :890
        assert_lock_held(&raw mut (*sched).lock);

        // :900 threads that foreign code made do not count: the limit is there to catch runaway
        // blocking
        let count = mcount() - EXTRA_M_IN_USE.load() as i32 - EXTRA_M_LENGTH.load() as i32;
        if count > (*sched).maxmcount.get() {
            // :902
            print!("runtime: program exceeds {}-thread limit\n", (*sched).maxmcount.get());
            throw("thread exhaustion");
        }
    }
}

/// The id of the next M, which counts as running from now on (for checkdead).
///
/// # Safety
/// The caller holds `sched.lock`.
///
/// Go: proc.go:911 mReserveID
#[doc(alias = "mReserveID")]
#[cfg(not(loom))]
pub unsafe fn m_reserve_id() -> i64 {
    // SAFETY: counters under sched.lock.
    unsafe {
        let sched = sched();
        // :912
        assert_lock_held(&raw mut (*sched).lock);

        if (*sched).mnext.get().wrapping_add(1) < (*sched).mnext.get() {
            throw("runtime: thread ID overflow");
        }
        // :917
        let id = (*sched).mnext.get();
        (*sched).mnext.bump(1);
        checkmcount();
        id
    }
}

/// What all Ms need: an id (`id`, or a new one for -1), random state, a signal stack, a place in
/// allm.
///
/// # Safety
/// `mp` is new and belongs to the caller.
///
/// Go: proc.go:924 mcommoninit
#[cfg(not(any(loom, gort_inside)))]
pub unsafe fn mcommoninit(mp: *mut M, id: i64) {
    // SAFETY: mp is the caller's until it is published in ALLM, under sched.lock.
    unsafe {
        let sched = sched();
        // :925 the stack of who created the thread is not recorded.

        // :932
        lock(&raw mut (*sched).lock);

        if id >= 0 {
            (*mp).id = id;
        } else {
            (*mp).id = m_reserve_id();
        }

        // :940
        mrandinit(mp);

        linkname::mpreinit(mp);
        if !(*mp).gsignal.is_null() {
            (*(*mp).gsignal).stackguard1 = (*(*mp).gsignal).stack.lo + STACK_GUARD;
        }

        // :949
        (*mp).alllink.set(ALLM.get());

        // :953 published safely: some walk allm without the lock
        ALLM.store(mp);
        unlock(&raw mut (*sched).lock);
        // :957 no buffers for foreign tracebacks, nor for profiles (:960).
    }
}

/// Counts `mp` as spinning.
///
/// # Safety
/// `mp` is this thread's M, or one that the caller is about to start.
///
/// Go: proc.go:997 becomeSpinning
#[doc(alias = "becomeSpinning")]
pub unsafe fn become_spinning(mp: *mut M) {
    // SAFETY: atomics.
    unsafe {
        // :998
        (*mp).spinning.set(true);
        (*sched()).nmspinning.add(1);
        (*sched()).needspinning.store(0);
    }
}

/// Whether foreign frames lie on the stack of `mp`.
///
/// # Safety
/// `mp` is this thread's M.
///
/// Go: proc.go:1003 hasCgoOnStack
#[doc(alias = "hasCgoOnStack")]
#[cfg(not(loom))]
pub unsafe fn has_cgo_on_stack(mp: *mut M) -> bool {
    // SAFETY: the M's own fields.
    unsafe {
        // :1004
        (*mp).ncgo > 0 || (*mp).isextra
    }
}

// proc.go:1007 osHasLowResTimer and its kin are false on Linux.
