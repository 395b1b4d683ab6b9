//! Links `gort-hello` as Go links its programs: statically, where the system has the C library for
//! that.
//!
//! The workload `startup` compares it with a Go program that has no dynamic linker to wait for.
//! Cargo can link statically only a whole target (`-C target-feature=+crt-static`, which build
//! scripts and macros do not survive without `--target`), not one program. So the linker gets a
//! directory in which it finds archives by the names that rustc asks for as shared libraries.
//! `GORT_HELLO=dynamic` leaves the program as Cargo makes it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What rustc links with on this target besides `gcc_s`.
const LIBRARIES: [&str; 6] = ["util", "rt", "pthread", "m", "dl", "c"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=GORT_HELLO");
    if std::env::var_os("GORT_HELLO").is_some_and(|v| v == "dynamic") {
        return;
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    match archives(&out.join("static")) {
        Some(dir) => {
            println!("cargo:rustc-link-arg-bin=gort-hello=-static-pie");
            println!("cargo:rustc-link-arg-bin=gort-hello=-L{}", dir.display());
        }
        None => println!(
            "cargo:warning=no static C library here: gort-hello is linked dynamically, and starts later"
        ),
    }
}

/// Fills `dir` with an archive for each library; none if one is missing.
fn archives(dir: &Path) -> Option<PathBuf> {
    let _ = std::fs::remove_dir_all(dir);
    std::fs::create_dir_all(dir).ok()?;
    for name in LIBRARIES {
        std::os::unix::fs::symlink(archive(name)?, dir.join(format!("lib{name}.a"))).ok()?;
    }
    // The unwinder that libgcc_s has is in two archives, and needs the C library.
    let group = ["gcc_eh", "gcc", "c"].iter().map(|n| Some(archive(n)?.display().to_string()));
    let group = group.collect::<Option<Vec<_>>>()?.join(" ");
    std::fs::write(dir.join("libgcc_s.a"), format!("GROUP ( {group} )\n")).ok()?;
    Some(dir.into())
}

/// Where the C compiler finds `lib{name}.a`, if it does.
fn archive(name: &str) -> Option<PathBuf> {
    let out = Command::new("cc").arg(format!("-print-file-name=lib{name}.a")).output().ok()?;
    let path = PathBuf::from(String::from_utf8(out.stdout).ok()?.trim());
    path.is_absolute().then_some(path)
}
