//! What is no business of C's stays inside of `libgort.so`.
//!
//! The crates below call each other upwards by the linker's names (`runtime2::linkname`), and rustc exports from a shared library
//! whatever has such a name. The assembler can say what Rust cannot: of all mentions of a symbol the most restricted one counts.
//! The test `symbols` (tests/tests/capi.rs) says which names are missing here.

macro_rules! hidden {
    ($($name:literal,)*) => { $(
        core::arch::global_asm!(concat!(".globl ", $name, "\n.hidden ", $name));
    )* };
}

hidden! {
    "__morestack_allocate_stack_space",
    "gort.badmcall",
    "gort.badmcall2",
    "gort.badsystemstack",
    "gort.can_preempt_m",
    "gort.clear_signal_handlers",
    "gort.crash",
    "gort.deadlockgraph",
    "gort.entersyscallblock",
    "gort.exitsyscall",
    "gort.fatal",
    "gort.foreign_enter",
    "gort.foreign_leave",
    "gort.gcenable",
    "gort.goexit1",
    "gort.gopreempt_m",
    "gort.host_start",
    "gort.initsig",
    "gort.lock",
    "gort.main_main",
    "gort.mdestroy",
    "gort.minit",
    "gort.mpreinit",
    "gort.msigrestore",
    "gort.mstart0",
    "gort.netpoll",
    "gort.netpoll_adjust_waiters",
    "gort.netpoll_any_waiters",
    "gort.netpoll_break",
    "gort.netpoll_generic_init",
    "gort.netpollinited",
    "gort.newsegment",
    "gort.oldsegment",
    "gort.preempt_m",
    "gort.preempt_park",
    "gort.preemptall",
    "gort.preemptone",
    "gort.print_args",
    "gort.printlock",
    "gort.run_exit_hooks",
    "gort.schedtrace",
    "gort.semacquire",
    "gort.semrelease1",
    "gort.sigblock",
    "gort.sigsave",
    "gort.sysmon",
    "gort.throw",
    "gort.time_sleep_until",
    "gort.timerchandrain",
    "gort.timers_check",
    "gort.timers_check_bubble",
    "gort.timers_drain",
    "gort.timers_take",
    "gort.timers_wake_time",
    "gort.trace_advance",
    "gort.unlock",
    "gort.unminit",
}
