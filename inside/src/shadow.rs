//! The shadow GOROOT: a copy of the user's own, in which package runtime has the port.
//!
//! The user's Go is copied once, and each set of swapped functions gets directories of its own with
//! hard links to that copy: so all of go's patterns find their packages, and whatever is written
//! there, by whatever command, is never the user's. What has been written there since it was made
//! is found by sizes and times, and thrown away: the links would carry it into other sets.

use crate::asm;
use crate::source::{cut, delegate, insert};
use crate::table::SWAPS;
use crate::{OBJECT, RELEASE};
use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What is to be inside.
#[derive(Clone, Debug, Default)]
pub struct Set {
    /// Names of [`SWAPS`].
    pub swapped: BTreeSet<&'static str>,
    /// Whether calls are counted.
    pub count: bool,
    /// What is put inside instead of [`OBJECT`].
    pub object: Option<Vec<u8>>,
    /// Whether X15 is anything whenever Rust has run.
    pub poison: bool,
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
                return Err(format!(
                    "{n} is no function that gort swaps: `gort go --list` has them"
                ));
            }
        }
        let wanted = |n: &str| {
            only.is_none_or(|o| o.iter().any(|x| x == n)) && !except.iter().any(|x| x == n)
        };
        Ok(Self {
            swapped: SWAPS.iter().map(|f| f.name).filter(|n| wanted(n)).collect(),
            count,
            object: None,
            poison: false,
        })
    }

    /// What tells shadows of one copy apart.
    fn key(&self) -> u64 {
        let mut h = DefaultHasher::new();
        (self.swapped.iter().collect::<Vec<_>>(), self.count, self.object()).hash(&mut h);
        // What makes it counts as well.
        (include_str!("shadow.rs"), include_str!("source.rs")).hash(&mut h);
        let o = self.options();
        (asm::file(o), asm::go_file(o, RELEASE)).hash(&mut h);
        h.finish()
    }

    fn object(&self) -> &[u8] {
        self.object.as_deref().unwrap_or(OBJECT)
    }

    fn options(&self) -> asm::Options<'_> {
        asm::Options { swapped: self, count: self.count, poison: self.poison }
    }

    /// Whether `name` is swapped.
    pub fn has(&self, name: &str) -> bool {
        self.swapped.contains(name)
    }
}

fn at<T>(p: &Path, r: io::Result<T>) -> Result<T, String> {
    r.map_err(|e| format!("{}: {e}", p.display()))
}

/// A shadow. As long as this, or a process that was started while it lived, is there, nobody
/// removes the shadow.
#[derive(Debug)]
pub struct Shadow {
    path: PathBuf,
    _lock: File,
}

impl Shadow {
    /// Its GOROOT.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// How many shadows are kept, those in use apart, and how many copies of Gos.
const SHADOWS: usize = 12;
const COPIES: usize = 2;

/// The shadow of `goroot` with `set` inside, made if it is not there yet: below `cache`, which is
/// the user's folder of caches. Older ones that nobody uses are removed, but for the latest few.
///
/// # Errors
/// It cannot be made: what and why.
pub fn make(goroot: &Path, set: &Set, cache: &Path) -> Result<Shadow, String> {
    let place = cache.join("inside");
    at(&place, fs::create_dir_all(&place))?;
    let go = content(goroot)?;
    let copy = place.join(format!("go-{go:016x}"));
    let done = place.join(format!("root-{go:016x}-{:016x}", set.key()));
    loop {
        unchanged_or_away(&done);
        if !done.exists() {
            unchanged_or_away(&copy);
            // In use while links to it are made; the links then keep the files.
            let copied =
                once(&copy, |to| tree(goroot, to, &|from, to| fs::copy(from, to).map(|_| ())))?;
            once(&done, |to| fill(copied.path(), set, to))?;
        }
        // Whoever clears up may have been faster.
        if let Some(shadow) = held(&done)? {
            clear(&place, "go-", COPIES);
            clear(&place, "root-", SHADOWS);
            return Ok(shadow);
        }
    }
}

/// The file in a directory that tells what else was in it when it was made.
const SUM: &str = ".gort";

/// Names, sizes, times and numbers of all files below, but for [`SUM`].
fn sum(dir: &Path) -> Result<String, String> {
    let mut files = vec![];
    walk(dir, &mut |path, m| {
        let name = path.strip_prefix(dir).unwrap_or(path).to_path_buf();
        if name != Path::new(SUM) {
            files.push((name, m.len(), m.mtime(), m.mtime_nsec(), m.ino()));
        }
    })?;
    files.sort();
    let mut h = DefaultHasher::new();
    files.hash(&mut h);
    Ok(format!("{:016x}", h.finish()))
}

/// Takes a directory away if a file in it was written, replaced, added or removed since it was
/// made, and nobody uses it.
fn unchanged_or_away(path: &Path) {
    if !path.exists() {
        return;
    }
    let was = fs::read_to_string(path.join(SUM)).unwrap_or_default();
    if sum(path).is_ok_and(|is| is != was) {
        away(path);
    }
}

/// The file next to a directory that is locked by those who use it, and exclusively by who removes
/// it; its time is that of the last use.
fn lock_of(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

/// Holds what is there, if it is.
fn held(path: &Path) -> Result<Option<Shadow>, String> {
    let name = lock_of(path);
    let lock = at(&name, File::options().create(true).append(true).open(&name))?;
    at(&name, lock.lock_shared())?;
    _ = lock.set_modified(SystemTime::now());
    // Those who begin to wait for the lock while it is being removed have one without a name.
    let same = fs::metadata(&name).is_ok_and(|m| lock.metadata().is_ok_and(|l| l.ino() == m.ino()));
    if !same || !path.exists() {
        return Ok(None);
    }
    // Go and what it starts have it, too.
    // SAFETY: a descriptor of our own.
    if unsafe { libc::fcntl(lock.as_raw_fd(), libc::F_SETFD, 0) } < 0 {
        return Err(format!("{}: {}", name.display(), io::Error::last_os_error()));
    }
    Ok(Some(Shadow { path: path.to_path_buf(), _lock: lock }))
}

/// Makes the directory `done` by `fill`, unless it is there: as a whole, or not at all.
fn once(done: &Path, fill: impl Fn(&Path) -> Result<(), String>) -> Result<Shadow, String> {
    loop {
        if !done.exists() {
            let place = done.parent().unwrap_or(Path::new("."));
            let temp = at(place, tempfile::Builder::new().prefix(".new-").tempdir_in(place))?;
            fill(temp.path())?;
            // As any directory of a cache: other users may have programs whose debuggers look for
            // sources.
            at(temp.path(), fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)))?;
            let (file, sum) = (temp.path().join(SUM), sum(temp.path())?);
            at(&file, fs::write(&file, sum))?;
            // Whoever is second finds the first one's, which is the same.
            if let Err(e) = fs::rename(temp.path(), done) {
                if !done.exists() {
                    return Err(format!("{}: {e}", done.display()));
                }
            } else {
                _ = temp.keep();
            }
        }
        if let Some(s) = held(done)? {
            return Ok(s);
        }
    }
}

/// Removes directories whose names begin with `kind`, but for the `keep` that were used last and
/// those in use; and what was left behind.
fn clear(place: &Path, kind: &str, keep: usize) {
    let Ok(entries) = fs::read_dir(place) else { return };
    let used = |p: &Path| {
        fs::metadata(lock_of(p)).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let mut found = vec![];
    for e in entries.flatten() {
        let name = e.file_name().to_string_lossy().into_owned();
        if name.starts_with(kind) && e.path().is_dir() {
            found.push((used(&e.path()), e.path()));
        }
        // Of who was killed; and the shadows of before, which had no locks.
        let left = name.starts_with(".new-")
            || name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit());
        let old =
            |m: Metadata| m.modified().ok()?.elapsed().ok().map(|t| t > Duration::from_secs(86400));
        if left && e.metadata().ok().and_then(old) == Some(true) {
            _ = fs::remove_dir_all(e.path());
        }
    }
    found.sort();
    found.reverse();
    for (_, path) in found.into_iter().skip(keep) {
        away(&path);
    }
}

/// Removes a directory, unless somebody uses it.
fn away(path: &Path) {
    let name = lock_of(path);
    let Ok(lock) = File::options().create(true).append(true).open(&name) else { return };
    if lock.try_lock().is_err() {
        return;
    }
    // In one step; what is under the other name is nobody's.
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!(".new-{file}"));
    if fs::rename(path, &aside).is_ok() {
        _ = fs::remove_file(&name);
        _ = fs::remove_dir_all(&aside);
    }
}

/// What the Go in `root` is: its release, what is in the files of package runtime, and of all
/// others the names, sizes and times.
fn content(root: &Path) -> Result<u64, String> {
    let mut h = DefaultHasher::new();
    let version = root.join("VERSION");
    at(&version, fs::read(&version))?.hash(&mut h);
    let mut files = vec![];
    walk(root, &mut |path, m| {
        files.push((path.to_path_buf(), m.len(), m.mtime(), m.mtime_nsec()))
    })?;
    files.sort();
    for (path, len, time, ns) in files {
        let name = path.strip_prefix(root).unwrap_or(&path);
        if name.parent() == Some(Path::new("src/runtime")) {
            (name, at(&path, fs::read(&path))?).hash(&mut h);
        } else {
            (name, len, time, ns).hash(&mut h);
        }
    }
    Ok(h.finish())
}

/// Each file below, by links, too, but for those that lead back to where one came from.
fn walk(dir: &Path, f: &mut dyn FnMut(&Path, Metadata)) -> Result<(), String> {
    walk_below(dir, &mut vec![], f)
}

fn walk_below(
    dir: &Path,
    above: &mut Vec<(u64, u64)>,
    f: &mut dyn FnMut(&Path, Metadata),
) -> Result<(), String> {
    if !enter(dir, above)? {
        return Ok(());
    }
    for e in at(dir, fs::read_dir(dir))? {
        let path = at(dir, e)?.path();
        // A link that leads nowhere is no file.
        let Ok(m) = fs::metadata(&path) else { continue };
        if m.is_dir() { walk_below(&path, above, f)? } else { f(&path, m) }
    }
    above.pop();
    Ok(())
}

/// Notes the directory among those above; false if it is one of them: a link leads back.
fn enter(dir: &Path, above: &mut Vec<(u64, u64)>) -> Result<bool, String> {
    let m = at(dir, fs::metadata(dir))?;
    let is = (m.dev(), m.ino());
    let new = !above.contains(&is);
    if new {
        above.push(is);
    }
    Ok(new)
}

/// The directories of `from`, and by `file` its files. What links lead to is there itself, but
/// where they lead back or nowhere: so that nothing in `to` is outside of it.
fn tree(
    from: &Path,
    to: &Path,
    file: &dyn Fn(&Path, &Path) -> io::Result<()>,
) -> Result<(), String> {
    tree_below(from, to, &mut vec![], file)
}

fn tree_below(
    from: &Path,
    to: &Path,
    above: &mut Vec<(u64, u64)>,
    file: &dyn Fn(&Path, &Path) -> io::Result<()>,
) -> Result<(), String> {
    if !enter(from, above)? {
        return Ok(());
    }
    at(to, fs::create_dir_all(to))?;
    for e in at(from, fs::read_dir(from))? {
        let e = at(from, e)?;
        let (path, target) = (e.path(), to.join(e.file_name()));
        match fs::metadata(&path) {
            Ok(m) if m.is_dir() => tree_below(&path, &target, above, file)?,
            Ok(_) => at(&target, file(&path, &target))?,
            Err(_) => {}
        }
    }
    above.pop();
    Ok(())
}

fn fill(goroot: &Path, set: &Set, to: &Path) -> Result<(), String> {
    tree(goroot, to, &|from, to| {
        fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(|_| ()))
    })?;
    // Its own comes later: the name only.
    at(to, fs::remove_file(to.join(SUM)))?;
    let from = goroot.join("src/runtime");
    let runtime = to.join("src/runtime");
    let proc = runtime.join("proc.go");
    let mut text = at(&proc, fs::read_to_string(&proc))?;
    let told = |e| format!("{}: {e}", from.join("proc.go").display());
    let o = set.options();
    let mut go = asm::go_file(o, RELEASE);
    for f in SWAPS.iter().filter(|f| set.has(f.name)) {
        if f.is_called() {
            let (with, declared) = delegate(&text, f.name, &f.go()).map_err(told)?;
            (text, go) = (with, go + &declared);
        } else {
            text = cut(&text, f.name, f.escapes()).map_err(told)?;
        }
    }
    text = insert(&text, "schedinit", "gortStart()").map_err(told)?;
    if set.count {
        text = insert(&text, "runExitHooks", "gortReport()").map_err(told)?;
    }
    // The name only: the file is the copy's.
    at(&proc, fs::remove_file(&proc))?;
    at(&proc, fs::write(&proc, text))?;
    for (name, data) in [
        ("gort_amd64.s", asm::file(o).as_bytes()),
        ("gort.go", go.as_bytes()),
        ("gort_linux_amd64.syso", set.object()),
    ] {
        let path = runtime.join(name);
        at(&path, fs::write(&path, data))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// Links that lead back to a directory above end the way there, and those that lead nowhere are
    /// no files.
    #[test]
    fn links() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::write(from.join("a/b/f"), "f").unwrap();
        for (target, link) in
            [("..", "a/up"), (".", "a/b/self"), ("nothing", "a/dangling"), ("a/b", "other")]
        {
            symlink(target, from.join(link)).unwrap();
        }
        symlink(&from, from.join("a/b/all")).unwrap();
        let names = |dir: &Path| {
            let mut v = vec![];
            walk(dir, &mut |p, _| {
                v.push(p.strip_prefix(dir).unwrap().to_str().unwrap().to_string())
            })
            .unwrap();
            v.sort();
            v
        };
        assert_eq!(names(&from), ["a/b/f", "other/f"]);
        tree(&from, &to, &|a, b| fs::copy(a, b).map(|_| ())).unwrap();
        assert_eq!(names(&to), ["a/b/f", "other/f"]);
        let all = Command::new("find").arg(&to).args(["-type", "l"]).output().unwrap();
        assert!(all.status.success() && all.stdout.is_empty(), "{all:?}");
    }

    use std::process::Command;

    /// A file that is written in place is another set's as well, by the link. Neither is used
    /// again; the user's is as it was.
    #[test]
    fn written_in_place() {
        let dir = tempfile::tempdir().unwrap();
        let (root, copy, done) =
            (dir.path().join("root"), dir.path().join("go-1"), dir.path().join("root-1"));
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("f"), "as it was").unwrap();
        let make = || {
            unchanged_or_away(&done);
            if !done.exists() {
                unchanged_or_away(&copy);
                let c =
                    once(&copy, |to| tree(&root, to, &|a, b| fs::copy(a, b).map(|_| ()))).unwrap();
                let link = |to: &Path| {
                    tree(c.path(), to, &|a, b| fs::hard_link(a, b))?;
                    at(to, fs::remove_file(to.join(SUM)))
                };
                once(&done, link).unwrap();
            }
            let f = done.join("f");
            (fs::read_to_string(&f).unwrap(), f.metadata().unwrap().ino())
        };
        let first = make();
        assert_eq!(make(), first);
        fs::write(done.join("f"), "written").unwrap();
        assert_eq!(fs::read_to_string(copy.join("f")).unwrap(), "written");
        assert_eq!(make().0, "as it was");
        fs::write(done.join("g"), "added").unwrap();
        make();
        assert!(!done.join("g").exists());
        // As long as somebody uses it, it stays.
        let used = held(&done).unwrap();
        fs::write(done.join("f"), "written").unwrap();
        assert_eq!(make().0, "written");
        drop(used);
        assert_eq!(make().0, "as it was");
        assert_eq!(fs::read_to_string(root.join("f")).unwrap(), "as it was");
    }
}
