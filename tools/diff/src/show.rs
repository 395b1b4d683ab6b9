//! Two texts side by side.

use crate::normalise::Line;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::fmt::Write;
use unicode_width::UnicodeWidthChar;

/// Equal lines that are shown before the first difference.
const BEFORE: usize = 3;
/// Lines that are shown from the first difference on.
const AFTER: usize = 12;

/// The first difference of two lists of lines, in two columns, `width` characters in all; the heads
/// stand above. Between the columns `=` marks equal lines, `!` lines that differ, `<` and `>` lines
/// that only that side has.
#[must_use]
pub fn side_by_side(left: &[Line], right: &[Line], heads: (&str, &str), width: usize) -> String {
    let keys = |l: &[Line]| -> Vec<String> { l.iter().map(|l| l.key.clone()).collect() };
    let ops = capture_diff_slices(Algorithm::Myers, &keys(left), &keys(right));
    let mut rows = Vec::new(); // line numbers on both sides
    let mut first = None;
    for op in ops {
        let (_, l, r) = op.as_tag_tuple();
        if !matches!(op, DiffOp::Equal { .. }) {
            first.get_or_insert(rows.len());
        }
        for i in 0..l.len().max(r.len()) {
            rows.push((l.clone().nth(i), r.clone().nth(i)));
        }
    }
    let first = first.unwrap_or(0);
    let from = first.saturating_sub(BEFORE);
    let to = rows.len().min(first + AFTER);

    let number = left.len().max(right.len()).to_string().len();
    let column = (width.max(60) - 3 - 2 * (number + 2)) / 2;
    let mut out = String::new();
    let blank = " ".repeat(number);
    let _ = writeln!(out, "  {blank}{}   {blank}  {}", pad(heads.0, column), heads.1);
    let cell = |i: Option<usize>, text: &str| {
        let n = i.map_or(String::new(), |i| (i + 1).to_string());
        format!("{n:>number$}  {}", pad(text, column))
    };
    for &(l, r) in &rows[from..to] {
        let (a, b) = (l.map(|i| &left[i]), r.map(|i| &right[i]));
        let mark = match (a, b) {
            (Some(a), Some(b)) if a == b => '=',
            (Some(_), Some(_)) => '!',
            (Some(_), None) => '<',
            _ => '>',
        };
        let (mut s, mut t) = (plain(a), plain(b));
        if mark == '!' {
            shift(&mut s, &mut t, column);
        }
        let line = format!("{} {mark} {}", cell(l, &s), cell(r, &t));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    let rest = rows.len() - to;
    if rest > 0 {
        let _ = writeln!(out, "{blank}  ({rest} more lines)");
    }
    out
}

/// A line without tabulators and control characters.
fn plain(l: Option<&Line>) -> String {
    let mut s = String::new();
    for c in l.map_or("", |l| &l.raw).chars() {
        match c {
            '\t' => s.push_str("    "),
            c if c.is_control() => s.extend(c.escape_default()),
            c => s.push(c),
        }
    }
    s
}

/// Brings the place where two long lines differ into their columns.
fn shift(a: &mut String, b: &mut String, column: usize) {
    let common = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    if common + 8 > column {
        let cut = common.saturating_sub(column / 4);
        for s in [a, b] {
            *s = std::iter::once('…').chain(s.chars().skip(cut)).collect();
        }
    }
}

/// The text, cut or padded to `column` characters.
fn pad(s: &str, column: usize) -> String {
    let width = |s: &str| s.chars().map(|c| c.width().unwrap_or(0)).sum::<usize>();
    let mut out = s.to_string();
    if width(&out) > column {
        while width(&out) >= column {
            out.pop();
        }
        out.push('…');
    }
    let fill = column.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', fill));
    out
}
