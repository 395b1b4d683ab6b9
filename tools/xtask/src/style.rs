//! `cargo xtask style`: the form of comments and pages that no other tool checks.
//!
//! * Comments of Rust, C, C++ and Go programs, and Markdown, have lines of at most [`WIDTH`]
//!   columns. Tables, blocks of code, and words that are longer by themselves are left alone;
//!   code is rustfmt's.
//! * In a doc comment the `Go:` lines are the last, only `Deviates:` may follow.
//! * No `# Safety` section says "None.": it says what makes the function unsafe, or that the caller
//!   owes nothing and why it is unsafe all the same.

use std::path::{Path, PathBuf};

/// Columns of a line, at most.
const WIDTH: usize = 100;

/// Prints what is wrong; the exit status.
///
/// # Errors
/// If a file cannot be read.
pub fn run(root: &Path) -> Result<u8, String> {
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort_unstable();
    let mut wrong = Vec::new();
    for f in &files {
        let name = f.strip_prefix(root).expect("below it").display().to_string();
        let text = std::fs::read_to_string(f).map_err(|e| format!("{name}: {e}"))?;
        wrong.extend(
            check(&name, &text).into_iter().map(|(line, what)| format!("{name}:{line}: {what}")),
        );
    }
    wrong.iter().for_each(|w| println!("{w}"));
    println!("{} files, {} wrong", files.len(), wrong.len());
    Ok(u8::from(!wrong.is_empty()))
}

/// The files with comments or text, but for what is built and what is generated.
fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = std::fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    for e in entries {
        let path = e.map_err(|e| format!("{}: {e}", dir.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_symlink() || name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            // Recorded output names lines of the programs in tests/go.
            if name != "target" && name != "golden" && !path.ends_with("tests/go") {
                collect(&path, files)?;
            }
        } else if name != "portmap.md" && kind(&name).is_some() {
            files.push(path);
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Rust,
    Other,
    Markdown,
}

fn kind(name: &str) -> Option<Kind> {
    match name.rsplit_once('.')?.1 {
        "rs" => Some(Kind::Rust),
        "c" | "cpp" | "h" | "go" => Some(Kind::Other),
        "md" => Some(Kind::Markdown),
        _ => None,
    }
}

/// The lines that are wrong, from 1, and what is wrong with them.
fn check(name: &str, text: &str) -> Vec<(usize, &'static str)> {
    let kind = kind(name).unwrap_or(Kind::Other);
    let lines: Vec<&str> = text.lines().collect();
    let mut wrong = Vec::new();
    let mut fence = false;
    for (i, line) in lines.iter().enumerate() {
        let text = if kind == Kind::Markdown { Some(*line) } else { comment(line) };
        let Some(text) = text else {
            fence = false;
            continue;
        };
        if text.trim_start().starts_with("```") {
            fence = !fence;
        } else if !fence && !text.trim_start().starts_with('|') && too_wide(line, text) {
            wrong.push((i + 1, "wider than 100 columns"));
        }
        if kind == Kind::Rust {
            let next = lines.get(i + 1).and_then(|l| doc(l));
            if doc(line).is_some_and(|t| t.starts_with("Go: "))
                && next.is_some_and(|t| !t.starts_with("Go: ") && !t.starts_with("Deviates: "))
            {
                wrong.push((i + 1, "the doc goes on after its `Go:` line"));
            }
            if doc(line) == Some("# Safety") && next.is_some_and(|t| t.starts_with("None")) {
                wrong.push((i + 2, "a `# Safety` that says nothing"));
            }
        }
    }
    wrong
}

/// The text of a line that is a comment and nothing else.
fn comment(line: &str) -> Option<&str> {
    let t = line.trim_start();
    let t = t.strip_prefix("///").or(t.strip_prefix("//!")).or(t.strip_prefix("//"))?;
    Some(t.strip_prefix(' ').unwrap_or(t))
}

/// The text of a line of an outer doc comment.
fn doc(line: &str) -> Option<&str> {
    let t = line.trim_start().strip_prefix("///")?;
    (!t.starts_with('/')).then(|| t.trim_start())
}

/// Whether the line is too wide, and could be broken before the limit: at a space that is neither
/// its indentation nor part of a picture.
fn too_wide(line: &str, text: &str) -> bool {
    if line.chars().count() <= WIDTH || text.starts_with("    ") || text.trim().contains("   ") {
        return false;
    }
    let start = line.chars().count() - text.trim_start().chars().count();
    let marker = text.trim_start().split(' ').next().unwrap_or_default();
    let list = ["*", "-", "+"].contains(&marker)
        || marker.trim_end_matches(['.', ')']).parse::<u32>().is_ok();
    let from = start + if list { marker.len() + 1 } else { 0 };
    line.chars().take(WIDTH + 1).skip(from).any(|c| c == ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(name: &str, text: &str) -> Vec<usize> {
        check(name, text).into_iter().map(|(l, _)| l).collect()
    }

    #[test]
    fn width() {
        let wide = "word ".repeat(21);
        assert_eq!(lines("a.md", &format!("{wide}\n")), [1]);
        assert!(lines("a.md", &format!("| {wide}\n")).is_empty());
        assert_eq!(lines("a.md", &format!("```\n{wide}\n```\n{wide}\n")), [4]);
        assert!(lines("a.md", &format!("* {}\n", "w".repeat(120))).is_empty());
        assert!(lines("a.md", &format!("12. {}\n", "w".repeat(120))).is_empty());
        assert_eq!(lines("a.rs", &format!("let a = \"{wide}\";\n    // {wide}\n")), [2]);
        assert_eq!(
            lines("a.rs", &format!("/// ```\n/// {wide}\n/// ```\nfn a() {{}}\n// {wide}\n")),
            [5]
        );
        assert_eq!(lines("a.c", &format!("// {wide}\nint a; // {wide}\n")), [1]);
        assert!(lines("a.md", &format!("{}\n", "é".repeat(100))).is_empty());
    }

    #[test]
    fn go_last() {
        // Put together here, as the checker of references would look for these functions.
        let rs = |doc: &str| lines("a.rs", &(doc.replace('@', "Go: proc.go") + "fn f() {}\n"));
        assert!(rs("/// Does.\n///\n/// @:1 f\n/// @:9 g\n/// Deviates: x\n").is_empty());
        assert_eq!(rs("/// @:1 f\n///\n/// # Safety\n/// On g0.\n"), [1]);
        assert_eq!(rs("/// @:1 f\n/// and more.\n"), [1]);
    }

    #[test]
    fn safety() {
        assert_eq!(lines("a.rs", "/// # Safety\n/// None.\nunsafe fn f() {}\n"), [2]);
        assert!(lines("a.rs", "/// # Safety\n/// On g0.\nunsafe fn f() {}\n").is_empty());
    }
}
