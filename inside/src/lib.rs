//! Real Go programs on gort's scheduler: the port in the original's place.
//!
//! `gort go ARGS` is the user's own `go ARGS` with a GOROOT in which the functions of proc.go that
//! [`table`] lists have the port's bodies. [`shadow`] makes that GOROOT from the user's; [`source`]
//! finds the functions in Go's text; [`asm`] writes the way between the two languages; `object/` is
//! the port's own sources, compiled a second time (`build.rs`). docs/inside.md has the whole story.

pub mod asm;
pub mod bisect;
pub mod command;
pub mod shadow;
pub mod source;
pub mod table;

/// The port, compiled: what becomes `gort_linux_amd64.syso` in package runtime. Empty in a packaged
/// copy of this crate.
#[cfg(not(no_object))]
pub const OBJECT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/gort.syso"));
/// See above.
#[cfg(no_object)]
pub const OBJECT: &[u8] = &[];

/// The one release whose runtime this is made for.
pub const RELEASE: &str = "go1.23.1";
