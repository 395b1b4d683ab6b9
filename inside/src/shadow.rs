//! The shadow GOROOT: the user's own, by symbolic links, but for package runtime, which is a copy with the port in it.

use crate::asm;
use crate::source::{cut, insert};
use crate::table::SWAPS;
use crate::{OBJECT, RELEASE};
use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// What is to be inside.
#[derive(Clone, Debug, Default)]
pub struct Set {
    /// Names of [`SWAPS`].
    pub swapped: BTreeSet<&'static str>,
    /// Whether calls are counted.
    pub count: bool,
}

impl Set {
    /// All but `except`, or `only` those.
    ///
    /// # Errors
    /// A name that is none of the table's.
    pub fn new(only: Option<&[String]>, except: &[String], count: bool) -> Result<Self, String> {
        let known = |n: &str| SWAPS.iter().find(|f| f.name == n).map(|f| f.name);
        for n in only.unwrap_or_default().iter().chain(except) {
            if known(n).is_none() {
                return Err(format!("{n} is no function that gort swaps: `gort go --list` has them"));
            }
        }
        let wanted =
            |n: &str| only.is_none_or(|o| o.iter().any(|x| x == n)) && !except.iter().any(|x| x == n);
        Ok(Self { swapped: SWAPS.iter().map(|f| f.name).filter(|n| wanted(n)).collect(), count })
    }

    fn key(&self, goroot: &Path) -> String {
        let mut h = DefaultHasher::new();
        (self.swapped.iter().collect::<Vec<_>>(), self.count, goroot, OBJECT).hash(&mut h);
        // What makes it counts as well.
        (include_str!("shadow.rs"), include_str!("source.rs")).hash(&mut h);
        let o = self.options();
        (asm::file(o), asm::go_file(o, RELEASE)).hash(&mut h);
        format!("{:016x}", h.finish())
    }

    fn options(&self) -> asm::Options<'_> {
        asm::Options { swapped: self, count: self.count }
    }

    /// Whether `name` is swapped.
    pub fn has(&self, name: &str) -> bool {
        self.swapped.contains(name)
    }
}

fn at<T>(p: &Path, r: io::Result<T>) -> Result<T, String> {
    r.map_err(|e| format!("{}: {e}", p.display()))
}

/// The shadow of `goroot` with `set` inside, made if it is not there yet: below `cache`, which is the user's folder of caches.
///
/// # Errors
/// It cannot be made: what and why.
pub fn make(goroot: &Path, set: &Set, cache: &Path) -> Result<PathBuf, String> {
    let place = cache.join("inside");
    at(&place, fs::create_dir_all(&place))?;
    let done = place.join(set.key(goroot));
    if done.exists() {
        return Ok(done);
    }
    let temp = tempfile::Builder::new().prefix(".new-").tempdir_in(&place);
    let temp = at(&place, temp)?;
    fill(goroot, set, temp.path())?;
    // As any directory of a cache: other users may have programs whose debuggers look for sources.
    at(temp.path(), fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)))?;
    // Whoever is second finds the first one's, which is the same.
    let path = temp.keep();
    if let Err(e) = fs::rename(&path, &done) {
        _ = fs::remove_dir_all(&path);
        if !done.exists() {
            return Err(format!("{}: {e}", done.display()));
        }
    }
    Ok(done)
}

/// Links to all that is in `from`, but for `but`.
fn links(from: &Path, to: &Path, but: &str) -> Result<(), String> {
    at(to, fs::create_dir_all(to))?;
    for e in at(from, fs::read_dir(from))? {
        let e = at(from, e)?;
        if e.file_name() != but {
            let link = to.join(e.file_name());
            at(&link, symlink(e.path(), &link))?;
        }
    }
    Ok(())
}

fn fill(goroot: &Path, set: &Set, to: &Path) -> Result<(), String> {
    links(goroot, to, "src")?;
    links(&goroot.join("src"), &to.join("src"), "runtime")?;
    let from = goroot.join("src/runtime");
    let runtime = to.join("src/runtime");
    at(&runtime, fs::create_dir_all(&runtime))?;
    for e in at(&from, fs::read_dir(&from))? {
        let e = at(&from, e)?;
        let target = runtime.join(e.file_name());
        if e.path().is_dir() {
            at(&target, symlink(e.path(), &target))?;
        } else {
            at(&target, fs::copy(e.path(), &target))?;
        }
    }
    let proc = runtime.join("proc.go");
    let mut text = at(&proc, fs::read_to_string(&proc))?;
    let told = |e| format!("{}: {e}", from.join("proc.go").display());
    for name in &set.swapped {
        text = cut(&text, name).map_err(told)?;
    }
    text = insert(&text, "schedinit", "gortStart()").map_err(told)?;
    if set.count {
        text = insert(&text, "runExitHooks", "gortReport()").map_err(told)?;
    }
    // A copy of a file that may not be written may not be written either.
    at(&proc, fs::remove_file(&proc))?;
    at(&proc, fs::write(&proc, text))?;
    let o = set.options();
    for (name, data) in [
        ("gort_amd64.s", asm::file(o).as_bytes()),
        ("gort.go", asm::go_file(o, RELEASE).as_bytes()),
        ("gort_linux_amd64.syso", OBJECT),
    ] {
        let path = runtime.join(name);
        at(&path, fs::write(&path, data))?;
    }
    Ok(())
}
