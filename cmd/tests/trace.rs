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
