//! What two systems legitimately differ in, taken out of what a program wrote: addresses, the
//! places of files, measured durations, times of day, and the frames of tracebacks (inlining and
//! names of functions are each compiler's own). Messages, goroutine numbers, their states and wait
//! reasons, creators and the exit status stay.

use regex::Regex;
use std::sync::LazyLock;

/// A line that is compared.
#[derive(Clone, Debug)]
pub struct Line {
    /// What is compared of it.
    pub key: String,
    /// What the program wrote.
    pub raw: String,
}

impl Line {
    fn new(key: impl Into<String>, raw: &str) -> Self {
        Self { key: key.into(), raw: raw.into() }
    }
    fn same(raw: &str) -> Self {
        Self::new(raw, raw)
    }
}

impl PartialEq for Line {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for Line {}

/// The paths that stand in a program's output because of where it was compiled and started, e.g.
/// its executable.
#[derive(Clone, Debug, Default)]
pub struct Paths(Vec<String>);

impl Paths {
    /// These paths; each becomes `PATH` where it is found.
    pub fn new<T: Into<String>>(paths: impl IntoIterator<Item = T>) -> Self {
        let mut p: Vec<String> =
            paths.into_iter().map(Into::into).filter(|p| p.len() > 1).collect();
        p.sort_by_key(|p| std::cmp::Reverse(p.len())); // a path before what it begins with
        Self(p)
    }
}

/// A text that nothing is known of, standard output for instance.
#[must_use]
pub fn text(s: &str, paths: &Paths) -> Vec<Line> {
    s.lines().map(|l| Line::new(message(l, paths), l)).collect()
}

/// What may differ inside of a line.
static VARYING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let r = |s| Regex::new(s).expect("a valid expression");
    vec![
        // An address. Shorter numbers are the program's own.
        (r(r"\b0x[0-9a-f]{6,16}\b"), "ADDR"),
        (r(r"\b(pc|sp|fp)=0x[0-9a-f]+"), "$1=ADDR"),
        // The monotonic clock's reading behind a time.
        (r(r"\bm=[+-][0-9]+\.[0-9]+"), "m=CLOCK"),
        // A time of day, as packages log and time write it.
        (
            r(
                r"\b[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?( ?[+-][0-9]{4}| ?[+-][0-9]{2}:[0-9]{2}|Z)?( UTC| [A-Z]{3,4})?",
            ),
            "TIME",
        ),
        // A duration so precise that it was measured. Round ones are the program's own.
        (r(r"\b([0-9]+h)?([0-9]+m)?[0-9]+\.[0-9]{3,}(s|ms|µs)\b"), "DURATION"),
        (r(r"goroutine stack exceeds [0-9]+-byte limit"), "goroutine stack exceeds N-byte limit"),
    ]
});

fn message(line: &str, paths: &Paths) -> String {
    let mut s = line.to_string();
    for p in &paths.0 {
        s = s.replace(p.as_str(), "PATH");
    }
    for (pattern, by) in &*VARYING {
        if let std::borrow::Cow::Owned(t) = pattern.replace_all(&s, *by) {
            s = t;
        }
    }
    s
}

/// Standard error: text, and the reports of panics and fatal errors.
#[must_use]
pub fn report(s: &str, paths: &Paths) -> Vec<Line> {
    report_with(s.lines(), |l| message(l, paths))
}

/// The same of these lines, with `message` for what may differ in those outside of stacks.
pub fn report_with<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    message: impl Fn(&str) -> String,
) -> Vec<Line> {
    let mut out = Vec::<Line>::new();
    let mut in_stack = false;
    let mut after_stack = false;
    for line in lines {
        if let Some(h) = header(line) {
            (in_stack, after_stack) = (true, true);
            out.push(Line::new(h, line));
        } else if line == "runtime stack:" {
            (in_stack, after_stack) = (true, true);
            out.push(Line::same(line));
        } else if line.is_empty() {
            in_stack = false;
            out.push(Line::same(line));
        } else if !in_stack {
            if !(after_stack && is_register(line)) {
                out.push(Line::new(message(line), line));
            }
        } else if line.starts_with("created by ") {
            let by = line.rsplit_once(" in goroutine ").map_or("", |(_, n)| n);
            out.push(Line::new(format!("created by goroutine {by}"), line));
        } else if line.ends_with(" frames elided...") {
            out.push(Line::new("...N frames elided...", line));
        } else if line.starts_with("\tgoroutine running on other thread") {
            out.push(Line::same(line));
        }
    }
    while out.last().is_some_and(|l| l.key.is_empty()) {
        out.pop();
    }
    out
}

/// Whether a stack begins with this line.
#[must_use]
pub fn begins_stack(line: &str) -> bool {
    header(line).is_some() || line == "runtime stack:"
}

/// `goroutine 7 gp=0x1 m=3 mp=0x2 [chan receive]:` without the three in the middle.
fn header(line: &str) -> Option<String> {
    let rest = line.strip_prefix("goroutine ")?;
    let (n, rest) = rest.split_once(' ')?;
    n.parse::<u64>().ok()?;
    let at = rest.find('[')?;
    rest.ends_with("]:").then(|| format!("goroutine {n} {}", &rest[at..]))
}

/// A line of the dump of registers behind a signal's report.
fn is_register(line: &str) -> bool {
    let mut w = line.split_whitespace();
    match (w.next(), w.next(), w.next()) {
        (Some(r), Some(v), None) => {
            v.starts_with("0x") && (r.starts_with('r') || r.len() == 2 && r.ends_with('s'))
        }
        _ => false,
    }
}
