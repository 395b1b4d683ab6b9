//! A goroutine that cannot be preempted: reported once. gort's own: Go can preempt nearly
//! everything, and knows of each system call.
//!
//! Rust code that never calls the runtime keeps its P, whether it computes or sleeps (std's
//! `sleep`, a lock or channel of std's, a read from a pipe), and whoever waits for a P, or for the
//! world to stop, waits with it. From outside that looks like a hang, so sysmon says what it sees.
//! For the goroutine that has been watched all of this has to be so:
//! * it has been running since sysmon has asked it to yield, without a pause;
//! * for [`REPORT_NS`] of that time somebody waited: a stop of the world was not complete, or no P
//!   was idle and there were goroutines in a run queue (sysmon puts those there whose sockets are
//!   ready), or a timer was due;
//! * it *computes*: its thread has used [`SPIN_NS`] of processor time in that time; or it *sleeps*:
//!   whenever sysmon looked, the kernel said that its thread waits for something other than a
//!   processor;
//! * none of that kind was reported before, and `GODEBUG=preemptreport=0` is not set.
//!
//! One case is reported although nobody waits for a P, after [`ALONE_NS`]: the thread waits in
//! `thread::park`, whose token belongs to a thread. A goroutine that has moved since it gave its
//! thread's handle away may wait for ever (`std::thread::scope`, an executor's `block_on`): asleep,
//! or, where two goroutines wait for the token of one thread, in a loop of std's (the second finds
//! the token's word changed, and asks again and again). That is not taken for a program that
//! computes, whether others wait or not.
//!
//! Time is counted round by round, each as [`ROUND_NS`] at most, so that a process which was
//! suspended, or gets little of a loaded machine, reports nothing for that: a thread that waits for
//! a processor is neither of the two kinds.

use core::cell::UnsafeCell;
use core::fmt::Write;
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use gort_os_linux::syscall6;
use gort_print::print;
use gort_proc::*;
use gort_traceback::probe::{Probed, answered, ask, withdraw};
use gort_traceback::{Backtrace, goroutineheader, printcreatedby, symbolize, traceback_record};

/// How long others have to have waited.
const REPORT_NS: i64 = 1_000_000_000;
/// How long a thread has to sleep before it is asked whether it does so in `thread::park`.
const ALONE_NS: i64 = 3_000_000_000;
/// How much processor time makes a loop: twenty time slices.
const SPIN_NS: i64 = 200_000_000;
/// What one round of sysmon counts at most; it sleeps for 10 ms at most.
const ROUND_NS: i64 = 50_000_000;
/// Between two looks at the state of the thread, which cost some 10 µs each.
const LOOK_NS: i64 = 15_000_000;
/// How long the thread has to answer when it is asked for its stack, and how long if the signal is
/// not blocked there: a processor of a loaded machine may be long in coming.
const ANSWER_NS: i64 = 200_000_000;
const PATIENCE_NS: i64 = 20_000_000_000;

/// What sysmon is watching: the first P that did not react, since when, and what its thread did
/// since.
struct Hog {
    pp: *mut P,
    mp: *mut M,
    gp: *mut G,
    schedtick: u32,
    since: i64,
    /// Processor time of the thread at `since`.
    cpu: i64,
    /// The last round in which it was met.
    seen: i64,
    /// The last round that was counted.
    counted: i64,
    /// How long somebody has waited.
    waited: i64,
    /// The last look at the thread, and how often it was found asleep, and awake.
    looked: i64,
    asleep: u32,
    awake: u32,
    /// How long nobody has waited, and after how long of it the thread is asked what it does: a
    /// thread that did not answer in time, or did something else just then, is asked again, each
    /// time after twice as long.
    alone: i64,
    ask_after: i64,
    /// The question that is under way, and for how long it has been.
    asked: Option<Kind>,
    unanswered: i64,
    /// The two kinds, once reported.
    spin_done: bool,
    sleep_done: bool,
}

struct Cell(UnsafeCell<Hog>);
// SAFETY: touched by sysmon only, of which there is one, and by retake, which it calls.
unsafe impl Sync for Cell {}

static HOG: Cell = Cell(UnsafeCell::new(Hog {
    pp: null_mut(),
    mp: null_mut(),
    gp: null_mut(),
    schedtick: 0,
    since: 0,
    cpu: 0,
    seen: 0,
    counted: 0,
    waited: 0,
    looked: 0,
    asleep: 0,
    awake: 0,
    alone: 0,
    ask_after: ALONE_NS,
    asked: None,
    unanswered: 0,
    spin_done: false,
    sleep_done: false,
}));

/// Processor time that a thread has used, ns.
fn thread_cpu(tid: u64) -> Option<i64> {
    // The clock of a thread by its number, as pthread_getcpuclockid makes it: CPUCLOCK_SCHED of one
    // thread.
    let clock = (!(tid as i32) << 3) | 6;
    let mut ts = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: fills `ts` if it returns 0.
    unsafe {
        if libc::clock_gettime(clock, ts.as_mut_ptr()) != 0 {
            return None;
        }
        let ts = ts.assume_init();
        Some(ts.tv_sec * 1_000_000_000 + ts.tv_nsec)
    }
}

/// Reads `/proc/self/task/TID/FILE` and looks at the beginning. Without memory from the allocator,
/// whose lock the thread in question may hold. `None` if there is no such file.
#[inline(never)]
fn look<R>(tid: u64, file: &str, f: impl FnOnce(&[u8]) -> Option<R>) -> Option<R> {
    struct Path([u8; 64], usize);
    impl Write for Path {
        fn write_str(&mut self, s: &str) -> core::fmt::Result {
            let to = self.0.get_mut(self.1..self.1 + s.len()).ok_or(core::fmt::Error)?;
            to.copy_from_slice(s.as_bytes());
            self.1 += s.len();
            Ok(())
        }
    }
    let mut path = Path([0; 64], 0);
    let mut text = [0u8; 2048];
    write!(path, "/proc/self/task/{tid}/{file}\0").ok()?;
    // SAFETY: a path that ends in NUL, a buffer, and a descriptor of our own.
    let n = unsafe {
        let flags = (libc::O_RDONLY | libc::O_CLOEXEC) as usize;
        let at = libc::AT_FDCWD as usize;
        let fd = syscall6(libc::SYS_openat, at, path.0.as_ptr() as usize, flags, 0, 0, 0);
        if fd < 0 {
            return None;
        }
        let n =
            syscall6(libc::SYS_read, fd as usize, text.as_mut_ptr() as usize, text.len(), 0, 0, 0);
        syscall6(libc::SYS_close, fd as usize, 0, 0, 0, 0, 0);
        n
    };
    f(&text[..n.max(0) as usize])
}

/// Whether a thread waits for something other than a processor.
fn sleeps(tid: u64) -> Option<bool> {
    // "tid (name) S ...": S and D wait, R has or wants a processor, T and t are stopped
    look(tid, "stat", |text| {
        let state = text.iter().rposition(|&b| b == b')').and_then(|i| text.get(i + 2))?;
        Some(matches!(state, b'S' | b'D'))
    })
}

/// Whether a thread may be in `thread::park`: it is in a system call on a futex, or runs, as far as
/// the kernel tells.
fn may_park(tid: u64) -> bool {
    look(tid, "syscall", |text| Some(text.starts_with(b"202 ") || text.starts_with(b"running")))
        .unwrap_or(false)
}

/// Whether a thread lets SIGURG through.
fn hears(tid: u64) -> bool {
    look(tid, "status", |text| {
        let rest = core::str::from_utf8(text).ok()?.split_once("\nSigBlk:\t")?.1;
        let blocked = u64::from_str_radix(rest.get(..16)?, 16).ok()?;
        Some(blocked & 1 << (libc::SIGURG - 1) == 0)
    })
    .unwrap_or(false)
}

/// `pp` was asked to yield and has been at the same `schedtick` for longer than a time slice.
///
/// # Safety
/// By sysmon.
#[cold]
pub(crate) unsafe fn seen(pp: *mut P, schedtick: u32, now: i64) {
    // SAFETY: sysmon's own state; Ps, Gs and Ms that a P is tied to are not freed.
    unsafe {
        let h = HOG.0.get();
        if (*h).spin_done && (*h).sleep_done || DEBUG.preemptreport.get() == 0 {
            return;
        }
        // The one behind it may have inherited the time slice, and with it the tick (`runnext`).
        if (*h).pp == pp && (*h).schedtick == schedtick && same(h) {
            (*h).seen = now;
            return;
        }
        // The one that is watched was met in this round or the last one: its turn comes.
        if !(*h).pp.is_null() && (*h).seen >= (*h).counted {
            return;
        }
        let mp = (*pp).m.ptr();
        if mp.is_null() {
            return;
        }
        let gp = (*mp).curg.ptr();
        if gp.is_null() {
            return;
        }
        let Some(cpu) = thread_cpu((*mp).procid.get()) else { return };
        if (*h).asked.is_some() {
            withdraw();
        }
        let (spin_done, sleep_done) = ((*h).spin_done, (*h).sleep_done);
        *h = Hog {
            pp,
            mp,
            gp,
            schedtick,
            since: now,
            cpu,
            seen: now,
            counted: now,
            waited: 0,
            looked: 0,
            asleep: 0,
            awake: 0,
            alone: 0,
            ask_after: ALONE_NS,
            asked: None,
            unanswered: 0,
            spin_done,
            sleep_done,
        };
    }
}

/// Whether something is being watched, for which sysmon has to stay awake.
#[inline]
pub(crate) fn watching() -> bool {
    // SAFETY: sysmon's own state.
    unsafe { !(*HOG.0.get()).pp.is_null() }
}

/// Counts the round, and reports what [`seen`] has been watching for long enough.
///
/// # Safety
/// By sysmon, without `sched.lock` and `allp_lock`.
#[inline]
pub(crate) unsafe fn report(now: i64) {
    // SAFETY: as above.
    unsafe {
        let h = HOG.0.get();
        if !(*h).pp.is_null() {
            round(h, now);
        }
    }
}

/// Whether somebody waits for the world to stop, or for all to be at a safe point.
pub(crate) fn held_up() -> bool {
    // SAFETY: looks at numbers that change under `sched.lock`: any of their values will do.
    unsafe {
        let sched = sched();
        (*sched).gcwaiting.load() && (*sched).stopwait.get() > 0
            || (*sched).safe_point_wait.get() > 0
    }
}

/// Whether somebody waits for a processor, or for the world to stop.
unsafe fn others_wait(now: i64) -> bool {
    // SAFETY: looks at atomics; nobody but sysmon's caller holds what time_sleep_until locks.
    unsafe {
        let sched = sched();
        if held_up() {
            return true;
        }
        if (*sched).npidle.load() != 0 {
            return false;
        }
        if (*sched).runqsize.get() > 0 {
            return true;
        }
        lock(allp_lock());
        let mut queued = false;
        for i in 0..(*allp()).len {
            let pp = allp_at(i);
            queued |= !pp.is_null() && !runqempty(pp);
        }
        unlock(allp_lock());
        queued || linkname::time_sleep_until() < now - LOOK_NS
    }
}

#[cold]
#[inline(never)]
unsafe fn round(h: *mut Hog, now: i64) {
    // SAFETY: as above; what is read of the G is written before it runs.
    unsafe {
        if (*h).seen != now {
            // it has reacted
            if (*h).asked.take().is_some() {
                withdraw();
            }
            (*h).pp = null_mut();
            return;
        }
        let past = (now - (*h).counted).min(ROUND_NS);
        (*h).counted = now;
        if let Some(kind) = (*h).asked {
            (*h).unanswered += past;
            let probed = answered().or_else(|| {
                let given_up = (*h).unanswered >= ANSWER_NS
                    && ((*h).unanswered >= PATIENCE_NS || !hears((*(*h).mp).procid.get()))
                    && withdraw();
                given_up.then_some(Probed::Silent)
            });
            if let Some(probed) = probed {
                (*h).asked = None;
                tell(h, now - (*h).since, kind, probed);
            }
            return;
        }
        if !others_wait(now) {
            (*h).alone += past;
            if (*h).alone >= (*h).ask_after && !(*h).sleep_done {
                (*h).ask_after *= 2;
                if may_park((*(*h).mp).procid.get()) {
                    question(h, now - (*h).since, Kind::Parks);
                }
            }
            return;
        }
        (*h).waited += past;
        let tid = (*(*h).mp).procid.get();
        if (*h).looked + LOOK_NS <= now {
            (*h).looked = now;
            match sleeps(tid) {
                Some(true) => (*h).asleep += 1,
                Some(false) => (*h).awake += 1,
                None => {}
            }
        }
        if (*h).waited < REPORT_NS {
            return;
        }
        let used = thread_cpu(tid).map_or(0, |c| c - (*h).cpu);
        let span = now - (*h).since;
        // Without /proc: by the processor time alone, if that says it clearly.
        let asleep = if (*h).asleep + (*h).awake == 0 {
            used < span / 20
        } else {
            (*h).awake <= (*h).asleep / 20 && used < span / 2
        };
        if asleep {
            if !(*h).sleep_done {
                question(h, span, Kind::Sleeps);
            }
        } else if used >= SPIN_NS && !(*h).spin_done {
            question(h, span, Kind::Spins);
        }
    }
}

/// What is reported.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It computes, and others wait.
    Spins,
    /// It sleeps, and others wait.
    Sleeps,
    /// Nobody waits for its P; a report only if it is in `thread::park`.
    Parks,
}

/// Whether the goroutine is where it was when it was met.
unsafe fn same(h: *mut Hog) -> bool {
    // SAFETY: Ps and Ms are not freed.
    unsafe {
        (*(*h).mp).curg.ptr() == (*h).gp
            && (*(*h).pp).schedtick.get() == (*h).schedtick
            && (*(*h).pp).m.ptr() == (*h).mp
    }
}

/// Asks the thread for its stack, for a report.
unsafe fn question(h: *mut Hog, span: i64, kind: Kind) {
    // SAFETY: as above. The signal's handler is the runtime's unless asyncpreemptoff is set.
    unsafe {
        if !same(h) {
            return;
        }
        gort_traceback::init();
        if DEBUG.asyncpreemptoff.get() != 0 {
            tell(h, span, kind, Probed::Silent);
        } else if ask((*h).mp, (*h).gp) {
            (*h).asked = Some(kind);
            (*h).unanswered = 0;
        }
    }
}

/// Prints the report, unless the goroutine has just gone on.
unsafe fn tell(h: *mut Hog, span: i64, mut kind: Kind, probed: Probed) {
    // SAFETY: as above.
    unsafe {
        let gp = (*h).gp;
        let stack = match probed {
            Probed::Stack(bt) => Some(bt),
            Probed::Gone => return,
            Probed::Silent => None,
        };
        let names = stack.as_ref().map_or(Vec::new(), innermost);
        let found = ADVICE.iter().position(|(part, _)| names.iter().any(|n| n.contains(part)));
        if !same(h) || kind == Kind::Parks && found.is_none_or(|i| !PARKS.contains(&ADVICE[i].0)) {
            return;
        }
        if kind == Kind::Spins && names.iter().any(|n| n.contains("::park")) {
            // the loop is std's
            kind = Kind::Sleeps;
            if (*h).sleep_done {
                return;
            }
        }
        (*h).pp = null_mut();
        if kind == Kind::Spins {
            (*h).spin_done = true;
        } else {
            (*h).sleep_done = true;
        }
        let (what, whom, advice) = match kind {
            Kind::Spins => ("run", ", and keeps others waiting", SPINS),
            Kind::Sleeps => ("blocked its thread", ", and keeps others waiting", ANY_SLEEP),
            Kind::Parks => ("blocked its thread", "", ANY_SLEEP),
        };
        let advice =
            if kind == Kind::Spins { advice } else { found.map_or(advice, |i| ADVICE[i].1) };
        // one report, whatever else is printed meanwhile
        gort_print::printlock();
        print!(
            "gort: goroutine {} has {what} for {} ms without calling the runtime{whom}\n",
            (*gp).goid,
            span / 1_000_000
        );
        match &stack {
            Some(bt) => {
                print!("\n");
                goroutineheader(gp);
                traceback_record(bt, gp);
                print!("\n");
            }
            None => printcreatedby(gp),
        }
        print!("gort: {advice} (GODEBUG=preemptreport=0: no such report)\n");
        gort_print::printunlock();
    }
}

const SPINS: &str = "gosched() in its loop, blocking() or preempt::scope() would let them run";
const ANY_SLEEP: &str = "what waits for its thread belongs into gort::blocking; sleep, locks, channels and I/O of the crate gort let others run";
const LOCK: &str = "a lock of std's was held across an operation of gort, or for long: gort::sync::Mutex and RwMutex let them run";
const LAZY: &str = "gort::sync::LazyLock lets them run, and so does its initialiser";
const CELL: &str = "gort::sync::OnceCell lets them run, and so does its initialiser";

/// Those of [`ADVICE`] that are about `thread::park`.
const PARKS: [&str; 3] = ["thread::scoped::", "block_on", "::park"];

/// What to do instead, by what stands on the stack. The first that is found decides.
const ADVICE: [(&str, &str); 15] = [
    (
        "thread::scoped::",
        "std::thread::scope waits with the thread that it began on: call it inside of gort::blocking, and nothing of gort in it",
    ),
    ("block_on", "an executor's block_on sleeps with its thread: call it inside of gort::blocking"),
    ("LazyLock", LAZY),
    ("lazy_lock", LAZY),
    ("OnceLock", CELL),
    ("once_lock", CELL),
    ("std::sync::mpsc", "gort::chan lets them run"),
    ("std::sync::mpmc", "gort::chan lets them run"),
    ("crossbeam_channel", "gort::chan lets them run"),
    ("ondvar", "gort::sync::Cond lets them run"),
    (
        "::park",
        "thread::park waits for its thread to be unparked, and a goroutine has no thread of its own: a channel of gort lets them run",
    ),
    ("rwlock", LOCK),
    ("::mutex", LOCK),
    ("thread::functions::sleep", "gort::time::sleep lets them run"),
    ("thread::sleep", "gort::time::sleep lets them run"),
];

/// The names of the innermost functions, up to the program's own: what that calls is what sleeps.
fn innermost(bt: &Backtrace) -> Vec<String> {
    let mut names = Vec::new();
    for f in &bt.inner {
        let Some(info) = symbolize(f.pc - 1) else { continue };
        let user = info.frames.iter().any(|s| s.owner == gort_traceback::symtab::Owner::User);
        names.extend(info.frames.into_iter().map(|s| s.name));
        if user {
            break;
        }
    }
    names
}
