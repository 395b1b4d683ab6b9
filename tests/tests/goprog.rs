//! Go programs: compiled by gccgo and run on gort, they write what real Go makes them write.
//!
//! `tests/golden/prog/NAME.txt` has what Go 1.23.1 gave: standard output, standard error up to the tracebacks, exit status.
//! Where Go is installed it runs too, and must still agree. `GORT_RECORD=1` records anew. Without gccgo 12 the tests say so
//! and pass.

use gort_tests::{Outcome, go_command, tests_dir, wait};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(300);

/// The directory that this test's profile is built in, and the command `gort` there, with its library. Cargo builds
/// neither for a test of another package.
fn gort() -> Option<(PathBuf, PathBuf)> {
    static GORT: OnceLock<Option<(PathBuf, PathBuf)>> = OnceLock::new();
    GORT.get_or_init(|| {
        let gccgo = |g: &str| {
            let v = Command::new(g).arg("-dumpversion").output();
            v.is_ok_and(|o| o.stdout.starts_with(b"12"))
        };
        if !gccgo("gccgo-12") && !gccgo("gccgo") {
            println!("no gccgo 12 on this machine: Go programs are not tested");
            return None;
        }
        let exe = std::env::current_exe().expect("the test binary's path");
        let dir = exe.parent().and_then(Path::parent).expect("target/PROFILE/deps/TEST").to_path_buf();
        let mut c = Command::new(env!("CARGO"));
        c.args(["build", "--quiet", "-p", "gort", "-p", "gort-gofront"]).current_dir(tests_dir().join(".."));
        c.arg("--target-dir").arg(dir.parent().expect("target"));
        if dir.ends_with("release") {
            c.arg("--release");
        }
        wait(c, b"", Duration::from_secs(1800)).ok();
        Some((dir.join("gort"), dir))
    })
    .clone()
}

/// A run: arguments, standard input, environment.
#[derive(Clone, Copy, Default)]
struct Case {
    args: &'static [&'static str],
    stdin: &'static str,
    procs: u32,
    godebug: &'static str,
}

fn command(exe: &Path, case: Case) -> Command {
    let mut c = Command::new(exe);
    c.env("GOPROG", "value").env_remove("GOTRACEBACK").env_remove("GODEBUG");
    if !case.godebug.is_empty() {
        c.env("GODEBUG", case.godebug);
    }
    if case.procs != 0 {
        c.env("GOMAXPROCS", case.procs.to_string());
    }
    c
}

/// What is compared: of standard error what precedes the stacks, with addresses made equal.
fn report(o: &Outcome) -> String {
    let mut err = String::new();
    for l in o.stderr.lines().take_while(|l| !l.starts_with("goroutine ")) {
        if l.starts_with("exit status ") {
            continue;
        }
        match l.split_once(" pc=") {
            Some((before, _)) if l.starts_with("[signal") => err += &format!("{before} pc=PC]\n"),
            _ => err += &format!("{l}\n"),
        }
    }
    format!("{}-- stderr\n{err}-- exit {}\n", o.stdout, o.code)
}

/// Real Go's program.
fn with_go(file: &str) -> Option<PathBuf> {
    let go = go_command()?;
    static ONE: Mutex<()> = Mutex::new(());
    let _one_at_a_time = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let exe = std::env::temp_dir().join(format!("gort-goprog-{file}-{}", std::process::id()));
    if !exe.exists() {
        let mut c = Command::new(go);
        c.args(["build", "-o"]).arg(&exe).arg(format!("{file}.go")).current_dir(tests_dir().join("go/prog"));
        c.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=mod");
        wait(c, b"", LIMIT).ok();
    }
    Some(exe)
}

fn check(name: &str, file: &str, case: Case) {
    let Some((gort, dir)) = gort() else { return };
    let path = tests_dir().join(format!("golden/prog/{name}.txt"));
    let real = with_go(file).map(|exe| {
        let mut c = command(&exe, case);
        c.args(case.args);
        report(&wait(c, case.stdin.as_bytes(), LIMIT))
    });
    if std::env::var_os("GORT_RECORD").is_some() {
        let real = real.as_ref().expect("recording needs Go");
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("golden/prog");
        std::fs::write(&path, real).expect("written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut c = command(&gort, case);
    c.arg("run").arg(tests_dir().join(format!("go/prog/{file}.go"))).args(case.args);
    c.env("XDG_CACHE_HOME", dir.join("goprog-cache")).env("GORT_GOFRONT", &dir);
    let mut o = wait(c, case.stdin.as_bytes(), LIMIT);
    // Said once, by whoever comes first.
    let rest =
        o.stderr.split_once('\n').filter(|(l, _)| l.starts_with("gort: preparing")).map(|(_, r)| r.into());
    o.stderr = rest.unwrap_or(o.stderr);
    assert_eq!(report(&o), golden, "gort and the golden file of {name}\n{o}");
    if let Some(real) = real {
        assert_eq!(real, golden, "Go and the golden file of {name}");
    }
}

macro_rules! programs {
    ($($name:ident: $file:literal $case:expr;)*) => { $(
        #[test]
        fn $name() {
            check(stringify!($name), $file, $case);
        }
    )* };
}

const PLAIN: Case = Case { args: &[], stdin: "", procs: 0, godebug: "" };
const ONE: Case = Case { procs: 1, ..PLAIN };
const FOUR: Case = Case { procs: 4, ..PLAIN };

programs! {
    lang: "lang" PLAIN;
    panics: "panics" PLAIN;
    panics_one: "panics" ONE;
    maps: "maps" PLAIN;
    chans: "chans" PLAIN;
    chans_one: "chans" ONE;
    chans_four: "chans" FOUR;
    syncs: "syncs" PLAIN;
    syncs_one: "syncs" ONE;
    syncs_four: "syncs" FOUR;
    reflects: "reflects" PLAIN;
    std: "std" Case { args: &["a", "-b"], ..PLAIN };
    inout: "inout" Case { args: &["x", "--", "-y"], stdin: "one two\nthree\n", ..PLAIN };
    network: "network" PLAIN;
    network_one: "network" ONE;
    loops: "loops" PLAIN;
}

macro_rules! uncaught {
    ($($name:ident $arg:literal;)*) => { $(
        #[test]
        fn $name() {
            check(stringify!($name), "uncaught", Case { args: &[$arg], ..PLAIN });
        }
    )* };
}

uncaught! {
    uncaught_string "string";
    uncaught_int "int";
    uncaught_float "float";
    uncaught_bool "bool";
    uncaught_named "named";
    uncaught_namedstring "namedstring";
    uncaught_error "error";
    uncaught_errorsnew "errorsnew";
    uncaught_error_panics "errorpanics";
    uncaught_error_panics_type "errorpanicstype";
    uncaught_stringer "stringer";
    uncaught_complex "complex";
    uncaught_nil "nil";
    uncaught_runtime "runtime";
    uncaught_index "index";
    uncaught_nilptr "nilptr";
    uncaught_again "again";
    uncaught_chain "chain";
    uncaught_rune "rune";
    uncaught_goroutine "goroutine";
    uncaught_deadlock "deadlock";
    uncaught_deadlock_nil "deadlock2";
    uncaught_exit "exit";
    uncaught_divide "divide";
    uncaught_typeassert "typeassert";
    uncaught_wrapped "mapwrite";
}

/// Before Go 1.21 `panic(nil)` was a panic with nothing in it.
#[test]
fn uncaught_nil_as_it_was() {
    check("uncaught_nil_as_it_was", "uncaught", Case { args: &["nil"], godebug: "panicnil=1", ..PLAIN });
}

/// A name that nothing provides is an error of the linker, and says so; a program that does not compile says why.
#[test]
fn errors() {
    let Some((gort, dir)) = gort() else { return };
    let tmp = std::env::temp_dir().join(format!("gort-goprog-errors-{}", std::process::id()));
    std::fs::create_dir_all(&tmp).expect("a folder");
    let run = |name: &str, text: &str| {
        let f = tmp.join(name);
        std::fs::write(&f, text).expect("written");
        let mut c = command(&gort, PLAIN);
        c.arg("run").arg(&f).env("XDG_CACHE_HOME", dir.join("goprog-cache")).env("GORT_GOFRONT", &dir);
        wait(c, b"", LIMIT)
    };
    run("syntax.go", "package main\nfunc main() { x := 1 }\n").exited(1).stderr_has("declared but not used");
    let o = run("missing.go", "package main\nfunc missing()\nfunc main() { missing() }\n");
    o.exited(1).stderr_has("main.missing");
    let mut c = command(&gort, PLAIN);
    c.args(["run", "no-such-file.go"]);
    wait(c, b"", LIMIT).exited(1).stderr_has("no-such-file.go: No such file");
    let _ = std::fs::remove_dir_all(tmp);
}
