//! The network poller, straight to `netpoll`.

use gort_netpoll::{self as netpoll, PollDesc};
use gort_proc::atomic::Uint32;

/// `(uintptr, int)`
#[repr(C)]
struct Opened(*mut PollDesc, isize);

/// Starts the poller.
#[unsafe(export_name = "internal_1poll.runtime__pollServerInit")]
unsafe extern "C-unwind" fn server_init() {
    netpoll::poll_runtime_poll_server_init();
}

/// Adds a descriptor.
#[unsafe(export_name = "internal_1poll.runtime__pollOpen")]
unsafe extern "C-unwind" fn open(fd: usize) -> Opened {
    let (pd, errno) = netpoll::poll_runtime_poll_open(fd);
    Opened(pd, errno as isize)
}

/// Takes it out.
#[unsafe(export_name = "internal_1poll.runtime__pollClose")]
unsafe extern "C-unwind" fn close(pd: *mut PollDesc) {
    netpoll::poll_runtime_poll_close(pd);
}

/// Before a read or write.
#[unsafe(export_name = "internal_1poll.runtime__pollReset")]
unsafe extern "C-unwind" fn reset(pd: *mut PollDesc, mode: isize) -> isize {
    netpoll::poll_runtime_poll_reset(pd, mode as i32) as isize
}

/// Waits until it can be read or written.
#[unsafe(export_name = "internal_1poll.runtime__pollWait")]
unsafe extern "C-unwind" fn wait(pd: *mut PollDesc, mode: isize) -> isize {
    netpoll::poll_runtime_poll_wait(pd, mode as i32) as isize
}

/// Waits whatever the deadline says.
#[unsafe(export_name = "internal_1poll.runtime__pollWaitCanceled")]
unsafe extern "C-unwind" fn wait_canceled(pd: *mut PollDesc, mode: isize) {
    netpoll::poll_runtime_poll_wait_canceled(pd, mode as i32);
}

/// Sets a deadline, relative to now.
#[unsafe(export_name = "internal_1poll.runtime__pollSetDeadline")]
unsafe extern "C-unwind" fn set_deadline(pd: *mut PollDesc, d: i64, mode: isize) {
    netpoll::poll_runtime_poll_set_deadline(pd, d, mode as i32);
}

/// Wakes all who wait, before a close.
#[unsafe(export_name = "internal_1poll.runtime__pollUnblock")]
unsafe extern "C-unwind" fn unblock(pd: *mut PollDesc) {
    netpoll::poll_runtime_poll_unblock(pd);
}

/// Whether the descriptor is one of the poller's own.
#[unsafe(export_name = "internal_1poll.runtime__isPollServerDescriptor")]
extern "C-unwind" fn is_descriptor(fd: usize) -> bool {
    netpoll::poll_runtime_is_poll_server_descriptor(fd)
}

/// Semaphores of `internal/poll`.
#[unsafe(export_name = "internal_1poll.runtime__Semacquire")]
unsafe extern "C-unwind" fn semacquire(s: *const Uint32) {
    gort_sema::poll_runtime_semacquire(s);
}

/// Releases one.
#[unsafe(export_name = "internal_1poll.runtime__Semrelease")]
unsafe extern "C-unwind" fn semrelease(s: *const Uint32) {
    gort_sema::poll_runtime_semrelease(s);
}

/// Random numbers for package net.
#[unsafe(export_name = "net.fastrand")]
unsafe extern "C-unwind" fn net_fastrand() -> u32 {
    gort_proc::cheaprand()
}

/// Random numbers for package os.
#[unsafe(export_name = "os.fastrand")]
unsafe extern "C-unwind" fn os_fastrand() -> u32 {
    gort_proc::cheaprand()
}

/// Random numbers for hash/maphash.
#[unsafe(export_name = "runtime.fastrand")]
unsafe extern "C-unwind" fn fastrand() -> u32 {
    gort_proc::cheaprand()
}
