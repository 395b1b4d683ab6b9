//! Go programs on gort: the command of this build.

use crate::{tests_dir, wait};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// For a compiler or linker on a busy machine.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);

/// The directory that this test's profile is built in: `target/PROFILE`.
///
/// # Panics
/// If the test binary stands elsewhere.
pub fn profile_dir() -> PathBuf {
    let exe = std::env::current_exe().expect("the test binary's path");
    exe.parent().and_then(Path::parent).expect("target/PROFILE/deps/TEST").to_path_buf()
}

/// The command `gort` of this build, ready for a verb; its cache is the build directory's. `None`, and a line that says so,
/// if there is no gccgo 12. Cargo builds neither the command nor its library for a test of another package, so
/// this does.
///
/// # Panics
/// If they do not build.
pub fn gort_command() -> Option<Command> {
    static READY: OnceLock<bool> = OnceLock::new();
    let dir = profile_dir();
    let ready = READY.get_or_init(|| {
        let gccgo = |g: &str| {
            let v = Command::new(g).arg("-dumpversion").output();
            v.is_ok_and(|o| o.stdout.starts_with(b"12"))
        };
        if !gccgo("gccgo-12") && !gccgo("gccgo") {
            println!("no gccgo 12 on this machine: Go programs are not run on gort");
            return false;
        }
        let mut c = Command::new(env!("CARGO"));
        c.args(["build", "--quiet", "-p", "gort", "-p", "gort-gofront"]).current_dir(tests_dir().join(".."));
        c.arg("--target-dir").arg(dir.parent().expect("target"));
        if dir.ends_with("release") {
            c.arg("--release");
        }
        wait(c, b"", BUILD_LIMIT).ok();
        // The first program would be told that libgo's packages are being prepared, on its standard error.
        let empty = std::env::temp_dir().join(format!("gort-first-{}.go", std::process::id()));
        std::fs::write(&empty, "package main\n\nfunc main() {}\n").expect("written");
        let mut c = command(&dir);
        c.arg("run").arg(&empty);
        wait(c, b"", BUILD_LIMIT).ok();
        let _ = std::fs::remove_file(empty);
        true
    });
    ready.then(|| command(&dir))
}

fn command(dir: &Path) -> Command {
    let mut c = Command::new(dir.join("gort"));
    c.env("XDG_CACHE_HOME", dir.join("goprog-cache")).env("GORT_GOFRONT", dir);
    c
}
