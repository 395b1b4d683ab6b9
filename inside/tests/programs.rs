//! Go programs with the port inside, beside the same ones without; and what is refused.

use gort_inside::command::{self, Options};
use gort_inside::shadow::{self, Set, Shadow};
use gort_inside::source::find;
use gort_inside::table::SWAPS;
use gort_tests::{Outcome, absent, go_command, wait};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Kept between runs: std is built in it.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("gort")
}

/// The user's GOROOT, if there is the one release.
fn goroot() -> Option<PathBuf> {
    let go = go_command()?;
    let o = Command::new(go).args(["env", "GOROOT"]).output().ok()?;
    let root = PathBuf::from(String::from_utf8(o.stdout).ok()?.trim());
    std::fs::read_to_string(root.join("VERSION"))
        .is_ok_and(|v| v.starts_with("go1.23.1\n"))
        .then_some(root)
}

fn options() -> Option<Options> {
    let goroot = goroot();
    if goroot.is_none() {
        absent("Go 1.23.1", "no program has had the port inside");
    }
    goroot.map(|g| Options { goroot: Some(g), ..Options::default() })
}

fn args(a: &[&str]) -> Vec<OsString> {
    a.iter().map(OsString::from).collect()
}

fn prepare(o: &Options, a: &[&str]) -> Result<(Command, Shadow), String> {
    command::prepare(o, &args(a), &cache())
}

fn run(c: Command) -> Outcome {
    wait(c, b"", Duration::from_secs(600))
}

fn build(o: &Options, out: &Path, source: &str) {
    let (mut c, _shadow) = prepare(o, &["build", "-o", out.to_str().unwrap(), source]).unwrap();
    c.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"));
    run(c).ok();
}

/// The last line of a panic has an address in it.
fn without_trace(o: &Outcome) -> String {
    o.stderr.lines().take_while(|l| !l.starts_with("goroutine ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_program_does_the_same() {
    let Some(o) = options() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (inside, plain) = (dir.path().join("inside"), dir.path().join("plain"));
    build(&o, &inside, "programs.go");
    let mut c = Command::new(o.goroot.as_ref().unwrap().join("bin/go"));
    c.args(["build", "-o"])
        .arg(&plain)
        .arg("programs.go")
        .env("GOROOT", o.goroot.as_ref().unwrap());
    c.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"));
    run(c).ok();
    let go = |exe: &Path, procs: u32, godebug: &str| {
        let mut c = Command::new(exe);
        c.env("GOMAXPROCS", procs.to_string()).env("GODEBUG", godebug);
        run(c)
    };
    for procs in [1, 2, 8] {
        let (a, b) = (go(&inside, procs, ""), go(&plain, procs, ""));
        assert_eq!(a.stdout, b.stdout);
        assert_eq!(a.code, b.code);
        assert_eq!(without_trace(&a), without_trace(&b));
        assert!(a.stdout.ends_with("deferred\n") && a.code == 2, "{a:?}");
    }
    let told = go(&inside, 2, "gortinside=1");
    assert!(
        told.stderr.contains(&format!("gort: inside, {} functions\n", SWAPS.len())),
        "{told:?}"
    );
    for other in ["gortinside=0", "xgortinside=1"] {
        assert!(!go(&inside, 2, other).stderr.contains("gort: "));
    }
    assert!(!go(&plain, 2, "gortinside=1").stderr.contains("gort: "));
}

/// Go relies on X15 being zero. The object's code hardly uses it, so that this shows only if the
/// ways in and out spoil it on purpose.
#[test]
fn x15_is_zero_in_go() {
    let Some(mut o) = options() else { return };
    o.poison = true;
    let dir = tempfile::tempdir().unwrap();
    let exe = dir.path().join("poisoned");
    build(&o, &exe, "programs.go");
    let asm = gort_inside::asm::file(gort_inside::asm::Options {
        swapped: &Set::new(None, &[], false).unwrap(),
        count: false,
        poison: true,
    });
    assert!(asm.matches("PCMPEQL X15, X15").count() > SWAPS.len() + 50);
    for procs in ["1", "2", "8"] {
        let mut c = Command::new(&exe);
        c.env("GOMAXPROCS", procs);
        let o = run(c);
        assert!(o.stdout.ends_with("deferred\n") && o.code == 2, "{o:?}");
    }
}

/// The collector may give a goroutine that is in forEachP another stack.
#[test]
fn a_stack_may_move() {
    let Some(o) = options() else { return };
    let dir = tempfile::tempdir().unwrap();
    let exe = dir.path().join("shrink");
    let a = ["build", "-ldflags=-checklinkname=0", "-o", exe.to_str().unwrap(), "."];
    let (mut c, _shadow) = prepare(&o, &a).unwrap();
    c.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shrink"));
    run(c).ok();
    let o = run(Command::new(&exe));
    assert_eq!(o.ok().stdout, "moved 5 times\n");
}

/// A goroutine that does not wait is not made ready, with the tracer on as without it, where Go's
/// own code does it.
#[test]
fn ready_looks_first() {
    let Some(o) = options() else { return };
    let dir = tempfile::tempdir().unwrap();
    let exe = dir.path().join("ready");
    let (mut c, _shadow) = prepare(&o, &["build", "-o", exe.to_str().unwrap(), "."]).unwrap();
    c.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ready"));
    run(c).ok();
    for args in [&[][..], &["trace"][..]] {
        let mut c = Command::new(&exe);
        c.args(args);
        let o = wait(c, b"", Duration::from_secs(60));
        assert!(o.code == 2 && o.stderr.contains("fatal error: bad g->status in ready"), "{o:?}");
    }
}

const SMALL: &str = "package main\n\nfunc main() {\n\tc := make(chan int)\n\tfor i := 0; i < 1000; i++ {\n\t\tgo func() { c <- i }()\n\t}\n\
    \ts := 0\n\tfor i := 0; i < 1000; i++ {\n\t\ts += <-c\n\t}\n\tprintln(s)\n}\n";

/// Any subset links and runs, and its functions are the ones that are called.
#[test]
fn subsets() {
    let Some(mut o) = options() else { return };
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("small.go");
    std::fs::write(&source, SMALL).unwrap();
    o.count = true;
    let strings = |s: &[&str]| s.iter().map(|s| s.to_string()).collect::<Vec<_>>();
    let half: Vec<_> = SWAPS.iter().step_by(2).map(|f| f.name).collect();
    for (only, except) in [
        (Some(strings(&["runqput", "runqget"])), vec![]),
        (Some(vec![]), vec![]),
        (None, strings(&half)),
        (None, vec![]),
    ] {
        (o.only, o.except) = (only, except);
        let exe = dir.path().join("small");
        build(&o, &exe, source.to_str().unwrap());
        let mut c = Command::new(&exe);
        c.env("GODEBUG", "gortinside=1").env("GOMAXPROCS", "2");
        let out = run(c);
        assert!(out.ok().stderr.contains("499500\n"), "{out:?}");
        let set = Set::new(o.only.as_deref(), &o.except, true).unwrap();
        let counted: Vec<_> =
            out.stderr.lines().filter_map(|l| l.strip_prefix("gort: ")?.split_once(' ')).collect();
        let names: Vec<_> =
            counted.iter().filter(|(n, _)| n.parse::<u64>().is_ok()).map(|c| c.1).collect();
        assert_eq!(names.iter().copied().collect::<std::collections::BTreeSet<_>>(), set.swapped);
        if set.has("runqput") {
            let n: u64 = counted.iter().find(|c| c.1 == "runqput").unwrap().0.parse().unwrap();
            assert!(n >= 1000, "{out:?}");
        }
    }
    // The same set once more is the same shadow; two that make it at a time get the same.
    let fresh = tempfile::tempdir().unwrap();
    let root = o.goroot.clone().unwrap();
    let set = Set::new(None, &[], false).unwrap();
    let paths: Vec<_> = std::thread::scope(|s| {
        let all: Vec<_> =
            (0..4).map(|_| s.spawn(|| shadow::make(&root, &set, fresh.path()))).collect();
        all.into_iter().map(|t| t.join().unwrap().unwrap()).collect()
    });
    let first = paths[0].path();
    assert!(
        paths
            .iter()
            .all(|p| p.path() == first && first.join("src/runtime/gort_linux_amd64.syso").exists())
    );
    let dirs = || {
        let all = std::fs::read_dir(fresh.path().join("inside")).unwrap().flatten();
        all.filter(|e| e.path().is_dir()).count()
    };
    assert_eq!(dirs(), 2);
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(first.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    // No file is the user's own, and all packages are there.
    use std::os::unix::fs::MetadataExt as _;
    for f in ["bin/go", "pkg/tool/linux_amd64/compile", "src/fmt/print.go", "VERSION"] {
        let (a, b) = (first.join(f).metadata().unwrap(), root.join(f).metadata().unwrap());
        assert!(a.is_file() && (a.dev(), a.ino()) != (b.dev(), b.ino()), "{f}");
        assert!(
            !first.join(f).is_symlink() && !first.join(f).parent().unwrap().is_symlink(),
            "{f}"
        );
    }
    // Old ones go, but for those in use.
    for f in SWAPS.iter().take(14) {
        shadow::make(
            &root,
            &Set::new(Some(&[f.name.to_string()]), &[], false).unwrap(),
            fresh.path(),
        )
        .unwrap();
    }
    assert!(first.exists());
    assert_eq!(dirs(), 1 + 12 + 1);
}

/// Each function of the table is in Go's source, and in the order of the file.
#[test]
fn the_table_is_of_this_release() {
    let Some(o) = options() else { return };
    let text = std::fs::read_to_string(o.goroot.unwrap().join("src/runtime/proc.go")).unwrap();
    let mut last = 0;
    for f in SWAPS {
        let at = find(&text, f.name).unwrap_or_else(|| panic!("no {}", f.name)).head.start;
        assert!(at > last, "{} stands before the one above it", f.name);
        last = at;
    }
}

#[test]
fn refused() {
    let refuse = |o: &Options, a: &[&str], what: &[&str]| {
        let e = prepare(o, a).unwrap_err();
        assert!(what.iter().all(|w| e.contains(w)), "{a:?}: {e}");
    };
    let dir = tempfile::tempdir().unwrap();
    let mut o = Options { goroot: Some(dir.path().to_path_buf()), ..Options::default() };
    refuse(&o, &["build"], &["no Go is there", "go1.23.1"]);
    std::fs::write(dir.path().join("VERSION"), "go1.22.6\ntime 2024-07-30\n").unwrap();
    refuse(&o, &["build"], &["go1.22.6", "go1.23.1", dir.path().to_str().unwrap()]);
    for flag in ["-race", "--msan", "-asan=true"] {
        refuse(
            &o,
            &["test", "-short", flag, "./..."],
            &[flag.trim_matches('-').trim_end_matches("=true")],
        );
        refuse(&o, &["run", "-o", "x", flag, "x.go"], &["hooks"]);
        // The program's own.
        refuse(&o, &["run", "x.go", flag], &["go1.22.6"]);
        refuse(&o, &["test", ".", "-args", flag], &["go1.22.6"]);
    }
    let Some(real) = options() else { return };
    o = real;
    o.only = Some(vec!["runqputt".into()]);
    refuse(&o, &["build"], &["runqputt", "no function"]);
}

/// docs/inside.md has every function of proc.go once, and those of the table as Rust.
#[test]
fn every_function_has_a_place() {
    let Some(o) = options() else { return };
    let text = std::fs::read_to_string(o.goroot.unwrap().join("src/runtime/proc.go")).unwrap();
    let name = |line: &str| {
        let rest = line.strip_prefix("func ")?;
        let (receiver, rest) = match rest.strip_prefix('(') {
            Some(r) => r.split_once(") ")?,
            None => ("", rest),
        };
        let name = rest.split_once('(')?.0;
        let receiver = receiver.rsplit(' ').next()?.trim_start_matches('*');
        Some(if receiver.is_empty() { name.to_string() } else { format!("{receiver}.{name}") })
    };
    let go: std::collections::BTreeSet<String> = text.lines().filter_map(name).collect();
    let doc =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/inside.md")).unwrap();
    let doc = doc.split_once("## Who is whose").unwrap().1;
    let mut told = std::collections::BTreeSet::new();
    for (i, group) in doc.split("\n* **").skip(1).enumerate() {
        let names: Vec<_> =
            group.split_once("**:").unwrap().1.split('`').skip(1).step_by(2).collect();
        if i == 0 {
            assert_eq!(names, SWAPS.iter().map(|f| f.name).collect::<Vec<_>>());
            assert!(group.starts_with(&format!("Rust ({})", SWAPS.len())));
        }
        for n in names {
            assert!(told.insert(n.to_string()), "{n} twice");
        }
    }
    assert_eq!(told, go);
}
