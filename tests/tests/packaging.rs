//! The packages that could be published are whole: what `cargo package` makes of the workspace.

use gort_tests::{tests_dir, wait};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The files of a package.
fn files(krate: &Path) -> Vec<String> {
    let mut tar = Command::new("tar");
    tar.arg("tzf").arg(krate);
    let o = wait(tar, b"", Duration::from_secs(60));
    o.ok().stdout.lines().filter_map(|l| l.split_once('/')).map(|(_, f)| f.to_string()).collect()
}

/// Every crate can be packaged, with what it depends on, its licence and a page to read; and no
/// file lies outside of its own directory. No package is compiled: `cargo package --workspace` does
/// that, and takes its time.
#[test]
fn workspace() {
    let target = tempfile::tempdir().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "package",
        "--workspace",
        "--no-verify",
        "--allow-dirty",
        "--offline",
        "--target-dir",
    ]);
    cargo.arg(target.path()).current_dir(tests_dir().join(".."));
    wait(cargo, b"", Duration::from_secs(600)).ok();
    let mut names = Vec::new();
    for e in std::fs::read_dir(target.path().join("package")).unwrap().flatten() {
        let name = e.file_name().into_string().unwrap();
        let Some(name) = name.strip_suffix(&format!("-{}.crate", env!("CARGO_PKG_VERSION"))) else {
            continue;
        };
        names.push(name.to_string());
        let files = files(&e.path());
        if ["gort-tests", "gort-bench", "xtask"].contains(&name) {
            continue; // not to be published
        }
        for f in ["LICENSE", "README.md", "Cargo.toml"] {
            assert!(files.iter().any(|x| x == f), "{name} without {f}: {files:?}");
        }
        let more: &[&str] = match name {
            // Compiled into the command.
            "gort-cmd" => &["src/go/runtime.go"],
            "gort-capi" => &["gort.h"],
            _ => &[],
        };
        for f in more {
            assert!(files.iter().any(|x| x == f), "{name} without {f}: {files:?}");
        }
    }
    for name in ["gort", "gort-cmd", "gort-capi", "gort-libgo", "gort-proc", "gort-sync"] {
        assert!(names.iter().any(|n| n == name), "{name}: {names:?}");
    }
}
