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
    ARGSLICE
        .get_or_init(|| std::env::args_os().map(|s| s.to_string_lossy().into_owned()).collect());
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
        let mut envs = std::env::vars_os()
            .map(|(mut k, v)| {
                // :93
                k.push("=");
                k.push(v);
                k.to_string_lossy().into_owned()
            })
            .collect();
        // proc.go:834 a step of schedinit in Go; here the copy does not change once it is made
        secure(&mut envs);
        envs
    });
}

/// Whether the program runs with more rights than its user (setuid): it shall not tell what is in
/// its memory.
///
/// Go: security_linux.go:13 isSecureMode
#[doc(alias = "isSecureMode")]
pub fn is_secure_mode() -> bool {
    // :14
    // SAFETY: reads a value that the kernel gave the process.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Go: security_unix.go:13 secure
fn secure(envs: &mut Vec<String>) {
    // :16
    if !is_secure_mode() {
        return;
    }
    // :26
    secure_env(envs);
}

/// Sets GOTRACEBACK to none.
///
/// Go: security_unix.go:29 secureEnv
#[doc(alias = "secureEnv")]
pub fn secure_env(envs: &mut Vec<String>) {
    // :30
    let mut has_traceback = false;
    for e in envs.iter_mut() {
        // :32
        if e.starts_with("GOTRACEBACK=") {
            has_traceback = true;
            *e = "GOTRACEBACK=none".into();
        }
    }
    // :37
    if !has_traceback {
        envs.push("GOTRACEBACK=none".into());
    }
}

/// The environment as it was at [`goenvs`]; `None` before.
///
/// Go: runtime1.go:97 environ
pub fn environ() -> Option<&'static [String]> {
    // :98
    ENVS.get().map(|v| v.as_slice())
}

/// The value of an environment variable at the start of the program. Go returns an empty string for
/// what is not set; here that is `None`.
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
