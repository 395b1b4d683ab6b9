//! Calls against the order of the crates, in one place: Go's runtime is one package and calls in
//! circles.
//!
//! Each function is declared here once, with its Go line, and defined in its own crate with
//! `#[unsafe(export_name = "gort.NAME")]`, as Go's `//go:linkname` would. The linker joins them
//! (and LTO inlines them), so a program must link all crates: `gort` does. A crate's tests live in
//! its `tests/` folder and depend on `gort`; loom models define the few functions they reach.
//!
//! Safety of all of them: as at the definition.

use crate::types::{G, GList, M, P, SynctestBubble, Timers};

unsafe extern "Rust" {
    // panic
    /// Ends the process with `fatal error: MSG` and all it knows: the runtime is broken.
    ///
    /// Go: panic.go:1058 throw
    #[link_name = "gort.throw"]
    pub safe fn throw(s: &str) -> !;
    /// Ends the process with `fatal error: MSG`: the program is broken (deadlock, unlock of
    /// unlocked mutex).
    ///
    /// Go: panic.go:1079 fatal
    #[link_name = "gort.fatal"]
    pub safe fn fatal(s: &str) -> !;

    // proc, for lock_futex
    /// With the caller's pc, sp and frame pointer.
    ///
    /// Go: proc.go:4540 entersyscallblock
    #[link_name = "gort.entersyscallblock"]
    pub unsafe fn entersyscallblock(pc: usize, sp: usize, bp: usize);
    /// With the caller's sp.
    ///
    /// Go: proc.go:4617 exitsyscall
    #[link_name = "gort.exitsyscall"]
    pub unsafe fn exitsyscall(callersp: usize);

    // lock_futex and print, for the crates below them
    /// Go: lock_futex.go:51 lock
    #[link_name = "gort.lock"]
    pub unsafe fn lock(l: *mut crate::types::Mutex);
    /// Go: lock_futex.go:120 unlock
    #[link_name = "gort.unlock"]
    pub unsafe fn unlock(l: *mut crate::types::Mutex);
    /// Prints like Go's builtin print, which is compiled to printlock, the print functions and
    /// printunlock.
    ///
    /// Go: print.go:85 gwrite
    #[link_name = "gort.print_args"]
    pub safe fn print_args(a: core::fmt::Arguments<'_>);
    /// Go: print.go:65 printlock
    #[link_name = "gort.printlock"]
    pub safe fn printlock();

    // proc, for os_linux, lock_futex and stack
    /// The start of an M on its thread, for `newosproc`.
    ///
    /// Go: proc.go:1765 mstart0
    #[link_name = "gort.mstart0"]
    pub unsafe fn mstart0();
    /// Go: proc.go:4152 gopreempt_m
    #[link_name = "gort.gopreempt_m"]
    pub unsafe fn gopreempt_m(gp: *mut G) -> !;
    /// Go: proc.go:4159 preemptPark
    #[link_name = "gort.preempt_park"]
    pub unsafe fn preempt_park(gp: *mut G) -> !;
    /// Go: proc.go:1175 casgstatus
    #[link_name = "gort.casgstatus"]
    pub unsafe fn casgstatus(gp: *mut G, oldval: u32, newval: u32);

    // preempt, signal
    /// Go: preempt.go:287 canPreemptM
    #[link_name = "gort.can_preempt_m"]
    pub unsafe fn can_preempt_m(mp: *mut M) -> bool;
    /// Go: signal_unix.go:368 preemptM
    #[link_name = "gort.preempt_m"]
    pub unsafe fn preempt_m(mp: *mut M);
    /// Go: os_linux.go:374 mpreinit
    #[link_name = "gort.mpreinit"]
    pub unsafe fn mpreinit(mp: *mut M);
    /// Go: os_linux.go:383 minit
    #[link_name = "gort.minit"]
    pub unsafe fn minit();
    /// Go: os_linux.go:395 unminit
    #[link_name = "gort.unminit"]
    pub unsafe fn unminit();
    /// Go: os_linux.go:402 mdestroy
    #[link_name = "gort.mdestroy"]
    pub unsafe fn mdestroy(mp: *mut M);
    /// Go: signal_unix.go:114 initsig
    #[link_name = "gort.initsig"]
    pub unsafe fn initsig(preinit: bool);
    /// Go: signal_unix.go:1208 sigsave
    #[link_name = "gort.sigsave"]
    pub unsafe fn sigsave(p: *mut u64);
    /// Go: signal_unix.go:1220 msigrestore
    #[link_name = "gort.msigrestore"]
    pub unsafe fn msigrestore(sigmask: u64);
    /// Go: signal_unix.go:1264 sigblock
    #[link_name = "gort.sigblock"]
    pub unsafe fn sigblock(exiting: bool);
    /// Go: signal_unix.go:267 clearSignalHandlers
    #[link_name = "gort.clear_signal_handlers"]
    pub unsafe fn clear_signal_handlers();
    /// Go: signal_unix.go:1030 crash
    #[link_name = "gort.crash"]
    pub unsafe fn crash() -> !;

    // sysmon (proc.go too, but above proc)
    /// Go: proc.go:6043 sysmon
    #[link_name = "gort.sysmon"]
    pub unsafe fn sysmon();
    /// Go: proc.go:6281 preemptall
    #[link_name = "gort.preemptall"]
    pub unsafe fn preemptall() -> bool;
    /// Go: proc.go:6304 preemptone
    #[link_name = "gort.preemptone"]
    pub unsafe fn preemptone(pp: *mut P) -> bool;
    /// Go: proc.go:6333 schedtrace
    #[link_name = "gort.schedtrace"]
    pub unsafe fn schedtrace(detailed: bool);

    // time
    /// Go: time.go:861 check
    #[link_name = "gort.timers_check"]
    pub unsafe fn timers_check(ts: *mut Timers, now: i64) -> (i64, i64, bool);
    /// The same for the timers of a bubble.
    ///
    /// Go 1.25: time.go line 1006 check
    #[link_name = "gort.timers_check_bubble"]
    pub unsafe fn timers_check_bubble(ts: *mut Timers, now: i64, bubble: *mut SynctestBubble);
    /// gort's own: a bubble has ended, and lets its timers go.
    #[link_name = "gort.timers_drain"]
    pub unsafe fn timers_drain(ts: *mut Timers);
    /// Go: time.go:837 wakeTime
    #[link_name = "gort.timers_wake_time"]
    pub unsafe fn timers_wake_time(ts: *const Timers) -> i64;
    /// Go: time.go:682 take
    #[link_name = "gort.timers_take"]
    pub unsafe fn timers_take(ts: *mut Timers, src: *mut Timers);
    /// Go: time.go:1121 timeSleepUntil
    #[link_name = "gort.time_sleep_until"]
    pub unsafe fn time_sleep_until() -> i64;

    // netpoll
    /// Go: netpoll.go:218 netpollGenericInit
    #[link_name = "gort.netpoll_generic_init"]
    pub unsafe fn netpoll_generic_init();
    /// Go: netpoll.go:231 netpollinited
    #[link_name = "gort.netpollinited"]
    pub safe fn netpollinited() -> bool;
    /// Go: netpoll.go:677 netpollAnyWaiters
    #[link_name = "gort.netpoll_any_waiters"]
    pub safe fn netpoll_any_waiters() -> bool;
    /// Go: netpoll.go:682 netpollAdjustWaiters
    #[link_name = "gort.netpoll_adjust_waiters"]
    pub safe fn netpoll_adjust_waiters(delta: i32);
    /// Go: netpoll_epoll.go:96 netpoll
    #[link_name = "gort.netpoll"]
    pub unsafe fn netpoll(delay: i64) -> (GList, i32);
    /// Go: netpoll_epoll.go:67 netpollBreak
    #[link_name = "gort.netpoll_break"]
    pub safe fn netpoll_break();

    // traceback, for traceruntime
    /// Stores the return addresses of `gp`'s stack.
    ///
    /// Go: traceback.go:1105 gcallers
    #[link_name = "gort.trace_callers"]
    pub unsafe fn trace_callers(
        gp: *mut G,
        pc: usize,
        sp: usize,
        bp: usize,
        pcs: *mut usize,
        max: usize,
    ) -> usize;

    // trace
    /// Writes the stacks of a trace that has no reader.
    #[link_name = "gort.trace_write_stacks"]
    pub unsafe fn trace_write_stacks(gen_: usize);
    /// Ends a generation of a trace that is read, if there is one, before the process ends.
    #[link_name = "gort.trace_last_advance"]
    pub unsafe fn trace_last_advance();

    // cpuprof, signal, pprof
    /// Go: os_linux.go:608 setThreadCPUProfiler
    #[link_name = "gort.set_thread_cpu_profiler"]
    pub unsafe fn set_thread_cpu_profiler(hz: i32);
    /// Go: signal_unix.go:279 setProcessCPUProfilerTimer
    #[link_name = "gort.set_process_cpu_profiler_timer"]
    pub unsafe fn set_process_cpu_profiler_timer(hz: i32);
    /// Begins the profiles that the environment asks for: `GORT_CPUPROFILE=FILE` and its like.
    #[link_name = "gort.cpu_profile_env"]
    pub unsafe fn cpu_profile_env();

    // sema
    /// Go: sema.go:128 semacquire
    #[link_name = "gort.semacquire"]
    pub unsafe fn semacquire(addr: *const crate::atomic::Uint32);
    /// Go: sema.go:193 semrelease1
    #[link_name = "gort.semrelease1"]
    pub unsafe fn semrelease1(addr: *const crate::atomic::Uint32, handoff: bool, skipframes: i32);

    // chan
    /// Throws away what a timer channel holds.
    ///
    /// Go: chan.go:341 timerchandrain
    #[link_name = "gort.timerchandrain"]
    pub unsafe fn timerchandrain(c: *mut crate::types::Hchan) -> bool;

    // deadlock
    /// gort's own: prints who waits for what, for `GODEBUG=deadlockgraph=1`. On a system stack,
    /// when nothing runs.
    #[link_name = "gort.deadlockgraph"]
    pub unsafe fn deadlockgraph();

    // mgc, gort
    /// Go: mgc.go:200 gcenable
    #[link_name = "gort.gcenable"]
    pub unsafe fn gcenable();
    /// The program: what was given to `gort::run_main` or `gort::run`. The status that the process
    /// ends with, or -1 if it goes on, as it belongs to a host program.
    ///
    /// Go: proc.go:135 main_main
    #[link_name = "gort.main_main"]
    pub unsafe fn main_main() -> i32;
    /// gort's own: starts the runtime on a thread of its own, if nobody has started it, and waits
    /// until it runs. False if it has been shut down. On a thread without an M.
    #[link_name = "gort.host_start"]
    pub fn host_start() -> bool;
    /// gort's own (proc): lets a thread that the runtime did not start go on as a goroutine; `op`
    /// is what it wants to do.
    #[link_name = "gort.foreign_enter"]
    pub unsafe fn foreign_enter(op: &'static str);
    /// gort's own (proc): the end of `foreign_enter`.
    #[link_name = "gort.foreign_leave"]
    pub unsafe fn foreign_leave();
    /// Go: proc.go:319 runExitHooks
    #[link_name = "gort.run_exit_hooks"]
    pub unsafe fn run_exit_hooks(code: i32);
}

// Called from assembly, hence with the C calling convention.
unsafe extern "C" {
    /// Go: proc.go:4253 goexit1
    #[link_name = "gort.goexit1"]
    pub fn goexit1() -> !;
    /// The end of a managed goroutine, on g0, with the goroutine as its argument.
    ///
    /// Go: proc.go:4253 goexit1
    #[link_name = "gort.goexit_managed"]
    pub fn goexit_managed() -> !;
    /// Go: stack.go:976 newstack
    #[link_name = "gort.newstack"]
    pub fn newstack() -> !;
    /// Go: proc.go:552 badmorestackg0
    #[link_name = "gort.badmorestackg0"]
    pub fn badmorestackg0() -> !;
    /// Go: proc.go:571 badmorestackgsignal
    #[link_name = "gort.badmorestackgsignal"]
    pub fn badmorestackgsignal() -> !;
    /// Go: proc.go:538 badmcall
    #[link_name = "gort.badmcall"]
    pub fn badmcall(f: usize) -> !;
    /// Go: proc.go:542 badmcall2
    #[link_name = "gort.badmcall2"]
    pub fn badmcall2(f: usize) -> !;
    /// Go: stubs.go:71 badsystemstack
    #[link_name = "gort.badsystemstack"]
    pub fn badsystemstack() -> !;
    /// For `__morestack`: a segment with room for a call that needs `need` bytes.
    #[link_name = "gort.newsegment"]
    pub fn newsegment(need: usize) -> *mut crate::types::Segment;
    /// For `__morestack`: leaves the segment in use for the older one.
    #[link_name = "gort.oldsegment"]
    pub fn oldsegment();
}
