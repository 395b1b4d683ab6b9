//! Which lines of Go stand beside which lines of Rust.

use crate::golang::{GoFile, Kind, short_path};
use crate::rust::RustFile;
use std::ops::Range;

/// Lines of a Go file that belong together: a declaration with the comment above it, or what is
/// between two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The lines, from 1, the end excluded.
    pub lines: Range<usize>,
    /// Index of the declaration in [`GoFile::decls`]; of a group the first one.
    pub decl: Option<usize>,
}

/// Cuts a file into blocks; all lines are in one, in order.
pub fn blocks(go: &GoFile) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::new();
    let mut next = 1;
    for (i, d) in go.decls.iter().enumerate() {
        if d.line < next {
            continue; // an element of the group, a field
        }
        // In a group the first name is below the line that opens it.
        let mut from = d.line;
        let comment = |l: usize| {
            let t = go.lines[l - 1].trim_start();
            t.starts_with("//") || t.ends_with('(') && d.kind != Kind::Func
        };
        while from > next && comment(from - 1) {
            from -= 1;
        }
        if from > next {
            out.push(Block { lines: next..from, decl: None });
        }
        let end = d.end.max(d.line).min(go.lines.len());
        out.push(Block { lines: from..end + 1, decl: Some(i) });
        next = end + 1;
    }
    if next <= go.lines.len() {
        out.push(Block { lines: next..go.lines.len() + 1, decl: None });
    }
    out
}

/// A piece of a Rust file that ports something of a block.
#[derive(Debug)]
pub struct Piece {
    /// Index of the file.
    pub file: usize,
    /// What it is called.
    pub name: String,
    /// Its lines, from 1, its doc comment included, the end excluded.
    pub lines: Range<usize>,
    /// The line with its head.
    pub start: usize,
    /// Lines of Go, each with the line here that ports it; both rise.
    pub pairs: Vec<(usize, usize)>,
}

/// The pieces that port the lines `block` of the Go file at `path`.
pub fn pieces(path: &str, block: &Range<usize>, files: &[(RustFile, Vec<String>)]) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for (n, (f, text)) in files.iter().enumerate() {
        if !f.path.contains("/src/") {
            continue;
        }
        for item in &f.items {
            let here: Vec<usize> = item
                .refs
                .iter()
                .filter(|r| r.file == path && block.contains(&r.line))
                .map(|r| r.line)
                .collect();
            let Some(&first) = here.first() else { continue };
            // A field of a type that is there already: a line of it.
            if let Some(outer) = out
                .iter_mut()
                .find(|p| p.file == n && p.lines.contains(&item.start) && p.start < item.start)
            {
                outer.pairs.push((first, item.start));
                continue;
            }
            let doc = |l: usize| {
                let t = text[l - 1].trim_start();
                t.starts_with("//") || t.starts_with("#[")
            };
            let mut from = item.start;
            while from > 1 && doc(from - 1) {
                from -= 1;
            }
            let mut pairs = vec![(first, item.start)];
            for a in f.anchors.iter().filter(|a| a.head && item.start <= a.at && a.at <= item.end) {
                let same = a.file.as_deref().is_none_or(|n| n == short_path(path));
                if same && block.contains(&a.line) {
                    pairs.push((a.line, a.at));
                }
            }
            out.push(Piece {
                file: n,
                name: item.name.clone(),
                lines: from..item.end + 1,
                start: item.start,
                pairs,
            });
        }
    }
    for p in &mut out {
        p.pairs.sort_by_key(|&(_, here)| here);
        let mut last = (0, 0);
        p.pairs.retain(|&(go, here)| {
            let rises = go > last.0 && here > last.1;
            if rises {
                last = (go, here);
            }
            rises
        });
    }
    out.sort_by_key(|p| (p.pairs[0].0, p.file, p.start));
    out
}

/// Lines that stand side by side.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Lines of Go, from 1, the end excluded.
    pub go: Range<usize>,
    /// The piece, and its lines.
    pub rust: Option<(usize, Range<usize>)>,
}

/// Sets the pieces beside the block, so that each pair is at the head of a row. No line is lost.
pub fn rows(block: &Range<usize>, pieces: &[Piece]) -> Vec<Row> {
    // Where Rust lines begin to stand beside a new line of Go: line of Go, piece, line of it.
    let mut cuts: Vec<(usize, usize, usize)> = Vec::new();
    for (i, p) in pieces.iter().enumerate() {
        let last = cuts.last().map_or(0, |c| c.0);
        let mut first = true;
        for &(go, here) in &p.pairs {
            if go > last {
                // What is above the first pair, the doc comment, goes with it.
                cuts.push((go, i, if first { p.lines.start } else { here }));
                first = false;
            }
        }
        if first {
            // All of it is about lines that have been: it follows where the last piece ends.
            cuts.push((last.max(block.start), i, p.lines.start));
        }
    }
    let mut out = Vec::new();
    let mut next = block.start;
    for (k, &(go, piece, from)) in cuts.iter().enumerate() {
        // The comment above a declaration belongs to it.
        let go = if k == 0 { block.start } else { go };
        if next < go {
            out.push(Row { go: next..go, rust: None });
        }
        let to = match cuts.get(k + 1) {
            Some(&(_, p, line)) if p == piece => line,
            _ => pieces[piece].lines.end,
        };
        let until = cuts.get(k + 1).map_or(block.end, |c| c.0).max(go);
        out.push(Row { go: go.max(next)..until.max(next), rust: Some((piece, from..to)) });
        next = until.max(next);
    }
    if next < block.end {
        out.push(Row { go: next..block.end, rust: None });
    }
    out
}
