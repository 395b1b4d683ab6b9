//! The poller with real descriptors, and the states of a pollDesc. No scheduler: nobody really
//! parks here.

use gort as _;
use gort_netpoll::*;
use gort_os_linux::nanotime;
use gort_runtime2::{G, GList, P};
use proptest::prelude::*;
use std::sync::{Mutex, MutexGuard};

#[path = "../../time/tests/world/mod.rs"]
mod world;

/// One poller per process: one test at a time. Starts it and hands out a P.
fn start() -> (MutexGuard<'static, ()>, *mut P) {
    static ONE: Mutex<()> = Mutex::new(());
    let one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let pp = world::world();
    // SAFETY: this thread counts as an M now.
    unsafe { poll_runtime_poll_server_init() };
    assert!(netpollinited());
    (one, pp)
}

/// A pipe, as the poller sees it: (reading end, writing end).
fn pipe() -> (i32, i32) {
    let mut fds = [0; 2];
    // SAFETY: room for two descriptors.
    assert_eq!(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_NONBLOCK | libc::O_CLOEXEC) }, 0);
    (fds[0], fds[1])
}

fn put(fd: i32) {
    // SAFETY: one readable byte.
    assert_eq!(unsafe { libc::write(fd, c"x".as_ptr().cast(), 1) }, 1);
}

fn close(fd: i32) {
    // SAFETY: the test owns it.
    unsafe { libc::close(fd) };
}

unsafe fn open(fd: i32) -> *mut PollDesc {
    // SAFETY: on a thread that counts as an M.
    let (pd, errno) = unsafe { poll_runtime_poll_open(fd as usize) };
    assert_eq!(errno, 0);
    pd
}

unsafe fn shut(pd: *mut PollDesc) {
    // SAFETY: open, and nobody waits.
    unsafe {
        poll_runtime_poll_unblock(pd);
        assert_eq!(poll_runtime_poll_wait(pd, MODE_R), POLL_ERR_CLOSING);
        assert_eq!(poll_runtime_poll_reset(pd, MODE_W), POLL_ERR_CLOSING);
        poll_runtime_poll_close(pd);
    }
}

unsafe fn poll() {
    // SAFETY: nobody is parked, so no goroutine can come back.
    let (list, delta) = unsafe { netpoll(0) };
    assert!(list.head.is_null());
    assert_eq!(delta, 0);
}

#[test]
fn waitms() {
    // :101
    for (ns, ms) in [
        (i64::MIN, -1),
        (-1, -1),
        (0, 0),
        (1, 1),
        (999_999, 1),
        (1_000_000, 1),
        (1_999_999, 1),
        (2_000_000, 2),
        (999_999_999_999_999, 999_999_999),
        (1_000_000_000_000_000, 1_000_000_000),
        (i64::MAX, 1_000_000_000),
    ] {
        assert_eq!(netpoll_waitms(ns), ms, "{ns}");
    }
}

/// One that was closed while somebody still had it may be given up as well.
#[test]
fn given_up_when_closing() {
    let (_one, _) = start();
    let (r, w) = pipe();
    // SAFETY: on a thread that counts as an M; nobody parks.
    unsafe {
        let pr = open(r);
        poll_runtime_poll_unblock(pr);
        give_up(pr);
        let again = open(w);
        assert_eq!(again, pr);
        shut(again);
    }
    close(r);
    close(w);
}

/// What is given up comes back with the next that is opened, whatever deadline it had.
#[test]
fn given_up() {
    let (_one, _) = start();
    let (r, w) = pipe();
    // SAFETY: on a thread that counts as an M; nobody parks.
    unsafe {
        let (pr, pw) = (open(r), open(w));
        poll_runtime_poll_set_deadline(pr, nanotime() + 3_600_000_000_000, MODE_R);
        let before = ((*pr).fdseq.load(), (*pw).fdseq.load());
        give_up(pw);
        give_up(pr);
        put(w);
        poll(); // they have left epoll
        assert_eq!((*pr).rg.load(), PD_NIL);
        // Registered anew, in the place of the old ones.
        let again = [open(r), open(w)];
        assert!(again.contains(&pr) && again.contains(&pw), "{again:?} {pr:?} {pw:?}");
        assert!((*pr).fdseq.load() > before.0 && (*pw).fdseq.load() > before.1);
        shut(again[0]);
        shut(again[1]);
    }
    close(r);
    close(w);
}

#[test]
fn readiness_of_a_pipe() {
    let (_one, _) = start();
    let (r, w) = pipe();
    // SAFETY: on a thread that counts as an M; nobody parks.
    unsafe {
        let (pr, pw) = (open(r), open(w));
        poll();
        // edge-triggered: the writing end is ready from the start, once
        assert_eq!((*pw).wg.load(), PD_READY);
        assert_eq!((*pr).rg.load(), PD_NIL);
        assert_eq!(poll_runtime_poll_wait(pw, MODE_W), POLL_NO_ERROR);
        assert_eq!((*pw).wg.load(), PD_NIL);
        poll();
        assert_eq!((*pw).wg.load(), PD_NIL);

        put(w);
        poll();
        assert_eq!((*pr).rg.load(), PD_READY);
        poll();
        assert_eq!(poll_runtime_poll_wait(pr, MODE_R), POLL_NO_ERROR);
        put(w);
        poll();
        // reset forgets
        assert_eq!(poll_runtime_poll_reset(pr, MODE_R), POLL_NO_ERROR);
        assert_eq!((*pr).rg.load(), PD_NIL);

        // the other end is closed: readable (end of file), and more than an error
        shut(pw);
        close(w);
        poll();
        assert_eq!((*pr).rg.load(), PD_READY);
        assert!(!PollDesc::info(pr).event_err());
        shut(pr);
        close(r);
    }
}

#[test]
fn an_error_event() {
    let (_one, _) = start();
    let (r, w) = pipe();
    // SAFETY: as above.
    unsafe {
        let pw = open(w);
        poll();
        assert_eq!(poll_runtime_poll_wait(pw, MODE_W), POLL_NO_ERROR);
        close(r);
        poll();
        // EPOLLERR with EPOLLOUT: both modes are ready, and it is not a pure error event
        assert_eq!(((*pw).rg.load(), (*pw).wg.load()), (PD_READY, PD_READY));
        assert_eq!(poll_runtime_poll_reset(pw, MODE_R), POLL_NO_ERROR);
        shut(pw);
        close(w);
    }
}

#[test]
fn what_cannot_be_polled() {
    let (_one, _) = start();
    // SAFETY: as above; no pointers.
    unsafe {
        // an ordinary file
        let file = std::fs::File::open("/proc/self/exe").unwrap();
        let fd = std::os::fd::AsRawFd::as_raw_fd(&file) as usize;
        assert_eq!(poll_runtime_poll_open(fd), (core::ptr::null_mut(), libc::EPERM));
        assert_eq!(poll_runtime_poll_open(1 << 20).1, libc::EBADF);
        let (r, w) = pipe();
        let pd = open(r);
        assert_eq!(poll_runtime_poll_open(r as usize).1, libc::EEXIST);
        assert!(!poll_runtime_is_poll_server_descriptor(r as usize));
        shut(pd);
        close(r);
        close(w);
    }
}

#[test]
fn breaks() {
    let (_one, _) = start();
    // SAFETY: as above.
    unsafe {
        netpoll_break();
        netpoll_break();
        poll(); // does not block, so it leaves the break to one who does
        assert!(netpoll(-1).0.head.is_null());
        // consumed: this one waits out its time, the next break is written again
        let t = nanotime();
        netpoll(5_000_000);
        assert!(nanotime() - t >= 4_000_000);
        let h = std::thread::spawn(netpoll_break);
        netpoll(-1);
        h.join().unwrap();
    }
}

#[test]
fn deadlines() {
    let (_one, pp) = start();
    let (r, w) = pipe();
    // SAFETY: as above.
    unsafe {
        let ts = &raw mut (*pp).timers;
        let pd = open(r);
        let set = |d, mode| poll_runtime_poll_set_deadline(pd, d, mode);
        let err = || (netpollcheckerr(pd, MODE_R), netpollcheckerr(pd, MODE_W));
        let hour = 3_600_000_000_000;
        let run = |after: i64| gort_time::timers_check(ts, nanotime() + after);

        // in the past
        set(-1, MODE_R);
        assert_eq!(err(), (POLL_ERR_TIMEOUT, POLL_NO_ERROR));
        assert_eq!(poll_runtime_poll_wait(pd, MODE_R), POLL_ERR_TIMEOUT);
        set(-1, MODE_RW);
        assert_eq!(err(), (POLL_ERR_TIMEOUT, POLL_ERR_TIMEOUT));
        set(0, MODE_RW);
        assert_eq!(err(), (POLL_NO_ERROR, POLL_NO_ERROR));
        assert_eq!((*ts).len.load(), 0);

        // one timer for both modes if the deadline is the same
        set(hour, MODE_RW);
        assert_eq!((*ts).len.load(), 1);
        run(0);
        assert_eq!(err(), (POLL_NO_ERROR, POLL_NO_ERROR));
        run(2 * hour);
        assert_eq!(err(), (POLL_ERR_TIMEOUT, POLL_ERR_TIMEOUT));
        assert_eq!((*ts).len.load(), 0);

        // two if not
        set(hour, MODE_R);
        set(2 * hour, MODE_W);
        assert_eq!((*ts).len.load(), 2);
        assert_eq!(err(), (POLL_NO_ERROR, POLL_NO_ERROR));
        run(hour + hour / 2);
        assert_eq!(err(), (POLL_ERR_TIMEOUT, POLL_NO_ERROR));
        // set anew before it fires: the old timer is stale
        set(10 * hour, MODE_W);
        run(3 * hour);
        assert_eq!(err(), (POLL_ERR_TIMEOUT, POLL_NO_ERROR));
        run(11 * hour);
        assert_eq!(err(), (POLL_ERR_TIMEOUT, POLL_ERR_TIMEOUT));

        // overflow: no deadline for 292 years
        set(i64::MAX, MODE_RW);
        run(hour);
        assert_eq!(err(), (POLL_NO_ERROR, POLL_NO_ERROR));

        // closing stops the timers; reopening starts afresh
        shut(pd);
        assert!((*ts).zombies.load() > 0);
        let pd2 = open(r);
        assert_eq!(pd2, pd);
        assert_eq!(err(), (POLL_NO_ERROR, POLL_NO_ERROR));
        run(i64::MAX / 2);
        assert_eq!(err(), (POLL_NO_ERROR, POLL_NO_ERROR));
        assert_eq!((*ts).len.load(), 0);
        shut(pd);
        close(r);
        close(w);
    }
}

#[test]
fn stale_events_are_recognised() {
    let (_one, _) = start();
    let (r, w) = pipe();
    // SAFETY: as above.
    unsafe {
        let pd = open(r);
        let seq = (*pd).fdseq.load();
        assert_ne!(seq, 0);
        shut(pd);
        assert_eq!((*pd).fdseq.load(), seq + 1);
        // the next use has the pollDesc under another number, and a number is never 0
        (*pd).fdseq.store((1 << gort_lfstack::TAGGED_POINTER_BITS) - 1);
        let pd2 = open(r);
        assert_eq!(pd, pd2);
        put(w);
        // as if it were a later use already: the event comes with the number it was opened under
        (*pd).fdseq.store(5);
        poll();
        assert_eq!((*pd).rg.load(), PD_NIL);
        (*pd).fdseq.store((1 << gort_lfstack::TAGGED_POINTER_BITS) - 1);
        shut(pd);
        assert_eq!((*pd).fdseq.load(), 0);
        let pd3 = open(r);
        assert_eq!(((*pd3).fdseq.load(), pd3), (1, pd));
        poll();
        assert_eq!((*pd).rg.load(), PD_READY);
        shut(pd);
        close(r);
        close(w);
    }
}

#[derive(Clone, Debug)]
enum Op {
    /// The poller reports readiness.
    Ready(i32),
    /// A goroutine consumes a notification, or parks.
    Wait(i32),
    /// A goroutine is about to park when the deadline passes.
    WaitAndTimeOut(i32),
    /// A goroutine is about to park when the descriptor becomes ready.
    WaitAndReady(i32),
    Reset(i32),
}

fn op() -> impl Strategy<Value = Op> {
    let mode = || prop_oneof![Just(MODE_R), Just(MODE_W)];
    prop_oneof![
        prop_oneof![mode(), Just(MODE_RW)].prop_map(Op::Ready),
        mode().prop_map(Op::Wait),
        mode().prop_map(Op::WaitAndTimeOut),
        mode().prop_map(Op::WaitAndReady),
        mode().prop_map(Op::Reset),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Sem {
    Nil,
    Ready,
    Parked(*mut G),
}

proptest! {
    #[test]
    fn states(ops in prop::collection::vec(op(), 1..100)) {
        let (_one, _) = start();
        let (r, w) = pipe();
        // SAFETY: as above; the Gs that "park" are never run.
        unsafe {
            let pd = open(r);
            poll();
            let mut sem = [Sem::Nil; 2];
            let mut waiters = 0;
            let at = |mode| (mode == MODE_W) as usize;
            let word = |mode| if mode == MODE_W { &(*pd).wg } else { &(*pd).rg };
            for op in ops {
                match op {
                    Op::Ready(mode) => {
                        let mut list = GList::default();
                        let delta = netpollready(&mut list, pd, mode);
                        let mut want = Vec::new();
                        for m in [MODE_R, MODE_W] {
                            if mode == m || mode == MODE_RW {
                                if let Sem::Parked(gp) = sem[at(m)] {
                                    want.insert(0, gp);
                                }
                                sem[at(m)] = Sem::Ready;
                            }
                        }
                        let mut got = Vec::new();
                        let mut gp = list.head.ptr();
                        while !gp.is_null() {
                            got.push(gp);
                            gp = (*gp).schedlink.ptr();
                        }
                        prop_assert_eq!(delta, -(want.len() as i32));
                        prop_assert_eq!(got, want);
                        netpoll_adjust_waiters(delta);
                        waiters += delta;
                    }
                    Op::Wait(mode) => match sem[at(mode)] {
                        Sem::Ready => {
                            prop_assert_eq!(poll_runtime_poll_wait(pd, mode), POLL_NO_ERROR);
                            sem[at(mode)] = Sem::Nil;
                        }
                        Sem::Nil => {
                            let gp: *mut G = Box::into_raw(Box::default());
                            prop_assert!(word(mode).cas(PD_NIL, PD_WAIT));
                            prop_assert!(netpollblockcommit(gp, word(mode) as *const _ as *mut _));
                            waiters += 1;
                            sem[at(mode)] = Sem::Parked(gp);
                        }
                        Sem::Parked(_) => {} // a second one is forbidden
                    },
                    Op::WaitAndTimeOut(mode) if sem[at(mode)] == Sem::Nil => {
                        prop_assert!(word(mode).cas(PD_NIL, PD_WAIT));
                        poll_runtime_poll_set_deadline(pd, -1, mode);
                        let gp: *mut G = Box::into_raw(Box::default());
                        prop_assert!(!netpollblockcommit(gp, word(mode) as *const _ as *mut _));
                        prop_assert_eq!(poll_runtime_poll_wait(pd, mode), POLL_ERR_TIMEOUT);
                        poll_runtime_poll_set_deadline(pd, 0, mode);
                    }
                    Op::WaitAndReady(mode) if sem[at(mode)] == Sem::Nil => {
                        prop_assert!(word(mode).cas(PD_NIL, PD_WAIT));
                        let mut list = GList::default();
                        prop_assert_eq!(netpollready(&mut list, pd, mode), 0);
                        prop_assert!(list.head.is_null());
                        let gp: *mut G = Box::into_raw(Box::default());
                        prop_assert!(!netpollblockcommit(gp, word(mode) as *const _ as *mut _));
                        sem[at(mode)] = Sem::Ready;
                    }
                    Op::Reset(mode) if !matches!(sem[at(mode)], Sem::Parked(_)) => {
                        prop_assert_eq!(poll_runtime_poll_reset(pd, mode), POLL_NO_ERROR);
                        sem[at(mode)] = Sem::Nil;
                    }
                    _ => {}
                }
                for m in [MODE_R, MODE_W] {
                    let want = match sem[at(m)] {
                        Sem::Nil => PD_NIL,
                        Sem::Ready => PD_READY,
                        Sem::Parked(gp) => gp as usize,
                    };
                    prop_assert_eq!(word(m).load(), want);
                }
                prop_assert_eq!(netpoll_any_waiters(), waiters > 0);
            }
            let mut list = GList::default();
            netpoll_adjust_waiters(netpollready(&mut list, pd, MODE_RW));
            prop_assert!(!netpoll_any_waiters());
            shut(pd);
        }
        close(r);
        close(w);
    }
}
