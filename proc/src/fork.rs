//! proc.go:4845–4954: what a package that forks and executes programs calls around it.

use crate::atomic::Bool;
use crate::*;

/// Before a fork: signals are blocked, so that no handler runs in the child before it executes its
/// program, and any stack check fails, since the child must not grow a stack.
///
/// # Safety
/// On a user goroutine (or its system stack); [`syscall_runtime_after_fork`] must follow in the
/// parent, on the same M.
///
/// Go: proc.go:4845 syscall_runtime_BeforeFork
#[doc(alias = "syscall_runtime_BeforeFork")]
pub unsafe fn syscall_runtime_before_fork() {
    // SAFETY: the M is this thread's own, as is the goroutine that it runs.
    unsafe {
        // :4846
        let gp = (*(*getg()).m).curg.ptr();
        let mp = (*gp).m;

        segment_before_fork();

        // :4851 also keeps the goroutine here
        (*mp).locks.bump(1);
        linkname::sigsave(&raw mut (*mp).sigmask);
        linkname::sigblock(false);

        // :4859
        (*gp).stackguard0.set(STACK_FORK);
    }
}

/// After a fork, in the parent: undoes [`syscall_runtime_before_fork`].
///
/// # Safety
/// After [`syscall_runtime_before_fork`], on the same M.
///
/// Go: proc.go:4875 syscall_runtime_AfterFork
#[doc(alias = "syscall_runtime_AfterFork")]
pub unsafe fn syscall_runtime_after_fork() {
    // SAFETY: as above.
    unsafe {
        // :4876
        let gp = (*(*getg()).m).curg.ptr();
        let mp = (*gp).m;

        // :4879
        segment_after_fork();
        (*gp).stackguard0.set((*gp).stack.lo + STACK_GUARD);

        // :4881
        linkname::msigrestore((*mp).sigmask);

        // :4883
        (*mp).locks.bump(-1);
    }
}

/// The child is resetting its signal handlers and, as it may share memory with its parent, must not
/// touch more than it has to.
///
/// Go: proc.go:4888 inForkedChild
pub static IN_FORKED_CHILD: Bool = Bool::new(false);

/// After a fork, in the child: signal handlers go back to the default, and the signal mask to what
/// it was.
///
/// # Safety
/// In the child only, which then executes a program or ends; it may share memory with the parent
/// (vfork).
///
/// Go: proc.go:4910 syscall_runtime_AfterForkInChild
#[doc(alias = "syscall_runtime_AfterForkInChild")]
pub unsafe fn syscall_runtime_after_fork_in_child() {
    // SAFETY: the only thread of this process; the parent, if memory is shared, stands still.
    unsafe {
        // :4915 changed back below, so the parent does not notice
        IN_FORKED_CHILD.set(true);

        // :4917
        linkname::clear_signal_handlers();

        // :4921
        linkname::msigrestore((*(*getg()).m).sigmask);

        // :4923
        IN_FORKED_CHILD.set(false);
    }
}

/// Before this process executes another program: no thread may be in the middle of its creation.
///
/// # Safety
/// On a user goroutine; [`syscall_runtime_after_exec`] must follow if the execution fails.
///
/// Go: proc.go:4934 syscall_runtime_BeforeExec
#[doc(alias = "syscall_runtime_BeforeExec")]
pub unsafe fn syscall_runtime_before_exec() {
    // SAFETY: the lock lives for ever.
    unsafe {
        // :4936
        (*exec_lock()).lock();

        // :4940 Darwin: waits for preemption signals on their way

        // gort: the process's timer stays when it executes another program, which SIGPROF would
        // end; those of threads go
        if (&raw const (*sched()).profilehz).read_volatile() != 0 {
            let none: libc::itimerval = core::mem::zeroed();
            libc::setitimer(libc::ITIMER_PROF, &raw const none, core::ptr::null_mut());
        }
    }
}

/// After an execution that failed.
///
/// # Safety
/// After [`syscall_runtime_before_exec`].
///
/// Go: proc.go:4950 syscall_runtime_AfterExec
#[doc(alias = "syscall_runtime_AfterExec")]
pub unsafe fn syscall_runtime_after_exec() {
    // SAFETY: as above.
    unsafe {
        // gort: as it was
        let hz = (&raw const (*sched()).profilehz).read_volatile();
        if hz != 0 {
            linkname::set_process_cpu_profiler_timer(hz);
        }
        // :4951
        (*exec_lock()).unlock();
    }
}
