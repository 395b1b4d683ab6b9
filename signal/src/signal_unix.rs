//! signal_unix.go, in its order.

use crate::fault;
use crate::sigctxt::{Sigctxt, dumpregs};
use crate::sigqueue::{sig_init_ignored, signal_ignored, sigsend};
use crate::sigtab::*;
use crate::sys::*;
use core::ffi::c_void;
use core::ptr::{null, null_mut};
use gort_asm::async_preempt_pc;
use gort_asm::{getg, setg, systemstack};
use gort_chan::{chanrecv1, chansend1, makechan};
use gort_cpuprof::prof::{kicked, sigprof, sigprof_non_go_pc};
use gort_cpuprof::timer::{setitimer, valid_sigprof};
use gort_os_linux::{exit, osyield, usleep};
use gort_preempt::{interruptible, is_async_safe_point, want_async_preempt};
use gort_print::print;
use gort_proc::{
    EXTRA_M_LENGTH, ElemType, Funcval, Hchan, STATES_OF_PS, lock_os_thread, mcount, newproc,
    readgstatus, register_system_goroutine, run_safe_point_fn, trace_state_in_handler,
    trace_states_wanted,
};
use gort_runtime1::{DEBUG, gotraceback, is_secure_mode};
use gort_runtime2::atomic::{Bool, Int32, Pointer, Uint32, Uintptr};
use gort_runtime2::linkname::throw;
use gort_runtime2::{
    G, GRUNNING, GSCAN, GsignalStack, ISCGO, M, M0, STACK_FORK, SYSMON_M, Sigset, Stack, ThrowType,
};
use gort_select::{Scase, selectgo};
use gort_stack::STACK_GUARD;

/// A write to standard output or standard error met a closed pipe.
///
/// # Safety
/// On a user goroutine.
///
/// Go: signal_unix.go:27 os_sigpipe
pub unsafe fn os_sigpipe() {
    // SAFETY: on a user goroutine.
    unsafe { systemstack(|| sigpipe()) }; // :28
}

/// The name of a signal, as reports print it; empty if there is no such signal.
///
/// Go: signal_unix.go:31 signame
pub fn signame(sig: u32) -> &'static str {
    // :32
    match SIGTABLE.get(sig as usize) {
        Some(t) => t.name,
        None => "",
    }
}

/// Go: signal_unix.go:39 _SIG_DFL
const SIG_DFL: usize = libc::SIG_DFL;
/// Go: signal_unix.go:40 _SIG_IGN
const SIG_IGN: usize = libc::SIG_IGN;

/// The signal that asks a thread to look at its preemption request. Harmless when it comes unasked:
/// its default is to be ignored, and programs that use out-of-band data must expect spurious ones
/// anyway.
///
/// Go: signal_unix.go:73 sigPreempt
pub const SIG_PREEMPT: u32 = libc::SIGURG as u32;

/// The handlers that were there before.
///
/// Go: signal_unix.go:82 fwdSig
static FWD_SIG: [Uintptr; NSIG] = [const { Uintptr::new(0) }; NSIG];

/// Whether the runtime's handler is installed, by signal.
///
/// Go: signal_unix.go:88 handlingSig
static HANDLING_SIG: [Uint32; NSIG] = [const { Uint32::new(0) }; NSIG];

/// Signal handlers may run.
///
/// Go: signal_unix.go:107 signalsOK
static SIGNALS_OK: Bool = Bool::new(false);

/// Built as a library: somebody else's program owns `main`.
fn islibrary() -> bool {
    ISCGO.get()
}

/// The program is a Go program: nothing in it has handlers of its own.
static GO_PROGRAM: Bool = Bool::new(false);

/// For a front end whose programs are Go's, before the runtime starts: the runtime handles every
/// signal that Go's does, and so drops those that nobody asks for (SIGUSR1, SIGXFSZ, ...). Without
/// this, signals that do not make the runtime report something keep the action that they have, as
/// with Go built as a library (c-archive, c-shared): see docs/deviations.md.
pub fn set_go_program() {
    GO_PROGRAM.store(true);
}

/// Installs the handlers.
///
/// # Safety
/// Early, by one thread. `preinit` only by the start of a library, before the runtime.
///
/// Go: signal_unix.go:114 initsig
#[unsafe(export_name = "gort.initsig")]
pub unsafe fn initsig(preinit: bool) {
    // SAFETY: one thread; `setsig` gets the runtime's own handler.
    unsafe {
        // :115
        if !preinit {
            SIGNALS_OK.store(true);
        }
        // :122
        if islibrary() && !preinit {
            return;
        }
        // :126
        for i in 0..NSIG as u32 {
            let t = &SIGTABLE[i as usize];
            if t.flags == 0 || t.flags & SIG_DEFAULT != 0 {
                continue;
            }
            // The C library keeps these two to itself and does not say what it does with them.
            if i == 32 || i == 33 {
                continue;
            }
            FWD_SIG[i as usize].set(getsig(i)); // :134
            // :136
            if !sig_install_go_handler(i) {
                // :139
                let f = FWD_SIG[i as usize].get();
                if f != SIG_DFL && f != SIG_IGN {
                    setsigstack(i);
                } else if f == SIG_IGN {
                    sig_init_ignored(i); // :142
                }
                continue;
            }
            HANDLING_SIG[i as usize].set(1); // :147
            setsig(i, sighandler_pc());
        }
    }
}

/// Whether the runtime wants a handler of its own for `sig`.
///
/// Go: signal_unix.go:154 sigInstallGoHandler
#[doc(alias = "sigInstallGoHandler")]
fn sig_install_go_handler(sig: u32) -> bool {
    // :158
    if (sig == libc::SIGHUP as u32 || sig == libc::SIGINT as u32)
        && FWD_SIG[sig as usize].load() == SIG_IGN
    {
        return false;
    }
    // :165 sigPerThreadSyscall is the C library's.
    let t = &SIGTABLE[sig as usize]; // :172
    if t.flags & SIG_SET_STACK != 0 {
        return false;
    }
    // :179
    if islibrary() && t.flags & SIG_PANIC == 0 && sig != libc::SIGPIPE as u32 && sig != SIG_PREEMPT
    {
        return false;
    }
    if GO_PROGRAM.load() {
        return true;
    }
    // gort: a Rust program may have handlers of its own, and SIGURG is of no use if nothing is
    // preempted: signals that do not make the runtime report something keep what they have until
    // os/signal asks for them. See docs/deviations.md.
    if sig == SIG_PREEMPT && DEBUG.asyncpreemptoff.get() != 0 {
        return false;
    }
    if t.flags & (SIG_THROW | SIG_PANIC) == 0 && sig != libc::SIGPIPE as u32 && sig != SIG_PREEMPT {
        return false;
    }
    true
}

/// Has the handler catch `sig`, for os/signal.
///
/// # Safety
/// On a user goroutine that holds os/signal's lock.
///
/// Go: signal_unix.go:189 sigenable
pub(crate) unsafe fn sigenable(sig: u32) {
    // SAFETY: the caller's contract; the channels are made before they are used.
    unsafe {
        // :190
        if sig as usize >= NSIG {
            return;
        }
        // :195
        if sig == libc::SIGPROF as u32 {
            return;
        }
        let t = &SIGTABLE[sig as usize]; // :199
        if t.flags & SIG_NOTIFY != 0 {
            ensure_sig_m();
            chansend1(ENABLE_SIG_CHAN.load(), (&raw const sig).cast());
            chanrecv1(MASK_UPDATED_CHAN.load(), null_mut());
            // :204
            if HANDLING_SIG[sig as usize].cas(0, 1) {
                FWD_SIG[sig as usize].store(getsig(sig));
                setsig(sig, sighandler_pc());
            }
        }
    }
}

/// Undoes [`sigenable`].
///
/// # Safety
/// As [`sigenable`].
///
/// Go: signal_unix.go:214 sigdisable
pub(crate) unsafe fn sigdisable(sig: u32) {
    // SAFETY: as in sigenable.
    unsafe {
        // :215
        if sig as usize >= NSIG {
            return;
        }
        // :220
        if sig == libc::SIGPROF as u32 {
            return;
        }
        let t = &SIGTABLE[sig as usize]; // :224
        if t.flags & SIG_NOTIFY != 0 {
            ensure_sig_m();
            chansend1(DISABLE_SIG_CHAN.load(), (&raw const sig).cast());
            chanrecv1(MASK_UPDATED_CHAN.load(), null_mut());
            // :233 gort: only if there is something to go back from; Go, which handles nearly every
            // signal from the start, has here the handler that was there before, but for signals
            // that were never enabled 0, which is the default.
            if !sig_install_go_handler(sig) && HANDLING_SIG[sig as usize].swap(0) != 0 {
                setsig(sig, FWD_SIG[sig as usize].load());
            }
        }
    }
}

/// Has the kernel ignore `sig`.
///
/// # Safety
/// As [`sigenable`].
///
/// Go: signal_unix.go:243 sigignore
pub(crate) unsafe fn sigignore(sig: u32) {
    // SAFETY: the kernel's own handler.
    unsafe {
        // :244
        if sig as usize >= NSIG {
            return;
        }
        // :249
        if sig == libc::SIGPROF as u32 {
            return;
        }
        let t = &SIGTABLE[sig as usize]; // :253
        if t.flags & SIG_NOTIFY != 0 {
            HANDLING_SIG[sig as usize].store(0); // :255
            setsig(sig, SIG_IGN); // :256
        }
    }
}

/// Back to the defaults, in the child of a fork.
///
/// # Safety
/// In a child that is about to exec, with signals blocked.
///
/// Go: signal_unix.go:267 clearSignalHandlers
#[doc(alias = "clearSignalHandlers")]
#[unsafe(export_name = "gort.clear_signal_handlers")]
pub unsafe fn clear_signal_handlers() {
    // :268
    for i in 0..NSIG as u32 {
        if HANDLING_SIG[i as usize].load() != 0 {
            // SAFETY: the default action.
            unsafe { setsig(i, SIG_DFL) };
        }
    }
}

/// Sets the timer that counts the time of the whole process, for threads without one of their own,
/// and takes SIGPROF; 0: gives it back.
///
/// # Safety
/// Under the lock that keeps the profiler's handlers away.
///
/// Go: signal_unix.go:279 setProcessCPUProfilerTimer
#[doc(alias = "setProcessCPUProfilerTimer")]
#[unsafe(export_name = "gort.set_process_cpu_profiler_timer")]
pub unsafe fn set_process_cpu_profiler_timer(hz: i32) {
    const SIG: u32 = libc::SIGPROF as u32;
    let every = |usec: i64| {
        let t = libc::timeval { tv_sec: usec / 1_000_000, tv_usec: usec % 1_000_000 };
        libc::itimerval { it_interval: t, it_value: t }
    };
    // SAFETY: the runtime's own handler, or the one that was there before.
    unsafe {
        // :280
        if hz != 0 {
            // :282
            if HANDLING_SIG[SIG as usize].cas(0, 1) {
                let mut h = getsig(SIG);
                // :297 not the default: a signal may still be on its way when the profile has ended
                if h == SIG_DFL {
                    h = SIG_IGN;
                }
                FWD_SIG[SIG as usize].store(h);
                setsig(SIG, sighandler_pc());
            }
            // :304
            setitimer(libc::ITIMER_PROF, &every(1_000_000 / i64::from(hz)));
        } else {
            // :310
            setitimer(libc::ITIMER_PROF, &every(0));
            // :317
            if !sig_install_go_handler(SIG) && HANDLING_SIG[SIG as usize].cas(1, 0) {
                setsig(SIG, FWD_SIG[SIG as usize].load());
            }
        }
    }
}

/// SIGPIPE as the program wants it: ignored, sent to os/signal, or the end.
///
/// # Safety
/// On a system stack.
///
/// Go: signal_unix.go:333 sigpipe
unsafe fn sigpipe() {
    // :334
    if signal_ignored(libc::SIGPIPE as u32) || sigsend(libc::SIGPIPE as u32) {
        return;
    }
    // SAFETY: always sound. :337
    unsafe { die_from_signal(libc::SIGPIPE as u32) }
}

/// Takes note of a preemption signal that interrupted `gp`.
///
/// # Safety
/// In the signal handler, on gsignal of the M that runs `gp`.
///
/// Go: signal_unix.go:341 doSigPreempt
#[doc(alias = "doSigPreempt")]
unsafe fn do_sig_preempt(gp: *mut G, ctxt: &Sigctxt) {
    // SAFETY: this thread's own g and m; the call is injected only where the code's owner allows
    // it.
    unsafe {
        // :344
        if want_async_preempt(gp)
            && let Some(newpc) = is_async_safe_point(gp, ctxt.sigpc(), ctxt.sigsp(), ctxt.siglr())
        {
            (*gp).async_injected.set(1);
            ctxt.push_call(async_preempt_pc(), newpc); // :347
        }
        (*(*gp).m).preempt_gen.add(1); // :352
        (*(*gp).m).signal_pending.store(0);
    }
}

/// Asks the goroutine on `mp` to stop at the next instruction where it can. If it runs no code that
/// could be interrupted, the request stands (`g.preempt`, `stackguard0`) and no signal is sent.
///
/// # Safety
/// `mp` is an M.
///
/// Go: signal_unix.go:368 preemptM
#[doc(alias = "preemptM")]
#[unsafe(export_name = "gort.preempt_m")]
pub unsafe fn preempt_m(mp: *mut M) {
    // SAFETY: an M is never freed while others know it.
    unsafe {
        // gort: a signal is of use for code that cannot be stopped too, if its state is wanted for
        // a trace
        if !interruptible(mp) && trace_states_wanted() == 0 {
            return;
        }
        // :375
        if (*mp).signal_pending.cas(0, 1) {
            signal_m(mp, SIG_PREEMPT); // :385
        }
    }
}

/// The signal handler that the kernel calls. Go's is assembly that enters Go's calling convention;
/// here there is nothing to convert.
///
/// # Safety
/// By the kernel only.
pub(crate) unsafe extern "C" fn sigtramp(sig: i32, info: *mut libc::siginfo_t, ctx: *mut c_void) {
    // SAFETY: the kernel's arguments are passed on.
    unsafe { sigtrampgo(sig as u32, info, ctx) }
}

/// Finds out whose signal it is, and handles it on gsignal.
///
/// # Safety
/// In a signal handler; `getg` is still the interrupted goroutine.
///
/// Go: signal_unix.go:431 sigtrampgo
unsafe fn sigtrampgo(sig: u32, info: *mut libc::siginfo_t, ctx: *mut c_void) {
    // SAFETY: g and m are this thread's own; signals are blocked while the handler runs.
    unsafe {
        // :432
        if sigfwdgo(sig, info, ctx) {
            return;
        }
        let c = Sigctxt { info, ctxt: ctx }; // :435
        let gp = getg();
        // :438
        if gp.is_null() || (!(*gp).m.is_null() && (*(*gp).m).is_extra_in_c) {
            // :439
            if sig == libc::SIGPROF as u32 {
                // gort: the runtime's own (cpuprof's `kick`) is no sample
                let code = c.sigcode() as i32;
                if code != libc::SI_TKILL && valid_sigprof(null_mut(), code) {
                    sigprof_non_go_pc(c.sigpc());
                }
                return;
            }
            // :447 gort: not lost to a program that wants it
            if sig == SIG_PREEMPT && DEBUG.asyncpreemptoff.get() == 0 {
                sigsend(sig);
                return;
            }
            // :465
            if !gp.is_null() {
                setg(null_mut());
            }
            badsignal(sig, &c); // :468
            if !gp.is_null() {
                setg(gp);
            }
            return;
        }

        // gort: std gives the main thread's signal stack up before the process ends. The runtime's
        // own signals are not worth a report.
        if (sig == libc::SIGPROF as u32 || sig == SIG_PREEMPT) && no_stack((*gp).m) {
            (*(*gp).m).signal_pending.store(0);
            return;
        }
        setg((*(*gp).m).gsignal); // :476

        // :479
        let mut gsignal_stack = GsignalStack::default();
        let set_stack = adjust_signal_stack(sig, (*gp).m, &mut gsignal_stack);
        if set_stack {
            (*(*(*gp).m).gsignal).stktopsp = (&raw const gsignal_stack) as usize;
        }
        // :485
        if (*gp).stackguard0.get() == STACK_FORK {
            signal_during_fork(sig);
        }
        sighandler(sig, &c, gp); // :490
        setg(gp);
        // :492
        if set_stack {
            restore_gsignal_stack(&gsignal_stack);
        }
    }
}

/// Whether this handler runs where it has interrupted, as the thread has no signal stack any more.
/// gort's own.
///
/// # Safety
/// In a signal handler of the thread of `mp`.
unsafe fn no_stack(mp: *mut M) -> bool {
    // SAFETY: the M is this thread's; the kernel fills the structure.
    unsafe {
        let here = 0u8;
        let sp = (&raw const here) as usize;
        let gs = (*(*mp).gsignal).stack;
        if sp >= gs.lo && sp < gs.hi {
            return false;
        }
        let mut st: libc::stack_t = core::mem::zeroed();
        sigaltstack(null(), &raw mut st);
        st.ss_flags & libc::SS_DISABLE != 0
    }
}

/// If somebody else replaced the signal stack: makes gsignal describe the stack that is really in
/// use. True if so; `gsig_stack` then has the old bounds.
///
/// # Safety
/// In a signal handler on gsignal of `mp`.
///
/// Go: signal_unix.go:555 adjustSignalStack
#[doc(alias = "adjustSignalStack")]
unsafe fn adjust_signal_stack(sig: u32, mp: *mut M, gsig_stack: &mut GsignalStack) -> bool {
    // SAFETY: the M is this thread's.
    unsafe {
        let here = 0u8;
        let sp = (&raw const here) as usize; // :556
        let gs = (*(*mp).gsignal).stack;
        if sp >= gs.lo && sp < gs.hi {
            return false;
        }
        // :561
        let mut st: libc::stack_t = core::mem::zeroed();
        sigaltstack(null(), &raw mut st);
        let stsp = st.ss_sp as usize;
        if st.ss_flags & libc::SS_DISABLE == 0 && sp >= stsp && sp < stsp + st.ss_size {
            set_gsignal_stack(&st, gsig_stack);
            return true;
        }
        // :569
        let g0s = (*(*mp).g0).stack;
        if sp >= g0s.lo && sp < g0s.hi {
            let mut st: libc::stack_t = core::mem::zeroed(); // :580
            st.ss_sp = g0s.lo as *mut c_void;
            st.ss_size = g0s.hi - g0s.lo;
            set_gsignal_stack(&st, gsig_stack);
            return true;
        }
        // :587 Go borrows an M for the report; this thread has one, and reports do not need a clean
        // one.
        if st.ss_flags & libc::SS_DISABLE != 0 {
            no_signal_stack(sig);
        } else {
            sig_not_on_stack(sig, sp, mp);
        }
    }
}

/// How many Ms have answered to the SIGQUIT of a GOTRACEBACK=crash.
///
/// Go: signal_unix.go:600 crashing
static CRASHING: Int32 = Int32::new(0);

/// Handles a signal that interrupted `gp`.
///
/// # Safety
/// In a signal handler, on gsignal.
///
/// Go: signal_unix.go:619 sighandler
unsafe fn sighandler(sig: u32, c: &Sigctxt, mut gp: *mut G) {
    // SAFETY: g and m are this thread's own; what is printed of others goes through the traceback's
    // own rules.
    unsafe {
        let gsignal = getg(); // :622
        let mp = (*gsignal).m;
        // :638
        if sig == libc::SIGPROF as u32 {
            let code = c.sigcode() as i32;
            // Before the timer may be set: the signal is from what there was before.
            let valid = valid_sigprof(mp, code);
            if !kicked(gp, mp, code) && valid {
                let all = gort_traceback::Regs::all(c.all());
                sigprof(c.sigpc(), c.sigsp(), all.bp(), gp, mp);
            }
            return;
        }
        // :647 no test hooks, no per-thread system calls.

        // gort: another thread reports, and asks this one for names
        if sig == libc::SIGQUIT as u32 && mp == SYSMON_M.load() && gort_traceback::help() {
            return;
        }

        // gort: sysmon wants to report what this thread runs
        if sig == SIG_PREEMPT
            && gort_traceback::probe::answer(mp, gp, &gort_traceback::Regs::all(c.all()))
        {
            return;
        }

        // gort: the end of a generation of a trace waits for this M
        if sig == SIG_PREEMPT
            && trace_states_wanted() != 0
            && trace_state_in_handler(mp, gp)
            && trace_states_wanted() & STATES_OF_PS != 0
        {
            run_safe_point_fn();
        }

        // :664
        if sig == SIG_PREEMPT && DEBUG.asyncpreemptoff.get() == 0 {
            do_sig_preempt(gp, c);
        }

        // :672
        let mut flags = SIG_THROW;
        if (sig as usize) < NSIG {
            flags = SIGTABLE[sig as usize].flags;
        }
        // :676, gort: but an overflow of the goroutine's stack is reported as one also in a
        // blocking section
        if !c.sig_from_user()
            && flags & SIG_PANIC != 0
            && ((*gp).throwsplit || gp != (*mp).curg.ptr())
            && !fault::overflows(c.fault(), gp)
        {
            flags = SIG_THROW;
        }
        // :685 abort is a trap, whose signal throws anyway.
        // :690
        if !c.sig_from_user() && flags & SIG_PANIC != 0 {
            (*gp).sig = sig; // :699
            (*gp).sigcode0 = c.sigcode() as usize;
            (*gp).sigcode1 = c.fault();
            (*gp).sigpc = c.sigpc();
            // :704 compiled Go panics as in Go.
            if fault::prepare_panic(c, gp, mp) {
                return;
            }
            // Go makes every goroutine panic. Native code cannot unwind from any instruction: it
            // ends here, with the report that an unrecovered panic would give.
            fault::sigpanic(c, gp, mp);
        }

        // :708
        if (c.sig_from_user() || flags & SIG_NOTIFY != 0) && sigsend(sig) {
            return;
        }
        // :714
        if c.sig_from_user() && signal_ignored(sig) {
            return;
        }
        // :718
        if flags & SIG_KILL != 0 {
            die_from_signal(sig);
        }
        // :726
        if flags & (SIG_THROW | SIG_PANIC) == 0 {
            return;
        }

        (*mp).throwing = ThrowType::Runtime; // :730
        (*mp).caughtsig.set(gp);

        // :733
        if CRASHING.load() == 0 {
            fault::startpanic_m();
        }
        gp = fatalsignal(sig, c, gp, mp); // :737

        let (level, _, docrash) = gotraceback();
        if level > 0 {
            let curg = (*mp).curg.ptr();
            fault::goroutineheader(gp); // :741
            fault::tracebacktrap(c, gp);
            if CRASHING.load() > 0
                && gp != curg
                && !curg.is_null()
                && readgstatus(curg) & !GSCAN == GRUNNING
            {
                // :745
                fault::goroutineheader(curg);
                fault::traceback(!0, !0, 0, curg);
            } else if CRASHING.load() == 0 {
                fault::tracebackothers(gp); // :748
                print!("\n");
            }
            dumpregs(c); // :751
        }

        // :754
        if docrash {
            docrash_wait();
        }
        exit(2) // :811
    }
}

/// GOTRACEBACK=crash: lets every M print its stack, then dies of SIGABRT. The part of `sighandler`
/// from :754 to :807.
///
/// # Safety
/// As there.
unsafe fn docrash_wait() -> ! {
    // SAFETY: counts and signals only.
    unsafe {
        let crash_sleep_micros = 5000u32; // signal_unix.go:755
        let watchdog_timeout_micros = 2000 * crash_sleep_micros;

        let mut is_crash_thread = false; // signal_unix.go:758
        if CRASHING.cas(0, 1) {
            is_crash_thread = true;
        } else {
            CRASHING.add(1);
        }
        let others = || mcount() - EXTRA_M_LENGTH.load() as i32;
        // signal_unix.go:764
        if CRASHING.load() < others() {
            print!("\n-----\n\n"); // signal_unix.go:777
            raiseproc(libc::SIGQUIT as u32);
        }
        if is_crash_thread {
            // signal_unix.go:784
            let mut timeout = watchdog_timeout_micros;
            let mut max_crashing = CRASHING.load();
            while timeout > 0 && CRASHING.load() < others() {
                usleep(crash_sleep_micros);
                timeout -= crash_sleep_micros;
                let c = CRASHING.load(); // signal_unix.go:790
                if c > max_crashing {
                    max_crashing = c;
                    timeout = watchdog_timeout_micros;
                }
            }
        } else {
            let mut max_crashing = 0; // signal_unix.go:797
            let mut c = CRASHING.load();
            while c > max_crashing {
                max_crashing = c;
                usleep(watchdog_timeout_micros);
                c = CRASHING.load();
            }
        }
        crash() // signal_unix.go:806
    }
}

/// Prints the head of a report about a signal; returns the goroutine to trace.
///
/// # Safety
/// In a signal handler, on gsignal of `mp`.
///
/// Go: signal_unix.go:814 fatalsignal
unsafe fn fatalsignal(sig: u32, c: &Sigctxt, mut gp: *mut G, mp: *mut M) -> *mut G {
    // SAFETY: the M is this thread's; the code bytes are those that were being executed.
    unsafe {
        // :815
        if (sig as usize) < NSIG {
            print!("{}\n", SIGTABLE[sig as usize].name);
        } else {
            print!("Signal {}\n", sig);
        }
        // :821
        if is_secure_mode() {
            exit(2);
        }
        // :825
        print!("PC={:#x} m={} sigcode={}", c.sigpc(), (*mp).id, c.sigcode());
        if sig == libc::SIGSEGV as u32 || sig == libc::SIGBUS as u32 {
            print!(" addr={:#x}", c.fault());
        }
        print!("\n");
        // :830
        if (*mp).incgo && gp == (*mp).g0 && !(*mp).curg.is_null() {
            print!("signal arrived during cgo execution\n");
            gp = (*mp).curg.ptr();
        }
        // :836
        if sig == libc::SIGILL as u32 || sig == libc::SIGFPE as u32 {
            // :841 not beyond the page that is known to be there.
            let pc = c.sigpc();
            let n = 16usize.min(4096 - pc % 4096);
            print!("instruction bytes:"); // :853
            for i in 0..n {
                print!(" {:#x}", *(pc as *const u8).add(i));
            }
            print!("\n");
        }
        print!("\n"); // :860
        gp
    }
}

/// Dies of `sig`, so that the parent sees the right status.
///
/// # Safety
/// Always sound; does not return.
///
/// Go: signal_unix.go:938 dieFromSignal
#[doc(alias = "dieFromSignal")]
pub unsafe fn die_from_signal(sig: u32) -> ! {
    // SAFETY: masks and handlers of this process, which ends here.
    unsafe {
        gort_os_linux::last_words();
        unblocksig(sig); // :939
        HANDLING_SIG[sig as usize].store(0);
        raise(sig); // :942

        osyield(); // :949
        osyield();
        osyield();

        setsig(sig, SIG_DFL); // :954
        raise(sig);

        osyield();
        osyield();
        osyield();
        exit(2) // :962
    }
}

/// A signal that nobody in the program wants has arrived on a thread that is not an M: do what
/// would have happened without the runtime.
///
/// # Safety
/// In a signal handler.
///
/// Go: signal_unix.go:968 raisebadsignal
unsafe fn raisebadsignal(sig: u32, c: &Sigctxt) {
    // SAFETY: restores a handler that was installed before, and back.
    unsafe {
        // :969
        if sig == libc::SIGPROF as u32 {
            return;
        }
        // :974
        let (mut handler, mut flags) = (SIG_DFL, 0);
        if (sig as usize) < NSIG {
            handler = FWD_SIG[sig as usize].load();
            flags = SIGTABLE[sig as usize].flags;
        }
        // :984
        if handler == SIG_IGN || (handler == SIG_DFL && flags & SIG_IGNORED != 0) {
            return;
        }
        // gort: the process ends here, unless the signal only stops it
        let stops = [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU].contains(&(sig as i32));
        if handler == SIG_DFL && !stops {
            gort_os_linux::last_words_in_handler();
        }
        unblocksig(sig); // :996
        setsig(sig, handler);
        // :1009 a fault comes again by itself, with the right context.
        if handler == SIG_DFL && !c.sig_from_user() && flags & SIG_UNBLOCK != 0 {
            return;
        }
        raise(sig); // :1013
        usleep(1000);
        setsig(sig, sighandler_pc()); // :1026
    }
}

/// # Safety
/// Always sound; does not return.
///
/// Go: signal_unix.go:1030 crash
#[unsafe(export_name = "gort.crash")]
pub unsafe fn crash() -> ! {
    // SAFETY: dies.
    unsafe { die_from_signal(libc::SIGABRT as u32) } // :1031
}

/// Tells the thread of [`ensure_sig_m`] to block a signal.
///
/// Go: signal_unix.go:93 disableSigChan
static DISABLE_SIG_CHAN: Pointer<Hchan> = Pointer::null();
/// Tells it to let a signal in.
///
/// Go: signal_unix.go:94 enableSigChan
static ENABLE_SIG_CHAN: Pointer<Hchan> = Pointer::null();
/// It has done so.
///
/// Go: signal_unix.go:95 maskUpdatedChan
static MASK_UPDATED_CHAN: Pointer<Hchan> = Pointer::null();

/// Starts the one thread that lets all signals in that os/signal wants, so that there is always
/// one.
///
/// # Safety
/// On a user goroutine that holds os/signal's lock.
///
/// Go: signal_unix.go:1036 ensureSigM
#[doc(alias = "ensureSigM")]
unsafe fn ensure_sig_m() {
    static F: Funcval = Funcval { fn_: sig_m_entry };
    // SAFETY: on a user goroutine; the channels are never freed, the Funcval is static.
    unsafe {
        // :1037
        if !MASK_UPDATED_CHAN.load().is_null() {
            return;
        }
        const SIG: ElemType = ElemType { size: size_of::<u32>(), align: align_of::<u32>() };
        MASK_UPDATED_CHAN.store(makechan(ElemType { size: 0, align: 1 }, 0)); // :1040
        DISABLE_SIG_CHAN.store(makechan(SIG, 0));
        ENABLE_SIG_CHAN.store(makechan(SIG, 0));
        register_system_goroutine(sig_m_entry as *const () as usize);
        newproc((&raw const F).cast_mut()); // :1043
    }
}

/// The goroutine that [`ensure_sig_m`] starts.
unsafe extern "C-unwind" fn sig_m_entry(_: *mut Funcval) {
    // SAFETY: on a goroutine of its own, locked to its thread, whose signal mask it changes.
    unsafe {
        lock_os_thread(); // :1046
        // :1052
        let mut sig_blocked = SIGSET_ALL;
        for i in 1..NSIG as u32 {
            if !blockable_sig(i) {
                sigdelset(&mut sig_blocked, i);
            }
        }
        sigprocmask(libc::SIG_SETMASK, &raw const sig_blocked, null_mut()); // :1058
        loop {
            let (mut on, mut off) = (0u32, 0u32);
            let mut cases = [
                Scase { c: ENABLE_SIG_CHAN.load(), elem: (&raw mut on).cast() },
                Scase { c: DISABLE_SIG_CHAN.load(), elem: (&raw mut off).cast() },
            ];
            let mut order = [0u16; 4];
            // :1060
            match selectgo(cases.as_mut_ptr(), order.as_mut_ptr(), 0, 2, true).0 {
                0 => {
                    // :1062
                    if on > 0 {
                        sigdelset(&mut sig_blocked, on);
                    }
                }
                _ => {
                    // :1066
                    if off > 0 && blockable_sig(off) {
                        sigaddset(&mut sig_blocked, off);
                    }
                }
            }
            sigprocmask(libc::SIG_SETMASK, &raw const sig_blocked, null_mut()); // :1070
            chansend1(MASK_UPDATED_CHAN.load(), null());
        }
    }
}

/// Go: signal_unix.go:1079 noSignalStack
#[doc(alias = "noSignalStack")]
fn no_signal_stack(sig: u32) -> ! {
    print!("signal {} received on thread with no signal stack\n", sig); // :1080
    throw("non-Go code disabled sigaltstack");
}

/// Go: signal_unix.go:1087 sigNotOnStack
#[doc(alias = "sigNotOnStack")]
unsafe fn sig_not_on_stack(sig: u32, sp: usize, mp: *mut M) -> ! {
    // SAFETY: the M is this thread's.
    unsafe {
        print!("signal {} received but handler not on signal stack\n", sig); // :1088
        let (s, g0) = ((*(*mp).gsignal).stack, (*(*mp).g0).stack);
        print!("mp.gsignal stack [{:#x} {:#x}], ", s.lo, s.hi);
        print!("mp.g0 stack [{:#x} {:#x}], sp={:#x}\n", g0.lo, g0.hi, sp);
    }
    throw("non-Go code set up signal handler without SA_ONSTACK flag"); // :1091
}

/// Go: signal_unix.go:1099 signalDuringFork
#[doc(alias = "signalDuringFork")]
fn signal_during_fork(sig: u32) -> ! {
    print!("signal {} received during fork\n", sig); // :1100
    throw("signal received during fork");
}

/// A signal on a thread that is not an M. Go crashes if it has no spare M to handle it with;
/// threads that the runtime does not know are ordinary in a Rust program, and nothing below needs
/// an M.
///
/// # Safety
/// In a signal handler.
///
/// Go: signal_unix.go:1109 badsignal
unsafe fn badsignal(sig: u32, c: &Sigctxt) {
    // gort: threads of a Go program that are not Ms are the runtime's helpers, and a signal there
    // is what it is elsewhere: dropped
    if GO_PROGRAM.load() && SIGTABLE[sig as usize].flags & (SIG_KILL | SIG_THROW | SIG_PANIC) == 0 {
        sigsend(sig);
        return;
    }
    // :1118
    if !sigsend(sig) && !report_elsewhere(sig, c) {
        // SAFETY: the caller's contract. :1122
        unsafe { raisebadsignal(sig, c) };
    }
}

/// gort's own: a signal that asks for a report (SIGQUIT and its kin) was sent to the process, and
/// the kernel has picked a thread that is not an M, which could only die of it: the first M is to
/// report. True if so. Not in a host program, nor if there was a handler before.
fn report_elsewhere(sig: u32, c: &Sigctxt) -> bool {
    let code = c.sigcode() as i32;
    let to_process = code == libc::SI_USER
        || code == libc::SI_QUEUE
        || code == libc::SI_KERNEL && sig == libc::SIGQUIT as u32;
    let throws = SIGTABLE[sig as usize].flags & SIG_THROW != 0;
    if !to_process || !throws || islibrary() || FWD_SIG[sig as usize].load() != SIG_DFL {
        return false;
    }
    // SAFETY: m0 is an M, never freed, and its thread never ends; it was there before the handlers.
    unsafe { signal_m(M0.load(), sig) };
    true
}

/// Calls somebody else's handler.
///
/// # Safety
/// `f` is the handler that was installed for `sig`; the rest comes from the kernel.
///
/// Go: signal_unix.go:1128 sigfwd
unsafe fn sigfwd(f: usize, sig: u32, info: *mut libc::siginfo_t, ctx: *mut c_void) {
    // SAFETY: a handler with SA_SIGINFO takes these; one without takes the first and leaves the
    // others alone.
    unsafe {
        let f: unsafe extern "C" fn(i32, *mut libc::siginfo_t, *mut c_void) =
            core::mem::transmute(f);
        f(sig as i32, info, ctx);
    }
}

/// Passes a signal that is not the runtime's to the handler that was there before. True if it did.
///
/// # Safety
/// In a signal handler.
///
/// Go: signal_unix.go:1137 sigfwdgo
unsafe fn sigfwdgo(sig: u32, info: *mut libc::siginfo_t, ctx: *mut c_void) -> bool {
    // SAFETY: g and m are this thread's own.
    unsafe {
        // :1138
        if sig as usize >= NSIG {
            return false;
        }
        let fwd = FWD_SIG[sig as usize].load();
        let flags = SIGTABLE[sig as usize].flags;

        // :1145
        if HANDLING_SIG[sig as usize].load() == 0 || !SIGNALS_OK.load() {
            if fwd == SIG_IGN || (fwd == SIG_DFL && flags & SIG_IGNORED != 0) {
                return true;
            }
            // :1152
            if fwd == SIG_DFL {
                setsig(sig, SIG_DFL);
                die_from_signal(sig);
            }
            sigfwd(fwd, sig, info, ctx); // :1158
            return true;
        }

        // :1170
        if fwd == SIG_DFL {
            return false;
        }
        let c = Sigctxt { info, ctxt: ctx }; // :1174
        if (c.sig_from_user() || flags & SIG_PANIC == 0) && sig != libc::SIGPIPE as u32 {
            return false;
        }
        // gort: every Rust program begins with SIGPIPE ignored; who is notified of it wants it from
        // all threads
        if fwd == SIG_IGN && !islibrary() {
            return false;
        }
        // :1187
        let gp = getg();
        if !gp.is_null() && !(*gp).m.is_null() {
            let mp = (*gp).m;
            // An M without a goroutine counts as ours too: the handler that was there before is
            // std's, which every Rust program has, and it would only hide the report.
            let ours = !(*mp).curg.is_null() || !islibrary();
            if ours && !(*mp).is_extra_in_c && !(*mp).incgo {
                return false;
            }
        }
        // :1193
        if fwd != SIG_IGN {
            sigfwd(fwd, sig, info, ctx);
        }
        true
    }
}

/// Saves this thread's signal mask.
///
/// # Safety
/// `p` is valid.
///
/// Go: signal_unix.go:1208 sigsave
#[unsafe(export_name = "gort.sigsave")]
pub unsafe fn sigsave(p: *mut Sigset) {
    // SAFETY: the caller's contract. :1209
    unsafe { sigprocmask(libc::SIG_SETMASK, null(), p) };
}

/// Sets this thread's signal mask.
///
/// # Safety
/// Always sound; concerns this thread.
///
/// Go: signal_unix.go:1220 msigrestore
#[unsafe(export_name = "gort.msigrestore")]
pub unsafe fn msigrestore(sigmask: Sigset) {
    // SAFETY: a valid pointer. :1221
    unsafe { sigprocmask(libc::SIG_SETMASK, &raw const sigmask, null_mut()) };
}

/// All signals but those that the C library needs to end a thread.
///
/// Go: signal_unix.go:1226 sigsetAllExiting
#[doc(alias = "sigsetAllExiting")]
fn sigset_all_exiting() -> Sigset {
    let mut res = SIGSET_ALL; // :1227
    // :1232 threads are always the C library's here.
    sigdelset(&mut res, 32);
    sigdelset(&mut res, 33);
    sigdelset(&mut res, 34);
    res // :1251
}

/// Blocks all signals on this thread.
///
/// # Safety
/// Always sound; concerns this thread.
///
/// Go: signal_unix.go:1264 sigblock
#[unsafe(export_name = "gort.sigblock")]
pub unsafe fn sigblock(exiting: bool) {
    // :1265
    let set = if exiting { sigset_all_exiting() } else { SIGSET_ALL };
    // SAFETY: a valid pointer. :1269
    unsafe { sigprocmask(libc::SIG_SETMASK, &raw const set, null_mut()) };
}

/// Go: signal_unix.go:1279 unblocksig
fn unblocksig(sig: u32) {
    let mut set = 0; // :1280
    sigaddset(&mut set, sig);
    // SAFETY: a valid pointer.
    unsafe { sigprocmask(libc::SIG_UNBLOCK, &raw const set, null_mut()) };
}

/// This thread's signal stack and mask, for `minit`.
///
/// # Safety
/// On g0, with all signals blocked.
///
/// Go: signal_unix.go:1287 minitSignals
#[doc(alias = "minitSignals")]
pub unsafe fn minit_signals() {
    // SAFETY: the caller's contract.
    unsafe {
        minit_signal_stack(); // :1288
        minit_signal_mask();
    }
}

/// Makes gsignal's stack this thread's signal stack. The one that a foreign thread had is kept for
/// later: it is too small for a report.
///
/// # Safety
/// As above.
///
/// Go: signal_unix.go:1302 minitSignalStack
#[doc(alias = "minitSignalStack")]
pub unsafe fn minit_signal_stack() {
    // SAFETY: the M is this thread's.
    unsafe {
        let mp = (*getg()).m; // :1303
        let mut st: libc::stack_t = core::mem::zeroed();
        sigaltstack(null(), &raw mut st);
        // :1306 remembered in the field that this case does not use.
        (*mp).go_sig_stack = GsignalStack::default();
        if st.ss_flags & libc::SS_DISABLE == 0 {
            let lo = st.ss_sp as usize;
            (*mp).go_sig_stack.stack = Stack { lo, hi: lo + st.ss_size };
        }
        if st.ss_flags & libc::SS_DISABLE != 0 || !islibrary() {
            signalstack(&(*(*mp).gsignal).stack); // :1307
            (*mp).new_sigstack = true;
        } else {
            let mut old = GsignalStack::default();
            set_gsignal_stack(&st, &mut old); // :1310
            (*mp).go_sig_stack = old;
            (*mp).new_sigstack = false;
        }
    }
}

/// # Safety
/// As above.
///
/// Go: signal_unix.go:1323 minitSignalMask
#[doc(alias = "minitSignalMask")]
pub unsafe fn minit_signal_mask() {
    // SAFETY: the M is this thread's.
    unsafe {
        let mut nmask = (*(*getg()).m).sigmask; // :1324
        for i in 1..NSIG as u32 {
            if !blockable_sig(i) {
                sigdelset(&mut nmask, i);
            }
        }
        sigprocmask(libc::SIG_SETMASK, &raw const nmask, null_mut()); // :1330
    }
}

/// Undoes [`minit_signals`].
///
/// # Safety
/// On g0, with all signals blocked.
///
/// Go: signal_unix.go:1337 unminitSignals
#[doc(alias = "unminitSignals")]
pub unsafe fn unminit_signals() {
    // SAFETY: the M is this thread's; the stack that a foreign thread had is still its own.
    unsafe {
        let mp = (*getg()).m;
        // :1338
        if (*mp).new_sigstack {
            let s = (*mp).go_sig_stack.stack;
            let mut st: libc::stack_t = core::mem::zeroed(); // :1339
            if s.hi == 0 {
                st.ss_flags = libc::SS_DISABLE;
            } else {
                st.ss_sp = s.lo as *mut c_void;
                st.ss_size = s.hi - s.lo;
            }
            sigaltstack(&raw const st, null_mut());
        } else {
            let old = (*mp).go_sig_stack;
            restore_gsignal_stack(&old); // :1348
        }
    }
}

/// Whether `sig` may be blocked on an M's thread.
///
/// Go: signal_unix.go:1361 blockableSig
#[doc(alias = "blockableSig")]
pub fn blockable_sig(sig: u32) -> bool {
    let flags = SIGTABLE[sig as usize].flags; // :1362
    if flags & SIG_UNBLOCK != 0 {
        return false;
    }
    // :1366
    if sig == SIG_PREEMPT && DEBUG.asyncpreemptoff.get() == 0 {
        return false;
    }
    if islibrary() {
        return true;
    }
    flags & (SIG_KILL | SIG_THROW) == 0 // :1372
}

/// Makes gsignal describe the stack `st`; `old` gets what it was.
///
/// # Safety
/// On this M's thread, with signals blocked.
///
/// Go: signal_unix.go:1392 setGsignalStack
#[doc(alias = "setGsignalStack")]
unsafe fn set_gsignal_stack(st: &libc::stack_t, old: &mut GsignalStack) {
    // SAFETY: gsignal is this thread's.
    unsafe {
        let gs = (*(*getg()).m).gsignal; // :1393
        old.stack = (*gs).stack;
        old.stackguard0 = (*gs).stackguard0.get();
        old.stackguard1 = (*gs).stackguard1;
        old.stktopsp = (*gs).stktopsp;
        let stsp = st.ss_sp as usize; // :1400
        (*gs).stack.lo = stsp;
        (*gs).stack.hi = stsp + st.ss_size;
        (*gs).stackguard0.set(stsp + STACK_GUARD);
        (*gs).stackguard1 = stsp + STACK_GUARD;
    }
}

/// # Safety
/// On this M's thread, with signals blocked.
///
/// Go: signal_unix.go:1412 restoreGsignalStack
#[doc(alias = "restoreGsignalStack")]
unsafe fn restore_gsignal_stack(st: &GsignalStack) {
    // SAFETY: gsignal is this thread's.
    unsafe {
        let gs = (*(*getg()).m).gsignal; // :1413
        (*gs).stack = st.stack;
        (*gs).stackguard0.set(st.stackguard0);
        (*gs).stackguard1 = st.stackguard1;
        (*gs).stktopsp = st.stktopsp;
    }
}

/// Makes `s` this thread's signal stack. Its guard is left out.
///
/// # Safety
/// `s` is gsignal's stack.
///
/// Go: signal_unix.go:1423 signalstack
unsafe fn signalstack(s: &Stack) {
    // SAFETY: the stack stays as long as the M.
    unsafe {
        let lo = s.lo + gort_stack::guard_size(s.hi - s.lo);
        let mut st: libc::stack_t = core::mem::zeroed(); // :1424
        st.ss_sp = lo as *mut c_void;
        st.ss_size = s.hi - lo;
        sigaltstack(&raw const st, null_mut());
    }
}
