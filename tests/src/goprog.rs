//! Go programs on both systems: the command `gort` of this build, and executables made by real Go.

use crate::{absent, go_command, tests_dir, wait};
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

/// The command `gort` of this build, ready for a verb; its cache is the build directory's. `None`,
/// and a line that says so, if there is no gccgo 12. Cargo builds neither the command nor its
/// library for a test of another package, so this does.
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
            absent("gccgo 12", "Go programs are not run on gort");
            return false;
        }
        let mut c = Command::new(env!("CARGO"));
        c.args(["build", "--quiet", "-p", "gort-cmd", "-p", "gort-libgo"])
            .current_dir(tests_dir().join(".."));
        c.arg("--target-dir").arg(dir.parent().expect("target"));
        if dir.ends_with("release") {
            c.arg("--release");
        }
        wait(c, b"", BUILD_LIMIT).ok();
        // The first program would be told that libgo's packages are being prepared, on its standard
        // error.
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
    c.env("XDG_CACHE_HOME", dir.join("goprog-cache")).env("GORT_LIBGO", dir);
    c
}

/// Compiles Go programs, each a package main of one file, with real Go, all in one go; returns the
/// directory of the executables, which have the files' names without `.go`. `None` without Go.
///
/// # Panics
/// If Go is there but one of them does not compile.
pub fn go_build_files(files: &[PathBuf]) -> Option<PathBuf> {
    let go = go_command()?;
    // Kept, so that the next time only what has changed is linked again.
    let release = std::env::var("GORT_GO_LINE").unwrap_or("1.23".into());
    let other = if std::env::var_os("GORT_OTHER_GO").is_some() { "-other" } else { "" };
    let dir = profile_dir().join(format!("go-corpus{other}"));
    let (src, bin) = (dir.join("src"), dir.join("bin"));
    let _ = std::fs::remove_dir_all(&src);
    let mut c = Command::new(go);
    // The language of gccgo 12.
    c.args(["build", "-gcflags=-lang=go1.18", "-ldflags=-w", "-o"]).arg(&bin).current_dir(&src);
    c.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=mod").env("CGO_ENABLED", "0");
    std::fs::create_dir_all(&bin).expect("a directory");
    for f in files {
        // One directory for each, as they are all package main.
        let name = f.file_stem().expect("a file");
        std::fs::create_dir_all(src.join(name)).expect("a directory");
        std::fs::copy(f, src.join(name).join(f.file_name().expect("a file"))).expect("copied");
        c.arg(format!("./{}", name.to_string_lossy()));
    }
    let module = format!("module corpus\n\ngo {release}\n");
    std::fs::write(src.join("go.mod"), module).expect("written");
    wait(c, b"", BUILD_LIMIT).ok();
    Some(bin)
}
