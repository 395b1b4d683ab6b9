//! Reports of fatal errors and panics, made comparable: what Go and gort must agree on, without
//! what they cannot (frames, addresses, paths).

use crate::{Outcome, go_answer, go_build, tests_dir, undisturbed, wait};
use gort_diff::normalise::{begins_stack, report_with};
use std::time::Duration;

/// What of a report two systems can be compared by: messages, the goroutines with their numbers and
/// states in their order, the numbers of their creators, and the exit status as the last line.
#[must_use]
pub fn normalise(o: &Outcome) -> String {
    stderr(o, true, message)
}

/// The same of a Go program compiled by either system's compiler, with its standard output: here
/// the names of types agree, and small numbers are the program's own. Without `stacks` only what
/// precedes the first traceback counts of the report, and a message that two threads have come to
/// at once counts once.
#[must_use]
pub fn normalise_program(o: &Outcome, stacks: bool) -> String {
    let err = stderr(o, stacks, |l| addresses(l, 4));
    let gap =
        if o.stdout.is_empty() || o.stdout.ends_with('\n') { "" } else { "\n-- no newline\n" };
    format!("{}{gap}-- stderr\n{err}", o.stdout)
}

fn stderr(o: &Outcome, stacks: bool, message: impl Fn(&str) -> String) -> String {
    let mut lines: Vec<&str> = o.stderr.lines().collect();
    if !stacks {
        lines.truncate(lines.iter().position(|l| begins_stack(l)).unwrap_or(lines.len()));
        lines.dedup();
    }
    let mut out: Vec<String> = report_with(lines, message).into_iter().map(|l| l.key).collect();
    out.push(format!("exit {}", o.code));
    out.join("\n") + "\n"
}

/// A line of a message: addresses, the limit of stacks and the names of types are each system's
/// own.
fn message(line: &str) -> String {
    let s = addresses(line, 0);
    if let Some((head, _)) = s.split_once("panic: (")
        && let Some((_, tail)) = s.split_once(") ADDR")
    {
        return format!("{head}panic: (TYPE) ADDR{tail}");
    }
    s
}

/// The line with `ADDR` for hexadecimal numbers of more than `digits` digits, and without the limit
/// of stacks and amounts of memory.
fn addresses(line: &str, digits: usize) -> String {
    let mut s = String::new();
    let mut rest = line;
    while let Some(i) = rest.find("0x") {
        let hex = rest[i + 2..].chars().take_while(char::is_ascii_hexdigit).count();
        s += &rest[..i];
        s += if hex == 0 || hex <= digits { &rest[i..i + 2 + hex] } else { "ADDR" };
        rest = &rest[i + 2 + hex..];
    }
    s += rest;
    if let Some(limit) = s.strip_prefix("runtime: goroutine stack exceeds ")
        && limit.ends_with("-byte limit")
    {
        return "runtime: goroutine stack exceeds N-byte limit".into();
    }
    if s.starts_with("runtime: out of memory: cannot allocate ") {
        return s.chars().filter(|c| !c.is_ascii_digit()).collect();
    }
    s
}

/// Which part of a report is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// All that [`normalise`] leaves.
    All,
    /// The lines before the first stack, and the status: which goroutines there are depends on
    /// time.
    Messages,
}

impl Compare {
    fn cut(self, s: &str) -> String {
        match self {
            Compare::All => s.to_string(),
            Compare::Messages => {
                let exit = s.lines().last().unwrap_or_default();
                format!("{}\n{exit}\n", s.split("\n\n").next().unwrap_or_default())
            }
        }
    }
}

/// Compares what a case of `tests/tests/fatal.rs` did with the golden file `name` and, live, with
/// the case `go_case` of Go's program in the same environment.
///
/// With `GORT_RECORD` set in the environment the golden file is written from Go's answer first.
///
/// # Panics
/// If they differ.
pub fn go_fatal(name: &str, go_case: &str, env: &[(&str, &str)], what: Compare, o: &Outcome) {
    let path = tests_dir().join("golden/fatal").join(format!("{name}.txt"));
    let exe = go_build("fatal");
    let go = |exe: &std::path::Path| {
        let mut cmd = undisturbed(exe);
        cmd.env_remove("GODEBUG")
            .env_remove("GOTRACEBACK")
            .env("FATAL", go_case)
            .env("GOMAXPROCS", "1");
        cmd.env("GOGC", "off").envs(env.iter().copied());
        what.cut(&normalise(&wait(cmd, b"", Duration::from_secs(60))))
    };
    if let (Some(exe), Ok(_)) = (&exe, std::env::var("GORT_RECORD")) {
        std::fs::write(&path, go(exe)).expect("recorded");
    }
    let golden =
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(what.cut(&normalise(o)), golden, "gort and the golden file of {name}\n{o}");
    let Some(exe) = exe else { return };
    assert_eq!(go_answer(&golden, || go(&exe)), golden, "Go and the golden file of {name}");
}
