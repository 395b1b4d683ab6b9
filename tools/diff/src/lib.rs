//! The same Go program on real Go and on gort: what `gort diff`, the tests and the development
//! tasks share.
//!
//! | module | what |
//! |---|---|
//! | [`golang`] | finds a Go 1.23 and compiles with it |
//! | [`process`] | runs a command with a time limit |
//! | [`normalise`] | takes out of outputs what legitimately differs |
//! | [`compare`] | what the runs of both sides gave, as sets, and what follows |
//! | [`show`] | two texts side by side |

pub mod compare;
pub mod golang;
pub mod normalise;
pub mod process;
pub mod show;
