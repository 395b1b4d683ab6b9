//! The command `gort`: what it accepts, what it says, and its exit status.

use gort_tests::{Outcome, absent, wait};
use std::io::{BufRead, BufReader, Read};
use std::os::fd::FromRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Runs `gort ARGS` with these variables; those that the runtime reads are otherwise unset.
fn gort(args: &[&str], env: &[(&str, &str)]) -> Outcome {
    let mut cmd = Command::new(env!("CARGO_BIN_EXE_gort"));
    for k in ["GOMAXPROCS", "GODEBUG", "GOTRACEBACK", "GORTSTACK"] {
        cmd.env_remove(k);
    }
    cmd.args(args).envs(env.iter().copied());
    wait(cmd, b"", Duration::from_secs(120))
}

/// The names of the examples, from the list itself.
fn examples() -> Vec<String> {
    let o = gort(&["run", "--list"], &[]);
    o.ok();
    o.stdout.lines().map(|l| l.split_whitespace().next().unwrap_or_default().to_string()).collect()
}

#[test]
fn list() {
    let o = gort(&["run", "--list"], &[]);
    assert!(o.ok().stderr.is_empty());
    let names = examples();
    for name in ["hello", "sieve", "ring", "pingpong", "deadlock", "panic"] {
        assert!(names.iter().any(|n| n == name), "{name}\n{o}");
    }
    assert!(o.stdout.lines().all(|l| l.contains(" (-n: ") && l.contains("default ")), "{o}");
}

/// Each ends as it says, at any number of processors.
#[test]
fn every_example() {
    // `signals` waits for a person: see below.
    for name in examples().into_iter().filter(|n| n != "signals") {
        for procs in ["1", "2", "8"] {
            let o = gort(&["run", &name, "-n", "3", "--procs", procs], &[]);
            let (code, says) = match name.as_str() {
                "deadlock" => (
                    2,
                    "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:",
                ),
                "panic" => (2, "panic: out of rock\n\ngoroutine "),
                "overflow" => (2, "fatal error: stack overflow\n\nruntime stack:\n"),
                "goexit" => {
                    (2, "fatal error: no goroutines (main called runtime.Goexit) - deadlock!")
                }
                _ => (0, ""),
            };
            assert!(o.code == code && o.stderr.contains(says), "{name} -p {procs}\n{o}");
            assert!(code != 0 || !o.stdout.is_empty(), "{name} -p {procs}\n{o}");
        }
    }
}

/// The example `signals` receives what it is sent, and ends after as many as it was told.
#[test]
fn signals() {
    for procs in ["1", "2", "8"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gort"))
            .args(["run", "signals", "-n", "3", "--procs", procs])
            .env_remove("GODEBUG")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id().to_string();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.next().unwrap().ends_with(&pid));
        for (left, signal) in [(2, "TERM"), (1, "HUP"), (0, "INT")] {
            assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
            let line = lines.next().unwrap();
            assert!(line.ends_with(&format!(": {left} more")), "{line}");
        }
        assert!(child.wait().unwrap().success());
    }
}

/// Waits until the program is at work, most likely: it has used 50 ms of a processor, or has gone
/// to sleep 50 times, or has said something. A dump must be right at any moment.
fn until_at_work(pid: u32, stdout: &Mutex<String>) {
    let tasks = format!("/proc/{pid}/task");
    loop {
        let mut switches = 0;
        for task in std::fs::read_dir(&tasks).unwrap().flatten() {
            let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
            let line = status.lines().find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"));
            switches += line.and_then(|n| n.trim().parse::<u64>().ok()).unwrap_or(0);
        }
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        // utime and stime, in ticks of 10 ms
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        // The handler must be there, too.
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let caught = status.lines().find_map(|l| l.strip_prefix("SigCgt:")).unwrap().trim();
        let quit = u64::from_str_radix(caught, 16).unwrap() & 1 << (libc::SIGQUIT - 1) != 0;
        if quit && (switches >= 50 || ticks >= 5 || !stdout.lock().unwrap().is_empty()) {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Starts `gort run ARGS`, sends SIGQUIT when it is at work, and returns how it ended.
fn quit(args: &[&str], env: &[(&str, &str)]) -> Outcome {
    let mut cmd = Command::new(env!("CARGO_BIN_EXE_gort"));
    for k in ["GOMAXPROCS", "GODEBUG", "GOTRACEBACK", "GORTSTACK"] {
        cmd.env_remove(k);
    }
    cmd.arg("run").args(args).envs(env.iter().copied());
    cmd.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = cmd.spawn().unwrap();
    let (stdout, mut out) = (Arc::new(Mutex::new(String::new())), child.stdout.take().unwrap());
    let s = stdout.clone();
    // Not all of it is kept: some examples say a lot.
    let reader = std::thread::spawn(move || {
        let mut b = [0; 1 << 16];
        while let Ok(n @ 1..) = out.read(&mut b) {
            let mut s = s.lock().unwrap();
            if s.len() < 1000 {
                s.push_str(&String::from_utf8_lossy(&b[..n]));
            }
        }
    });
    until_at_work(child.id(), &stdout);
    // SAFETY: the child is ours and has not been reaped.
    unsafe { libc::kill(child.id() as i32, libc::SIGQUIT) };
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let status = child.wait().unwrap();
    reader.join().unwrap();
    let stdout = stdout.lock().unwrap().clone();
    Outcome { code: status.code().unwrap_or(-1), stdout, stderr }
}

/// Checks the dump of a SIGQUIT: its parts, and that each goroutine has a header, frames with a
/// place each, and, but for the first, somebody who created it. In the example `goexit` the first
/// goroutine may have ended.
fn check_dump(name: &str, o: &Outcome) {
    let bad = |what: &str| -> ! { panic!("{what}\n{o}") };
    o.exited(2);
    let mut parts = o.stderr.split("\n\n");
    let head: Vec<_> = parts.next().unwrap_or_default().lines().collect();
    let ["SIGQUIT: quit", pc] = head[..] else { bad("the beginning") };
    if !pc.starts_with("PC=0x") || !pc.contains(" m=") || !pc.contains(" sigcode=") {
        bad("the second line");
    }
    let parts: Vec<&str> = parts.collect();
    let Some((registers, goroutines)) = parts.split_last() else {
        bad("nothing but the beginning")
    };
    for r in ["rax", "rsp", "rip", "rflags", "fs"] {
        if !registers.lines().any(|l| l.starts_with(r) && l.contains("0x")) {
            bad(r);
        }
    }
    for g in goroutines {
        let lines: Vec<_> = g.lines().collect();
        let Some(header) = lines[0].strip_prefix("goroutine ") else {
            // What the interrupted thread did on its own stack.
            if lines[0].starts_with("runtime stack:") || lines[0].starts_with("...") {
                continue;
            }
            bad(lines[0]);
        };
        let Some((id, state)) = header.split_once(' ') else { bad(header) };
        if id.parse::<u64>().is_err() || !state.contains('[') || !state.ends_with("]:") {
            bad(header);
        }
        if lines[1] != "\tgoroutine running on other thread; stack unavailable" {
            for frame in lines[1..].chunks(2) {
                let function = frame[0].ends_with("(...)") || frame[0].starts_with("created by ");
                let elided = frame[0].starts_with("...") && frame[0].ends_with("frames elided...");
                // A file and a line, a file alone, or (code without debug information) an address.
                let place = frame.len() == 2 && frame[1].starts_with('\t') && frame[1].len() > 1;
                if !(elided || function && place) {
                    bad(&frame.join("\n"));
                }
            }
        }
        // 0: the thread was between two goroutines.
        if !["0", "1"].contains(&id) && !g.contains("\ncreated by ") && !g.contains("unavailable") {
            bad(g);
        }
    }
    let main = goroutines.iter().filter(|g| g.starts_with("goroutine 1 ")).count();
    if main != 1 && !(main == 0 && name == "goexit") {
        bad("goroutine 1");
    }
}

/// `kill -QUIT` of any example prints a correct dump, at any number of processors.
#[test]
fn sigquit() {
    for name in examples() {
        // These end at once, by themselves, with a report that other tests look at.
        if ["deadlock", "panic", "overflow", "grow"].contains(&name.as_str()) {
            continue;
        }
        let n = match name.as_str() {
            "tree" => "60",
            "goexit" => "1000",
            "million" | "sleepers" => "100000",
            "http" => "1000000000",
            _ => "100000000",
        };
        for procs in ["1", "2", "8"] {
            let o = quit(&[&name, "-n", n, "--procs", procs], &[]);
            check_dump(&name, &o);
            assert!(!o.stderr.contains("fatal error"), "{name} -p {procs}\n{o}");
        }
    }
}

/// The levels of GOTRACEBACK make no difference to the dump of a SIGQUIT, as in Go, which always
/// shows all goroutines, those of the runtime too. `crash` shows the other threads as well, and
/// ends in an abort.
#[test]
fn sigquit_levels() {
    let dump = |level| quit(&["ring", "-n", "100000000", "-p", "2"], &[("GOTRACEBACK", level)]);
    for level in ["none", "single", "system"] {
        let o = dump(level);
        check_dump("ring", &o);
        o.stderr_has("\ngoroutine 2 gp=0x").stderr_has("forcegc");
    }
    let o = dump("crash");
    assert_eq!(o.code, -1, "by a signal\n{o}");
    o.stderr_has("\ngoroutine 2 gp=0x").stderr_has("\n-----\n");
}

/// The example `http` under load: by its own client, and by wrk where there is one. No request
/// fails.
#[test]
fn http() {
    for procs in ["1", "4"] {
        let o = gort(&["run", "http", "-n", "20000", "--procs", procs], &[]);
        assert!(o.ok().stdout.starts_with("20000 requests in "), "{o}");
    }
    if Command::new("wrk").arg("-v").output().is_err() {
        return absent("wrk", "the example http has been tried with its own client only");
    }
    for procs in ["1", "4"] {
        let mut cmd = Command::new(env!("CARGO_BIN_EXE_gort"));
        cmd.args(["run", "http", "--procs", procs]).env_remove("GODEBUG").stdout(Stdio::piped());
        let mut server = cmd.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}"));
        let mut wrk = Command::new("wrk");
        wrk.args(["-t2", "-c64", "-d3s", "--timeout", "60s", url]);
        let o = wait(wrk, b"", Duration::from_secs(60));
        server.kill().unwrap();
        server.wait().unwrap();
        assert!(o.ok().stdout.contains(" requests in "), "{o}");
        for bad in ["Socket errors", "Non-2xx", " 0 requests in "] {
            assert!(!o.stdout.contains(bad), "{o}");
        }
    }
}

#[test]
fn results() {
    gort(&["run", "sieve", "-n", "100"], &[]).ok().stdout_is("prime number 100 is 541\n");
    gort(&["run", "mutex", "-n", "1000"], &[]).ok().stdout_is("8000 (expected 8000)\n");
    gort(&["run", "pipeline", "-n", "100"], &[])
        .ok()
        .stdout_is("100 items, sum 4950 (expected 4950)\n");
    gort(&["run", "pull", "-n", "8"], &[]).ok().stdout_is("0\n1\n1\n2\n3\n5\n8\n13\n");
    gort(&["run", "goexit", "-n", "2", "-p", "1"], &[])
        .exited(2)
        .stdout_is("main leaves\ngoroutine 0 is done\ngoroutine 1 is done\n");
}

/// Reports name the program's functions and lines, not the scheduler's.
#[test]
fn reports() {
    let o = gort(&["run", "panic", "-n", "2", "-p", "1"], &[]);
    o.exited(2).stderr_has("goroutine 5 [running]:\n").stderr_has("::dig(...)\n\t");
    o.stderr_has("created by gort::examples::panic_ in goroutine 1\n\t");
    for hidden in ["gort_", "gort::go_", "std::", "core::"] {
        assert!(!o.stderr.contains(hidden), "{hidden}\n{o}");
    }
    let o = gort(&["run", "deadlock", "-n", "3", "-p", "1"], &[]);
    let headers: Vec<_> = o.stderr.lines().filter(|l| l.starts_with("goroutine ")).collect();
    assert_eq!(
        headers,
        [
            "goroutine 1 [chan receive]:",
            "goroutine 5 [chan receive]:",
            "goroutine 6 [chan receive]:"
        ],
        "{o}"
    );
    let o = gort(&["run", "deadlock"], &[("GOTRACEBACK", "none")]);
    assert_eq!(o.exited(2).stderr, "fatal error: all goroutines are asleep - deadlock!\n");
    gort(&["run", "deadlock"], &[("GOTRACEBACK", "system")])
        .exited(2)
        .stderr_has("[force gc (idle)]:\n");
    // SIGABRT
    gort(&["run", "panic"], &[("GOTRACEBACK", "crash")]).exited(128 + 6);
}

/// Wrong usage: a message, the usage, status 2, and nothing on standard output.
#[test]
fn wrong_usage() {
    let cases: &[(&[&str], &str)] = &[
        (&["frob"], "unrecognized subcommand 'frob'"),
        (&["run"], "required"),
        (&["run", "nosuch"], "no example program 'nosuch' (gort run --list shows all)"),
        (&["run", "siev"], "did you mean 'sieve'?"),
        (&["run", "pingpang"], "did you mean 'pingpong'?"),
        (&["run", "seive"], "did you mean 'sieve'?"),
        (&["run", "deadlcok"], "did you mean 'deadlock'?"),
        (&["run", "zzz"], "no example program 'zzz' (gort run --list shows all)"),
        (&["rnu"], "unrecognized subcommand 'rnu'\n\n  tip: a similar subcommand exists: 'run'"),
        (&["sieve"], "unrecognized subcommand 'sieve'\n\n  tip: to run it: gort run sieve"),
        (&["x.go"], "unrecognized subcommand 'x.go'\n\n  tip: to run it: gort run x.go"),
        (&["help", "rnu"], "unrecognized subcommand 'rnu'"),
        (&["man", "bulid"], "no command 'bulid'; did you mean 'build'?"),
        (&["man", "zzz"], "no command 'zzz'\n"),
        (&["completions"], "required"),
        (&["completions", "cmd.exe"], "invalid value 'cmd.exe'"),
        (&["run", "hello", "extra"], "unexpected argument 'extra'"),
        (&["run", "hello", "--frob"], "unexpected argument '--frob'"),
        (&["run", "hello", "-n", "0"], "invalid value '0' for '-n <N>'"),
        (&["run", "hello", "-n", "-1"], "-1"),
        (&["run", "hello", "-n", "many"], "invalid value 'many' for '-n <N>'"),
        (&["run", "hello", "--procs", "0"], "invalid value '0' for '--procs <N>'"),
        (&["run", "hello", "-p", "65537"], "65537"),
        (&["run", "hello", "--schedtrace", "0"], "invalid value '0' for '--schedtrace <MS>'"),
        (&["run", "hello", "--scheddetail"], "--schedtrace <MS>"),
    ];
    for (args, says) in cases {
        let o = gort(args, &[]);
        assert!(o.code == 2 && o.stdout.is_empty(), "{args:?}\n{o}");
        assert!(o.stderr.starts_with("error: ") && o.stderr.contains(says), "{args:?}\n{o}");
        assert!(o.stderr.contains("--help"), "{args:?}\n{o}");
    }
    assert_eq!(gort(&[], &[]).code, 2);
}

#[test]
fn help_and_version() {
    gort(&["--version"], &[]).ok().stdout_is(concat!("gort ", env!("CARGO_PKG_VERSION"), "\n"));
    assert!(gort(&["--help"], &[]).ok().stdout.contains("Usage: gort"));
    let o = gort(&["run", "--help"], &[]);
    for says in ["GOMAXPROCS", "GODEBUG", "GOTRACEBACK", "EXIT STATUS", "--schedtrace", "--stats"] {
        assert!(o.ok().stdout.contains(says), "{says}\n{o}");
    }
}

/// `gort help COMMAND` says what `gort COMMAND --help` says, of each command.
#[test]
fn help_on_commands() {
    let all = gort(&["help"], &[]);
    all.ok().stdout_is(&gort(&["--help"], &[]).stdout);
    for command in ["run", "build", "diff", "completions", "man"] {
        assert!(all.stdout.contains(&format!("\n  {command} ")), "{command}\n{all}");
        let o = gort(&["help", command], &[]);
        assert!(
            o.ok().stderr.is_empty() && o.stdout.contains(&format!("Usage: gort {command}")),
            "{o}"
        );
        o.stdout_is(&gort(&[command, "--help"], &[]).stdout);
    }
    assert!(all.stdout.contains("EXIT STATUS"), "{all}");
}

/// The shells themselves find nothing wrong with the scripts, and complete commands by them.
#[test]
fn completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let o = gort(&["completions", shell], &[]);
        for word in ["schedtrace", "build", "completions"] {
            assert!(o.ok().stdout.contains(word), "{shell} {word}\n{o}");
        }
    }
    let script = gort(&["completions", "bash"], &[]).stdout;
    let ask = "\nCOMP_WORDS=(gort com); COMP_CWORD=1; _gort gort com gort; echo \"${COMPREPLY[@]}\"\
               \nCOMP_WORDS=(gort run --sched); COMP_CWORD=2; _gort gort --sched run; echo \"${COMPREPLY[@]}\"\n";
    let mut bash = Command::new("bash");
    bash.arg("--norc");
    let o = wait(bash, (script + ask).as_bytes(), Duration::from_secs(60));
    assert_eq!(o.ok().stdout, "completions\n--schedtrace --scheddetail\n", "{o}");
}

/// Pages of the manual: as man wants them, for each command.
#[test]
fn man() {
    let o = gort(&["man"], &[]);
    for part in [".TH gort 1", ".SH NAME", ".SH SYNOPSIS", "EXIT STATUS"] {
        assert!(o.ok().stdout.contains(part), "{part}\n{o}");
    }
    let o = gort(&["man", "run"], &[]);
    for part in [".TH gort-run 1", "schedtrace", "GOMAXPROCS", "EXIT STATUS"] {
        assert!(o.ok().stdout.contains(part), "{part}\n{o}");
    }
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("man1");
    gort(&["man", "--dir", dir.to_str().unwrap()], &[]).ok().stdout_is("");
    let mut pages: Vec<_> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort_unstable();
    for page in ["gort.1", "gort-run.1", "gort-build.1", "gort-diff.1", "gort-man.1"] {
        assert!(pages.iter().any(|p| p == page), "{page}: {pages:?}");
    }
    let o = gort(&["man", "--dir", "/dev/null/x"], &[]);
    o.exited(1).stderr_has("gort: /dev/null/x: Not a directory");
}

fn is_bool(s: &str) -> bool {
    s == "true" || s == "false"
}

/// Whether `line` is `name=value name=value ...` with these names in this order, values being
/// numbers, `nil`, booleans or (for `preemptoff` and states) anything.
fn has_fields(line: &str, names: &[&str]) -> bool {
    let mut rest = line;
    for (i, name) in names.iter().enumerate() {
        let Some(r) = rest.strip_prefix(name).and_then(|r| r.strip_prefix('=')) else {
            return false;
        };
        let end = match names.get(i + 1) {
            Some(next) => match r.find(&format!(" {next}=")) {
                Some(e) => e,
                None => return false,
            },
            None => r.len(),
        };
        let v = &r[..end];
        let number = v.strip_prefix('-').unwrap_or(v);
        let ok = v == "nil"
            || is_bool(v)
            || !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
            || *name == "preemptoff"
            || *name == "status" && v.ends_with(')');
        if !ok {
            return false;
        }
        rest = r[end..].trim_start();
    }
    rest.is_empty()
}

const SCHED: [&str; 7] = [
    "gomaxprocs",
    "idleprocs",
    "threads",
    "spinningthreads",
    "needspinning",
    "idlethreads",
    "runqueue",
];

/// The processors of a `SCHED` line: what stands in brackets at its end; checks the rest.
fn sched_line(line: &str) -> Option<Vec<u32>> {
    let (time, rest) = line.strip_prefix("SCHED ")?.split_once("ms: ")?;
    time.parse::<u64>().ok()?;
    let (fields, queues) = rest.split_once(" [")?;
    if !has_fields(fields, &SCHED) {
        return None;
    }
    queues.strip_suffix(']')?.split(' ').map(|q| q.parse().ok()).collect()
}

/// The lines that were written to their end: the program may end while sysmon writes one.
fn whole(trace: &str) -> std::str::Lines<'_> {
    trace[..trace.rfind('\n').map_or(0, |i| i + 1)].lines()
}

/// `--schedtrace` and `--procs`: Go's lines, one queue per processor.
#[test]
fn schedtrace() {
    for procs in [1, 2, 8] {
        let p = procs.to_string();
        let o = gort(
            &["run", "sieve", "-n", "700", "--schedtrace", "1", "--procs", &p],
            &[("GOMAXPROCS", "3")],
        );
        o.ok().stdout_is("prime number 700 is 5279\n");
        assert!(whole(&o.stderr).count() > 3, "{o}");
        for line in whole(&o.stderr) {
            let queues = sched_line(line).unwrap_or_else(|| panic!("not Go's: {line}\n{o}"));
            assert!(
                queues.len() == procs && line.contains(&format!(": gomaxprocs={procs} ")),
                "{line}"
            );
        }
    }
    // GODEBUG says the same, and both may be given.
    let o =
        gort(&["run", "sieve", "-n", "300"], &[("GODEBUG", "schedtrace=1"), ("GOMAXPROCS", "2")]);
    assert!(whole(&o.ok().stderr).all(|l| sched_line(l).is_some_and(|q| q.len() == 2)), "{o}");
    let o = gort(
        &["run", "sieve", "-n", "300", "--schedtrace", "1"],
        &[("GODEBUG", "asyncpreemptoff=1")],
    );
    assert!(whole(&o.ok().stderr).all(|l| sched_line(l).is_some()) && !o.stderr.is_empty(), "{o}");
}

/// A line of a detailed trace: its kind (`S`, `P`, `M` or `G`) if it has Go's form.
fn detail_line(line: &str) -> Option<char> {
    let (head, fields) = match line.strip_prefix("SCHED ") {
        Some(rest) => ("SCHED #ms", rest.split_once("ms: ")?.1),
        None => line.strip_prefix("  ")?.split_once(": ")?,
    };
    let kind = head.chars().next()?;
    let more = ["gcwaiting", "nmidlelocked", "stopwait", "sysmonwait"];
    let names: &[&str] = match kind {
        'S' => &[&SCHED[..], &more].concat(),
        'P' => &["status", "schedtick", "syscalltick", "m", "runqsize", "gfreecnt", "timerslen"],
        'M' => &[
            "p",
            "curg",
            "mallocing",
            "throwing",
            "preemptoff",
            "locks",
            "dying",
            "spinning",
            "blocked",
            "lockedg",
        ],
        'G' => &["status", "m", "lockedm"],
        _ => return None,
    };
    let numbered = kind == 'S' || head[1..].parse::<u64>().is_ok();
    (numbered && has_fields(fields, names)).then_some(kind)
}

#[test]
fn scheddetail() {
    let o =
        gort(&["run", "sieve", "-n", "500", "--schedtrace", "1", "--scheddetail", "-p", "2"], &[]);
    let mut kinds = String::new();
    // The program may end while its last trace is being written.
    let last = o.ok().stderr.rfind("SCHED ").unwrap_or(0);
    for line in o.stderr[..last].lines() {
        kinds.push(detail_line(line).unwrap_or_else(|| panic!("not Go's: {line:?}")));
    }
    let n = |k| kinds.matches(k).count();
    assert!(n('S') > 3 && n('P') == 2 * n('S') && n('M') >= n('S') && n('G') >= n('S'), "{kinds}");
    o.stderr_has("(force gc (idle)) m=nil lockedm=nil\n");
}

/// The checks above let Go's own traces pass, if Go is there.
#[test]
fn traces_of_go() {
    let Some(exe) = gort_tests::go_build("fatal") else { return };
    let trace = |godebug: &str| {
        let mut cmd = Command::new(&exe);
        cmd.env("FATAL", "deadlock_after_sleep").env("GODEBUG", godebug).env("GOMAXPROCS", "2");
        wait(cmd, b"", Duration::from_secs(60))
    };
    let o = trace("schedtrace=1");
    let mut lines = o.stderr.lines().filter(|l| l.starts_with("SCHED") && l.ends_with(']'));
    assert!(lines.clone().count() > 0 && lines.all(|l| sched_line(l).is_some()), "{o}");
    // On a busy machine the deadlock may come before the first trace.
    let o = std::iter::repeat_with(|| trace("schedtrace=1,scheddetail=1"))
        .take(20)
        .find(|o| o.stderr.lines().position(|l| l.contains("fatal error")) > Some(5))
        .expect("a trace before the end");
    let mut lines = o.stderr.lines().take_while(|l| !l.contains("fatal error"));
    assert!(lines.all(|l| detail_line(l).is_some()), "{o}");
}

#[test]
fn stats() {
    for procs in ["1", "2", "8"] {
        let o = gort(&["run", "sieve", "-n", "100", "--stats", "--procs", procs], &[]);
        o.ok().stdout_is("prime number 100 is 541\n");
        for name in ["time", "goroutines", "switches", "parks", "steals", "handoffs", "Ms started"]
        {
            let found = o.stderr.lines().any(|l| l.starts_with(&format!("{name} ")));
            assert!(found, "{name}\n{o}");
        }
        let started: u64 = o
            .stderr
            .lines()
            .find_map(|l| l.strip_prefix("goroutines "))
            .and_then(|v| v.trim().parse().ok())
            .unwrap_or(0);
        assert!(started >= 101, "{o}");
    }
}

/// A person who typed a bad GOMAXPROCS is told; `--procs` overrides it.
#[test]
fn gomaxprocs() {
    for bad in ["0", "-1", "abc", "1.5", " "] {
        let o = gort(&["run", "hello"], &[("GOMAXPROCS", bad)]);
        assert!(o.code == 2 && o.stdout.is_empty(), "{bad:?}\n{o}");
        o.stderr_has(&format!("GOMAXPROCS='{bad}' is not a number of threads (1 or more)"));
        gort(&["run", "hello", "-p", "2"], &[("GOMAXPROCS", bad)]).ok();
        let o = gort(&["diff", "x.go"], &[("GOMAXPROCS", bad)]);
        o.exited(2).stderr_has("is not a number of threads (1 or more)\n\nUsage: gort diff");
    }
    gort(&["run", "hello"], &[("GOMAXPROCS", "")]).ok();
    gort(&["run", "hello"], &[("GOMAXPROCS", "3")]).ok();
}

/// Where standard output is closed or full the program ends as others do, without a report.
#[test]
fn no_standard_output() {
    let run = |args: &[&str], out: Stdio| {
        let o = Command::new(env!("CARGO_BIN_EXE_gort")).args(args).stdout(out).output().unwrap();
        (o.status, String::from_utf8(o.stderr).unwrap())
    };
    for args in [&["run", "--list"][..], &["run", "pull", "-n", "1000"], &["run", "hello"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (status, stderr) = run(args, writer.into());
        assert_eq!((status.signal(), stderr.as_str()), (Some(13), ""), "{args:?}");

        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let (status, stderr) = run(args, full.into());
        assert_eq!(status.code(), Some(1), "{args:?} {stderr}");
        assert_eq!(
            stderr, "gort: standard output: No space left on device (os error 28)\n",
            "{args:?}"
        );
    }
}

/// On a terminal a line says what is being prepared and how far it is, and is gone before the
/// message that ends the command; elsewhere there is one sentence. The compiler and its packages
/// are small stand-ins here: it waits until the line has been seen.
#[test]
fn progress_on_a_terminal() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().display();
    let script = format!(
        r#"#!/bin/sh
case "$*" in
-dumpfullversion) echo 12.2.0 ;;
-dumpmachine) echo x86_64-linux-gnu ;;
-print-file-name=libgo.a) echo {dir}/libgo.a ;;
-print-file-name=*) echo {dir}/exports ;;
*runtime.go)
    while ! [ -e {dir}/seen ]; do sleep 0.02; done
    cp {dir}/empty.o runtime.o ;;
*) echo "x.go:1:1: a message" >&2; exit 1 ;;
esac
"#
    );
    let file = |name: &str, text: &str| {
        let path = tmp.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let gccgo = file("gccgo", &script);
    std::fs::set_permissions(&gccgo, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (program, empty) = (file("x.go", "package main\n"), file("empty.c", ""));
    std::fs::create_dir(tmp.path().join("exports")).unwrap();
    let tool = |name: &str, args: &[&str]| {
        assert!(
            Command::new(name).args(args).current_dir(tmp.path()).status().unwrap().success(),
            "{name}"
        );
    };
    tool("cc", &["-c", "-o", "empty.o", empty.to_str().unwrap()]);
    tool("ar", &["rc", "libgo.a", "empty.o"]);
    let command = |cache: &str| {
        let mut c = Command::new(env!("CARGO_BIN_EXE_gort"));
        c.args(["build", "-o", "/dev/null"])
            .arg(&program)
            .env("GCCGO", &gccgo)
            .env("TERM", "xterm");
        c.env("GORT_LIBGO", tmp.path().join("libgo.a"))
            .env("XDG_CACHE_HOME", tmp.path().join(cache));
        c.env_remove("NO_COLOR").env_remove("CLICOLOR").stdin(Stdio::null()).stdout(Stdio::null());
        c
    };

    let (mut master, mut slave) = (0, 0);
    let size = libc::winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    let (name, settings) = (std::ptr::null_mut(), std::ptr::null());
    // SAFETY: room for two descriptors; no name and no settings are asked for; the size is only
    // read.
    let r = unsafe { libc::openpty(&mut master, &mut slave, name, settings, &size) };
    assert_eq!(r, 0);
    // SAFETY: two new descriptors, which nobody else has.
    let (mut terminal, slave) =
        unsafe { (std::fs::File::from_raw_fd(master), std::os::fd::OwnedFd::from_raw_fd(slave)) };
    let mut c = command("terminal");
    let mut child = c.stderr(slave).spawn().unwrap();
    drop(c); // it has the terminal, too
    let mut shown = String::new();
    let mut buf = [0; 4096];
    // The last reader of the other side is gone: an error.
    while let Ok(n) = terminal.read(&mut buf) {
        shown += &String::from_utf8_lossy(&buf[..n]);
        if shown.contains("1/4 preparing libgo's packages (once): the runtime") {
            let _ = file("seen", "");
        }
    }
    assert_eq!(child.wait().unwrap().code(), Some(1), "{shown:?}");
    assert!(
        shown.contains("gort: ") && shown.contains("1/4 preparing libgo's packages"),
        "{shown:?}"
    );
    let (before, _) =
        shown.split_once("x.go:1:1: a message").unwrap_or_else(|| panic!("{shown:?}"));
    assert!(before.ends_with("\r\u{1b}[2K"), "the line is still there: {shown:?}");
    assert!(!shown.contains("packages in"), "{shown:?}");

    let o = wait(command("pipe"), b"", Duration::from_secs(120));
    let cache = tmp.path().join("pipe/gort");
    let expected = format!(
        "gort: preparing libgo's packages in {} (once)\nx.go:1:1: a message\n",
        cache.display()
    );
    assert_eq!(o.exited(1).stderr, expected);
}

/// Where standard error is closed, full or has no reader, the exit status is the same as elsewhere,
/// and standard output complete; where both are closed, too.
#[test]
fn no_standard_error() {
    let commands: &[(&[&str], i32)] = &[
        (&["run", "pull", "-n", "8"], 0),
        (&["run", "pull", "-n", "8", "--stats"], 0),
        (&["run", "sieve", "-n", "100", "--schedtrace", "1"], 0),
        (&["run", "deadlock"], 2),
        (&["run", "panic"], 2),
        (&["run", "seive"], 2),
        (&["frob"], 2),
        (&["--help"], 0),
        (&["help", "run"], 0),
        (&["build", "no-such.go"], 1),
        (&["man"], 0),
    ];
    for (args, code) in commands {
        let normal = gort(args, &[]);
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let (reader, pipe) = std::io::pipe().unwrap();
        drop(reader);
        for (kind, err) in [("full", Stdio::from(full)), ("no reader", pipe.into())] {
            let o =
                Command::new(env!("CARGO_BIN_EXE_gort")).args(*args).stderr(err).output().unwrap();
            assert_eq!(o.status.code(), Some(*code), "{args:?} {kind}");
            assert_eq!(String::from_utf8_lossy(&o.stdout), normal.stdout, "{args:?} {kind}");
        }
        for closed in ["2>&-", ">&- 2>&-", ">&-"] {
            let mut sh = Command::new("sh");
            sh.arg("-c")
                .arg(format!("exec \"$0\" \"$@\" {closed}"))
                .arg(env!("CARGO_BIN_EXE_gort"))
                .args(*args);
            let o = sh.output().unwrap();
            assert_eq!(o.status.code(), Some(*code), "{args:?} {closed}");
            if !closed.contains(">&- ") && closed != ">&-" {
                assert_eq!(String::from_utf8_lossy(&o.stdout), normal.stdout, "{args:?} {closed}");
            }
        }
    }
    // Help that cannot be written is none.
    for args in
        [&["--help"][..], &["help", "run"], &["--version"], &["completions", "bash"], &["man"]]
    {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let o = Command::new(env!("CARGO_BIN_EXE_gort")).args(args).stdout(full).output().unwrap();
        assert_eq!(o.status.code(), Some(1), "{args:?}");
        assert!(o.stderr.starts_with(b"gort: standard output: No space left"), "{args:?}");
    }
}

/// A value that the runtime would ignore.
#[test]
fn gortstack() {
    for v in ["lots", "-1", "0", "8K", "65M", "1G", "99999999999999999999"] {
        let o = gort(&["run", "hello"], &[("GORTSTACK", v)]);
        assert!(
            o.code == 2 && o.stderr.contains(&format!("GORTSTACK='{v}' is not a size")),
            "{v}\n{o}"
        );
    }
    for v in ["", "16K", "20000", "1M", "64m"] {
        gort(&["run", "hello"], &[("GORTSTACK", v)]).ok();
    }
}

/// What is missing is named, before any compiler is asked for; the usage is that of the subcommand.
#[test]
fn no_such_program() {
    for (args, code, says) in [
        (&["run", "./no-such-dir"][..], 1, "gort: ./no-such-dir: No such file or directory"),
        (&["run", "no-such.go"], 1, "gort: no-such.go: No such file or directory"),
        (&["build", "no-such.go"], 1, "gort: no-such.go: No such file or directory"),
        (&["run", "./Cargo.toml"], 1, "gort: ./Cargo.toml: neither a Go file nor a directory"),
        (&["build", "Cargo.toml"], 2, "Usage: gort build"),
    ] {
        let o = gort(args, &[("GCCGO", "/nonexistent")]);
        assert!(o.code == code && o.stderr.contains(says), "{args:?}\n{o}");
    }
}

/// Nothing that somebody has written is overwritten by an executable.
#[test]
fn build_over_a_source() {
    let tmp = tempfile::tempdir().unwrap();
    let (a, b) = (tmp.path().join("a.go"), tmp.path().join("b.go"));
    std::fs::write(&a, "package main\n").unwrap();
    std::fs::write(&b, "package main\nfunc main() {}\n").unwrap();
    let o = gort(&["build", "-o", a.to_str().unwrap(), b.to_str().unwrap()], &[]);
    o.exited(1).stderr_has("a.go already exists and is not an executable");
    assert_eq!(std::fs::read_to_string(a).unwrap(), "package main\n");
}

/// `gort go`: its own options, what it refuses, and that the rest is Go's, with Go's exit status.
/// Programs with the port inside are gort-inside's tests.
#[test]
fn go_with_the_port_inside() {
    let o = gort(&["go", "--list"], &[]);
    let names: Vec<_> = o.ok().stdout.lines().collect();
    for name in ["schedule", "findRunnable", "casgstatus", "runqput"] {
        assert!(names.contains(&name), "{o}");
    }
    gort(&["go"], &[]).exited(2);
    let dir = tempfile::tempdir().unwrap();
    let (root, cache) = (dir.path().to_str().unwrap(), dir.path().join("cache"));
    let env = [("GOROOT", root), ("XDG_CACHE_HOME", cache.to_str().unwrap())];
    gort(&["go", "version"], &env).exited(1).stderr_has("go1.23.1").stderr_has("GOROOT");
    std::fs::write(dir.path().join("VERSION"), "go1.24.0\n").unwrap();
    gort(&["go", "version"], &env)
        .exited(1)
        .stderr_has("go1.24.0")
        .stderr_has("go1.23.1")
        .stderr_has(root);
    gort(&["go", "--goroot", root, "version"], &[]).exited(1).stderr_has("(from --goroot)");
    gort(&["go", "test", "-race", "./..."], &[]).exited(1).stderr_has("-race");
    gort(&["go", "version"], &[("GOARCH", "arm64")]).exited(1).stderr_has("linux/amd64");
    let Some(go) = gort_tests::go_command() else {
        return absent("Go 1.23.1", "gort go has not been tried");
    };
    let real = Command::new(go).args(["env", "GOROOT"]).output().unwrap();
    let real = String::from_utf8(real.stdout).unwrap();
    let real = ["go", "--goroot", real.trim()];
    let cached = [env[1]];
    gort(&[&real[..], &["version"]].concat(), &cached)
        .ok()
        .stdout_is("go version go1.23.1 linux/amd64\n");
    gort(&[&real[..], &["nonesuch"]].concat(), &cached)
        .exited(2)
        .stderr_has("go nonesuch: unknown command");
    gort(&[&real[..], &["--only", "nonesuch", "version"]].concat(), &cached)
        .exited(1)
        .stderr_has("nonesuch");
    let listed = gort(&[&real[..], &["list", "net/..."]].concat(), &cached);
    assert!(listed.ok().stdout.lines().any(|l| l == "net/http/httptest"), "{listed}");
    // The settings that go keeps in its file count as well.
    let file = dir.path().join("env");
    std::fs::write(&file, "GOARCH=arm64\n").unwrap();
    let file = [env[1], ("GOENV", file.to_str().unwrap())];
    gort(&[&real[..], &["version"]].concat(), &file).exited(1).stderr_has("GOARCH=arm64");
    // A relative XDG_CACHE_HOME is none.
    let home = dir.path().join("home");
    let relative = [("XDG_CACHE_HOME", "nonesuch"), ("HOME", home.to_str().unwrap())];
    let at = gort(&[&real[..], &["env", "GOROOT"]].concat(), &relative);
    assert!(at.ok().stdout.starts_with(home.join(".cache/gort").to_str().unwrap()), "{at}");
    let env = gort(&[&real[..], &["env", "GOROOT"]].concat(), &cached);
    assert!(env.ok().stdout.starts_with(cache.to_str().unwrap()), "{env}");
}

/// The README's Go program.
#[test]
fn pipeline() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/go/pipeline.go");
    let sum = "the squares up to 100 add up to 338350\n";
    let Some(mut run) = gort_tests::gort_command() else {
        return absent("gccgo 12", "examples/go/pipeline.go has not been run");
    };
    run.args(["run", file]);
    wait(run, b"", Duration::from_secs(300)).ok().stdout_is(sum);
}

/// Each move of the stack: twice as large, and to where the next one begins.
#[cfg(feature = "grow")]
#[test]
fn grow() {
    let o = gort(&["run", "grow", "-n", "1000"], &[]);
    o.ok();
    assert!(
        o.stdout.contains("fn deep(n, ref up)") && o.stdout.contains("\nresult 999, after "),
        "{o}"
    );
    let rows: Vec<Vec<&str>> = o
        .stdout
        .lines()
        .filter(|l| l.starts_with(|c: char| c.is_ascii_digit()))
        .map(|l| l.split_whitespace().collect())
        .collect();
    let sizes: Vec<&str> = rows.iter().map(|r| r[1]).collect();
    assert_eq!(sizes, ["4", "8", "16", "32", "64", "128"], "{o}");
    for w in rows.windows(2) {
        assert_eq!(w[0][4], w[1][3], "{o}");
    }
    for r in &rows {
        // Frames, but for the first two and the last, have two pointers each: the saved rbp and the
        // reference.
        let (used, frames, pointers): (u64, u64, u64) =
            (r[5].parse().unwrap(), r[6].parse().unwrap(), r[7].parse().unwrap());
        assert!(used > 60 * frames && pointers > frames && pointers < 2 * frames, "{r:?}");
    }
}
