//! netpoll_epoll.go: the poller on Linux.

use crate::sys::{self, EpollEvent};
use crate::{MODE_R, MODE_W, PollDesc, netpollready};
use core::mem::MaybeUninit;
use gort_lfstack::TaggedPointer;
use gort_print::print;
#[cfg(not(loom))]
use gort_proc::glist::GListOps;
#[cfg(not(loom))]
use gort_runtime2::G;
#[cfg(not(loom))]
use gort_runtime2::atomic::Pointer;
use gort_runtime2::atomic::{Int32, Uint32, Uintptr};
use gort_runtime2::linkname::throw;
use gort_runtime2::{GList, mutant};
use libc::{
    EFD_CLOEXEC, EFD_NONBLOCK, EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLERR, EPOLLET,
    EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP,
};

/// The epoll descriptor.
///
/// Go: netpoll_epoll.go:16 epfd
#[cfg(not(loom))]
static EPFD: Int32 = Int32::new(-1);
/// The eventfd of [`netpoll_break`]; its address marks its events.
///
/// Go: netpoll_epoll.go:17 netpollEventFd
#[cfg(not(loom))]
static NETPOLL_EVENT_FD: Uintptr = Uintptr::new(0);
/// 1 while a break is on its way.
///
/// Go: netpoll_epoll.go:18 netpollWakeSig
#[cfg(not(loom))]
static NETPOLL_WAKE_SIG: Uint32 = Uint32::new(0);

#[cfg(loom)]
loom::lazy_static! {
    static ref EPFD: Int32 = Int32::new(-1);
    static ref NETPOLL_EVENT_FD: Uintptr = Uintptr::new(0);
    static ref NETPOLL_WAKE_SIG: Uint32 = Uint32::new(0);
}

/// What stands in the events of the eventfd.
#[inline(always)]
fn event_fd_data() -> u64 {
    (&raw const NETPOLL_EVENT_FD) as u64
}

/// Makes the epoll descriptor and the eventfd.
///
/// # Safety
/// Once, under the lock of `netpoll_generic_init`.
///
/// Go: netpoll_epoll.go:21 netpollinit
pub(crate) unsafe fn netpollinit() {
    let epfd = sys::epoll_create1(EPOLL_CLOEXEC); // :23
    if epfd < 0 {
        print!("runtime: epollcreate failed with {}\n", -epfd);
        throw("runtime: netpollinit failed");
    }
    EPFD.set(epfd);
    let efd = sys::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); // :28
    if efd < 0 {
        print!("runtime: eventfd failed with {}\n", -efd);
        throw("runtime: eventfd failed");
    }
    // :33
    let mut ev = EpollEvent { events: EPOLLIN as u32, data: event_fd_data() };
    let errno = -sys::epoll_ctl(epfd, EPOLL_CTL_ADD, efd, &mut ev);
    if errno != 0 {
        print!("runtime: epollctl failed with {errno}\n"); // :39
        throw("runtime: epollctl failed");
    }
    NETPOLL_EVENT_FD.set(efd as usize);
}

/// Whether `fd` is the poller's own.
///
/// Go: netpoll_epoll.go:45 netpollIsPollDescriptor
#[doc(alias = "netpollIsPollDescriptor")]
pub fn netpoll_is_poll_descriptor(fd: usize) -> bool {
    fd == EPFD.get() as usize || fd == NETPOLL_EVENT_FD.get() // :46
}

/// Asks for edge-triggered events of `fd`; 0 or an errno.
///
/// # Safety
/// `pd` is the pollDesc of `fd`.
///
/// Go: netpoll_epoll.go:49 netpollopen
pub(crate) unsafe fn netpollopen(fd: usize, pd: *mut PollDesc) -> i32 {
    // SAFETY: an atomic of type-stable memory.
    let seq = unsafe { (*pd).fdseq.load() };
    // :50
    let tp = TaggedPointer::pack(pd, seq);
    let mut ev =
        EpollEvent { events: (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) as u32, data: tp.0 };
    -sys::epoll_ctl(EPFD.get(), EPOLL_CTL_ADD, fd as i32, &mut ev) // :54
}

/// No more events of `fd`; 0 or an errno.
///
/// Go: netpoll_epoll.go:57 netpollclose
pub(crate) fn netpollclose(fd: usize) -> i32 {
    let mut ev = EpollEvent::default(); // :58
    -sys::epoll_ctl(EPFD.get(), EPOLL_CTL_DEL, fd as i32, &mut ev)
}

/// Wakes the thread that is in [`netpoll`]; or, if none is, the next to come.
///
/// Go: netpoll_epoll.go:67 netpollBreak
#[doc(alias = "netpollBreak")]
#[unsafe(export_name = "gort.netpoll_break")]
pub fn netpoll_break() {
    // :69 one is on its way already
    if !NETPOLL_WAKE_SIG.cas(0, 1) {
        return;
    }

    let one: u64 = 1; // :73
    let one_size = size_of::<u64>() as i32;
    loop {
        // SAFETY: eight readable bytes.
        let n = unsafe { sys::write(NETPOLL_EVENT_FD.get(), (&raw const one).cast(), one_size) }; // :76
        if n == one_size {
            break;
        }
        if n == -libc::EINTR {
            continue;
        }
        if n == -libc::EAGAIN {
            return; // :84
        }
        print!("runtime: netpollBreak write failed with {}\n", -n);
        throw("runtime: netpollBreak write failed");
    }
}

/// Goroutines that have become ready to run, and what to add to the count of waiters once they are
/// readied. Blocks for ever if `delay < 0`, not at all if it is 0, else for about that many
/// nanoseconds.
///
/// # Safety
/// On a thread of the runtime, no runtime lock held. The goroutines in the list are the caller's to
/// ready.
///
/// Go: netpoll_epoll.go:96 netpoll
#[unsafe(export_name = "gort.netpoll")]
pub unsafe fn netpoll(delay: i64) -> (GList, i32) {
    // SAFETY: the kernel writes `n` events; the pointers in them are of pollDescs, which are never
    // freed.
    unsafe {
        let epfd = EPFD.get();
        if epfd == -1 {
            return (GList::default(), 0); // :98
        }
        let waitms = netpoll_waitms(delay);
        // :114
        let mut events = [const { MaybeUninit::<EpollEvent>::uninit() }; 128];
        let n = loop {
            let n = sys::epoll_wait(epfd, events.as_mut_ptr().cast(), events.len() as i32, waitms); // :116
            if n >= 0 {
                break n;
            }
            if n != -libc::EINTR {
                print!("runtime: epollwait on fd {epfd} failed with {}\n", -n);
                throw("runtime: netpoll failed"); // :120
            }
            // :124 a sleep was interrupted: the caller works out how much of it is left
            if waitms > 0 {
                return (GList::default(), 0);
            }
        };
        let mut to_run = GList::default(); // :129
        let mut delta = 0;
        for ev in &events[..n as usize] {
            let ev = ev.assume_init_read(); // :132
            let bits = ev.events as i32;
            let data = ev.data;
            if bits == 0 {
                continue;
            }

            // :137
            if data == event_fd_data() {
                if bits != EPOLLIN {
                    print!("runtime: netpoll: eventfd ready for {bits}\n");
                    throw("runtime: netpoll: eventfd ready for something unexpected");
                }
                if delay != 0 {
                    // :148 A poll that does not block leaves it to the one that does. Reading
                    // resets the counter.
                    if mutant!("netpoll takes the break before it has read it") {
                        NETPOLL_WAKE_SIG.store(0);
                    }
                    let mut one: u64 = 0;
                    sys::read(
                        NETPOLL_EVENT_FD.get() as i32,
                        (&raw mut one).cast(),
                        size_of::<u64>() as i32,
                    );
                    if !mutant!("netpoll takes the break before it has read it") {
                        NETPOLL_WAKE_SIG.store(0);
                    }
                }
                continue;
            }

            let mut mode = 0; // :155
            if bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR) != 0 {
                mode += MODE_R;
            }
            if bits & (EPOLLOUT | EPOLLHUP | EPOLLERR) != 0 {
                mode += MODE_W; // :160
            }
            if mode != 0 {
                let tp = TaggedPointer(data);
                let pd: *mut PollDesc = tp.pointer(); // :164
                let tag = tp.tag();
                if (*pd).fdseq.load() == tag {
                    PollDesc::set_event_err(pd, bits == EPOLLERR, tag);
                    delta += netpollready(&mut to_run, pd, mode); // :168
                }
            }
        }
        // gort's own; one look, and nothing more unless a future was woken from outside
        #[cfg(not(loom))]
        if !WOKEN.load().is_null() {
            delta += take_woken(&mut to_run);
        }
        (to_run, delta)
    }
}

/// A goroutine that a thread without a P has woken: the head of what belongs to `gort::block_on`.
#[cfg(not(loom))]
#[repr(C)]
pub struct Woken {
    /// Next in the list.
    pub next: Pointer<Woken>,
    /// The goroutine, which counts as a waiter of the poller.
    pub gp: Pointer<G>,
    /// Called when it has been taken out of the list.
    pub release: unsafe fn(*mut Woken),
}

/// Those that are woken and have not been readied: [`netpoll`] takes them, like goroutines that
/// waited for a descriptor.
#[cfg(not(loom))]
static WOKEN: Pointer<Woken> = Pointer::null();

/// Has the poller ready a goroutine: on any thread, also one that the runtime does not know, or
/// that is in a blocking section. gort's own: no lock of the runtime is taken, and no P is needed.
///
/// # Safety
/// The poller is initialised. `w` is in the list of nobody; its goroutine is parked, was counted
/// with [`netpoll_adjust_waiters`](crate::netpoll_adjust_waiters), and nobody else readies it. It
/// lives until `release` is called.
#[cfg(not(loom))]
pub unsafe fn netpoll_wake(w: *mut Woken) {
    // SAFETY: ours until it is in the list.
    unsafe {
        loop {
            let head = WOKEN.load();
            (*w).next.store(head);
            if WOKEN.cas(head, w) {
                break;
            }
        }
    }
    // A poller that has read its event, and so lets the next be written, looks at the list after
    // that.
    netpoll_break();
}

/// Takes all that [`netpoll_wake`] has put into the list.
#[cfg(not(loom))]
#[cold]
#[inline(never)]
unsafe fn take_woken(to_run: &mut GList) -> i32 {
    let mut delta = 0;
    let mut w = WOKEN.swap(core::ptr::null_mut());
    // SAFETY: what is in the list lives until it is released.
    unsafe {
        while !w.is_null() {
            let next = (*w).next.load();
            to_run.push((*w).gp.load());
            delta -= 1;
            ((*w).release)(w);
            w = next;
        }
    }
    delta
}

/// The milliseconds that `netpoll(delay)` tells the kernel: rounded down, but at least 1 so that it
/// does not spin, and at most 11.5 days. A part of [`netpoll`], apart only for its test.
pub fn netpoll_waitms(delay: i64) -> i32 {
    // netpoll_epoll.go:101
    if delay < 0 {
        -1
    } else if delay == 0 {
        0
    } else if delay < 1_000_000 {
        1 // netpoll_epoll.go:106
    } else if delay < 1_000_000_000_000_000 {
        (delay / 1_000_000) as i32
    } else {
        1_000_000_000 // netpoll_epoll.go:112
    }
}
