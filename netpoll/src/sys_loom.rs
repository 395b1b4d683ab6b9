//! The kernel of models: one epoll descriptor, one eventfd, and descriptors that become ready when
//! the model says so.
//!
//! A wait ends when there is something to report. A wait with a time limit ends not before, as the
//! clock of a model stands still; how long it would have lasted is what [`waiting`] tells once
//! everything has come to rest.

use gort_os_linux::{futexsleep, futexwakeup};
use gort_runtime2::atomic::Uint32;
use loom::sync::Mutex;
use std::ffi::c_void;

/// See the real one.
#[allow(missing_docs)]
#[derive(Clone, Copy, Default)]
pub struct EpollEvent {
    pub events: u32,
    pub data: u64,
}

const EPFD: i32 = 3;
const EVENTFD: i32 = 4;

#[derive(Default)]
struct Kernel {
    /// What was registered: descriptor and data.
    fds: Vec<(i32, u64)>,
    /// Descriptors with an edge to report.
    ready: Vec<i32>,
    /// The eventfd's counter.
    counter: u64,
    /// The limit of the wait in progress, in ms.
    waiting: Option<i32>,
}

loom::lazy_static! {
    static ref KERNEL: Mutex<Kernel> = Mutex::new(Kernel::default());
    /// Changes with every event: who waits sleeps on it.
    static ref EVENTS: Uint32 = Uint32::new(0);
}

fn happened(change: impl FnOnce(&mut Kernel)) {
    change(&mut KERNEL.lock().unwrap());
    EVENTS.add(1);
    // SAFETY: a key only.
    unsafe { futexwakeup(&raw const *EVENTS, 1) };
}

/// `fd` can be read.
pub fn make_ready(fd: i32) {
    happened(|k| k.ready.push(fd));
}

/// The limit in ms of the wait that was in progress when all threads slept; -1 is none.
pub fn waiting() -> Option<i32> {
    KERNEL.lock().unwrap().waiting
}

/// See the real one.
pub fn epoll_create1(_flags: i32) -> i32 {
    EPFD
}

/// See the real one.
///
/// # Safety
/// See the real one.
pub unsafe fn epoll_wait(_epfd: i32, events: *mut EpollEvent, max: i32, waitms: i32) -> i32 {
    loop {
        let seen = EVENTS.load();
        let mut k = KERNEL.lock().unwrap();
        let mut fds = std::mem::take(&mut k.ready);
        if k.counter > 0 {
            fds.push(EVENTFD);
        }
        assert!(fds.len() <= max as usize);
        for (i, fd) in fds.iter().enumerate() {
            let data = k.fds.iter().find(|(f, _)| f == fd).expect("registered").1;
            // SAFETY: there is room for `max`.
            unsafe { events.add(i).write(EpollEvent { events: libc::EPOLLIN as u32, data }) };
        }
        if !fds.is_empty() || waitms == 0 {
            return fds.len() as i32;
        }
        assert!(k.waiting.is_none(), "two wait in the poller");
        k.waiting = Some(waitms);
        drop(k);
        // SAFETY: the word lives as long as the execution. Does not come back if all threads sleep.
        unsafe { futexsleep(&raw const *EVENTS, seen, -1) };
        KERNEL.lock().unwrap().waiting = None;
    }
}

/// See the real one.
pub fn epoll_ctl(_epfd: i32, op: i32, fd: i32, event: &mut EpollEvent) -> i32 {
    let mut k = KERNEL.lock().unwrap();
    k.fds.retain(|(f, _)| *f != fd);
    if op == libc::EPOLL_CTL_ADD {
        k.fds.push((fd, event.data));
    }
    0
}

/// See the real one.
pub fn eventfd(_initval: i32, _flags: i32) -> i32 {
    EVENTFD
}

/// Adds to the counter of the eventfd.
///
/// # Safety
/// See the real one.
pub unsafe fn write(fd: usize, p: *const c_void, n: i32) -> i32 {
    assert_eq!(fd as i32, EVENTFD);
    // SAFETY: eight readable bytes.
    let v = unsafe { p.cast::<u64>().read_unaligned() };
    happened(|k| k.counter += v);
    n
}

/// Takes the counter of the eventfd.
///
/// # Safety
/// See the real one.
pub unsafe fn read(fd: i32, p: *mut c_void, n: i32) -> i32 {
    assert_eq!(fd, EVENTFD);
    let v = std::mem::take(&mut KERNEL.lock().unwrap().counter);
    if v == 0 {
        return -libc::EAGAIN;
    }
    // SAFETY: eight writable bytes.
    unsafe { p.cast::<u64>().write_unaligned(v) };
    n
}
