//! Go's `select.go`: the select statement.

use core::ffi::c_void;
use gort_chan::{
    AsyncSide, chanbuf, check_bubble, dequeue, enqueue, notify_async, parking_on_chan, recv, send,
};
use gort_mprof::{blockevent, blockprofilerate, ticks};
#[cfg(not(loom))]
use gort_panic::plain_error;
use gort_proc::*;
use gort_time::{block_timer_chan, maybe_run_chan, unblock_timer_chan};

pub mod lockorder;

/// One case of a select: a channel (nil: the case never happens) and the element to send, or where
/// to receive (nil: the value is thrown away).
///
/// Go: select.go:19 scase
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Scase {
    /// Channel.
    pub c: *mut Hchan,
    /// Element.
    pub elem: *mut c_void,
}

impl Default for Scase {
    fn default() -> Self {
        Self { c: core::ptr::null_mut(), elem: core::ptr::null_mut() }
    }
}

/// Under loom a panic of Go's is a plain one.
#[cfg(loom)]
fn plain_error(s: &str) -> ! {
    throw(s)
}

/// Locks all channels of the select, in the order of their addresses, each once.
///
/// # Safety
/// `lockorder` holds indices of `scases`, sorted by channel.
///
/// Go: select.go:33 sellock
#[inline]
unsafe fn sellock(scases: &[Scase], lockorder: &[u16]) {
    let mut c = core::ptr::null_mut::<Hchan>();
    // SAFETY: the channels are live, and the indices those of cases.
    unsafe {
        // :35
        for &o in lockorder {
            let c0 = scases.get_unchecked(o as usize).c;
            if c0 != c {
                c = c0;
                lock(&raw mut (*c).lock);
            }
        }
    }
}

/// Unlocks them, in reverse.
///
/// Nothing that belongs to the select may be touched behind the last unlock: the goroutine may be
/// woken by then, return, and its stack frame with the cases is gone.
///
/// # Safety
/// They are locked by [`sellock`] with the same arguments.
///
/// Go: select.go:44 selunlock
#[inline]
unsafe fn selunlock(scases: &[Scase], lockorder: &[u16]) {
    // SAFETY: as above.
    unsafe {
        // :54
        for i in (0..lockorder.len()).rev() {
            let c = scases.get_unchecked(lockorder[i] as usize).c;
            // :56 the same channel again: unlocked when its first case comes
            if i > 0 && c == scases.get_unchecked(lockorder[i - 1] as usize).c {
                continue;
            }
            unlock(&raw mut (*c).lock);
        }
    }
}

/// `gopark`'s callback: the goroutine is parked, the channels may be unlocked.
///
/// # Safety
/// Called by `park_m` with all channels of `gp`'s select locked.
///
/// Go: select.go:62 selparkcommit
unsafe fn selparkcommit(gp: *mut G, _: *mut c_void) -> bool {
    // SAFETY: nobody can wake `gp` through a channel that is still locked; each one is unlocked
    // last thing.
    unsafe {
        // :67 as in chanparkcommit
        (*gp).active_stack_chans = true;
        parking_on_chan(gp, false); // :71
        // :79 Not the cases on gp's stack: gp.waiting has all channels in lock order. Once a
        // channel is unlocked its sudogs may change, so it is unlocked only when the walk has left
        // its last one.
        let mut lastc = core::ptr::null_mut::<Hchan>();
        let mut sg = (*gp).waiting;
        while !sg.is_null() {
            // :84
            if (*sg).c != lastc && !lastc.is_null() {
                unlock(&raw mut (*lastc).lock);
            }
            lastc = (*sg).c;
            sg = (*sg).waitlink;
        }
        // :95
        if !lastc.is_null() {
            unlock(&raw mut (*lastc).lock);
        }
        true
    }
}

/// `select {}`: waits for ever.
///
/// # Safety
/// On a user goroutine.
///
/// Go: select.go:102 block
pub unsafe fn block() -> ! {
    // :103
    // SAFETY: the caller's contract; nothing ever wakes it.
    unsafe {
        if getg().is_null() {
            gort_proc::outside("select", || {
                block();
            });
        }
        gort_proc::on_goroutine_for("select");
        gopark(None, core::ptr::null_mut(), WaitReason::SelectNoCases);
    }
    throw("unreachable");
}

/// The wait reason of a select whose channels are all of a bubble: if it has none, the goroutine
/// may also be in a test only.
#[cold]
#[inline(never)]
unsafe fn in_bubble(gp: *mut G) -> WaitReason {
    // SAFETY: the current goroutine's bubble.
    if unsafe { (*(*gp).bubble).real } { WaitReason::Select } else { WaitReason::SynctestSelect }
}

/// What pass 1 found.
enum Found {
    Recv(*mut Sudog),
    BufRecv,
    RClose,
    Send(*mut Sudog),
    BufSend,
    SClose,
}

/// The select statement. Of `nsends + nrecvs` cases the first `nsends` send. `order` is scratch
/// space for twice as many indices. Without `blocking` there is a default case.
///
/// Returns the index of the case that happened (-1: default) and, for a receive, whether it got a
/// value.
///
/// # Panics
/// `send on closed channel`
///
/// # Safety
/// As for [`selectgo_checked`].
///
/// Go: select.go:121 selectgo
#[inline]
pub unsafe fn selectgo(
    cas0: *mut Scase,
    order0: *mut u16,
    nsends: usize,
    nrecvs: usize,
    blocking: bool,
) -> (isize, bool) {
    // SAFETY: the same contract.
    let (casi, ok) = unsafe { selectgo_checked(cas0, order0, nsends, nrecvs, blocking) };
    if casi >= 0 && (casi as usize) < nsends && !ok {
        plain_error("send on closed channel"); // :525
    }
    (casi, ok && casi as usize >= nsends)
}

/// [`selectgo`] that tells of a send on a closed channel instead of panicking: for a send the
/// second result says whether the element has moved.
///
/// # Safety
/// On a user goroutine. `cas0` is valid for the cases, `order0` for the indices; each element
/// pointer for its channel's type (nil is allowed in receives).
///
/// Go: select.go:121 selectgo
pub unsafe fn selectgo_checked(
    cas0: *mut Scase,
    order0: *mut u16,
    nsends: usize,
    nrecvs: usize,
    blocking: bool,
) -> (isize, bool) {
    // SAFETY: channels are used under their locks; sudogs are this goroutine's but for the time
    // that they are enqueued; the arrays are on this goroutine's stack, which is not left before
    // the select ends.
    unsafe {
        entry!("select", selectgo_checked(cas0, order0, nsends, nrecvs, blocking));
        // :122 debugSelect: left out
        let ncases = nsends + nrecvs; // :131
        let scases = core::slice::from_raw_parts_mut(cas0, ncases);
        let (pollorder, lockorder) =
            core::slice::from_raw_parts_mut(order0, 2 * ncases).split_at_mut(ncases);
        // :137 race detector, :153 block profile: left out

        // :166 a random order to look at the cases
        let mut norder = 0usize;
        let mut all_synctest = true; // Go 1.25: select.go line 169
        for (i, cas) in scases.iter_mut().enumerate() {
            // :171 nil channels take no part
            if cas.c.is_null() {
                cas.elem = core::ptr::null_mut();
                continue;
            }
            // Go 1.25: select.go line 179
            if (*cas.c).bubble != 0 {
                check_bubble(cas.c, "select on synctest channel from outside bubble");
            } else {
                all_synctest = false;
            }
            // :176
            if !(*cas.c).timer.is_null() {
                maybe_run_chan((*cas.c).timer);
            }
            // :180
            let j = cheaprandn((norder + 1) as u32) as usize;
            pollorder[norder] = pollorder[j];
            pollorder[j] = i as u16;
            norder += 1;
        }
        let scases: &[Scase] = scases;
        let pollorder = &pollorder[..norder]; // :185
        let lockorder = &mut lockorder[..norder];

        lockorder::sort(scases, pollorder, lockorder); // :190
        let lockorder: &[u16] = lockorder;
        // :224 debugSelect: left out

        sellock(scases, lockorder); // :234

        // :248 pass 1: does somebody wait already?
        let mut found = None;
        for &casei in pollorder {
            let casi = casei as usize;
            let c = scases[casi].c;
            // :258
            let f = if casi >= nsends {
                let sg = dequeue(&raw mut (*c).sendq);
                if !sg.is_null() {
                    Found::Recv(sg)
                } else if (*c).qcount.get() > 0 {
                    Found::BufRecv // :264
                } else if (*c).closed.get() != 0 {
                    Found::RClose // :267
                } else {
                    continue;
                }
            } else {
                // :273
                if (*c).closed.get() != 0 {
                    Found::SClose
                } else {
                    let sg = dequeue(&raw mut (*c).recvq);
                    if !sg.is_null() {
                        Found::Send(sg) // :278
                    } else if (*c).qcount.get() < (*c).dataqsiz {
                        Found::BufSend // :281
                    } else {
                        continue;
                    }
                }
            };
            found = Some((casi, f));
            break;
        }

        if let Some((casi, f)) = found {
            return finish(scases, lockorder, casi, f);
        }

        // :286
        if !blocking {
            selunlock(scases, lockorder);
            return (-1, false);
        }

        // :153 (order: in Go at the beginning)
        let t0 = if blockprofilerate() > 0 { ticks() } else { 0 };
        let mut case_release_time = -1i64;

        // :293 pass 2: enqueue on all channels
        let gp = getg();
        if !(*gp).waiting.is_null() {
            throw("gp.waiting != nil");
        }
        let mut nextp = &raw mut (*gp).waiting; // :297
        for &casei in lockorder {
            let casi = casei as usize;
            let cas = &scases[casi];
            let c = cas.c;
            let sg = acquire_sudog(); // :302
            (*sg).g = gp;
            (*sg).is_select = true;
            (*sg).elem = cas.elem; // :307
            (*sg).releasetime = if t0 != 0 { -1 } else { 0 };
            (*sg).c = c;
            // :314 the waiting list is in lock order
            *nextp = sg;
            nextp = &raw mut (*sg).waitlink;
            // :317
            if casi < nsends {
                enqueue(&raw mut (*c).sendq, sg);
            } else {
                enqueue(&raw mut (*c).recvq, sg);
            }
            if !(*c).waiters.is_null() {
                notify_async(
                    c,
                    if casi < nsends { AsyncSide::Receivers } else { AsyncSide::Senders },
                );
            }
            if !(*c).timer.is_null() {
                block_timer_chan(c); // :324
            }
        }

        // :329 sleep
        (*gp).param = core::ptr::null_mut();
        parking_on_chan(gp, true); // :334
        // Go 1.25: select.go line 199 all channels of a bubble: nobody outside can wake us
        let reason =
            if (*gp).raceignore != 0 && all_synctest { in_bubble(gp) } else { WaitReason::Select };
        gopark(Some(selparkcommit), core::ptr::null_mut(), reason);
        (*gp).active_stack_chans = false;

        sellock(scases, lockorder); // :338

        (*gp).select_done.store(0);
        let sg = (*gp).param.cast::<Sudog>(); // :341
        (*gp).param = core::ptr::null_mut();

        // :344 pass 3: take the others off their queues; the list is in lock order
        let mut chosen: Option<usize> = None;
        let mut case_success = false;
        let mut sglist = (*gp).waiting;
        // :353 clear all before unlinking
        let mut sg1 = (*gp).waiting;
        while !sg1.is_null() {
            (*sg1).is_select = false;
            (*sg1).elem = core::ptr::null_mut();
            (*sg1).c = core::ptr::null_mut();
            sg1 = (*sg1).waitlink;
        }
        (*gp).waiting = core::ptr::null_mut(); // :358

        for &casei in lockorder {
            let k = &scases[casei as usize];
            // :362
            if !(*k.c).timer.is_null() {
                unblock_timer_chan(k.c);
            }
            if sg == sglist {
                // :366 the waker has dequeued this one
                chosen = Some(casei as usize);
                case_success = (*sglist).success;
                // :370
                if (*sglist).releasetime > 0 {
                    case_release_time = (*sglist).releasetime;
                }
            } else {
                // :374
                let c = k.c;
                if (casei as usize) < nsends {
                    dequeue_sudo_g(&raw mut (*c).sendq, sglist);
                } else {
                    dequeue_sudo_g(&raw mut (*c).recvq, sglist);
                }
            }
            let sgnext = (*sglist).waitlink; // :381
            (*sglist).waitlink = core::ptr::null_mut();
            release_sudog(sglist);
            sglist = sgnext;
        }

        // :387
        let Some(casi) = chosen else {
            throw("selectgo: bad wakeup");
        };
        // :397
        if casi < nsends && !case_success {
            return finish(scases, lockorder, casi, Found::SClose);
        }
        let recv_ok = case_success; // :401
        // :405 race, msan, asan: left out
        selunlock(scases, lockorder); // :427
        // :518
        if case_release_time > 0 {
            blockevent(case_release_time - t0);
        }
        (casi as isize, recv_ok)
    }
}

/// The ends that Go reaches by goto: all channels are locked, and case `casi` can go ahead.
///
/// # Safety
/// As in [`selectgo`].
#[inline]
unsafe fn finish(scases: &[Scase], lockorder: &[u16], casi: usize, f: Found) -> (isize, bool) {
    // SAFETY: as in selectgo.
    unsafe {
        let cas = &scases[casi];
        let c = cas.c;
        let size = (*c).elemsize;
        let mut recv_ok = false;
        match f {
            Found::BufRecv => {
                // :444
                recv_ok = true;
                let qp = chanbuf(c, (*c).recvx);
                if !cas.elem.is_null() {
                    core::ptr::copy_nonoverlapping(qp.cast::<u8>(), cas.elem.cast::<u8>(), size);
                }
                // :449 clearing the slot is for the collector: left out
                (*c).recvx += 1;
                if (*c).recvx == (*c).dataqsiz {
                    (*c).recvx = 0;
                }
                (*c).qcount.bump(1usize.wrapping_neg());
                if !(*c).waiters.is_null() {
                    notify_async(c, AsyncSide::Senders);
                }
                selunlock(scases, lockorder); // :455
            }
            Found::BufSend => {
                // :470
                let qp = chanbuf(c, (*c).sendx);
                core::ptr::copy_nonoverlapping(cas.elem.cast::<u8>(), qp.cast::<u8>(), size);
                (*c).sendx += 1;
                if (*c).sendx == (*c).dataqsiz {
                    (*c).sendx = 0;
                }
                (*c).qcount.bump(1);
                recv_ok = true; // gort's own: sent
                if !(*c).waiters.is_null() {
                    notify_async(c, AsyncSide::Receivers);
                }
                selunlock(scases, lockorder); // :476
            }
            Found::Recv(sg) => {
                // :481
                recv(c, sg, cas.elem, || selunlock(scases, lockorder));
                recv_ok = true;
            }
            Found::RClose => {
                // :490
                selunlock(scases, lockorder);
                if !cas.elem.is_null() {
                    core::ptr::write_bytes(cas.elem.cast::<u8>(), 0, size); // :493
                }
            }
            Found::Send(sg) => {
                // :511
                send(c, sg, cas.elem, || selunlock(scases, lockorder));
                recv_ok = true;
            }
            Found::SClose => {
                // :525 the caller panics, unless it was asked not to
                selunlock(scases, lockorder);
            }
        }
        (casi as isize, recv_ok) // :521 earlier in Go's text
    }
}

/// One case of a select built at run time.
///
/// Go: select.go:535 runtimeSelect
#[derive(Clone, Copy)]
pub struct RuntimeSelect {
    /// What it does.
    pub dir: SelectDir,
    /// Channel; nil never happens.
    pub ch: *mut Hchan,
    /// Element to send, or where to receive.
    pub val: *mut c_void,
}

/// Direction of a [`RuntimeSelect`].
///
/// Go: select.go:543 selectDir
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectDir {
    /// `case ch <- val`
    Send = 1,
    /// `case val = <-ch`
    Recv = 2,
    /// `default`
    Default = 3,
}

/// A select over a list of cases made at run time. Returns the index in `cases` and whether a
/// receive got a value.
///
/// # Panics
/// `send on closed channel`
///
/// # Safety
/// As for [`selectgo`]; there is at most one default case.
///
/// Go: select.go:553 reflect_rselect
pub unsafe fn reflect_rselect(cases: &[RuntimeSelect]) -> (isize, bool) {
    // SAFETY: the same contract.
    let (chosen, ok) = unsafe { reflect_rselect_checked(cases) };
    if chosen >= 0 && cases[chosen as usize].dir == SelectDir::Send {
        if !ok {
            plain_error("send on closed channel"); // what selectgo does
        }
        return (chosen, false);
    }
    (chosen, ok)
}

/// [`reflect_rselect`] that tells of a send on a closed channel instead of panicking: for a send
/// the second result says whether the element has moved.
///
/// # Safety
/// As for [`reflect_rselect`].
///
/// Go: select.go:553 reflect_rselect
pub unsafe fn reflect_rselect_checked(cases: &[RuntimeSelect]) -> (isize, bool) {
    // SAFETY: the vectors below live on this goroutine until the select is over; the rest is the
    // caller's.
    unsafe {
        // :554
        if cases.is_empty() {
            block();
        }
        let mut sel = vec![Scase::default(); cases.len()]; // :557
        let mut orig = vec![0isize; cases.len()];
        let (mut nsends, mut nrecvs) = (0, 0);
        let mut dflt = -1isize;
        for (i, rc) in cases.iter().enumerate() {
            // :563 sends from the front, receives from the back
            let j = match rc.dir {
                SelectDir::Default => {
                    dflt = i as isize;
                    continue;
                }
                SelectDir::Send => {
                    nsends += 1; // :569
                    nsends - 1
                }
                SelectDir::Recv => {
                    nrecvs += 1; // :572
                    cases.len() - nrecvs
                }
            };
            sel[j] = Scase { c: rc.ch, elem: rc.val };
            orig[j] = i as isize; // :576
        }
        // :580 only a default
        if nsends + nrecvs == 0 {
            return (dflt, false);
        }
        // :585
        if nsends + nrecvs < cases.len() {
            let from = cases.len() - nrecvs;
            sel.copy_within(from.., nsends);
            orig.copy_within(from.., nsends);
        }
        let mut order = vec![0u16; 2 * (nsends + nrecvs)]; // :590
        let (chosen, recv_ok) =
            selectgo_checked(sel.as_mut_ptr(), order.as_mut_ptr(), nsends, nrecvs, dflt == -1); // :600
        // :603 back to the caller's numbering
        let chosen = if chosen < 0 { dflt } else { orig[chosen as usize] };
        (chosen, recv_ok)
    }
}

/// Takes `sgp` off the queue, wherever it stands; nothing if it is not there any more.
///
/// # Safety
/// The channel is locked; `sgp` is in this queue or in none.
///
/// Go: select.go:611 dequeueSudoG
#[doc(alias = "dequeueSudoG")]
unsafe fn dequeue_sudo_g(q: *mut Waitq, sgp: *mut Sudog) {
    let null = core::ptr::null_mut();
    // SAFETY: the caller's contract.
    unsafe {
        let x = (*sgp).prev; // :612
        let y = (*sgp).next;
        if !x.is_null() {
            // :615
            if !y.is_null() {
                (*x).next = y;
                (*y).prev = x;
                (*sgp).next = null;
                (*sgp).prev = null;
                return;
            }
            // :623 the last one
            (*x).next = null;
            (*q).last = x;
            (*sgp).prev = null;
            return;
        }
        // :628 the first one
        if !y.is_null() {
            (*y).prev = null;
            (*q).first.set(y);
            (*sgp).next = null;
            return;
        }
        // :638 the only one, or already gone
        if (*q).first.get() == sgp {
            (*q).first.set(null);
            (*q).last = null;
        }
    }
}
