//! Channels with types: who owns a value, and when it is dropped.

use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use gort_chan::{chancap, chanlen, chanrecv, chansend, closechan, freechan, makechan};
use gort_proc::{ElemType, Hchan};
use std::fmt;

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
/// Values move through it and each is dropped exactly once: by its receiver, or with the channel if it was
/// never received, or with the failed send.
///
/// Channels are not closed by dropping handles: as in Go, a channel is closed by [`close`](Chan::close), or
/// never, and a goroutine that waits on a channel that nobody else can reach waits for ever (and is reported
/// when all do).
pub struct Chan<T> {
    c: *mut Hchan,
    _t: TakesAndGives<T>,
}

/// How a handle depends on `T`. What goes in comes out, so no lifetime in `T` may be shortened or stretched: through
/// a channel of `&'static str` that passes for one of `&'a str` a string could be sent that is gone when it is received.
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

/// Makes a channel with room for `cap` values; 0 makes it a rendezvous. Go's `make(chan T, cap)`.
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
        // SAFETY: the count says whether this is the last handle; whoever waits on the channel holds one. Once it has been
        // lowered the others may free the channel, so nothing of it is read then.
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
                // Not through a reference to the union: a slot of the buffer has the element's size only.
                if Slot::<T>::BOXED {
                    drop(slot.cast::<Box<T>>().read());
                } else {
                    drop(slot.cast::<T>().read());
                }
            }
            freechan(c);
        }
    }

    /// The nil channel: sends and receives block for ever, a `select!` never chooses it.
    pub const fn nil() -> Self {
        Chan { c: core::ptr::null_mut(), _t: PhantomData }
    }

    /// Whether this is the nil channel.
    pub fn is_nil(&self) -> bool {
        self.c.is_null()
    }

    /// The untyped channel, for `select!` and other languages; valid while the handle lives.
    #[inline(always)]
    pub fn as_raw(&self) -> *mut Hchan {
        self.c
    }

    /// A handle on an untyped channel, taking over one reference.
    ///
    /// # Safety
    /// The channel's elements are `T`s.
    pub unsafe fn from_raw(c: *mut Hchan) -> Self {
        Chan { c, _t: PhantomData }
    }

    /// Values in the buffer now. Go's `len(c)`.
    pub fn len(&self) -> usize {
        // SAFETY: alive through this handle.
        unsafe { chanlen(self.c) }
    }

    /// Whether the buffer is empty now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Room of the buffer. Go's `cap(c)`.
    pub fn cap(&self) -> usize {
        // SAFETY: alive through this handle.
        unsafe { chancap(self.c) }
    }

    /// The sending half as a type of its own: Go's `chan<- T`.
    pub fn sender(&self) -> Sender<T> {
        Sender(self.clone())
    }

    /// The receiving half as a type of its own: Go's `<-chan T`.
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
    /// # Panics
    /// `send on closed channel`; `v` is dropped then.
    #[inline]
    pub fn send(&self, v: T) {
        let mut o = Outgoing { slot: Slot::full(v), sent: false };
        // SAFETY: the channel is alive through this handle and has this element type; if chansend unwinds the
        // bytes have not moved.
        unsafe { chansend(self.c, o.slot.ptr(), true) };
        o.sent = true;
    }

    /// Sends `v` if that is possible at once.
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

    /// Receives a value, waiting for one; `None` once the channel is closed and empty. Go's `v, ok := <-c`.
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
    /// # Panics
    /// `close of closed channel`, `close of nil channel`
    pub fn close(&self) {
        // SAFETY: alive through this handle.
        unsafe { closechan(self.c) }
    }

    /// Receives until the channel is closed and empty. Go's `for v := range c`.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }
}

/// The values of a channel until it is closed. See [`Chan::iter`].
pub struct Iter<'a, T>(&'a Chan<T>);

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

/// The sending half of a channel: Go's `chan<- T`.
#[derive(Debug, PartialEq, Eq)]
pub struct Sender<T>(Chan<T>);

/// The receiving half of a channel: Go's `<-chan T`.
#[derive(Debug, PartialEq, Eq)]
pub struct Receiver<T>(Chan<T>);

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
    /// See [`Chan::send`].
    ///
    /// # Panics
    /// `send on closed channel`
    #[inline]
    pub fn send(&self, v: T) {
        self.0.send(v)
    }
    /// See [`Chan::try_send`].
    ///
    /// # Errors
    /// Gives `v` back if it cannot be sent at once.
    #[inline]
    pub fn try_send(&self, v: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(v)
    }
    /// See [`Chan::close`].
    pub fn close(&self) {
        self.0.close()
    }
    /// See [`Chan::len`].
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// See [`Chan::cap`].
    pub fn cap(&self) -> usize {
        self.0.cap()
    }
    /// Whether the buffer is empty now.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// See [`Chan::as_raw`].
    #[inline(always)]
    pub fn as_raw(&self) -> *mut Hchan {
        self.0.c
    }
}

impl<T> Receiver<T> {
    /// See [`Chan::recv`].
    #[inline]
    pub fn recv(&self) -> Option<T> {
        self.0.recv()
    }
    /// See [`Chan::try_recv`].
    ///
    /// # Errors
    /// `Empty` or `Closed`.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.0.try_recv()
    }
    /// See [`Chan::iter`].
    pub fn iter(&self) -> Iter<'_, T> {
        self.0.iter()
    }
    /// See [`Chan::len`].
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// See [`Chan::cap`].
    pub fn cap(&self) -> usize {
        self.0.cap()
    }
    /// Whether the buffer is empty now.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// See [`Chan::as_raw`].
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

/// The value that could not be sent at once.
pub struct TrySendError<T>(pub T);

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrySendError(..)")
    }
}
impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the send would block")
    }
}
impl<T> std::error::Error for TrySendError<T> {}

/// Why nothing could be received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
