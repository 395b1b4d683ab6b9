//! `cargo xtask since`: what later releases of Go changed in the functions that are ported here.
//!
//! A function of a later release is looked for in the same file, and then in the folders to which
//! parts of the runtime have moved. What is compared is code: comments, blank lines and indentation
//! do not count. Only names, places and numbers are written, no text of Go's.

use gort_study::golang::{Decl, Kind, Tree, short_path};
use gort_study::{regex, rust};
use similar::{Algorithm, DiffTag, capture_diff_slices};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const PAGE: &str = "docs/since.md";
const BEGIN: &str = "<!-- written by cargo xtask since: from here -->";
const END: &str = "<!-- to here -->";

/// Where functions of the runtime have moved: folders below `src`.
const FOLDERS: [&str; 5] =
    ["runtime", "internal/sync", "internal/synctest", "internal/runtime", "internal/poll"];

/// What a release made of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    /// Nothing.
    Same,
    /// Lines of code that went, and that came.
    Lines(usize, usize),
    /// It is in another file, with so many lines that went and came.
    Moved(String, usize, usize),
    /// There is none of that name.
    Gone,
}

/// A function of Go's that something here ports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ported {
    file: String,
    line: usize,
    name: String,
}

/// One release: its name, and the files of [`FOLDERS`].
struct Release {
    name: String,
    tree: Tree,
    files: Vec<String>,
}

impl Release {
    fn new(root: &Path) -> Result<Release, String> {
        let path = root.join("VERSION");
        let text =
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let name = text.lines().next().unwrap_or("").trim_start_matches("go").to_string();
        let mut files = Vec::new();
        for folder in FOLDERS {
            for entry in std::fs::read_dir(root.join("src").join(folder)).into_iter().flatten() {
                let file = entry.map_err(|e| e.to_string())?.file_name();
                let file = file.to_string_lossy();
                if file.ends_with(".go") && !file.ends_with("_test.go") {
                    files.push(format!("{folder}/{file}"));
                }
            }
        }
        files.sort();
        Ok(Release { name, tree: Tree::new(root), files })
    }

    /// The function's code in this file.
    fn code(&mut self, file: &str, name: &str) -> Option<Vec<String>> {
        let go = self.tree.file(file)?;
        let d: &Decl = go.funcs().find(|d| d.full_name() == name)?;
        Some(code(&go.lines[d.line - 1..d.end]))
    }

    /// The function's code, and its file if that is another one. `sync`'s mutex is called by
    /// another name in `internal/sync`: there the name decides, too.
    fn find(&mut self, file: &str, name: &str) -> Option<(Option<String>, Vec<String>)> {
        if let Some(c) = self.code(file, name) {
            return Some((None, c));
        }
        let others: Vec<String> = self.files.iter().filter(|f| *f != file).cloned().collect();
        others.into_iter().find_map(|f| self.code(&f, name).map(|c| (Some(f), c)))
    }
}

/// Lines that are code, without indentation and comments behind them.
fn code(lines: &[String]) -> Vec<String> {
    lines
        .iter()
        .map(|l| match regex!(r#"^([^"`]*?)\s*//"#).captures(l) {
            Some(m) => m[1].trim().to_string(),
            None => l.trim().to_string(),
        })
        .filter(|l| !l.is_empty())
        .collect()
}

/// How many lines went, and how many came.
fn lines(old: &[String], new: &[String]) -> (usize, usize) {
    let (mut went, mut came) = (0, 0);
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        if op.tag() != DiffTag::Equal {
            went += op.old_range().len();
            came += op.new_range().len();
        }
    }
    (went, came)
}

fn change(old: &[String], new: Option<(Option<String>, Vec<String>)>) -> Change {
    match new {
        None => Change::Gone,
        Some((file, new)) => match (file, lines(old, &new)) {
            (None, (0, 0)) => Change::Same,
            (None, (went, came)) => Change::Lines(went, came),
            (Some(f), (went, came)) => Change::Moved(f, went, came),
        },
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Change::Same => Ok(()),
            Change::Lines(went, came) => write!(f, "−{went} +{came}"),
            Change::Moved(to, 0, 0) => write!(f, "in {}", short_path(to)),
            Change::Moved(to, went, came) => write!(f, "in {}, −{went} +{came}", short_path(to)),
            Change::Gone => write!(f, "gone"),
        }
    }
}

/// The functions of Go's that the port names, by file and line.
fn ported(root: &Path, base: &mut Tree) -> Result<Vec<Ported>, String> {
    let mut out = BTreeSet::new();
    for f in rust::read_workspace(root)?.iter().filter(|f| f.path.contains("/src/")) {
        for r in f.items.iter().flat_map(|i| &i.refs) {
            let Some(go) = base.file(&r.file) else { continue };
            // Of assembly and of C nothing is compared.
            if let Some(d) = go.declares(r.line, &r.name)
                && d.kind == Kind::Func
                && r.file.ends_with(".go")
            {
                out.insert(Ported { file: r.file.clone(), line: r.line, name: d.full_name() });
            }
        }
    }
    Ok(out.into_iter().collect())
}

/// The table of the page, and how many functions were looked at.
fn table(
    base: &mut Release,
    later: &mut [Release],
    ported: &[Ported],
) -> Result<(String, usize), String> {
    let mut rows: Vec<(&Ported, Vec<Change>)> = Vec::new();
    for p in ported {
        let mut last = base
            .code(&p.file, &p.name)
            .ok_or_else(|| format!("{}: no {} in {}", p.file, p.name, base.name))?;
        let (mut file, mut changes) = (p.file.clone(), Vec::new());
        for r in later.iter_mut() {
            let new = r.find(&file, &p.name);
            let c = change(&last, new.clone());
            if let Some((moved, code)) = new {
                file = moved.unwrap_or(file);
                last = code;
            }
            let gone = c == Change::Gone;
            changes.push(c);
            if gone {
                break;
            }
        }
        rows.push((p, changes));
    }
    let mut out = String::new();
    let changed = |c: &[Change]| c.iter().any(|c| *c != Change::Same);
    let releases: Vec<&str> = later.iter().map(|r| r.name.as_str()).collect();
    let all = ported.len();
    let still = rows.iter().filter(|(_, c)| !changed(c)).count();
    let _ = writeln!(
        out,
        "Of the {all} functions of Go {} that something here ports, {still} have the same code in \
         all\nof {}.\n",
        base.name,
        releases.join(", ")
    );
    let head = |out: &mut String, first: &str| {
        let _ = writeln!(out, "| {first} | {} |", releases.join(" | "));
        let _ = writeln!(out, "|---{}|", "|---".repeat(releases.len()));
    };
    head(&mut out, "file, and how many of its ported functions changed");
    let files: BTreeSet<&str> = ported.iter().map(|p| p.file.as_str()).collect();
    for f in &files {
        let here: Vec<_> = rows.iter().filter(|(p, _)| p.file == *f).collect();
        let count = |n: usize| {
            here.iter().filter(|(_, c)| c.get(n).is_some_and(|c| *c != Change::Same)).count()
        };
        let cells: Vec<String> = (0..releases.len())
            .map(|n| match count(n) {
                0 => String::new(),
                n => n.to_string(),
            })
            .collect();
        if cells.iter().any(|c| !c.is_empty()) {
            let name = short_path(f);
            let _ = writeln!(out, "| {name} ({}) | {} |", here.len(), cells.join(" | "));
        }
    }
    for f in &files {
        let here: Vec<_> = rows.iter().filter(|(p, c)| p.file == *f && changed(c)).collect();
        if here.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n### What changed in {}\n", short_path(f));
        head(&mut out, "function");
        for (p, c) in here {
            let mut cells: Vec<String> = c.iter().map(Change::to_string).collect();
            cells.resize(releases.len(), String::new());
            let place = format!("{}:{}", short_path(&p.file), p.line);
            let _ = writeln!(out, "| {place} `{}` | {} |", p.name, cells.join(" | "));
        }
    }
    Ok((out, all))
}

/// Puts the table in its place in the page.
fn place(page: &str, table: &str) -> Result<String, String> {
    let from = page.find(BEGIN).ok_or_else(|| format!("{PAGE}: no line {BEGIN}"))? + BEGIN.len();
    let to = page[from..].find(END).ok_or_else(|| format!("{PAGE}: no line {END}"))? + from;
    Ok(format!("{}\n\n{table}\n{}", &page[..from], &page[to..]))
}

/// Runs the task.
///
/// # Errors
/// If a tree cannot be read, releases are not in order, or the page has no place for the table;
/// with `check`, if the page is not what these trees give.
pub fn run(root: &Path, goroot: &Path, later: &[PathBuf], check: bool) -> Result<(), String> {
    let mut base = Release::new(goroot)?;
    let mut releases = later.iter().map(|r| Release::new(r)).collect::<Result<Vec<_>, _>>()?;
    let number =
        |r: &Release| -> Vec<u32> { r.name.split('.').map(|n| n.parse().unwrap_or(0)).collect() };
    let mut last = number(&base);
    for r in &releases {
        if number(r) <= last {
            return Err(format!("{} does not come after the release before it", r.name));
        }
        last = number(r);
    }
    let ported = ported(root, &mut base.tree)?;
    let (table, all) = table(&mut base, &mut releases, &ported)?;
    let path = root.join(PAGE);
    let page = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let new = place(&page, &table)?;
    if check && new != page {
        return Err(format!("{PAGE} is not what these releases give: cargo xtask since"));
    }
    if !check {
        std::fs::write(&path, new).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    println!("{all} functions compared with {} releases: {PAGE}", releases.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &Path, file: &str, text: &str) {
        let path = dir.join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    fn release(dir: &Path, name: &str, files: &[(&str, &str)]) -> Release {
        let root = dir.join(name);
        write(&root, "VERSION", &format!("go{name}\ntime\n"));
        files.iter().for_each(|(f, t)| write(&root.join("src"), f, t));
        Release::new(&root).expect("a release")
    }

    #[test]
    fn what_changes_is_told_and_what_does_not_is_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let proc = "func same() {\n\tf()\n}\nfunc (l *list) more() {\n\tf()\n}\n\
                    func moves() {\n\tf()\n}\nfunc goes() {\n}\n";
        let mut base = release(dir.path(), "1.23.1", &[("runtime/proc.go", proc)]);
        let mut later = [
            release(
                dir.path(),
                "1.24.1",
                &[
                    // A comment, a blank line and another indentation are no change.
                    (
                        "runtime/proc.go",
                        "func same() {\n\n\t\tf() // f\n}\nfunc (l *list) more() {\n\tf()\n\tg()\n}\n\
                         func more() {\n}\nfunc goes() {\n}\n",
                    ),
                    ("internal/sync/a.go", "func moves() {\n\tg()\n}\n"),
                    ("runtime/a_test.go", "func moves() {\n\tf()\n}\n"),
                ],
            ),
            release(
                dir.path(),
                "1.25.1",
                &[
                    (
                        "runtime/proc.go",
                        "func same() {\n\tf()\n}\nfunc (l *list) more() {\n\tg()\n}\n",
                    ),
                    ("internal/sync/a.go", "func moves() {\n\tg()\n}\n"),
                ],
            ),
        ];
        let of =
            |line, name: &str| Ported { file: "runtime/proc.go".into(), line, name: name.into() };
        let ported = [of(1, "same"), of(4, "list.more"), of(7, "moves"), of(10, "goes")];
        let (text, all) = table(&mut base, &mut later, &ported).expect("a table");
        assert_eq!(all, 4);
        assert!(text.contains("Of the 4 functions of Go 1.23.1"), "{text}");
        assert!(text.contains(" 1 have the same code"), "{text}");
        assert!(text.contains("| proc.go (4) | 2 | 2 |"), "{text}");
        assert!(text.contains("| proc.go:4 `list.more` | −0 +1 | −1 +0 |"), "{text}");
        assert!(text.contains("| proc.go:7 `moves` | in internal/sync/a.go, −1 +1 |  |"), "{text}");
        assert!(text.contains("| proc.go:10 `goes` |  | gone |"), "{text}");
        assert!(!text.contains("`same`"), "{text}");
    }

    #[test]
    fn the_table_has_its_place() {
        let page = format!("# Since\n\n{BEGIN}\n\nold\n{END}\nafter\n");
        let new = place(&page, "new\n").expect("a place");
        assert_eq!(new, format!("# Since\n\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert!(place("# Since\n", "new").is_err());
    }

    #[test]
    fn comments_are_no_code_and_strings_are() {
        let lines = ["\tf() // x", "", "// y", "\tg(\"http://\")"].map(str::to_string);
        assert_eq!(code(&lines), ["f()", "g(\"http://\")"]);
    }
}
