//! The `clippy.toml` for users: clippy reads it, and finds what it is to find.

use gort_tests::{absent, there_is, wait};
use std::process::Command;
use std::time::Duration;

const MANIFEST: &str =
    "[package]\nname = \"example\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";

const EXAMPLE: &str = "\
use std::cell::Cell;
use std::sync::{LazyLock, Mutex};
thread_local! { static N: Cell<u32> = const { Cell::new(0) }; }
static L: LazyLock<u32> = LazyLock::new(|| 1);
fn main() {
    let m = Mutex::new(*L);
    std::thread::sleep(std::time::Duration::from_millis(1));
    N.with(|n| n.set(1));
    N.set(2);
    std::thread::scope(|_| ());
    println!(\"{m:?}\");
    #[expect(clippy::disallowed_methods)]
    std::thread::park_timeout(std::time::Duration::ZERO);
}
";

#[test]
fn finds_what_blocks() {
    if !there_is("cargo-clippy") {
        return absent("clippy", "the clippy.toml for users is not tried");
    }
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("src")).expect("a folder");
    std::fs::write(dir.path().join("Cargo.toml"), MANIFEST).expect("written");
    std::fs::write(dir.path().join("src/main.rs"), EXAMPLE).expect("written");
    let config = gort_tests::tests_dir().join("../gort/clippy");
    let mut cmd = Command::new(env!("CARGO"));
    cmd.args(["clippy", "--offline", "--quiet", "--message-format=short"]).current_dir(dir.path());
    cmd.env("CLIPPY_CONF_DIR", config).env("CARGO_TARGET_DIR", dir.path().join("target"));
    let o = wait(cmd, b"", Duration::from_secs(300));
    o.ok();
    let found: Vec<&str> =
        o.stderr.lines().filter_map(|l| l.strip_prefix("src/main.rs:")).collect();
    let expected = [
        "2:17: warning: use of a disallowed type `std::sync::LazyLock`",
        "2:27: warning: use of a disallowed type `std::sync::Mutex`",
        "4:11: warning: use of a disallowed type `std::sync::LazyLock`",
        "4:27: warning: use of a disallowed type `std::sync::LazyLock`",
        "6:13: warning: use of a disallowed type `std::sync::Mutex`",
        "7:5: warning: use of a disallowed method `std::thread::sleep`",
        "8:7: warning: use of a disallowed method `std::thread::LocalKey::with`",
        "9:7: warning: use of a disallowed method `std::thread::LocalKey::set`",
        "10:5: warning: use of a disallowed method `std::thread::scope`",
    ];
    assert_eq!(found, expected, "{o}");
    // Nothing else: no complaint about the file itself.
    assert!(!o.stderr.contains("error") && !o.stderr.contains("clippy.toml"), "{o}");
}
