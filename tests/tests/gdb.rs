//! `tools/gdb/gort-gdb.py` on a live program and on its core file.

use gort::sync::Mutex;
use gort::{chan, go, runtime};
use gort_tests::{Outcome, absent, tests_dir, wait};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const CHILD: &str = "GORT_TEST_GDB";

/// Where the debugger stops.
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn gort_test_stop() {
    // SAFETY: does nothing; no inlined call stands here for gdb to show as the innermost frame.
    unsafe { std::arch::asm!("nop") };
}

/// Where the process dies, for a core file.
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn gort_test_stop_for_good() {
    // SAFETY: an illegal instruction, by design.
    unsafe { std::arch::asm!("ud2") };
}

#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn gort_test_waits_for_a_value(c: &gort::Chan<i32>) {
    std::hint::black_box(c.recv());
}

#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn gort_test_waits_for_a_lock(m: &Mutex<i32>) {
    std::hint::black_box(*m.lock());
}

#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn gort_test_never_runs() {
    std::hint::black_box(());
}

/// Goroutine 1 stops here; 5 waits for a channel, 6 for a mutex, 7 is ready to run.
fn program() {
    let c = chan::<i32>(0);
    let c2 = c.clone();
    go(move || gort_test_waits_for_a_value(&c2));
    let m = Arc::new(Mutex::new(1));
    let m2 = m.clone();
    let held = m.lock();
    go(move || gort_test_waits_for_a_lock(&m2));
    for _ in 0..10 {
        runtime::gosched();
    }
    go(|| gort_test_never_runs());
    if std::env::var(CHILD).is_ok_and(|v| v == "die") {
        gort_test_stop_for_good();
    }
    gort_test_stop();
    drop(held);
    c.send(1);
    println!("the end");
}

/// Runs gdb with the script and these commands on this test binary; None if there is no gdb with
/// Python.
fn gdb(test: &str, core: Option<&PathBuf>, commands: &[&str]) -> Option<Outcome> {
    let has_python =
        Command::new("gdb").args(["--batch", "-nx", "-ex", "python print(6 * 7)"]).output();
    if !has_python.is_ok_and(|o| String::from_utf8_lossy(&o.stdout).contains("42")) {
        absent("gdb with Python", "the script has not been tried");
        return None;
    }
    let exe = std::env::current_exe().expect("the test binary's path");
    let script = tests_dir().parent().expect("a parent").join("tools/gdb/gort-gdb.py");
    let mut cmd = Command::new("gdb");
    cmd.args(["--batch", "-nx", "-ex", "set debuginfod enabled off", "-ex", "set width 0", "-ex"]);
    cmd.arg(format!("source {}", script.display()));
    for c in commands {
        cmd.args(["-ex", c]);
    }
    match core {
        Some(core) => cmd.arg(exe).arg(core),
        None => {
            cmd.arg("--args").arg(exe).args([test, "--exact", "--nocapture", "--test-threads=1"])
        }
    };
    cmd.env(CHILD, test).env("GOMAXPROCS", "1").env_remove("GODEBUG").env_remove("GOTRACEBACK");
    let o = wait(cmd, b"", Duration::from_secs(180));
    if o.stderr.contains("Could not trace the inferior")
        || o.stderr.contains("ptrace: Operation not permitted")
    {
        println!("no process may be debugged here: the script has not been tried");
        return None;
    }
    Some(o)
}

/// What a program that stands in `gort_test_stop` must look like.
fn check(o: &Outcome) {
    let line = |start: &str| {
        let found = o.stdout.lines().find(|l| l.starts_with(start));
        found.unwrap_or_else(|| panic!("no line {start:?}\n{o}")).to_string()
    };
    assert!(line("* 1 [running] LWP ").contains("gort_test_stop"), "{o}");
    assert!(line("  5 [chan receive] ").contains("gort_test_waits_for_a_value"), "{o}");
    assert!(line("  6 [sync.Mutex.Lock] ").contains("gort_test_waits_for_a_lock"), "{o}");
    assert!(line("  7 [runnable] ").contains("enter"), "{o}");
    line("  2 [force gc (idle)] ");
    // The stacks, from the switch to the root.
    let stack = |start: &str| -> Vec<String> {
        let from = o
            .stdout
            .split(&format!("\n{start}"))
            .nth(1)
            .unwrap_or_else(|| panic!("no {start:?}\n{o}"));
        from.lines().skip(1).take_while(|l| l.starts_with('#')).map(str::to_string).collect()
    };
    for (start, function) in [
        ("goroutine 5 [chan receive]:", "gort_test_waits_for_a_value"),
        ("goroutine 6 [sync.Mutex.Lock]:", "gort_test_waits_for_a_lock"),
    ] {
        let s = stack(start);
        assert!(s[0].contains(" in gort_mcall"), "{s:#?}\n{o}");
        assert!(s.iter().any(|l| l.contains(function)), "{s:#?}\n{o}");
        assert!(s.last().is_some_and(|l| l.contains(" in gort_goexit")), "{s:#?}\n{o}");
    }
    let s = stack("goroutine 1 [running]:");
    assert!(s[0].contains("gort_test_stop"), "{s:#?}\n{o}");
    assert!(s.last().is_some_and(|l| l.contains(" in gort_goexit")), "{s:#?}\n{o}");
    // The selected thread and frame are what they were.
    let last = o.stdout.lines().rfind(|l| l.starts_with("#0  ")).unwrap_or_default();
    assert!(last.contains("gort_test_stop"), "{o}");
    assert!(!o.stderr.contains("Python Exception"), "{o}");
}

const LOOK: [&str; 4] = ["info goroutines", "goroutine all bt", "goroutine 5 bt", "frame"];

#[test]
fn live() {
    if std::env::var(CHILD).is_ok() {
        gort::run_main(program);
    }
    let mut commands = vec!["set breakpoint pending on", "break gort_test_stop", "run"];
    commands.extend(LOOK);
    commands.extend(["goroutine 99 bt", "continue"]);
    let Some(o) = gdb("live", None, &commands) else { return };
    check(&o);
    assert!(o.stderr.contains("no goroutine 99"), "{o}");
    // And it goes on as if nothing had happened.
    assert!(o.stdout.contains("the end"), "{o}");
    assert!(o.stdout.contains("exited normally"), "{o}");
}

#[test]
fn core_file() {
    if std::env::var(CHILD).is_ok() {
        gort::run_main(program);
    }
    let core = std::env::temp_dir().join(format!("gort-gdb-{}.core", std::process::id()));
    let generate = format!("generate-core-file {}", core.display());
    let guard = "set environment GORTGUARD=mprotect";
    let commands =
        ["set breakpoint pending on", guard, "break gort_test_stop", "run", &generate, "kill"];
    let Some(o) = gdb("core_file", None, &commands) else { return };
    assert!(core.exists(), "{o}");
    let o = gdb("core_file", Some(&core), &LOOK);
    let _ = std::fs::remove_file(&core);
    check(&o.expect("gdb is there"));
}

/// A goroutine that has called on another stack: a thread's, which is above its own, and one below.
#[test]
fn both_ways_between_stacks() {
    if std::env::var(CHILD).is_ok() {
        #[inline(never)]
        extern "C" fn gort_test_elsewhere() {
            let here = 0u8;
            // SAFETY: the current M's goroutine, which waits.
            let stack = unsafe { (*(*(*gort_proc::getg()).m).curg.ptr()).stack };
            println!(
                "the goroutine is {}",
                if stack.lo > &raw const here as usize { "above" } else { "below" }
            );
            gort_test_stop();
        }
        unsafe extern "C" fn elsewhere(_: *mut std::ffi::c_void) {
            gort_test_elsewhere();
        }
        gort::run_main(|| {
            // SAFETY: what is called is short, and does not block; the second stack is made for it.
            unsafe {
                gort_proc::systemstack(|| gort_test_elsewhere());
                const SIZE: usize = 1 << 20;
                let (prot, flags) =
                    (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
                let low = libc::mmap((1 << 30) as *mut _, SIZE, prot, flags, -1, 0);
                assert!(low != libc::MAP_FAILED);
                gort_proc::call_on_stack(elsewhere, std::ptr::null_mut(), low as usize + SIZE);
            }
            println!("the end");
        });
    }
    let commands =
        ["set breakpoint pending on", "break gort_test_stop", "run", "bt", "continue", "bt"];
    let commands = [&commands[..], &["info goroutines", "continue"]].concat();
    let Some(o) = gdb("both_ways_between_stacks", None, &commands) else { return };
    for order in ["below", "above"] {
        assert!(o.stdout.contains(&format!("the goroutine is {order}\n")), "{o}");
    }
    let stacks: Vec<&str> =
        o.stdout.split("\n#0  ").filter(|s| s.contains("gort_test_elsewhere")).collect();
    assert_eq!(stacks.len(), 2, "{o}");
    for s in stacks {
        assert!(s.contains("both_ways_between_stacks") && s.contains(" in gort_goexit"), "{o}");
    }
    assert!(!format!("{}{}", o.stdout, o.stderr).contains("previous frame"), "{o}");
    assert!(o.stdout.contains("the end"), "{o}");
}

/// A signal at every instruction of `gort_systemstack`: the report's tracebacks do not end early,
/// also while g0's stack is already the thread's and nothing is on it yet.
#[test]
fn a_signal_between_stacks() {
    if std::env::var(CHILD).is_ok() {
        gort::run_main(|| {
            gort_test_stop();
            // SAFETY: what is called is short, and does not block.
            unsafe { gort_proc::systemstack(|| gort_test_never_runs()) };
            // The report ends the program.
            gort::time::sleep(Duration::from_secs(60));
        });
    }
    let each = "import gdb
gdb.execute('set language c')
frame = gdb.selected_frame()
begin = int(gdb.parse_and_eval('(long)&gort_systemstack'))
code = frame.architecture().disassemble(begin, count=40)
end = next(i for i, c in enumerate(code) if c['asm'].startswith('ud2'))
for c in code[:end - 1]:
    at = gdb.Breakpoint('*%d' % c['addr'], temporary=True)
    gdb.execute('continue')
    if not gdb.selected_inferior().pid:
        print('never at +%d' % (c['addr'] - begin))
        at.delete()
    else:
        print('at +%d' % (c['addr'] - begin))
        gdb.execute('signal SIGQUIT')
    gdb.execute('run')
";
    let script = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(script.path(), each).unwrap();
    let source = format!("python exec(open('{}').read())", script.path().display());
    let commands = [
        "set breakpoint pending on",
        "handle SIGQUIT nostop noprint pass",
        "handle SIGURG nostop noprint pass",
        "break gort_test_stop",
        "run",
        &source,
        "kill",
    ];
    let Some(o) = gdb("a_signal_between_stacks", None, &commands) else { return };
    let signals = o.stdout.lines().filter(|l| l.starts_with("at +")).count();
    let reports = o.stderr.matches("SIGQUIT: quit").count();
    assert!(signals > 20 && reports == signals, "{signals} {reports}\n{o}");
    assert!(!o.stderr.contains("stops early"), "{o}");
}

/// A core file written by the kernel, where it writes them into the working directory.
#[test]
fn kernel_core_file() {
    if std::env::var(CHILD).is_ok() {
        gort::run_main(|| {
            // SAFETY: the default action of a signal, and a limit.
            unsafe {
                libc::signal(libc::SIGILL, libc::SIG_DFL);
                let unlimited =
                    libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
                libc::setrlimit(libc::RLIMIT_CORE, &raw const unlimited);
            }
            program();
        });
    }
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    if pattern.trim() != "core" {
        println!("the kernel does not write core files into the working directory: gdb's own only");
        return;
    }
    let dir = std::env::temp_dir().join(format!("gort-core-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    let mut cmd = Command::new(std::env::current_exe().expect("the test binary's path"));
    cmd.args(["kernel_core_file", "--exact", "--nocapture"]).current_dir(&dir);
    cmd.env(CHILD, "die").env("GOMAXPROCS", "1").env_remove("GODEBUG").env_remove("GOTRACEBACK");
    let o = wait(cmd, b"", Duration::from_secs(60));
    let core = std::fs::read_dir(&dir)
        .ok()
        .and_then(|mut d| d.next())
        .and_then(Result::ok)
        .map(|f| f.path());
    let looked = core.as_ref().map(|core| gdb("kernel_core_file", Some(core), &LOOK));
    let _ = std::fs::remove_dir_all(&dir);
    match looked {
        None => println!("no core file (its size is limited): gdb's own only"),
        Some(None) => {}
        Some(Some(g)) => {
            o.exited(128 + libc::SIGILL);
            check(&g);
        }
    }
}

/// A program that is none of gort's, and one that does not run.
#[test]
fn errors() {
    let Some(o) = gdb(
        "errors",
        None,
        &["info goroutines", "goroutine x bt", "file /bin/true", "info goroutines"],
    ) else {
        return;
    };
    let errors: Vec<_> = o.stderr.lines().collect();
    assert!(errors.iter().any(|l| l.starts_with("usage: goroutine NUMBER|all COMMAND")), "{o}");
    assert!(errors.iter().any(|l| l.starts_with("no symbol gort_gdb: not a gort program")), "{o}");
}
