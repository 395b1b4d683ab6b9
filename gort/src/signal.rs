//! Go's package `os/signal`: signals to the process, as values on channels.
//!
//! ```no_run
//! # gort::run_main(|| {
//! use gort::signal::{self, Signal};
//! let c = signal::notify(&[Signal::INT, Signal::TERM]);
//! println!("press Ctrl-C");
//! println!("got {}", c.recv().unwrap());
//! # });
//! ```
//!
//! Nothing is taken that was not asked for: until [`notify`] or [`ignore`] names a signal it keeps
//! the action that it had when the program began, or that the program has given it since. The
//! exceptions are those that Go reports itself (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGABRT,
//! ...), SIGPIPE, and SIGURG, which asks threads to preempt: whoever is notified of SIGURG gets
//! such ones too, as in Go (`GODEBUG=asyncpreemptoff=1` leaves it alone).
//!
//! Signals reach the channels whichever thread the kernel chooses, also threads that the runtime
//! does not know.

use crate::sync::Mutex;
use crate::{Chan, Receiver, chan, go};
use gort_signal::{
    signal_disable, signal_enable, signal_ignore, signal_ignored, signal_recv,
    signal_wait_until_idle,
};
use gort_stack::entry_here;
use std::fmt;

/// A signal, by its number. Go's `syscall.Signal`.
///
/// ```
/// use gort::signal::Signal;
/// assert_eq!(Signal::TERM.to_string(), "terminated");
/// assert_eq!(Signal::TERM, Signal(15));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(pub i32);

impl Signal {
    /// SIGHUP: hangup.
    pub const HUP: Signal = Signal(1);
    /// SIGINT: interrupt.
    pub const INT: Signal = Signal(2);
    /// SIGQUIT: quit.
    pub const QUIT: Signal = Signal(3);
    /// SIGILL: illegal instruction.
    pub const ILL: Signal = Signal(4);
    /// SIGTRAP: trace/breakpoint trap.
    pub const TRAP: Signal = Signal(5);
    /// SIGABRT: aborted.
    pub const ABRT: Signal = Signal(6);
    /// SIGBUS: bus error.
    pub const BUS: Signal = Signal(7);
    /// SIGFPE: floating point exception.
    pub const FPE: Signal = Signal(8);
    /// SIGKILL: killed.
    pub const KILL: Signal = Signal(9);
    /// SIGUSR1: user defined signal 1.
    pub const USR1: Signal = Signal(10);
    /// SIGSEGV: segmentation fault.
    pub const SEGV: Signal = Signal(11);
    /// SIGUSR2: user defined signal 2.
    pub const USR2: Signal = Signal(12);
    /// SIGPIPE: broken pipe.
    pub const PIPE: Signal = Signal(13);
    /// SIGALRM: alarm clock.
    pub const ALRM: Signal = Signal(14);
    /// SIGTERM: terminated.
    pub const TERM: Signal = Signal(15);
    /// SIGCHLD: child exited.
    pub const CHLD: Signal = Signal(17);
    /// SIGCONT: continued.
    pub const CONT: Signal = Signal(18);
    /// SIGSTOP: stopped (signal).
    pub const STOP: Signal = Signal(19);
    /// SIGTSTP: stopped.
    pub const TSTP: Signal = Signal(20);
    /// SIGTTIN: stopped (tty input).
    pub const TTIN: Signal = Signal(21);
    /// SIGTTOU: stopped (tty output).
    pub const TTOU: Signal = Signal(22);
    /// SIGURG: urgent I/O condition.
    pub const URG: Signal = Signal(23);
    /// SIGXCPU: CPU time limit exceeded.
    pub const XCPU: Signal = Signal(24);
    /// SIGXFSZ: file size limit exceeded.
    pub const XFSZ: Signal = Signal(25);
    /// SIGVTALRM: virtual timer expired.
    pub const VTALRM: Signal = Signal(26);
    /// SIGPROF: profiling timer expired.
    pub const PROF: Signal = Signal(27);
    /// SIGWINCH: window changed.
    pub const WINCH: Signal = Signal(28);
    /// SIGIO: I/O possible.
    pub const IO: Signal = Signal(29);
    /// SIGPWR: power failure.
    pub const PWR: Signal = Signal(30);
    /// SIGSYS: bad system call.
    pub const SYS: Signal = Signal(31);

    fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "hangup",
            2 => "interrupt",
            3 => "quit",
            4 => "illegal instruction",
            5 => "trace/breakpoint trap",
            6 => "aborted",
            7 => "bus error",
            8 => "floating point exception",
            9 => "killed",
            10 => "user defined signal 1",
            11 => "segmentation fault",
            12 => "user defined signal 2",
            13 => "broken pipe",
            14 => "alarm clock",
            15 => "terminated",
            17 => "child exited",
            18 => "continued",
            19 => "stopped (signal)",
            20 => "stopped",
            21 => "stopped (tty input)",
            22 => "stopped (tty output)",
            23 => "urgent I/O condition",
            24 => "CPU time limit exceeded",
            25 => "file size limit exceeded",
            26 => "virtual timer expired",
            27 => "profiling timer expired",
            28 => "window changed",
            29 => "I/O possible",
            30 => "power failure",
            31 => "bad system call",
            _ => return None,
        })
    }
}

impl fmt::Display for Signal {
    /// As Go prints it: `interrupt`, `terminated`, `signal 40`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(n) => f.write_str(n),
            None => write!(f, "signal {}", self.0),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Signals, with 0.
///
/// Go (os/signal): signal_unix.go:32 numSig
const NUM_SIG: usize = 65;

/// Who wants what.
///
/// Go (os/signal): signal.go:13 handlers
struct Handlers {
    /// Channels and their signals.
    m: Vec<Handler>,
    /// How many channels want a signal.
    refs: [i64; NUM_SIG],
    /// Channels that [`stop`] is working on.
    stopping: Vec<Handler>,
    /// The goroutine that passes signals on has been started.
    watching: bool,
}

/// Go (os/signal): signal.go:13 handlers
static HANDLERS: Mutex<Handlers> = Mutex::new(Handlers {
    m: Vec::new(),
    refs: [0; NUM_SIG],
    stopping: Vec::new(),
    watching: false,
});

/// A channel and the signals that go to it.
///
/// Go (os/signal): signal.go:32 handler
#[derive(Clone)]
struct Handler {
    c: Chan<Signal>,
    mask: [u32; NUM_SIG.div_ceil(32)],
}

impl Handler {
    /// Go (os/signal): signal.go:36 want
    fn want(&self, sig: usize) -> bool {
        self.mask[sig / 32] >> (sig & 31) & 1 != 0 // :37
    }
    /// Go (os/signal): signal.go:40 set
    fn set(&mut self, sig: usize) {
        self.mask[sig / 32] |= 1 << (sig & 31); // :41
    }
    /// Go (os/signal): signal.go:44 clear
    fn clear(&mut self, sig: usize) {
        self.mask[sig / 32] &= !(1 << (sig & 31)); // :45
    }
}

/// Go (os/signal): signal_unix.go:35 signum
fn signum(s: Signal) -> Option<usize> {
    // :38
    usize::try_from(s.0).ok().filter(|&n| n < NUM_SIG)
}

/// The signals named, or all if none is.
fn each(sigs: &[Signal], mut f: impl FnMut(usize)) {
    if sigs.is_empty() {
        (0..NUM_SIG).for_each(f);
    } else {
        sigs.iter().filter_map(|&s| signum(s)).for_each(&mut f);
    }
}

/// No channel gets these signals any more; then `action` for each of them.
///
/// Go (os/signal): signal.go:51 cancel
fn cancel(sigs: &[Signal], action: unsafe fn(u32)) {
    entry_here!("signal.Reset", cancel(sigs, action));
    let mut h = HANDLERS.lock(); // :52
    let h = &mut *h;
    // :55
    each(sigs, |n| {
        // :58
        for e in &mut h.m {
            if e.want(n) {
                h.refs[n] -= 1;
                e.clear(n);
            }
        }
        // :62
        h.m.retain(|e| e.mask.iter().any(|&w| w != 0));
        // SAFETY: on a user goroutine that holds the lock. :68
        unsafe { action(n as u32) };
    });
}

/// Has the kernel ignore these signals (all of them if none is named). Undoes [`notify`] for them.
/// Go's `signal.Ignore`.
///
/// ```
/// # gort::run(|| {
/// use gort::signal::{Signal, ignore, ignored};
/// ignore(&[Signal::HUP]);
/// assert!(ignored(Signal::HUP) && !ignored(Signal::TERM));
/// # })
/// ```
///
/// Go (os/signal): signal.go:86 Ignore
pub fn ignore(sigs: &[Signal]) {
    cancel(sigs, signal_ignore); // :87
}

/// Whether `sig` is ignored, since the start of the program or by [`ignore`]. Go's
/// `signal.Ignored`.
///
/// ```
/// # gort::run(|| {
/// use gort::signal::{Signal, ignored};
/// // So does a program that was started by `nohup` find out.
/// let in_background = ignored(Signal::HUP);
/// # let _ = in_background;
/// assert!(!ignored(Signal::KILL));
/// # })
/// ```
///
/// Go (os/signal): signal.go:91 Ignored
pub fn ignored(sig: Signal) -> bool {
    // :92
    signum(sig).is_some_and(|n| signal_ignored(n as u32))
}

/// Room in the channels that [`notify`] makes.
const ROOM: usize = 16;

/// A channel on which these signals will arrive (all of them if none is named). It has room for 16:
/// what comes when it is full is lost, and the same signal may come once for several. It keeps
/// arriving until [`stop`], also if the receiver is dropped. Go's `signal.Notify`.
///
/// ```
/// # gort::run(|| {
/// use gort::signal::{Signal, notify};
/// let c = notify(&[Signal::USR1, Signal::USR2]);
/// let me = std::process::id().to_string();
/// gort::process::status(std::process::Command::new("kill").args(["-USR2", &me])).unwrap();
/// assert_eq!(c.recv(), Some(Signal::USR2));
/// # })
/// ```
pub fn notify(sigs: &[Signal]) -> Receiver<Signal> {
    let c = chan(ROOM);
    notify_to(&c, sigs);
    c.receiver()
}

/// [`notify`] on a channel of your own, which must have room. Called again it adds signals.
///
/// ```
/// # gort::run(|| {
/// use gort::signal::{Signal, notify_to};
/// let c = gort::chan(1);
/// notify_to(&c, &[Signal::USR1]);
/// notify_to(&c, &[Signal::USR2]); // that one, too
/// let me = std::process::id().to_string();
/// gort::process::status(std::process::Command::new("kill").args(["-USR1", &me])).unwrap();
/// assert_eq!(c.recv(), Some(Signal::USR1));
/// # })
/// ```
///
/// # Panics
/// `os/signal: Notify using nil channel`
///
/// Go (os/signal): signal.go:121 Notify
pub fn notify_to(c: &Chan<Signal>, sigs: &[Signal]) {
    // :122
    if c.is_nil() {
        panic!("os/signal: Notify using nil channel");
    }
    entry_here!("signal.Notify", notify_to(c, sigs));
    let mut h = HANDLERS.lock(); // :126
    let h = &mut *h;
    // :129
    let i = h.m.iter().position(|e| e.c == *c).unwrap_or_else(|| {
        h.m.push(Handler { c: c.clone(), mask: Default::default() });
        h.m.len() - 1
    });
    // :138
    each(sigs, |n| {
        if h.m[i].want(n) {
            return;
        }
        h.m[i].set(n);
        // :144
        if h.refs[n] == 0 {
            // SAFETY: on a user goroutine that holds the lock.
            unsafe { signal_enable(n as u32) };
            // :149 only once a signal has been enabled
            if !h.watching {
                h.watching = true;
                go(watch);
            }
        }
        h.refs[n] += 1; // :155
    });
}

/// Gives these signals (all of them if none is named) the action that they had before [`notify`].
/// Go's `signal.Reset`.
///
/// ```
/// # gort::run(|| {
/// use gort::signal::{Signal, notify, reset};
/// let c = notify(&[Signal::WINCH]);
/// reset(&[Signal::WINCH]); // the kernel drops it again
/// let me = std::process::id().to_string();
/// gort::process::status(std::process::Command::new("kill").args(["-WINCH", &me])).unwrap();
/// assert!(c.try_recv().is_err());
/// # })
/// ```
///
/// Go (os/signal): signal.go:173 Reset
pub fn reset(sigs: &[Signal]) {
    cancel(sigs, signal_disable); // :174
}

/// No more signals go to `c`, once this has returned; those that nobody else wants have the action
/// again that they had before. Go's `signal.Stop`.
///
/// ```
/// # gort::run(|| {
/// use gort::signal::{Signal, notify, stop};
/// let interrupted = notify(&[Signal::INT]);
/// stop(&interrupted); // Ctrl-C ends the program again
/// assert!(interrupted.try_recv().is_err());
/// # })
/// ```
///
/// Go (os/signal): signal.go:180 Stop
pub fn stop(c: &Receiver<Signal>) {
    entry_here!("signal.Stop", stop(c));
    {
        let mut h = HANDLERS.lock(); // :181
        let h = &mut *h;
        // :183
        let Some(i) = h.m.iter().position(|e| e.c.as_raw() == c.as_raw()) else { return };
        let e = h.m.swap_remove(i); // :188
        // :190
        for n in 0..NUM_SIG {
            if e.want(n) {
                h.refs[n] -= 1;
                if h.refs[n] == 0 {
                    // SAFETY: on a user goroutine that holds the lock.
                    unsafe { signal_disable(n as u32) };
                }
            }
        }
        // gort: nobody receives, as no channel has ever asked for a signal that there is. Go waits
        // for ever here.
        if !h.watching {
            return;
        }
        // :199 a signal that the handler has taken already still goes to the channel: it must not
        // get lost between the two
        h.stopping.push(e); // :210
    }
    // SAFETY: on a user goroutine; notify has enabled signals. :214
    unsafe { signal_wait_until_idle() };
    let mut h = HANDLERS.lock(); // :216
    // :218
    if let Some(i) = h.stopping.iter().position(|e| e.c.as_raw() == c.as_raw()) {
        h.stopping.swap_remove(i);
    }
}

/// Passes a signal on.
///
/// Go (os/signal): signal.go:232 process
fn process(sig: Signal) {
    let Some(n) = signum(sig) else { return }; // :233
    let h = HANDLERS.lock(); // :238
    // :241 :252
    for e in h.m.iter().chain(&h.stopping) {
        if e.want(n) {
            // :244 without waiting
            let _ = e.c.try_send(sig);
        }
    }
}

/// The goroutine that receives signals.
///
/// Go (os/signal): signal_unix.go:21 loop
fn watch() {
    // :23
    loop {
        // SAFETY: on a user goroutine, the only one that does this.
        process(Signal(unsafe { signal_recv() } as i32));
    }
}
