//! `cargo xtask gotest`: Go's own test programs, those marked `// run`, on libgo's runtime and on
//! gort.
//!
//! A test passes as Go's test driver wants it: exit status 0, and output as in the file `.out`
//! beside it, or none. Whatever gccgo compiles and passes on libgo's runtime must pass on gort too,
//! unless `tests/gotest.list` has it with a reason; a test that is listed without need is an error
//! as well.

use crate::process;
use regex::Regex;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What to run.
pub struct Options {
    /// Parts of names; all if empty.
    pub filters: Vec<String>,
    /// Only what CI runs.
    pub ci: bool,
    /// At a time.
    pub jobs: usize,
    /// Go's directory `test`.
    pub dir: PathBuf,
    /// Show what failing tests write.
    pub verbose: bool,
}

/// Time for a compilation, and for a test.
const LIMIT: Duration = Duration::from_secs(300);

/// A test program.
struct Test {
    /// Its path below Go's directory `test`.
    name: String,
    args: Vec<String>,
    /// Its output.
    expected: String,
}

/// How a test went.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// gccgo does not compile it.
    Refused,
    /// It fails on libgo's runtime.
    LibgoFails(String),
    Passes,
    Fails(String),
}

/// Runs the tests; the result is the exit status.
pub fn run(root: &Path, o: &Options) -> Result<u8, String> {
    let list = root.join("tests/gotest.list");
    let mut exceptions = read_list(&list)?;
    let tests = find(o)?;
    if tests.is_empty() {
        return Err(format!("no tests in {}", o.dir.display()));
    }
    let gort = build_gort(root)?;
    let work = root.join("target/gotest");
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(BTreeMap::new());
    std::thread::scope(|s| {
        for _ in 0..o.jobs {
            s.spawn(|| {
                while let Some(t) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let v = judge(t, o, &gort, &work).unwrap_or_else(Verdict::Fails);
                    if o.verbose {
                        eprintln!("{}: {}", t.name, v.word());
                    }
                    verdicts.lock().unwrap_or_else(|e| e.into_inner()).insert(t.name.clone(), v);
                }
            });
        }
    });
    let verdicts = verdicts.into_inner().unwrap_or_else(|e| e.into_inner());
    let count = |f: fn(&Verdict) -> bool| verdicts.values().filter(|v| f(v)).count();
    let refused = count(|v| *v == Verdict::Refused);
    let libgo = count(|v| matches!(v, Verdict::LibgoFails(_)));
    let passes = count(|v| *v == Verdict::Passes);
    let mut wrong = 0;
    for (name, v) in &verdicts {
        match (v, exceptions.remove(name)) {
            (Verdict::Fails(why), None) => {
                wrong += 1;
                println!("{name}: passes on libgo, fails on gort: {why}");
            }
            (Verdict::Passes, Some(_)) => {
                wrong += 1;
                println!("{name}: is in {}, but passes", list.display());
            }
            (Verdict::Refused | Verdict::LibgoFails(_), Some(_)) => {
                println!("{name}: is in {}, but does not pass on libgo", list.display());
            }
            (Verdict::LibgoFails(why), None) if o.verbose => {
                println!("{name}: fails on libgo: {why}")
            }
            _ => {}
        }
    }
    println!(
        "{} tests: {refused} not compiled by gccgo, {libgo} fail on libgo; of the {} others {passes} pass on gort",
        verdicts.len(),
        verdicts.len() - refused - libgo
    );
    if o.filters.is_empty() && !o.ci {
        for name in exceptions.keys() {
            wrong += 1;
            println!("{name}: is in {}, but is no test", list.display());
        }
    }
    Ok(u8::from(wrong > 0))
}

impl Verdict {
    fn word(&self) -> &str {
        match self {
            Verdict::Refused => "not compiled",
            Verdict::LibgoFails(_) => "fails on libgo",
            Verdict::Passes => "passes",
            Verdict::Fails(_) => "FAILS",
        }
    }
}

/// The list of exceptions: a test and a reason on each line.
fn read_list(path: &Path) -> Result<BTreeMap<String, String>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut m = BTreeMap::new();
    for (n, l) in text.lines().enumerate().filter(|(_, l)| !l.is_empty() && !l.starts_with('#')) {
        let (name, reason) = l
            .split_once(": ")
            .ok_or_else(|| format!("{}:{}: not `TEST: REASON`", path.display(), n + 1))?;
        m.insert(name.to_string(), reason.to_string());
    }
    Ok(m)
}

/// The tests marked `// run`, as Go's driver finds them.
fn find(o: &Options) -> Result<Vec<Test>, String> {
    let concurrent =
        Regex::new(r"\bgo (func\b|[\w.]+\()|\bchan\b|\bdefer\b|\brecover\(|\bmap\[|\bselect \{")
            .map_err(|e| e.to_string())?;
    let mut dirs = vec![o.dir.clone()];
    let mut tests = Vec::new();
    while let Some(d) = dirs.pop() {
        for e in std::fs::read_dir(&d).map_err(|e| format!("{}: {e}", d.display()))?.flatten() {
            let path = e.path();
            let name = path.strip_prefix(&o.dir).unwrap_or(&path).to_string_lossy().into_owned();
            if path.is_dir() {
                // Packages of other tests.
                if !name.ends_with(".dir") {
                    dirs.push(path);
                }
                continue;
            }
            if path.extension().is_none_or(|e| e != "go")
                || !o.filters.iter().all(|f| name.contains(f))
            {
                continue;
            }
            let text =
                String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned();
            let Some(args) = recipe(&text) else { continue };
            if o.ci
                && !name.starts_with("chan/")
                && !name.starts_with("ken/")
                && !concurrent.is_match(&text)
            {
                continue;
            }
            let expected = std::fs::read(path.with_extension("out")).unwrap_or_default();
            tests.push(Test {
                name,
                args,
                expected: String::from_utf8_lossy(&expected).into_owned(),
            });
        }
    }
    tests.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tests)
}

/// The arguments of a program whose first comment, after build constraints, says `run`; flags are
/// for Go's own tools.
fn recipe(text: &str) -> Option<Vec<String>> {
    let line = text
        .lines()
        .find(|l| !l.is_empty() && !l.starts_with("//go:build") && !l.starts_with("// +build"))?;
    let mut words = line.strip_prefix("//")?.split_whitespace();
    if words.next() != Some("run") {
        return None;
    }
    Some(words.filter(|w| !w.starts_with('-')).map(str::to_string).collect())
}

/// The command `gort`, with its library beside it.
pub fn build_gort(root: &Path) -> Result<PathBuf, String> {
    let mut c = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    c.args(["build", "--release", "--quiet", "-p", "gort-cmd", "-p", "gort-libgo"])
        .current_dir(root);
    c.arg("--target-dir").arg(root.join("target"));
    if !c.status().is_ok_and(|s| s.success()) {
        return Err("gort does not build".into());
    }
    Ok(root.join("target/release/gort"))
}

fn judge(t: &Test, o: &Options, gort: &Path, work: &Path) -> Result<Verdict, String> {
    let file = o.dir.join(&t.name);
    let dir = work.join(t.name.replace('/', "-"));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let exe = dir.join("libgo");
    let mut c = Command::new(std::env::var_os("GCCGO").unwrap_or_else(|| "gccgo-12".into()));
    c.args(["-O2", "-g", "-o"]).arg(&exe).arg(&file).current_dir(&dir);
    let verdict = if process::run(&mut c, LIMIT)?.code != Some(0) {
        Verdict::Refused
    } else if let Err(why) = passes(t, &exe, o) {
        Verdict::LibgoFails(why)
    } else {
        let exe = dir.join("gort");
        let mut c = Command::new(gort);
        c.args(["build", "-o"]).arg(&exe).arg(&file).current_dir(&dir);
        // A cache of its own, so that the executables go with the test; what all share stays.
        c.env("XDG_CACHE_HOME", work.join("cache"));
        let built = process::run(&mut c, LIMIT)?;
        if built.code != Some(0) {
            Verdict::Fails(format!("does not build\n{}{}", built.stdout, built.stderr))
        } else {
            passes(t, &exe, o).map_or_else(Verdict::Fails, |()| Verdict::Passes)
        }
    };
    let _ = std::fs::remove_dir_all(&dir);
    Ok(verdict)
}

/// Runs a test, and says what is wrong.
fn passes(t: &Test, exe: &Path, o: &Options) -> Result<(), String> {
    // One pipe for both, as Go's driver has it.
    let mut c = Command::new("sh");
    c.args(["-c", "exec \"$0\" \"$@\" 2>&1"]).arg(exe).args(&t.args).current_dir(&o.dir);
    c.env_remove("GODEBUG").env_remove("GOTRACEBACK").env_remove("GOMAXPROCS");
    // Without the command `go`: what needs it is a test of Go's tools, and fails on libgo, too.
    c.env("PATH", "/usr/bin:/bin");
    let r = process::run(&mut c, LIMIT)?;
    let shown: String = r.stdout.chars().take(2000).collect();
    match r.code {
        Some(0) if r.stdout == t.expected => Ok(()),
        Some(0) => Err(format!("wrong output:\n{shown}")),
        Some(n) => Err(format!("exit status {n}\n{shown}")),
        None => Err(format!("killed by a signal\n{shown}")),
    }
}
