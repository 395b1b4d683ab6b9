//! Bugs on purpose in a build with `--cfg gort_planted`, for the test that a comparison with Go
//! finds them. No other build has any of this.

use std::ffi::OsString;
use std::sync::OnceLock;

/// Whether this is the bug that the environment variable `GORT_PLANTED` names. A name that is
/// nowhere in the code shows by the comparison's success.
pub fn is(name: &str) -> bool {
    static ON: OnceLock<Option<OsString>> = OnceLock::new();
    // The first to ask is the start of the runtime, on its first thread.
    ON.get_or_init(|| std::env::var_os("GORT_PLANTED")).as_ref().is_some_and(|on| on == name)
}
