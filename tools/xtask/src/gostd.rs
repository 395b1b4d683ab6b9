//! `cargo xtask gostd`: the tests of libgo's packages (Go 1.18's, as gcc 12 has them), on libgo's
//! runtime and on gort.
//!
//! Each package is compiled with its tests by gccgo, as libgo's own `testsuite/gotest` does it: the
//! package with the tests in it, the tests of package `P_test`, a main that calls them; once for
//! libgo's runtime and once by `gort build`. What is compared is each test and each example with an
//! output. What passes on libgo must pass on gort, unless `tests/gostd.list` has it with a reason;
//! one that is listed without need is an error as well.
//!
//! A test that the process does not survive counts as failed, and the others that have not run are
//! run by another process. A test that fails on gort and is not listed may have been disturbed by
//! another: it is run alone, three times, and has to pass each time.

use crate::process;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What to run.
pub struct Options {
    /// Packages; all if empty.
    pub packages: Vec<String>,
    /// Only what CI runs.
    pub ci: bool,
    /// At a time.
    pub jobs: usize,
    /// libgo's directory.
    pub dir: PathBuf,
    /// The command `gort`; without it that of this tree is built.
    pub gort: Option<PathBuf>,
    /// Keep what was compiled, show all that gccgo says.
    pub verbose: bool,
}

/// Time for a compilation, and for the tests of a package.
const LIMIT: Duration = Duration::from_secs(600);

/// What CI runs: packages that ask most of the runtime.
const CI: &[&str] = &[
    "context",
    "errors",
    "internal/godebug",
    "internal/poll",
    "io",
    "os/signal",
    "runtime",
    "runtime/debug",
    "runtime/metrics",
    "runtime/trace",
    "sync",
    "sync/atomic",
    "time",
];

/// Packages whose own tests cannot be compiled, as part of them is made when libgo is built, from
/// what Debian does not have; or which are the runtime. Only their tests from outside are run, of
/// these files if any are named.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("internal/cpu", &[]),
    (
        "runtime",
        &[
            "callers_test.go",
            "chan_test.go",
            "chanbarrier_test.go",
            "closure_test.go",
            "complex_test.go",
            "defer_test.go",
            "example_test.go",
            "float_test.go",
            "iface_test.go",
            "runtime_unix_test.go",
            "slice_test.go",
            "symtab_test.go",
        ],
    ),
    ("runtime/internal/atomic", &[]),
    ("runtime/internal/math", &[]),
    ("runtime/internal/sys", &[]),
    ("runtime/pprof", &[]),
    (
        "syscall",
        // Not exec_pdeathsig_test.go: without the TestMain of a file that does not compile its
        // child runs the tests again, and so on without end.
        &[
            "creds_test.go",
            "dirent_test.go",
            "exec_linux_test.go",
            "mmap_unix_test.go",
            "syscall_ptrace_test.go",
            "syscall_test.go",
            "syscall_unix_test.go",
        ],
    ),
];

/// What the named files of package runtime's tests use of the others.
const RUNTIME_TESTS: &str = "
var global interface{}

func stackGrowthRecursive(i int) {
	var pad [128]uint64
	if i != 0 && pad[0] == 0 {
		stackGrowthRecursive(i - 1)
	}
}

func growStackIter(_ *int, n int) { stackGrowthRecursive(n) }
";

/// A package with its files.
#[derive(Clone)]
struct Package {
    path: String,
    name: String,
    dir: PathBuf,
    files: Vec<String>,
    tests: Vec<String>,
    outside: Vec<String>,
    imports: BTreeSet<String>,
}

/// What `go list` is to print of each.
const LIST: &str = "{{.Dir}}\t{{.Name}}\t{{join .GoFiles \" \"}}\t{{join .TestGoFiles \" \"}}\t{{join .XTestGoFiles \" \"}}\t\
    {{join .Imports \" \"}} {{join .TestImports \" \"}} {{join .XTestImports \" \"}}";

/// How a test went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Passes,
    Fails,
    Skipped,
}

/// The tests of a package on one of the runtimes.
type Verdicts = BTreeMap<String, Verdict>;

/// What came of a package.
enum Outcome {
    /// It has no tests, or gccgo does not compile them; why.
    Not(String),
    /// gort does not build what gccgo does.
    NotOnGort(String),
    Ran {
        libgo: Verdicts,
        gort: Verdicts,
        /// Failed at first.
        again: BTreeSet<String>,
        /// What the failing ones wrote on gort.
        output: String,
    },
}

/// Runs the tests; the result is the exit status.
pub fn run(root: &Path, o: &Options) -> Result<u8, String> {
    let list = root.join("tests/gostd.list");
    let mut exceptions = read_list(&list)?;
    let go = o.dir.join("go");
    let names = std::fs::read_to_string(o.dir.join("check-packages.txt"));
    let names = names.map_err(|e| format!("{}: {e}; see tests/gostd", o.dir.display()))?;
    let all: Vec<&str> = names.split_whitespace().filter(|p| !p.starts_with("cmd/")).collect();
    if let Some(p) = o.packages.iter().find(|p| !all.contains(&p.as_str())) {
        return Err(format!("libgo has no tests of a package {p}"));
    }
    let chosen: Vec<&str> = all
        .iter()
        .copied()
        .filter(|p| o.packages.is_empty() || o.packages.iter().any(|x| x == p))
        .filter(|p| !o.ci || CI.contains(p))
        .collect();
    let work = root.join("target/gostd/work");
    std::fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
    let gort = o.gort.clone().map_or_else(|| crate::gotest::build_gort(root), Ok)?;
    let gort = std::path::absolute(gort).map_err(|e| e.to_string())?;
    let s = Setup { go, work, gort, exports: exports()?, verbose: o.verbose };
    let packages = s.list(&chosen)?;
    let next = AtomicUsize::new(0);
    let none = BTreeMap::new();
    let outcomes = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..o.jobs {
            scope.spawn(|| {
                while let Some(p) = packages.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let start = Instant::now();
                    let listed = exceptions.get(&p.path).map_or(&none, |m| m);
                    let r = s.judge(p, listed).unwrap_or_else(Outcome::NotOnGort);
                    eprintln!("{}: {} s", p.path, start.elapsed().as_secs());
                    outcomes.lock().unwrap_or_else(|e| e.into_inner()).insert(p.path.clone(), r);
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap_or_else(|e| e.into_inner());
    let (mut packages, mut tests, mut on_libgo, mut on_gort, mut wrong) = (0, 0, 0, 0, 0);
    for (path, r) in &outcomes {
        let mut listed = exceptions.remove(path).unwrap_or_default();
        match r {
            Outcome::Not(why) => println!("{path}: not run: {why}"),
            Outcome::NotOnGort(why) => {
                wrong += 1;
                println!("{path}: does not build on gort: {why}");
            }
            Outcome::Ran { libgo, gort, again, output } => {
                packages += 1;
                for t in again {
                    println!("{path} {t}: failed on gort, passed three times alone");
                }
                let mut shown = false;
                for (t, on) in libgo {
                    tests += usize::from(t != END);
                    let reason = listed.remove(t);
                    let here = gort.get(t).copied();
                    if *on != Verdict::Passes {
                        if reason.is_some() {
                            println!(
                                "{path} {t}: is in {}, but does not pass on libgo",
                                list.display()
                            );
                        }
                        continue;
                    }
                    on_libgo += usize::from(t != END);
                    on_gort += usize::from(t != END && here == Some(Verdict::Passes));
                    match (here, reason) {
                        (Some(Verdict::Passes), None) => {}
                        (Some(Verdict::Passes), Some(_)) => {
                            wrong += 1;
                            println!("{path} {t}: is in {}, but passes", list.display());
                        }
                        (_, Some(_)) => {}
                        (v, None) => {
                            wrong += 1;
                            shown = true;
                            let how = match v {
                                Some(Verdict::Skipped) => "is skipped",
                                _ => "fails",
                            };
                            println!("{path} {t}: passes on libgo, {how} on gort");
                        }
                    }
                }
                if shown {
                    println!("{output}");
                }
                for t in listed.keys() {
                    wrong += 1;
                    println!("{path} {t}: is in {}, but is no test", list.display());
                }
            }
        }
    }
    if o.packages.is_empty() && !o.ci {
        for p in exceptions.keys() {
            wrong += 1;
            println!("{p}: is in {}, but is no package with tests", list.display());
        }
    }
    println!(
        "{tests} tests of {packages} packages: {on_libgo} pass on libgo; of those {on_gort} pass on gort"
    );
    Ok(u8::from(wrong > 0))
}

/// The list of exceptions: `PACKAGE TEST: REASON` on each line.
fn read_list(path: &Path) -> Result<BTreeMap<String, BTreeMap<String, String>>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut m: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (n, l) in text.lines().enumerate().filter(|(_, l)| !l.is_empty() && !l.starts_with('#')) {
        let (head, reason) = l.split_once(": ").unwrap_or_default();
        let Some((package, test)) = head.split_once(' ') else {
            return Err(format!("{}:{}: not `PACKAGE TEST: REASON`", path.display(), n + 1));
        };
        m.entry(package.into()).or_default().insert(test.into(), reason.into());
    }
    Ok(m)
}

fn gccgo() -> std::ffi::OsString {
    std::env::var_os("GCCGO").unwrap_or_else(|| "gccgo-12".into())
}

/// Where gccgo has the export data of its packages.
fn exports() -> Result<PathBuf, String> {
    let ask = |arg: &str| -> Result<String, String> {
        let r = process::run(Command::new(gccgo()).arg(arg), LIMIT)?;
        Ok(r.stdout.trim().to_string())
    };
    let dir = ask(&format!("-print-file-name=go/12/{}", ask("-dumpmachine")?))?;
    Ok(PathBuf::from(dir))
}

struct Setup {
    /// libgo's packages.
    go: PathBuf,
    work: PathBuf,
    gort: PathBuf,
    exports: PathBuf,
    verbose: bool,
}

/// The function that a test, a benchmark's kin or an example is.
struct Test {
    name: String,
    /// Of an example: its output, and whether its lines may come in any order.
    output: Option<(String, bool)>,
    fuzz: bool,
}

impl Setup {
    /// What `go list` knows of these packages.
    fn list(&self, paths: &[&str]) -> Result<Vec<Package>, String> {
        let mut c = Command::new("go-12");
        c.args(["list", "-e", "-compiler", "gccgo", "-f", LIST]).current_dir(&self.go);
        // Else a package without C would be without tests that have something of it.
        c.env("GO111MODULE", "off").env("CGO_ENABLED", "1").env_remove("GOFLAGS");
        c.args(paths.iter().map(|p| format!("./{p}")));
        let r = process::run(&mut c, LIMIT)?;
        if r.code != Some(0) {
            return Err(format!("go-12 list: {}", r.stderr));
        }
        // Of architectures that gcc has and this `go list` does not know as such.
        let other = Regex::new(r"_(alpha|ia64|m68k|nios2|sh|shbe)(_test)?\.go$")
            .map_err(|e| e.to_string())?;
        let words = |s: &str| -> Vec<String> {
            s.split_whitespace().filter(|w| !other.is_match(w)).map(str::to_string).collect()
        };
        let mut all = Vec::new();
        for line in r.stdout.lines() {
            let f: Vec<&str> = line.split('\t').collect();
            let [dir, name, files, tests, outside, imports] = f[..] else {
                return Err(format!("go-12 list: {line}"));
            };
            let path = Path::new(dir).strip_prefix(&self.go).map_err(|e| e.to_string())?;
            all.push(Package {
                path: path.to_string_lossy().into_owned(),
                name: name.into(),
                dir: dir.into(),
                files: words(files),
                tests: words(tests),
                outside: words(outside),
                imports: words(imports).into_iter().collect(),
            });
        }
        Ok(all)
    }

    /// Packages that these imports need and that are not installed, each after those that it
    /// imports.
    fn helpers(&self, p: &Package) -> Result<Vec<Package>, String> {
        fn visit(s: &Setup, path: &str, own: &str, all: &mut Vec<Package>) -> Result<(), String> {
            let installed = s.exports.join(format!("{path}.gox")).is_file();
            let known = all.iter().any(|q| q.path == path);
            if path == own
                || ["unsafe", "C"].contains(&path)
                || installed
                || known
                || !s.go.join(path).is_dir()
            {
                return Ok(());
            }
            let Some(mut q) = s.list(&[path])?.pop() else { return Ok(()) };
            q.tests.clear();
            q.outside.clear();
            let text =
                q.files.iter().map(|f| std::fs::read_to_string(q.dir.join(f)).unwrap_or_default());
            for i in imports(&text.collect::<String>()) {
                visit(s, &i, own, all)?;
            }
            all.push(q);
            Ok(())
        }
        let mut all = Vec::new();
        // The package itself is another's affair if it is compiled with tests in it.
        let own = if p.tests.is_empty() { "" } else { &p.path };
        for i in &p.imports {
            visit(self, i, own, &mut all)?;
        }
        Ok(all)
    }

    fn judge(&self, p: &Package, listed: &BTreeMap<String, String>) -> Result<Outcome, String> {
        let dir = self.work.join(p.path.replace('/', "-"));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        let r = self.judge_in(p, listed, &dir);
        if !self.verbose {
            let _ = std::fs::remove_dir_all(&dir);
        }
        r
    }

    fn judge_in(
        &self,
        p: &Package,
        listed: &BTreeMap<String, String>,
        dir: &Path,
    ) -> Result<Outcome, String> {
        let mut p = p.clone();
        let outside = OUTSIDE.iter().find(|(path, _)| *path == p.path);
        if let Some((_, files)) = outside {
            p.tests.clear();
            p.outside.retain(|f| files.is_empty() || files.contains(&f.as_str()));
        }
        let read = |files: &[String]| -> Vec<String> {
            files
                .iter()
                .map(|f| std::fs::read_to_string(p.dir.join(f)).unwrap_or_default())
                .collect()
        };
        let (inner, outer) = (read(&p.tests), read(&p.outside));
        let (mut own, mut other) = (tests(&inner), tests(&outer));
        let has_main = |v: &[String]| v.iter().any(|t| t.contains("\nfunc TestMain("));
        let main = match (has_main(&inner), has_main(&outer)) {
            (true, _) => Some("inner"),
            (_, true) => Some("outer"),
            _ => None,
        };
        let mut names: Vec<String> = own.iter().chain(&other).map(|t| t.name.clone()).collect();
        if names.is_empty() {
            return Ok(Outcome::Not("no tests".into()));
        }
        // The packages, as `gort build --packages` wants them.
        let mut list = Vec::new();
        for h in self.helpers(&p)? {
            let files = [h.files.clone(), self.made(&h, dir)?].concat();
            list.push(line(&h.path, &h.name, &h.dir, &files));
        }
        if !p.tests.is_empty() {
            let mut files = [p.files.clone(), p.tests.clone()].concat();
            files.extend(self.made(&p, dir)?);
            list.push(line(&p.path, &p.name, &p.dir, &files));
        }
        let save = |name: &str, text: &str| -> Result<String, String> {
            let f = dir.join(name);
            std::fs::write(&f, text).map_err(|e| format!("{}: {e}", f.display()))?;
            Ok(f.to_string_lossy().into_owned())
        };
        if !p.outside.is_empty() {
            // The package as the tests in it see it first: they may give its types methods.
            let mut first = format!("package {}_test\n\nimport _ {:?}\n", p.name, p.path);
            if p.path == "runtime" {
                first.push_str(RUNTIME_TESTS);
            }
            let mut files = vec![save("first.go", &first)?];
            files.extend(p.outside.clone());
            list.push(line(
                &format!("{}_test", p.path),
                &format!("{}_test", p.name),
                &p.dir,
                &files,
            ));
        }
        let file = save("main.go", &main_text(&p, &own, &other, main))?;
        list.push(line("main", "main", dir, &[file]));
        let libgo = dir.join("libgo");
        let undefined =
            Regex::new(r"undefined identifier ‘\w+\.(\w+)’").map_err(|e| e.to_string())?;
        while let Err(why) = self.compile(&list, dir, &libgo) {
            // Functions that stand in the text of a constant, and not in the program.
            let none: BTreeSet<&str> =
                undefined.captures_iter(&why).map(|c| c.extract::<1>().1[0]).collect();
            if !names.iter().any(|n| none.contains(n.as_str())) {
                return Ok(Outcome::Not(format!(
                    "gccgo: {}",
                    if self.verbose { &why } else { short(&why) }
                )));
            }
            names.retain(|n| !none.contains(n.as_str()));
            own.retain(|t| !none.contains(t.name.as_str()));
            other.retain(|t| !none.contains(t.name.as_str()));
            save("main.go", &main_text(&p, &own, &other, main))?;
        }
        let on_libgo = self.run_all(&p, &libgo, &names, LONG)?.0;
        let gort = dir.join("gort");
        let packages = save("packages", &(list.join("\n") + "\n"))?;
        let mut c = Command::new(&self.gort);
        c.args(["build", "--packages"]).arg(packages).arg("-o").arg(&gort);
        // A cache of its own, so that the executables go with the test; what all share stays.
        c.env("XDG_CACHE_HOME", self.work.join("cache")).current_dir(dir);
        let r = process::run(&mut c, LIMIT)?;
        if r.code != Some(0) {
            return Ok(Outcome::NotOnGort(format!("{}{}", r.stdout, r.stderr)));
        }
        let good = |t: &String| on_libgo.get(t) == Some(&Verdict::Passes);
        let (apart, names): (Vec<_>, Vec<_>) =
            names.into_iter().filter(good).partition(|t| listed.contains_key(t));
        let (mut on_gort, output) = self.run_all(&p, &gort, &names, LONG)?;
        let alone = |t: &String, limit| -> Result<Verdict, String> {
            let (v, _) = self.run_all(&p, &gort, std::slice::from_ref(t), limit)?;
            Ok(v.get(t).copied().unwrap_or(Verdict::Fails))
        };
        let mut again = BTreeSet::new();
        for (t, v) in &mut on_gort {
            if *v == Verdict::Fails && t != END {
                let three: Result<Vec<_>, _> = (0..3).map(|_| alone(t, LONG)).collect();
                if three?.iter().all(|v| *v == Verdict::Passes) {
                    *v = Verdict::Passes;
                    again.insert(t.clone());
                }
            }
        }
        // Some of these wait for ever for what never comes.
        for t in apart {
            on_gort.insert(t.clone(), alone(&t, "20s")?);
        }
        Ok(Outcome::Ran { libgo: on_libgo, gort: on_gort, again, output })
    }

    /// Files that libgo's makefile makes.
    fn made(&self, p: &Package, dir: &Path) -> Result<Vec<String>, String> {
        let (name, text) = match p.path.as_str() {
            "go/types" => (
                "gccgosizes.go",
                "package types\n\nvar gccgoArchSizes = map[string]*StdSizes{\"amd64\": {8, 8}, \"386\": {4, 4}}\n".to_string(),
            ),
            "internal/buildcfg" => {
                let v = ["GO386 = `sse2`", "GOAMD64 = `v1`", "GOARM = `5`", "GOMIPS = `hardfloat`", "GOMIPS64 = `hardfloat`"];
                let more = ["GOPPC64 = `power8`", "GOEXPERIMENT = `fieldtrack`", "GO_EXTLINK_ENABLED = ``", "GO_LDSO = ``"];
                let consts: String = v.iter().chain(&more).map(|c| format!("const default{c}\n")).collect();
                (
                    "buildcfg.go",
                    format!(
                        "package buildcfg\n\nimport \"runtime\"\n\nfunc defaultGOROOTValue() string {{ return `/usr` }}\n{consts}\
                        const version = `go1.18`\nconst defaultGOOS = runtime.GOOS\nconst defaultGOARCH = runtime.GOARCH\n"
                    ),
                )
            }
            "os" | "os/user" => {
                // What mklinknames.awk does.
                let mark = Regex::new(r"(?m)^//extern-sysinfo (\w+)\nfunc (\w+)").map_err(|e| e.to_string())?;
                let mut text = format!("package {}\n\nimport _ \"unsafe\"\n\n", p.name);
                for f in &p.files {
                    for c in mark.captures_iter(&std::fs::read_to_string(p.dir.join(f)).unwrap_or_default()) {
                        let _ = writeln!(text, "//go:linkname {} {}", &c[2], &c[1]);
                    }
                }
                ("linknames.go", text)
            }
            _ => return Ok(Vec::new()),
        };
        let f = dir.join(name);
        std::fs::write(&f, text).map_err(|e| format!("{}: {e}", f.display()))?;
        Ok(vec![f.to_string_lossy().into_owned()])
    }

    /// Compiles and links for libgo's runtime.
    fn compile(&self, list: &[String], dir: &Path, exe: &Path) -> Result<(), String> {
        let mut objects = Vec::new();
        let inc = dir.join("inc");
        let check = |c: &mut Command| -> Result<(), String> {
            let r = process::run(c, LIMIT)?;
            if r.code == Some(0) { Ok(()) } else { Err(format!("{}{}", r.stdout, r.stderr)) }
        };
        for (i, l) in list.iter().enumerate() {
            let f: Vec<&str> = l.split('\t').collect();
            let obj = dir.join(format!("{i}.o"));
            let mut c = Command::new(gccgo());
            c.args(["-c", "-O2", "-g", "-I"]).arg(&inc).arg("-o").arg(&obj).current_dir(f[2]);
            if f[1] != "main" {
                c.arg(format!("-fgo-pkgpath={}", f[0]));
            }
            check(c.args(&f[3..]))?;
            let gox = inc.join(format!("{}.gox", f[0]));
            std::fs::create_dir_all(gox.parent().unwrap_or(&inc)).map_err(|e| e.to_string())?;
            check(Command::new("objcopy").args(["-j", ".go_export"]).arg(&obj).arg(&gox))?;
            objects.push(obj);
        }
        check(Command::new(gccgo()).args(["-static-libgo", "-g", "-o"]).arg(exe).args(&objects))?;
        for o in objects {
            let _ = std::fs::remove_file(o);
        }
        Ok(())
    }

    /// Runs these tests, in as many processes as it takes; what was written about those that
    /// failed.
    fn run_all(
        &self,
        p: &Package,
        exe: &Path,
        names: &[String],
        limit: &str,
    ) -> Result<(Verdicts, String), String> {
        let result = Regex::new(r"(?m)(?:^|[^ ])--- (PASS|FAIL|SKIP): (\w+) \(")
            .map_err(|e| e.to_string())?;
        let started = Regex::new(r"(?m)^=== (?:RUN|CONT) +(\w+)").map_err(|e| e.to_string())?;
        let mut all = Verdicts::from([(END.to_string(), Verdict::Passes)]);
        let mut written = String::new();
        let mut left: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut first = true;
        while !left.is_empty() {
            let mut c = Command::new("sh");
            c.args(["-c", "exec \"$0\" \"$@\" 2>&1"]).arg(exe).current_dir(&p.dir);
            c.args(["-test.v", "-test.short"]).arg(format!("-test.timeout={limit}"));
            c.arg(format!("-test.run=^({})$", left.join("|")));
            // As a module of Go 1.18 would have it; libgo's runtime knows no such setting.
            c.env("GODEBUG", "panicnil=1");
            c.env_remove("GOTRACEBACK").env_remove("GOMAXPROCS").env_remove("GOROOT");
            // Without the command `go`: what needs it is a test of Go's tools.
            c.env("PATH", "/usr/bin:/bin").env_remove("GOFLAGS").env_remove("GOTOOLCHAIN");
            let (code, text) = match process::run(&mut c, LIMIT) {
                Ok(r) => (r.code, r.stdout),
                Err(e) => (None, e),
            };
            let before = all.len();
            let mut failed = false;
            for m in result.captures_iter(&text).filter(|m| left.contains(&&m[2])) {
                let v = match &m[1] {
                    "PASS" => Verdict::Passes,
                    "SKIP" => Verdict::Skipped,
                    _ => Verdict::Fails,
                };
                failed |= v == Verdict::Fails;
                all.insert(m[2].into(), v);
            }
            left.retain(|t| !all.contains_key(*t));
            if code != Some(0) {
                written.push_str(&tail(&text, 12000));
            }
            if first && code != Some(0) && !failed && left.is_empty() {
                all.insert(END.into(), Verdict::Fails);
            }
            first = false;
            if left.is_empty() {
                break;
            }
            // The one that was running has ended the process.
            let culprit = started.captures_iter(&text).filter(|m| left.contains(&&m[1])).last();
            match culprit {
                Some(m) => {
                    all.insert(m[1].into(), Verdict::Fails);
                    left.retain(|t| *t != &m[1]);
                }
                None if all.len() == before => {
                    // None has begun.
                    all.extend(left.drain(..).map(|t| (t.to_string(), Verdict::Fails)));
                }
                None => {}
            }
        }
        Ok((all, written))
    }
}

/// Time for the tests of a package, as package testing has it.
const LONG: &str = "240s";

/// Stands for what comes after the last test: a TestMain may look for goroutines that are left,
/// say.
const END: &str = "(end)";

/// Go's import paths in the text of files.
fn imports(text: &str) -> Vec<String> {
    let block =
        Regex::new(r#"(?m)^import (?:\(([^)]*)\)|(?:[\w.]+ )?"([^"]+)")"#).expect("a pattern");
    let quoted = Regex::new(r#"(?m)^\s*(?:[\w.]+ )?"([^"]+)""#).expect("a pattern");
    let mut v = Vec::new();
    for c in block.captures_iter(text) {
        match (c.get(1), c.get(2)) {
            (Some(b), _) => v.extend(quoted.captures_iter(b.as_str()).map(|q| q[1].to_string())),
            (_, Some(one)) => v.push(one.as_str().into()),
            _ => {}
        }
    }
    v
}

/// A line of `gort build --packages`.
fn line(path: &str, name: &str, dir: &Path, files: &[String]) -> String {
    let f: Vec<String> = files.iter().map(|f| dir.join(f).to_string_lossy().into_owned()).collect();
    format!("{path}\t{name}\t{}\t{}", dir.display(), f.join("\t"))
}

fn tail(s: &str, n: usize) -> String {
    let skip = s.chars().count().saturating_sub(n);
    s.chars().skip(skip).collect()
}

fn short(s: &str) -> &str {
    s.lines().find(|l| l.contains("error")).unwrap_or(s)
}

/// The tests and examples in the text of files.
fn tests(files: &[String]) -> Vec<Test> {
    let test = Regex::new(r"(?m)^func ((Test|Fuzz)(?:[^a-z(]\w*)?)\(\w+ \*testing\.[TF]\)")
        .expect("a pattern");
    let example =
        Regex::new(r"(?ms)^func (Example(?:[^a-z(]\w*)?)\(\) \{\n(.*?)^\}").expect("a pattern");
    let output = Regex::new(r"(?i)//\s*(unordered )?output:(.*)").expect("a pattern");
    // gccgo's authors have put tests between comment signs.
    let comment = Regex::new(r"(?ms)^/\*[^\n*]*$.*?^\*/$").expect("a pattern");
    let files: Vec<_> = files.iter().map(|f| comment.replace_all(f, "")).collect();
    let mut all = Vec::new();
    for f in &files {
        for c in test.captures_iter(f) {
            if !["TestMain"].contains(&&c[1]) {
                all.push(Test { name: c[1].into(), output: None, fuzz: &c[2] == "Fuzz" });
            }
        }
    }
    for f in &files {
        for c in example.captures_iter(f) {
            let lines: Vec<&str> = c[2].lines().collect();
            let Some(i) = lines.iter().rposition(|l| output.is_match(l)) else { continue };
            // It has to be the last thing in the function.
            if lines[i..].iter().any(|l| !l.trim_start().starts_with("//")) {
                continue;
            }
            let Some(m) = output.captures(lines[i]) else { continue };
            let mut text = m[2].trim().to_string();
            for l in &lines[i + 1..] {
                let l = l.trim_start().trim_start_matches("//");
                text.push('\n');
                text.push_str(l.strip_prefix(' ').unwrap_or(l));
            }
            all.push(Test {
                name: c[1].into(),
                output: Some((text.trim().into(), m.get(1).is_some())),
                fuzz: false,
            });
        }
    }
    all
}

/// What package testing asks for, which else is in testing/internal/testdeps: that package and what
/// it needs is not installed. Nothing is profiled here, logged or fuzzed.
const DEPS: &str = r#")

type deps struct{}

type corpusEntry = struct {
	Parent, Path string
	Data         []byte
	Values       []interface{}
	Generation   int
	IsSeed       bool
}

func (deps) ImportPath() string                          { return "" }
func (deps) MatchString(pat, str string) (bool, error)   { return regexp.MatchString(pat, str) }
func (deps) SetPanicOnExit0(bool)                        {}
func (deps) StartCPUProfile(io.Writer) error             { return nil }
func (deps) StopCPUProfile()                             {}
func (deps) StartTestLog(io.Writer)                      {}
func (deps) StopTestLog() error                          { return nil }
func (deps) WriteProfileTo(string, io.Writer, int) error { return nil }
func (deps) RunFuzzWorker(func(corpusEntry) error) error { return nil }
func (deps) CheckCorpus([]interface{}, []reflect.Type) error { return nil }
func (deps) ResetCoverage()                              {}
func (deps) SnapshotCoverage()                           {}
func (deps) ReadCorpus(string, []reflect.Type) ([]corpusEntry, error) { return nil, nil }
func (deps) CoordinateFuzzing(time.Duration, int64, time.Duration, int64, int, []corpusEntry, []reflect.Type, string, string) error {
	return nil
}

var _ = os.Exit
"#;

/// Its imports.
const DEPS_IMPORTS: &str =
    "\t\"io\"\n\t\"os\"\n\t\"reflect\"\n\t\"regexp\"\n\t\"testing\"\n\t\"time\"\n";

/// The program that runs the tests.
fn main_text(p: &Package, own: &[Test], other: &[Test], main: Option<&str>) -> String {
    let mut t = format!("package main\n\nimport (\n{DEPS_IMPORTS}");
    let name = |used: bool, name: &'static str| if used { name } else { "_" };
    if !p.tests.is_empty() {
        let used = !own.is_empty() || main == Some("inner");
        let _ = writeln!(t, "\t{} {:?}", name(used, "inner"), p.path);
    }
    if !p.outside.is_empty() {
        let used = !other.is_empty() || main == Some("outer");
        let _ = writeln!(t, "\t{} {:?}", name(used, "outer"), format!("{}_test", p.path));
    }
    t.push_str(DEPS);
    let all = || own.iter().map(|x| ("inner", x)).chain(other.iter().map(|x| ("outer", x)));
    t.push_str("\nvar tests = []testing.InternalTest{\n");
    for (pkg, x) in all().filter(|(_, x)| x.output.is_none() && !x.fuzz) {
        let _ = writeln!(t, "\t{{\"{0}\", {pkg}.{0}}},", x.name);
    }
    t.push_str("}\n\nvar fuzz = []testing.InternalFuzzTarget{\n");
    for (pkg, x) in all().filter(|(_, x)| x.fuzz) {
        let _ = writeln!(t, "\t{{\"{0}\", {pkg}.{0}}},", x.name);
    }
    t.push_str("}\n\nvar examples = []testing.InternalExample{\n");
    for (pkg, x) in all() {
        if let Some((output, unordered)) = &x.output {
            let quoted: String = output
                .chars()
                .map(|c| match c {
                    '"' => "\\\"".into(),
                    '\\' => "\\\\".into(),
                    '\n' => "\\n".into(),
                    c if c.is_control() => format!("\\x{:02x}", c as u32),
                    c => c.to_string(),
                })
                .collect();
            let _ = writeln!(t, "\t{{\"{0}\", {pkg}.{0}, \"{quoted}\", {unordered}}},", x.name);
        }
    }
    t.push_str(
        "}\n\nfunc main() {\n\tm := testing.MainStart(deps{}, tests, nil, fuzz, examples)\n",
    );
    match main {
        Some(pkg) => {
            let _ = writeln!(t, "\t{pkg}.TestMain(m)\n}}");
        }
        None => t.push_str("\tos.Exit(m.Run())\n}\n"),
    }
    t
}
