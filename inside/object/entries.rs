//! The doors: what Go's assembly calls, in System V's convention. `inside/src/table.rs` has their
//! other half.

use crate::linkname::{GoFn, go};
use crate::*;
use core::sync::atomic::Ordering;

/// Two results, in rax and rdx.
#[repr(C)]
pub struct Two(usize, usize);

/// The first call, at the head of schedinit, by the only thread. `magic` is where g usually is;
/// `fields` are the offsets of [`layout::FIELDS`] as Go's assembler has them. Returns the number of
/// the first one that differs, or -1.
#[unsafe(no_mangle)]
unsafe extern "C" fn gort_init(magic: usize, fields: *const u32, _keep: *const usize) -> isize {
    // SAFETY: the word is somewhere below the thread pointer, in the program's own block of
    // thread-locals; what is between the two is there.
    unsafe {
        let mut tls = 0isize;
        loop {
            tls -= 8;
            let v: usize;
            core::arch::asm!("mov {}, fs:[{}]", out(reg) v, in(reg) tls, options(readonly, nostack, preserves_flags));
            if v == magic {
                break;
            }
        }
        TLS.store(tls, Ordering::Relaxed);
        for (i, f) in layout::FIELDS.iter().enumerate() {
            if *fields.add(i) != f.2 {
                return i as isize;
            }
        }
        -1
    }
}

macro_rules! entries {
    ($($name:ident($($a:ident: $t:ty),*) $(-> $r:ty)? $body:block)*) => {$(
        #[unsafe(no_mangle)]
        #[allow(unused_unsafe)]
        unsafe extern "C" fn $name($($a: $t),*) $(-> $r)? {
            // SAFETY: Go calls as it calls the function that stood here.
            unsafe { $body }
        }
    )*};
}

entries! {
    gort_ready(gp: *mut G, skip: isize, next: bool) {
        // how many frames to leave out is for the tracer alone
        if trace_enabled() { go::ready_traced(gp, skip, next) } else { ready(gp, next) }
    }
    gort_lockedOSThread() -> bool { locked_os_thread() }
    gort_allGsSnapshot(out: *mut [usize; 3]) {
        let s = all_gs_snapshot();
        *out = [s.ptr as usize, s.len, s.cap];
    }
    gort_atomicAllG() -> Two { let (p, n) = atomic_all_g(); Two(p as usize, n) }
    gort_atomicAllGIndex(p: *mut *mut G, i: usize) -> *mut G { atomic_all_g_index(p, i) }
    gort_dumpgstatus(gp: *mut G) { dumpgstatus(gp) }
    gort_checkmcount() { checkmcount() }
    gort_mReserveID() -> i64 { m_reserve_id() }
    gort_m_becomeSpinning(mp: *mut M) { become_spinning(mp) }
    gort_m_hasCgoOnStack(mp: *mut M) -> bool { has_cgo_on_stack(mp) }
    gort_freezetheworld() { freezetheworld() }
    gort_casfrom_Gscanstatus(gp: *mut G, old: u32, new: u32) { casfrom_gscanstatus(gp, old, new) }
    gort_castogscanstatus(gp: *mut G, old: u32, new: u32) -> bool { castogscanstatus(gp, old, new) }
    gort_casgstatus(gp: *mut G, old: u32, new: u32) { casgstatus(gp, old, new) }
    gort_casGToWaiting(gp: *mut G, old: u32, reason: WaitReason) { cas_g_to_waiting(gp, old, reason) }
    gort_casGToWaitingForGC(gp: *mut G, old: u32, reason: WaitReason) { cas_g_to_waiting_for_gc(gp, old, reason) }
    gort_casgcopystack(gp: *mut G) -> u32 { casgcopystack(gp) }
    gort_casGToPreemptScan(gp: *mut G, old: u32, new: u32) { cas_g_to_preempt_scan(gp, old, new) }
    gort_casGFromPreempted(gp: *mut G, old: u32, new: u32) -> bool { cas_g_from_preempted(gp, old, new) }
    gort_stwReason_String(reason: u8) -> Two {
        let s = core::mem::transmute::<u8, StwReason>(reason).string();
        Two(s.as_ptr() as usize, s.len())
    }
    gort_stwReason_isGC(reason: u8) -> bool { core::mem::transmute::<u8, StwReason>(reason).is_gc() }
    gort_stopTheWorldWithSema(reason: u8, out: *mut [usize; 4]) {
        // Go has the same 17
        let w = stop_the_world_with_sema(core::mem::transmute::<u8, StwReason>(reason));
        *out = [w.reason as usize, w.started_stopping as usize, w.finished_stopping as usize, w.stopping_cpu_time as usize];
    }
    gort_startTheWorldWithSema(now: i64, reason: u8, a: i64, b: i64, c: i64) -> i64 {
        let reason = core::mem::transmute::<u8, StwReason>(reason);
        start_the_world_with_sema(now, WorldStop { reason, started_stopping: a, finished_stopping: b, stopping_cpu_time: c })
    }
    gort_mPark() { m_park() }
    gort_forEachP(reason: WaitReason, f: GoFn<'static>) { for_each_p(reason, f) }
    gort_forEachPInternal(f: GoFn<'static>) { for_each_p_internal(f) }
    gort_runSafePointFn() { run_safe_point_fn() }
    gort_newm(f: usize, pp: *mut P, id: i64) { newm(core::mem::transmute::<usize, Option<unsafe fn()>>(f), pp, id) }
    gort_newm1(mp: *mut M) { newm1(mp) }
    gort_startTemplateThread() { start_template_thread() }
    gort_templateThread() { template_thread() }
    gort_stopm() { stopm() }
    gort_mspinning() { mspinning() }
    gort_startm(pp: *mut P, spinning: bool, lockheld: bool) { startm(pp, spinning, lockheld) }
    gort_handoffp(pp: *mut P) { handoffp(pp) }
    gort_wakep() { wakep() }
    gort_stoplockedm() { stoplockedm() }
    gort_startlockedm(gp: *mut G) { startlockedm(gp) }
    gort_gcstopm() { gcstopm() }
    gort_execute(gp: *mut G, inherit: bool) -> ! { execute(gp, inherit) }
    gort_findRunnable(out: *mut [usize; 3]) {
        let (gp, inherit, try_wake) = find_runnable();
        *out = [gp as usize, inherit as usize, try_wake as usize];
    }
    gort_pollWork() -> bool { poll_work() }
    gort_stealWork(now: i64, out: *mut [usize; 5]) {
        let (gp, inherit, now, until, new) = steal_work(now);
        *out = [gp as usize, inherit as usize, now as usize, until as usize, new as usize];
    }
    gort_checkRunqsNoP(a: *mut *mut P, al: usize, ac: usize, m: *mut atomic::Uint32, ml: usize, mc: usize) -> *mut P {
        check_runqs_no_p(Slice { ptr: a, len: al, cap: ac }, Slice { ptr: m, len: ml, cap: mc })
    }
    gort_checkTimersNoP(a: *mut *mut P, al: usize, ac: usize, m: *mut atomic::Uint32, ml: usize, mc: usize, until: i64) -> i64 {
        check_timers_no_p(Slice { ptr: a, len: al, cap: ac }, Slice { ptr: m, len: ml, cap: mc }, until)
    }
    gort_checkIdleGCNoP() -> Two { let (pp, gp) = check_idle_gc_no_p(); Two(pp as usize, gp as usize) }
    gort_wakeNetPoller(when: i64) { wake_net_poller(when) }
    gort_resetspinning() { resetspinning() }
    gort_injectglist(l: *mut GList) { injectglist(l) }
    gort_schedule() -> ! { schedule() }
    gort_dropg() { dropg() }
    gort_parkunlock_c(gp: *mut G, lock: *mut c_void) -> bool { parkunlock_c(gp, lock) }
    gort_park_m(gp: *mut G) -> ! { park_m(gp) }
    gort_goschedImpl(gp: *mut G, preempted: bool) -> ! { gosched_impl(gp, preempted) }
    gort_gosched_m(gp: *mut G) -> ! { gosched_m(gp) }
    gort_goschedguarded_m(gp: *mut G) -> ! { goschedguarded_m(gp) }
    gort_gopreempt_m(gp: *mut G) -> ! { gopreempt_m(gp) }
    gort_preemptPark(gp: *mut G) -> ! { preempt_park(gp) }
    gort_goyield_m(gp: *mut G) -> ! { goyield_m(gp) }
    gort_goexit0(gp: *mut G) -> ! { goexit0(gp) }
    gort_gdestroy(gp: *mut G) { gdestroy(gp) }
    gort_entersyscall_sysmon() { entersyscall_sysmon() }
    gort_entersyscall_gcwait() { entersyscall_gcwait() }
    gort_entersyscallblock_handoff() { entersyscallblock_handoff() }
    gort_exitsyscallfast(oldp: *mut P) -> bool { exitsyscallfast(oldp) }
    gort_exitsyscallfast_reacquired(mp: *mut M, gen_: usize) { exitsyscallfast_reacquired(TraceLocker::new(mp, gen_)) }
    gort_exitsyscallfast_pidle() -> bool { exitsyscallfast_pidle() }
    gort_exitsyscall0(gp: *mut G) -> ! { exitsyscall0(gp) }
    gort_newproc1(f: *mut Funcval, callergp: *mut G, callerpc: usize, parked: bool, reason: WaitReason) -> *mut G {
        newproc1(f, callergp, callerpc, parked, reason)
    }
    gort_gfput(pp: *mut P, gp: *mut G) { gfput(pp, gp) }
    gort_gfget(pp: *mut P) -> *mut G { gfget(pp) }
    gort_gfpurge(pp: *mut P) { gfpurge(pp) }
    gort_dolockOSThread() { dolock_os_thread() }
    gort_lockOSThread() { lock_os_thread_int() }
    gort_dounlockOSThread() { dounlock_os_thread() }
    gort_UnlockOSThread() { unlock_os_thread() }
    gort_unlockOSThread() { unlock_os_thread_int() }
    gort_badunlockosthread() -> ! { badunlockosthread() }
    gort_gcount() -> i32 { gcount() }
    gort_mcount() -> i32 { mcount() }
    gort_procresize(n: i32) -> *mut P { procresize(n) }
    gort_acquirep(pp: *mut P) { acquirep(pp) }
    gort_wirep(pp: *mut P) { wirep(pp) }
    gort_releasep() -> *mut P { releasep() }
    gort_releasepNoTrace() -> *mut P { releasep_no_trace() }
    gort_incidlelocked(v: i32) { incidlelocked(v) }
    gort_checkdead() { checkdead() }
    gort_sysmon() { sysmon() }
    gort_retake(now: i64) -> u32 { retake(now) }
    gort_preemptall() -> bool { preemptall() }
    gort_preemptone(pp: *mut P) -> bool { preemptone(pp) }
    gort_schedtrace(detailed: bool) { schedtrace(detailed) }
    gort_schedEnableUser(enable: bool) { sched_enable_user(enable) }
    gort_schedEnabled(gp: *mut G) -> bool { sched_enabled(gp) }
    gort_runqempty(pp: *mut P) -> bool { runqempty(pp) }
    // What follows in Go reads nmspinning, and relies on StoreRel being an exchange, as it is in Go
    // on amd64.
    gort_runqput(pp: *mut P, gp: *mut G, next: bool) {
        runqput(pp, gp, next);
        store_load_fence();
    }
    gort_runqputslow(pp: *mut P, gp: *mut G, h: u32, t: u32) -> bool { runqputslow(pp, gp, h, t) }
    gort_runqputbatch(pp: *mut P, q: *mut GQueue, qsize: isize) {
        runqputbatch(pp, q, qsize);
        store_load_fence();
    }
    gort_runqget(pp: *mut P) -> Two { let (gp, inherit) = runqget(pp); Two(gp as usize, inherit as usize) }
    gort_runqdrain(pp: *mut P, out: *mut [usize; 3]) {
        let (q, n) = runqdrain(pp);
        *out = [q.head.ptr() as usize, q.tail.ptr() as usize, n as usize];
    }
    gort_runqgrab(pp: *mut P, batch: *mut RunqArray, head: u32, next: bool) -> u32 { runqgrab(pp, batch, head, next) }
    gort_runqsteal(pp: *mut P, p2: *mut P, next: bool) -> *mut G { runqsteal(pp, p2, next) }
    gort_mput(mp: *mut M) { mput(mp) }
    gort_mget() -> *mut M { mget() }
    gort_globrunqput(gp: *mut G) { globrunqput(gp) }
    gort_globrunqputhead(gp: *mut G) { globrunqputhead(gp) }
    gort_globrunqputbatch(q: *mut GQueue, n: i32) { globrunqputbatch(q, n) }
    gort_globrunqget(pp: *mut P, max: i32) -> *mut G { globrunqget(pp, max) }
    gort_pMask_read(p: *mut atomic::Uint32, len: usize, cap: usize, id: u32) -> bool { Slice { ptr: p, len, cap }.read(id) }
    gort_pMask_set(p: *mut atomic::Uint32, len: usize, cap: usize, id: i32) { Slice { ptr: p, len, cap }.set(id) }
    gort_pMask_clear(p: *mut atomic::Uint32, len: usize, cap: usize, id: i32) { Slice { ptr: p, len, cap }.clear(id) }
    gort_pidleput(pp: *mut P, now: i64) -> i64 { pidleput(pp, now) }
    gort_pidleget(now: i64) -> Two { let (pp, now) = pidleget(now); Two(pp as usize, now as usize) }
    gort_pidlegetSpinning(now: i64) -> Two { let (pp, now) = pidleget_spinning(now); Two(pp as usize, now as usize) }
    gort_gQueue_empty(q: *mut GQueue) -> bool { (*q).empty() }
    gort_gQueue_push(q: *mut GQueue, gp: *mut G) { (*q).push(gp) }
    gort_gQueue_pushBack(q: *mut GQueue, gp: *mut G) { (*q).push_back(gp) }
    gort_gQueue_pushBackAll(q: *mut GQueue, head: *mut G, tail: *mut G) { (*q).push_back_all(queue(head, tail)) }
    gort_gQueue_pop(q: *mut GQueue) -> *mut G { (*q).pop() }
    gort_gQueue_popList(q: *mut GQueue) -> *mut G { (*q).pop_list().head.ptr() }
    gort_gList_empty(l: *mut GList) -> bool { (*l).empty() }
    gort_gList_push(l: *mut GList, gp: *mut G) { (*l).push(gp) }
    gort_gList_pushAll(l: *mut GList, head: *mut G, tail: *mut G) { (*l).push_all(queue(head, tail)) }
    gort_gList_pop(l: *mut GList) -> *mut G { (*l).pop() }
    gort_setMaxThreads(n: isize) -> isize { set_max_threads(n) }
    gort_sync_runtime_canSpin(i: isize) -> bool { sync_runtime_can_spin(i.clamp(i32::MIN as isize, i32::MAX as isize) as i32) }
    gort_sync_runtime_doSpin() { sync_runtime_do_spin() }
    gort_randomOrder_reset(ord: *mut RandomOrder, count: u32) { (*ord).reset(count) }
    gort_randomOrder_start(ord: *mut RandomOrder, i: u32, out: *mut [usize; 4]) {
        *out = (*ord).start(i).words().map(|w| w as usize);
    }
    gort_randomEnum_done(e: *mut RandomEnum) -> bool { (*e).done() }
    gort_randomEnum_next(e: *mut RandomEnum) { (*e).next() }
    gort_randomEnum_position(e: *mut RandomEnum) -> u32 { (*e).position() }
    gort_gcd(a: u32, b: u32) -> u32 { gcd(a, b) }
}

fn queue(head: *mut G, tail: *mut G) -> GQueue {
    let q = GQueue::default();
    q.head.set(head);
    q.tail.set(tail);
    q
}
