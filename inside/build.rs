//! Compiles `object/` to one relocatable object and checks what it asks of others.
//!
//! The sources are those of the crates beside this one. In a packaged copy of this crate they are not there: then there is no
//! object, and `gort go` says so.

use object::read::archive::ArchiveFile;
use object::{Object as _, ObjectSymbol as _};
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(no_object)");
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    let linux = std::env::var("TARGET").is_ok_and(|t| t == "x86_64-unknown-linux-gnu");
    if !here.join("../proc/src/runq.rs").exists() || !linux {
        println!("cargo::rustc-cfg=no_object");
        return;
    }
    if let Err(e) = build(&here, &out) {
        eprintln!("{e}");
        exit(1)
    }
}

fn build(here: &Path, out: &Path) -> Result<(), String> {
    println!("cargo::rerun-if-changed=object");
    let lib = out.join("libgort_inside_object.a");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let deps = out.join("object.d");
    let mut c = Command::new(rustc);
    c.args(["--edition", "2024", "--crate-name", "gort_inside_object", "--crate-type", "staticlib"]);
    // One module without unwinding or frames that a debugger needs, so that what is left is small; the frame pointers are Go's habit.
    c.args([
        "-Copt-level=3",
        "-Cpanic=abort",
        "-Ccodegen-units=1",
        "-Clto=fat",
        "-Cforce-frame-pointers=yes",
    ]);
    c.args(["-Cforce-unwind-tables=no", "-Crelocation-model=pic", "-Cdebuginfo=0"]);
    c.args(["--cfg", "gort_inside", "--target", "x86_64-unknown-linux-gnu"]);
    c.arg(format!("--emit=link={},dep-info={}", lib.display(), deps.display()))
        .arg(here.join("object/lib.rs"));
    c.current_dir(here.join("object"));
    let o = c.output().map_err(|e| format!("rustc: {e}"))?;
    if !o.status.success() {
        return Err(String::from_utf8_lossy(&o.stderr).into_owned());
    }
    // The sources of other crates that it consists of.
    for line in std::fs::read_to_string(&deps).map_err(|e| e.to_string())?.lines() {
        if let Some(file) = line.strip_suffix(':') {
            println!("cargo::rerun-if-changed={file}");
        }
    }

    // The member that has all of it: the others are parts of the compiler's runtime, of which nothing may be needed.
    let data = std::fs::read(&lib).map_err(|e| e.to_string())?;
    let archive = ArchiveFile::parse(&*data).map_err(|e| e.to_string())?;
    let mut found = None;
    for m in archive.members() {
        let m = m.map_err(|e| e.to_string())?;
        if m.name().starts_with(b"gort_inside_object.") {
            if found.is_some() {
                return Err("two objects".into());
            }
            found = Some(m.data(&*data).map_err(|e| e.to_string())?);
        }
    }
    let object = found.ok_or("no object in the archive")?;
    for s in object::File::parse(object).map_err(|e| e.to_string())?.symbols() {
        let name = s.name().unwrap_or_default();
        if s.is_undefined()
            && !name.is_empty()
            && !name.starts_with("gort_go_")
            && !name.starts_with("runtime.")
        {
            return Err(format!("the object needs {name}"));
        }
    }
    std::fs::write(out.join("gort.syso"), object).map_err(|e| e.to_string())
}
