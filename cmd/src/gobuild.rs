//! `gort run prog.go` and `gort build`: Go programs, compiled by gccgo 12 and linked with gort in
//! libgo's runtime's place.
//!
//! What is needed beside this program: gccgo 12 with its gcc and binutils (Debian: package
//! `gccgo-12`), and `libgort_libgo.a`, the static library of the crate `libgo`. It is looked for at
//! `$GORT_LIBGO`, then beside the executable, in `../lib/gort`, and in the build directories that
//! the executable may stand in.
//!
//! A program is some files of package main, or a directory; which packages of its module it needs,
//! and in which order, says gccgo's own `go list`.
//!
//! Results are kept in `$XDG_CACHE_HOME/gort` (`~/.cache/gort`): once for each compiler, libgo's
//! packages without their runtime; for each program, by the hash of its text, the executable. The
//! last 32 programs stay.

mod closures;
mod embed;
mod exports;
mod godebug;

use crate::progress::{self, Progress};
use std::collections::hash_map::DefaultHasher;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, exit};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// The Go half of the runtime.
const COMPANION: &str = include_str!("go/runtime.go");

/// Members of libgo.a that are its runtime, or belong to it: gort is there instead. Without them a
/// symbol that gort lacks is an error of the linker, never libgo's.
const RUNTIME_OBJECTS: &[&str] = &[
    "runtime.o",
    "proc.o",
    "stack.o",
    "panic.o",
    "print.o",
    "runtime_c.o",
    "env_posix.o",
    "yield.o",
    "aeshash.o",
    "go-assert.o",
    "go-caller.o",
    "go-callers.o",
    "go-cgo.o",
    "go-construct-map.o",
    "go-ffi.o",
    "go-fieldtrack.o",
    "go-matherr.o",
    "go-memclr.o",
    "go-memmove.o",
    "go-memequal.o",
    "go-nanotime.o",
    "go-now.o",
    "go-setenv.o",
    "go-signal.o",
    "go-unsetenv.o",
    "go-unwind.o",
    "go-context.o",
];

/// Programs that the cache keeps.
const KEEP: usize = 32;
/// What has been half made for so long will not be finished any more.
const HALF_MADE_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether an argument names a Go file.
pub fn is_go(arg: &OsStr) -> bool {
    Path::new(arg).extension().is_some_and(|e| e == "go")
}

/// Whether an argument names a directory with a Go program: it contains a slash, or is `.` or `..`.
pub fn is_dir(arg: &OsStr) -> bool {
    !is_go(arg) && (arg == "." || arg == ".." || arg.to_string_lossy().contains('/'))
}

/// Compiles the program and becomes it.
pub fn run(program: &[OsString], args: &[OsString]) -> ! {
    let exe = build(program);
    let err = Command::new(&exe).args(args).exec();
    fail(&format!("{}: {err}", exe.display()))
}

/// Compiles the program to `out`.
pub fn build_to(program: &[OsString], out: &Path) {
    install(out, || build(program));
}

/// Compiles packages, which a file lists as [`LIST`] does, each after those that it imports. One
/// may have the path of one of libgo's, and takes its place: that is how tests of libgo's packages
/// are built.
pub fn build_packages_to(list: &Path, out: &Path) {
    install(out, || {
        let all = listed(&or_fail(fs::read_to_string(list), list));
        let debug = all.last().map_or(&[][..], |p| &p.debug);
        let settings = godebug::default(None, debug);
        build_packages(&find_tools(), &all, &settings)
    });
}

/// Puts the executable that `build` makes at `out`.
fn install(out: &Path, build: impl FnOnce() -> PathBuf) {
    if !may_replace(out) {
        fail(&format!("{} already exists and is not an executable", out.display()));
    }
    let exe = build();
    // A running executable cannot be written to, but it can be replaced. A device (/dev/null) is
    // written to.
    if fs::metadata(out).is_ok_and(|m| m.is_file()) {
        let _ = fs::remove_file(out);
    }
    or_fail(fs::copy(&exe, out), out);
}

/// Not if it is a file that somebody has written by hand: what was meant by
/// `gort build -o a.go b.go`?
fn may_replace(out: &Path) -> bool {
    const ELF: &[u8] = b"\x7fELF";
    if !fs::metadata(out).is_ok_and(|m| m.is_file() && m.len() > 0) {
        return true;
    }
    let mut head = [0; ELF.len()];
    fs::File::open(out).and_then(|mut f| f.read_exact(&mut head)).is_ok() && head == ELF
}

/// What [`cached`] is making; gone with the command, if it fails.
static HALF_MADE: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Ends the command, which has said why.
fn give_up() -> ! {
    end(1)
}

fn end(status: i32) -> ! {
    progress::clear();
    if let Some(d) = half_made().take() {
        let _ = fs::remove_dir_all(d);
    }
    exit(status)
}

/// The variable by which `gort diff` asks to be told apart: with it set, [`REFUSED`] is the status
/// if gccgo, which is there, does not take the program; whatever else is wrong is 1 as ever.
pub const TELL: &str = "GORT_DIFF_BUILDS";
/// See [`TELL`].
pub const REFUSED: i32 = 3;

/// As [`give_up`], for a program that gccgo or its `go list` does not take.
fn refused() -> ! {
    end(if std::env::var_os(TELL).is_some() { REFUSED } else { 1 })
}

fn half_made() -> MutexGuard<'static, Option<PathBuf>> {
    HALF_MADE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fail(msg: &str) -> ! {
    progress::clear();
    eprintln!("gort: {msg}");
    give_up()
}

fn or_fail<T, E: std::fmt::Display>(r: Result<T, E>, what: &Path) -> T {
    r.unwrap_or_else(|e| fail(&format!("{}: {e}", what.display())))
}

/// Compiler, linker and library.
struct Tools {
    gccgo: OsString,
    gcc: OsString,
    version: String,
    /// Where libgo's export data is, for `-print-file-name`.
    exports: String,
    lib: PathBuf,
    cache: PathBuf,
}

/// Runs a tool whose output nobody needs to see unless it fails.
fn quiet(c: &mut Command) {
    match c.output() {
        Ok(o) if o.status.success() => {}
        Ok(o) => {
            progress::clear();
            eprint!("{}{}", String::from_utf8_lossy(&o.stdout), String::from_utf8_lossy(&o.stderr));
            fail(&format!("{} failed", c.get_program().to_string_lossy()))
        }
        Err(e) => fail(&format!("{}: {e}", c.get_program().to_string_lossy())),
    }
}

/// Runs a tool that speaks for itself; on a terminal, where a line of [`Progress`] stands, once
/// that is gone. Whether all went well.
fn speaks(c: &mut Command, progress: bool) -> bool {
    let tool = PathBuf::from(c.get_program());
    if !progress {
        return or_fail(c.status(), &tool).success();
    }
    let o = or_fail(c.output(), &tool);
    if !o.stdout.is_empty() || !o.stderr.is_empty() {
        progress::clear();
        eprint!("{}{}", String::from_utf8_lossy(&o.stdout), String::from_utf8_lossy(&o.stderr));
    }
    o.status.success()
}

/// What a tool prints.
fn output(program: &OsStr, arg: &str) -> Option<String> {
    let o = Command::new(program).arg(arg).stdin(Stdio::null()).output().ok()?;
    o.status.success().then(|| String::from_utf8_lossy(&o.stdout).trim().to_string())
}

fn find_tools() -> Tools {
    let candidates: Vec<OsString> = match std::env::var_os("GCCGO") {
        Some(g) => vec![g],
        None => vec!["gccgo-12".into(), "gccgo".into()],
    };
    let mut other = None;
    let found = candidates.into_iter().find_map(|g| {
        let v = output(&g, "-dumpfullversion")?;
        if v.split('.').next() == Some("12") {
            return Some((g, v));
        }
        other.get_or_insert(v);
        None
    });
    let Some((gccgo, version)) = found else {
        match other {
            Some(v) => fail(&format!(
                "Go programs need gccgo 12, this one is {v}; install the Debian package gccgo-12, or set GCCGO"
            )),
            None => fail(
                "Go programs need gccgo 12; install the Debian package gccgo-12, or set GCCGO to its path",
            ),
        }
    };
    let gcc =
        ["gcc-12", "gcc", "cc"].into_iter().find(|c| output(c.as_ref(), "-dumpversion").is_some());
    let Some(gcc) = gcc else {
        fail("no C compiler to link with; install the Debian package gcc-12")
    };
    let cache = cache_dir();
    let machine = output(&gccgo, "-dumpmachine").unwrap_or_default();
    let exports = format!("go/12/{machine}");
    Tools { gccgo, gcc: gcc.into(), version, exports, lib: find_lib(), cache }
}

/// `$XDG_CACHE_HOME/gort`, or where that would be. One that is no absolute path does not count, as
/// its specification has it.
pub fn cache_dir() -> PathBuf {
    std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|p| p.is_absolute())
        .or_else(|| std::env::home_dir().map(|h| h.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("gort")
}

fn find_lib() -> PathBuf {
    const NAME: &str = "libgort_libgo.a";
    if let Some(p) = std::env::var_os("GORT_LIBGO") {
        let p = PathBuf::from(p);
        return if p.is_dir() { p.join(NAME) } else { p };
    }
    let exe = std::env::current_exe().and_then(fs::canonicalize).unwrap_or_default();
    let dirs = exe.ancestors().skip(1).take(3).flat_map(|d| {
        [
            d.join(NAME),
            d.join("lib/gort").join(NAME),
            d.join("release").join(NAME),
            d.join("debug").join(NAME),
        ]
    });
    let tried: Vec<PathBuf> = dirs.collect();
    match tried.iter().find(|p| p.is_file()) {
        Some(p) => p.clone(),
        None => fail(&format!(
            "{NAME} is not beside {}; build it with `cargo build --release -p gort-libgo`, or set GORT_LIBGO",
            exe.display()
        )),
    }
}

/// 128 bits over what is fed to it.
struct Key(DefaultHasher, DefaultHasher);

impl Key {
    fn new() -> Self {
        let mut k = Self(DefaultHasher::new(), DefaultHasher::new());
        1u8.hash(&mut k.1);
        k
    }
    fn add(&mut self, x: impl Hash) {
        x.hash(&mut self.0);
        x.hash(&mut self.1);
    }
    fn hex(&self) -> String {
        format!("{:016x}{:016x}", self.0.finish(), self.1.finish())
    }
}

/// Size and time of change stand for the contents of a large file.
fn stamp(k: &mut Key, p: &Path) {
    let m = or_fail(fs::metadata(p), p);
    k.add(p);
    k.add(m.len());
    k.add(m.modified().ok().and_then(|t| t.duration_since(SystemTime::UNIX_EPOCH).ok()));
}

/// A directory in the cache that `fill` makes, if it is not there: under another name first, so
/// that it is complete or absent, whoever else does the same.
fn cached(t: &Tools, name: &str, fill: impl FnOnce(&Path)) -> PathBuf {
    let dir = t.cache.join(name);
    if dir.is_dir() {
        return dir;
    }
    let tmp = t.cache.join(format!("tmp-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&tmp);
    or_fail(fs::create_dir_all(&tmp), &tmp);
    *half_made() = Some(tmp.clone());
    fill(&tmp);
    if let Err(e) = fs::rename(&tmp, &dir) {
        if !dir.is_dir() {
            fail(&format!("{}: {e}", dir.display()));
        }
        let _ = fs::remove_dir_all(&tmp);
    }
    *half_made() = None;
    dir
}

/// What all programs share: the companion, its export data, libgo's packages.
fn support(t: &Tools) -> (PathBuf, String) {
    let libgo = Command::new(&t.gccgo).arg("-print-file-name=libgo.a").output();
    let libgo =
        PathBuf::from(String::from_utf8_lossy(&libgo.map(|o| o.stdout).unwrap_or_default()).trim());
    if !libgo.is_absolute() {
        fail("libgo.a not found; install the Debian package libgo-12-dev");
    }
    let mut k = Key::new();
    k.add(&t.version);
    k.add(COMPANION);
    k.add(RUNTIME_OBJECTS);
    k.add(WEAK);

    k.add(REWRITE);
    stamp(&mut k, &libgo);
    let hex = k.hex();
    let dir = cached(t, &format!("support-{hex}"), |d| {
        let progress = Progress::new(4);
        if !progress.is_shown() {
            eprintln!("gort: preparing libgo's packages in {} (once)", t.cache.display());
        }
        progress.step("preparing libgo's packages (once): the runtime");
        let src = d.join("runtime.go");
        or_fail(fs::write(&src, COMPANION), &src);
        let gccgo = Command::new(&t.gccgo)
            .args(["-c", "-O2", "-g", "-fgo-pkgpath=runtime", "-o", "runtime.o", "runtime.go"])
            .current_dir(d)
            .status();
        if !gccgo.is_ok_and(|s| s.success()) {
            fail("the runtime's Go part does not compile");
        }
        or_fail(fs::create_dir(d.join("inc")), d);
        quiet(
            Command::new("objcopy")
                .args(["-j", ".go_export", "runtime.o", "inc/runtime.gox"])
                .current_dir(d),
        );
        progress.step("preparing libgo's packages (once): copying");
        let pkgs = d.join("libgopkgs.a");
        or_fail(fs::copy(&libgo, &pkgs), &pkgs);
        progress.step("preparing libgo's packages (once): without their runtime");
        quiet(Command::new("ar").arg("d").arg("libgopkgs.a").args(RUNTIME_OBJECTS).current_dir(d));
        progress.step("preparing libgo's packages (once): names and export data");
        let names = Command::new("nm").args(["-j", "libgopkgs.a"]).current_dir(d).output();
        let names = or_fail(names, Path::new("nm")).stdout;
        let renames = d.join("renames");
        let text = exports::renames(&String::from_utf8_lossy(&names));
        or_fail(fs::write(&renames, text), &renames);
        let mut c = Command::new("objcopy");
        c.args(WEAK.iter().map(|s| format!("--weaken-symbol={s}")));
        quiet(c.arg("--redefine-syms=renames").arg("libgopkgs.a").current_dir(d));
        let from = PathBuf::from(
            output(&t.gccgo, &format!("-print-file-name={}", t.exports)).unwrap_or_default(),
        );
        if !from.is_absolute() {
            fail("libgo's export data not found; install the Debian package libgo-12-dev");
        }
        rewrite_exports(&from, &d.join("inc"));
    });
    (dir, hex)
}

/// Functions of libgo's packages that gort has better ones of.
const WEAK: &[&str] = &["internal_1godebug.get"];

/// Counts the changes of what becomes of libgo's export data and symbols, as results are kept.
const REWRITE: u32 = 2;

/// Export data of libgo's packages that does not fit, mended.
fn rewrite_exports(from: &Path, to: &Path) {
    for e in or_fail(fs::read_dir(from), from).flatten() {
        let (path, new) = (e.path(), to.join(e.file_name()));
        if path.is_dir() {
            rewrite_exports(&path, &new);
            continue;
        }
        // The companion's are there already.
        if path.extension() != Some("gox".as_ref()) || new.exists() {
            continue;
        }
        let raw = or_fail(tempfile::NamedTempFile::new(), &std::env::temp_dir());
        let mut c = Command::new("objcopy");
        c.args(["-O", "binary", "-j", ".go_export", "--set-section-flags", ".go_export=alloc"]);
        quiet(c.arg(&path).arg(raw.path()));
        if let Some(data) = exports::rewrite(&or_fail(fs::read(raw.path()), &path)) {
            or_fail(fs::create_dir_all(to), to);
            or_fail(fs::write(&new, data), &new);
        }
    }
}

/// A package to compile.
struct Package {
    /// Its import path; empty: package main.
    path: String,
    files: Vec<PathBuf>,
    /// What it embeds.
    embed: Option<embed::Config>,
    /// Its `//go:debug` lines.
    debug: Vec<(String, String)>,
}

impl Package {
    fn new(path: &str, files: Vec<PathBuf>) -> Self {
        // In Go's words, which say where.
        let wrong = |e: String| -> ! {
            eprintln!("{e}");
            give_up()
        };
        let debug = godebug::directives(&files).unwrap_or_else(|e| wrong(e));
        let embed = embed::config(&files).unwrap_or_else(|e| wrong(e));
        Self { path: path.into(), files, embed, debug }
    }
}

/// The packages of the program, each after those that it imports, and what GODEBUG is set to in it.
fn packages(program: &[OsString]) -> (Vec<Package>, String) {
    let files: Vec<PathBuf> = program.iter().map(PathBuf::from).collect();
    let dir = match &files[..] {
        [dir] if !is_go(dir.as_os_str()) => Some(dir),
        _ => None,
    };
    let here = Path::new(".");
    let place = dir.map_or(files[0].parent().unwrap_or(here), PathBuf::as_path);
    let place = if place.as_os_str().is_empty() { here } else { place };
    let module = Module::of(place);
    let work = Module::workspace(place);
    let mod_file = work.as_ref().or(module.as_ref()).map(Module::settings);
    let with_settings = |all: Vec<Package>| {
        let main = all.last().map_or(&[][..], |p| &p.debug);
        let settings = godebug::default(mod_file.as_ref(), main);
        (all, settings)
    };
    let local = match (&dir, &module) {
        (Some(_), _) => true,
        // `go list` takes its time; most programs need no package of their module.
        (None, Some(m)) => files.iter().any(|f| m.is_imported(&or_fail(fs::read_to_string(f), f))),
        (None, None) => false,
    };
    if !local {
        return with_settings(vec![Package::new("", files)]);
    }
    let mut c = Command::new("go-12");
    c.args(["list", "-compiler", "gccgo", "-deps", "-f", LIST]);
    c.env("CGO_ENABLED", "0").env_remove("GOROOT").stdin(Stdio::null()).stderr(Stdio::inherit());
    let modfile = match &work {
        Some(w) => w.workspace_for_go_1_18(&mut c),
        None => module.as_ref().and_then(|m| m.for_go_1_18(&mut c)),
    };
    if module.is_none() {
        c.env("GO111MODULE", "off"); // a directory alone
    }
    match dir {
        Some(d) => c.current_dir(d).arg("."),
        // From within the module, wherever the user stands.
        None => {
            let absolute = files.iter().map(|f| or_fail(std::path::absolute(f), f));
            let absolute: Vec<PathBuf> = absolute.collect();
            c.current_dir(absolute[0].parent().unwrap_or(here)).args(&absolute)
        }
    };
    let o = c.output();
    drop(modfile);
    let o = match o {
        Ok(o) if o.status.success() => String::from_utf8_lossy(&o.stdout).into_owned(),
        Ok(_) => refused(), // it has said why
        Err(e) => {
            fail(&format!("go-12, of the Debian package gccgo-12, is needed for packages: {e}"))
        }
    };
    let all = listed(&o);
    match all.last() {
        Some(main) if main.path.is_empty() => with_settings(all),
        _ => fail(&format!("{} is not package main", files[0].display())),
    }
}

/// The packages that a text in the form of [`LIST`] names.
fn listed(text: &str) -> Vec<Package> {
    let here = std::env::current_dir().unwrap_or_default();
    let mut all = Vec::new();
    for line in text.lines().filter(|l| !l.is_empty()) {
        let mut w = line.split('\t');
        let (path, name, dir) = (w.next().unwrap_or(""), w.next(), w.next().unwrap_or(""));
        let path = if name == Some("main") { "" } else { path };
        // Messages name files as they are seen from here.
        let dir = Path::new(dir);
        let dir = dir.strip_prefix(&here).unwrap_or(dir);
        all.push(Package::new(path, w.map(|f| dir.join(f)).collect()));
    }
    all
}

/// What `go list` is to print of each package that is not gccgo's.
const LIST: &str =
    "{{if not .Standard}}{{.ImportPath}}\t{{.Name}}\t{{.Dir}}\t{{join .GoFiles \"\\t\"}}{{end}}";

/// A `go.mod`, or a `go.work`.
struct Module {
    file: PathBuf,
    text: String,
}

impl Module {
    /// That of the module that a directory belongs to.
    fn of(dir: &Path) -> Option<Self> {
        let dir = std::path::absolute(dir).ok()?;
        let file = dir.ancestors().map(|d| d.join("go.mod")).find(|f| f.is_file())?;
        let text = or_fail(fs::read_to_string(&file), &file);
        Some(Self { file, text })
    }

    /// Whether a Go file mentions a package of it.
    fn is_imported(&self, file: &str) -> bool {
        let path = self.text.lines().find_map(|l| l.trim().strip_prefix("module "));
        path.is_some_and(|p| {
            let p = p.trim().trim_matches('"');
            file.contains(&format!("\"{p}/")) || file.contains(&format!("\"{p}\""))
        })
    }

    /// The `go.work` of the workspace that a directory belongs to, if it is one.
    fn workspace(dir: &Path) -> Option<Self> {
        let dir = std::path::absolute(dir).ok()?;
        let file = match std::env::var("GOWORK").as_deref() {
            Ok("off") => return None,
            Ok("" | "auto") | Err(_) => {
                dir.ancestors().map(|d| d.join("go.work")).find(|f| f.is_file())?
            }
            Ok(path) => PathBuf::from(path),
        };
        let text = or_fail(fs::read_to_string(&file), &file);
        Some(Self { file, text })
    }

    /// What it says about GODEBUG.
    fn settings(&self) -> godebug::ModFile {
        let name =
            if self.file.extension() == Some("work".as_ref()) { "go.work" } else { "go.mod" };
        godebug::ModFile::read(&self.file, &self.text, name).unwrap_or_else(|e| {
            eprintln!("go: {e}");
            give_up()
        })
    }

    /// The text for a `go` of 1.18: with a language version instead of a release (`go 1.23.1`),
    /// without a toolchain, without `godebug` lines.
    fn old_text(&self) -> String {
        let mut text = String::new();
        let mut skip = false;
        for line in self.text.lines() {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some(")"), _) if skip => skip = false,
                _ if skip => {}
                (Some("toolchain"), Some(_)) => {}
                (Some("godebug"), second) => skip = second == Some("("),
                (Some("go"), Some(v)) => {
                    text += &format!("go {}\n", v.split('.').take(2).collect::<Vec<_>>().join("."));
                }
                _ => text += &format!("{line}\n"),
            }
        }
        text
    }

    /// Hands a `go` of 1.18 a copy of a `go.mod` that is too new for it. The copy is there as long
    /// as what this returns.
    fn for_go_1_18(&self, c: &mut Command) -> Option<tempfile::TempDir> {
        let text = self.old_text();
        if text.trim_end() == self.text.trim_end() {
            return None;
        }
        let tmp = or_fail(tempfile::tempdir(), &std::env::temp_dir());
        let copy = tmp.path().join("go.mod");
        or_fail(fs::write(&copy, text), &copy);
        let _ = fs::copy(self.file.with_extension("sum"), tmp.path().join("go.sum"));
        c.arg(format!("-modfile={}", copy.display()));
        Some(tmp)
    }

    /// The same for a `go.work` and the `go.mod` of all modules that it uses.
    fn workspace_for_go_1_18(&self, c: &mut Command) -> Option<tempfile::TempDir> {
        let tmp = or_fail(tempfile::tempdir(), &std::env::temp_dir());
        let root = self.file.parent().unwrap_or(Path::new("/"));
        let mut replace = serde_json::Map::new();
        let mut text = String::new();
        // The copy is elsewhere, so paths become absolute.
        for line in self.old_text().lines() {
            let words = line.split_whitespace().map(|w| match w.trim_matches('"') {
                path if path.starts_with('.') => {
                    let path = root.join(path);
                    fs::canonicalize(&path).unwrap_or(path).display().to_string()
                }
                _ => w.to_string(),
            });
            text += &(words.collect::<Vec<_>>().join(" ") + "\n");
        }
        for (i, dir) in text.split_whitespace().filter(|w| w.starts_with('/')).enumerate() {
            let file = Path::new(dir).join("go.mod");
            let Ok(old) = fs::read_to_string(&file) else { continue };
            let module = Self { file: or_fail(fs::canonicalize(&file), &file), text: old };
            let copy = tmp.path().join(format!("go.mod.{i}"));
            or_fail(fs::write(&copy, module.old_text()), &copy);
            replace.insert(module.file.display().to_string(), copy.display().to_string().into());
        }
        let (work, overlay) = (tmp.path().join("go.work"), tmp.path().join("overlay.json"));
        or_fail(fs::write(&work, text), &work);
        let _ = fs::copy(self.file.with_extension("work.sum"), tmp.path().join("go.work.sum"));
        or_fail(
            fs::write(&overlay, serde_json::json!({ "Replace": replace }).to_string()),
            &overlay,
        );
        c.env("GOWORK", work).arg(format!("-overlay={}", overlay.display()));
        Some(tmp)
    }
}

/// The executable of the program, made or found in the cache.
fn build(program: &[OsString]) -> PathBuf {
    for p in program.iter().map(Path::new) {
        if or_fail(fs::metadata(p), p).is_dir() == is_go(p.as_os_str()) {
            fail(&format!("{}: neither a Go file nor a directory", p.display()));
        }
    }
    let t = find_tools();
    let (packages, settings) = packages(program);
    build_packages(&t, &packages, &settings)
}

/// The executable of these packages; of GODEBUG's settings.
fn build_packages(t: &Tools, packages: &[Package], settings: &str) -> PathBuf {
    let (sup, hex) = support(t);
    let mut k = Key::new();
    k.add(&hex);
    stamp(&mut k, &t.lib);
    let cwd = std::env::current_dir().unwrap_or_default();
    for p in packages {
        k.add(&p.path);
        for f in &p.files {
            // Tracebacks name the files, so their places belong to the result.
            k.add(cwd.join(f));
            k.add(or_fail(fs::read(f), f));
        }
        for f in p.embed.iter().flat_map(embed::Config::files) {
            k.add(f);
            k.add(or_fail(fs::read(f), f));
        }
    }
    k.add(settings);
    let dir = cached(t, &format!("prog-{}", k.hex()), |d| {
        let progress = Progress::new(packages.len() + 1);
        let objects: Vec<PathBuf> = packages
            .iter()
            .enumerate()
            .map(|(i, p)| {
                progress.step(&format!(
                    "compiling {}",
                    if p.path.is_empty() { "main" } else { &p.path }
                ));
                compile(t, &sup, d, p, i, progress.is_shown())
            })
            .collect();
        progress.step("linking");
        let mut c = Command::new(&t.gcc);
        c.arg("-pie").arg("-o").arg(d.join("prog")).args(&objects).arg(sup.join("runtime.o"));
        // What runtime.godebugDefault is in Go, and Go's names of functions.
        for (symbol, text) in
            [("gort_godebug_default", settings), ("gort_function_names", &names(packages))]
        {
            if text.is_empty() {
                continue;
            }
            let file = d.join(format!("{symbol}.s"));
            let bytes = text.bytes().map(|b| b.to_string()).collect::<Vec<_>>().join(",");
            let text = format!(
                ".section .rodata\n.globl {symbol}\n{symbol}: .byte {bytes},0\n\
                .section .note.GNU-stack,\"\",@progbits\n"
            );
            or_fail(fs::write(&file, text), &file);
            c.arg(file);
        }
        c.arg("-Wl,--start-group").arg(&t.lib).arg(sup.join("libgopkgs.a")).arg("-Wl,--end-group");
        c.args([
            "-Wl,-u,ffi_prep_cif",
            "-Wl,--gc-sections",
            "-Wl,-z,now",
            "-lm",
            "-lpthread",
            "-ldl",
        ]);
        if !speaks(&mut c, progress.is_shown()) {
            fail("the program needs what gort does not provide (see the linker's messages)");
        }
        for obj in &objects {
            let _ = fs::remove_file(obj);
        }
    });
    let exe = dir.join("prog");
    prune(&t.cache, &dir);
    exe
}

/// Functions of these packages whose names in Go do not follow from gccgo's: both names on a line.
fn names(packages: &[Package]) -> String {
    let mut text = String::new();
    for p in packages {
        let mut names = closures::Names::of(if p.path.is_empty() { "main" } else { &p.path });
        for f in &p.files {
            names.read(&String::from_utf8_lossy(&or_fail(fs::read(f), f)));
        }
        for (gccgo, go) in names.pairs {
            text += &format!("{gccgo} {go}\n");
        }
    }
    text
}

/// What programs can have.
const LANGUAGE: &str =
    "the language and the packages are those of Go 1.18, without type parameters, cgo and plugins";

/// Whether a file that does not compile has, as far as a look at its lines tells, something beyond
/// that.
fn is_too_new(text: &str) -> bool {
    const PACKAGES: &[&str] = &[
        "C",
        "plugin",
        "cmp",
        "iter",
        "log/slog",
        "maps",
        "math/rand/v2",
        "slices",
        "structs",
        "unique",
        "runtime/coverage",
        "testing/slogtest",
        "crypto/ecdh",
        "go/version",
    ];
    text.lines().map(str::trim).any(|l| {
        let imported =
            l.strip_suffix('"').and_then(|l| l.rsplit_once('"')).is_some_and(|(before, path)| {
                PACKAGES.contains(&path) && (before.is_empty() || before.ends_with([' ', '\t']))
            });
        // `func Map[T any](`, `type Set[T comparable] ...`; `min`, `max` and `clear`;
        // `for i := range 10`
        let name = |word: &str| {
            let rest =
                l.strip_prefix(word)?.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
            rest.strip_prefix('[')
        };
        let parameters = name("func ").is_some() || name("type ").is_some_and(|r| r.contains(' '));
        let built_in = ["min(", "max(", "clear("].iter().any(|f| {
            l.match_indices(f).any(|(i, _)| {
                !l[..i].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.')
            })
        });
        let counts = l.starts_with("for ") && l.contains("range ");
        imported || parameters || built_in || counts
    })
}

/// Compiles the `i`th package to an object in `d`, with its export data for those behind it.
fn compile(t: &Tools, sup: &Path, d: &Path, p: &Package, i: usize, progress: bool) -> PathBuf {
    let obj = d.join(format!("{i}.o"));
    let exports = d.join("inc");
    let mut c = Command::new(&t.gccgo);
    c.args(["-c", "-O2", "-g", "-I"]).arg(&exports).arg("-I").arg(sup.join("inc"));
    if !p.path.is_empty() {
        c.arg(format!("-fgo-pkgpath={}", p.path));
    }
    if let Some(embed) = &p.embed {
        let file = d.join(format!("{i}.embed"));
        or_fail(fs::write(&file, serde_json::to_string(embed).unwrap_or_default()), &file);
        c.arg(format!("-fgo-embedcfg={}", file.display()));
    }
    c.arg("-o").arg(&obj).args(&p.files);
    if progress {
        c.arg("-fdiagnostics-color=always");
    }
    if !speaks(&mut c, progress) {
        // What a program of today most likely has, and what gccgo's messages do not say.
        if p.files.iter().any(|f| fs::read_to_string(f).is_ok_and(|t| is_too_new(&t))) {
            eprintln!("gort: {LANGUAGE}");
        }
        refused();
    }
    if !p.path.is_empty() {
        let gox = exports.join(format!("{}.gox", p.path));
        let parent = gox.parent().unwrap_or(&exports);
        or_fail(fs::create_dir_all(parent), parent);
        quiet(Command::new("objcopy").args(["-j", ".go_export"]).arg(&obj).arg(&gox));
    }
    // The runtime may interrupt the program's own code; this is how it knows that code.
    let mut c = Command::new("objcopy");
    c.args(["--rename-section", ".text=gotext"]);
    // One that takes the place of libgo's has these, too.
    c.args(WEAK.iter().map(|s| format!("--weaken-symbol={s}")));
    quiet(c.arg(&obj));
    obj
}

/// Removes the programs that have not been used for longest, and what commands that were killed
/// have left half-made.
fn prune(cache: &Path, current: &Path) {
    // The time of change of a directory is when it was used last.
    let _ = fs::File::open(current).and_then(|f| f.set_modified(SystemTime::now()));
    let Ok(entries) = fs::read_dir(cache) else { return };
    let mut progs: Vec<(SystemTime, PathBuf)> = Vec::new();
    for e in entries.flatten() {
        let Ok(changed) = e.metadata().and_then(|m| m.modified()) else { continue };
        let name = e.file_name().to_string_lossy().into_owned();
        if name.starts_with("prog-") {
            progs.push((changed, e.path()));
        } else if name.starts_with("tmp-") && changed.elapsed().is_ok_and(|t| t > HALF_MADE_LIMIT) {
            let _ = fs::remove_dir_all(e.path());
        }
    }
    progs.sort_unstable_by(|a, b| b.cmp(a));
    for (_, p) in progs.into_iter().skip(KEEP) {
        if p != current {
            let _ = fs::remove_dir_all(p);
        }
    }
}
