//! What to do with each signal: sigtab_linux_generic.go and the flags of runtime2.go.

/// `signal.Notify` may have it, even if the kernel sent it.
///
/// Go: runtime2.go:897 _SigNotify
pub const SIG_NOTIFY: i32 = 1 << 0;
/// If nobody takes it, exit quietly.
///
/// Go: runtime2.go:898 _SigKill
pub const SIG_KILL: i32 = 1 << 1;
/// If nobody takes it, exit loudly.
///
/// Go: runtime2.go:899 _SigThrow
pub const SIG_THROW: i32 = 1 << 2;
/// From the kernel: a panic.
///
/// Go: runtime2.go:900 _SigPanic
pub const SIG_PANIC: i32 = 1 << 3;
/// Left alone unless asked for.
///
/// Go: runtime2.go:901 _SigDefault
pub const SIG_DEFAULT: i32 = 1 << 4;
/// Plan 9 only.
///
/// Go: runtime2.go:902 _SigGoExit
pub const SIG_GO_EXIT: i32 = 1 << 5;
/// The C library's: no handler, but SA_ONSTACK.
///
/// Go: runtime2.go:903 _SigSetStack
pub const SIG_SET_STACK: i32 = 1 << 6;
/// Never blocked.
///
/// Go: runtime2.go:904 _SigUnblock
pub const SIG_UNBLOCK: i32 = 1 << 7;
/// Its default action is to be ignored.
///
/// Go: runtime2.go:905 _SigIgn
pub const SIG_IGNORED: i32 = 1 << 8;

/// Signals of Linux, with 0.
///
/// Go: os_linux_generic.go:11 _NSIG
pub const NSIG: usize = 65;

/// A signal's flags and name.
///
/// Go: signal_unix.go:21 sigTabT
#[derive(Clone, Copy, Debug)]
pub struct SigTabT {
    /// SIG_NOTIFY and its kin.
    pub flags: i32,
    /// As printed.
    pub name: &'static str,
}

const fn t(flags: i32, name: &'static str) -> SigTabT {
    SigTabT { flags, name }
}

/// Go: sigtab_linux_generic.go:9 sigtable
pub static SIGTABLE: [SigTabT; NSIG] = [
    t(0, "SIGNONE: no trap"), // :10
    t(SIG_NOTIFY | SIG_KILL, "SIGHUP: terminal line hangup"),
    t(SIG_NOTIFY | SIG_KILL, "SIGINT: interrupt"),
    t(SIG_NOTIFY | SIG_THROW, "SIGQUIT: quit"),
    t(SIG_THROW | SIG_UNBLOCK, "SIGILL: illegal instruction"),
    t(SIG_THROW | SIG_UNBLOCK, "SIGTRAP: trace trap"),
    t(SIG_NOTIFY | SIG_THROW, "SIGABRT: abort"),
    t(SIG_PANIC | SIG_UNBLOCK, "SIGBUS: bus error"),
    t(SIG_PANIC | SIG_UNBLOCK, "SIGFPE: floating-point exception"), // :18
    t(0, "SIGKILL: kill"),
    t(SIG_NOTIFY, "SIGUSR1: user-defined signal 1"),
    t(SIG_PANIC | SIG_UNBLOCK, "SIGSEGV: segmentation violation"),
    t(SIG_NOTIFY, "SIGUSR2: user-defined signal 2"),
    t(SIG_NOTIFY, "SIGPIPE: write to broken pipe"),
    t(SIG_NOTIFY, "SIGALRM: alarm clock"),
    t(SIG_NOTIFY | SIG_KILL, "SIGTERM: termination"),
    t(SIG_THROW | SIG_UNBLOCK, "SIGSTKFLT: stack fault"), // :26
    t(SIG_NOTIFY | SIG_UNBLOCK | SIG_IGNORED, "SIGCHLD: child status has changed"),
    t(SIG_NOTIFY | SIG_DEFAULT | SIG_IGNORED, "SIGCONT: continue"),
    t(0, "SIGSTOP: stop, unblockable"),
    t(SIG_NOTIFY | SIG_DEFAULT | SIG_IGNORED, "SIGTSTP: keyboard stop"),
    t(SIG_NOTIFY | SIG_DEFAULT | SIG_IGNORED, "SIGTTIN: background read from tty"),
    t(SIG_NOTIFY | SIG_DEFAULT | SIG_IGNORED, "SIGTTOU: background write to tty"),
    t(SIG_NOTIFY | SIG_IGNORED, "SIGURG: urgent condition on socket"),
    t(SIG_NOTIFY, "SIGXCPU: cpu limit exceeded"), // :34
    t(SIG_NOTIFY, "SIGXFSZ: file size limit exceeded"),
    t(SIG_NOTIFY, "SIGVTALRM: virtual alarm clock"),
    t(SIG_NOTIFY | SIG_UNBLOCK, "SIGPROF: profiling alarm clock"),
    t(SIG_NOTIFY | SIG_IGNORED, "SIGWINCH: window size change"),
    t(SIG_NOTIFY, "SIGIO: i/o now possible"),
    t(SIG_NOTIFY, "SIGPWR: power failure restart"),
    t(SIG_THROW, "SIGSYS: bad system call"),
    t(SIG_SET_STACK | SIG_UNBLOCK, "signal 32"), // :42
    t(SIG_SET_STACK | SIG_UNBLOCK, "signal 33"),
    t(SIG_SET_STACK | SIG_UNBLOCK, "signal 34"),
    t(SIG_NOTIFY, "signal 35"),
    t(SIG_NOTIFY, "signal 36"),
    t(SIG_NOTIFY, "signal 37"),
    t(SIG_NOTIFY, "signal 38"),
    t(SIG_NOTIFY, "signal 39"),
    t(SIG_NOTIFY, "signal 40"), // :50
    t(SIG_NOTIFY, "signal 41"),
    t(SIG_NOTIFY, "signal 42"),
    t(SIG_NOTIFY, "signal 43"),
    t(SIG_NOTIFY, "signal 44"),
    t(SIG_NOTIFY, "signal 45"),
    t(SIG_NOTIFY, "signal 46"),
    t(SIG_NOTIFY, "signal 47"),
    t(SIG_NOTIFY, "signal 48"), // :58
    t(SIG_NOTIFY, "signal 49"),
    t(SIG_NOTIFY, "signal 50"),
    t(SIG_NOTIFY, "signal 51"),
    t(SIG_NOTIFY, "signal 52"),
    t(SIG_NOTIFY, "signal 53"),
    t(SIG_NOTIFY, "signal 54"),
    t(SIG_NOTIFY, "signal 55"),
    t(SIG_NOTIFY, "signal 56"), // :66
    t(SIG_NOTIFY, "signal 57"),
    t(SIG_NOTIFY, "signal 58"),
    t(SIG_NOTIFY, "signal 59"),
    t(SIG_NOTIFY, "signal 60"),
    t(SIG_NOTIFY, "signal 61"),
    t(SIG_NOTIFY, "signal 62"),
    t(SIG_NOTIFY, "signal 63"),
    t(SIG_NOTIFY, "signal 64"), // :74
];
