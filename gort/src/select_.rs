//! What `select!` expands to. Not an interface: use the macro.

use crate::chan_::{Chan, Receiver, SendError, Sender, Slot};
use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use gort_chan::{Sent, chanrecv, chansend_checked};
use gort_proc::Hchan;
use gort_select::{Scase, selectgo_checked};

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

/// What has become of a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not chosen.
    Idle,
    /// Chosen: the element has moved.
    Moved,
    /// Chosen, as the channel is closed: nothing has moved.
    Closed,
    /// Nothing is in the slot (any more).
    Empty,
}

/// A case as the runtime sees it, made by a case alone and good for as long as that stays where it
/// is.
pub struct RawCase<'a> {
    send: bool,
    c: *mut Hchan,
    elem: *mut c_void,
    state: *mut State,
    _case: PhantomData<&'a mut ()>,
}

/// A receive: keeps the channel handle (if it was a temporary) and the slot.
pub struct RecvCase<C: RecvChan> {
    chan: C,
    on: bool,
    slot: Slot<C::T>,
    state: State,
}

impl<C: RecvChan> RecvCase<C> {
    /// Receives from `chan`, if `on`.
    #[inline(always)]
    pub fn new(chan: C, on: bool) -> Self {
        Self { chan, on, slot: Slot::empty(), state: State::Idle }
    }
    /// For the runtime.
    #[inline(always)]
    pub fn raw(&mut self) -> RawCase<'_> {
        let c = if self.on { self.chan.raw() } else { core::ptr::null_mut() };
        // A value that nobody has fetched stays where it is for ever: the slot is not dropped.
        self.state = State::Idle;
        RawCase {
            send: false,
            c,
            elem: self.slot.ptr(),
            state: &raw mut self.state,
            _case: PhantomData,
        }
    }
    /// The result, if this case was chosen; once.
    #[inline(always)]
    pub fn finish(&mut self) -> Option<C::T> {
        if self.state != State::Moved {
            return None;
        }
        self.state = State::Empty;
        // SAFETY: the state says that the runtime has filled the slot.
        Some(unsafe { self.slot.take() })
    }
}

/// A send: keeps the value until it has gone.
pub struct SendCase<C: SendChan> {
    chan: C,
    slot: Slot<C::T>,
    state: State,
}

impl<C: SendChan> SendCase<C> {
    /// Sends `v` to `chan`, if there is one.
    #[inline(always)]
    pub fn new(chan: C, v: Option<C::T>) -> Self {
        match v {
            Some(v) => Self { chan, slot: Slot::full(v), state: State::Idle },
            None => Self { chan, slot: Slot::empty(), state: State::Empty },
        }
    }
    /// For the runtime.
    #[inline(always)]
    pub fn raw(&mut self) -> RawCase<'_> {
        // Only a full slot is sent.
        let c = if self.state == State::Idle { self.chan.raw() } else { core::ptr::null_mut() };
        RawCase {
            send: true,
            c,
            elem: self.slot.ptr(),
            state: &raw mut self.state,
            _case: PhantomData,
        }
    }
    /// The case was chosen.
    ///
    /// # Panics
    /// `send on closed channel`
    #[inline(always)]
    pub fn finish(&mut self) {
        if self.state == State::Closed {
            gort_panic::plain_error("send on closed channel");
        }
    }
    /// The case was chosen: the value comes back if the channel is closed.
    #[inline(always)]
    pub fn result(&mut self) -> Result<(), SendError<C::T>> {
        if self.state != State::Closed {
            return Ok(());
        }
        self.state = State::Empty;
        // SAFETY: not moved, so the slot is still full.
        Err(SendError(unsafe { self.slot.take() }))
    }
    /// The value, if it has not gone.
    pub(crate) fn take(&mut self) -> Option<C::T> {
        if self.state != State::Idle && self.state != State::Closed {
            return None;
        }
        self.state = State::Empty;
        // SAFETY: not moved, so the slot is still full.
        Some(unsafe { self.slot.take() })
    }
}

impl<C: SendChan> Drop for SendCase<C> {
    #[inline(always)]
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// Runs the select: the index of the case (N for default), which has been told what became of it.
///
/// Selects with one case are what Go's compiler makes of them: a plain or a non-blocking operation.
#[inline(always)]
pub fn run<const N: usize>(cases: [RawCase<'_>; N], has_default: bool) -> usize {
    // SAFETY: each case borrows the slot and the state that it points to, and its channel is alive
    // and of the slot's type, as is the way of those who can make one (`RecvChan`, `SendChan`).
    unsafe {
        if N == 0 {
            if has_default {
                return N;
            }
            gort_select::block();
        }
        if N == 1 {
            let RawCase { send, c, elem, state, .. } = cases[0];
            if send {
                *state = match chansend_checked(c, elem, !has_default) {
                    Sent::WouldBlock => return 1,
                    Sent::Yes => State::Moved,
                    Sent::Closed => State::Closed,
                };
            } else {
                let (selected, ok) = chanrecv(c, elem, !has_default);
                if !selected {
                    return 1;
                }
                *state = if ok { State::Moved } else { State::Closed };
            }
            return 0;
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
        // selectgo writes each index before it reads it; zeroes make that a fact for the compiler
        // too.
        order.write([[0; N]; 2]);
        let (i, ok) = selectgo_checked(
            scases.as_mut_ptr(),
            order.as_mut_ptr().cast(),
            nsends,
            N - nsends,
            !has_default,
        );
        if i < 0 {
            return N;
        }
        let i = back[i as usize];
        *cases[i].state = if ok { State::Moved } else { State::Closed };
        i
    }
}

/// Waits for the first of several channel operations, as Go's `select` statement: all that can go
/// ahead are equally likely.
///
/// ```
/// use gort::{chan, select, time};
/// use std::time::Duration;
/// # gort::run_main(|| {
/// let (a, b) = (chan::<u32>(0), chan::<String>(1));
/// select! {
///     recv(a) -> v => println!("a: {v:?}"),            // v: Option<u32>, None if closed
///     send(b, "hello".to_string()) => println!("sent"),
///     recv(time::after(Duration::from_secs(1))) => println!("timeout"),
/// }
/// # })
/// ```
///
/// | case | |
/// |---|---|
/// | `recv(c) -> v => ...` | `v` is an `Option`: `None` if the channel is closed and empty |
/// | `recv(c) => ...` | the value is thrown away |
/// | `send(c, value) => ...` | panics if the channel is closed, as in Go |
/// | `send(c, value) -> r => ...` | `r` is a `Result`: a closed channel gives the value back in a [`SendError`](crate::SendError) |
/// | `default => ...` | if nothing can go ahead at once; anywhere in the list, once |
/// | `default(d) => ...` | if nothing can go ahead within the `Duration` `d` |
///
/// All channels and values are evaluated first, in their order. The values of sends that were not
/// chosen are dropped. `select! {}` waits for ever.
///
/// # Guards
/// `, if cond` in front of the arrow takes a case out of the select unless `cond` holds; it is
/// looked at once, before the wait, and a send's value is not computed without it. Go programs set
/// the channel to nil instead.
///
/// ```
/// # use std::collections::VecDeque;
/// # gort::run(|| {
/// let (input, output) = (gort::chan::<u32>(1), gort::chan::<u32>(1));
/// let mut queue = VecDeque::from([7]);
/// gort::select! {
///     recv(input) -> v, if queue.len() < 100 => queue.extend(v),
///     send(output, queue.pop_front().unwrap()), if !queue.is_empty() => {}
/// }
/// assert_eq!(output.recv(), Some(7));
/// # })
/// ```
///
/// For a number of cases that is known at run time only there is [`Select`](crate::Select).
///
/// # Panics
/// `send on closed channel`, if a send case without `->` is chosen whose channel is closed.
#[macro_export]
macro_rules! select {
    () => { $crate::select!(@run [] []) };

    // A case: what it is, its guard, and then its body.
    (@munch [$($acc:tt)*] [$($d:tt)*]) => { $crate::select!(@run [$($acc)*] [$($d)*]) };
    (@munch $acc:tt $d:tt default($t:expr) => $($rest:tt)*) => {
        $crate::select!(@body $acc $d (recv ($crate::time::after($t)) (_) ()) $($rest)*)
    };
    (@munch $acc:tt [$($d:tt)+] default $($rest:tt)*) => {
        ::core::compile_error!("select!: there are two `default` cases")
    };
    (@munch $acc:tt [] default => $($rest:tt)*) => {
        $crate::select!(@body $acc [] (default) $($rest)*)
    };
    (@munch $acc:tt $d:tt recv($c:expr $(,)?) -> Some $($rest:tt)*) => {
        $crate::select!(@refutable)
    };
    (@munch $acc:tt $d:tt recv($c:expr $(,)?) -> Ok $($rest:tt)*) => {
        $crate::select!(@refutable)
    };
    (@munch $acc:tt $d:tt recv($c:expr $(,)?) -> None $($rest:tt)*) => {
        $crate::select!(@refutable)
    };
    (@munch $acc:tt $d:tt recv($c:expr $(,)?) -> $p:pat, if $g:expr => $($rest:tt)*) => {
        $crate::select!(@body $acc $d (recv ($c) ($p) ($g)) $($rest)*)
    };
    (@munch $acc:tt $d:tt recv($c:expr $(,)?) -> $p:pat => $($rest:tt)*) => {
        $crate::select!(@body $acc $d (recv ($c) ($p) ()) $($rest)*)
    };
    (@munch $acc:tt $d:tt recv($c:expr $(,)?), if $g:expr => $($rest:tt)*) => {
        $crate::select!(@body $acc $d (recv ($c) (_) ($g)) $($rest)*)
    };
    (@munch $acc:tt $d:tt recv($c:expr $(,)?) => $($rest:tt)*) => {
        $crate::select!(@body $acc $d (recv ($c) (_) ()) $($rest)*)
    };
    (@munch $acc:tt $d:tt send($c:expr, $v:expr $(,)?) -> $p:pat, if $g:expr => $($rest:tt)*) => {
        $crate::select!(@body $acc $d (send ($c) ($v) (result $p) ($g)) $($rest)*)
    };
    (@munch $acc:tt $d:tt send($c:expr, $v:expr $(,)?) -> $p:pat => $($rest:tt)*) => {
        $crate::select!(@body $acc $d (send ($c) ($v) (result $p) ()) $($rest)*)
    };
    (@munch $acc:tt $d:tt send($c:expr, $v:expr $(,)?), if $g:expr => $($rest:tt)*) => {
        $crate::select!(@body $acc $d (send ($c) ($v) (finish _) ($g)) $($rest)*)
    };
    (@munch $acc:tt $d:tt send($c:expr, $v:expr $(,)?) => $($rest:tt)*) => {
        $crate::select!(@body $acc $d (send ($c) ($v) (finish _) ()) $($rest)*)
    };

    // What else people write, and what they are told.
    (@munch $acc:tt $d:tt recv($c:expr $(,)?) -> $p:pat if $($rest:tt)*) => {
        ::core::compile_error!(
            "select!: a guard stands behind a comma: `recv(c) -> v, if cond => ...`. It is looked at before the wait, \
             so it does not know `v`"
        )
    };
    (@munch $acc:tt $d:tt recv() $($rest:tt)*) => {
        ::core::compile_error!("select!: recv() without a channel: write `recv(c) -> v => ...`")
    };
    (@munch $acc:tt $d:tt send($c:expr) $($rest:tt)*) => {
        ::core::compile_error!("select!: send without a value: write `send(c, value) => ...`")
    };
    (@munch $acc:tt $d:tt case $($rest:tt)*) => {
        ::core::compile_error!(
            "select!: cases are written `recv(c) -> v => ...`, `send(c, value) => ...` and `default => ...` here, \
             not `case v := <-c:`"
        )
    };
    (@munch $acc:tt $d:tt else $($rest:tt)*) => {
        ::core::compile_error!("select!: the case that runs if nothing is ready is `default => ...`, not `else`")
    };
    (@munch $acc:tt $d:tt biased; $($rest:tt)*) => {
        ::core::compile_error!(
            "select!: there is no `biased;`: as in Go, all cases that can go ahead are equally likely. Try the one \
             that comes first by itself, with `default`"
        )
    };
    (@munch $acc:tt $d:tt $v:ident = $($rest:tt)*) => { $crate::select!(@future) };
    (@munch $acc:tt $d:tt _ = $($rest:tt)*) => { $crate::select!(@future) };
    (@munch $acc:tt $d:tt Some($($v:tt)*) = $($rest:tt)*) => { $crate::select!(@future) };
    (@munch $acc:tt $d:tt Ok($($v:tt)*) = $($rest:tt)*) => { $crate::select!(@future) };
    (@munch $acc:tt $d:tt default $($rest:tt)*) => {
        ::core::compile_error!("select!: write `default => ...`")
    };
    (@munch $acc:tt $d:tt , $($rest:tt)*) => {
        ::core::compile_error!("select!: a comma where a case should begin")
    };
    (@munch $acc:tt $d:tt $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "select!: this is no case: `", ::core::stringify!($($rest)*),
            "`. There are `recv(c) -> v => ...`, `send(c, value) => ...`, `default => ...`, each but the last with a \
             comma or a block at its end"
        ))
    };
    (@refutable) => {
        ::core::compile_error!(
            "select!: a receive gives an `Option`, `None` when the channel is closed, and a case takes both: write \
             `recv(c) -> v => match v { Some(v) => ..., None => ... }`"
        )
    };
    (@future) => {
        ::core::compile_error!(
            "select!: waits for channels, not for futures or calls: write `recv(c) -> v => ...` for \
             `v = c.recv() => ...`"
        )
    };

    // The body: a block or an expression, with a comma or without.
    (@body $acc:tt $d:tt $case:tt $body:block, $($rest:tt)*) => {
        $crate::select!(@case $acc $d $case ($body) $($rest)*)
    };
    (@body $acc:tt $d:tt $case:tt $body:block $($rest:tt)*) => {
        $crate::select!(@case $acc $d $case ($body) $($rest)*)
    };
    (@body $acc:tt $d:tt $case:tt $body:expr, $($rest:tt)*) => {
        $crate::select!(@case $acc $d $case ($body) $($rest)*)
    };
    (@body $acc:tt $d:tt $case:tt $body:expr) => {
        $crate::select!(@case $acc $d $case ($body))
    };
    (@body $acc:tt $d:tt $case:tt) => {
        ::core::compile_error!("select!: a case without a body: write `... => {}`")
    };

    // A match and not a let: temporaries live to the end of it, and a place is not moved.
    (@case [$($acc:tt)*] $d:tt (recv ($c:expr) ($p:pat) ($($g:expr)?)) ($body:expr) $($rest:tt)*) => {
        match $c {
            ref chan => {
                let mut case = $crate::__select::RecvCase::new(chan, $crate::select!(@on $($g)?));
                $crate::select!(@munch [$($acc)* (case finish $p => $body)] $d $($rest)*)
            }
        }
    };
    (@case [$($acc:tt)*] $d:tt (send ($c:expr) ($v:expr) ($how:ident $p:pat) ($($g:expr)?)) ($body:expr) $($rest:tt)*) => {
        match $c {
            ref chan => {
                let mut case = $crate::__select::SendCase::new(chan, $crate::select!(@value ($v) $($g)?));
                $crate::select!(@munch [$($acc)* (case $how $p => $body)] $d $($rest)*)
            }
        }
    };
    (@case $acc:tt [] (default) ($body:expr) $($rest:tt)*) => {
        $crate::select!(@munch $acc [$body] $($rest)*)
    };
    (@on) => { true };
    (@on $g:expr) => { $g };
    (@value ($v:expr)) => { ::core::option::Option::Some($v) };
    (@value ($v:expr) $g:expr) => {
        if $g { ::core::option::Option::Some($v) } else { ::core::option::Option::None }
    };

    (@run [$(($case:ident $how:ident $p:pat => $body:expr))*] [$($default:expr)?]) => {{
        #[allow(unused_variables)]
        let chosen = $crate::__select::run([$($case.raw()),*], $crate::select!(@bool $($default)?));
        $crate::select!(@pick chosen [$(($case $how $p => $body))*] [$($default)?])
    }};
    (@bool) => { false };
    (@bool $e:expr) => { true };
    (@pick $chosen:ident [($case:ident $how:ident $p:pat => $body:expr) $($rest:tt)*] [$($default:expr)?]) => {
        if $chosen == 0 {
            #[allow(clippy::let_unit_value)]
            let $p = $case.$how();
            $body
        } else {
            #[allow(unused_variables)]
            let next = $chosen.wrapping_sub(1);
            $crate::select!(@pick next [$($rest)*] [$($default)?])
        }
    };
    (@pick $chosen:ident [] [$default:expr]) => { $default };
    (@pick $chosen:ident [] []) => { ::core::unreachable!() };
    ($($t:tt)+) => { $crate::select!(@munch [] [] $($t)+) };
}
