//! Gives `libgort.so` its SONAME, as capi/Makefile and cargo-c name it.

fn main() {
    let v = |part: &str| std::env::var(format!("CARGO_PKG_VERSION_{part}")).unwrap_or_default();
    let (major, minor) = (v("MAJOR"), v("MINOR"));
    // Programs run with any later library of the same: until 1.0.0 the minor version counts.
    let abi = if major == "0" { format!("{major}.{minor}") } else { major };
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libgort.so.{abi}");
}
