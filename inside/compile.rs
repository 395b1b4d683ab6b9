//! Compiles `object/`, for the build script, and with a planted bug for tests.

use object::read::archive::ArchiveFile;
use object::{Object as _, ObjectSymbol as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The object, and the sources that it consists of. `to` is a directory for what comes about on the
/// way; `planted` the name of a bug to have in it (`mutant!`).
pub fn compile(
    crate_dir: &Path,
    to: &Path,
    planted: Option<&str>,
) -> Result<(Vec<u8>, Vec<PathBuf>), String> {
    let lib = to.join("libgort_inside_object.a");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let deps = to.join("object.d");
    let mut c = Command::new(rustc);
    c.args([
        "--edition",
        "2024",
        "--crate-name",
        "gort_inside_object",
        "--crate-type",
        "staticlib",
    ]);
    // One module without unwinding or frames that a debugger needs, so that what is left is small;
    // the frame pointers are Go's habit.
    c.args([
        "-Copt-level=3",
        "-Cpanic=abort",
        "-Ccodegen-units=1",
        "-Clto=fat",
        "-Cforce-frame-pointers=yes",
    ]);
    c.args(["-Cforce-unwind-tables=no", "-Crelocation-model=pic", "-Cdebuginfo=0"]);
    c.args(["--cfg", "gort_inside", "--target", "x86_64-unknown-linux-gnu"]);
    c.arg(format!("--emit=link={},dep-info={}", lib.display(), deps.display()))
        .arg(crate_dir.join("object/lib.rs"));
    c.current_dir(crate_dir.join("object")).env_remove("GORT_PLANTED_INSIDE");
    c.envs(planted.map(|p| ("GORT_PLANTED_INSIDE", p)));
    let o = c.output().map_err(|e| format!("rustc: {e}"))?;
    if !o.status.success() {
        return Err(String::from_utf8_lossy(&o.stderr).into_owned());
    }
    // The sources of other crates that it consists of.
    let deps = std::fs::read_to_string(&deps).map_err(|e| e.to_string())?;
    let sources = deps.lines().filter_map(|l| l.strip_suffix(':')).map(PathBuf::from).collect();

    // The member that has all of it: the others are parts of the compiler's runtime, of which
    // nothing may be needed.
    let data = std::fs::read(&lib).map_err(|e| e.to_string())?;
    let archive = ArchiveFile::parse(&*data).map_err(|e| e.to_string())?;
    let mut found = None;
    for m in archive.members() {
        let m = m.map_err(|e| e.to_string())?;
        if m.name().starts_with(b"gort_inside_object.") {
            if found.is_some() {
                return Err("two objects".into());
            }
            found = Some(m.data(&*data).map_err(|e| e.to_string())?);
        }
    }
    let object = found.ok_or("no object in the archive")?;
    for s in object::File::parse(object).map_err(|e| e.to_string())?.symbols() {
        let name = s.name().unwrap_or_default();
        if s.is_undefined()
            && !name.is_empty()
            && !name.starts_with("gort_go_")
            && !name.starts_with("runtime.")
        {
            return Err(format!("the object needs {name}"));
        }
    }
    Ok((object.to_vec(), sources))
}
