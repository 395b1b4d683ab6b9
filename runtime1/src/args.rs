//! The program's arguments and environment, copied once at start.

use gort_runtime2::linkname::throw;
use std::sync::OnceLock;

static ARGSLICE: OnceLock<Vec<String>> = OnceLock::new();
static ENVS: OnceLock<Vec<String>> = OnceLock::new();

/// Copies the arguments. Calls after the first do nothing.
///
/// Go: runtime1.go:72 goargs
pub fn goargs() {
    // :76 std keeps argc and argv
    ARGSLICE.get_or_init(|| std::env::args_os().map(|s| s.to_string_lossy().into_owned()).collect());
}

/// The arguments; empty before [`goargs`].
pub fn argslice() -> &'static [String] {
    ARGSLICE.get().map_or(&[], |v| v.as_slice())
}

/// Copies the environment, while there are no other threads. Calls after the first do nothing.
///
/// Go: runtime1.go:82 goenvs_unix
pub fn goenvs() {
    // :86
    ENVS.get_or_init(|| {
        std::env::vars_os()
            .map(|(mut k, v)| {
                // :93
                k.push("=");
                k.push(v);
                k.to_string_lossy().into_owned()
            })
            .collect()
    });
}

/// The environment as it was at [`goenvs`]; `None` before.
///
/// Go: runtime1.go:97 environ
pub fn environ() -> Option<&'static [String]> {
    // :98
    ENVS.get().map(|v| v.as_slice())
}

/// The value of an environment variable at the start of the program. Go returns an empty string for what is not
/// set; here that is `None`.
///
/// Go: env_posix.go:9 gogetenv
pub fn gogetenv(key: &str) -> Option<String> {
    // :10
    let Some(env) = environ() else { throw("getenv before env init") };
    // :14 envKeyEqual folds case on Windows only
    for s in env {
        if s.len() > key.len() && s.as_bytes()[key.len()] == b'=' && s.starts_with(key) {
            // :16
            return Some(s[key.len() + 1..].to_string());
        }
    }
    None
}
