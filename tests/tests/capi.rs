//! The C examples, compiled with cc against the static and the shared library, and run.

use gort_tests::{absent, tests_dir, there_is, wait};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Until 1.0.0 the minor version is part of it.
const SONAME: &str =
    concat!("libgort.so.", env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));

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
        let file = PathBuf::from(file.unwrap_or_else(|| panic!("no libgort.a\n{o}")));
        let dir = file.parent().expect("a folder");
        // Programs ask for it by its SONAME.
        let _ = std::os::unix::fs::symlink("libgort.so", dir.join(SONAME));
        dir.into()
    })
    .clone()
}

/// Compiles `DIR/NAME.c` with these options besides; None without a C compiler.
fn compile(dir: &str, name: &str, options: &[&str], link: &[&str]) -> Option<PathBuf> {
    if !there_is("cc") {
        absent("C compiler", "the examples in C are not run");
        return None;
    }
    let root = tests_dir().parent().expect("a parent").to_path_buf();
    let lib = libraries();
    let kind = if link[0].ends_with("static") { "a" } else { "so" };
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let exe =
        std::env::temp_dir().join(format!("gort-c-{name}-{kind}-{}-{number}", std::process::id()));
    // In two steps, as options for the code may mean something else to the linker.
    let object = exe.with_extension("o");
    let mut cmd = Command::new("cc");
    cmd.args(["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"]).args(options);
    cmd.arg("-I").arg(root.join("capi")).arg("-c").arg("-o").arg(&object);
    cmd.arg(root.join(format!("{dir}/{name}.c")));
    wait(cmd, b"", Duration::from_secs(300)).ok();
    let mut cmd = Command::new("cc");
    cmd.arg("-o").arg(&exe).arg(&object).arg("-L").arg(&lib).args(link);
    cmd.arg(format!("-Wl,-rpath,{}", lib.display()));
    wait(cmd, b"", Duration::from_secs(300)).ok();
    let _ = std::fs::remove_file(object);
    Some(exe)
}

const STATIC: &[&str] =
    &["-Wl,-Bstatic", "-lgort", "-Wl,-Bdynamic", "-lgcc_s", "-lpthread", "-ldl", "-lm"];
/// For code on segmented stacks. Linked with the option, gcc's own runtime of split stacks would
/// come along.
const SPLIT: &[&str] =
    &["-std=gnu11", "-O1", "-fsplit-stack", "-fexceptions", "-Wno-infinite-recursion"];
const SHARED: &[&str] = &["-lgort"];

fn run(name: &str, link: &[&str], args: &[&str], expected: &str) {
    let link: Vec<&str> = if link == STATIC { link.to_vec() } else { SHARED.to_vec() };
    let Some(exe) = compile("examples/c", name, &[], &link) else { return };
    for procs in ["1", "2", "4"] {
        let mut cmd = Command::new(&exe);
        cmd.args(args).env("GOMAXPROCS", procs).env_remove("GODEBUG").env_remove("GOTRACEBACK");
        wait(cmd, b"", Duration::from_secs(60)).ok().stdout_is(expected);
    }
    let _ = std::fs::remove_file(exe);
}

const PRIMES: &str = "2\n3\n5\n7\n11\n13\n17\n19\n23\n29\n31\n37\n";
const COLLECTOR: &str = "started: 27
freed most: yes, kept all: yes
suspended: yes, stands still: yes
no such goroutine: yes
select: 1 -1 0 7 1
try: 0 1 1 0 1
";

#[test]
fn sieve_static() {
    run("sieve", STATIC, &["12"], PRIMES);
}

#[test]
fn sieve_shared() {
    run("sieve", SHARED, &["12"], PRIMES);
}

#[test]
fn collector_static() {
    run("collector", STATIC, &[], COLLECTOR);
}

#[test]
fn collector_shared() {
    run("collector", SHARED, &[], COLLECTOR);
}

/// C on segmented stacks: what passes from one segment to the next, for calls, results, exceptions
/// and goroutines that park there. With segments of every kind: as they are, freed at once, and one
/// for each call.
#[test]
fn segments() {
    let Some(exe) = compile("tests/c", "segments", SPLIT, STATIC) else { return };
    for (mode, depth) in [("", "100000"), ("free", "20000"), ("tight", "10000")] {
        for procs in ["1", "2", "8"] {
            let mut cmd = Command::new(&exe);
            cmd.arg(depth).env("GOMAXPROCS", procs).env("GORTSPLIT", mode);
            cmd.env_remove("GODEBUG").env_remove("GOTRACEBACK");
            wait(cmd, b"", Duration::from_secs(300)).ok().stdout_is("right\n");
        }
    }
    let _ = std::fs::remove_file(exe);
}

/// The end of a segmented stack, in Go's words, with a traceback from the newest segment to the
/// oldest.
#[test]
fn segments_overflow() {
    let Some(exe) = compile("tests/c", "segments", SPLIT, STATIC) else { return };
    let mut cmd = Command::new(&exe);
    cmd.arg("overflow").env_remove("GODEBUG").env_remove("GOTRACEBACK");
    let o = wait(cmd, b"", Duration::from_secs(300));
    let o = o
        .exited(2)
        .stderr_has("runtime: goroutine stack exceeds 1000000000-byte limit\nruntime: sp=0x");
    let o = o
        .stderr_has("\nfatal error: stack overflow\n\nruntime stack:\n")
        .stderr_has("\nendless(...)\n\t");
    o.stderr_has(" frames elided...\n")
        .stderr_has("\nendless_main(...)\n\t")
        .stderr_has("\ngort_goexit(...)\n");
    let _ = std::fs::remove_file(exe);
}

/// Timers, descriptors, panics, package sync.
#[test]
fn api() {
    for link in [STATIC, SHARED] {
        let Some(exe) = compile("tests/c", "api", &["-fexceptions"], link) else { return };
        for procs in ["1", "2", "8"] {
            let mut cmd = Command::new(&exe);
            cmd.env("GOMAXPROCS", procs).env_remove("GODEBUG").env_remove("GOTRACEBACK");
            wait(cmd, b"", Duration::from_secs(120)).ok().stdout_is("right\n");
        }
        let _ = std::fs::remove_file(exe);
    }
}

/// What C gets wrong is told in Go's words.
#[test]
fn mistakes() {
    const NIL: &str = "panic: runtime error: invalid memory address or nil pointer dereference: ";
    let nil = |what: &str| format!("{NIL}{what}");
    let Some(exe) = compile("tests/c", "api", &["-fexceptions"], STATIC) else { return };
    for (mistake, says) in [
        ("panic", "panic: no bread\n\ngoroutine 1 [running]:\n".to_string()),
        ("panic_null", "panic: nil\n".into()),
        ("go_null", "fatal error: go of nil func value\n".into()),
        ("run_null", "fatal error: gort: gort_run of a null function\n".into()),
        ("mutex_null", nil("gort_mutex_lock\n")),
        ("waitgroup_null", nil("gort_waitgroup_wait\n")),
        ("cond_null", nil("gort_cond_wait: null mutex\n")),
        ("once_null", nil("gort_once_do: null f\n")),
        ("timer_null", nil("gort_timer_stop: null timer\n")),
        ("after_func_null", nil("gort_after_func: null f\n")),
        ("ticker_0", "panic: non-positive interval for NewTicker\n".into()),
        ("ticker_reset", "panic: non-positive interval for Ticker.Reset\n".into()),
        ("send_null", nil("send of a null element\n")),
        ("close_null", "panic: close of nil channel\n".into()),
        ("select_null", nil("gort_select: null cases\n")),
        ("select_many", "panic: gort_select: too many cases (max 32767)\n".into()),
        ("select_timeout_null", nil("gort_select_timeout: null cases\n")),
        ("select_timeout_closed", "panic: send on closed channel\n".into()),
        ("send_timeout_null", nil("send of a null element\n")),
        ("local_null", nil("gort_local_set: null local\n")),
        ("fd_null", nil("gort_fd_open: null out\n")),
        ("recover_null", nil("gort_recover: null f\n")),
        ("chan_size", "panic: makechan: size out of range\n".into()),
        ("chan_memory", "fatal error: out of memory\n".into()),
        ("chan_element", "fatal error: makechan: invalid channel element type\n".into()),
        (
            "version_newer",
            "fatal error: gort: compiled with gort.h 0.2.0, but libgort is 0.1.0\n".into(),
        ),
        (
            "version_major",
            "fatal error: gort: compiled with gort.h 1.1.0, but libgort is 0.1.0\n".into(),
        ),
        ("recv_null_for_ever", "fatal error: all goroutines are asleep - deadlock!\n".into()),
    ] {
        let mut cmd = Command::new(&exe);
        cmd.arg(mistake).env_remove("GODEBUG").env_remove("GOTRACEBACK");
        let o = wait(cmd, b"", Duration::from_secs(60));
        assert!(o.code == 2 && o.stderr.starts_with(&says), "{mistake}: {says}\n{o}");
    }
    for (end, code) in [("exit_3", 3), ("nothing", 0), ("version_patch", 0)] {
        let mut cmd = Command::new(&exe);
        cmd.arg(end);
        let o = wait(cmd, b"", Duration::from_secs(60));
        assert!(o.code == code && o.stderr.is_empty(), "{end}\n{o}");
    }
    let _ = std::fs::remove_file(exe);
}

/// `make install` into a folder of its own: what is there, and that all examples in C are compiled
/// with nothing but `pkg-config`, against the shared library and against the static one, and run.
#[test]
fn install() {
    for tool in ["make", "cc", "pkg-config", "objcopy", "readelf"] {
        if !there_is(tool) {
            return absent(tool, "gort is not installed for C");
        }
    }
    let root = tests_dir().parent().expect("a parent").to_path_buf();
    let built = libraries();
    let stage = tempfile::tempdir().expect("a folder");
    let prefix = stage.path().join("usr");
    let make = |target: &str| {
        let mut cmd = Command::new("make");
        cmd.arg("-C")
            .arg(root.join("capi"))
            .arg(target)
            .arg(format!("PREFIX={}", prefix.display()));
        cmd.arg(if cfg!(debug_assertions) { "PROFILE=dev" } else { "PROFILE=release" });
        cmd.env("CARGO", env!("CARGO"))
            .env("CARGO_TARGET_DIR", built.parent().expect("target"))
            .env_remove("MAKEFLAGS");
        wait(cmd, b"", Duration::from_secs(1800)).ok();
    };
    make("install");
    let lib = prefix.join("lib");
    let full = format!("libgort.so.{}", env!("CARGO_PKG_VERSION"));
    for file in [
        "libgort.a",
        "libgort.so",
        SONAME,
        &full,
        &format!(".debug/{full}.debug"),
        "pkgconfig/gort.pc",
    ] {
        assert!(lib.join(file).is_file(), "{file}");
    }
    let tool = |name: &str, args: &[&str]| {
        let mut cmd = Command::new(name);
        cmd.args(args).current_dir(&lib).env("PKG_CONFIG_PATH", lib.join("pkgconfig"));
        wait(cmd, b"", Duration::from_secs(60)).ok().stdout.clone()
    };
    let dynamic = tool("readelf", &["-d", "libgort.so"]);
    assert!(dynamic.contains(&format!("soname: [{SONAME}]")), "{dynamic}");
    let sections = tool("readelf", &["-SW", "libgort.so"]);
    assert!(sections.contains(".gnu_debuglink") && !sections.contains(".debug_info"), "{sections}");
    let debug = tool("readelf", &["-SW", &format!(".debug/{full}.debug")]);
    assert!(debug.contains(".debug_info"), "{debug}");
    assert_eq!(tool("pkg-config", &["--modversion", "gort"]).trim(), env!("CARGO_PKG_VERSION"));

    // All examples, whichever there are.
    let flags = tool("pkg-config", &["--cflags", "--libs", "gort"]);
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let private = tool("pkg-config", &["--static", "--libs-only-l", "gort"]);
    let archive = lib.join("libgort.a").display().to_string();
    let mut fully = vec![format!("-I{}", prefix.join("include").display()), archive];
    fully.extend(private.split_whitespace().filter(|l| *l != "-lgort").map(String::from));
    let mut examples = 0;
    for e in std::fs::read_dir(root.join("examples/c")).expect("examples").flatten() {
        let source = e.path();
        let name = source.file_stem().expect("a name").to_string_lossy().into_owned();
        if source.extension().is_none_or(|x| x != "c") {
            continue;
        }
        examples += 1;
        let flags: Vec<String> = flags.iter().map(|s| s.to_string()).collect();
        for (kind, flags) in [("shared", &flags), ("static", &fully)] {
            let exe = stage.path().join(format!("{name}-{kind}"));
            let mut cc = Command::new("cc");
            cc.args(["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O2", "-o"])
                .arg(&exe)
                .arg(&source);
            cc.args(flags);
            wait(cc, b"", Duration::from_secs(120)).ok();
            let needed = tool("readelf", &["-d", exe.to_str().expect("UTF-8")])
                .contains(&format!("[{SONAME}]"));
            assert_eq!(needed, kind == "shared", "{name} {kind}");
            let mut cmd = Command::new(&exe);
            if name == "sieve" {
                cmd.arg("12");
            }
            cmd.env("LD_LIBRARY_PATH", &lib).env_remove("GODEBUG").env_remove("GOTRACEBACK");
            let o = wait(cmd, b"", Duration::from_secs(60));
            match name.as_str() {
                "sieve" => o.ok().stdout_is(PRIMES),
                "collector" => o.ok().stdout_is(COLLECTOR),
                _ => o.ok(),
            };
        }
    }
    assert!(examples >= 2);
    make("uninstall");
    let left: Vec<_> =
        std::fs::read_dir(&lib).expect("lib").flatten().filter(|e| e.path().is_file()).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A report of a program that uses the installed library names the program's functions and none of
/// the library's, whose debug information is elsewhere.
#[test]
fn stripped_library_in_reports() {
    for tool in ["cc", "objcopy"] {
        if !there_is(tool) {
            return absent(tool, "no library is stripped");
        }
    }
    let Some(exe) = compile("tests/c", "api", &["-g", "-fexceptions"], SHARED) else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let mut cmd = Command::new("objcopy");
    cmd.arg("--strip-debug").arg(libraries().join("libgort.so")).arg(dir.path().join(SONAME));
    wait(cmd, b"", Duration::from_secs(60)).ok();
    for (mistake, says) in
        [("panic", "panic: no bread"), ("close_null", "panic: close of nil channel")]
    {
        let mut cmd = Command::new(&exe);
        // The folder of the search path is asked before that of the rpath's RUNPATH.
        cmd.arg(mistake)
            .env("LD_LIBRARY_PATH", dir.path())
            .env_remove("GODEBUG")
            .env_remove("GOTRACEBACK");
        let o = wait(cmd, b"", Duration::from_secs(60));
        let o = o.exited(2).stderr_has(says).stderr_has("\nerrs(...)\n\t").stderr_has("api.c:");
        let lines = o.stderr.lines().filter(|l| l.ends_with("(...)")).count();
        assert_eq!(lines, 1, "{o}");
    }
    let _ = std::fs::remove_file(exe);
}

/// Functions that are called where they may not be end the program and say why.
#[test]
fn misuse() {
    let Some(exe) = compile("tests/c", "misuse", &[], STATIC) else { return };
    for place in ["before", "thread", "blocking"] {
        for name in [
            "blocking_begin",
            "blocking_end",
            "goroutine_exit",
            "stop_the_world",
            "for_each_goroutine",
            "suspend",
            "go",
            "gosched",
            "sleep",
            "chan_send",
            "select",
        ] {
            let says = match (place, name) {
                ("blocking", "blocking_end") => continue, // that is its place
                ("blocking", _) => "fatal error: gort: operation inside of gort::blocking",
                (_, "goroutine_exit" | "for_each_goroutine") => {
                    "fatal error: gort: operation outside of a goroutine"
                }
                // These wait for the main goroutine, which waits for the thread.
                ("thread", "select" | "stop_the_world") => continue,
                (_, "select") => "fatal error: all goroutines are asleep - deadlock!\n",
                _ => "",
            };
            let mut cmd = Command::new(&exe);
            cmd.args([place, name]).env_remove("GODEBUG").env_remove("GOTRACEBACK");
            let o = wait(cmd, b"", Duration::from_secs(60));
            let code = if says.is_empty() { 0 } else { 2 };
            assert!(o.code == code && o.stderr.starts_with(says), "{place} {name}\n{o}");
            if place == "blocking" || name == "goroutine_exit" || name == "for_each_goroutine" {
                let unnamed = o.stderr.contains(": operation, on thread ");
                assert!(!unnamed && o.stderr.contains(", on thread "), "{place} {name}\n{o}");
            }
        }
    }
    let _ = std::fs::remove_file(exe);
}

/// Threads of C's own call in (`new_thr`), a host program starts the runtime beside its own main
/// loop.
#[test]
fn foreign() {
    for link in [STATIC, SHARED] {
        let Some(exe) = compile("tests/c", "foreign", &[], link) else { return };
        for (mode, says) in [
            ("send", "3\n"),
            ("blk", "3\n"),
            ("go", "3\n"),
            ("try", "1\n3\n"),
            ("second", "3\n"),
            ("early", "0\n3\n"),
            ("earlygo", "3\n"),
            ("twice", "nested\n"),
            ("host", "4950 1 1 100\n"),
        ] {
            for procs in ["1", "2", "8"] {
                if procs == "1" && matches!(mode, "send" | "go" | "try") {
                    continue; // the main goroutine keeps the only processor while it joins the thread
                }
                let mut cmd = Command::new(&exe);
                cmd.arg(mode)
                    .env("GOMAXPROCS", procs)
                    .env_remove("GODEBUG")
                    .env_remove("GOTRACEBACK");
                let o = wait(cmd, b"", Duration::from_secs(60));
                assert!(o.code == 0 && o.stdout == says, "{mode} {procs}\n{o}");
            }
        }
        // Nobody sends: the main thread waits for the end of the one that is in gort_run.
        for procs in ["1", "2", "8"] {
            let mut cmd = Command::new(&exe);
            cmd.arg("asleep").env("GOMAXPROCS", procs);
            cmd.env_remove("GODEBUG").env_remove("GOTRACEBACK");
            wait(cmd, b"", Duration::from_secs(60)).exited(2).stderr_has(
                "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\n",
            );
        }
        let mut cmd = Command::new(&exe);
        cmd.arg("late").env_remove("GODEBUG").env_remove("GOTRACEBACK");
        wait(cmd, b"", Duration::from_secs(60)).exited(2).stderr_has(
            "fatal error: gort: operation after shutdown: send on a channel, on thread ",
        );
        let _ = std::fs::remove_file(exe);
    }
}

/// A C program that knows the library by dlopen only; the thread that has loaded it stays, or ends.
#[test]
fn dlopen() {
    let Some(exe) = compile("tests/c", "dlopen", &[], &["-ldl"]) else { return };
    for thread in ["main", "thread"] {
        for procs in ["1", "2", "8"] {
            let mut cmd = Command::new(&exe);
            cmd.arg(libraries().join("libgort.so")).arg(thread).env("GOMAXPROCS", procs);
            cmd.env_remove("GODEBUG").env_remove("GOTRACEBACK");
            wait(cmd, b"", Duration::from_secs(60)).ok().stdout_is("385\nstill there\n");
        }
    }
    let _ = std::fs::remove_file(exe);
}

/// `gort::start` from a library that a host in C has loaded: tests/examples/plugin.rs.
#[test]
fn plugin() {
    let Some(exe) = compile("tests/c", "plugin", &[], &["-ldl"]) else { return };
    let mut cmd = Command::new(env!("CARGO"));
    cmd.args(["build", "--quiet", "--offline", "-p", "gort-tests", "--example", "plugin"]);
    cmd.arg("--message-format=json").current_dir(tests_dir());
    if !cfg!(debug_assertions) {
        cmd.arg("--release");
    }
    let o = wait(cmd, b"", Duration::from_secs(1200));
    let lib = o
        .ok()
        .stdout
        .split('"')
        .find(|s| s.ends_with("libplugin.so"))
        .unwrap_or_else(|| panic!("{o}"));
    for round in 0..20 {
        let mut cmd = Command::new(&exe);
        cmd.arg(lib).env_remove("GODEBUG").env_remove("GOTRACEBACK");
        let o = wait(cmd, b"", Duration::from_secs(60));
        assert_eq!(o.ok().stdout, "385 2706800\n1\nthe host goes on\n", "{round} {o}");
        assert!(o.stderr.contains("panic: of the plugin"), "{o}");
    }
    let _ = std::fs::remove_file(exe);
}

/// Python loads the library with ctypes (dlopen), and its threads call in.
#[test]
fn ctypes() {
    if !there_is("python3") {
        absent("python3", "the library has not been loaded by ctypes");
        return;
    }
    const PROGRAM: &str = r#"
import ctypes, sys, threading
gort = ctypes.CDLL(sys.argv[1])
gort.gort_chan_make.restype = ctypes.c_void_p
gort.gort_chan_make.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
for f in (gort.gort_chan_send, gort.gort_chan_recv): f.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_long)]
ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
gort.gort_start()
c = gort.gort_chan_make(8, 0)
sums = []
@ENTRY
def on_a_goroutine(arg):
    sums.append(arg)
gort.gort_call(on_a_goroutine, 42)
def send(n):
    gort.gort_chan_send(c, ctypes.byref(ctypes.c_long(n)))
threads = [threading.Thread(target=send, args=(n,)) for n in range(20)]
for t in threads: t.start()
v = ctypes.c_long()
total = 0
for _ in threads:
    gort.gort_chan_recv(c, ctypes.byref(v))
    total += v.value
for t in threads: t.join()
gort.gort_shutdown()
print(sums, total)
"#;
    for procs in ["1", "2", "8"] {
        let mut cmd = Command::new("python3");
        cmd.arg("-c").arg(PROGRAM).arg(libraries().join("libgort.so")).env("GOMAXPROCS", procs);
        wait(cmd, b"", Duration::from_secs(60)).ok().stdout_is("[42] 190\n");
    }
}

/// The header is C++ too, and stands alone.
#[test]
fn header() {
    for (compiler, std, ext) in [("cc", "-std=c99", "c"), ("c++", "-std=c++11", "cc")] {
        if !there_is(compiler) {
            absent(compiler, "it has not read the header");
            continue;
        }
        let file = std::env::temp_dir().join(format!("gort-header-{}.{ext}", std::process::id()));
        std::fs::write(&file, "#include \"gort.h\"\n#include \"gort.h\"\ngort_mutex m;\n")
            .expect("written");
        let mut cmd = Command::new(compiler);
        cmd.args([std, "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-I"]);
        cmd.arg(tests_dir().parent().expect("a parent").join("capi")).arg(&file);
        wait(cmd, b"", Duration::from_secs(60)).ok();
        let _ = std::fs::remove_file(file);
    }
}

/// Every function of the header is in the shared library, and nothing else but the debugger's
/// table: the rest is hidden (capi/src/hidden.rs). In the static library it is the same for what
/// links it into a library of its own.
#[test]
fn symbols() {
    let root = tests_dir().parent().expect("a parent").to_path_buf();
    if !there_is("nm") {
        return absent("nm", "the library's symbols are not compared with the header");
    }
    let mut cmd = Command::new("nm");
    cmd.args(["-D", "--defined-only"]).arg(libraries().join("libgort.so"));
    let nm = wait(cmd, b"", Duration::from_secs(60)).ok().stdout.clone();
    let mut exported: Vec<&str> = nm.lines().filter_map(|l| l.split(' ').next_back()).collect();
    exported.retain(|n| *n != "gort_gdb");
    let header = std::fs::read_to_string(root.join("capi/gort.h")).expect("the header");
    let mut declared = Vec::new();
    // A declaration begins in the first column and has its name before the first parenthesis.
    for l in
        header.lines().filter(|l| l.ends_with(");") && !l.starts_with([' ', '*', '#', '/', '}']))
    {
        let before = l.replace("GORT_NORETURN ", "");
        let before = before.split('(').next().expect("the part before the parenthesis").to_string();
        declared.push(before.rsplit([' ', '*']).next().expect("a name").to_string());
    }
    exported.sort_unstable();
    declared.sort_unstable();
    assert_eq!(declared, exported);
    assert!(declared.len() >= 35, "{declared:?}");
}

/// Of the reports: adv_errno. gcc keeps the address that the C library's function for errno
/// returns.
#[test]
fn adv_errno() {
    for (options, link) in [(&["-O2"], STATIC), (&["-O1"], SHARED)] {
        let Some(exe) = compile("tests/c", "adv_errno", options, link) else { return };
        for procs in ["1", "2", "8"] {
            let mut cmd = Command::new(&exe);
            cmd.env("GOMAXPROCS", procs).env_remove("GODEBUG").env_remove("GOTRACEBACK");
            wait(cmd, b"", Duration::from_secs(120))
                .ok()
                .stdout_is("errno not EBADF after close(-1): 0 of 800000\n");
        }
        let _ = std::fs::remove_file(exe);
    }
}

/// A trace that a program in C records of itself.
#[test]
fn trace() {
    use gort_tracereader::event::Kind;
    for link in [STATIC, SHARED] {
        let Some(exe) = compile("tests/c", "trace", &[], link) else { return };
        let file = exe.with_extension("trace");
        let mut cmd = Command::new(&exe);
        cmd.arg(&file).env_remove("GORT_TRACE");
        wait(cmd, b"", Duration::from_secs(60)).ok();
        let trace = std::fs::read(&file).unwrap();
        gort_tracereader::validate::check(&trace[..]).unwrap();
        let mut r = gort_tracereader::Reader::new(&trace[..]).unwrap();
        let mut n = std::collections::HashMap::new();
        while let Some(e) = r.read_event().unwrap() {
            *n.entry(e.kind()).or_insert(0) += 1;
        }
        let kinds = [Kind::TaskBegin, Kind::TaskEnd, Kind::RegionBegin, Kind::RegionEnd, Kind::Log];
        assert_eq!(kinds.map(|k| n.get(&k).copied().unwrap_or(0)), [2, 2, 3, 3, 4]);
        _ = std::fs::remove_file(file);
        _ = std::fs::remove_file(exe);
    }
}

/// Profiles that a program in C takes of itself, as `go tool pprof` reads them.
#[test]
fn profile() {
    for link in [STATIC, SHARED] {
        let Some(exe) = compile("tests/c", "profile", &[], link) else { return };
        let dir = tempfile::tempdir().unwrap();
        let mut cmd = Command::new(&exe);
        cmd.arg(dir.path()).env_remove("GORT_CPUPROFILE").env_remove("GORT_BLOCKPROFILE");
        wait(cmd, b"", Duration::from_secs(60)).ok();
        for (name, kind, func) in [
            ("cpu", "Type: cpu", "spins"),
            ("block", "Type: delay", "receives"),
            ("goroutine", "Type: goroutine", "run"),
            ("thread", "Type: goroutine", "thread"),
        ] {
            let file = dir.path().join(name);
            assert!(std::fs::read(&file).unwrap().starts_with(&[0x1f, 0x8b]), "{name}");
            let Some(go) = gort_tests::go_command() else {
                absent("Go 1.23", "profiles of C programs are not looked into");
                continue;
            };
            let mut pprof = Command::new(go);
            pprof.args(["tool", "pprof", "-top", "-nodefraction=0"]).arg(file);
            let o = pprof.output().unwrap();
            let top = String::from_utf8_lossy(&o.stdout);
            let there = top.lines().any(|l| l.split_whitespace().nth(5) == Some(func));
            assert!(top.contains(kind) && there, "{name}: {top}");
        }
        _ = std::fs::remove_file(exe);
    }
}
