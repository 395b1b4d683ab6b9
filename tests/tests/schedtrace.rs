//! `GODEBUG=schedtrace` and `scheddetail`: line by line in Go's format, which tools parse. The
//! shapes below are those of Go 1.23.1; with Go on the machine its own lines are compared with them
//! as well.

use gort::sync::Mutex;
use gort::{chan, go, time};
use gort_tests::{absent, go_command, in_child, wait};
use std::collections::BTreeSet;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const BRIEF: [&str; 1] = [
    "SCHED Nms: gomaxprocs=N idleprocs=N threads=N spinningthreads=N needspinning=N idlethreads=N runqueue=N [N N]",
];
const DETAIL: [&str; 4] = [
    "  GN: status=N(REASON) m=N lockedm=N",
    "  MN: p=N curg=N mallocing=N throwing=N preemptoff= locks=N dying=N spinning=B blocked=B lockedg=N",
    "  PN: status=N schedtick=N syscalltick=N m=N runqsize=N gfreecnt=N timerslen=N",
    "SCHED Nms: gomaxprocs=N idleprocs=N threads=N spinningthreads=N needspinning=N idlethreads=N runqueue=N gcwaiting=B nmidlelocked=N stopwait=N sysmonwait=B",
];

/// Lines with N for numbers and nil, B for true and false, REASON for the text in parentheses.
fn shapes(stderr: &str) -> BTreeSet<String> {
    stderr
        .lines()
        .map(|l| {
            let (head, tail) = match (l.find('('), l.rfind(')')) {
                (Some(i), Some(j)) => (&l[..i], &l[j + 1..]),
                _ => (l, ""),
            };
            let fold = |s: &str| {
                let s = s
                    .replace("true", "B")
                    .replace("false", "B")
                    .replace("nil", "0")
                    .replace("=-", "=");
                let mut out = String::new();
                for c in s.chars() {
                    match c {
                        '0'..='9' if out.ends_with('N') => {}
                        '0'..='9' => out.push('N'),
                        c => out.push(c),
                    }
                }
                out
            };
            if tail.is_empty() { fold(l) } else { format!("{}(REASON){}", fold(head), fold(tail)) }
        })
        .collect()
}

/// What the program's goroutines come to.
const BLOCKED: [&str; 4] = [
    "  G1: status=4(sleep) m=nil lockedm=nil",
    "  G2: status=4(force gc (idle)) m=nil lockedm=nil",
    ": status=4(chan receive) m=nil lockedm=nil",
    ": status=4(sync.Mutex.Lock) m=nil lockedm=nil",
];

/// Something of everything: a wait for a channel, a mutex, a sleep, a goroutine that runs; until
/// the trace is enough. The trace goes to a file that the program reads, and from there to standard
/// output; its beginning to standard error.
fn program(enough: impl Fn(&str) -> bool) {
    let path = std::env::temp_dir().join(format!("gort-schedtrace-{}.txt", std::process::id()));
    let file = std::fs::File::create(&path).expect("created");
    // SAFETY: two open files.
    unsafe { libc::dup2(file.as_raw_fd(), 2) };
    let m = Arc::new(Mutex::new(()));
    let held = m.lock();
    let c = chan::<i32>(0);
    let (c2, m2) = (c.clone(), m.clone());
    go(move || {
        c2.recv();
    });
    go(move || drop(m2.lock()));
    let trace = loop {
        time::sleep(Duration::from_millis(3));
        let trace = std::fs::read_to_string(&path).expect("readable");
        if enough(&trace) {
            break trace;
        }
    };
    std::fs::remove_file(path).expect("removed");
    // Sysmon may be writing a line just now.
    print!("{}", &trace[..=trace.rfind('\n').expect("a line")]);
    drop(held);
}

const GO: &str = r#"package main

import (
	"sync"
	"time"
)

func main() {
	var m sync.Mutex
	m.Lock()
	c := make(chan int)
	go func() { <-c }()
	go func() { m.Lock() }()
	for i := 0; i < 20; i++ {
		time.Sleep(3 * time.Millisecond)
	}
	m.Unlock()
}
"#;

fn set(s: &[&str]) -> BTreeSet<String> {
    s.iter().map(|s| s.to_string()).collect()
}

#[test]
fn brief() {
    let out = in_child!(.procs(2).env("GODEBUG", "schedtrace=5"), || program(|t| t.matches("SCHED ").count() >= 3));
    let trace = out.ok().stderr.clone() + &out.stdout;
    assert_eq!(shapes(&trace), set(&BRIEF), "{out}");
    assert!(trace.starts_with("SCHED 0ms: gomaxprocs=2 "), "{out}");
}

#[test]
fn detail() {
    let out = in_child!(.procs(2).env("GODEBUG", "schedtrace=5,scheddetail=1"), || {
        program(|t| BLOCKED.iter().all(|b| t.lines().any(|l| l.ends_with(b))));
    });
    let trace = out.ok().stderr.clone() + &out.stdout;
    assert_eq!(shapes(&trace), set(&DETAIL), "{out}");
}

#[test]
fn as_go() {
    let Some(go) = go_command() else {
        return absent("Go 1.23", "the fields of traces are not compared with its own");
    };
    let dir = std::env::temp_dir().join(format!("gort-schedtrace-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    std::fs::write(dir.join("main.go"), GO).expect("written");
    let mut cmd = Command::new(go);
    cmd.args(["build", "-o", "main", "main.go"]).current_dir(&dir).env("GOTOOLCHAIN", "local");
    wait(cmd, b"", Duration::from_secs(300)).ok();
    for (debug, expected) in
        [("schedtrace=5", set(&BRIEF)), ("schedtrace=5,scheddetail=1", set(&DETAIL))]
    {
        let mut cmd = Command::new(dir.join("main"));
        cmd.env("GODEBUG", debug).env("GOMAXPROCS", "2").env("GOGC", "off");
        let out = wait(cmd, b"", Duration::from_secs(60));
        // The program may end while sysmon writes a line, piece by piece.
        let trace = &out.ok().stderr;
        let whole = &trace[..=trace.rfind('\n').expect("a line")];
        assert_eq!(shapes(whole), expected, "{out}");
    }
    let _ = std::fs::remove_dir_all(&dir);
}
