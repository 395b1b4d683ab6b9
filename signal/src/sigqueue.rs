//! sigqueue.go: the queue of signals between the handler and os/signal.
//!
//! One bit for each signal, so a signal that comes again before the first was taken is one. `state`
//! makes the receiver sleep on a note only while nothing is queued, and the handler wake it without
//! a lock.

use crate::signal_unix::{sigdisable, sigenable, sigignore};
use crate::sigtab::NSIG;
use core::cell::UnsafeCell;
use gort_lock_futex::{noteclear, notetsleepg, notewakeup};
use gort_proc::gosched;
use gort_runtime2::Note;
use gort_runtime2::atomic::{Uint32, Uintptr};
use gort_runtime2::linkname::throw;

/// Words of a set of signals.
const WORDS: usize = NSIG.div_ceil(32);

type Set = [Uint32; WORDS];

const fn set() -> Set {
    [const { Uint32::new(0) }; WORDS]
}

/// `wanted` and `ignored` are written by one goroutine at a time, which holds os/signal's lock, and
/// read by signal handlers; `recv` and `inuse` belong to the receiver.
///
/// Go: sigqueue.go:51 sig
struct Sig {
    note: UnsafeCell<Note>,
    mask: Set,
    wanted: Set,
    ignored: Set,
    recv: Set,
    state: Uint32,
    delivering: Uint32,
    inuse: Uintptr,
}

// SAFETY: atomics, and a note, which is one.
unsafe impl Sync for Sig {}

/// Go: sigqueue.go:51 sig
static SIG: Sig = Sig {
    note: UnsafeCell::new(Note { key: Uint32::new(0), high: 0 }),
    mask: set(),
    wanted: set(),
    ignored: set(),
    recv: set(),
    state: Uint32::new(SIG_IDLE),
    delivering: Uint32::new(0),
    inuse: Uintptr::new(0),
};

/// The receiver is busy, and nothing is announced to it.
///
/// Go: sigqueue.go:63 sigIdle
const SIG_IDLE: u32 = 0;
/// The receiver sleeps.
///
/// Go: sigqueue.go:64 sigReceiving
const SIG_RECEIVING: u32 = 1;
/// Something is announced.
///
/// Go: sigqueue.go:65 sigSending
const SIG_SENDING: u32 = 2;

/// Queues a signal for os/signal, from a signal handler, on any thread. False if nobody wants it.
///
/// Go: sigqueue.go:71 sigsend
pub(crate) fn sigsend(s: u32) -> bool {
    // :72
    let (bit, w) = (1u32 << (s & 31), (s / 32) as usize);
    if w >= WORDS {
        return false;
    }

    SIG.delivering.add(1); // :77

    // :80
    if SIG.wanted[w].load() & bit == 0 {
        SIG.delivering.add(u32::MAX);
        return false;
    }

    // :86
    loop {
        let mask = SIG.mask[w].get();
        if mask & bit != 0 {
            SIG.delivering.add(u32::MAX);
            return true; // it is queued already
        }
        // :92
        if SIG.mask[w].cas(mask, mask | bit) {
            break;
        }
    }

    // :98
    loop {
        match SIG.state.load() {
            SIG_IDLE => {
                // :103
                if SIG.state.cas(SIG_IDLE, SIG_SENDING) {
                    break;
                }
            }
            // :107
            SIG_SENDING => break,
            SIG_RECEIVING => {
                // :111
                if SIG.state.cas(SIG_RECEIVING, SIG_IDLE) {
                    // :112 Darwin
                    // SAFETY: the note lives for ever; the receiver sleeps on it, or is about
                    // to. :116
                    unsafe { notewakeup(SIG.note.get()) };
                    break;
                }
            }
            _ => throw("sigsend: inconsistent state"), // :101 earlier in Go's text
        }
    }

    // :122
    SIG.delivering.add(u32::MAX);
    true
}

/// Waits for the next signal.
///
/// # Safety
/// On a user goroutine, by one at a time.
///
/// Go: sigqueue.go:130 signal_recv
pub unsafe fn signal_recv() -> u32 {
    loop {
        // :133
        for i in 0..NSIG as u32 {
            let (bit, w) = (1u32 << (i & 31), (i / 32) as usize);
            if SIG.recv[w].get() & bit != 0 {
                SIG.recv[w].set(SIG.recv[w].get() & !bit);
                return i;
            }
        }

        // :142
        loop {
            match SIG.state.load() {
                SIG_IDLE => {
                    // :147
                    if SIG.state.cas(SIG_IDLE, SIG_RECEIVING) {
                        // :148 Darwin
                        // SAFETY: on a user goroutine; nobody else sleeps on the note. :152
                        unsafe {
                            notetsleepg(SIG.note.get(), -1);
                            noteclear(SIG.note.get());
                        }
                        break;
                    }
                }
                SIG_SENDING => {
                    // :157
                    if SIG.state.cas(SIG_SENDING, SIG_IDLE) {
                        break;
                    }
                }
                _ => throw("signal_recv: inconsistent state"), // :145 earlier in Go's text
            }
        }

        // :164
        for i in 0..WORDS {
            SIG.recv[i].set(SIG.mask[i].swap(0));
        }
    }
}

/// Waits until all signals that were taken before have reached os/signal's channels. Delivery of
/// those that it is about has been turned off already.
///
/// # Safety
/// On a user goroutine, once signals have been enabled.
///
/// Go: sigqueue.go:179 signalWaitUntilIdle
#[doc(alias = "signalWaitUntilIdle")]
pub unsafe fn signal_wait_until_idle() {
    // SAFETY: on a user goroutine.
    unsafe {
        // :185 a handler on another thread may have seen `wanted` as it was
        while SIG.delivering.load() != 0 {
            gosched();
        }

        // :192 the receiver works on what it has, until it sleeps again
        while SIG.state.load() != SIG_RECEIVING {
            gosched();
        }
    }
}

/// # Safety
/// On a user goroutine that holds os/signal's lock.
///
/// Go: sigqueue.go:200 signal_enable
pub unsafe fn signal_enable(s: u32) {
    // SAFETY: the caller's contract.
    unsafe {
        // :201
        if SIG.inuse.get() == 0 {
            SIG.inuse.set(1);
            noteclear(SIG.note.get()); // :207
        }

        // :211
        if s as usize >= WORDS * 32 {
            return;
        }
        let (bit, w) = (1u32 << (s & 31), (s / 32) as usize);

        SIG.wanted[w].store(SIG.wanted[w].get() | bit); // :215
        SIG.ignored[w].store(SIG.ignored[w].get() & !bit); // :219

        sigenable(s); // :223
    }
}

/// # Safety
/// As [`signal_enable`].
///
/// Go: sigqueue.go:229 signal_disable
pub unsafe fn signal_disable(s: u32) {
    // :230
    if s as usize >= WORDS * 32 {
        return;
    }
    // SAFETY: the caller's contract. :232
    unsafe { sigdisable(s) };

    // :235
    let (bit, w) = (1u32 << (s & 31), (s / 32) as usize);
    SIG.wanted[w].store(SIG.wanted[w].get() & !bit);
}

/// # Safety
/// As [`signal_enable`].
///
/// Go: sigqueue.go:243 signal_ignore
pub unsafe fn signal_ignore(s: u32) {
    // :244
    if s as usize >= WORDS * 32 {
        return;
    }
    // SAFETY: the caller's contract. :246
    unsafe { sigignore(s) };

    // :249
    let (bit, w) = (1u32 << (s & 31), (s / 32) as usize);
    SIG.wanted[w].store(SIG.wanted[w].get() & !bit);
    SIG.ignored[w].store(SIG.ignored[w].get() | bit); // :253
}

/// Notes that the program began with `s` ignored.
///
/// Go: sigqueue.go:263 sigInitIgnored
#[doc(alias = "sigInitIgnored")]
pub(crate) fn sig_init_ignored(s: u32) {
    // :264
    let w = (s / 32) as usize;
    SIG.ignored[w].store(SIG.ignored[w].get() | 1 << (s & 31));
}

/// Whether `s` is ignored. Signal handlers ask, too.
///
/// Go: sigqueue.go:272 signal_ignored
pub fn signal_ignored(s: u32) -> bool {
    // :273
    SIG.ignored.get((s / 32) as usize).is_some_and(|i| i.load() & (1 << (s & 31)) != 0)
}
