//! `gort trace`.

use gort_tests::tests_dir;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

fn trace(args: &[&str], stdin: &[u8]) -> Output {
    let mut c = Command::new(env!("CARGO_BIN_EXE_gort"));
    c.arg("trace").args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = c.spawn().unwrap();
    // It may refuse before it has read all.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

fn texts(o: &Output) -> (String, String) {
    (String::from_utf8_lossy(&o.stdout).into(), String::from_utf8_lossy(&o.stderr).into())
}

#[test]
fn a_valid_one() {
    let file = tests_dir().join("golden/trace/events.trace");
    let file = file.to_str().unwrap();
    let o = trace(&["--check", file], b"");
    assert_eq!((o.status.code(), texts(&o)), (Some(0), Default::default()));
    let (events, _) = texts(&trace(&["--events", file], b""));
    assert!(events.starts_with("M=") && events.contains(" StateTransition "), "{events}");
    // The same from standard input, and the summary by default.
    let bytes = std::fs::read(file).unwrap();
    let (summary, _) = texts(&trace(&["-"], &bytes));
    assert!(summary.contains("main.main") && summary.contains("(chan receive)"), "{summary}");
    assert_eq!(texts(&trace(&["--summary", file], b"")).0, summary);
}

#[test]
fn advice() {
    let leak = tests_dir().join("golden/trace/advice/leak.trace");
    let leak = leak.to_str().unwrap();
    let (text, _) = texts(&trace(&["--advice", leak], b""));
    assert!(text.starts_with("1. Goroutines that nobody ends: main.ask.func1 (leak)\n"), "{text}");
    let (both, _) = texts(&trace(&["--advice", "--summary", leak], b""));
    assert!(both.contains("blocked longest") && both.ends_with(&text), "{both}");
    assert_eq!(trace(&["--advice", "--check", leak], b"").status.code(), Some(2));
}

/// `gort run` with the options for profiles and traces: all files are there.
#[test]
fn files_of_a_run() {
    let t = tempfile::tempdir().unwrap();
    let mut c = Command::new(env!("CARGO_BIN_EXE_gort"));
    c.arg("run");
    for option in ["blockprofile", "mutexprofile", "cpuprofile", "trace"] {
        c.arg(format!("--{option}")).arg(t.path().join(option));
    }
    let o = c.args(["pingpong", "-n", "1000"]).output().unwrap();
    assert!(o.status.success(), "{o:?}");
    for option in ["blockprofile", "mutexprofile", "cpuprofile"] {
        let file = std::fs::read(t.path().join(option)).unwrap();
        assert!(file.starts_with(&[0x1f, 0x8b]), "{option}");
    }
    let o = trace(&["--check", t.path().join("trace").to_str().unwrap()], b"");
    assert_eq!((o.status.code(), texts(&o)), (Some(0), Default::default()));
}

#[test]
fn what_is_wrong() {
    let bytes = std::fs::read(tests_dir().join("golden/trace/events.trace")).unwrap();
    for (bytes, says) in [
        (&b""[..], "bad file format: not a Go execution trace? (offset 0)"),
        (&bytes[..16], "no frequency event found (offset 16)"),
        (&bytes[..40], "error reading batch size: unexpected EOF (offset 40)"),
        (&bytes[..bytes.len() / 2], "(offset "),
        (b"go 1.26 trace\0\0\0", "unknown or unsupported trace version go 1.26"),
    ] {
        let o = trace(&["--check", "-"], bytes);
        let (out, err) = texts(&o);
        assert_eq!((o.status.code(), out.as_str()), (Some(1), ""), "{err}");
        assert!(err.starts_with("gort: -: ") && err.contains(says), "{err}");
    }
    let (_, err) = texts(&trace(&["/nonexistent/file"], b""));
    assert!(err.contains("No such file"), "{err}");
    assert_eq!(trace(&["--check", "--events", "-"], b"").status.code(), Some(2));
    assert_eq!(trace(&[], b"").status.code(), Some(2));
}

/// What else lies in a directory.
fn files(dir: &std::path::Path) -> Vec<String> {
    let names = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = names.map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// `--json` and `--html` write all of their file or nothing, and replace nothing by half of one.
#[test]
fn views_are_whole_files() {
    use std::os::unix::fs::PermissionsExt;
    let golden = tests_dir().join("golden/trace/events.trace");
    let bytes = std::fs::read(&golden).unwrap();
    let golden = golden.to_str().unwrap();
    for option in ["--json", "--html"] {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_string();
        let out = path("out");
        let o = trace(&[option, &out, golden], b"");
        assert_eq!((o.status.code(), texts(&o)), (Some(0), Default::default()));
        let whole = std::fs::read(&out).unwrap();
        assert_eq!(files(dir.path()), ["out"]);
        // On standard output too, and with the summary.
        assert_eq!(trace(&[option, "-", golden], b"").stdout, whole);
        let (summary, _) = texts(&trace(&[option, &out, "--summary", golden], b""));
        assert_eq!(summary, texts(&trace(&[golden], b"")).0);
        // A device, here, or through a link, is not replaced.
        assert_eq!(trace(&[option, "/dev/null", golden], b"").status.code(), Some(0));
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
        std::os::unix::fs::symlink("out", path("link")).unwrap();
        // A broken trace leaves what was there, and makes nothing.
        std::fs::write(&out, "before").unwrap();
        std::fs::set_permissions(&out, PermissionsExt::from_mode(0o662)).unwrap();
        for name in ["out", "link", "new"] {
            let o = trace(&[option, &path(name), "-"], &bytes[..bytes.len() / 2]);
            let (printed, err) = texts(&o);
            assert_eq!((o.status.code(), &*printed), (Some(1), ""), "{err}");
            assert!(err.starts_with("gort: -: ") && err.contains("(offset "), "{err}");
        }
        assert_eq!(std::fs::read(&out).unwrap(), b"before");
        assert_eq!(files(dir.path()), ["link", "out"]);
        assert_eq!(trace(&[option, &path("link"), golden], b"").status.code(), Some(0));
        assert!(std::fs::symlink_metadata(path("link")).unwrap().is_symlink());
        assert_eq!(std::fs::read(&out).unwrap(), whole);
        assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o662);
        // Where it cannot be.
        let says = |out: &str, input: &str, text: &str| {
            let (printed, err) = texts(&trace(&[option, out, input], b""));
            assert_eq!((printed, err), (String::new(), format!("gort: {out}: {text}\n")));
        };
        says(&path("none/out"), golden, "No such file or directory (os error 2)");
        says(&path("out/out"), golden, "Not a directory (os error 20)");
        says(dir.path().to_str().unwrap(), golden, "Is a directory (os error 21)");
        says("/dev/full", golden, "No space left on device (os error 28)");
        let copy = path("copy");
        std::fs::write(&copy, &bytes).unwrap();
        says(&copy, &copy, "that is the trace");
        assert_eq!(std::fs::read(&copy).unwrap(), bytes);
        assert_eq!(files(dir.path()), ["copy", "link", "out"]);
    }
    for option in ["--json", "--html"] {
        assert_eq!(trace(&[option, "x", "--events", "-"], b"").status.code(), Some(2));
    }
    // Both at once.
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_string();
    let o = trace(&["--json", &path("j"), "--html", &path("h"), golden], b"");
    assert_eq!((o.status.code(), texts(&o)), (Some(0), Default::default()));
    let page = std::fs::read_to_string(path("h")).unwrap();
    assert!(page.contains(&format!("<title>Trace {golden}</title>")), "{page}");
    assert_eq!(files(dir.path()), ["h", "j"]);
}

/// Times in the JSON are those of the events.
#[test]
fn json_has_the_times_of_the_events() {
    let golden = tests_dir().join("golden/trace/events.trace");
    let golden = golden.to_str().unwrap();
    let (json, _) = texts(&trace(&["--json", "-", golden], b""));
    let v: serde_json::Value = serde_json::from_str(&json).unwrap();
    let start: i64 = v["otherData"]["start_ns"].as_str().unwrap().parse().unwrap();
    let slices = v["traceEvents"].as_array().unwrap().iter();
    let began: std::collections::BTreeSet<i64> = slices
        .filter(|e| e["cat"] == "goroutine")
        .map(|e| start + (e["ts"].as_f64().unwrap() * 1000.0).round() as i64)
        .collect();
    let (events, _) = texts(&trace(&["--events", golden], b""));
    let time = |l: &str| -> i64 {
        l.split("Time=").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    let changes = events.lines().filter(|l| l.contains(" GoID=") && !l.contains("->NotExist"));
    let last =
        events.lines().filter(|l| l.contains("Time=") && !l.contains(" Sync ")).map(time).max();
    // A state that begins with the last event has no length, but is there.
    let changes: std::collections::BTreeSet<i64> =
        changes.map(time).filter(|t| Some(*t) != last).collect();
    assert!(changes.len() > 20);
    assert_eq!(began, changes);
}
