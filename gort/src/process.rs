//! Child processes from goroutines: `std::process::Command`, with what Go's `syscall.forkExec` does
//! around a fork.
//!
//! A child's pipes become [`File`]s by `File::from(child.stdout.take().unwrap())`: then a goroutine
//! that reads is parked, and no thread waits.
//!
//! ```
//! use gort::{os::File, process};
//! use std::io::{Read, Write};
//! use std::process::{Command, Stdio};
//! # gort::run(|| {
//! let mut c = Command::new("tr");
//! let mut child = process::spawn(c.args(["a-z", "A-Z"]).stdin(Stdio::piped()).stdout(Stdio::piped())).unwrap();
//! let mut stdin = File::from(child.stdin.take().unwrap());
//! stdin.write_all(b"hello").unwrap();
//! drop(stdin);
//! let mut s = String::new();
//! File::from(child.stdout.take().unwrap()).read_to_string(&mut s).unwrap();
//! assert_eq!(s, "HELLO");
//! assert!(process::wait(&mut child).unwrap().success());
//! # })
//! ```
//!
//! A [`Command`] may also be used by itself, but then its goroutine keeps its processor while it
//! waits for the child, and a signal that arrives between fork and exec may be handled by the
//! runtime in the child.

use crate::blocking;
use crate::time::now;
use crate::{os::File, task};
use gort_proc::{
    getg, syscall_runtime_after_fork, syscall_runtime_after_fork_in_child,
    syscall_runtime_before_fork,
};
use std::io::{self, Read};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

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

/// Starts `cmd`, as [`Command::spawn`] does. The child forks with all signals blocked, and gets
/// default handlers and its signal mask back before it executes the program; `cmd` keeps the hook
/// that does it.
///
/// The processor is kept until the child executes the program, as in Go, whose fork on Linux is a
/// vfork outside of any system call that the scheduler knows of (exec_linux.go:329).
///
/// ```
/// # gort::run(|| {
/// let mut child = gort::process::spawn(&mut std::process::Command::new("true")).unwrap();
/// assert!(gort::process::wait(&mut child).unwrap().success());
/// # })
/// ```
///
/// # Errors
/// Those of [`Command::spawn`].
pub fn spawn(cmd: &mut Command) -> io::Result<Child> {
    gort_stack::entry_here!("start of a process", spawn(cmd));
    let parent = std::process::id();
    let hook = move || {
        // A later use of `cmd` by itself may be on a thread that has neither, and its `exec` runs
        // the hook in this process, which goes on if there is no such program.
        if !getg().is_null() && std::process::id() != parent {
            // SAFETY: in the child, which then executes a program. Only system calls, and this
            // thread's own G and M.
            unsafe { syscall_runtime_after_fork_in_child() };
        }
        Ok(())
    };
    // SAFETY: what the hook does is allowed between fork and exec.
    unsafe { cmd.pre_exec(hook) };
    let _fork = Fork::before();
    cmd.spawn()
}

/// Waits for `child`, as [`Child::wait`] does; the goroutine is parked, no thread waits: the
/// kernel's poller looks after a descriptor of the process (pidfd, Linux 5.3), or if there is none
/// to be had, this is a [`blocking`] call.
///
/// ```
/// # gort::run(|| {
/// let mut child = gort::process::spawn(std::process::Command::new("sh").args(["-c", "exit 3"])).unwrap();
/// assert_eq!(gort::process::wait(&mut child).unwrap().code(), Some(3));
/// # })
/// ```
///
/// # Errors
/// Those of [`Child::wait`].
pub fn wait(child: &mut Child) -> io::Result<ExitStatus> {
    drop(child.stdin.take()); // as std does: the child may wait for its end
    match wait_until(child, None)? {
        Some(status) => Ok(status),
        None => blocking(|| child.wait()),
    }
}

/// [`wait`] that waits at most for `d`: None if the child still runs then.
///
/// ```
/// # gort::run(|| {
/// use std::time::Duration;
/// let mut child = gort::process::spawn(std::process::Command::new("sleep").arg("60")).unwrap();
/// assert_eq!(gort::process::wait_timeout(&mut child, Duration::from_millis(1)).unwrap(), None);
/// child.kill().unwrap();
/// assert!(!gort::process::wait(&mut child).unwrap().success());
/// # })
/// ```
///
/// # Errors
/// Those of [`Child::wait`]; `Unsupported` if the kernel gives out no pidfd.
pub fn wait_timeout(child: &mut Child, d: Duration) -> io::Result<Option<ExitStatus>> {
    if let Some(status) = child.try_wait()? {
        return Ok(Some(status));
    }
    let Some(t) = now().checked_add(d) else { return wait(child).map(Some) };
    match wait_until(child, Some(t)) {
        Ok(None) => {
            Err(io::Error::new(io::ErrorKind::Unsupported, "no pidfd to wait for the child with"))
        }
        Err(e) if e.kind() == io::ErrorKind::TimedOut => child.try_wait(),
        r => r,
    }
}

/// Waits by the poller; None if that cannot be done.
///
/// As Go's `pidfdWait`, whose system call blocks its thread.
fn wait_until(child: &mut Child, deadline: Option<Instant>) -> io::Result<Option<ExitStatus>> {
    // the child's own pid is not another's before somebody has waited for it
    // SAFETY: two numbers. The child has not been waited for, so the pid is its own.
    let n = unsafe { libc::syscall(libc::SYS_pidfd_open, child.id(), libc::O_NONBLOCK) };
    let fd = match i32::try_from(n) {
        // SAFETY: new, and known here only.
        Ok(n) if n >= 0 => gort_poll::Fd::new(unsafe { OwnedFd::from_raw_fd(n) }, true, false), // closed when dropped
        _ => return Ok(None),
    };
    if fd.init("file", true).is_err() {
        return Ok(None);
    }
    if deadline.is_some() {
        fd.set_read_deadline(deadline)?;
    }
    let mut r = Ok(None);
    fd.raw_read(|_| {
        r = child.try_wait();
        !matches!(r, Ok(None))
    })?;
    r
}

/// Runs `cmd` to its end, as [`Command::status`] does; other goroutines run meanwhile.
///
/// ```
/// # gort::run(|| {
/// let status = gort::process::status(std::process::Command::new("true").arg("x")).unwrap();
/// assert!(status.success());
/// # })
/// ```
///
/// # Errors
/// Those of [`Command::status`].
pub fn status(cmd: &mut Command) -> io::Result<ExitStatus> {
    let mut child = spawn(cmd)?;
    wait(&mut child)
}

/// Runs `cmd` to its end, with empty input, and collects its output, as [`Command::output`] does;
/// other goroutines run meanwhile, and no thread waits.
///
/// ```
/// # gort::run(|| {
/// let o = gort::process::output(std::process::Command::new("echo").arg("hello")).unwrap();
/// assert_eq!(o.stdout, b"hello\n");
/// # })
/// ```
///
/// # Errors
/// Those of [`Command::output`].
pub fn output(cmd: &mut Command) -> io::Result<Output> {
    cmd.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(cmd)?;
    let out = child.stdout.take().map(File::from);
    let err = child.stderr.take().map(File::from);
    let all = |f: Option<File>| {
        let mut b = Vec::new();
        f.map_or(Ok(0), |f| (&f).read_to_end(&mut b)).map(|_| b)
    };
    let (stdout, stderr) = task::scope(|s| {
        let err = s.spawn(|| all(err));
        let out = all(out);
        (out, err.join().unwrap_or_else(|p| std::panic::resume_unwind(p)))
    });
    let status = wait(&mut child)?;
    Ok(Output { status, stdout: stdout?, stderr: stderr? })
}
