//! `cargo xtask merge`: puts what lies in `docs/not-ported.d/` and `docs/deviations.d/` into `docs/not-ported.md` and
//! `docs/deviations.md`, so that work on several crates at once does not meet in one file. May be repeated: what a
//! fragment says replaces what was merged before.

use crate::golang::regex;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const NOT_PORTED: &str = "\
# What is not ported

Functions of ported Go files (and some types and constants) that gort does not have, each with the reason: what serves Go's compiler, its collector, its
race detector, its reflection, or other systems; and what comes later. `cargo xtask portmap` checks that every row names something real, that
nothing listed here is ported after all, and that nothing is missing: each function of a ported file is either in [portmap.md](portmap.md) or here.
Where a ported function leaves out a branch, a comment at the place says so. Line numbers are those of Go 1.23.1.
";

const DEVIATIONS: &str = "\
# Where gort differs from Go

What must differ because Rust is not Go: native stacks, destructors, unwinding, no collector. By crate; each section says what Go does, what gort does
instead, why, and what it costs. Branches that are merely left out are noted in the code; functions that are, in [not-ported.md](not-ported.md).
";

/// Runs the command; the result is the exit status.
pub fn run(root: &Path, delete: bool) -> Result<u8, String> {
    let docs = root.join("docs");
    let mut merged = fragments(&docs.join("not-ported.d"))?;
    write(&docs.join("not-ported.md"), &not_ported(&read(&docs.join("not-ported.md")), &merged))?;
    let deviations_d = fragments(&docs.join("deviations.d"))?;
    let members = members(&read(&root.join("Cargo.toml")));
    write(
        &docs.join("deviations.md"),
        &deviations(&read(&docs.join("deviations.md")), &deviations_d, &members),
    )?;
    merged.extend(deviations_d);
    for (path, _) in merged.iter().filter(|_| delete) {
        std::fs::remove_file(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let _ = path.parent().map(std::fs::remove_dir); // if it is empty
    }
    println!("{} files merged", merged.len());
    Ok(0)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

fn fragments(dir: &Path) -> Result<Vec<(PathBuf, String)>, String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "md"));
    paths.sort();
    paths
        .into_iter()
        .map(|p| Ok((p.clone(), std::fs::read_to_string(&p).map_err(|e| e.to_string())?)))
        .collect()
}

fn not_ported(old: &str, new: &[(PathBuf, String)]) -> String {
    // Folder first, so that package runtime comes before the others; later rows replace earlier ones.
    let mut rows: BTreeMap<(bool, String, usize, String), String> = BTreeMap::new();
    for text in std::iter::once(old).chain(new.iter().map(|(_, t)| t.as_str())) {
        let row = regex!(r"(?m)^\|\s*`?([\w./]+\.(?:go|s)):(\d+)`?\s*\|\s*`?([^|`]*?)`?\s*\|\s*(.*?)\s*\|$");
        for m in row.captures_iter(text) {
            let key = (m[1].contains('/'), m[1].to_string(), m[2].parse().unwrap_or(0), m[3].to_string());
            rows.insert(key, m[4].to_string());
        }
    }
    let mut out = NOT_PORTED.to_string();
    let mut last = "";
    for ((_, file, line, name), reason) in &rows {
        if file != last {
            let _ = write!(out, "\n## {file}\n\n| where | what | why not |\n|---|---|---|\n");
            last = file;
        }
        let _ = writeln!(out, "| {file}:{line} | {name} | {reason} |");
    }
    out
}

/// The workspace's crates, in their order.
fn members(manifest: &str) -> Vec<String> {
    let list =
        regex!(r"(?s)members\s*=\s*\[(.*?)\]").captures(manifest).map_or(String::new(), |m| m[1].to_string());
    regex!(r#""([^"]+)""#).captures_iter(&list).map(|m| m[1].to_string()).collect()
}

fn deviations(old: &str, new: &[(PathBuf, String)], members: &[String]) -> String {
    // Per crate its sections: title, text. A section with the same title replaces the older one.
    let mut crates: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut add = |name: &str, title: &str, text: &str| {
        // What stands elsewhere already stays there.
        let there = crates.iter().find(|(_, s)| s.iter().any(|(t, _)| t == title)).map(|(n, _)| n.clone());
        let name = there.as_deref().unwrap_or(name);
        let i = crates.iter().position(|(n, _)| n == name).unwrap_or_else(|| {
            crates.push((name.to_string(), Vec::new()));
            crates.len() - 1
        });
        let sections = &mut crates[i].1;
        match sections.iter_mut().find(|(t, _)| t == title) {
            Some(s) => s.1 = text.to_string(),
            None => sections.push((title.to_string(), text.to_string())),
        }
    };
    for part in old.split("\n## ").skip(1) {
        let (name, body) = part.split_once('\n').unwrap_or((part, ""));
        for section in format!("\n{body}").split("\n### ").skip(1) {
            let (title, text) = section.split_once('\n').unwrap_or((section, ""));
            add(name.trim(), title.trim(), text.trim());
        }
    }
    for (path, text) in new {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // `proc2.md` and `proc_mid.md` are parts of `proc`; what belongs to no crate comes last.
        let known = members.iter().filter(|m| {
            stem == **m
                || stem
                    .strip_prefix(m.as_str())
                    .is_some_and(|r| r.starts_with('_') || r.parse::<u32>().is_ok())
        });
        let name = known.max_by_key(|m| m.len()).cloned().unwrap_or(stem);
        for section in format!("\n{text}").split("\n## ").skip(1) {
            let (title, text) = section.split_once('\n').unwrap_or((section, ""));
            add(&name, title.trim(), text.trim());
        }
    }
    crates.sort_by_key(|(name, _)| members.iter().position(|m| m == name).unwrap_or(usize::MAX));
    let mut out = DEVIATIONS.to_string();
    for (name, sections) in crates {
        let _ = write!(out, "\n## {name}\n");
        for (title, text) in sections {
            let _ = write!(out, "\n### {title}\n\n{text}\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_is_idempotent() {
        let members = ["proc", "chan"].map(String::from);
        let new = [
            ("chan.md".into(), "## A\n\nText.\n\n## B\n\nMore.\n".into()),
            ("proc2.md".into(), "## C\nx\n".into()),
        ];
        let once = deviations("", &new, &members);
        assert!(once.find("## proc").unwrap() < once.find("## chan").unwrap());
        assert_eq!(deviations(&once, &new, &members), once);
        let rows = [(
            "a.md".into(),
            "| sync/a.go:3 | X | why |\n| proc.go:20 | b | c |\n| proc.go:5 | a | c |\n".into(),
        )];
        let once = not_ported("", &rows);
        assert_eq!(once.matches("\n## ").count(), 2);
        assert!(once.find("proc.go:5").unwrap() < once.find("proc.go:20").unwrap());
        assert_eq!(not_ported(&once, &rows), once);
    }
}
