//! C++ exceptions on goroutines, and C code with large frames, compiled with c++ and cc against the
//! static and the shared library.

use gort_tests::{absent, tests_dir, there_is, wait};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Builds the libraries, as this test was built; the folder where they are.
fn libraries() -> PathBuf {
    static DIR: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    DIR.get_or_init(|| {
        let mut cmd = Command::new(env!("CARGO"));
        cmd.args(["build", "--quiet", "--offline", "-p", "gort-capi", "--message-format=json"]);
        if !cfg!(debug_assertions) {
            cmd.arg("--release");
        }
        cmd.current_dir(tests_dir());
        let o = wait(cmd, b"", Duration::from_secs(1200));
        let file = o.ok().stdout.split('"').find(|s| s.ends_with("/libgort.a"));
        PathBuf::from(file.unwrap_or_else(|| panic!("no libgort.a\n{o}")))
            .parent()
            .expect("a folder")
            .into()
    })
    .clone()
}

const STATIC: &[&str] =
    &["-Wl,-Bstatic", "-lgort", "-Wl,-Bdynamic", "-lgcc_s", "-lpthread", "-ldl", "-lm"];
const SHARED: &[&str] = &["-lgort"];

/// Compiles `tests/c/NAME`; None without the compiler.
fn compile(cc: &str, name: &str, number: &str, options: &[&str], link: &[&str]) -> Option<PathBuf> {
    if !there_is(cc) {
        absent(cc, "its programs are not run");
        return None;
    }
    let (tests, lib) = (tests_dir(), libraries());
    let exe = std::env::temp_dir().join(format!("gort-{}-{number}", std::process::id()));
    let mut cmd = Command::new(cc);
    cmd.args(["-Wall", "-Wextra", "-Werror", "-g"])
        .args(options)
        .arg("-I")
        .arg(tests.join("../capi"));
    cmd.arg("-o").arg(&exe).arg(tests.join("c").join(name)).arg("-L").arg(&lib).args(link);
    cmd.arg(format!("-Wl,-rpath,{}", lib.display()));
    wait(cmd, b"", Duration::from_secs(300)).ok();
    Some(exe)
}

fn run(exe: &Path, procs: &str) -> gort_tests::Outcome {
    let mut cmd = Command::new(exe);
    cmd.env("GOMAXPROCS", procs).env_remove("GODEBUG").env_remove("GOTRACEBACK");
    wait(cmd, b"", Duration::from_secs(120))
}

/// The C++ runtime's list of caught exceptions and its count of uncaught ones go with the goroutine
/// (new_exc).
#[test]
fn exceptions() {
    let own_runtime = [STATIC, &["-static-libstdc++"]].concat();
    for (number, link) in [("exc-a", STATIC), ("exc-s", SHARED), ("exc-o", &own_runtime)] {
        let Some(exe) = compile("c++", "exceptions.cpp", number, &["-std=c++17", "-O2"], link)
        else {
            return;
        };
        for procs in ["1", "2", "8"] {
            run(&exe, procs).ok().stdout_is("wrong: 0\n");
        }
        let _ = std::fs::remove_file(exe);
    }
}

/// Frames of up to 64 KiB do not step over the guard (adv_guard_step): all of it is an overflow.
#[test]
fn guard() {
    for frame in ["100", "9000", "30000", "60000"] {
        let define = format!("-DFRAME={frame}");
        let options = ["-O1", "-fno-stack-clash-protection", "-Wno-infinite-recursion", &define];
        let Some(exe) = compile("cc", "guard.c", &format!("guard-{frame}"), &options, STATIC)
        else {
            return;
        };
        for mode in ["", "mprotect"] {
            let mut cmd = Command::new(&exe);
            cmd.env("GORTGUARD", mode).env_remove("GODEBUG").env_remove("GOTRACEBACK");
            let o = wait(cmd, b"", Duration::from_secs(120));
            o.exited(2).stdout_is("");
            o.stderr_has("runtime: goroutine stack exceeds 262144-byte limit\n");
            o.stderr_has("fatal error: stack overflow\n").stderr_has("\ndeep(...)\n");
        }
        let _ = std::fs::remove_file(exe);
    }
}
