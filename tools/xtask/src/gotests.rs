//! Go's own tests: `docs/go-tests.md` has a section for each file in [`FILES`] with a row for each
//! test and benchmark. A row either names Rust tests that exist, or gives a reason. A test in
//! `tests/tests/gotests` says which Go test it has the idea of, and stands in that one's row.

use crate::golang::{Kind, Tree, regex};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The test files of Go that are gone through, below `src`.
pub const FILES: &[&str] = &[
    "runtime/proc_test.go",
    "runtime/chan_test.go",
    "runtime/chanbarrier_test.go",
    "runtime/sema_test.go",
    "runtime/semasleep_test.go",
    "runtime/rwmutex_test.go",
    "runtime/lfstack_test.go",
    "runtime/stack_test.go",
    "runtime/norace_test.go",
    "runtime/crash_test.go",
    "runtime/debug_test.go",
    "runtime/histogram_test.go",
    "runtime/coro_test.go",
    "runtime/rand_test.go",
    "runtime/metrics_test.go",
    "runtime/traceback_test.go",
    "runtime/lockrank_test.go",
    "runtime/time_test.go",
    "sync/mutex_test.go",
    "sync/rwmutex_test.go",
    "sync/waitgroup_test.go",
    "sync/cond_test.go",
    "sync/once_test.go",
    "sync/oncefunc_test.go",
    "sync/pool_test.go",
    "sync/runtime_sema_test.go",
    "sync/map_test.go",
    "sync/map_bench_test.go",
    "sync/example_test.go",
    "sync/example_pool_test.go",
    "time/sleep_test.go",
    "time/tick_test.go",
    "iter/pull_test.go",
];

/// A row of the page.
struct Row {
    place: String,
    line: usize,
    what: String,
}

/// The Rust sources that rows refer to.
struct Sources<'a> {
    root: &'a Path,
    texts: BTreeMap<String, Option<String>>,
}

impl Sources<'_> {
    /// The text of a file, or of all Rust files in a folder.
    fn text(&mut self, path: &str) -> Option<&str> {
        let full = self.root.join(path);
        let read = || {
            if !full.is_dir() {
                return std::fs::read_to_string(&full).ok();
            }
            let files = std::fs::read_dir(&full).ok()?.flatten();
            let rust = files.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "rs"));
            Some(rust.filter_map(|p| std::fs::read_to_string(p).ok()).collect::<Vec<_>>().concat())
        };
        self.texts.entry(path.to_string()).or_insert_with(read).as_deref()
    }

    /// Whether `path` has a test of that name: `fn NAME(`, or `NAME,` and `NAME {` in one of the
    /// macros that make tests.
    fn has(&mut self, path: &str, name: &str) -> bool {
        let is = |l: &str| {
            let l = l.trim();
            let l = l.strip_prefix("fn ").or_else(|| l.strip_prefix("case!(")).unwrap_or(l);
            l.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with([',', '(', '{']))
        };
        self.text(path).is_some_and(|t| t.lines().any(is))
    }
}

/// Checks the page against Go's files and the tests; says what there is in all.
pub fn check(
    root: &Path,
    tree: &mut Tree,
    files: &[&str],
    wrong: &mut Vec<String>,
) -> Result<String, String> {
    const PAGE: &str = "docs/go-tests.md";
    let text = std::fs::read_to_string(root.join(PAGE)).map_err(|e| format!("{PAGE}: {e}"))?;
    let mut sections: BTreeMap<String, BTreeMap<String, Row>> = BTreeMap::new();
    let mut section = String::new();
    for (n, l) in text.lines().enumerate() {
        let place = format!("{PAGE}:{}", n + 1);
        if let Some(h) = l.strip_prefix("## ") {
            section = h.trim().to_string();
            if !files.contains(&section.as_str()) {
                wrong.push(format!("{place}: {section} is not among the files that are checked"));
            }
            sections.entry(section.clone()).or_default();
        } else if let Some(m) = regex!(r"^\|\s*(\w+)\s*\|\s*(\d+)\s*\|\s*(.*?)\s*\|$").captures(l) {
            let row = Row {
                place: place.clone(),
                line: m[2].parse().unwrap_or(0),
                what: m[3].to_string(),
            };
            if sections.entry(section.clone()).or_default().insert(m[1].to_string(), row).is_some()
            {
                wrong.push(format!("{place}: {} for the second time", &m[1]));
            }
        }
    }

    let mut sources = Sources { root, texts: BTreeMap::new() };
    // Go test: the Rust tests in its row.
    let mut named: BTreeSet<(String, usize, String)> = BTreeSet::new();
    let (mut all, mut ported) = (0, 0);
    for file in files {
        let rows = sections.remove(*file).unwrap_or_default();
        let Some(go) = tree.file(file) else {
            wrong.push(format!("Go has no file {file}"));
            continue;
        };
        let is_test = |n: &str| ["Test", "Benchmark", "Example"].iter().any(|p| n.starts_with(p));
        let tests: BTreeMap<&str, usize> = go
            .decls
            .iter()
            .filter(|d| d.kind == Kind::Func && d.recv.is_none() && is_test(&d.name))
            .map(|d| (d.name.as_str(), d.line))
            .collect();
        for (name, line) in &tests {
            all += 1;
            let Some(row) = rows.get(*name) else {
                wrong.push(format!("{file}:{line} {name}: not in {PAGE}"));
                continue;
            };
            if row.line != *line {
                wrong.push(format!("{}: {name} is {file}:{line}", row.place));
            }
            ported += usize::from(check_row(row, &mut sources, wrong));
            for m in regex!(r"`(\w+)::(\w+)`").captures_iter(&row.what) {
                named.insert((file.to_string(), *line, m[1].to_string()));
            }
        }
        for (name, row) in &rows {
            if !tests.contains_key(name.as_str()) {
                wrong.push(format!("{}: {file} has no {name}", row.place));
            }
        }
    }

    // What a Rust test says it is must be in the row as well.
    let dir = root.join("tests/tests/gotests");
    let entries = std::fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    for path in entries.flatten().map(|e| e.path()) {
        let text =
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let module = path.file_stem().unwrap_or_default().to_string_lossy();
        for m in regex!(r"/// Go(?: \((\w+)\))?: (\w+_test\.go):(\d+) (\w+)").captures_iter(&text) {
            let file = format!("{}/{}", m.get(1).map_or("runtime", |p| p.as_str()), &m[2]);
            let line = m[3].parse().unwrap_or(0);
            if !named.contains(&(file.clone(), line, module.to_string())) {
                wrong.push(format!(
                    "{module}.rs has {} ({file}:{line}), and {PAGE} does not say so",
                    &m[4]
                ));
            }
        }
    }
    Ok(format!("{ported} of {all} tests of Go's re-expressed"))
}

/// Whether the row names tests. What it names must exist; without that it must give a reason.
fn check_row(row: &Row, sources: &mut Sources<'_>, wrong: &mut Vec<String>) -> bool {
    let mut names = false;
    for m in regex!(r"`(\w+)::(\w+)`").captures_iter(&row.what) {
        names = true;
        if !sources.has(&format!("tests/tests/gotests/{}.rs", &m[1]), &m[2]) {
            wrong.push(format!("{}: there is no test {}::{}", row.place, &m[1], &m[2]));
        }
    }
    for m in regex!(r"((?:`[\w.]+`(?:, | and )?)+) of `([\w/.]+)`").captures_iter(&row.what) {
        names = true;
        let each = regex!(r"`([\w.]+)`").captures_iter(&m[1]).map(|n| n[1].to_string());
        // A program of the corpus, or one of its cases.
        if m[2].starts_with("corpus/") {
            for n in each
                .filter(|n| !sources.root.join(format!("tests/golden/{}/{n}.txt", &m[2])).is_file())
            {
                wrong.push(format!("{}: there is no {n} in {}", row.place, &m[2]));
            }
            continue;
        }
        let path = match &m[2] {
            p if p.starts_with("tests/") && p.ends_with(".rs") => format!("tests/{p}"),
            p => p.to_string(),
        };
        for n in each {
            if !sources.has(&path, &n) {
                wrong.push(format!("{}: there is no test {n} in {path}", row.place));
            }
        }
    }
    if !names && row.what.split_whitespace().count() < 2 && row.what != "benchmark" {
        wrong.push(format!("{}: {:?} is no reason", row.place, row.what));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The findings for one Go file with `TestA` in line 3 and `BenchmarkB` in line 6, this page,
    /// and a Rust test.
    fn wrong(page: &str) -> Vec<String> {
        static N: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let n = N.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("gort-gotests-{}-{n}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "goroot/src/runtime/x_test.go",
            "package x\n\nfunc TestA(t *testing.T) {\n}\n\nfunc BenchmarkB(b *testing.B) {\n}\n",
        );
        write("docs/go-tests.md", &format!("## runtime/x_test.go\n\n{page}"));
        write(
            "tests/tests/gotests/x.rs",
            // In two pieces, as it is no reference of this file's.
            &["go_test! {\n    /// Go", ": x_test.go:3 TestA\n    of_a, {\n    }\n}\n"].concat(),
        );
        write("panic/tests/p.rs", "#[test]\nfn loud() {}\n");
        write("tests/golden/corpus/g/prog.case.txt", "");
        let mut found = Vec::new();
        check(&root, &mut Tree::new(&root.join("goroot")), &["runtime/x_test.go"], &mut found)
            .unwrap();
        std::fs::remove_dir_all(&root).unwrap();
        found
    }

    #[test]
    fn planted_mistakes() {
        let a = "| TestA | 3 | `x::of_a` |\n";
        let b = "| BenchmarkB | 6 | benchmark |\n";
        assert_eq!(wrong(&format!("{a}{b}")), [""; 0]);
        assert_eq!(wrong(&format!("{a}| BenchmarkB | 6 | `loud` of `panic/tests` |\n")), [""; 0]);
        assert_eq!(wrong(a), ["runtime/x_test.go:6 BenchmarkB: not in docs/go-tests.md"]);
        let one = |page: &str, message: &str| assert_eq!(wrong(page), [message]);
        one(
            &format!("{a}| BenchmarkB | 7 | benchmark |\n"),
            "docs/go-tests.md:4: BenchmarkB is runtime/x_test.go:6",
        );
        one(
            &format!("{a}{b}| TestC | 9 | no need |\n"),
            "docs/go-tests.md:5: runtime/x_test.go has no TestC",
        );
        one(&format!("{a}{b}{b}"), "docs/go-tests.md:5: BenchmarkB for the second time");
        one(&format!("{a}| BenchmarkB | 6 | why |\n"), "docs/go-tests.md:4: \"why\" is no reason");
        one(
            &format!("{a}| BenchmarkB | 6 | `silent` of `panic/tests` |\n"),
            "docs/go-tests.md:4: there is no test silent in panic/tests",
        );
        let corpus =
            |case| format!("{a}| BenchmarkB | 6 | `prog.case`, `prog.{case}` of `corpus/g` |\n");
        assert_eq!(wrong(&corpus("case")), [""; 0]);
        one(&corpus("none"), "docs/go-tests.md:4: there is no prog.none in corpus/g");
        one(
            &format!("| TestA | 3 | `x::of_a`, `x::of_c` |\n{b}"),
            "docs/go-tests.md:3: there is no test x::of_c",
        );
        one(
            &format!("| TestA | 3 | not here |\n{b}"),
            "x.rs has TestA (runtime/x_test.go:3), and docs/go-tests.md does not say so",
        );
    }
}
