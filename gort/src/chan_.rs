//! Channels with types: who owns a value, and when it is dropped.

use crate::__select::{self, RawCase, RecvCase, SendCase};
use crate::time::{Timer, now};
use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use gort_chan::{
    Sent, chancap, chanlen, chanrecv, chansend, chansend_checked, closechan, freechan, makechan,
};
use gort_proc::{ElemType, Hchan};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::iter::FusedIterator;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

/// An element in flight. Go limits elements to 64 KiB; larger ones travel in a box.
#[repr(C)]
pub union Slot<T> {
    inline: ManuallyDrop<T>,
    boxed: ManuallyDrop<Box<T>>,
    nothing: (),
}

impl<T> Slot<T> {
    const BOXED: bool = size_of::<T>() >= 1 << 16;
    const ELEM: ElemType = if Self::BOXED {
        ElemType { size: size_of::<Box<T>>(), align: align_of::<Box<T>>() }
    } else {
        ElemType { size: size_of::<T>(), align: align_of::<T>() }
    };

    /// A slot that holds `v`.
    #[inline(always)]
    pub fn full(v: T) -> Self {
        if Self::BOXED {
            Slot { boxed: ManuallyDrop::new(Box::new(v)) }
        } else {
            Slot { inline: ManuallyDrop::new(v) }
        }
    }
    /// A slot to receive into.
    #[inline(always)]
    pub fn empty() -> Self {
        Slot { nothing: () }
    }
    /// Takes the value out.
    ///
    /// # Safety
    /// The slot is full, and is not used again.
    #[inline(always)]
    pub unsafe fn take(&mut self) -> T {
        // SAFETY: the variant is fixed by the type; the caller says that it is full.
        unsafe {
            if Self::BOXED {
                *ManuallyDrop::take(&mut self.boxed)
            } else {
                ManuallyDrop::take(&mut self.inline)
            }
        }
    }
    /// Its address, for the untyped layer.
    #[inline(always)]
    pub fn ptr(&mut self) -> *mut c_void {
        (self as *mut Self).cast()
    }
}

/// A channel of Go: `chan T`. A handle; clones are the same channel.
///
/// Values move through it and each is dropped exactly once: by its receiver, or with the channel if
/// it was never received, or with the failed send.
///
/// Channels are not closed by dropping handles: as in Go, a channel is closed by
/// [`close`](Chan::close), or never, and a goroutine that waits on a channel that nobody else can
/// reach waits for ever (and is reported when all do).
///
/// Two handles are equal if they are handles of one channel. The default is the nil channel, as
/// Go's zero value is.
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan::<u32>(2);
/// c.send(1);
/// c.send(2);
/// c.close();
/// assert_eq!(c.recv(), Some(1));
/// assert_eq!(c.into_iter().collect::<Vec<_>>(), [2]);
/// # })
/// ```
pub struct Chan<T> {
    c: *mut Hchan,
    _t: TakesAndGives<T>,
}

/// How a handle depends on `T`. What goes in comes out, so no lifetime in `T` may be shortened or
/// stretched: through a channel of `&'static str` that passes for one of `&'a str` a string could
/// be sent that is gone when it is received.
///
/// ```compile_fail
/// fn shorten<'a>(c: gort::Chan<&'static str>) -> gort::Chan<&'a str> {
///     c
/// }
/// ```
/// ```
/// fn same(c: gort::Chan<&'static str>) -> gort::Chan<&'static str> {
///     c
/// }
/// ```
pub(crate) type TakesAndGives<T> = PhantomData<fn(T) -> T>;

// SAFETY: the channel is made for sharing; the values in it move between threads, hence `T: Send`.
unsafe impl<T: Send> Send for Chan<T> {}
// SAFETY: the same.
unsafe impl<T: Send> Sync for Chan<T> {}

// No operation leaves a channel half done.
impl<T> UnwindSafe for Chan<T> {}
impl<T> RefUnwindSafe for Chan<T> {}

/// Makes a channel with room for `cap` values; 0 makes it a rendezvous. Go's `make(chan T, cap)`.
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(0);
/// let tx = c.clone();
/// gort::go(move || tx.send("hello"));
/// assert_eq!(c.recv(), Some("hello"));
/// # })
/// ```
///
/// # Panics
/// `makechan: size out of range`
pub fn chan<T: Send + 'static>(cap: usize) -> Chan<T> {
    // SAFETY: a type's size and alignment are valid by nature.
    let c = unsafe { makechan(Slot::<T>::ELEM, isize::try_from(cap).unwrap_or(-1)) };
    Chan { c, _t: PhantomData }
}

impl<T> Clone for Chan<T> {
    #[inline]
    fn clone(&self) -> Self {
        if !self.c.is_null() {
            // SAFETY: this handle keeps the channel alive.
            unsafe { (*self.c).refs.add(1) };
        }
        Chan { c: self.c, _t: PhantomData }
    }
}

impl<T> Drop for Chan<T> {
    #[inline]
    fn drop(&mut self) {
        if self.c.is_null() {
            return;
        }
        // SAFETY: the count says whether this is the last handle; whoever waits on the channel
        // holds one. Once it has been lowered the others may free the channel, so nothing of it is
        // read then.
        unsafe {
            let timer = (*self.c).timer;
            match (*self.c).refs.add(1usize.wrapping_neg()) {
                0 => self.free(),
                // Only the timer that feeds the channel still refers to it: see gort::time.
                1 if !timer.is_null() => crate::time::release_chan_timer(timer),
                _ => {}
            }
        }
    }
}

impl<T> Chan<T> {
    #[cold]
    #[inline(never)]
    unsafe fn free(&mut self) {
        // SAFETY: the last handle, so nobody else is here: the buffer is ours.
        unsafe {
            let c = self.c;
            while (*c).qcount.get() > 0 {
                let slot = gort_chan::chanbuf(c, (*c).recvx).cast::<Slot<T>>();
                (*c).recvx = ((*c).recvx + 1) % (*c).dataqsiz;
                (*c).qcount.set((*c).qcount.get() - 1);
                // Not through a reference to the union: a slot of the buffer has the element's size
                // only.
                if Slot::<T>::BOXED {
                    drop(slot.cast::<Box<T>>().read());
                } else {
                    drop(slot.cast::<T>().read());
                }
            }
            crate::chan_async::drop_waiters(c);
            freechan(c);
        }
    }

    /// The nil channel: sends and receives block for ever, a `select!` never chooses it.
    ///
    /// ```
    /// # gort::run(|| {
    /// let nil = gort::Chan::<u32>::nil();
    /// gort::select! { recv(nil) => unreachable!(), default => {} }
    /// # })
    /// ```
    pub const fn nil() -> Self {
        Chan { c: core::ptr::null_mut(), _t: PhantomData }
    }

    /// Whether this is the nil channel.
    ///
    /// ```
    /// # gort::run(|| {
    /// assert!(gort::Chan::<u8>::default().is_nil());
    /// assert!(!gort::chan::<u8>(0).is_nil());
    /// # })
    /// ```
    pub fn is_nil(&self) -> bool {
        self.c.is_null()
    }

    /// The untyped channel, for `select!` and other languages; valid while the handle lives.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan::<u8>(0);
    /// assert_eq!(c.as_raw(), c.clone().as_raw());
    /// # })
    /// ```
    #[inline(always)]
    pub fn as_raw(&self) -> *mut Hchan {
        self.c
    }

    /// A handle on an untyped channel, taking over one reference.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan::<u8>(1);
    /// let raw = std::mem::ManuallyDrop::new(c.clone()).as_raw(); // another language has it
    /// // SAFETY: a handle on bytes, which was kept for this one.
    /// let back = unsafe { gort::Chan::<u8>::from_raw(raw) };
    /// back.send(7);
    /// assert_eq!(c.recv(), Some(7));
    /// # })
    /// ```
    ///
    /// # Safety
    /// The channel's elements are `T`s.
    pub unsafe fn from_raw(c: *mut Hchan) -> Self {
        Chan { c, _t: PhantomData }
    }

    /// Values in the buffer now. Go's `len(c)`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(4);
    /// c.send('a');
    /// c.send('b');
    /// assert_eq!(c.len(), 2);
    /// # })
    /// ```
    pub fn len(&self) -> usize {
        // SAFETY: alive through this handle.
        unsafe { chanlen(self.c) }
    }

    /// Whether the buffer is empty now.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(1);
    /// assert!(c.is_empty());
    /// c.send(());
    /// assert!(!c.is_empty());
    /// # })
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Room of the buffer. Go's `cap(c)`.
    ///
    /// ```
    /// # gort::run(|| {
    /// assert_eq!(gort::chan::<u8>(4).cap(), 4);
    /// assert_eq!(gort::Chan::<u8>::nil().cap(), 0);
    /// # })
    /// ```
    pub fn cap(&self) -> usize {
        // SAFETY: alive through this handle.
        unsafe { chancap(self.c) }
    }

    /// The sending half as a type of its own: Go's `chan<- T`.
    ///
    /// ```
    /// # gort::run(|| {
    /// fn produce(tx: gort::Sender<u32>) {
    ///     tx.send(1); // it cannot receive
    /// }
    /// let c = gort::chan(1);
    /// produce(c.sender());
    /// assert_eq!(c.recv(), Some(1));
    /// # })
    /// ```
    pub fn sender(&self) -> Sender<T> {
        Sender(self.clone())
    }

    /// The receiving half as a type of its own: Go's `<-chan T`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(1);
    /// let rx = c.receiver(); // it cannot send
    /// c.send("news");
    /// assert_eq!(rx.recv(), Some("news"));
    /// # })
    /// ```
    pub fn receiver(&self) -> Receiver<T> {
        Receiver(self.clone())
    }
}

/// Holds a value that is to be sent; drops it unless it has gone.
struct Outgoing<T> {
    slot: Slot<T>,
    sent: bool,
}

impl<T> Drop for Outgoing<T> {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.sent {
            // SAFETY: still full, as it was not sent.
            drop(unsafe { self.slot.take() });
        }
    }
}

impl<T> Chan<T> {
    /// Sends `v`, waiting for room or a receiver. Go's `c <- v`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(1);
    /// c.send(1);
    /// assert_eq!(c.len(), 1);
    /// # })
    /// ```
    ///
    /// # Panics
    /// `send on closed channel`; `v` is dropped then.
    #[inline]
    pub fn send(&self, v: T) {
        let mut o = Outgoing { slot: Slot::full(v), sent: false };
        // SAFETY: the channel is alive through this handle and has this element type; if chansend
        // unwinds the bytes have not moved.
        unsafe { chansend(self.c, o.slot.ptr(), true) };
        o.sent = true;
    }

    /// Sends `v` if that is possible at once.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(1);
    /// assert!(c.try_send(1).is_ok());
    /// assert_eq!(c.try_send(2).unwrap_err().into_inner(), 2);
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives `v` back otherwise.
    ///
    /// # Panics
    /// `send on closed channel`; `v` is dropped then.
    #[inline]
    pub fn try_send(&self, v: T) -> Result<(), TrySendError<T>> {
        let mut o = Outgoing { slot: Slot::full(v), sent: false };
        // SAFETY: as in send.
        if unsafe { chansend(self.c, o.slot.ptr(), false) } {
            o.sent = true;
            return Ok(());
        }
        o.sent = true;
        // SAFETY: not sent, so the slot is full; `sent` keeps the drop away.
        Err(TrySendError(unsafe { o.slot.take() }))
    }

    /// [`send`](Self::send) that gives `v` back if the channel is closed, or is closed meanwhile,
    /// where Go panics.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(1);
    /// assert_eq!(c.send_checked(1), Ok(()));
    /// c.close();
    /// assert_eq!(c.send_checked(2), Err(gort::SendError(2)));
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives `v` back if the channel is closed.
    #[inline]
    pub fn send_checked(&self, v: T) -> Result<(), SendError<T>> {
        self.offer(v, true).map_err(|(v, _)| SendError(v))
    }

    /// [`try_send`](Self::try_send) that tells of a closed channel instead of panicking.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::TrySendCheckedError::{Closed, Full};
    /// let c = gort::chan(1);
    /// assert_eq!(c.try_send_checked(1), Ok(()));
    /// assert_eq!(c.try_send_checked(2), Err(Full(2)));
    /// c.close();
    /// assert_eq!(c.try_send_checked(3), Err(Closed(3)));
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives `v` back, if it cannot be sent at once or the channel is closed.
    #[inline]
    pub fn try_send_checked(&self, v: T) -> Result<(), TrySendCheckedError<T>> {
        self.offer(v, false).map_err(|(v, closed)| {
            if closed { TrySendCheckedError::Closed(v) } else { TrySendCheckedError::Full(v) }
        })
    }

    /// Sends `v`, or gives it back and says whether the channel is closed.
    #[inline]
    fn offer(&self, v: T, block: bool) -> Result<(), (T, bool)> {
        let mut o = Outgoing { slot: Slot::full(v), sent: false };
        // SAFETY: as in send.
        let sent = unsafe { chansend_checked(self.c, o.slot.ptr(), block) };
        o.sent = true;
        if sent == Sent::Yes {
            return Ok(());
        }
        // SAFETY: not sent, so the slot is full; `sent` keeps the drop away.
        Err((unsafe { o.slot.take() }, sent == Sent::Closed))
    }

    /// Sends `v`, waiting at most for `d` for room or a receiver.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::SendTimeoutError::Timeout;
    /// let c = gort::chan(0);
    /// let d = std::time::Duration::from_millis(1);
    /// assert_eq!(c.send_timeout("nobody is there", d), Err(Timeout("nobody is there")));
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives `v` back if the time has passed or the channel is closed.
    pub fn send_timeout(&self, v: T, d: Duration) -> Result<(), SendTimeoutError<T>> {
        match self.try_send_checked(v) {
            Err(TrySendCheckedError::Full(v)) if d.is_zero() => Err(SendTimeoutError::Timeout(v)),
            Err(TrySendCheckedError::Full(v)) => {
                let mut case = SendCase::new(self, Some(v));
                if within(d, case.raw()) {
                    return case.result().map_err(|e| SendTimeoutError::Closed(e.0));
                }
                match case.take() {
                    // Both may have been ready.
                    Some(v) => self.send_timeout(v, Duration::ZERO),
                    None => Ok(()),
                }
            }
            Err(TrySendCheckedError::Closed(v)) => Err(SendTimeoutError::Closed(v)),
            Ok(()) => Ok(()),
        }
    }

    /// Sends `v`, waiting at most until `t`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::{SendTimeoutError, time::now};
    /// let c = gort::chan(1);
    /// assert_eq!(c.send_deadline(1, now()), Ok(())); // there is room: nothing to wait for
    /// assert_eq!(c.send_deadline(2, now()), Err(SendTimeoutError::Timeout(2)));
    /// # })
    /// ```
    ///
    /// # Errors
    /// As [`send_timeout`](Self::send_timeout).
    pub fn send_deadline(&self, v: T, t: Instant) -> Result<(), SendTimeoutError<T>> {
        self.send_timeout(v, t.saturating_duration_since(now()))
    }

    /// Receives a value, waiting at most for `d`. A value that is there when the time has passed is
    /// received, so none is lost.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::RecvTimeoutError::{Closed, Timeout};
    /// let c = gort::chan(1);
    /// let d = std::time::Duration::from_millis(1);
    /// assert_eq!(c.recv_timeout(d), Err(Timeout));
    /// c.send(1);
    /// assert_eq!(c.recv_timeout(d), Ok(1));
    /// c.close();
    /// assert_eq!(c.recv_timeout(d), Err(Closed));
    /// # })
    /// ```
    ///
    /// # Errors
    /// `Timeout` if none came in time, `Closed` if none will come.
    pub fn recv_timeout(&self, d: Duration) -> Result<T, RecvTimeoutError> {
        let at_once = || match self.try_recv() {
            Ok(v) => Ok(v),
            Err(TryRecvError::Empty) => Err(RecvTimeoutError::Timeout),
            Err(TryRecvError::Closed) => Err(RecvTimeoutError::Closed),
        };
        match at_once() {
            Err(RecvTimeoutError::Timeout) if !d.is_zero() => {}
            r => return r,
        }
        let mut case = RecvCase::new(self, true);
        if within(d, case.raw()) {
            case.finish().ok_or(RecvTimeoutError::Closed)
        } else {
            at_once()
        }
    }

    /// Receives a value, waiting at most until `t`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::{RecvTimeoutError, time::now};
    /// let c = gort::chan(1);
    /// assert_eq!(c.recv_deadline(now()), Err(RecvTimeoutError::Timeout));
    /// c.send(1);
    /// assert_eq!(c.recv_deadline(now()), Ok(1));
    /// # })
    /// ```
    ///
    /// # Errors
    /// As [`recv_timeout`](Self::recv_timeout).
    pub fn recv_deadline(&self, t: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_timeout(t.saturating_duration_since(now()))
    }

    /// Receives a value, waiting for one; `None` once the channel is closed and empty. Go's
    /// `v, ok := <-c`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(1);
    /// c.send(1);
    /// c.close();
    /// assert_eq!((c.recv(), c.recv()), (Some(1), None));
    /// # })
    /// ```
    #[inline]
    pub fn recv(&self) -> Option<T> {
        let mut s = Slot::<T>::empty();
        // SAFETY: the channel is alive through this handle and has this element type.
        let (_, received) = unsafe { chanrecv(self.c, s.ptr(), true) };
        // SAFETY: received says whether the slot was filled.
        if received { Some(unsafe { s.take() }) } else { None }
    }

    /// Receives a value if one is there.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::TryRecvError::{Closed, Empty};
    /// let c = gort::chan::<u32>(1);
    /// assert_eq!(c.try_recv(), Err(Empty));
    /// c.close();
    /// assert_eq!(c.try_recv(), Err(Closed));
    /// # })
    /// ```
    ///
    /// # Errors
    /// `Empty` if none is, `Closed` if none will come.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut s = Slot::<T>::empty();
        // SAFETY: as in recv.
        let (selected, received) = unsafe { chanrecv(self.c, s.ptr(), false) };
        if received {
            // SAFETY: filled.
            return Ok(unsafe { s.take() });
        }
        Err(if selected { TryRecvError::Closed } else { TryRecvError::Empty })
    }

    /// Closes the channel: receivers get what is buffered, then `None`. Go's `close(c)`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan::<u32>(0);
    /// c.close();
    /// assert_eq!(c.recv(), None);
    /// assert_eq!(gort::recover(|| c.close()).unwrap_err().message(), "close of closed channel");
    /// # })
    /// ```
    ///
    /// # Panics
    /// `close of closed channel`, `close of nil channel`
    pub fn close(&self) {
        // SAFETY: alive through this handle.
        unsafe { closechan(self.c) }
    }

    /// Receives until the channel is closed and empty. Go's `for v := range c`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(2);
    /// c.send(1);
    /// c.send(2);
    /// c.close();
    /// assert_eq!(c.iter().sum::<i32>(), 3);
    /// # })
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }
}

/// Waits for the case, at most for `d`; whether it was chosen.
fn within(d: Duration, case: RawCase<'_>) -> bool {
    let timer = Timer::new(d);
    let mut expiry = RecvCase::new(timer.c(), true);
    let chosen = __select::run([case, expiry.raw()], false);
    timer.stop();
    chosen == 0
}

/// The values of a channel until it is closed. See [`Chan::iter`].
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(2);
/// c.send(2);
/// c.send(3);
/// c.close();
/// let mut values: gort::Iter<'_, i32> = c.iter();
/// assert_eq!((values.next(), values.next(), values.next()), (Some(2), Some(3), None));
/// # })
/// ```
#[must_use = "iterators do nothing unless they are asked"]
pub struct Iter<'a, T>(&'a Chan<T>);

/// The values of a channel until it is closed, with the handle: `for v in c`.
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(1);
/// let tx = c.clone();
/// gort::go(move || {
///     (1..=3).for_each(|n| tx.send(n));
///     tx.close();
/// });
/// let mut values: gort::IntoIter<i32> = c.into_iter();
/// assert_eq!(values.by_ref().max(), Some(3));
/// # })
/// ```
#[must_use = "iterators do nothing unless they are asked"]
pub struct IntoIter<T>(Chan<T>);

impl<T> Iterator for IntoIter<T> {
    type Item = T;
    fn next(&mut self) -> Option<T> {
        self.0.recv()
    }
}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Iter").field(self.0).finish()
    }
}
impl<T> fmt::Debug for IntoIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntoIter").field(&self.0).finish()
    }
}

// A channel that has been closed stays so.
impl<T> FusedIterator for Iter<'_, T> {}
impl<T> FusedIterator for IntoIter<T> {}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Iter(self.0)
    }
}

impl<T> IntoIterator for Chan<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;
    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self)
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;
    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self.0)
    }
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;
    fn next(&mut self) -> Option<T> {
        self.0.recv()
    }
}

impl<'a, T> IntoIterator for &'a Chan<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> fmt::Debug for Chan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:p}", self.c)
    }
}

impl<T> PartialEq for Chan<T> {
    /// Whether both are the same channel, as `==` in Go.
    fn eq(&self, o: &Self) -> bool {
        self.c == o.c
    }
}
impl<T> Eq for Chan<T> {}

impl<T> Hash for Chan<T> {
    fn hash<H: Hasher>(&self, h: &mut H) {
        self.c.hash(h);
    }
}

impl<T> Default for Chan<T> {
    /// The nil channel, as Go's zero value.
    fn default() -> Self {
        Self::nil()
    }
}

/// The sending half of a channel: Go's `chan<- T`.
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(1);
/// let tx: gort::Sender<u32> = c.sender();
/// tx.send(1);
/// assert_eq!(c.recv(), Some(1));
/// # })
/// ```
pub struct Sender<T>(Chan<T>);

/// The receiving half of a channel: Go's `<-chan T`.
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(1);
/// let rx: gort::Receiver<u32> = c.receiver();
/// c.send(1);
/// assert_eq!(rx.recv(), Some(1));
/// # })
/// ```
pub struct Receiver<T>(Chan<T>);

// Not derived: nothing is asked of `T`.
macro_rules! half {
    ($($t:ident)*) => { $(
        impl<T> fmt::Debug for $t<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($t)).field(&self.0).finish()
            }
        }
        impl<T> PartialEq for $t<T> {
            /// Whether both are of the same channel, as `==` in Go.
            fn eq(&self, o: &Self) -> bool {
                self.0 == o.0
            }
        }
        impl<T> Eq for $t<T> {}
        impl<T> Hash for $t<T> {
            fn hash<H: Hasher>(&self, h: &mut H) {
                self.0.hash(h);
            }
        }
        impl<T> Default for $t<T> {
            /// The nil channel, as Go's zero value.
            fn default() -> Self {
                $t(Chan::nil())
            }
        }
    )* };
}
half!(Sender Receiver);

impl<T> From<Chan<T>> for Sender<T> {
    fn from(c: Chan<T>) -> Self {
        Sender(c)
    }
}
impl<T> From<Chan<T>> for Receiver<T> {
    fn from(c: Chan<T>) -> Self {
        Receiver(c)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Sender(self.0.clone())
    }
}
impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Receiver(self.0.clone())
    }
}

impl<T> Sender<T> {
    /// See [`Chan::nil`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let tx = gort::Sender::nil();
    /// assert!(tx.try_send(1).is_err()); // a send would wait for ever
    /// # })
    /// ```
    pub const fn nil() -> Self {
        Sender(Chan::nil())
    }
    pub(crate) fn chan(&self) -> &Chan<T> {
        &self.0
    }
    /// See [`Chan::send`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(0);
    /// let tx = c.sender();
    /// gort::go(move || tx.send("from a goroutine"));
    /// assert_eq!(c.recv(), Some("from a goroutine"));
    /// # })
    /// ```
    ///
    /// # Panics
    /// `send on closed channel`
    #[inline]
    pub fn send(&self, v: T) {
        self.0.send(v)
    }
    /// See [`Chan::try_send`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(1);
    /// let tx = c.sender();
    /// assert!(tx.try_send("fits").is_ok());
    /// assert_eq!(tx.try_send("does not").unwrap_err().into_inner(), "does not");
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives `v` back if it cannot be sent at once.
    #[inline]
    pub fn try_send(&self, v: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(v)
    }
    /// See [`Chan::send_checked`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let tx = gort::chan(1).sender();
    /// tx.close();
    /// assert_eq!(tx.send_checked(1).unwrap_err().to_string(), "send on closed channel");
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives `v` back if the channel is closed.
    #[inline]
    pub fn send_checked(&self, v: T) -> Result<(), SendError<T>> {
        self.0.send_checked(v)
    }
    /// See [`Chan::try_send_checked`].
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::TrySendCheckedError::{Closed, Full};
    /// let tx = gort::chan(0).sender();
    /// assert_eq!(tx.try_send_checked(1), Err(Full(1)));
    /// tx.close();
    /// assert_eq!(tx.try_send_checked(2), Err(Closed(2)));
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives `v` back, if it cannot be sent at once or the channel is closed.
    #[inline]
    pub fn try_send_checked(&self, v: T) -> Result<(), TrySendCheckedError<T>> {
        self.0.try_send_checked(v)
    }
    /// See [`Chan::send_timeout`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(0);
    /// let (tx, rx) = (c.sender(), c.receiver());
    /// gort::go(move || _ = rx.recv());
    /// tx.send_timeout("taken", std::time::Duration::from_secs(60)).unwrap();
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives `v` back if the time has passed or the channel is closed.
    pub fn send_timeout(&self, v: T, d: Duration) -> Result<(), SendTimeoutError<T>> {
        self.0.send_timeout(v, d)
    }
    /// See [`Chan::send_deadline`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let tx = gort::chan(0).sender();
    /// let soon = gort::time::now() + std::time::Duration::from_millis(1);
    /// assert_eq!(tx.send_deadline(5, soon).unwrap_err().into_inner(), 5);
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives `v` back if the time has passed or the channel is closed.
    pub fn send_deadline(&self, v: T, t: Instant) -> Result<(), SendTimeoutError<T>> {
        self.0.send_deadline(v, t)
    }
    /// Whether this is the nil channel.
    ///
    /// ```
    /// # gort::run(|| {
    /// assert!(gort::Sender::<u8>::default().is_nil());
    /// # })
    /// ```
    pub fn is_nil(&self) -> bool {
        self.0.is_nil()
    }
    /// See [`Chan::close`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan::<u8>(0);
    /// let tx = c.sender();
    /// gort::go(move || tx.close());
    /// assert_eq!(c.recv(), None);
    /// # })
    /// ```
    pub fn close(&self) {
        self.0.close()
    }
    /// See [`Chan::len`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let tx = gort::chan(2).sender();
    /// tx.send(1);
    /// assert_eq!((tx.len(), tx.cap()), (1, 2));
    /// # })
    /// ```
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// See [`Chan::cap`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let tx = gort::chan::<u8>(3).sender();
    /// assert_eq!(tx.cap() - tx.len(), 3); // room for so many
    /// # })
    /// ```
    pub fn cap(&self) -> usize {
        self.0.cap()
    }
    /// Whether the buffer is empty now.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(1);
    /// let tx = c.sender();
    /// tx.send(1);
    /// assert!(!tx.is_empty());
    /// c.recv();
    /// assert!(tx.is_empty());
    /// # })
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// See [`Chan::as_raw`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan::<u8>(0);
    /// assert_eq!(c.sender().as_raw(), c.as_raw());
    /// # })
    /// ```
    #[inline(always)]
    pub fn as_raw(&self) -> *mut Hchan {
        self.0.c
    }
}

impl<T> Receiver<T> {
    /// See [`Chan::nil`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let mut input = gort::chan(1).receiver();
    /// input = gort::Receiver::nil(); // as if this case were not there
    /// gort::select! {
    ///     recv(input) -> v => unreachable!("{v:?}"),
    ///     default => {}
    /// }
    /// # let _: gort::Receiver<u8> = input;
    /// # })
    /// ```
    pub const fn nil() -> Self {
        Receiver(Chan::nil())
    }
    /// The whole channel.
    pub(crate) fn chan(&self) -> &Chan<T> {
        &self.0
    }
    /// See [`Chan::recv`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(1);
    /// let rx = c.receiver();
    /// c.send(4);
    /// c.close();
    /// assert_eq!((rx.recv(), rx.recv()), (Some(4), None));
    /// # })
    /// ```
    #[inline]
    pub fn recv(&self) -> Option<T> {
        self.0.recv()
    }
    /// See [`Chan::try_recv`].
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::TryRecvError;
    /// let c = gort::chan(1);
    /// let rx = c.receiver();
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// c.send(4);
    /// assert_eq!(rx.try_recv(), Ok(4));
    /// # })
    /// ```
    ///
    /// # Errors
    /// `Empty` or `Closed`.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.0.try_recv()
    }
    /// See [`Chan::recv_timeout`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan::<u8>(0);
    /// let r = c.receiver().recv_timeout(std::time::Duration::from_millis(1));
    /// assert_eq!(r.unwrap_err().to_string(), "the receive timed out");
    /// # })
    /// ```
    ///
    /// # Errors
    /// `Timeout` or `Closed`.
    pub fn recv_timeout(&self, d: Duration) -> Result<T, RecvTimeoutError> {
        self.0.recv_timeout(d)
    }
    /// See [`Chan::recv_deadline`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(1);
    /// c.send(9);
    /// let soon = gort::time::now() + std::time::Duration::from_millis(1);
    /// assert_eq!(c.receiver().recv_deadline(soon), Ok(9));
    /// # })
    /// ```
    ///
    /// # Errors
    /// `Timeout` or `Closed`.
    pub fn recv_deadline(&self, t: Instant) -> Result<T, RecvTimeoutError> {
        self.0.recv_deadline(t)
    }
    /// Whether this is the nil channel.
    ///
    /// ```
    /// # gort::run(|| {
    /// // A context that is never done has no channel to wait for.
    /// assert!(gort::context::Context::background().done().is_nil());
    /// # })
    /// ```
    pub fn is_nil(&self) -> bool {
        self.0.is_nil()
    }
    /// See [`Chan::iter`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(3);
    /// let rx = c.receiver();
    /// [3, 1, 2].map(|n| c.send(n));
    /// c.close();
    /// let mut all: Vec<_> = rx.iter().collect();
    /// all.sort();
    /// assert_eq!(all, [1, 2, 3]);
    /// # })
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        self.0.iter()
    }
    /// See [`Chan::len`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(3);
    /// c.send("a job");
    /// assert_eq!(c.receiver().len(), 1); // jobs that wait
    /// # })
    /// ```
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// See [`Chan::cap`].
    ///
    /// ```
    /// # gort::run(|| {
    /// assert_eq!(gort::chan::<u8>(3).receiver().cap(), 3);
    /// # })
    /// ```
    pub fn cap(&self) -> usize {
        self.0.cap()
    }
    /// Whether the buffer is empty now.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan::<u8>(3);
    /// assert!(c.receiver().is_empty());
    /// # })
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// See [`Chan::as_raw`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let rx = gort::chan::<u8>(0).receiver();
    /// assert!(!rx.as_raw().is_null());
    /// # })
    /// ```
    #[inline(always)]
    pub fn as_raw(&self) -> *mut Hchan {
        self.0.c
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// The value that could not be sent at once. See [`Chan::try_send`].
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(0);
/// let gort::TrySendError(value) = c.try_send("nobody is there").unwrap_err();
/// assert_eq!(value, "nobody is there");
/// # })
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrySendError<T>(pub T);

/// The value that could not be sent, as the channel is closed. See [`Chan::send_checked`].
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(0);
/// c.close();
/// match c.send_checked(5) {
///     Err(gort::SendError(n)) => assert_eq!(n, 5), // to be sent elsewhere
///     Ok(()) => unreachable!(),
/// }
/// # })
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SendError<T>(pub T);

/// Why a value could not be sent, and the value. See [`Chan::try_send_checked`].
///
/// ```
/// # gort::run(|| {
/// use gort::TrySendCheckedError;
/// let c = gort::chan(1);
/// c.close();
/// let what = match c.try_send_checked("log line") {
///     Err(TrySendCheckedError::Full(_)) => "dropped",
///     Err(TrySendCheckedError::Closed(_)) => "over",
///     _ => "sent",
/// };
/// assert_eq!(what, "over");
/// # })
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrySendCheckedError<T> {
    /// No room, and nobody waits for it.
    Full(T),
    /// The channel is closed.
    Closed(T),
}

/// Why a value could not be sent, and the value. See [`Chan::send_timeout`].
///
/// ```
/// # gort::run(|| {
/// use gort::SendTimeoutError;
/// let c = gort::chan(0);
/// let e = c.send_timeout("late", std::time::Duration::from_millis(1)).unwrap_err();
/// assert!(matches!(e, SendTimeoutError::Timeout("late")));
/// assert_eq!(e.to_string(), "the send timed out");
/// # })
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendTimeoutError<T> {
    /// No room, and nobody came for it in time.
    Timeout(T),
    /// The channel is closed.
    Closed(T),
}

impl<T> TrySendError<T> {
    /// The value.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(0);
    /// let word = c.try_send(String::from("kept")).unwrap_err().into_inner();
    /// assert_eq!(word, "kept");
    /// # })
    /// ```
    pub fn into_inner(self) -> T {
        self.0
    }
}
impl<T> SendError<T> {
    /// The value.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(0);
    /// c.close();
    /// assert_eq!(c.send_checked(vec![1]).unwrap_err().into_inner(), [1]);
    /// # })
    /// ```
    pub fn into_inner(self) -> T {
        self.0
    }
}
impl<T> TrySendCheckedError<T> {
    /// The value.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(0);
    /// let e = c.try_send_checked(Box::new(7)).unwrap_err();
    /// assert_eq!(*e.into_inner(), 7); // whatever the reason is
    /// # })
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(v) | Self::Closed(v) => v,
        }
    }
}
impl<T> SendTimeoutError<T> {
    /// The value.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(0);
    /// let e = c.send_timeout(1.5, std::time::Duration::ZERO).unwrap_err();
    /// assert_eq!(e.into_inner(), 1.5);
    /// # })
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Timeout(v) | Self::Closed(v) => v,
        }
    }
}

/// Errors that carry a value: it is not printed, so it need not be printable.
macro_rules! carries {
    ($($t:ident: $($p:pat => $name:literal $text:literal),*;)*) => { $(
        impl<T> fmt::Debug for $t<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($p => $name),* })
            }
        }
        impl<T> fmt::Display for $t<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($p => $text),* })
            }
        }
        impl<T> std::error::Error for $t<T> {}
    )* };
}
carries! {
    TrySendError: Self(_) => "TrySendError(..)" "the send would block";
    SendError: Self(_) => "SendError(..)" "send on closed channel";
    TrySendCheckedError: Self::Full(_) => "Full(..)" "the send would block",
        Self::Closed(_) => "Closed(..)" "send on closed channel";
    SendTimeoutError: Self::Timeout(_) => "Timeout(..)" "the send timed out",
        Self::Closed(_) => "Closed(..)" "send on closed channel";
}

/// Why nothing was received in time. See [`Chan::recv_timeout`].
///
/// ```
/// # gort::run(|| {
/// use gort::RecvTimeoutError;
/// let c = gort::chan::<u8>(0);
/// let mut tries = 0;
/// while let Err(RecvTimeoutError::Timeout) = c.recv_timeout(std::time::Duration::from_millis(1)) {
///     tries += 1; // something else meanwhile
///     if tries == 2 {
///         c.close();
///     }
/// }
/// assert_eq!(tries, 2);
/// # })
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecvTimeoutError {
    /// Nothing came in time.
    Timeout,
    /// Closed and empty.
    Closed,
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecvTimeoutError::Timeout => "the receive timed out",
            RecvTimeoutError::Closed => "the channel is closed",
        })
    }
}
impl std::error::Error for RecvTimeoutError {}

/// Why nothing could be received at once.
///
/// ```
/// # gort::run(|| {
/// use gort::TryRecvError;
/// let c = gort::chan(2);
/// c.send(1);
/// c.close();
/// let mut sum = 0;
/// let end = loop {
///     match c.try_recv() {
///         Ok(n) => sum += n,
///         Err(e) => break e,
///     }
/// };
/// assert_eq!((sum, end), (1, TryRecvError::Closed));
/// # })
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TryRecvError {
    /// Nothing there yet.
    Empty,
    /// Closed and empty.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryRecvError::Empty => "the receive would block",
            TryRecvError::Closed => "the channel is closed",
        })
    }
}
impl std::error::Error for TryRecvError {}
