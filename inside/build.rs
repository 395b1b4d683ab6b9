//! Compiles `object/` to one relocatable object and checks what it asks of others.
//!
//! The sources are those of the crates beside this one. In a packaged copy of this crate they are
//! not there: then there is no object, and `gort go` says so.

mod compile;

use std::path::PathBuf;
use std::process::exit;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=compile.rs");
    println!("cargo::rustc-check-cfg=cfg(no_object)");
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    let linux = std::env::var("TARGET").is_ok_and(|t| t == "x86_64-unknown-linux-gnu");
    if !here.join("../proc/src/runq.rs").exists() || !linux {
        println!("cargo::rustc-cfg=no_object");
        return;
    }
    // Its files, not the directory, which the compiler's temporary files change: all would be made
    // anew each time.
    let made = compile::compile(&here, &out, None).and_then(|(object, sources)| {
        for s in sources {
            println!("cargo::rerun-if-changed={}", s.display());
        }
        std::fs::write(out.join("gort.syso"), object).map_err(|e| e.to_string())
    });
    if let Err(e) = made {
        eprintln!("{e}");
        exit(1)
    }
}
