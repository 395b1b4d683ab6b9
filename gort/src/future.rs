//! Futures: [`block_on`] waits for one on a goroutine.

use crate::time::{Timer, after_func};
use core::ffi::c_void;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, Ordering, fence};
use core::task::{Context, Poll, Waker};
use gort_netpoll::{
    Woken, netpoll_adjust_waiters, netpoll_generic_init, netpoll_wake, netpollinited,
};
use gort_proc::atomic::{Pointer, Uint32};
use gort_proc::*;
use std::sync::Arc;
use std::task::Wake;
use std::thread::Thread;
use std::time::{Duration, Instant};

/// Nothing has happened.
const EMPTY: u32 = 0;
/// The goroutine is parked, or about to be: whoever takes this state away wakes it.
const PARKED: u32 = 1;
/// The future is to be polled again.
const NOTIFIED: u32 = 2;

/// What the wakers of one [`block_on`] on a goroutine refer to.
#[repr(C)]
struct Parker {
    /// For the poller. In its list at most once: it was parked before, and is not again until it
    /// has been taken out.
    woken: Woken,
    state: Uint32,
}

// SAFETY: all that is shared is atomic.
unsafe impl Send for Parker {}
// SAFETY: the same.
unsafe impl Sync for Parker {}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Sequentially consistent, as all here: what happened before this is seen by the poll that
        // follows.
        if self.state.swap(NOTIFIED) != PARKED {
            return; // it is to be polled anyway, or has ended
        }
        // SAFETY: parked and counted, and this is who took PARKED away. In the list it is alive by
        // the reference.
        unsafe {
            if has_goroutine() {
                netpoll_adjust_waiters(-1);
                goready(self.woken.gp.load());
            } else {
                netpoll_wake(Arc::into_raw(Arc::clone(self)).cast_mut().cast());
            }
        }
    }
}

/// # Safety
/// `w` is from `Arc::into_raw` of a [`Parker`].
unsafe fn release(w: *mut Woken) {
    // SAFETY: the caller's contract; `woken` is the first field.
    drop(unsafe { Arc::from_raw(w.cast_const().cast::<Parker>()) });
}

/// Parks unless the future has been woken.
unsafe fn commit(_: *mut G, p: *mut c_void) -> bool {
    // SAFETY: the Parker of the goroutine that is being parked, which holds a reference to it.
    unsafe {
        let p: *const Parker = p.cast_const().cast();
        // Counted like a goroutine that waits for a descriptor, before anybody can wake it:
        // somebody must poll.
        netpoll_adjust_waiters(1);
        if (*p).state.cas(EMPTY, PARKED) {
            return true;
        }
        netpoll_adjust_waiters(-1);
        false
    }
}

/// Waits for a future: polls it, and parks the goroutine, not the thread, until it has been woken.
///
/// It needs no executor. The future is polled on this goroutine only, so it need not be `Send`; it
/// may use all of this crate, which then blocks the goroutine. Its waker may be used on any thread:
/// one of another runtime, in [`blocking`](crate::blocking), on other goroutines. On a thread that
/// runs no goroutine `block_on` parks the thread.
///
/// Futures that need a runtime of their own (tokio's sockets and timers) find it when its context
/// has been entered, as with `Handle::enter` in tokio; its threads then drive them. The guard of
/// that belongs to the thread, so it must be entered around each poll:
/// `futures::future::poll_fn(|cx| { let _g = handle.enter(); f.as_mut().poll(cx) })`, or the future
/// is spawned there and its join handle is awaited here.
///
/// A goroutine that waits here can be woken from outside, so it is no part of a deadlock, unless
/// there is no waker left: such a future will never be polled again.
///
/// ```
/// gort::run(|| {
///     let answer = gort::block_on(async { 6 * 7 });
///     assert_eq!(answer, 42);
/// })
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    if !has_goroutine() {
        return on_thread(pin!(future), None).expect("it waits until there is one");
    }
    let parker = Arc::new(Parker {
        woken: Woken { next: Pointer::null(), gp: Pointer::null(), release },
        state: Uint32::new(EMPTY),
    });
    let waker = Waker::from(Arc::clone(&parker));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        // A wake-up from here on means another poll. Not a store: this poll is to see what came
        // before the last one.
        parker.state.swap(EMPTY);
        if let Poll::Ready(r) = future.as_mut().poll(&mut cx) {
            return r;
        }
        if parker.state.load() == NOTIFIED {
            // Woken meanwhile, perhaps by itself, and so again and again. A gopark that does not
            // park lets nobody else in, nor a timer of this P fire.
            // SAFETY: on a user goroutine, without locks.
            unsafe { gosched() };
            continue;
        }
        // SAFETY: on a user goroutine, which may be another's M's by now, but is the same; without
        // locks.
        unsafe {
            parker.woken.gp.store(getg());
            // Two references: ours, and the waker's. Others come from that one only, and during a
            // poll only.
            let alone = Arc::strong_count(&parker) == 2;
            fence(Ordering::Acquire); // with the release of whoever has dropped the last: he may have woken us before
            if alone && parker.state.load() == EMPTY {
                gopark(None, null_mut(), WaitReason::FutureForever);
            }
            if !netpollinited() {
                netpoll_generic_init();
            }
            gopark(Some(commit), Arc::as_ptr(&parker).cast_mut().cast(), WaitReason::Future);
        }
    }
}

/// [`block_on`] that waits at most for `d`: None if the future is not ready by then. It is polled
/// once more when the time has passed, so nothing that is there is lost; a duration of zero polls
/// it once. The time is real time, in a [bubble](crate::test::bubble), too: there the bubble's
/// clock stands still while a goroutine waits for a future, as somebody outside might wake it.
///
/// The future is dropped, unless it was lent: by `&mut`, if it is `Unpin`, or by
/// `std::pin::pin!(future).as_mut()`. Then it may be waited for again.
///
/// ```
/// use std::time::Duration;
/// # gort::run(|| {
/// let c = gort::chan(1);
/// let mut answer = c.recv_async(); // some future
/// assert_eq!(gort::block_on_timeout(Duration::from_millis(1), &mut answer), None);
/// c.send(42);
/// assert_eq!(gort::block_on_timeout(Duration::ZERO, answer), Some(Some(42)));
/// # })
/// ```
///
/// # Panics
/// If the future does when it is polled.
pub fn block_on_timeout<F: Future>(d: Duration, future: F) -> Option<F::Output> {
    /// Wakes nobody once the wait is over, whatever ends it.
    struct Limit(Timer);
    impl Drop for Limit {
        fn drop(&mut self) {
            self.0.stop();
        }
    }
    // A time that cannot be told never comes.
    let end = Instant::now().checked_add(d);
    let mut future = pin!(future);
    if !has_goroutine() {
        return on_thread(future, Some(d));
    }
    // Set before the waker is used, whose operations order it: seen by the poll that follows.
    let over = Arc::new(AtomicBool::new(d.is_zero()));
    let mut limit = None;
    block_on(poll_fn(|cx| {
        // The clock besides: what wakes itself is polled again before the timer's goroutine runs.
        let last = over.load(Ordering::Relaxed)
            || limit.is_some() && end.is_some_and(|t| Instant::now() >= t);
        if let Poll::Ready(r) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(r));
        }
        if last {
            return Poll::Ready(None);
        }
        if let (None, Some(t)) = (&limit, end) {
            let (over, waker) = (over.clone(), cx.waker().clone());
            let f = move || {
                over.store(true, Ordering::Relaxed);
                waker.wake();
            };
            let left = t.saturating_duration_since(Instant::now());
            limit = Some(Limit(out_of_bubble(|| after_func(left, f))));
        }
        Poll::Pending
    }))
}

/// Calls `f` as if the goroutine were in no bubble. It does not wait.
fn out_of_bubble<T>(f: impl FnOnce() -> T) -> T {
    if synctest_bubble().is_null() {
        return f();
    }
    let gp = getg();
    // SAFETY: the running goroutine's own field, which says whether it is in a bubble; it does not
    // park meanwhile, and does not count otherwise when it is preempted.
    unsafe {
        let bubble = core::mem::replace(&mut (*gp).raceignore, 0);
        let r = f();
        (*gp).raceignore = bubble;
        r
    }
}

/// [`block_on`] on a thread that runs no goroutine, at most for so long; it uses nothing of the
/// runtime's, as it may be in a blocking section.
fn on_thread<F: Future>(mut future: Pin<&mut F>, limit: Option<Duration>) -> Option<F::Output> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
        fn wake_by_ref(self: &Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut cx = Context::from_waker(&waker);
    // A time that cannot be told never comes.
    let end = limit.and_then(|d| Instant::now().checked_add(d));
    let left = || end.map(|t| t.saturating_duration_since(Instant::now()));
    let mut last = limit.is_some_and(|d| d.is_zero());
    loop {
        if let Poll::Ready(r) = future.as_mut().poll(&mut cx) {
            return Some(r);
        }
        if last {
            return None;
        }
        // After the poll, which may have taken its time.
        match left() {
            Some(d) if d.is_zero() => {}
            Some(d) => std::thread::park_timeout(d),
            None => std::thread::park(),
        }
        last = left().is_some_and(|d| d.is_zero());
    }
}
