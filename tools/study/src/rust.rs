//! The port's sources: which items say what of Go they port, and the anchors in their bodies.

use crate::golang::regex;
use std::path::{Path, PathBuf};

/// A line `Go: FILE:LINE NAME`.
#[derive(Clone, Debug)]
pub struct Ref {
    /// Path of the Go file below `src`.
    pub file: String,
    /// The line there.
    pub line: usize,
    /// The name there.
    pub name: String,
    /// The line here.
    pub at: usize,
}

/// An item with at least one [`Ref`].
#[derive(Debug)]
pub struct Item {
    /// What it is called, with its type if it is a method.
    pub name: String,
    /// First line of its code.
    pub start: usize,
    /// Its last line.
    pub end: usize,
    /// What it ports.
    pub refs: Vec<Ref>,
}

/// A comment that begins with a line number of Go's, or mentions one.
#[derive(Debug)]
pub struct Anchor {
    /// The file it names.
    pub file: Option<String>,
    /// The line there.
    pub line: usize,
    /// The line here.
    pub at: usize,
    /// It stands at the head of its comment; the others are mentions.
    pub head: bool,
    /// The comment speaks of the order.
    pub order: bool,
}

/// One source file.
pub struct RustFile {
    /// Path below the workspace.
    pub path: String,
    /// The items, in order.
    pub items: Vec<Item>,
    /// The anchors, in order.
    pub anchors: Vec<Anchor>,
    /// Lines that look like references and are not: line, text.
    pub malformed: Vec<(usize, String)>,
}

impl RustFile {
    /// The innermost item around a line.
    pub fn item_at(&self, line: usize) -> Option<&Item> {
        self.items
            .iter()
            .filter(|i| i.start <= line && line <= i.end)
            .min_by_key(|i| i.end - i.start)
    }
}

/// Reads every `*.rs` of the workspace's crates.
pub fn read_workspace(root: &Path) -> Result<Vec<RustFile>, String> {
    let mut paths = Vec::new();
    walk(root, &mut paths)?;
    paths.sort();
    let mut files = Vec::new();
    for p in paths {
        let text = std::fs::read_to_string(&p).map_err(|e| format!("{}: {e}", p.display()))?;
        let rel = p.strip_prefix(root).unwrap_or(&p).to_string_lossy().into_owned();
        files.push(scan(&text, rel));
    }
    Ok(files)
}

fn walk(dir: &Path, out: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = std::fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    for e in entries.flatten() {
        let (path, name) = (e.path(), e.file_name());
        let name = name.to_string_lossy();
        if path.is_dir() {
            if name != "target" && name != "xtask" && name != "study" && !name.starts_with('.') {
                walk(&path, out)?;
            }
        } else if name.ends_with(".rs") {
            out.push(path);
        }
    }
    Ok(())
}

/// Splits a source into code without strings and comments, and the line comments.
fn mask(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut code, mut comments) = (String::new(), vec![String::new()]);
    let c: Vec<char> = text.chars().collect();
    let mut i = 0;
    let blank = |code: &mut String, comments: &mut Vec<String>, ch: char| {
        if ch == '\n' {
            code.push('\n');
            comments.push(String::new());
        } else {
            code.push(' ');
        }
    };
    let at = |i: usize| c.get(i).copied().unwrap_or('\0');
    let ident = |ch: char| ch.is_alphanumeric() || ch == '_';
    while i < c.len() {
        let ch = c[i];
        if ch == '/' && at(i + 1) == '/' {
            while i < c.len() && c[i] != '\n' {
                comments.last_mut().expect("a line").push(c[i]);
                code.push(' ');
                i += 1;
            }
        } else if ch == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            while i < c.len() {
                let (a, b) = (c[i], at(i + 1));
                let two = (a == '/' && b == '*') || (a == '*' && b == '/');
                depth += i32::from(a == '/' && b == '*') - i32::from(a == '*' && b == '/');
                for _ in 0..if two { 2 } else { 1 } {
                    blank(&mut code, &mut comments, c[i]);
                    i += 1;
                }
                if depth == 0 {
                    break;
                }
            }
        } else if ch == 'r'
            && (i == 0 || !ident(c[i - 1]) || (c[i - 1] == 'b' && (i < 2 || !ident(c[i - 2]))))
            && (at(i + 1) == '"' || (at(i + 1) == '#' && matches!(at(i + 2), '#' | '"')))
        {
            let hashes = c[i + 1..].iter().take_while(|h| **h == '#').count();
            let close: String =
                std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let from = i + 2 + hashes;
            let mut j = from;
            while j < c.len() && !c[j..].iter().take(close.len()).copied().eq(close.chars()) {
                j += 1;
            }
            for &x in &c[i..(j + close.len()).min(c.len())] {
                blank(&mut code, &mut comments, x);
            }
            i = j + close.len();
        } else if ch == '"' {
            blank(&mut code, &mut comments, ch);
            i += 1;
            while i < c.len() {
                let x = c[i];
                blank(&mut code, &mut comments, x);
                i += 1;
                if x == '\\' {
                    blank(&mut code, &mut comments, at(i));
                    i += 1;
                } else if x == '"' {
                    break;
                }
            }
        } else if ch == '\'' && (at(i + 1) == '\\' || at(i + 2) == '\'') {
            // A character, not a lifetime.
            let from = if at(i + 1) == '\\' { i + 3 } else { i + 2 };
            let j = (from..c.len()).find(|&j| c[j] == '\'').unwrap_or(c.len() - 1);
            for &x in &c[i..=j] {
                blank(&mut code, &mut comments, x);
            }
            i = j + 1;
        } else {
            code.push(ch);
            if ch == '\n' {
                comments.push(String::new());
            }
            i += 1;
        }
    }
    let code: Vec<String> = code.split('\n').map(str::to_string).collect();
    (code, comments)
}

fn scan(text: &str, path: String) -> RustFile {
    let (code, comments) = mask(text);
    let raw: Vec<&str> = text.split('\n').collect();
    let mut file = RustFile { path, items: Vec::new(), anchors: Vec::new(), malformed: Vec::new() };
    let reference =
        regex!(r"^//[/!]?\s*Go(?: \(([\w./]+)\))?: ([\w./]+\.(?:go|s|c|h)):(\d+) (\w+)$");
    let like = regex!(r"^//[/!]?\s*Go(?: \([\w./]+\))?: .*\w\.(?:go|s|c|h):\d");
    let head = regex!(r"^//\s*([\w/]+\.(?:go|s|c|h))?:(\d+)\b");
    let mention = regex!(r"(?:^|[\s(,])([\w/]+\.(?:go|s|c|h))?:(\d+)\b");

    let mut refs: Vec<Ref> = Vec::new();
    for (n, comment) in comments.iter().enumerate() {
        let at = n + 1;
        if let Some(m) = reference.captures(comment) {
            let dir = m.get(1).map_or("runtime", |d| d.as_str());
            let line = m[3].parse().unwrap_or(0);
            refs.push(Ref { file: format!("{dir}/{}", &m[2]), line, name: m[4].to_string(), at });
        } else if like.is_match(comment) {
            file.malformed.push((at, comment.clone()));
        } else if !comment.is_empty() && !comment.starts_with("///") && !comment.starts_with("//!")
        {
            let order = regex!(r"\b[Oo]rder\b|\bearlier\b|\blater\b")
                .is_match(&whole_comment(&comments, &code, n));
            let mut from = 0;
            if let Some(m) = head.captures(comment) {
                let (f, line) =
                    (m.get(1).map(|f| f.as_str().to_string()), m[2].parse().unwrap_or(0));
                file.anchors.push(Anchor { file: f, line, at, head: true, order });
                from = m.get(0).map_or(0, |m| m.end());
            }
            for m in mention.captures_iter(&comment[from..]) {
                let (f, line) =
                    (m.get(1).map(|f| f.as_str().to_string()), m[2].parse().unwrap_or(0));
                file.anchors.push(Anchor { file: f, line, at, head: false, order });
            }
        }
        // The item that the references belong to begins at the first line with code that is not an
        // attribute.
        if !refs.is_empty() && !code[n].trim().is_empty() && !in_attribute(&code, n) {
            let refs = std::mem::take(&mut refs);
            let (name, end) = item(&code, &raw, n, &refs[0]);
            file.items.push(Item { name, start: at, end: end + 1, refs });
        }
    }
    for r in refs {
        file.malformed.push((r.at, "a reference without an item".into()));
    }
    file
}

/// The comment that line `n` belongs to: the comment lines before and behind it as well.
fn whole_comment(comments: &[String], code: &[String], n: usize) -> String {
    let alone = |i: usize| !comments[i].is_empty() && code[i].trim().is_empty();
    let mut to = n + 1;
    while alone(n) && to < comments.len() && alone(to) {
        to += 1;
    }
    comments[n..to].join(" ")
}

/// Whether line `n` is an attribute or the continuation of one.
fn in_attribute(code: &[String], n: usize) -> bool {
    let mut i = n;
    loop {
        let t = code[i].trim();
        if t.starts_with("#[") || t.starts_with("#![") {
            // Everything up to the line where the brackets are closed.
            let mut depth = 0i32;
            for (k, l) in code[i..].iter().enumerate() {
                depth += l.matches('[').count() as i32 - l.matches(']').count() as i32;
                if depth == 0 {
                    let rest = l.trim_end();
                    return i + k > n || (i + k == n && rest.ends_with(']'));
                }
            }
            return true;
        }
        if i == 0 || t.is_empty() || t.ends_with([';', '{', '}']) || n - i > 8 {
            return false;
        }
        i -= 1;
    }
}

/// Name and last line (from 0) of the item whose code begins at line `n`.
fn item(code: &[String], raw: &[&str], n: usize, r: &Ref) -> (String, usize) {
    let l = &code[n];
    let mut field = false;
    let name = if let Some(m) = regex!(r"\bfn\s+(\w+)").captures(l) {
        m[1].to_string()
    } else if let Some(m) =
        regex!(r"\b(?:struct|enum|union|trait|mod|type|macro_rules!)\s+(\w+)").captures(l)
    {
        m[1].to_string()
    } else if let Some(m) = regex!(r"\b(?:const|static)(?:\s+mut)?\s+(\w+)\s*:").captures(l) {
        m[1].to_string()
    } else if regex!(r"^\s*(?:global_asm|core::arch::global_asm)!").is_match(l) {
        String::new()
    } else if let Some(m) = regex!(r"^\s*(?:unsafe\s+)?impl\b(.*?)\{?\s*$").captures(l) {
        format!("impl{}", m[1].trim_end())
    } else if let Some(m) = regex!(r"^\s*(?:pub(?:\([^)]*\))?\s+)?use\s+.*?(\w+)\s*;").captures(l) {
        m[1].to_string()
    } else if let Some(m) =
        regex!(r"^\s*(?:pub(?:\([^)]*\))?\s+)?(\w+)\s*(?:[:,(={]|$)").captures(l)
    {
        field = true;
        m[1].to_string()
    } else {
        r.name.clone()
    };
    let (mut depth, mut end, mut angle) = (0i32, n, 0i32);
    'scan: for (i, l) in code.iter().enumerate().skip(n) {
        end = i;
        let mut last = ' ';
        for ch in l.chars() {
            match ch {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => {
                    depth -= 1;
                    if depth < 0 || (depth == 0 && ch == '}') {
                        break 'scan;
                    }
                }
                '<' => angle += 1,
                '>' if last != '-' && last != '=' => angle -= 1,
                ';' if depth == 0 => break 'scan,
                ',' if field && depth == 0 && angle <= 0 => break 'scan,
                _ => {}
            }
            last = ch;
        }
    }
    if name.is_empty() {
        let body = raw[n..=end].join("\n");
        let symbol = regex!(r"\.globl (\w+)").captures(&body).map(|m| m[1].to_string());
        return (symbol.unwrap_or_else(|| r.name.clone()), end);
    }
    // A method has its type before it.
    let indent = |l: &str| l.len() - l.trim_start().len();
    let mine = indent(&code[n]);
    if mine > 0 {
        let outer = (0..n).rev().find(|&i| !code[i].trim().is_empty() && indent(&code[i]) < mine);
        if let Some(m) = outer.and_then(|i| {
            regex!(r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:unsafe\s+)?(?:impl(?:<.*?>)?\s+(?:.*\bfor\s+)?|trait\s+|struct\s+|enum\s+)([\w:]+)")
                .captures(&code[i])
        }) {
            return (format!("{}::{name}", &m[1]), end);
        }
    }
    (name, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_and_anchors() {
        let src = "/// Doc.\n///\n/// @: proc.go:10 findIt\n#[doc(alias = \"findIt\")]\npub unsafe fn find_it<'a>(c: char) -> u8 {\n\
                   \x20   // :11 \"{\"\n    let _ = ('{', \"}\", r#\"}\"#);\n    // (:13) x\n    // lock.go:3\n}\n\nimpl<T> A<T> {\n\
                   \x20   /// @ (sync): m.go:7 Lock\n    pub fn lock(&self) {}\n}\n";
        let f = scan(&src.replace('@', "Go"), "a.rs".into());
        assert!(f.malformed.is_empty());
        assert_eq!(
            (f.items[0].name.as_str(), f.items[0].start, f.items[0].end),
            ("find_it", 5, 10)
        );
        assert_eq!(
            (f.items[1].name.as_str(), f.items[1].start, f.items[1].end),
            ("A::lock", 14, 14)
        );
        assert_eq!((f.items[1].refs[0].file.as_str(), f.items[1].refs[0].line), ("sync/m.go", 7));
        let a: Vec<_> =
            f.anchors.iter().map(|a| (a.file.as_deref(), a.line, a.at, a.head)).collect();
        assert_eq!(a, [(None, 11, 6, true), (None, 13, 8, false), (Some("lock.go"), 3, 9, true)]);
    }

    #[test]
    fn wrong_references() {
        let f = scan(
            &"/// @: proc.go:10 findIt.\nfn f() {}\n/// @: proc.go:11 g\n".replace('@', "Go"),
            "a.rs".into(),
        );
        assert_eq!(f.malformed.len(), 2);
    }
}
