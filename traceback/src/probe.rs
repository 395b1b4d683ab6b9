//! The stack of a goroutine that runs, or sleeps, on another thread: the thread takes it down
//! itself, in the handler of SIGURG, and whoever has asked prints it. gort's own: Go's `suspendG`
//! stops a goroutine first.

use crate::cfi::Regs;
use crate::unwinder::{Backtrace, Doubt, Stkframe, UNWIND_SILENT_ERRORS, UNWIND_TRAP, Unwinder};
use gort_os_linux::{getpid, syscall6};
use gort_runtime2::atomic::{Pointer, Uint32};
use gort_runtime2::{G, Global, M};

const IDLE: u32 = 0;
const ASKED: u32 = 1;
const TAKING: u32 = 2;
const TAKEN: u32 = 3;

static STATE: Uint32 = Uint32::new(IDLE);
static TARGET: Pointer<M> = Pointer::null();
static GOROUTINE: Pointer<G> = Pointer::null();

/// More frames than these are not looked at: the outermost are missing then.
const DEPTH: usize = 128;

struct Frames {
    n: usize,
    of: [Stkframe; DEPTH],
    doubt: Doubt,
}

static FRAMES: Global<Frames> = Global::new(Frames {
    n: 0,
    of: [Stkframe { pc: 0, sp: 0, fp: 0, lr: 0, bp: 0, caller_bp: 0 }; DEPTH],
    doubt: Doubt { stop: None, guess: None, missing: None },
});

/// What became of the question.
#[derive(Debug)]
pub enum Probed {
    /// The stack as it was a moment ago.
    Stack(Backtrace),
    /// The thread runs something else by now.
    Gone,
    /// The thread does not answer: it blocks the signal, or the kernel does not let it run.
    Silent,
}

/// Asks the thread of `mp` for the stack of `gp`, which it is thought to run. False if it is still
/// at work on an older question.
///
/// # Safety
/// By sysmon, on its own thread; `mp` is not its own M. SIGURG has the runtime's handler.
pub unsafe fn ask(mp: *mut M, gp: *mut G) -> bool {
    if !withdraw() {
        return false;
    }
    TARGET.store(mp);
    GOROUTINE.store(gp);
    STATE.store(ASKED);
    // SAFETY: no pointers; `procid` is atomic.
    unsafe {
        let tid = (*mp).procid.get() as usize;
        syscall6(libc::SYS_tgkill, getpid() as usize, tid, libc::SIGURG as usize, 0, 0, 0);
    }
    true
}

/// The answer, if it is there.
pub fn answered() -> Option<Probed> {
    if STATE.load() != TAKEN {
        return None;
    }
    // SAFETY: TAKEN was stored after the frames, and nobody writes them before the next question.
    let frames = unsafe { &*FRAMES.get() };
    let answer = if frames.n == 0 {
        Probed::Gone
    } else {
        let inner = frames.of[..frames.n].to_vec();
        Probed::Stack(Backtrace {
            inner,
            outer: Vec::new(),
            skipped: 0,
            doubt: frames.doubt,
            location: None,
        })
    };
    STATE.store(IDLE);
    Some(answer)
}

/// Takes the question back, or drops the answer. False if the handler is at work on it, which ends:
/// unwinding waits for nobody.
pub fn withdraw() -> bool {
    STATE.cas(ASKED, IDLE) || STATE.cas(TAKEN, IDLE) || STATE.load() == IDLE
}

/// In the handler of SIGURG on `mp`, which has interrupted `gp` there: answers, if this thread was
/// asked. True if so; then the signal meant nothing else.
///
/// # Safety
/// On gsignal of `mp`, with the registers that were interrupted.
pub unsafe fn answer(mp: *mut M, gp: *mut G, regs: &Regs) -> bool {
    // Another thread than the one that was asked leaves the question alone.
    if STATE.load() != ASKED || TARGET.load() != mp || !STATE.cas(ASKED, TAKING) {
        return false;
    }
    // SAFETY: TAKING makes the frames ours; the stack of `gp` stands still below this handler.
    unsafe {
        let frames = &mut *FRAMES.get();
        frames.n = 0;
        if GOROUTINE.load() == gp {
            let mut u = Unwinder::default();
            u.init_regs(*regs, gp, UNWIND_SILENT_ERRORS | UNWIND_TRAP);
            while u.valid() && frames.n < DEPTH {
                frames.of[frames.n] = u.frame;
                frames.n += 1;
                u.next();
            }
            frames.doubt = u.doubt;
        }
    }
    STATE.store(TAKEN);
    true
}
