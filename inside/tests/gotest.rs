//! Go's own test programs (its directory `test`, of Debian's golang-1.19-src) with the port inside:
//! each kind that runs a program does what it does on unchanged Go.
//!
//! What is only compiled says nothing about a scheduler and is left out. A program that does not
//! pass on Go 1.23.1 (a later compiler has other messages, say) is compared by what it prints.
//!
//! Tests with `-race` or a GOEXPERIMENT are left out as well: `gort go` refuses them.
//!
//! * `GORT_GOTESTS=all cargo test -p gort-inside --test gotest`: all, and not only those about
//!   channels
//! * `GORT_GOTESTS=typeparam/,chan/`: those with one of these in their path
//! * `GORT_GOTEST_DIR`: another directory than `/usr/share/go-1.19/test`

use gort_diff::process::{self, Status};
use gort_inside::command::{self, Options};
use gort_tests::{absent, go_command};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// For one step of a test, on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);
/// What CI has time for.
const SOME: &[&str] = &["chan/", "typeparam/chans.go", "typeparam/orderedmap.go"];
/// How often both sides run a program that did different things.
const ROUNDS: u32 = 8;

/// Unchanged Go, or Go with the port inside.
struct Side {
    name: &'static str,
    go: PathBuf,
    env: Vec<(OsString, OsString)>,
    goroot: PathBuf,
    /// Where the packages of std are, as the compiler and the linker want to be told.
    std: String,
}

impl Side {
    fn new(name: &'static str, c: &Command, goroot: PathBuf) -> Self {
        let env =
            c.get_envs().filter_map(|(k, v)| Some((k.to_os_string(), v?.to_os_string()))).collect();
        let mut s = Self { name, go: c.get_program().into(), env, goroot, std: String::new() };
        let line = "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}";
        let o = s.command(&["list", "-export", "-f", line, "std"]).output().unwrap();
        assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
        s.std = String::from_utf8(o.stdout).unwrap();
        s
    }

    /// `PROGRAM ARGS` with this side's settings and, as Go's driver has it, its go on the path.
    fn program(&self, program: &Path) -> Command {
        // One pipe for both streams.
        let mut c = Command::new("sh");
        c.args(["-c", "exec \"$0\" \"$@\" 2>&1"]).arg(program);
        self.settings(&mut c);
        c
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut c = Command::new(&self.go);
        c.args(args);
        self.settings(&mut c);
        c
    }

    fn settings(&self, c: &mut Command) {
        for k in ["GODEBUG", "GOTRACEBACK", "GOMAXPROCS", "GOGC", "GO111MODULE"] {
            c.env_remove(k);
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut dirs = vec![self.goroot.join("bin")];
        dirs.extend(std::env::split_paths(&path));
        c.envs([("GOENV", "off"), ("GOFLAGS", ""), ("GOOS", "linux"), ("GOARCH", "amd64")])
            .env("PATH", std::env::join_paths(dirs).unwrap())
            .envs(self.env.iter().map(|(k, v)| (k, v)));
    }
}

/// A test: a file whose first comment says what to do.
struct Test {
    /// Its path below the directory.
    name: String,
    action: String,
    flags: Vec<String>,
    args: Vec<String>,
    /// Each file of its directory is a package.
    single: bool,
    text: String,
    expected: String,
}

/// What Go's driver finds: all tests that run a program.
fn find(dir: &Path, go: &Side) -> Vec<Test> {
    // Those that are not for this system.
    let list = "{{$d := .Dir}}{{range .IgnoredGoFiles}}{{$d}}/{{.}}\n{{end}}";
    let mut c = go.command(&["list", "-e", "-find", "-f", list, "./..."]);
    let o = c.env("GO111MODULE", "off").current_dir(dir).output().unwrap();
    let ignored: BTreeSet<PathBuf> =
        String::from_utf8_lossy(&o.stdout).lines().map(PathBuf::from).collect();
    assert!(!ignored.is_empty(), "{}", String::from_utf8_lossy(&o.stderr));

    let (mut dirs, mut tests) = (vec![dir.to_path_buf()], vec![]);
    while let Some(d) = dirs.pop() {
        for path in std::fs::read_dir(&d).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() {
                if path.extension().is_none_or(|e| e != "dir") {
                    dirs.push(path);
                }
                continue;
            }
            if path.extension().is_none_or(|e| e != "go") || ignored.contains(&path) {
                continue;
            }
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            let Some((action, words)) = recipe(&text) else { continue };
            let mut t = Test {
                name: path.strip_prefix(dir).unwrap().to_str().unwrap().into(),
                action,
                flags: vec![],
                args: vec![],
                single: false,
                text,
                expected: std::fs::read_to_string(path.with_extension("out")).unwrap_or_default(),
            };
            let mut refused = false;
            let mut words = words.into_iter().peekable();
            while let Some(w) = words.next_if(|w| w.starts_with('-')) {
                match w.as_str() {
                    // About errors of the compiler.
                    "-0" | "-1" => {}
                    "-s" => t.single = true,
                    "-t" => _ = words.next(),
                    "-race" | "-goexperiment" => refused = true,
                    _ => t.flags.push(w),
                }
            }
            if !refused {
                t.args.extend(words);
                tests.push(t);
            }
        }
    }
    tests.sort_by(|a, b| a.name.cmp(&b.name));
    tests
}

/// The kind of a test and the words behind it, if that kind runs a program.
fn recipe(text: &str) -> Option<(String, Vec<String>)> {
    let line = text
        .lines()
        .find(|l| !l.is_empty() && !l.starts_with("//go:build") && !l.starts_with("// +build"))?;
    let mut words = line.strip_prefix("//")?.split_whitespace().map(str::to_string);
    let kinds = [
        "run",
        "buildrun",
        "rundir",
        "runindir",
        "buildrundir",
        "runoutput",
        "errorcheckoutput",
        "errorcheckandrundir",
    ];
    let action = words.next().filter(|w| kinds.contains(&w.as_str()))?;
    Some((action, words.collect()))
}

/// How a step of a test ended: `Err` if there is nothing behind it to do.
type Step = Result<String, String>;

/// Runs a command, and gives what it printed if it ended well.
fn step(what: &str, mut c: Command) -> Step {
    let o = process::run(&mut c, b"", LIMIT).map_err(|e| format!("{what}: {e}"))?;
    match o.status {
        Status::Exit(0) => Ok(o.stdout),
        s => Err(format!("{what}: {s}\n{}", o.stdout)),
    }
}

struct Runner<'a> {
    dir: &'a Path,
    work: &'a Path,
    addresses: Regex,
}

impl Runner<'_> {
    /// All of a test on a side: `Ok` as Go's driver wants it, else what went wrong.
    fn run(&self, t: &Test, s: &Side) -> Result<(), String> {
        let work = self.work.join(s.name).join(t.name.replace('/', "-"));
        _ = std::fs::remove_dir_all(&work);
        std::fs::create_dir_all(&work).unwrap();
        let r = self.steps(t, s, &work).and_then(|out| {
            // An errorcheckoutput prints a program that is not run.
            if t.action == "errorcheckoutput" || out == t.expected {
                Ok(())
            } else {
                Err(format!("other output:\n{out}"))
            }
        });
        _ = std::fs::remove_dir_all(&work);
        // What is each run's own.
        r.map_err(|e| {
            let e = e
                .replace(work.to_str().unwrap(), "WORK")
                .replace(s.goroot.to_str().unwrap(), "GOROOT");
            self.addresses.replace_all(&e, "…").into_owned()
        })
    }

    fn steps(&self, t: &Test, s: &Side, work: &Path) -> Step {
        // Relative, as the other files that a test may name.
        let file = t.name.as_str();
        let path = self.dir.join(file);
        let exe = work.join("a.exe");
        let tool = |args: &[&str]| {
            let mut c = s.program(&s.go);
            c.arg("tool").args(args).current_dir(work);
            c
        };
        let go = |args: &[&str]| {
            let mut c = s.program(&s.go);
            c.args(args).current_dir(self.dir);
            c
        };
        let words = |v: &[String]| v.iter().map(|w| w.to_string()).collect::<Vec<_>>();
        let run = |args: Vec<String>| go(&args.iter().map(String::as_str).collect::<Vec<_>>());
        let config = work.join("importcfg");
        let importcfg = format!("-importcfg={}", config.display());
        std::fs::write(&config, &s.std).unwrap();
        match t.action.as_str() {
            // As Go's driver: without the command go, which looks whether std is up to date.
            "run"
                if t.flags.is_empty() && t.args.is_empty() && !t.text.contains("import \"C\"") =>
            {
                step(
                    "compile",
                    tool(&["compile", "-p=main", &importcfg, "-o", "p.a", path.to_str().unwrap()]),
                )?;
                step("link", tool(&["link", "-s", "-w", &importcfg, "-o", "a.exe", "p.a"]))?;
                let mut c = s.program(&exe);
                step("run", {
                    c.current_dir(self.dir);
                    c
                })
            }
            "run" => step(
                "go run",
                run([vec!["run".into()], words(&t.flags), vec![file.into()], words(&t.args)]
                    .concat()),
            ),
            "buildrun" => {
                let out = exe.to_str().unwrap().to_string();
                let build = vec!["build".into(), "-o".into(), out];
                step("go build", run([build, words(&t.flags), vec![file.into()]].concat()))?;
                step("run", s.program(&exe))
            }
            "runoutput" | "errorcheckoutput" => {
                let out = step(
                    "go run",
                    run([vec!["run".into(), file.into()], words(&t.args)].concat()),
                )?;
                if t.action == "errorcheckoutput" {
                    return Ok(out);
                }
                let made = work.join("made.go");
                std::fs::write(&made, out).unwrap();
                step("go run made.go", go(&["run", made.to_str().unwrap()]))
            }
            "runindir" => {
                // A module of its own, with the directory's name.
                let from = self.dir.join(&t.name).with_extension("dir");
                let name = from.file_name().unwrap().to_str().unwrap();
                let to = work.join("src").join(name);
                copy(&from, &to);
                std::fs::write(to.join("go.mod"), format!("module {name}\ngo 1.14\n")).unwrap();
                let mut c = run([vec!["run".into()], words(&t.flags), vec![".".into()]].concat());
                c.current_dir(&to).env("GOPATH", work);
                step("go run .", c)
            }
            _ => self.directory(t, s, work, &tool, &importcfg),
        }
    }

    /// `rundir` and its like: the packages of a directory, the last of which is main.
    fn directory(
        &self,
        t: &Test,
        s: &Side,
        work: &Path,
        tool: &dyn Fn(&[&str]) -> Command,
        importcfg: &str,
    ) -> Step {
        let dir = self.dir.join(&t.name).with_extension("dir");
        let mut files: Vec<_> = std::fs::read_dir(&dir)
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| p.extension().is_some_and(|e| e == "go"))
            .collect();
        files.sort();
        let mut packages: Vec<(String, Vec<String>)> = vec![];
        for f in &files {
            let text = String::from_utf8_lossy(&std::fs::read(f).unwrap()).into_owned();
            let name = text
                .lines()
                .find_map(|l| l.strip_prefix("package "))
                .and_then(|l| l.split(|c: char| !c.is_alphanumeric() && c != '_').next())
                .unwrap()
                .to_string();
            let file = f.to_str().unwrap().to_string();
            match packages.iter_mut().find(|p| p.0 == name && !t.single) {
                Some(p) => p.1.push(file),
                None => packages.push((name, vec![file])),
            }
        }
        std::fs::create_dir_all(work.join("test")).unwrap();
        let (flags, ldflags) = match t.flags.iter().position(|f| f == "-ldflags") {
            Some(i) => (&t.flags[..i], &t.flags[i + 1..]),
            None => (&t.flags[..], &[][..]),
        };
        let mut config = s.std.clone();
        let mut object = String::new();
        for (i, (name, files)) in packages.iter().enumerate() {
            let path = match name.as_str() {
                "main" => "main".to_string(),
                _ => {
                    format!("test/{}", Path::new(&files[0]).file_stem().unwrap().to_str().unwrap())
                }
            };
            object = format!(
                "{}.a",
                if path == "main" { format!("test/main{i}") } else { path.clone() }
            );
            let p = format!("-p={path}");
            let mut args = vec!["compile", "-e", "-D", "test", importcfg, &p, "-o", &object];
            args.extend(flags.iter().map(String::as_str));
            // The assembler's files; Go's driver passes the same flags.
            let mut asm: Vec<String> = vec![];
            if t.action == "buildrundir" {
                asm.extend(
                    std::fs::read_dir(&dir)
                        .unwrap()
                        .map(|e| e.unwrap().path())
                        .filter(|p| p.extension().is_some_and(|e| e == "s"))
                        .map(|p| p.to_str().unwrap().to_string()),
                );
                asm.sort();
                std::fs::write(work.join("go_asm.h"), "").unwrap();
                let mut a = vec!["asm", "-p=main", "-gensymabis", "-o", "symabis"];
                a.extend(asm.iter().map(String::as_str));
                step("asm", tool(&a))?;
                args.extend(["-asmhdr", "go_asm.h", "-symabis", "symabis"]);
            }
            args.extend(files.iter().map(String::as_str));
            // An errorcheckandrundir may have a package before the last that is not to compile.
            let r = step("compile", tool(&args));
            if r.is_err() && !(t.action == "errorcheckandrundir" && i + 2 == packages.len()) {
                return r;
            }
            for (j, f) in asm.iter().enumerate() {
                let o = format!("asm{j}.o");
                step("asm", tool(&["asm", "-p=main", "-I", ".", "-o", &o, f]))?;
                step("pack", tool(&["pack", "r", &object, &o]))?;
            }
            if path != "main" {
                config += &format!("packagefile {path}={}\n", work.join(&object).display());
                std::fs::write(work.join("importcfg"), &config).unwrap();
            }
        }
        let mut args = vec!["link", "-w", importcfg, "-o", "a.exe"];
        args.extend(ldflags.iter().map(String::as_str));
        args.push(&object);
        step("link", tool(&args))?;
        let mut c = s.program(&work.join("a.exe"));
        c.args(&t.args).current_dir(work);
        step("run", c)
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for e in std::fs::read_dir(from).unwrap().map(|e| e.unwrap()) {
        let to = to.join(e.file_name());
        if e.path().is_dir() {
            copy(&e.path(), &to);
        } else {
            std::fs::copy(e.path(), &to).unwrap();
        }
    }
}

/// What a test did on both sides.
#[derive(PartialEq)]
enum Verdict {
    Passes,
    /// On both, and in the same way.
    Fails,
    Differs(String),
}

fn judge(r: &Runner<'_>, t: &Test, sides: &[Side; 2]) -> Verdict {
    let mut got = sides.each_ref().map(|_| vec![]);
    for round in 0..ROUNDS {
        for (got, s) in got.iter_mut().zip(sides) {
            got.push(r.run(t, s));
        }
        let [go, inside] = &got;
        // What Go never does is a difference; what it does at times is none.
        if inside.iter().all(|o| go.contains(o)) && (round == 0 || round + 1 == ROUNDS) {
            return if go.contains(&Ok(())) { Verdict::Passes } else { Verdict::Fails };
        }
    }
    let [go, inside] = &got;
    let strange: Vec<_> = inside.iter().filter(|o| !go.contains(o)).collect();
    Verdict::Differs(format!(
        "{} of {ROUNDS} runs did what Go did not in as many\n--- inside\n{}\n--- Go\n{}",
        strange.len(),
        strange[0].as_ref().err().map_or("passes", String::as_str),
        go[0].as_ref().err().map_or("passes", String::as_str),
    ))
}

#[test]
fn gos_test_programs_do_the_same() {
    let dir = PathBuf::from(
        std::env::var_os("GORT_GOTEST_DIR").unwrap_or_else(|| "/usr/share/go-1.19/test".into()),
    );
    if !dir.is_dir() {
        return absent("golang-1.19-src", "none of Go's test programs has had the port inside");
    }
    let Some(root) = go_command().and_then(|go| {
        let o = Command::new(go).args(["env", "GOROOT"]).output().ok()?;
        let root = PathBuf::from(String::from_utf8(o.stdout).ok()?.trim());
        std::fs::read_to_string(root.join("VERSION"))
            .is_ok_and(|v| v.starts_with("go1.23.1\n"))
            .then_some(root)
    }) else {
        return absent("Go 1.23.1", "none of Go's test programs has had the port inside");
    };
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gort");
    let o = Options { goroot: Some(root.clone()), ..Options::default() };
    let (c, shadow) = command::prepare(&o, &["build".into()], &cache).unwrap();
    let inside = Side::new("inside", &c, shadow.path().to_path_buf());
    let mut c = Command::new(root.join("bin/go"));
    c.env("GOROOT", &root).env("GOTOOLCHAIN", "local");
    let go = Side::new("go", &c, root);

    let wanted = std::env::var("GORT_GOTESTS").unwrap_or_default();
    let parts: Vec<&str> = match wanted.as_str() {
        "" => SOME.to_vec(),
        "all" => vec![""],
        names => names.split(',').collect(),
    };
    let mut tests = find(&dir, &go);
    tests.retain(|t| parts.iter().any(|p| t.name.contains(p)));
    assert!(!tests.is_empty(), "no tests {parts:?} in {}", dir.display());
    let work = tempfile::tempdir().unwrap();
    let runner = Runner {
        dir: &dir,
        work: work.path(),
        // Addresses, numbers of goroutines, names of temporary files, dates and times.
        addresses: Regex::new(
            r"0x[0-9a-f]+|/tmp/\d+|goroutine \d+|/go-build\d+|\.go\d+|\d+/\d+/\d+ \d+:\d+:\d+|\d+(\.\d+)?(ns|µs|ms|s)\b",
        )
        .unwrap(),
    };
    let sides = [go, inside];
    let (next, verdicts) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|s| {
        for _ in 0..jobs {
            s.spawn(|| {
                while let Some(t) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let v = judge(&runner, t, &sides);
                    match &v {
                        Verdict::Passes => {}
                        Verdict::Fails => println!("{}: fails on both", t.name),
                        Verdict::Differs(how) => println!("{}: DIFFERS: {how}", t.name),
                    }
                    verdicts.lock().unwrap().insert(&t.name, v);
                }
            });
        }
    });
    let verdicts = verdicts.into_inner().unwrap();
    let mut kinds = BTreeMap::<&str, usize>::new();
    for t in &tests {
        *kinds.entry(&t.action).or_default() += 1;
    }
    let count = |v: &Verdict| verdicts.values().filter(|x| *x == v).count();
    println!(
        "{} tests {kinds:?}: {} pass on Go and inside, {} fail on both in the same way",
        tests.len(),
        count(&Verdict::Passes),
        count(&Verdict::Fails)
    );
    let differ: Vec<_> =
        verdicts.iter().filter(|(_, v)| matches!(v, Verdict::Differs(_))).map(|(n, _)| n).collect();
    assert!(differ.is_empty(), "these do something else inside: {differ:#?}");
}
