//! `//go:embed`: which files the patterns in a package's files mean, for the compiler.
//!
//! The comments are found as `go/build` finds them, the patterns resolved as cmd/go resolves them
//! (Go 1.23.1), with its words for what cannot be embedded.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What gccgo reads with `-fgo-embedcfg`: the files of each pattern, and where each file is.
#[derive(Serialize, Default)]
#[serde(rename_all = "PascalCase")]
pub struct Config {
    patterns: BTreeMap<String, Vec<String>>,
    files: BTreeMap<String, PathBuf>,
}

impl Config {
    /// The files, for the hash of a program.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.values().map(PathBuf::as_path)
    }
}

/// What the files of a package, which are all in one directory, embed; `None` if nothing.
///
/// # Errors
/// A pattern that is wrong, or matches nothing, with its place, in Go's words.
///
/// As `resolveEmbed` of cmd/go/internal/load (pkg.go, line 2059).
pub fn config(files: &[PathBuf]) -> Result<Option<Config>, String> {
    let mut config = Config::default();
    for file in files {
        let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        if !text.contains("//go:embed") {
            continue;
        }
        let dir = file.parent().unwrap_or(Path::new(""));
        for p in patterns(&text) {
            let found = resolve(dir, &p.text).map_err(|e| {
                format!("{}:{}:{}: pattern {}: {e}", file.display(), p.line, p.column, p.text)
            })?;
            for f in &found {
                let path = dir.join(f);
                config.files.insert(f.clone(), std::path::absolute(&path).unwrap_or(path));
            }
            config.patterns.insert(p.text, found);
        }
    }
    Ok((!config.patterns.is_empty()).then_some(config))
}

/// A pattern, and where it stands.
#[derive(Debug, PartialEq)]
struct Pattern {
    text: String,
    line: usize,
    column: usize,
}

/// The patterns of a file's `//go:embed` comments.
///
/// As `findEmbed` of go/build (read.go, line 190).
fn patterns(text: &str) -> Vec<Pattern> {
    const EMBED: &str = "//go:embed";
    let mut all = Vec::new();
    let mut start_line = true;
    let mut at = 0;
    let b = text.as_bytes();
    while let Some(&c) = b.get(at) {
        match c {
            b'\n' => start_line = true,
            b' ' | b'\t' => {}
            b'"' | b'\'' | b'`' => {
                start_line = false;
                at += 1;
                while b.get(at).is_some_and(|&d| d != c) {
                    at += if b[at] == b'\\' && c != b'`' { 2 } else { 1 };
                }
            }
            b'/' if b.get(at + 1) == Some(&b'*') => {
                start_line = false;
                at = text[at + 2..].find("*/").map_or(b.len(), |i| at + 2 + i + 1);
            }
            b'/' if b.get(at + 1) == Some(&b'/') => {
                let line = text[at..].lines().next().unwrap_or("");
                if let Some(args) = line.strip_prefix(EMBED)
                    && start_line
                    && args.starts_with([' ', '\t'])
                {
                    let from = at + EMBED.len();
                    let begin = text[..at].rfind('\n').map_or(0, |i| i + 1);
                    let number = text[..at].matches('\n').count() + 1;
                    // A line that is no list is the compiler's to report.
                    for (offset, text_) in arguments(args).unwrap_or_default() {
                        let column = text[begin..from + offset].chars().count() + 1;
                        all.push(Pattern { text: text_, line: number, column });
                    }
                }
                at += line.len();
                start_line = true;
                continue;
            }
            _ => start_line = false,
        }
        at += 1;
    }
    all
}

/// The words behind `//go:embed`, with their offsets; words may be Go's strings. `None` if it is no
/// such list.
///
/// As `parseGoEmbed` of go/build (read.go, line 556).
fn arguments(args: &str) -> Option<Vec<(usize, String)>> {
    let mut list = Vec::new();
    let mut rest = args.trim_start();
    while !rest.is_empty() {
        let offset = args.len() - rest.len();
        let word;
        match rest.as_bytes()[0] {
            b'`' => {
                let (path, behind) = rest[1..].split_once('`')?;
                word = path.to_string();
                rest = behind;
            }
            b'"' => {
                let mut end = 1;
                while rest.as_bytes().get(end)? != &b'"' {
                    end += if rest.as_bytes()[end] == b'\\' { 2 } else { 1 };
                }
                // The escapes that Go and JSON share are those that a file's name may need.
                word = serde_json::from_str(rest.get(..=end)?).ok()?;
                rest = &rest[end + 1..];
            }
            _ => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                word = rest[..end].to_string();
                rest = &rest[end..];
            }
        }
        if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
            return None;
        }
        list.push((offset, word));
        rest = rest.trim_start();
    }
    Some(list)
}

/// The files that a pattern means, by their paths from `dir` on, in order.
fn resolve(dir: &Path, pattern: &str) -> Result<Vec<String>, String> {
    let (glob, all) = match pattern.strip_prefix("all:") {
        Some(glob) => (glob, true),
        None => (pattern, false),
    };
    let elements: Vec<Vec<Item>> =
        glob.split('/').map(parse).collect::<Option<_>>().unwrap_or_default();
    let valid = |e: &str| !matches!(e, "" | "." | "..");
    if elements.is_empty() || !glob.split('/').all(valid) {
        return Err("invalid pattern syntax".into());
    }
    let mut list = BTreeSet::new();
    for rel in matches(dir, &elements) {
        let path = dir.join(&rel);
        let kind = fs::symlink_metadata(&path).map_err(|e| e.to_string())?;
        let what = if kind.is_dir() { "directory" } else { "file" };
        // Directories on the way, and the file itself first
        for (i, _) in
            rel.match_indices('/').chain([(rel.len(), "")]).collect::<Vec<_>>().iter().rev()
        {
            let here = dir.join(&rel[..*i]);
            if here.join("go.mod").exists() {
                return Err(format!("cannot embed {what} {rel}: in different module"));
            }
            let whole = *i == rel.len();
            if !whole && !fs::symlink_metadata(&here).is_ok_and(|m| m.is_dir()) {
                return Err(format!("cannot embed {what} {rel}: in non-directory {}", &rel[..*i]));
            }
            let name = here.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if is_bad_name(&name) {
                let of = if whole { "invalid name" } else { "in invalid directory" };
                return Err(format!("cannot embed {what} {rel}: {of} {name}"));
            }
        }
        if kind.is_file() {
            list.insert(rel);
        } else if kind.is_dir() {
            let mut inside = Vec::new();
            walk(dir, &rel, all, &mut inside).map_err(|e| e.to_string())?;
            if inside.is_empty() {
                return Err(format!("cannot embed directory {rel}: contains no embeddable files"));
            }
            list.extend(inside);
        } else {
            return Err(format!("cannot embed irregular file {rel}"));
        }
    }
    if list.is_empty() {
        return Err("no matching files found".into());
    }
    Ok(list.into_iter().collect())
}

/// The files in a directory, without hidden ones unless `all`, and without those of other modules.
fn walk(root: &Path, rel: &str, all: bool, found: &mut Vec<String>) -> std::io::Result<()> {
    for e in fs::read_dir(root.join(rel))? {
        let e = e?;
        let Ok(name) = e.file_name().into_string() else { continue };
        if is_bad_name(&name) || name.starts_with(['.', '_']) && !all {
            continue;
        }
        let path = format!("{rel}/{name}");
        let kind = e.file_type()?;
        if kind.is_dir() && !e.path().join("go.mod").exists() {
            walk(root, &path, all, found)?;
        } else if kind.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

/// What in `dir` matches, element by element.
fn matches(dir: &Path, elements: &[Vec<Item>]) -> Vec<String> {
    let mut found = vec![String::new()];
    for e in elements {
        let mut next = Vec::new();
        for rel in &found {
            let names = fs::read_dir(dir.join(rel).join(".")).into_iter().flatten().flatten();
            let names = names.filter_map(|n| n.file_name().into_string().ok());
            let path = |n: String| if rel.is_empty() { n } else { format!("{rel}/{n}") };
            next.extend(names.filter(|n| is_match(e, n)).map(path));
        }
        found = next;
    }
    found
}

/// Part of a pattern.
enum Item {
    /// `*`
    Any,
    /// `?`
    One,
    Char(char),
    /// `[...]`: whether it is negated, and the ranges.
    Class(bool, Vec<(char, char)>),
}

/// An element of a pattern; `None` if it is malformed.
///
/// As `Match` of path (match.go, line 37).
fn parse(element: &str) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    let mut c = element.chars().peekable();
    while let Some(x) = c.next() {
        items.push(match x {
            '*' => Item::Any,
            '?' => Item::One,
            '\\' => Item::Char(c.next()?),
            '[' => {
                let negated = c.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                let char_ = |c: &mut std::iter::Peekable<std::str::Chars<'_>>| match c.next()? {
                    '-' | ']' => None,
                    '\\' => c.next(),
                    x => Some(x),
                };
                loop {
                    if !ranges.is_empty() && c.next_if_eq(&']').is_some() {
                        break;
                    }
                    let lo = char_(&mut c)?;
                    let hi = if c.next_if_eq(&'-').is_some() { char_(&mut c)? } else { lo };
                    ranges.push((lo, hi));
                }
                Item::Class(negated, ranges)
            }
            x => Item::Char(x),
        });
    }
    Some(items)
}

fn is_match(items: &[Item], name: &str) -> bool {
    let Some((first, rest)) = items.split_first() else { return name.is_empty() };
    if let Item::Any = first {
        return name
            .char_indices()
            .map(|(i, _)| i)
            .chain([name.len()])
            .any(|i| is_match(rest, &name[i..]));
    }
    let mut chars = name.chars();
    let Some(x) = chars.next() else { return false };
    let one = match first {
        Item::Char(c) => *c == x,
        Item::Class(negated, ranges) => {
            ranges.iter().any(|&(lo, hi)| lo <= x && x <= hi) != *negated
        }
        Item::One | Item::Any => true,
    };
    one && is_match(rest, chars.as_str())
}

/// Whether a name could not be a file's in a module.
///
/// As `isBadEmbedName` of cmd/go/internal/load (pkg.go, line 2208).
fn is_bad_name(name: &str) -> bool {
    const PUNCTUATION: &str = "!#$%&()+,-.=@[]^_{}~ ";
    const WINDOWS: &[&str] = &["CON", "PRN", "AUX", "NUL"];
    let char_ok = |c: char| match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || PUNCTUATION.contains(c),
        false => c.is_alphabetic(),
    };
    let short = name.split('.').next().unwrap_or("").to_ascii_uppercase();
    let port = short.strip_prefix("COM").or_else(|| short.strip_prefix("LPT"));
    matches!(name, ".bzr" | ".hg" | ".git" | ".svn")
        || name.ends_with('.') // nothing but dots, too
        || name.is_empty()
        || !name.chars().all(char_ok)
        || WINDOWS.contains(&short.as_str())
        || port.is_some_and(|p| matches!(p.as_bytes(), [b'1'..=b'9']))
}
