//! Child processes from goroutines: `std::process::Command`, with what Go's `syscall.forkExec` does around a fork.
//!
//! A [`Command`] may also be used by itself, but then its goroutine keeps its processor while it waits for the child, and a signal
//! that arrives between fork and exec may be handled by the runtime in the child.

use crate::blocking;
use gort_proc::{
    getg, syscall_runtime_after_fork, syscall_runtime_after_fork_in_child, syscall_runtime_before_fork,
};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// Signals are blocked and the goroutine stays on its thread until this is dropped, in the parent.
struct Fork;

impl Fork {
    fn before() -> Self {
        // SAFETY: on a user goroutine; the drop follows on the same M, as locks are held.
        unsafe { syscall_runtime_before_fork() };
        Fork
    }
}

impl Drop for Fork {
    fn drop(&mut self) {
        // SAFETY: after `before`, on the same M.
        unsafe { syscall_runtime_after_fork() };
    }
}

/// Starts `cmd`, as [`Command::spawn`] does. The child forks with all signals blocked, and gets default handlers and its signal mask back
/// before it executes the program; `cmd` keeps the hook that does it.
///
/// The processor is kept until the child executes the program, as in Go, whose fork on Linux is a vfork outside of any system call that the
/// scheduler knows of (exec_linux.go:329).
///
/// # Errors
/// Those of [`Command::spawn`].
pub fn spawn(cmd: &mut Command) -> io::Result<Child> {
    gort_stack::entry_here!("start of a process", spawn(cmd));
    let hook = || {
        // A later use of `cmd` by itself may be on a thread that has neither.
        if !getg().is_null() {
            // SAFETY: in the child, which then executes a program. Only system calls, and this thread's own G and M.
            unsafe { syscall_runtime_after_fork_in_child() };
        }
        Ok(())
    };
    // SAFETY: what the hook does is allowed between fork and exec.
    unsafe { cmd.pre_exec(hook) };
    let _fork = Fork::before();
    cmd.spawn()
}

/// Waits for `child`, as [`Child::wait`] does; other goroutines run meanwhile.
///
/// # Errors
/// Those of [`Child::wait`].
pub fn wait(child: &mut Child) -> io::Result<ExitStatus> {
    blocking(|| child.wait())
}

/// Runs `cmd` to its end, as [`Command::status`] does; other goroutines run meanwhile.
///
/// # Errors
/// Those of [`Command::status`].
pub fn status(cmd: &mut Command) -> io::Result<ExitStatus> {
    let mut child = spawn(cmd)?;
    drop(child.stdin.take());
    wait(&mut child)
}

/// Runs `cmd` to its end, with empty input, and collects its output, as [`Command::output`] does; other goroutines run meanwhile.
///
/// # Errors
/// Those of [`Command::output`].
pub fn output(cmd: &mut Command) -> io::Result<Output> {
    cmd.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = spawn(cmd)?;
    blocking(|| child.wait_with_output())
}
