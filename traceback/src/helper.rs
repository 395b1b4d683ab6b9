//! Names for reports that are made in a signal handler. Finding names allocates, and the
//! interrupted thread may be inside the allocator and hold its lock. So the thread of sysmon is
//! asked, by a signal: it is never interrupted there, and the C library's allocator has another
//! arena for it. If it gets no further either (an allocator with a single lock, held by the
//! interrupted thread), the report goes on with bare addresses.

use crate::modules::Reentrant;
use crate::symtab::{FuncInfo, symbolize, symbolizing, with_room};
use core::ops::Deref;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use gort_asm::getg;
use gort_os_linux::{futexsleep, getpid, syscall6};
use gort_runtime2::atomic::Uint32;
use gort_runtime2::{Global, M, SYSMON_M};

const IDLE: u32 = 0;
const ASKED: u32 = 1;
const ANSWERED: u32 = 2;
const GIVEN_UP: u32 = 3;

static STATE: Uint32 = Uint32::new(IDLE);
static QUESTION: AtomicUsize = AtomicUsize::new(0);
static ANSWER: Global<Option<&'static FuncInfo>> = Global::new(None);
static ASKING: AtomicU32 = AtomicU32::new(0);

/// The last answers: dumps ask for the same places over and over.
static KNOWN: Global<[(usize, Option<&'static FuncInfo>); SLOTS]> = Global::new([(0, None); SLOTS]);
const SLOTS: usize = 1024;

/// What is known about a pc.
pub(crate) enum Named {
    Own(FuncInfo),
    /// Made by another thread, in a process that is about to end: never dropped.
    Lent(&'static FuncInfo),
}

impl Deref for Named {
    type Target = FuncInfo;
    fn deref(&self) -> &FuncInfo {
        match self {
            Self::Own(f) => f,
            Self::Lent(f) => f,
        }
    }
}

/// The M of this thread, if it is in a signal handler.
pub(crate) fn in_handler() -> Option<*mut M> {
    let gp = getg();
    if gp.is_null() {
        return None;
    }
    // SAFETY: a G's M is alive while the G runs there.
    unsafe {
        let mp = (*gp).m;
        (!mp.is_null() && (*mp).gsignal == gp).then_some(mp)
    }
}

/// Whether this thread may allocate to find names.
pub(crate) fn may_allocate() -> bool {
    in_handler().is_none_or(|mp| mp == SYSMON_M.load())
}

/// Whether this thread is in a signal handler, or otherwise must not allocate.
pub fn in_signal_handler() -> bool {
    !may_allocate()
}

/// [`symbolize`], wherever the caller is.
pub(crate) fn func_at(pc: usize) -> Option<Named> {
    let helper = SYSMON_M.load();
    if may_allocate() || helper.is_null() {
        return with_room(|| symbolize(pc)).map(Named::Own);
    }
    if symbolizing() {
        return None; // interrupted in there
    }
    // SAFETY: sysmon's M, which never ends.
    unsafe { ask(pc, helper) }.map(Named::Lent)
}

/// # Safety
/// `helper` is the M of sysmon.
unsafe fn ask(pc: usize, helper: *mut M) -> Option<&'static FuncInfo> {
    let _l = Reentrant::lock(&ASKING)?;
    // SAFETY: the lock is held.
    let slot = unsafe { &mut (*KNOWN.get())[(pc ^ pc >> 10) % SLOTS] };
    if slot.0 == pc {
        return slot.1;
    }
    if STATE.load_acq() == GIVEN_UP {
        return None;
    }
    QUESTION.store(pc, Ordering::Relaxed);
    STATE.store_rel(ASKED);
    // SAFETY: `procid` is atomic.
    let tid = unsafe { (*helper).procid.get() } as usize;
    // SIGQUIT is always the runtime's where programs are Go's or gort's; a host program has none to
    // give.
    // SAFETY: no pointers.
    unsafe { syscall6(libc::SYS_tgkill, getpid() as usize, tid, libc::SIGQUIT as usize, 0, 0, 0) };
    let mut asleep = 0;
    for _ in 0..ROUNDS {
        // SAFETY: a static.
        unsafe { futexsleep(&STATE, ASKED, ROUND) };
        if STATE.load_acq() == ANSWERED {
            // SAFETY: the answer was written before the state.
            *slot = (pc, unsafe { *ANSWER.get() });
            return slot.1;
        }
        asleep = if sleeps(tid) { asleep + 1 } else { 0 };
        if asleep >= ASLEEP {
            break;
        }
    }
    STATE.store_rel(GIVEN_UP);
    None
}

/// How long one round of waiting is (ns), and after how many it is given up: sooner if the helper
/// sleeps, which it has no reason to do but a lock.
const ROUND: i64 = 10_000_000;
const ROUNDS: u32 = 6000;
const ASLEEP: u32 = 100;

/// Whether the kernel says that the thread is asleep.
fn sleeps(tid: usize) -> bool {
    use core::fmt::Write;
    struct Path([u8; 48], usize);
    impl Write for Path {
        fn write_str(&mut self, s: &str) -> core::fmt::Result {
            let to = self.0.get_mut(self.1..self.1 + s.len()).ok_or(core::fmt::Error)?;
            to.copy_from_slice(s.as_bytes());
            self.1 += s.len();
            Ok(())
        }
    }
    let mut path = Path([0; 48], 0);
    let mut text = [0u8; 128];
    // SAFETY: a path that ends in NUL, a buffer, and a descriptor of our own.
    unsafe {
        if write!(path, "/proc/self/task/{tid}/stat\0").is_err() {
            return false;
        }
        let fd = syscall6(
            libc::SYS_openat,
            libc::AT_FDCWD as usize,
            path.0.as_ptr() as usize,
            (libc::O_RDONLY | libc::O_CLOEXEC) as usize,
            0,
            0,
            0,
        );
        if fd < 0 {
            return false;
        }
        let n =
            syscall6(libc::SYS_read, fd as usize, text.as_mut_ptr() as usize, text.len(), 0, 0, 0);
        syscall6(libc::SYS_close, fd as usize, 0, 0, 0, 0, 0);
        let text = &text[..n.max(0) as usize];
        // "tid (name) S ..."
        text.iter().rposition(|&b| b == b')').is_some_and(|i| text.get(i + 2) == Some(&b'S'))
    }
}

/// In the handler of a SIGQUIT on the M of sysmon: answers, if somebody has asked. True if so; then
/// the signal meant nothing else.
pub fn help() -> bool {
    if STATE.load_acq() != ASKED {
        return false;
    }
    let f =
        with_room(|| symbolize(QUESTION.load(Ordering::Relaxed))).map(|f| &*Box::leak(Box::new(f)));
    // SAFETY: who has asked waits.
    unsafe { *ANSWER.get() = f };
    if STATE.cas(ASKED, ANSWERED) {
        // `futexwakeup` ends the process if it fails, and this may be that end's report; who has
        // asked looks again by itself.
        let op = (libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG) as usize;
        // SAFETY: a static.
        unsafe { syscall6(libc::SYS_futex, (&raw const STATE).addr(), op, 1, 0, 0, 0) };
    }
    true
}
