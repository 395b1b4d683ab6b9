//! Channels for futures: sends and receives that executors beside the runtime wait for.
//!
//! A goroutine that waits at a channel stands in its queue, and who completes the operation moves
//! the value to or from it. A future cannot stand there: it may be dropped at any moment, and a
//! value that has been moved to it would be lost. So it only leaves its waker beside the channel,
//! is woken when the channel may have become ready, and then tries again without waiting. Only two
//! futures at the two ends of a channel without room would never meet so: a future that sends
//! leaves its value, too, and one that receives looks there last.

use crate::chan_::{Chan, Receiver, Sender, Slot, TakesAndGives};
use core::ffi::c_void;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll, Waker};
use gort_chan::{AsyncSide, chanrecv, chansend, set_async_notify};
use gort_proc::*;
use gort_time::{block_timer_chan, unblock_timer_chan};
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A future that waits.
struct Entry {
    /// Its number.
    key: u64,
    /// None: it has been woken.
    waker: Option<Waker>,
    /// For a send: where its value is.
    slot: *mut c_void,
}

/// What stands beside a channel, under its lock, once a future has waited there.
#[derive(Default)]
struct Waiters {
    receivers: VecDeque<Entry>,
    senders: VecDeque<Entry>,
}

/// Frees what stands beside a channel. Nobody waits there.
///
/// # Safety
/// The last user of the channel.
pub(crate) unsafe fn drop_waiters(c: *mut Hchan) {
    // SAFETY: put there by `waiters`.
    unsafe {
        if !(*c).waiters.is_null() {
            drop(Box::from_raw((*c).waiters.cast::<Waiters>()));
        }
    }
}

/// What stands beside `c`.
///
/// # Safety
/// The channel is locked, and the reference ends before it is unlocked.
unsafe fn waiters<'a>(c: *mut Hchan) -> &'a mut Waiters {
    // SAFETY: under the lock.
    unsafe {
        if (*c).waiters.is_null() {
            set_async_notify(notify);
            (*c).waiters = Box::into_raw(Box::<Waiters>::default()).cast();
        }
        &mut *(*c).waiters.cast()
    }
}

/// The channel may have become ready for futures of that side. All of them are woken, so it does
/// not matter if one is dropped.
unsafe fn notify(c: *mut Hchan, side: AsyncSide) {
    // SAFETY: called under the lock, by the crate chan.
    let w = unsafe { waiters(c) };
    let list = match side {
        AsyncSide::Receivers => &mut w.receivers,
        AsyncSide::Senders => &mut w.senders,
    };
    let wakers: Vec<Waker> = list.iter_mut().filter_map(|e| e.waker.take()).collect();
    if !wakers.is_empty() {
        // Wakers are the program's code, and the channel is locked.
        crate::go_::go_locked(move || wakers.into_iter().for_each(Waker::wake));
    }
}

/// The number of a future.
fn new_key() -> u64 {
    static KEY: AtomicU64 = AtomicU64::new(1);
    KEY.fetch_add(1, Ordering::Relaxed)
}

/// Runs `f` as a goroutine: on the threads of executors that are none of the runtime's.
fn enter<R>(op: &'static str, f: impl FnOnce() -> R) -> R {
    if has_goroutine() { f() } else { outside(op, f) }
}

/// The future of [`Chan::recv_async`].
///
/// Dropping it loses nothing: a value is taken out of the channel only when `poll` returns it.
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(1);
/// c.send(3);
/// let f: gort::RecvAsync<i32> = c.recv_async();
/// assert_eq!(gort::block_on(async { f.await.map(|n| n + 1) }), Some(4));
/// # })
/// ```
#[must_use = "a future does nothing unless it is polled"]
pub struct RecvAsync<T> {
    c: Chan<T>,
    key: u64,
    /// Whether it has an entry.
    waits: bool,
}

// SAFETY: nothing in it is pinned.
impl<T> Unpin for RecvAsync<T> {}

impl<T> RecvAsync<T> {
    /// Takes the entry away.
    fn leave(&mut self) {
        if !self.waits {
            return;
        }
        self.waits = false;
        let c = self.c.as_raw();
        // SAFETY: the channel is alive through the handle; a goroutine.
        let entry = unsafe {
            lock(&raw mut (*c).lock);
            if !(*c).timer.is_null() {
                unblock_timer_chan(c);
            }
            let list = &mut waiters(c).receivers;
            let entry = list.iter().position(|e| e.key == self.key).and_then(|i| list.remove(i));
            unlock(&raw mut (*c).lock);
            entry
        };
        drop(entry); // the waker's drop is the program's code
    }

    fn poll_here(&mut self, waker: &Waker) -> Poll<Option<T>> {
        let c = self.c.as_raw();
        if c.is_null() {
            return Poll::Pending; // the nil channel: for ever
        }
        loop {
            let mut s = Slot::<T>::empty();
            // SAFETY: alive through the handle, with this element type; the slot is filled if it
            // says so.
            unsafe {
                let (selected, received) = chanrecv(c, s.ptr(), false);
                if received {
                    let v = s.take();
                    self.leave();
                    return Poll::Ready(Some(v));
                }
                if selected {
                    self.leave();
                    return Poll::Ready(None);
                }
            }
            let waker = waker.clone();
            // SAFETY: under the lock.
            unsafe {
                lock(&raw mut (*c).lock);
                if (*c).closed.get() != 0
                    || (*c).qcount.get() > 0
                    || !(*c).sendq.first.get().is_null()
                {
                    unlock(&raw mut (*c).lock);
                    continue;
                }
                // A future that sends. Its entry goes with its value: that tells it.
                if let Some(e) = waiters(c).senders.pop_front() {
                    let v = (*e.slot.cast::<Slot<T>>()).take();
                    unlock(&raw mut (*c).lock);
                    if let Some(w) = e.waker {
                        w.wake();
                    }
                    self.leave();
                    return Poll::Ready(Some(v));
                }
                let list = &mut waiters(c).receivers;
                let old = match list.iter_mut().find(|e| e.key == self.key) {
                    Some(e) => e.waker.replace(waker),
                    None => {
                        list.push_back(Entry {
                            key: self.key,
                            waker: Some(waker),
                            slot: core::ptr::null_mut(),
                        });
                        if !(*c).timer.is_null() {
                            block_timer_chan(c);
                        }
                        None
                    }
                };
                self.waits = true;
                unlock(&raw mut (*c).lock);
                drop(old);
                return Poll::Pending;
            }
        }
    }
}

impl<T> Future for RecvAsync<T> {
    type Output = Option<T>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        enter("Chan::recv_async", || self.poll_here(cx.waker()))
    }
}

impl<T> Drop for RecvAsync<T> {
    fn drop(&mut self) {
        if self.waits {
            enter("Chan::recv_async", || self.leave());
        }
    }
}

impl<T> fmt::Debug for RecvAsync<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecvAsync({:?})", self.c)
    }
}

/// The channel was closed: the value that could not be sent. See [`Chan::send_async`].
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(0);
/// c.close();
/// let gort::SendAsyncError(back) = gort::block_on(c.send_async("letter")).unwrap_err();
/// assert_eq!(back, "letter");
/// # })
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendAsyncError<T>(pub T);

impl<T> fmt::Debug for SendAsyncError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendAsyncError(..)")
    }
}
impl<T> fmt::Display for SendAsyncError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("send on closed channel")
    }
}
impl<T> std::error::Error for SendAsyncError<T> {}

/// The future of [`Chan::send_async`].
///
/// Dropping it before it is ready means that the value is not sent: it is dropped as well. If it
/// has been received already it is not.
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(0);
/// let f: gort::SendAsync<i32> = c.send_async(3);
/// gort::go(move || gort::block_on(f).unwrap());
/// assert_eq!(c.recv(), Some(3));
/// # })
/// ```
#[must_use = "a future does nothing unless it is polled"]
pub struct SendAsync<T> {
    c: Chan<T>,
    key: u64,
    /// The value, at an address that stays; full unless the future is ready. From `Box::into_raw`:
    /// others reach it by pointer, which a `Box` that is moved would promise they do not.
    slot: NonNull<Slot<T>>,
    full: bool,
    /// Whether it has an entry, or had one that was taken.
    waits: bool,
    _t: TakesAndGives<T>,
}

// SAFETY: nothing in it is pinned: the value has its own memory.
impl<T> Unpin for SendAsync<T> {}
// SAFETY: the entry beside the channel points to the slot, which is looked at under the channel's
// lock only.
unsafe impl<T: Send> Send for SendAsync<T> {}

impl<T> SendAsync<T> {
    /// The slot, for one who has taken the entry back, or made none: nobody else knows it.
    fn slot(&mut self) -> &mut Slot<T> {
        // SAFETY: live until this is dropped; see above.
        unsafe { self.slot.as_mut() }
    }

    /// Takes the entry, and so the value, back. False: it has been received.
    fn take_back(&mut self) -> bool {
        if !self.waits {
            return true;
        }
        self.waits = false;
        let c = self.c.as_raw();
        // SAFETY: the channel is alive through the handle; on a goroutine.
        let entry = unsafe {
            lock(&raw mut (*c).lock);
            let list = &mut waiters(c).senders;
            let entry = list.iter().position(|e| e.key == self.key).and_then(|i| list.remove(i));
            unlock(&raw mut (*c).lock);
            entry
        };
        if entry.is_none() {
            self.full = false;
        }
        entry.is_some()
    }

    fn poll_here(&mut self, waker: &Waker) -> Poll<Result<(), SendAsyncError<T>>> {
        let c = self.c.as_raw();
        if c.is_null() {
            return Poll::Pending; // the nil channel: for ever
        }
        if !self.take_back() {
            return Poll::Ready(Ok(()));
        }
        assert!(self.full, "gort: SendAsync polled after it was ready");
        loop {
            // SAFETY: alive through the handle, and full. Closed channels stay closed.
            unsafe {
                if (*c).closed.load() != 0 {
                    self.full = false;
                    return Poll::Ready(Err(SendAsyncError(self.slot().take())));
                }
            }
            // SAFETY: alive through the handle; the slot is full, and its bytes move if this says
            // so. It unwinds, without having moved them, if the channel is closed.
            match crate::recover(|| unsafe { chansend(c, self.slot().ptr(), false) }) {
                Ok(true) => {
                    self.full = false;
                    return Poll::Ready(Ok(()));
                }
                Ok(false) => {}
                Err(_) => {
                    self.full = false;
                    // SAFETY: full until now.
                    return Poll::Ready(Err(SendAsyncError(unsafe { self.slot().take() })));
                }
            }
            let waker = waker.clone();
            // SAFETY: under the lock.
            unsafe {
                lock(&raw mut (*c).lock);
                if (*c).closed.get() != 0
                    || (*c).qcount.get() < (*c).dataqsiz
                    || !(*c).recvq.first.get().is_null()
                {
                    unlock(&raw mut (*c).lock);
                    continue;
                }
                let slot = self.slot().ptr();
                let w = waiters(c);
                w.senders.push_back(Entry { key: self.key, waker: Some(waker), slot });
                self.waits = true;
                notify(c, AsyncSide::Receivers); // those that are futures
                unlock(&raw mut (*c).lock);
                return Poll::Pending;
            }
        }
    }
}

impl<T> Future for SendAsync<T> {
    type Output = Result<(), SendAsyncError<T>>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        enter("Chan::send_async", || self.poll_here(cx.waker()))
    }
}

impl<T> Drop for SendAsync<T> {
    fn drop(&mut self) {
        if self.waits {
            enter("Chan::send_async", || self.take_back());
        }
        if self.full {
            // SAFETY: full, and not used again.
            drop(unsafe { self.slot().take() });
        }
        // SAFETY: from `Box::into_raw`; no entry leads to it.
        drop(unsafe { Box::from_raw(self.slot.as_ptr()) });
    }
}

impl<T> fmt::Debug for SendAsync<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SendAsync({:?})", self.c)
    }
}

impl<T: Send> Chan<T> {
    /// [`recv`](Chan::recv) as a future, for executors: `None` once the channel is closed and
    /// empty.
    ///
    /// It may be polled on any thread (but not in [`blocking`](crate::blocking)), and dropped at
    /// any time: no value is lost. On goroutines `recv` is what to use. As a future does not stand
    /// in the channel's queue, goroutines that wait there come first, and a `try_send` on a channel
    /// without room does not see it.
    ///
    /// ```no_run
    /// # async fn f(c: gort::Chan<u32>) {
    /// while let Some(v) = c.recv_async().await {
    ///     println!("{v}");
    /// }
    /// # }
    /// ```
    pub fn recv_async(&self) -> RecvAsync<T> {
        RecvAsync { c: self.clone(), key: new_key(), waits: false }
    }

    /// [`send`](Chan::send) as a future, for executors. Dropped before it is ready it does not
    /// send.
    ///
    /// # Errors
    /// Gives the value back if the channel is closed: nothing panics.
    ///
    /// ```no_run
    /// # async fn f(c: gort::Chan<u32>) -> Result<(), gort::SendAsyncError<u32>> {
    /// c.send_async(1).await?;
    /// # Ok(()) }
    /// ```
    pub fn send_async(&self, v: T) -> SendAsync<T> {
        SendAsync {
            c: self.clone(),
            key: new_key(),
            slot: NonNull::from(Box::leak(Box::new(Slot::full(v)))),
            full: true,
            waits: false,
            _t: PhantomData,
        }
    }
}

impl<T: Send> Receiver<T> {
    /// See [`Chan::recv_async`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(2);
    /// let rx = c.receiver();
    /// c.send(20);
    /// c.send(22);
    /// let sum = gort::block_on(async { Some(rx.recv_async().await? + rx.recv_async().await?) });
    /// assert_eq!(sum, Some(42));
    /// # })
    /// ```
    pub fn recv_async(&self) -> RecvAsync<T> {
        self.chan().recv_async()
    }
}

impl<T: Send> Sender<T> {
    /// See [`Chan::send_async`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(1);
    /// let tx = c.sender();
    /// gort::block_on(async { tx.send_async("there was room").await }).unwrap();
    /// assert_eq!(c.len(), 1);
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives the value back if the channel is closed.
    pub fn send_async(&self, v: T) -> SendAsync<T> {
        self.chan().send_async(v)
    }
}
