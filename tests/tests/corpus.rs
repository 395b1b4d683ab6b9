//! The corpus: small Go programs, each named after what it shows, that do the same on real Go and
//! on gort.
//!
//! `tests/go/corpus/GROUP/NAME.go` is a program; `go run` and `gort run` run it as it is.
//! `tests/golden/corpus/GROUP/NAME.txt` is what Go 1.23.1 made of it: standard output, standard
//! error without what two systems cannot agree on (addresses, frames of tracebacks), exit status.
//! gort's answer must be the golden one, and Go's, where it is installed.
//!
//! How a program is run stands in its text, in lines `//corpus:run {...}`, one for each way, with
//! the fields of [`Case`]. Without such a line it is run once, with GOMAXPROCS as the machine has
//! it.
//!
//! * `cargo test -p gort-tests --test corpus [FILTER]`: one test for each program, case and number
//!   of procs
//! * `GORT_RECORD=1`: write the golden files first, from Go's answers
//! * `GORT_REPEAT=N`: run each test N times on gort
//! * `GORT_OTHER_GO=GO`: compare the programs of that `go` command, of any release, with the golden
//!   files, and gort's not; `GORT_GO_LINE=1.25`: with this line in go.mod (docs/since.md)

use gort_tests::{
    Outcome, absent, go_answer, go_build_files, go_command, gort_command, normalise_program,
    tests_dir, undisturbed, wait,
};
use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// For one program, on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);

/// One way to run a program.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Case {
    /// Name of the case, if there are several; otherwise made of the arguments.
    name: String,
    /// Its arguments.
    args: Vec<String>,
    /// Its standard input.
    stdin: String,
    /// Variables of its environment.
    env: BTreeMap<String, String>,
    /// Values of GOMAXPROCS, with each of which it does the same.
    procs: Vec<u32>,
    /// The order of events is shown, and determined: at GOMAXPROCS=1, as long as no time slice ends
    /// before its time.
    order: bool,
    /// Of a report only the lines before the first traceback are compared: which goroutines there
    /// are depends on time.
    messages: bool,
}

/// A program of the corpus.
struct Program {
    file: PathBuf,
    group: String,
    name: String,
    cases: Vec<Case>,
}

fn programs() -> Vec<Program> {
    let mut v = Vec::new();
    let entries = |d: &Path| {
        std::fs::read_dir(d)
            .expect("the corpus")
            .map(|e| e.expect("an entry").path())
            .collect::<Vec<_>>()
    };
    for group in entries(&tests_dir().join("go/corpus")).into_iter().filter(|d| d.is_dir()) {
        for file in entries(&group).into_iter().filter(|f| f.extension().is_some_and(|e| e == "go"))
        {
            let text = std::fs::read_to_string(&file).expect("a program");
            let mut cases: Vec<Case> = text
                .lines()
                .filter_map(|l| l.strip_prefix("//corpus:run "))
                .map(|l| {
                    serde_json::from_str(l)
                        .unwrap_or_else(|e| panic!("{}: {l}: {e}", file.display()))
                })
                .collect();
            // gofmt, for one, would make an ordinary comment of a misspelt one.
            assert_eq!(
                text.matches("corpus:").count(),
                cases.len(),
                "{}: a line that is no case",
                file.display()
            );
            if cases.is_empty() {
                cases.push(Case::default());
            }
            let several = cases.len() > 1;
            for c in &mut cases {
                if c.name.is_empty() && several {
                    c.name = c.args.join("_");
                }
                if c.order {
                    c.procs = vec![1];
                }
                if c.procs.is_empty() {
                    c.procs = vec![0];
                }
            }
            let stem = |p: &Path| p.file_stem().expect("a name").to_string_lossy().into_owned();
            v.push(Program { name: stem(&file), group: stem(&group), file, cases });
        }
    }
    v.sort_unstable_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    for (a, b) in v.iter().flat_map(|a| v.iter().map(move |b| (a, b))) {
        assert!(a.name != b.name || a.group == b.group, "two programs are called {}", a.name);
    }
    v
}

/// A case at one value of GOMAXPROCS.
struct Run {
    file: PathBuf,
    /// `GROUP/NAME` or `GROUP/NAME.CASE`
    golden: String,
    case: Case,
    procs: u32,
}

impl Run {
    /// What the program does, started by this command.
    fn outcome(&self, mut c: Command, debug: &str) -> String {
        c.args(&self.case.args).env("GOGC", "off").env_remove("GOTRACEBACK").env_remove("GODEBUG");
        if self.procs != 0 {
            c.env("GOMAXPROCS", self.procs.to_string());
        }
        c.envs(&self.case.env);
        if !debug.is_empty() {
            let own = self.case.env.get("GODEBUG").map(|v| format!("{v},")).unwrap_or_default();
            c.env("GODEBUG", own + debug);
        }
        let o: Outcome = wait(c, self.case.stdin.as_bytes(), LIMIT);
        normalise_program(&o, !self.case.messages)
    }

    /// gort's answer, by `gort run` or by an executable of `gort build`.
    fn on_gort(&self, program: Command) -> String {
        // The thread of a goroutine waits for a processor on a busy machine, and its time slice
        // goes on. And sysmon takes the very first slice, whose start it has not seen, for one that
        // is over: if it looks that early, main is a tick late.
        self.outcome(program, if self.case.order { "timeslice=0" } else { "" })
    }

    /// An executable of `gort build`.
    fn build(&self) -> PathBuf {
        let exe = std::env::temp_dir().join(format!(
            "gort-corpus-{}-{}-{}",
            std::process::id(),
            self.golden.replace('/', "-"),
            self.procs
        ));
        let mut gort = gort_command().expect("it has just run");
        gort.args(["build", "-o"]).arg(&exe).arg(&self.file);
        wait(gort, b"", LIMIT).ok();
        exe
    }

    /// Go's answer.
    fn on_go(&self, exe: &Path, golden: &str) -> String {
        let run = || self.outcome(self.real(exe), "");
        if self.case.order { go_answer(golden, run) } else { run() }
    }

    /// Go's answer, for the golden file: the one that comes five times first, if an order is shown.
    fn record(&self, exe: &Path) -> String {
        let mut answers = BTreeMap::new();
        loop {
            let answer = self.outcome(self.real(exe), "");
            let n = answers.entry(answer.clone()).or_insert(0);
            *n += 1;
            if !self.case.order || *n == 5 {
                return answer;
            }
        }
    }

    /// Real Go's program.
    fn real(&self, exe: &Path) -> Command {
        if self.case.order { undisturbed(exe) } else { Command::new(exe) }
    }

    fn test(&self, go: Option<&Path>) -> Result<(), Failed> {
        let path = tests_dir().join("golden/corpus").join(format!("{}.txt", self.golden));
        let exe = go.map(|bin| bin.join(self.file.file_stem().expect("a name")));
        let recording = std::env::var_os("GORT_RECORD").is_some();
        if recording {
            let exe = exe.as_ref().ok_or("recording needs Go 1.23")?;
            std::fs::create_dir_all(path.parent().expect("a folder"))?;
            std::fs::write(&path, self.record(exe))?;
        }
        let golden =
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        if let Some(exe) = exe.filter(|_| !recording) {
            same("Go", &self.on_go(&exe, &golden), &golden)?;
        }
        if std::env::var_os("GORT_OTHER_GO").is_some() {
            return Ok(());
        }
        let Some(mut gort) = gort_command() else { return Ok(()) };
        gort.arg("run").arg(&self.file);
        same("gort", &self.on_gort(gort), &golden)?;
        let times: u32 =
            std::env::var("GORT_REPEAT").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
        if times > 1 {
            let exe = self.build();
            for _ in 1..times {
                same("gort", &self.on_gort(Command::new(&exe)), &golden)?;
            }
            let _ = std::fs::remove_file(exe);
        }
        Ok(())
    }
}

/// The first difference, if there is one, and what is around it.
fn same(who: &str, got: &str, golden: &str) -> Result<(), Failed> {
    if got == golden {
        return Ok(());
    }
    let at = got.lines().zip(golden.lines()).take_while(|(a, b)| a == b).count();
    let from = |s: &str| s.lines().skip(at).take(30).collect::<Vec<_>>().join("\n");
    let line = at + 1;
    Err(format!(
        "{who} differs from the golden file in line {line}\n--- {who}\n{}\n--- golden\n{}",
        from(got),
        from(golden)
    )
    .into())
}

fn main() -> ExitCode {
    let args = Arguments::from_args();
    if go_command().is_none() {
        absent("Go 1.23", "programs are compared with the recorded output only");
    }
    let all = programs();
    let files: Vec<PathBuf> = all.iter().map(|p| p.file.clone()).collect();
    // Made by whichever test comes first.
    let go = Arc::new(OnceLock::new());
    let mut trials = Vec::new();
    for p in all {
        for case in p.cases {
            let dot = if case.name.is_empty() { "" } else { "." };
            let golden = format!("{}/{}{dot}{}", p.group, p.name, case.name);
            for &procs in &case.procs {
                let name = if procs == 0 { golden.clone() } else { format!("{golden}@{procs}") };
                let run =
                    Run { file: p.file.clone(), golden: golden.clone(), case: case.clone(), procs };
                let (go, files) = (go.clone(), files.clone());
                trials.push(Trial::test(name, move || {
                    let bin: &Option<PathBuf> = go.get_or_init(|| go_build_files(&files));
                    run.test(bin.as_deref())
                }));
            }
        }
    }
    libtest_mimic::run(&args, trials).exit_code()
}
