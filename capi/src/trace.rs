//! Execution traces.

use crate::errors::not_null;
use core::ffi::{CStr, c_char, c_int};
use core::mem::ManuallyDrop;
use gort_proc::*;
use gort_rs::trace::{Recording, Task, is_enabled, start_blocking};
use std::fs::File;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Mutex as StdMutex;

static RECORDING: StdMutex<Option<Recording<File>>> = StdMutex::new(None);

pub(crate) fn code(e: &io::Error) -> c_int {
    -e.raw_os_error().unwrap_or(match e.kind() {
        io::ErrorKind::AlreadyExists => libc::EEXIST,
        io::ErrorKind::InvalidInput => libc::EINVAL,
        _ => libc::EIO,
    })
}

/// A duplicate of a descriptor.
pub(crate) fn duplicate(fd: c_int) -> io::Result<File> {
    // SAFETY: duplicates a descriptor, if it is one.
    let own = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
    if own < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: new, and nobody else's.
    Ok(File::from(unsafe { OwnedFd::from_raw_fd(own) }))
}

/// Records a trace into a file.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_trace_start(fd: c_int) -> c_int {
    match duplicate(fd).and_then(start_blocking) {
        Ok(r) => {
            *RECORDING.lock().unwrap_or_else(|e| e.into_inner()) = Some(r);
            0
        }
        Err(e) => code(&e),
    }
}

/// Ends it.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_trace_stop() -> c_int {
    let r = RECORDING.lock().unwrap_or_else(|e| e.into_inner()).take();
    match r.map(Recording::stop) {
        None => -libc::EINVAL,
        Some(r) => r.map_or_else(|e| code(&e), |_| 0),
    }
}

/// Whether there is one, or that of the environment.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_trace_enabled() -> bool {
    is_enabled()
}

/// Calls `f` on a goroutine, if a trace is being recorded.
fn annotate(op: &'static str, f: impl FnOnce()) {
    if trace_enabled() {
        if getg().is_null() {
            return outside(op, f);
        }
        on_goroutine_for(op);
        f();
    }
}

/// A text of C.
///
/// # Safety
/// It ends with a zero.
pub(crate) unsafe fn text(p: *const c_char) -> String {
    // SAFETY: the caller's contract.
    unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned()
}

/// Begins a task.
///
/// # Safety
/// `kind` ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_trace_task_begin(parent: u64, kind: *const c_char) -> u64 {
    not_null!("gort_trace_task_begin", kind);
    // SAFETY: the caller's contract.
    let kind = unsafe { text(kind) };
    // The parent, if that is not 0, is not ended here.
    let parent = ManuallyDrop::new(Task::from_raw(parent));
    parent.task(&kind).into_raw()
}

/// Ends it.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_trace_task_end(task: u64) {
    drop(Task::from_raw(task));
}

/// Begins a region.
///
/// # Safety
/// `name` ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_trace_region_begin(task: u64, name: *const c_char) {
    not_null!("gort_trace_region_begin", name);
    // SAFETY: the caller's contract.
    annotate("gort_trace_region_begin", || unsafe { trace_user_region(task, 0, &text(name)) });
}

/// Ends it.
///
/// # Safety
/// As for [`gort_trace_region_begin`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_trace_region_end(task: u64, name: *const c_char) {
    not_null!("gort_trace_region_end", name);
    // SAFETY: the caller's contract.
    annotate("gort_trace_region_end", || unsafe { trace_user_region(task, 1, &text(name)) });
}

/// A message.
///
/// # Safety
/// Both texts end with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_trace_log(
    task: u64,
    category: *const c_char,
    message: *const c_char,
) {
    not_null!("gort_trace_log", category, message);
    // SAFETY: the caller's contract.
    annotate("gort_trace_log", || unsafe { trace_user_log(task, &text(category), &text(message)) });
}
