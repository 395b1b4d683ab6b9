//! Go's signal_unix.go, signal_linux_amd64.go: signal handling.
//!
//! | module | what | Go |
//! |---|---|---|
//! | [`signal_unix`] | installing handlers, `sigtramp`, `sighandler`, signal stacks and masks | signal_unix.go |
//! | [`sigqueue`] | signals on their way to os/signal | sigqueue.go |
//! | [`minit`] | an M's thread gets its signal stack, mask and id | os_linux.go:374–403 |
//! | [`sigtab`] | what to do with each signal | sigtab_linux_generic.go |
//! | [`sigctxt`] | the interrupted registers | signal_linux_amd64.go, signal_amd64.go |
//! | [`fault`] | reports of faults in native code, stack overflow among them | the outcomes of `sigpanic` and `newstack` |
//! | [`sys`] | system calls | os_linux.go |

pub mod fault;
pub mod minit;
pub mod sigctxt;
pub mod signal_unix;
pub mod sigqueue;
pub mod sigtab;
pub mod sys;

pub use signal_unix::*;
pub use sigqueue::{
    signal_disable, signal_enable, signal_ignore, signal_ignored, signal_recv,
    signal_wait_until_idle,
};
