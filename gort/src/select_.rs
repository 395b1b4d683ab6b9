//! What `select!` expands to. Not an interface: use the macro.

use crate::chan_::{Chan, Receiver, Sender, Slot};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use gort_chan::{chanrecv, chansend};
use gort_proc::Hchan;
use gort_select::{Scase, selectgo};

/// A channel that can be received from.
///
/// # Safety
/// The elements of `raw()` are `T`s, and it lives as long as `self`.
pub unsafe trait RecvChan {
    /// Its element.
    type T;
    /// The untyped channel.
    fn raw(&self) -> *mut Hchan;
}
/// A channel that can be sent to.
///
/// # Safety
/// As for [`RecvChan`].
pub unsafe trait SendChan {
    /// Its element.
    type T;
    /// The untyped channel.
    fn raw(&self) -> *mut Hchan;
}

macro_rules! raws {
    ($($t:ident $c:ident),*) => { $(
        // SAFETY: a handle's channel is of its type, and the handle keeps it alive.
        unsafe impl<T> $t for $c<T> {
            type T = T;
            #[inline(always)]
            fn raw(&self) -> *mut Hchan {
                self.as_raw()
            }
        }
    )* };
}
raws!(RecvChan Chan, RecvChan Receiver, SendChan Chan, SendChan Sender);

// SAFETY: what `C` promises.
unsafe impl<C: RecvChan> RecvChan for &C {
    type T = C::T;
    #[inline(always)]
    fn raw(&self) -> *mut Hchan {
        (**self).raw()
    }
}
// SAFETY: what `C` promises.
unsafe impl<C: SendChan> SendChan for &C {
    type T = C::T;
    #[inline(always)]
    fn raw(&self) -> *mut Hchan {
        (**self).raw()
    }
}

/// A case as the runtime sees it.
#[derive(Clone, Copy)]
pub struct RawCase {
    send: bool,
    c: *mut Hchan,
    elem: *mut c_void,
}

/// A receive: keeps the channel handle (if it was a temporary) and the slot.
pub struct RecvCase<C: RecvChan> {
    chan: C,
    slot: Slot<C::T>,
}

impl<C: RecvChan> RecvCase<C> {
    /// Receives from `chan`.
    #[inline(always)]
    pub fn new(chan: C) -> Self {
        Self { chan, slot: Slot::empty() }
    }
    /// For the runtime.
    #[inline(always)]
    pub fn raw(&mut self) -> RawCase {
        RawCase { send: false, c: self.chan.raw(), elem: self.slot.ptr() }
    }
    /// The result, if this case was chosen.
    ///
    /// # Safety
    /// The case was chosen with this `ok`; called once.
    #[inline(always)]
    pub unsafe fn finish(&mut self, ok: bool) -> Option<C::T> {
        // SAFETY: ok says that the slot is full.
        if ok { Some(unsafe { self.slot.take() }) } else { None }
    }
}

/// A send: keeps the value until it has gone.
pub struct SendCase<C: SendChan> {
    chan: C,
    slot: Slot<C::T>,
    sent: bool,
}

impl<C: SendChan> SendCase<C> {
    /// Sends `v` to `chan`.
    #[inline(always)]
    pub fn new(chan: C, v: C::T) -> Self {
        Self { chan, slot: Slot::full(v), sent: false }
    }
    /// For the runtime.
    #[inline(always)]
    pub fn raw(&mut self) -> RawCase {
        RawCase { send: true, c: self.chan.raw(), elem: self.slot.ptr() }
    }
    /// The case was chosen: the value has gone.
    ///
    /// # Safety
    /// The case was chosen; called once.
    #[inline(always)]
    pub unsafe fn finish(&mut self, _ok: bool) {
        self.sent = true;
    }
}

impl<C: SendChan> Drop for SendCase<C> {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.sent {
            // SAFETY: not sent, so full.
            drop(unsafe { self.slot.take() });
        }
    }
}

/// Runs the select: the index of the case (N for default) and whether a receive got a value.
///
/// Selects with one case are what Go's compiler makes of them: a plain or a non-blocking operation.
///
/// # Safety
/// The cases' slots live and match their channels.
#[inline(always)]
pub unsafe fn run<const N: usize>(cases: [RawCase; N], has_default: bool) -> (usize, bool) {
    // SAFETY: the caller's contract.
    unsafe {
        if N == 0 {
            if has_default {
                return (N, false);
            }
            gort_select::block();
        }
        if N == 1 {
            let RawCase { send, c, elem } = cases[0];
            let (selected, ok) =
                if send { (chansend(c, elem, !has_default), false) } else { chanrecv(c, elem, !has_default) };
            return (if selected { 0 } else { 1 }, ok);
        }
        // Sends first, then receives.
        let mut scases = [Scase::default(); N];
        let mut back = [0usize; N];
        let mut order = MaybeUninit::<[[u16; N]; 2]>::uninit();
        let mut nsends = 0;
        for (i, k) in cases.iter().enumerate() {
            if k.send {
                scases[nsends] = Scase { c: k.c, elem: k.elem };
                back[nsends] = i;
                nsends += 1;
            }
        }
        let mut n = nsends;
        for (i, k) in cases.iter().enumerate() {
            if !k.send {
                scases[n] = Scase { c: k.c, elem: k.elem };
                back[n] = i;
                n += 1;
            }
        }
        // selectgo writes each index before it reads it; zeroes make that a fact for the compiler too.
        order.write([[0; N]; 2]);
        let (i, ok) =
            selectgo(scases.as_mut_ptr(), order.as_mut_ptr().cast(), nsends, N - nsends, !has_default);
        if i < 0 { (N, false) } else { (back[i as usize], ok) }
    }
}

/// Waits for the first of several channel operations, as Go's `select` statement: all that can go ahead are
/// equally likely.
///
/// ```no_run
/// use gort::{chan, select, time};
/// use std::time::Duration;
/// # gort::run_main(|| {
/// let (a, b) = (chan::<u32>(0), chan::<String>(1));
/// select! {
///     recv(a) -> v => println!("a: {v:?}"),            // v: Option<u32>, None if closed
///     send(b, "hello".to_string()) => println!("sent"),
///     recv(time::after(Duration::from_secs(1))) -> _ => println!("timeout"),
/// }
/// # })
/// ```
///
/// `default => ...` as the last case makes it non-blocking. All channels and values are evaluated first, in
/// their order. The values of sends that were not chosen are dropped. `select! {}` waits for ever.
///
/// # Panics
/// `send on closed channel`, if a send case is chosen whose channel is closed.
#[macro_export]
macro_rules! select {
    () => { $crate::select!(@run [] []) };
    (@munch [$($acc:tt)*]) => { $crate::select!(@run [$($acc)*] []) };
    (@munch [$($acc:tt)*] default => $body:expr $(,)?) => { $crate::select!(@run [$($acc)*] [$body]) };
    (@munch [$($acc:tt)*] recv($c:expr) -> $p:pat => $body:block, $($rest:tt)*) => {
        $crate::select!(@case [$($acc)*] (RecvCase) ($c) ($p) ($body) $($rest)*)
    };
    (@munch [$($acc:tt)*] send($c:expr, $v:expr) => $body:block, $($rest:tt)*) => {
        $crate::select!(@case [$($acc)*] (SendCase) ($c, $v) (_) ($body) $($rest)*)
    };
    (@munch [$($acc:tt)*] recv($c:expr) -> $p:pat => $body:block $($rest:tt)*) => {
        $crate::select!(@case [$($acc)*] (RecvCase) ($c) ($p) ($body) $($rest)*)
    };
    (@munch [$($acc:tt)*] send($c:expr, $v:expr) => $body:block $($rest:tt)*) => {
        $crate::select!(@case [$($acc)*] (SendCase) ($c, $v) (_) ($body) $($rest)*)
    };
    (@munch [$($acc:tt)*] recv($c:expr) -> $p:pat => $body:expr, $($rest:tt)*) => {
        $crate::select!(@case [$($acc)*] (RecvCase) ($c) ($p) ($body) $($rest)*)
    };
    (@munch [$($acc:tt)*] send($c:expr, $v:expr) => $body:expr, $($rest:tt)*) => {
        $crate::select!(@case [$($acc)*] (SendCase) ($c, $v) (_) ($body) $($rest)*)
    };
    (@munch [$($acc:tt)*] recv($c:expr) -> $p:pat => $body:expr) => {
        $crate::select!(@case [$($acc)*] (RecvCase) ($c) ($p) ($body))
    };
    (@munch [$($acc:tt)*] send($c:expr, $v:expr) => $body:expr) => {
        $crate::select!(@case [$($acc)*] (SendCase) ($c, $v) (_) ($body))
    };
    // A match and not a let: temporaries live to the end of it, and a place is not moved.
    (@case [$($acc:tt)*] ($kind:ident) ($c:expr $(, $v:expr)?) ($p:pat) ($body:expr) $($rest:tt)*) => {
        match $c {
            ref chan => {
                let mut case = $crate::__select::$kind::new(chan $(, $v)?);
                $crate::select!(@munch [$($acc)* (case $p => $body)] $($rest)*)
            }
        }
    };
    (@run [$(($case:ident $p:pat => $body:expr))*] [$($default:expr)?]) => {{
        #[allow(unused_unsafe, unused_variables)]
        // SAFETY: the cases live in this scope, each with the slot of its channel's type.
        let (chosen, ok) = unsafe {
            $crate::__select::run([$($case.raw()),*], $crate::select!(@bool $($default)?))
        };
        $crate::select!(@pick chosen ok [$(($case $p => $body))*] [$($default)?])
    }};
    (@bool) => { false };
    (@bool $e:expr) => { true };
    (@pick $chosen:ident $ok:ident [($case:ident $p:pat => $body:expr) $($rest:tt)*] [$($default:expr)?]) => {
        if $chosen == 0 {
            // SAFETY: this case was chosen, with this result.
            let $p = unsafe { $case.finish($ok) };
            $body
        } else {
            #[allow(unused_variables)]
            let next = $chosen.wrapping_sub(1);
            $crate::select!(@pick next $ok [$($rest)*] [$($default)?])
        }
    };
    (@pick $chosen:ident $ok:ident [] [$default:expr]) => { $default };
    (@pick $chosen:ident $ok:ident [] []) => { unreachable!() };
    ($($t:tt)+) => { $crate::select!(@munch [] $($t)+) };
}
