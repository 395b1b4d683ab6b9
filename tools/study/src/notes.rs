//! What the repository's pages say about lines of Go: proofs, deviations, notes.

use crate::regex;
use std::path::Path;

/// A section of a page that mentions lines of Go.
#[derive(Debug)]
pub struct Note {
    /// The page, below the repository.
    pub page: String,
    /// The heading.
    pub title: String,
    /// Where it is in the page, as HTML has it.
    pub id: String,
    /// Go file and line, for each mention.
    pub mentions: Vec<(String, usize)>,
}

/// The id of a heading.
pub fn id(title: &str) -> String {
    let words = title.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
    words.split_whitespace().collect::<Vec<_>>().join("-")
}

/// The pages that there are: `docs/*.md`, and the READMEs of the crates, each with the Go file that
/// a line number without a file is of.
pub fn pages(root: &Path) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let list = |dir: &Path| {
        let mut v: Vec<_> = std::fs::read_dir(dir)
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| (e.file_name().to_string_lossy().into_owned(), e.path()))
            .collect();
        v.sort();
        v
    };
    for (name, path) in list(root) {
        if name.starts_with('.') || name == "target" || !path.is_dir() {
            continue;
        }
        for (file, _) in list(&path) {
            let wanted =
                if name == "docs" { file != "portmap.md" } else { file.starts_with("README") };
            if wanted && file.ends_with(".md") {
                let own = match name.as_str() {
                    "docs" | "proc" => "runtime/proc.go".to_string(),
                    crate_name => format!("runtime/{crate_name}.go"),
                };
                out.push((format!("{name}/{file}"), own));
            }
        }
    }
    out
}

/// The sections of a page.
pub fn read(page: &str, own: &str, text: &str) -> Vec<Note> {
    let mut out: Vec<Note> = Vec::new();
    let mut fenced = false;
    for l in text.lines() {
        if l.starts_with("```") {
            fenced = !fenced;
        }
        if !fenced && let Some(m) = regex!(r"^#+ (.*)").captures(l) {
            let title = m[1].replace('`', "");
            out.push(Note { page: page.into(), id: id(&title), title, mentions: Vec::new() });
        }
        let Some(note) = out.last_mut() else { continue };
        for m in regex!(r"(?:^|[\s(,`])([\w/]+\.go)?:(\d{2,})\b").captures_iter(l) {
            let file = match m.get(1).map(|f| f.as_str()) {
                None => own.to_string(),
                Some(f) if f.contains('/') => f.to_string(),
                Some(f) => format!("runtime/{f}"),
            };
            note.mentions.push((file, m[2].parse().unwrap_or(0)));
        }
    }
    out.retain(|n| !n.mentions.is_empty());
    out
}
