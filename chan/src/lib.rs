//! Go's `chan.go`: channels, untyped. Elements are moved as bytes; who owns a value at which moment
//! is the typed layer's business (`gort::chan`), as is freeing the channel.
//!
//! # Invariants
//! At least one of `c.sendq` and `c.recvq` is empty, except for an unbuffered channel with a single
//! goroutine blocked in a select that both sends and receives on it. For buffered channels also:
//! `c.qcount > 0` implies that `c.recvq` is empty, and `c.qcount < c.dataqsiz` implies that
//! `c.sendq` is empty.
//!
//! # Who owns the bytes
//! A send either returns true, and the bytes have moved to the buffer or to a receiver, or it
//! returns false or panics, and they have not. A receive that reports `received` has moved the
//! bytes out; otherwise the target is zeroed (closed channel) or untouched (non-blocking).

use core::alloc::Layout;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use gort_mprof::{blockevent, blockprofilerate, ticks};
#[cfg(not(loom))]
use gort_panic::plain_error;
use gort_proc::*;
use gort_time::{block_timer_chan, maybe_run_chan, unblock_timer_chan};

/// Under loom a panic of Go's is a plain one.
#[cfg(loom)]
fn plain_error(s: &str) -> ! {
    throw(s)
}

/// The largest object that Go would allocate.
///
/// Go: malloc.go:217 maxAlloc
const MAX_ALLOC: usize = 1 << 48;

/// Where the buffer begins behind an `Hchan`, and the layout of both.
fn layout(elem: ElemType, size: usize) -> Option<(Layout, usize)> {
    let buf = Layout::from_size_align(elem.size.checked_mul(size)?, elem.align).ok()?;
    Layout::new::<Hchan>().extend(buf).ok()
}

/// Makes a channel for `size` elements (0: unbuffered).
///
/// # Panics
/// `makechan: size out of range`
///
/// # Safety
/// `elem` must be a valid size and alignment (a power of two that divides the size).
///
/// Go: chan.go:61 reflect_makechan
#[inline]
pub unsafe fn reflect_makechan(elem: ElemType, size: isize) -> *mut Hchan {
    // :62
    // SAFETY: the same contract.
    unsafe { makechan(elem, size) }
}

/// [`makechan`] with a 64-bit size, the same thing here.
///
/// # Safety
/// As for [`makechan`].
///
/// Go: chan.go:65 makechan64
#[inline]
pub unsafe fn makechan64(elem: ElemType, size: i64) -> *mut Hchan {
    // :66 the sizes are equally wide on amd64
    // SAFETY: the same contract.
    unsafe { makechan(elem, size as isize) }
}

/// Makes a channel for `size` elements (0: unbuffered). It lives until [`freechan`].
///
/// # Panics
/// `makechan: size out of range`
///
/// # Safety
/// `elem` must be a valid size and alignment (a power of two that divides the size).
///
/// Go: chan.go:73 makechan
pub unsafe fn makechan(elem: ElemType, size: isize) -> *mut Hchan {
    // :77
    if elem.size >= 1 << 16 {
        throw("makechan: invalid channel element type");
    }
    // :80 any alignment is fine here: the buffer is laid out behind the header as Rust lays out
    // fields.
    if !elem.align.is_power_of_two() {
        throw("makechan: bad alignment");
    }
    // :84
    let (mem, overflow) = elem.size.overflowing_mul(size as usize);
    if overflow || mem > MAX_ALLOC - size_of::<Hchan>() || size < 0 {
        plain_error("makechan: size out of range");
    }
    let Some((lay, off)) = layout(elem, size as usize) else {
        plain_error("makechan: size out of range");
    };
    // SAFETY: the layout is not empty; all fields are written before the pointer leaves.
    unsafe {
        // :93 one allocation for header and buffer in all three of Go's cases: there is no
        // collector to tell them apart.
        let p = std::alloc::alloc(lay);
        if p.is_null() {
            throw("out of memory"); // malloc.go's
        }
        let c = p.cast::<Hchan>();
        c.write(Hchan {
            qcount: atomic::Uintptr::default(),
            dataqsiz: size as usize,
            buf: p.add(off),
            elemsize: elem.size, // :111
            closed: atomic::Uint32::default(),
            bubble: current_bubble(), // Go 1.25: chan.go line 116
            timer: core::ptr::null_mut(),
            elemtype: elem, // :112
            sendx: 0,
            recvx: 0,
            recvq: Waitq::default(),
            sendq: Waitq::default(),
            lock: Mutex::default(),
            refs: atomic::Uintptr::new(1),
            waiters: core::ptr::null_mut(),
        });
        lock_init(&raw mut (*c).lock, LOCK_RANK_HCHAN); // :114
        c
    }
}

/// The number of the bubble that this goroutine is in; 0 if it is in none.
#[cfg(not(loom))]
#[inline(always)]
fn current_bubble() -> u32 {
    let gp = getg();
    // SAFETY: this thread's own g; bubbles are never freed.
    unsafe {
        if gp.is_null() || (*gp).raceignore == 0 {
            return 0;
        }
        bubble_id(gp)
    }
}

/// Models have no bubbles.
#[cfg(loom)]
fn current_bubble() -> u32 {
    0
}

/// A channel of a bubble is used: only those in it may do that.
///
/// # Safety
/// `c` is a live channel.
#[cold]
#[inline(never)]
pub unsafe fn check_bubble(c: *mut Hchan, msg: &str) {
    // SAFETY: the caller's contract.
    unsafe {
        if current_bubble() != (*c).bubble {
            fatal(msg);
        }
    }
}

/// Who of the futures that wait for a channel. gort's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsyncSide {
    /// A value has come, or somebody who has one.
    Receivers,
    /// There is room, or somebody who waits for a value.
    Senders,
}

/// Wakes the futures of that side. Called under the channel's lock, and so must not run code of the
/// program.
pub type AsyncNotify = unsafe fn(*mut Hchan, AsyncSide);

static ASYNC_NOTIFY: std::sync::OnceLock<AsyncNotify> = std::sync::OnceLock::new();

/// For the typed layer, before it sets the `waiters` of a channel for the first time.
pub fn set_async_notify(f: AsyncNotify) {
    let _ = ASYNC_NOTIFY.set(f);
}

/// The channel may have become ready for futures of that side.
///
/// # Safety
/// The channel is locked, and has `waiters`.
#[cold]
#[inline(never)]
pub unsafe fn notify_async(c: *mut Hchan, side: AsyncSide) {
    if let Some(f) = ASYNC_NOTIFY.get() {
        // SAFETY: the caller's contract.
        unsafe { f(c, side) }
    }
}

/// Frees a channel. gort's own: in Go the collector does. Elements still in the buffer are the
/// caller's.
///
/// # Safety
/// Nobody uses or waits on the channel any more.
pub unsafe fn freechan(c: *mut Hchan) {
    // SAFETY: allocated by makechan with this very layout.
    unsafe {
        if let Some((lay, _)) = layout((*c).elemtype, (*c).dataqsiz) {
            std::alloc::dealloc(c.cast(), lay);
        }
    }
}

/// The address of slot `i` of the buffer.
///
/// # Safety
/// `i < c.dataqsiz`, or the element has no size.
///
/// Go: chan.go:133 chanbuf
#[inline(always)]
pub unsafe fn chanbuf(c: *mut Hchan, i: usize) -> *mut c_void {
    // :134
    // SAFETY: within the buffer by the caller's contract.
    unsafe { (*c).buf.add(i * (*c).elemsize).cast() }
}

/// Notes whether `gp` is about to park on a channel, for whoever wants to shrink its stack. Only
/// copying stacks are ever shrunk; the others save two locked instructions.
///
/// # Safety
/// `gp` is the current goroutine, or has just parked and is still held.
#[inline(always)]
pub unsafe fn parking_on_chan(gp: *mut G, on: bool) {
    // SAFETY: the caller's contract.
    unsafe {
        if (*gp).stack_kind == StackKind::Copying {
            (*gp).parking_on_chan.store(on);
        }
    }
}

/// Moves the bytes of one element. The word case is spelled out: most elements are words.
#[inline(always)]
unsafe fn typedmemmove(t: ElemType, dst: *mut c_void, src: *const c_void) {
    // SAFETY: both are valid for one element and distinct (a buffer slot and a stack slot, or two
    // stacks).
    unsafe {
        if t.size == 8 {
            // Not as an integer: it may have padding, or be a pointer.
            let word = src.cast::<MaybeUninit<u64>>().read_unaligned();
            dst.cast::<MaybeUninit<u64>>().write_unaligned(word);
        } else {
            core::ptr::copy_nonoverlapping(src.cast::<u8>(), dst.cast::<u8>(), t.size);
        }
    }
}

/// Zeroes one element.
#[inline(always)]
unsafe fn typedmemclr(t: ElemType, dst: *mut c_void) {
    // SAFETY: valid for one element.
    unsafe { core::ptr::write_bytes(dst.cast::<u8>(), 0, t.size) }
}

/// Whether a send would block now. One word is read, so the answer was true at some moment.
///
/// # Safety
/// `c` is a live channel.
///
/// Go: chan.go:141 full
#[inline(always)]
pub unsafe fn full(c: *mut Hchan) -> bool {
    // SAFETY: dataqsiz never changes; the other two are atomics.
    unsafe {
        // :144
        if (*c).dataqsiz == 0 {
            return (*c).recvq.first.get().is_null(); // :146
        }
        (*c).qcount.get() == (*c).dataqsiz // :149
    }
}

/// `c <- *elem`
///
/// # Panics
/// `send on closed channel`
///
/// # Safety
/// As for [`chansend`].
///
/// Go: chan.go:155 chansend1
#[inline]
pub unsafe fn chansend1(c: *mut Hchan, elem: *const c_void) {
    // :156
    // SAFETY: the same contract.
    unsafe { chansend(c, elem, true) };
}

/// What became of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The element has moved.
    Yes,
    /// It has not: nobody was there to take it at once.
    WouldBlock,
    /// It has not: the channel is closed.
    Closed,
}

/// Sends the element at `ep`. Without `block`, returns false instead of waiting.
///
/// # Panics
/// `send on closed channel`; the element has not moved then.
///
/// # Safety
/// As for [`chansend_checked`].
///
/// Go: chan.go:171 chansend
#[inline]
pub unsafe fn chansend(c: *mut Hchan, ep: *const c_void, block: bool) -> bool {
    // SAFETY: the same contract.
    match unsafe { chansend_checked(c, ep, block) } {
        Sent::Yes => true,
        Sent::WouldBlock => false,
        Sent::Closed => plain_error("send on closed channel"),
    }
}

/// [`chansend`] that tells of a closed channel instead of panicking.
///
/// A wake-up with `g.param == nil` cannot happen here: the waker always leaves the sudog there, and
/// `sudog.success` tells a hand-over from a close.
///
/// # Safety
/// On a user goroutine. `c` is nil or live; `ep` is valid for an element of its type.
///
/// Go: chan.go:171 chansend
#[inline]
pub unsafe fn chansend_checked(c: *mut Hchan, ep: *const c_void, block: bool) -> Sent {
    // SAFETY: the fields of the channel are used under its lock, or are atomics; the sudog belongs
    // to this goroutine until it is enqueued, and again after the wake-up.
    unsafe {
        entry!("send on a channel", chansend_checked(c, ep, block));
        // :172 a nil channel blocks for ever
        if c.is_null() {
            if !block {
                return Sent::WouldBlock;
            }
            gopark(None, core::ptr::null_mut(), WaitReason::ChanSendNilChan);
            throw("unreachable");
        }
        // :180 debugChan, :184 race detector: left out
        // Go 1.25: chan.go line 193
        if (*c).bubble != 0 {
            check_bubble(c, "send on synctest channel from outside bubble");
        }
        // :204 A failed non-blocking send without the lock. Two word-sized reads, `closed` first: a
        // closed channel never goes from ready to not ready for sending, so together they imply a
        // moment when the channel was open and not ready. Their order may even be swapped; progress
        // comes from the unlocks in chanrecv and closechan.
        if !block && (*c).closed.get() == 0 && full(c) {
            return Sent::WouldBlock;
        }
        match chansend_begin(getg, c, ep, block) {
            Begin::Done(sent) => sent,
            Begin::Park(gp, mysg, reason) => {
                gopark(Some(chanparkcommit), (&raw mut (*c).lock).cast(), reason); // :270
                chansend_end(gp, c, mysg)
            }
        }
    }
}

/// The first half of an operation on a channel.
#[derive(Clone, Copy, Debug)]
pub enum Begin<T> {
    /// That was all.
    Done(T),
    /// The goroutine has to park, for that reason, with [`chanparkcommit`] and the channel's lock;
    /// then comes the second half. With its sudog.
    Park(*mut G, *mut Sudog, WaitReason),
}

/// [`chansend_checked`] up to where the goroutine `gp` parks, for a channel that is not nil.
/// Managed code is on g0 here.
///
/// # Safety
/// As there; the caller does what [`Begin`] says.
///
/// Go: chan.go:171 chansend
#[inline(always)]
pub unsafe fn chansend_begin(
    gp: impl FnOnce() -> *mut G,
    c: *mut Hchan,
    ep: *const c_void,
    block: bool,
) -> Begin<Sent> {
    // SAFETY: as in chansend_checked.
    unsafe {
        // :208 block profiling: left out, so t0 is 0 throughout
        lock(&raw mut (*c).lock); // :213
        // :215
        if (*c).closed.get() != 0 {
            unlock(&raw mut (*c).lock);
            return Begin::Done(Sent::Closed);
        }
        // :220 A receiver waits: hand the value to it past the buffer.
        let sg = dequeue(&raw mut (*c).recvq);
        if !sg.is_null() {
            send(c, sg, ep, || unlock(&raw mut (*c).lock));
            return Begin::Done(Sent::Yes);
        }
        // :227 room in the buffer
        if (*c).qcount.get() < (*c).dataqsiz {
            let qp = chanbuf(c, (*c).sendx);
            typedmemmove((*c).elemtype, qp, ep);
            // :234
            (*c).sendx += 1;
            if (*c).sendx == (*c).dataqsiz {
                (*c).sendx = 0;
            }
            (*c).qcount.bump(1);
            if !(*c).waiters.is_null() {
                notify_async(c, AsyncSide::Receivers);
            }
            unlock(&raw mut (*c).lock);
            return Begin::Done(Sent::Yes);
        }
        // :243
        if !block {
            unlock(&raw mut (*c).lock);
            return Begin::Done(Sent::WouldBlock);
        }
        // :249 wait; some receiver will complete the operation
        let gp = gp();
        let mysg = acquire_sudog();
        note_wait(mysg);
        (*mysg).elem = ep.cast_mut(); // :257
        (*mysg).waitlink = core::ptr::null_mut();
        (*mysg).g = gp;
        (*mysg).is_select = false;
        (*mysg).c = c;
        (*gp).waiting = mysg;
        (*gp).param = core::ptr::null_mut();
        enqueue(&raw mut (*c).sendq, mysg); // :264
        if !(*c).waiters.is_null() {
            notify_async(c, AsyncSide::Receivers);
        }
        // :269 whoever wants to shrink this stack must wait until chanparkcommit
        parking_on_chan(gp, true);
        // Go 1.25: chan.go line 279
        let reason =
            if (*c).bubble != 0 { WaitReason::SynctestChanSend } else { WaitReason::ChanSend };
        Begin::Park(gp, mysg, reason)
    }
}

/// The rest, when somebody has readied `gp`.
///
/// # Safety
/// After [`chansend_begin`], with its sudog.
///
/// Go: chan.go:171 chansend
#[inline(always)]
pub unsafe fn chansend_end(gp: *mut G, c: *mut Hchan, mysg: *mut Sudog) -> Sent {
    // SAFETY: the sudog is this goroutine's again.
    unsafe {
        // :278 woken
        if mysg != (*gp).waiting {
            throw("G waiting list is corrupted");
        }
        (*gp).waiting = core::ptr::null_mut();
        (*gp).active_stack_chans = false;
        let closed = !(*mysg).success; // :283
        (*gp).param = core::ptr::null_mut();
        // :285
        if (*mysg).releasetime > 0 {
            blockevent((*mysg).releasetime - (*mysg).acquiretime);
        }
        (*mysg).c = core::ptr::null_mut();
        release_sudog_of(gp, mysg); // :289
        if closed {
            // :292
            if (*c).closed.get() == 0 {
                throw("chansend: spurious wakeup");
            }
            return Sent::Closed;
        }
        Sent::Yes
    }
}

/// Notes in the sudog of a wait when that begins, if the block profile is taken. In Go
/// (chan.go:207, :253) a variable of the function has the time.
///
/// # Safety
/// The sudog is this goroutine's, and on no list.
#[inline(always)]
unsafe fn note_wait(sg: *mut Sudog) {
    // SAFETY: the caller's contract. Lists of channels do not look at `acquiretime`.
    unsafe {
        (*sg).releasetime = 0;
        if blockprofilerate() > 0 {
            (*sg).acquiretime = ticks();
            (*sg).releasetime = -1;
        }
    }
}

/// Hands the element at `ep` to the waiting receiver `sg` and wakes it. The channel is empty and
/// locked; `unlockf` unlocks it (a select unlocks all of its channels).
///
/// # Safety
/// `sg` has been dequeued from `c.recvq` under the lock.
///
/// Go: chan.go:305 send
#[inline]
pub unsafe fn send(c: *mut Hchan, sg: *mut Sudog, ep: *const c_void, unlockf: impl FnOnce()) {
    // SAFETY: the receiver is parked, so its sudog, the target and its `param` are ours until
    // goready.
    unsafe {
        // :306 race detector: left out
        // :322
        if !(*sg).elem.is_null() {
            send_direct((*c).elemtype, sg, ep);
            (*sg).elem = core::ptr::null_mut();
        }
        let gp = (*sg).g;
        unlockf(); // :327
        (*gp).param = sg.cast();
        (*sg).success = true; // :329
        if (*sg).releasetime != 0 {
            (*sg).releasetime = ticks();
        }
        goready(gp); // :333
    }
}

/// Throws away what the buffer of a timer channel holds; reports whether there was anything.
///
/// # Safety
/// `c` is the channel of a timer whose `send_lock` the caller holds.
///
/// Go: chan.go:341 timerchandrain
#[unsafe(export_name = "gort.timerchandrain")]
pub unsafe fn timerchandrain(c: *mut Hchan) -> bool {
    // SAFETY: under the channel's lock.
    unsafe {
        // :347 not `empty(c)`: that would run the timer, whose lock we hold
        if (*c).qcount.load() == 0 {
            return false;
        }
        lock(&raw mut (*c).lock);
        let mut any = false;
        // :352 the elements are points in time: nothing to drop, nothing to clear without a
        // collector
        while (*c).qcount.get() > 0 {
            any = true;
            (*c).recvx += 1;
            if (*c).recvx == (*c).dataqsiz {
                (*c).recvx = 0;
            }
            (*c).qcount.bump(1usize.wrapping_neg());
        }
        unlock(&raw mut (*c).lock); // :361
        any
    }
}

/// Copies into the stack of another, parked goroutine.
///
/// # Safety
/// The channel is locked and `sg` dequeued, so the target stays where it is.
///
/// Go: chan.go:375 sendDirect
#[doc(alias = "sendDirect")]
#[inline(always)]
unsafe fn send_direct(t: ElemType, sg: *mut Sudog, src: *const c_void) {
    // :381 no preemption point lies between the read of sg.elem and its use: a copying stack may
    // move.
    // :382 write barrier: left out
    // SAFETY: see above.
    unsafe { typedmemmove(t, (*sg).elem, src) }
}

/// Copies from the stack of another, parked goroutine.
///
/// # Safety
/// As for [`send_direct`].
///
/// Go: chan.go:388 recvDirect
#[doc(alias = "recvDirect")]
#[inline(always)]
unsafe fn recv_direct(t: ElemType, sg: *mut Sudog, dst: *mut c_void) {
    // :392 the channel is locked, so the source does not move; write barrier left out
    // SAFETY: see above.
    unsafe { typedmemmove(t, dst, (*sg).elem) }
}

/// `close(c)`: wakes all receivers (with zero values), then all senders (they panic).
///
/// # Panics
/// `close of nil channel`, `close of closed channel`
///
/// # Safety
/// On a user goroutine; `c` is nil or live.
///
/// Go: chan.go:397 closechan
pub unsafe fn closechan(c: *mut Hchan) {
    // SAFETY: as for chansend; the Gs in the list are parked and ours alone.
    unsafe {
        entry!("close of a channel", closechan(c));
        // :398
        if c.is_null() {
            plain_error("close of nil channel");
        }
        // Go 1.25: chan.go line 418
        if (*c).bubble != 0 {
            check_bubble(c, "close of synctest channel from outside bubble");
        }
        lock(&raw mut (*c).lock);
        // :403
        if (*c).closed.get() != 0 {
            unlock(&raw mut (*c).lock);
            plain_error("close of closed channel");
        }
        // :408 race detector: left out
        (*c).closed.store(1); // :414 read without the lock by chanrecv
        if !(*c).waiters.is_null() {
            notify_async(c, AsyncSide::Receivers);
            notify_async(c, AsyncSide::Senders);
        }
        let glist = GList::default();
        // :419 all readers
        loop {
            let sg = dequeue(&raw mut (*c).recvq);
            if sg.is_null() {
                break;
            }
            // :424
            if !(*sg).elem.is_null() {
                typedmemclr((*c).elemtype, (*sg).elem);
                (*sg).elem = core::ptr::null_mut();
            }
            if (*sg).releasetime != 0 {
                (*sg).releasetime = ticks();
            }
            let gp = (*sg).g;
            (*gp).param = sg.cast(); // :432
            (*sg).success = false;
            glist.push(gp);
        }
        // :441 all writers
        loop {
            let sg = dequeue(&raw mut (*c).sendq);
            if sg.is_null() {
                break;
            }
            (*sg).elem = core::ptr::null_mut(); // :446
            if (*sg).releasetime != 0 {
                (*sg).releasetime = ticks();
            }
            let gp = (*sg).g;
            (*gp).param = sg.cast();
            (*sg).success = false; // :452
            glist.push(gp);
        }
        unlock(&raw mut (*c).lock); // :458
        if mutant!("close wakes the first first") {
            let turned = GList::default();
            while !glist.empty() {
                turned.push(glist.pop());
            }
            glist.head.set(turned.head.ptr());
        }
        // :461 a stack: the one queued last is readied first
        while !glist.empty() {
            let gp = glist.pop();
            (*gp).schedlink.set(core::ptr::null_mut());
            goready(gp);
        }
    }
}

/// Whether a receive would block at the moment of return.
///
/// # Safety
/// `c` is a live channel.
///
/// Go: chan.go:472 empty
#[inline]
pub unsafe fn empty(c: *mut Hchan) -> bool {
    // SAFETY: dataqsiz and timer never change after creation; the rest are atomics.
    unsafe {
        // :474
        if (*c).dataqsiz == 0 {
            return (*c).sendq.first.load().is_null();
        }
        // :479 all timer channels have a buffer
        if !(*c).timer.is_null() {
            maybe_run_chan((*c).timer);
        }
        (*c).qcount.load() == 0 // :482
    }
}

/// `*elem = <-c`
///
/// # Safety
/// As for [`chanrecv`].
///
/// Go: chan.go:488 chanrecv1
#[inline]
pub unsafe fn chanrecv1(c: *mut Hchan, elem: *mut c_void) {
    // :489
    // SAFETY: the same contract.
    unsafe { chanrecv(c, elem, true) };
}

/// `*elem, ok = <-c`
///
/// # Safety
/// As for [`chanrecv`].
///
/// Go: chan.go:493 chanrecv2
#[inline]
pub unsafe fn chanrecv2(c: *mut Hchan, elem: *mut c_void) -> bool {
    // :494
    // SAFETY: the same contract.
    unsafe { chanrecv(c, elem, true).1 }
}

/// Receives into `ep` (nil: the value is thrown away). Returns (selected, received): without
/// `block`, not selected if nothing is there; selected but not received, with `*ep` zeroed, on a
/// closed channel.
///
/// # Safety
/// On a user goroutine. `c` is nil or live; `ep` is nil or valid for an element.
///
/// Go: chan.go:504 chanrecv
pub unsafe fn chanrecv(c: *mut Hchan, ep: *mut c_void, block: bool) -> (bool, bool) {
    // SAFETY: as for chansend.
    unsafe {
        entry!("receive from a channel", chanrecv(c, ep, block));
        // :508 debugChan: left out
        // :512
        if c.is_null() {
            if !block {
                return (false, false);
            }
            gopark(None, core::ptr::null_mut(), WaitReason::ChanReceiveNilChan);
            throw("unreachable");
        }
        // Go 1.25: chan.go line 540
        if (*c).bubble != 0 {
            check_bubble(c, "receive on synctest channel from outside bubble");
        }
        // :520
        if !(*c).timer.is_null() {
            maybe_run_chan((*c).timer);
        }
        // :525 A failed non-blocking receive without the lock. Here the order matters: were
        // `closed` read before emptiness, an open channel that gets a value, is closed and drained
        // in between would look "open and empty". Hence sequentially consistent loads in this
        // order.
        if !block && empty(c) {
            // :536 still open after it was seen empty: it was open and empty then
            if (*c).closed.load() == 0 {
                return (false, false);
            }
            // :545 closed for good; a value may have come between the two checks
            if empty(c) {
                if !ep.is_null() {
                    typedmemclr((*c).elemtype, ep);
                }
                return (true, false);
            }
        }
        match chanrecv_begin(getg, c, ep, block) {
            Begin::Done(done) => done,
            Begin::Park(gp, mysg, reason) => {
                gopark(Some(chanparkcommit), (&raw mut (*c).lock).cast(), reason); // :639
                chanrecv_end(gp, c, mysg)
            }
        }
    }
}

/// [`chanrecv`] up to where the goroutine `gp` parks, for a channel that is not nil and has no
/// timer that is to run first. Managed code is on g0 here.
///
/// # Safety
/// As there; the caller does what [`Begin`] says.
///
/// Go: chan.go:504 chanrecv
#[inline(always)]
pub unsafe fn chanrecv_begin(
    gp: impl FnOnce() -> *mut G,
    c: *mut Hchan,
    ep: *mut c_void,
    block: bool,
) -> Begin<(bool, bool)> {
    // SAFETY: as in chanrecv.
    unsafe {
        // :557 block profiling: left out
        lock(&raw mut (*c).lock); // :562
        // :564
        if (*c).closed.get() != 0 {
            if (*c).qcount.get() == 0 {
                unlock(&raw mut (*c).lock);
                if !ep.is_null() {
                    typedmemclr((*c).elemtype, ep);
                }
                return Begin::Done((true, false));
            }
            // :575 closed, but the buffer has data
        } else {
            // :578 a sender waits: take its value, or the head of the full buffer
            let sg = dequeue(&raw mut (*c).sendq);
            if !sg.is_null() {
                recv(c, sg, ep, || unlock(&raw mut (*c).lock));
                return Begin::Done((true, true));
            }
        }
        // :588
        if (*c).qcount.get() > 0 {
            let qp = chanbuf(c, (*c).recvx);
            if !ep.is_null() {
                typedmemmove((*c).elemtype, ep, qp);
            }
            // :597 clearing the slot is for the collector: left out
            (*c).recvx += 1;
            if (*c).recvx == (*c).dataqsiz {
                (*c).recvx = 0;
            }
            (*c).qcount.bump(1usize.wrapping_neg());
            if !(*c).waiters.is_null() {
                notify_async(c, AsyncSide::Senders);
            }
            unlock(&raw mut (*c).lock);
            return Begin::Done((true, true));
        }
        // :607
        if !block {
            unlock(&raw mut (*c).lock);
            return Begin::Done((false, false));
        }
        // :613 wait; some sender will complete the operation
        let gp = gp();
        let mysg = acquire_sudog();
        note_wait(mysg);
        (*mysg).elem = ep; // :621
        (*mysg).waitlink = core::ptr::null_mut();
        (*gp).waiting = mysg;
        (*mysg).g = gp;
        (*mysg).is_select = false;
        (*mysg).c = c;
        (*gp).param = core::ptr::null_mut();
        enqueue(&raw mut (*c).recvq, mysg); // :629
        if !(*c).waiters.is_null() {
            notify_async(c, AsyncSide::Senders);
        }
        if !(*c).timer.is_null() {
            block_timer_chan(c);
        }
        // :638
        parking_on_chan(gp, true);
        // Go 1.25: chan.go line 663
        let reason = if (*c).bubble != 0 {
            WaitReason::SynctestChanReceive
        } else {
            WaitReason::ChanReceive
        };
        Begin::Park(gp, mysg, reason)
    }
}

/// The rest, when somebody has readied `gp`.
///
/// # Safety
/// After [`chanrecv_begin`], with its sudog.
///
/// Go: chan.go:504 chanrecv
#[inline(always)]
pub unsafe fn chanrecv_end(gp: *mut G, c: *mut Hchan, mysg: *mut Sudog) -> (bool, bool) {
    // SAFETY: the sudog is this goroutine's again.
    unsafe {
        // :642 woken
        if mysg != (*gp).waiting {
            throw("G waiting list is corrupted");
        }
        if !(*c).timer.is_null() {
            unblock_timer_chan(c); // :646
        }
        (*gp).waiting = core::ptr::null_mut();
        (*gp).active_stack_chans = false;
        // :650
        if (*mysg).releasetime > 0 {
            blockevent((*mysg).releasetime - (*mysg).acquiretime);
        }
        let success = (*mysg).success; // :653
        (*gp).param = core::ptr::null_mut();
        (*mysg).c = core::ptr::null_mut();
        release_sudog_of(gp, mysg);
        (true, success)
    }
}

/// Takes the value of the waiting sender `sg` (unbuffered), or the head of the full buffer, whose
/// slot the sender's value then fills; wakes the sender. The channel is locked; `unlockf` unlocks
/// it.
///
/// # Safety
/// `sg` has been dequeued from `c.sendq` under the lock; `ep` is nil or valid for an element.
///
/// Go: chan.go:674 recv
#[inline]
pub unsafe fn recv(c: *mut Hchan, sg: *mut Sudog, ep: *mut c_void, unlockf: impl FnOnce()) {
    // SAFETY: the sender is parked, so its sudog and element are ours until goready.
    unsafe {
        // :675
        if (*c).dataqsiz == 0 {
            if !ep.is_null() {
                recv_direct((*c).elemtype, sg, ep); // :681
            }
        } else {
            // :688 full: head and tail are the same slot
            let qp = chanbuf(c, (*c).recvx);
            if !ep.is_null() {
                typedmemmove((*c).elemtype, ep, qp); // :695
            }
            typedmemmove((*c).elemtype, qp, (*sg).elem); // :698
            (*c).recvx += 1;
            if (*c).recvx == (*c).dataqsiz {
                (*c).recvx = 0;
            }
            (*c).sendx = (*c).recvx; // :703
        }
        (*sg).elem = core::ptr::null_mut();
        let gp = (*sg).g;
        unlockf(); // :707
        (*gp).param = sg.cast();
        (*sg).success = true;
        if (*sg).releasetime != 0 {
            (*sg).releasetime = ticks();
        }
        goready(gp); // :713
    }
}

/// `gopark`'s callback: the goroutine is parked, the channel may be unlocked.
///
/// # Safety
/// Called by `park_m` with the lock of the channel that `gp` waits on, held.
///
/// Go: chan.go:716 chanparkcommit
pub unsafe fn chanparkcommit(gp: *mut G, chan_lock: *mut c_void) -> bool {
    // SAFETY: `gp` has just parked and nobody can wake it before the unlock.
    unsafe {
        // :721 from now on unlocked sudogs point into its stack: a copying stack must lock their
        // channels
        (*gp).active_stack_chans = true;
        parking_on_chan(gp, false); // :726
        unlock(chan_lock.cast()); // :732 last: after it `gp` may already run elsewhere
        true
    }
}

/// `select { case c <- *elem: true; default: false }`
///
/// # Panics
/// `send on closed channel`
///
/// # Safety
/// As for [`chansend`].
///
/// Go: chan.go:752 selectnbsend
#[inline]
pub unsafe fn selectnbsend(c: *mut Hchan, elem: *const c_void) -> bool {
    // :753
    // SAFETY: the same contract.
    unsafe { chansend(c, elem, false) }
}

/// `select { case *elem, ok = <-c: (true, ok); default: (false, false) }`
///
/// # Safety
/// As for [`chanrecv`].
///
/// Go: chan.go:772 selectnbrecv
#[inline]
pub unsafe fn selectnbrecv(elem: *mut c_void, c: *mut Hchan) -> (bool, bool) {
    // :773
    // SAFETY: the same contract.
    unsafe { chanrecv(c, elem, false) }
}

/// Sends for `reflect`: `nb` asks not to block.
///
/// # Safety
/// As for [`chansend`].
///
/// Go: chan.go:777 reflect_chansend
#[inline]
pub unsafe fn reflect_chansend(c: *mut Hchan, elem: *const c_void, nb: bool) -> bool {
    // :778
    // SAFETY: the same contract.
    unsafe { chansend(c, elem, !nb) }
}

/// Receives for `reflect`: `nb` asks not to block.
///
/// # Safety
/// As for [`chanrecv`].
///
/// Go: chan.go:782 reflect_chanrecv
#[inline]
pub unsafe fn reflect_chanrecv(c: *mut Hchan, nb: bool, elem: *mut c_void) -> (bool, bool) {
    // :783
    // SAFETY: the same contract.
    unsafe { chanrecv(c, elem, !nb) }
}

/// `len(c)`. A timer channel shows as unbuffered, so always 0, unless `asynctimerchan=1`.
///
/// # Safety
/// `c` is nil or live.
///
/// Go: chan.go:786 chanlen
pub unsafe fn chanlen(c: *mut Hchan) -> usize {
    // SAFETY: atomics and constants.
    unsafe {
        // :787
        if c.is_null() {
            return 0;
        }
        let async_ = DEBUG.asynctimerchan.load() != 0;
        // :791
        if !(*c).timer.is_null() && async_ {
            // Locks the timer, which needs an M.
            entry_here!("len of a timer's channel", chanlen(c));
            maybe_run_chan((*c).timer);
        }
        if !(*c).timer.is_null() && !async_ {
            return 0; // :798
        }
        (*c).qcount.get()
    }
}

/// `cap(c)`. A timer channel shows as unbuffered, so 0, unless `asynctimerchan=1`.
///
/// # Safety
/// `c` is nil or live.
///
/// Go: chan.go:803 chancap
pub unsafe fn chancap(c: *mut Hchan) -> usize {
    // SAFETY: constants.
    unsafe {
        // :804
        if c.is_null() {
            return 0;
        }
        // :807
        if !(*c).timer.is_null() {
            if DEBUG.asynctimerchan.load() != 0 {
                return (*c).dataqsiz;
            }
            return 0; // :815
        }
        (*c).dataqsiz
    }
}

/// Appends `sgp` to the queue.
///
/// # Safety
/// The channel is locked; `sgp` is in no queue.
///
/// Go: chan.go:840 enqueue
#[inline]
pub unsafe fn enqueue(q: *mut Waitq, sgp: *mut Sudog) {
    // SAFETY: the caller's contract.
    unsafe {
        (*sgp).next = core::ptr::null_mut(); // :841
        let x = (*q).last;
        // :843
        if x.is_null() {
            (*sgp).prev = core::ptr::null_mut();
            (*q).first.set(sgp);
            (*q).last = sgp;
            return;
        }
        if mutant!("channels wake the youngest") {
            let first = (*q).first.get();
            (*sgp).prev = core::ptr::null_mut();
            (*sgp).next = first;
            (*first).prev = sgp;
            (*q).first.set(sgp);
            return;
        }
        (*sgp).prev = x; // :849
        (*x).next = sgp;
        (*q).last = sgp;
    }
}

/// Takes the first waiter that nobody else has woken; nil if there is none.
///
/// # Safety
/// The channel is locked.
///
/// Go: chan.go:854 dequeue
#[inline]
pub unsafe fn dequeue(q: *mut Waitq) -> *mut Sudog {
    // SAFETY: the caller's contract; the Gs of queued sudogs are parked or about to park.
    unsafe {
        loop {
            // :856
            let sgp = (*q).first.get();
            if sgp.is_null() {
                return sgp;
            }
            let y = (*sgp).next;
            // :861
            if y.is_null() {
                (*q).first.set(core::ptr::null_mut());
                (*q).last = core::ptr::null_mut();
            } else {
                (*y).prev = core::ptr::null_mut();
                (*q).first.set(y);
                (*sgp).next = core::ptr::null_mut(); // :867 marks it removed, for dequeueSudoG
            }
            // :878 A select waits on several channels, and others may wake it through another one
            // before it has taken itself off this queue: who wins selectDone wakes it, the rest
            // skip it.
            if (*sgp).is_select
                && !(*(*sgp).g).select_done.cas(0, 1)
                && !mutant!("dequeue does not ask who has won")
            {
                continue;
            }
            return sgp; // :882
        }
    }
}
