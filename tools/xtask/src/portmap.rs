//! `cargo xtask portmap`: checks every cross reference of the port against Go's sources and writes
//! `docs/portmap.md`.
//!
//! What is checked:
//! * an item line `/// Go: FILE:LINE NAME`, or `/// Go (PACKAGE): ...`: the line declares that
//!   name;
//! * an anchor `// :LINE` in a body: the line lies in a declaration that the item ports, is not
//!   empty, and anchors rise with the text (unless their comment says what is with the order). An
//!   anchor with a file name must exist in that file;
//! * there is an anchor per ten lines of what is ported of a file;
//! * of the files in [`WHOLE`] each function is ported, or stands in `docs/not-ported.md` with a
//!   reason, and there is an anchor per ten lines in each long function;
//! * the rows of `docs/not-ported.md` are real, have reasons, and are not ported;
//! * what the pages of `docs/` and the crates' READMEs say about Go's lines: `` `name` (FILE:LINE)
//!   `` is a declaration, `:LINE` and `FILE:LINE` are lines with something in them, more than a
//!   brace;
//! * `docs/ownership.md` leaves out no field: see `ownership`;
//! * `docs/go-tests.md` accounts for Go's tests: see `gotests`;
//! * `docs/portmap.md` is what this program would write.

use crate::golang::{self, Decl, GoFile, Kind, Tree, full_path, regex, short_path};
use crate::gotests;
use crate::ownership;
use crate::rust::{self, Item, Ref, RustFile};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Go files, and the crates that port them.
pub type Whole = &'static [(&'static str, &'static [&'static str])];

/// Go files that are ported as a whole, and the crates that do: each function is accounted for. Of
/// other files only what is needed is ported.
pub const WHOLE: Whole = &[
    ("asm_amd64.s", &["asm"]),
    ("cgocall.go", &["proc"]),
    ("chan.go", &["chan", "runtime2"]),
    ("coro.go", &["coro", "runtime2"]),
    ("debug.go", &["debug"]),
    ("histogram.go", &["histogram", "runtime2"]),
    ("lfstack.go", &["lfstack"]),
    ("lock_futex.go", &["lock_futex"]),
    ("lockrank.go", &["runtime2"]),
    ("lockrank_off.go", &["lock_futex"]),
    ("lockrank_on.go", &["lock_futex", "runtime2"]),
    ("netpoll.go", &["netpoll"]),
    ("netpoll_epoll.go", &["netpoll"]),
    ("os_linux.go", &["os_linux", "signal"]),
    ("panic.go", &["panic"]),
    ("preempt.go", &["preempt"]),
    ("preempt_amd64.s", &["asm"]),
    ("print.go", &["print"]),
    ("proc.go", &["proc", "sysmon"]),
    ("rand.go", &["rand"]),
    ("runtime1.go", &["runtime1"]),
    ("runtime2.go", &["runtime2"]),
    ("rwmutex.go", &["rwmutex"]),
    ("select.go", &["select"]),
    ("sema.go", &["sema"]),
    ("signal_amd64.go", &["signal"]),
    ("signal_linux_amd64.go", &["signal"]),
    ("signal_unix.go", &["signal"]),
    ("stack.go", &["stack"]),
    ("stkframe.go", &["symtab"]),
    ("symtab.go", &["symtab"]),
    ("symtabinl.go", &["symtab"]),
    ("time.go", &["time"]),
    ("traceback.go", &["traceback"]),
    ("internal/chacha8rand/chacha8.go", &["rand"]),
    ("trace.go", &["trace", "traceruntime"]),
    ("tracebuf.go", &["traceruntime"]),
    ("traceevent.go", &["traceruntime"]),
    ("tracemap.go", &["traceruntime"]),
    ("traceregion.go", &["traceruntime"]),
    ("traceruntime.go", &["traceruntime", "runtime2"]),
    ("tracestatus.go", &["traceruntime", "runtime2"]),
    ("tracestring.go", &["traceruntime"]),
    ("tracetime.go", &["traceruntime"]),
    ("internal/poll/copy_file_range_linux.go", &["packages/poll"]),
    ("internal/poll/fd_mutex.go", &["packages/poll"]),
    ("internal/poll/fd_poll_runtime.go", &["packages/poll"]),
    ("internal/poll/fd_posix.go", &["packages/poll"]),
    ("internal/poll/fd_unix.go", &["packages/poll"]),
    ("internal/poll/sendfile_linux.go", &["packages/poll"]),
    ("internal/poll/splice_linux.go", &["packages/poll"]),
    ("sync/cond.go", &["packages/sync"]),
    ("sync/mutex.go", &["packages/sync"]),
    ("sync/once.go", &["packages/sync"]),
    ("sync/oncefunc.go", &["packages/sync"]),
    ("sync/pool.go", &["packages/sync"]),
    ("sync/poolqueue.go", &["packages/sync"]),
    ("sync/rwmutex.go", &["packages/sync"]),
    ("sync/waitgroup.go", &["packages/sync"]),
];

/// Functions with at least so many lines of code must have an anchor per ten of them each; shorter
/// ones are counted together.
const LONG: usize = 30;

/// A row of `docs/not-ported.md`.
struct Row {
    file: String,
    line: usize,
    name: String,
    reason: String,
    place: String,
}

/// What the port says of one Go file.
#[derive(Default)]
struct Ported<'a> {
    /// Line of the declaration: the items that port it.
    decls: BTreeMap<usize, Vec<(&'a RustFile, &'a Item, &'a Ref)>>,
    /// Lines with an anchor.
    anchors: BTreeSet<usize>,
}

/// What the command line asks for.
pub struct Options {
    /// Where Go is.
    pub goroot: Option<PathBuf>,
    /// Fail instead of writing.
    pub check: bool,
    /// Print the functions that nobody accounts for.
    pub list_missing: bool,
}

/// What was found in a workspace.
struct Findings {
    /// What is wrong.
    wrong: Vec<String>,
    /// What `docs/portmap.md` ought to be.
    text: String,
    /// Functions that nobody accounts for, with their files.
    missing: Vec<(String, Decl)>,
    /// What there is in all.
    total: String,
}

/// Checks the workspace at `root` against the sources in `tree`.
fn inspect(root: &Path, tree: &mut Tree, whole: Whole) -> Result<Findings, String> {
    let files = rust::read_workspace(root)?;
    let mut wrong: Vec<String> = Vec::new();
    let rows = read_rows(root, &mut wrong)?;
    let ported = check_references(tree, &files, &mut wrong);
    check_rows(tree, &rows, &ported, whole, &mut wrong);
    check_prose(tree, root, whole, &mut wrong)?;
    let mut missing = Vec::new();
    let text = report(tree, &ported, &rows, whole, &mut wrong, &mut missing);
    for (file, d) in &missing {
        wrong.push(format!(
            "{file}:{} {}: neither ported nor in docs/not-ported.md",
            d.line,
            d.full_name()
        ));
    }
    let items: usize = files.iter().map(|f| f.items.len()).sum();
    let anchors: usize = files.iter().map(|f| f.anchors.iter().filter(|a| a.head).count()).sum();
    let total =
        format!("{items} items, {anchors} anchors, {} rows of what is not ported", rows.len());
    Ok(Findings { wrong, text, missing, total })
}

/// Runs the command; the result is the exit status.
pub fn run(root: &Path, o: &Options) -> Result<u8, String> {
    let mut tree = Tree::new(&golang::goroot(o.goroot.clone())?);
    let Findings { mut wrong, text, missing, total } = inspect(root, &mut tree, WHOLE)?;
    let go_tests = gotests::check(root, &mut tree, gotests::FILES, &mut wrong)?;
    ownership::check(root, &mut wrong)?;
    if o.list_missing {
        for (file, d) in &missing {
            println!("| {file}:{} | {} | |", d.line, d.name);
        }
    }
    let path = root.join("docs/portmap.md");
    if o.check {
        if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            wrong.push("docs/portmap.md is out of date: run `cargo xtask portmap`".into());
        }
    } else {
        std::fs::write(&path, &text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    if !o.list_missing {
        wrong.iter().for_each(|w| eprintln!("{w}"));
    }
    println!("{total}, {go_tests}, {} wrong", wrong.len());
    Ok(u8::from(o.check && !wrong.is_empty()))
}

/// The rows of `docs/not-ported.md`.
fn read_rows(root: &Path, wrong: &mut Vec<String>) -> Result<Vec<Row>, String> {
    let path = root.join("docs/not-ported.md");
    let mut rows: Vec<Row> = Vec::new();
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    for (n, l) in text.lines().enumerate() {
        let place = format!("docs/not-ported.md:{}", n + 1);
        let Some(m) =
            regex!(r"^\|\s*`?([\w./]+\.(?:go|s)):(\d+)`?\s*\|\s*`?([^|`]*?)`?\s*\|\s*(.*?)\s*\|$")
                .captures(l)
        else {
            if regex!(r"^\|.*\.(go|s):\d").is_match(l) {
                wrong.push(format!("{place}: not `| FILE:LINE | NAME | reason |`"));
            }
            continue;
        };
        let (file, line) = (full_path(&m[1]), m[2].parse().unwrap_or(0));
        if let Some(r) = rows.iter().find(|r| r.file == file && r.line == line && r.name == m[3]) {
            if r.reason != m[4] {
                wrong.push(format!("{place}: {}:{line} has another reason at {}", &m[1], r.place));
            }
            continue;
        }
        rows.push(Row { file, line, name: m[3].to_string(), reason: m[4].to_string(), place });
    }
    Ok(rows)
}

fn check_references<'a>(
    tree: &mut Tree,
    files: &'a [RustFile],
    wrong: &mut Vec<String>,
) -> BTreeMap<String, Ported<'a>> {
    let mut ported: BTreeMap<String, Ported<'a>> = BTreeMap::new();
    for f in files {
        for (at, what) in &f.malformed {
            wrong.push(format!("{}:{at}: not a reference: {what}", f.path));
        }
        let is_source = f.path.contains("/src/");
        // The lines of Go that each item may have anchors to.
        let mut ranges: HashMap<usize, Vec<(&str, usize, usize)>> = HashMap::new();
        for item in &f.items {
            for r in &item.refs {
                let place = format!("{}:{}", f.path, r.at);
                let Some(go) = tree.file(&r.file) else {
                    wrong.push(format!("{place}: Go has no file {}", r.file));
                    continue;
                };
                let Some((first, last)) = declared_at(go, r) else {
                    let real: Vec<String> = go
                        .decls
                        .iter()
                        .filter(|d| d.name == r.name)
                        .map(|d| d.line.to_string())
                        .collect();
                    let real = if real.is_empty() { "no line".into() } else { real.join(", ") };
                    wrong.push(format!(
                        "{place}: {}:{} is not {} ({real} is)",
                        short_path(&r.file),
                        r.line,
                        r.name
                    ));
                    continue;
                };
                ranges.entry(item.start).or_default().push((&r.file, first, last));
                if is_source {
                    let p = ported.entry(r.file.clone()).or_default();
                    p.decls.entry(r.line).or_default().push((f, item, r));
                }
            }
        }
        check_anchors(tree, f, &ranges, &mut ported, wrong);
    }
    ported
}

/// The lines of what a reference names, if it is declared where it says.
fn declared_at(go: &GoFile, r: &Ref) -> Option<(usize, usize)> {
    if let Some(d) = go.declares(r.line, &r.name) {
        return Some((d.line, d.end));
    }
    // A declaration inside of a function.
    let text = go.lines.get(r.line.checked_sub(1)?)?;
    let code = text.split("//").next().unwrap_or("");
    let inner =
        regex!(r"\b(?:const|var|type)\s+(\w+)\b|^\s*(\w+)(?:,\s*\w+)*\s*:?=[^=]|^#define\s+(\w+)");
    let named = inner
        .captures(code)
        .is_some_and(|m| (1..4).any(|i| m.get(i).is_some_and(|n| n.as_str() == r.name)));
    named.then_some((r.line, r.line))
}

fn check_anchors(
    tree: &mut Tree,
    f: &RustFile,
    ranges: &HashMap<usize, Vec<(&str, usize, usize)>>,
    ported: &mut BTreeMap<String, Ported<'_>>,
    wrong: &mut Vec<String>,
) {
    let all: Vec<(&str, usize, usize)> = ranges.values().flatten().copied().collect();
    let is_source = f.path.contains("/src/");
    let mut last: HashMap<(usize, usize), (usize, usize)> = HashMap::new();
    for a in &f.anchors {
        let place = format!("{}:{}", f.path, a.at);
        let item = f.item_at(a.at);
        // A helper without a reference has its anchors in what the rest of the file ports.
        let own = match item {
            Some(i) => ranges.get(&i.start).map_or(&[][..], |v| v),
            None => &all,
        };
        // In what the item ports?
        let inside = own.iter().position(|&(file, first, end)| {
            let same =
                a.file.as_ref().is_none_or(|n| file == n || file.rsplit('/').next() == Some(n));
            same && first <= a.line && a.line <= end
        });
        let Some(k) = inside else {
            match &a.file {
                None if a.head && is_source => wrong.push(match item {
                    Some(i) if own.is_empty() => {
                        format!("{place}: :{}: {} has a wrong reference", a.line, i.name)
                    }
                    Some(i) => format!("{place}: :{} is outside of what {} ports", a.line, i.name),
                    None => format!("{place}: :{} is in nothing that this file ports", a.line),
                }),
                // A mention may look further, but not out of the file.
                None => {
                    let known = own
                        .iter()
                        .any(|(file, ..)| tree.file(file).is_some_and(|g| exists(g, a.line)));
                    if !own.is_empty() && !known {
                        wrong.push(format!("{place}: :{} does not exist", a.line));
                    }
                }
                Some(name) => {
                    let dirs = own
                        .iter()
                        .filter_map(|(file, ..)| file.rsplit_once('/'))
                        .map(|(d, _)| d.to_string());
                    let mut tries: Vec<String> = dirs.map(|d| format!("{d}/{name}")).collect();
                    tries.extend(
                        [
                            "runtime",
                            "runtime/cgo",
                            "sync",
                            "time",
                            "internal/poll",
                            "syscall",
                            "net",
                        ]
                        .map(|d| format!("{d}/{name}")),
                    );
                    tries.push(name.clone());
                    let found =
                        tries.iter().find(|t| tree.file(t).is_some_and(|g| exists(g, a.line)));
                    match found {
                        None => wrong.push(format!("{place}: {name}:{} does not exist", a.line)),
                        Some(file) if a.head => {
                            ported.entry(file.clone()).or_default().anchors.insert(a.line);
                        }
                        Some(_) => {}
                    }
                }
            }
            continue;
        };
        if !a.head {
            continue;
        }
        let (file, first, _) = own[k];
        let key = (item.map_or(0, |i| i.start), first);
        if tree.file(file).is_some_and(|g| !exists(g, a.line)) {
            let next = tree.file(file).and_then(|g| g.lines.get(a.line)).map_or("", |l| l.trim());
            wrong.push(format!(
                "{place}: {}:{} is an empty line; the next is {next:?}",
                short_path(file),
                a.line
            ));
        }
        ported.entry(file.to_string()).or_default().anchors.insert(a.line);
        let before = last.insert(key, (a.line, a.at));
        if let Some((line, at)) = before
            && a.line < line
            && !a.order
        {
            wrong.push(format!(
                "{place}: :{} after :{line} (line {at}) without a word about the order",
                a.line
            ));
        }
    }
}

fn exists(go: &GoFile, line: usize) -> bool {
    line > 0 && go.lines.get(line - 1).is_some_and(|l| !l.trim().is_empty())
}

fn check_rows(
    tree: &mut Tree,
    rows: &[Row],
    ported: &BTreeMap<String, Ported<'_>>,
    whole: Whole,
    wrong: &mut Vec<String>,
) {
    for r in rows {
        let (place, file) = (&r.place, short_path(&r.file));
        if r.reason.is_empty() {
            wrong.push(format!("{place}: {file}:{} has no reason", r.line));
        }
        let Some(go) = tree.file(&r.file) else {
            wrong.push(format!("{place}: Go has no file {file}"));
            continue;
        };
        // `(all but ...)` stands for a whole file.
        if r.name.starts_with('(') {
            if r.line != 1 || whole.iter().any(|(w, _)| *w == file) {
                wrong.push(format!(
                    "{place}: a row for a whole file is :1, and not for a file that is ported"
                ));
            }
            continue;
        }
        let bare = r.name.rsplit('.').next().unwrap_or("");
        if go.declares(r.line, bare).is_none() {
            let real: Vec<String> =
                go.decls.iter().filter(|d| d.name == bare).map(|d| d.line.to_string()).collect();
            wrong.push(format!(
                "{place}: {file}:{} is not {} ({} is)",
                r.line,
                r.name,
                real.join(", ")
            ));
        }
        if let Some(p) = ported.get(&r.file).and_then(|p| p.decls.get(&r.line))
            && let Some((f, item, at)) = p.iter().find(|(_, _, at)| at.name == bare)
        {
            wrong.push(format!(
                "{place}: {file}:{} is ported: {} at {}:{}",
                r.line, item.name, f.path, at.at
            ));
        }
    }
}

/// The pages with line numbers of Go's in their text, and the file that a number without a file is
/// of: proc.go, or in the README of a crate the file that the crate is named after.
fn pages(root: &Path, whole: Whole) -> Vec<(String, String)> {
    let docs = ["architecture.md", "source-notes.md", "ownership.md", "deviations.md"];
    let mut pages: Vec<_> = docs.map(|n| (format!("docs/{n}"), "proc.go".to_string())).into();
    let dirs = whole.iter().flat_map(|(_, crates)| crates.iter()).collect::<BTreeSet<_>>();
    for dir in dirs {
        let own = format!("{dir}.go");
        let file = if whole.iter().any(|(f, _)| *f == own) { own } else { "proc.go".into() };
        let entries = std::fs::read_dir(root.join(dir)).into_iter().flatten().flatten();
        let names = entries.map(|e| e.file_name().to_string_lossy().into_owned());
        let mut readmes: Vec<_> =
            names.filter(|n| n.starts_with("README") && n.ends_with(".md")).collect();
        readmes.sort();
        pages.extend(readmes.into_iter().map(|n| (format!("{dir}/{n}"), file.clone())));
    }
    pages
}

/// A name, or a text with names, for comparison: READMEs have gort's `find_runnable`.
fn plain(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

/// The line numbers of Go's in the text of [`pages`].
fn check_prose(
    tree: &mut Tree,
    root: &Path,
    whole: Whole,
    wrong: &mut Vec<String>,
) -> Result<(), String> {
    for (name, own) in pages(root, whole) {
        let Ok(text) = std::fs::read_to_string(root.join(&name)) else { continue };
        for (n, l) in text.lines().enumerate() {
            // What the notes say is not what Go says.
            let l = if name == "docs/source-notes.md" {
                l.rsplit(" | ").next().unwrap_or(l)
            } else {
                l
            };
            let dir = root.join(&name);
            for m in regex!(r"\]\(([^)#:]+)(?:#[^)]*)?\)").captures_iter(l) {
                if !dir.with_file_name(&m[1]).exists() {
                    wrong.push(format!("{name}:{}: there is no {}", n + 1, &m[1]));
                }
            }
            for m in regex!(r"(?:`(\w+)`(?:\]\([^)]*\))? \()?([\w/]+\.(?:go|s|c|h))?:(\d{2,})\b")
                .captures_iter(&format!(" {l}"))
            {
                let file = m.get(2).map_or(own.as_str(), |f| f.as_str());
                let line = m[3].parse().unwrap_or(0);
                let tries = [full_path(file), format!("runtime/cgo/{file}"), file.to_string()];
                let Some(go) = tries
                    .iter()
                    .find_map(|t| tree.file(t).map(|_| t.clone()))
                    .and_then(|t| tree.file(&t))
                else {
                    wrong.push(format!("{name}:{}: Go has no file {file}", n + 1));
                    continue;
                };
                if !exists(go, line) {
                    wrong.push(format!("{name}:{}: {file}:{line} does not exist", n + 1));
                } else if go.lines[line - 1].trim().chars().all(|c| "{}()".contains(c)) {
                    wrong.push(format!(
                        "{name}:{}: {file}:{line} is {:?}",
                        n + 1,
                        go.lines[line - 1].trim()
                    ));
                }
                // READMEs name what a step is in; links, and references with a file, what is
                // declared there.
                if let Some(what) = m.get(1)
                    && (m.get(2).is_some() || m[0].contains("]("))
                    && go.declares(line, what.as_str()).is_none()
                    && !plain(&go.lines[line - 1]).contains(&plain(what.as_str()))
                {
                    wrong.push(format!("{name}:{}: {file}:{line} is not {}", n + 1, what.as_str()));
                }
            }
        }
    }
    Ok(())
}

/// What the anchors of a Go file amount to.
struct Density {
    lines: usize,
    anchors: usize,
}

impl Density {
    fn per_ten(&self) -> f64 {
        10.0 * self.anchors as f64 / self.lines.max(1) as f64
    }
}

fn report(
    tree: &mut Tree,
    ported: &BTreeMap<String, Ported<'_>>,
    rows: &[Row],
    whole_files: Whole,
    wrong: &mut Vec<String>,
    missing: &mut Vec<(String, Decl)>,
) -> String {
    let none = Ported::default();
    let mut files: Vec<String> = whole_files.iter().map(|(f, _)| full_path(f)).collect();
    files.extend(ported.iter().filter(|(_, p)| !p.decls.is_empty()).map(|(f, _)| f.clone()));
    files.sort_by_key(|f| (f.contains('/') && !f.starts_with("runtime/"), f.clone()));
    files.dedup();
    let (mut summary, mut tables) = (String::new(), String::new());
    let mut total = [0usize; 4];
    for file in &files {
        let short = short_path(file).to_string();
        let p = ported.get(file).unwrap_or(&none);
        let whole = whole_files.iter().find(|(f, _)| *f == short);
        let Some(go) = tree.file(file) else {
            wrong.push(format!("Go has no file {file}"));
            continue;
        };
        let not: HashMap<usize, &Row> =
            rows.iter().filter(|r| r.file == *file).map(|r| (r.line, r)).collect();
        let funcs = go.funcs().count();
        let mut d = Density { lines: 0, anchors: 0 };
        let (mut done, mut declared) = (0, 0);
        for f in go.funcs() {
            if p.decls.contains_key(&f.line) {
                let own = Density {
                    lines: f.end + 1 - f.line,
                    anchors: p.anchors.range(f.line..=f.end).count(),
                };
                let merely_declared = f.end == f.line;
                let code = go.code_lines(f);
                if whole.is_some() && code >= LONG && code > 10 * own.anchors {
                    wrong.push(format!(
                        "{short}:{} {}: {} anchors for {code} lines of code",
                        f.line, f.name, own.anchors
                    ));
                }
                done += 1;
                if !merely_declared {
                    d.lines += own.lines;
                    d.anchors += own.anchors;
                }
            } else if not.contains_key(&f.line) {
                declared += 1;
            } else if go
                .funcs()
                .any(|g| g.line < f.line && f.end <= g.end && p.decls.contains_key(&g.line))
            {
                done += 1; // the second half of an assembly function
            } else if whole.is_some() {
                missing.push((short.clone(), f.clone()));
            }
        }
        if d.lines >= 10 && d.per_ten() < 1.0 {
            wrong.push(format!("{short}: {:.2} anchors per ten lines", d.per_ten()));
        }
        let mut crates: Vec<&str> = p
            .decls
            .values()
            .flatten()
            .filter_map(|(f, ..)| f.path.split_once("/src/").map(|(c, _)| c))
            .collect();
        crates.sort_unstable();
        crates.dedup();
        if let Some((_, want)) = whole
            && let Some(c) = want.iter().find(|c| !crates.contains(c) && done > 0)
        {
            wrong.push(format!("{short}: the crate {c} ports nothing of it"));
        }
        let share = if whole.is_some() { funcs.to_string() } else { format!("({funcs})") };
        let density = if d.lines > 0 { format!("{:.1}", d.per_ten()) } else { String::new() };
        let anchor = short.replace(['/', '.'], "");
        let _ = writeln!(
            summary,
            "| [{short}](#{anchor}) | {} | {share} | {done} | {declared} | {} | {density} |",
            crates.join(", "),
            d.lines
        );
        if whole.is_some() {
            total[0] += funcs;
            total[2] += declared;
        }
        total[1] += done;
        total[3] += d.lines;
        let _ =
            writeln!(tables, "\n## {short}\n\n| line | Go | Rust | where |\n|---:|---|---|---|");
        for (line, text) in table(go, p, &not) {
            let _ = writeln!(tables, "| {line} | {text}");
        }
    }
    let [funcs, done, declared, lines] = total;
    format!(
        "# Where each piece of Go is\n\n\
         Written by `cargo xtask portmap`, which also checks every reference against the sources of Go {}; do not edit.\n\
         *Functions* counts the functions of a Go file, in parentheses if only what is needed of the file is ported;\n\
         *not* those that [not-ported.md](not-ported.md) gives a reason for; *lines* the Go lines of the ported ones;\n\
         *anchors* the line numbers in the Rust bodies per ten of those.\n\n\
         | Go file | crates | functions | ported | not | lines | anchors |\n|---|---|---:|---:|---:|---:|---:|\n\
         {summary}| **all** | | {funcs} | {done} | {declared} | {lines} | |\n{tables}",
        &golang::RELEASE[2..]
    )
}

/// The rows of one Go file's table, by line.
fn table(go: &GoFile, p: &Ported<'_>, not: &HashMap<usize, &Row>) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    for (&line, items) in &p.decls {
        // Several names may stand in one line.
        let mut names: Vec<&str> = items.iter().map(|(_, _, r)| r.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let full = go.declares(line, name).map_or(name.to_string(), |d| match d.kind {
                Kind::Func => format!("{}()", d.full_name()),
                _ => d.full_name(),
            });
            let here = items.iter().filter(|(_, _, r)| r.name == name);
            let mut places: Vec<(String, String)> =
                here.map(|(f, i, _)| (format!("`{}`", i.name), format!("`{}`", f.path))).collect();
            places.dedup();
            let rust: Vec<&str> = places.iter().map(|(n, _)| n.as_str()).collect();
            let mut at: Vec<&str> = places.iter().map(|(_, f)| f.as_str()).collect();
            at.dedup();
            out.push((line, format!("`{full}` | {} | {} |", rust.join(", "), at.join(", "))));
        }
    }
    for (&line, r) in not {
        let name = go.declares(line, &r.name).map_or(r.name.clone(), Decl::full_name);
        out.push((line, format!("`{name}` | *not ported* | {} |", r.reason)));
    }
    out.sort();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small Go, its port, and what is said of it.
    struct Fake {
        go: String,
        rust: String,
        not_ported: String,
        notes: String,
        readme: String,
    }

    /// A function of `n` lines of code that begins at some line.
    fn body(n: usize) -> String {
        (1..=n).map(|i| format!("\tx += {i}\n")).collect()
    }

    impl Fake {
        /// Nothing is wrong here. Go: `f` is lines 3 to 43, `g` 45 to 47, `h` 49 to 51.
        fn right() -> Self {
            let anchors: String =
                [4, 10, 14, 24, 34, 40].map(|l| format!("    // :{l}\n    step();\n")).concat();
            Fake {
                go: format!(
                    "package runtime\n\nfunc f(x int) {{\n{}}}\n\nfunc g() {{\n\tf(1)\n}}\n\nfunc h() {{\n\tg()\n}}\n",
                    body(39)
                ),
                rust: format!(
                    "/// @: a.go:3 f\npub fn f() {{\n{anchors}}}\n\n/// @: a.go:45 g\npub fn g() {{\n    // :46\n    f();\n}}\n"
                )
                .replace('@', "Go"),
                not_ported: "| a.go:49 | h | nobody needs it |\n".into(),
                notes: "| subject | told | `f` (a.go:3), and a.go:46 |\n".into(),
                readme: "It goes on (:24).\n".into(),
            }
        }

        fn wrong(&self) -> Vec<String> {
            static N: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
            let n = N.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let root =
                std::env::temp_dir().join(format!("gort-portmap-{}-{n}", std::process::id()));
            let write = |path: &str, text: &str| {
                let path = root.join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            };
            write("goroot/src/runtime/a.go", &self.go);
            write("work/a/src/lib.rs", &self.rust);
            write("work/docs/not-ported.md", &self.not_ported);
            write("work/docs/source-notes.md", &self.notes);
            write("work/a/README.md", &self.readme);
            let mut tree = Tree::new(&root.join("goroot"));
            let found = inspect(&root.join("work"), &mut tree, &[("a.go", &["a"])]);
            std::fs::remove_dir_all(&root).unwrap();
            found.unwrap().wrong
        }

        /// The only thing that is wrong.
        fn one(&self) -> String {
            let mut w = self.wrong();
            assert_eq!(w.len(), 1, "{w:#?}");
            w.remove(0)
        }
    }

    #[track_caller]
    fn planted(change: impl FnOnce(&mut Fake), message: &str) {
        let mut f = Fake::right();
        change(&mut f);
        assert_eq!(f.one(), message);
    }

    #[test]
    fn a_right_port() {
        assert_eq!(Fake::right().wrong(), [""; 0]);
    }

    #[test]
    fn a_reference_to_the_wrong_line() {
        let mut f = Fake::right();
        f.rust = f.rust.replace("a.go:45 g", "a.go:46 g");
        let w = f.wrong();
        assert!(w.contains(&"a/src/lib.rs:17: a.go:46 is not g (45 is)".to_string()), "{w:#?}");
        // And g is not accounted for now.
        assert!(
            w.contains(&"a.go:45 g: neither ported nor in docs/not-ported.md".to_string()),
            "{w:#?}"
        );
    }

    #[test]
    fn a_reference_to_no_file() {
        let mut f = Fake::right();
        f.rust = f.rust.replace("a.go:45", "b.go:45");
        assert!(f.wrong().iter().any(|w| w == "a/src/lib.rs:17: Go has no file runtime/b.go"));
    }

    #[test]
    fn anchors() {
        planted(
            |f| f.rust = f.rust.replace(":24", ":74"),
            "a/src/lib.rs:9: :74 is outside of what f ports",
        );
        planted(
            |f| f.rust = f.rust.replace("// :14", "// :14\n    // :4"),
            "a/src/lib.rs:8: :4 after :14 (line 7) without a word about the order",
        );
        // With a word it may.
        let mut f = Fake::right();
        f.rust = f.rust.replace("// :14", "// :14\n    // :4 later than in Go");
        assert_eq!(f.wrong(), [""; 0]);
    }

    #[test]
    fn an_anchor_to_an_empty_line() {
        planted(
            |f| f.go = f.go.replace("\tx += 11\n", "\n"),
            "a/src/lib.rs:7: a.go:14 is an empty line; the next is \"x += 12\"",
        );
    }

    /// A long function by itself, and all of a file together.
    #[test]
    fn too_few_anchors() {
        let without = |f: &mut Fake, lines: &[u32]| {
            for l in lines {
                f.rust = f.rust.replace(&format!("    // :{l}\n"), "");
            }
        };
        planted(|f| without(f, &[34, 40]), "a.go:3 f: 4 anchors for 41 lines of code");
        let mut f = Fake::right();
        f.go = f.go.replace(&body(39), &(body(20) + &"\t//\n".repeat(19)));
        assert_eq!(f.wrong(), [""; 0]);
        without(&mut f, &[10, 24, 34, 40, 46]);
        assert_eq!(f.one(), "a.go: 0.45 anchors per ten lines");
    }

    #[test]
    fn functions_that_nobody_accounts_for() {
        planted(|f| f.not_ported.clear(), "a.go:49 h: neither ported nor in docs/not-ported.md");
    }

    #[test]
    fn rows() {
        planted(
            |f| f.not_ported.push_str("| a.go:45 | g | as well |\n"),
            "docs/not-ported.md:2: a.go:45 is ported: g at a/src/lib.rs:17",
        );
        planted(
            |f| f.not_ported = "| a.go:49 | h | |\n".into(),
            "docs/not-ported.md:1: a.go:49 has no reason",
        );
        planted(
            |f| f.not_ported.push_str("| a.go:50 | h | why |\n"),
            "docs/not-ported.md:2: a.go:50 is not h (49 is)",
        );
        planted(
            |f| f.not_ported.push_str("| a.go:4x | f | why |\n"),
            "docs/not-ported.md:2: not `| FILE:LINE | NAME | reason |`",
        );
    }

    #[test]
    fn prose() {
        planted(
            |f| f.notes = f.notes.replace("(a.go:3)", "(a.go:46)").replace("`f`", "`h`"),
            "docs/source-notes.md:1: a.go:46 is not h",
        );
        planted(
            |f| f.notes = f.notes.replace("a.go:46", "a.go:99"),
            "docs/source-notes.md:1: a.go:99 does not exist",
        );
        planted(
            |f| f.readme.push_str("And ends (:87).\n"),
            "a/README.md:2: a.go:87 does not exist",
        );
        planted(|f| f.readme.push_str("And ends (:43).\n"), "a/README.md:2: a.go:43 is \"}\"");
    }
}
