//! Finding functions in Go's source text. gofmt's layout is what it goes by: a declaration begins
//! in the first column, and so does the brace that ends it.

use std::ops::Range;

/// Where a function stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Func {
    /// Lines of directives (`//go:...`) directly above it, but for linknames.
    pub directives: Vec<Range<usize>>,
    /// The nearest line above that is no linkname: a directive, a comment or nothing.
    pub above: Range<usize>,
    /// From `func` up to the brace that opens the body, without it.
    pub head: Range<usize>,
    /// The body with its braces.
    pub body: Range<usize>,
}

/// The top-level function `name` of a file; a method as TYPE.NAME, whether it has a pointer or not.
pub fn find(text: &str, name: &str) -> Option<Func> {
    let at = match name.split_once('.') {
        None => {
            let start = format!("func {name}(");
            line_starts(text).find(|&i| text[i..].starts_with(&start))?
        }
        Some((of, name)) => line_starts(text).find(|&i| {
            let Some((receiver, rest)) =
                text[i..].strip_prefix("func (").and_then(|t| t.split_once(") "))
            else {
                return false;
            };
            let is = receiver.rsplit(' ').next().unwrap_or_default().trim_start_matches('*');
            is == of && rest.strip_prefix(name).is_some_and(|r| r.starts_with('('))
        })?,
    };
    let first = text[at..].find('\n')? + at;
    // The body's brace ends a line: the first one, but for results over several lines.
    let open = text[at..].match_indices(" {\n").map(|(i, _)| at + i + 1).next()?;
    let close = if open < first {
        text[first..].find("\n}\n")? + first + 2
    } else if text[at..first].ends_with('}') {
        // All on one line.
        let open = at + text[at..first].find(" {")? + 1;
        return Some(Func {
            directives: directives(text, at),
            above: above(text, at),
            head: at..open,
            body: open..first,
        });
    } else {
        text[open..].find("\n}\n")? + open + 2
    };
    Some(Func {
        directives: directives(text, at),
        above: above(text, at),
        head: at..open,
        body: open..close,
    })
}

fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1))
}

fn above(text: &str, at: usize) -> Range<usize> {
    let mut end = at.max(1) - 1;
    loop {
        let start = text[..end].rfind('\n').map_or(0, |i| i + 1);
        if start == 0 || !text[start..end].starts_with("//go:linkname ") {
            return start..end;
        }
        end = start - 1;
    }
}

/// The directives of the comment above `at`.
fn directives(text: &str, at: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut end = at;
    while end > 0 {
        let start = text[..end - 1].rfind('\n').map_or(0, |i| i + 1);
        let line = &text[start..end - 1];
        if !line.starts_with("//") {
            break;
        }
        if line.starts_with("//go:") && !line.starts_with("//go:linkname ") {
            found.push(start..end - 1);
        }
        end = start;
    }
    found.reverse();
    found
}

/// The text with the function's body taken away, and its directives, which are about bodies; in
/// their place stands that no argument escapes, as the compiler could see before, unless one does.
/// The lines keep their numbers.
///
/// # Errors
/// The function is not there.
pub fn cut(text: &str, name: &str, escapes: bool) -> Result<String, String> {
    let f = find(text, name).ok_or_else(|| format!("no function {name}"))?;
    let mut out = text.to_string();
    let above = &text[f.above.clone()];
    if !above.is_empty() && !above.starts_with("//") {
        return Err(format!("no line for a directive above {name}"));
    }
    let lines = text[f.body.clone()].matches('\n').count();
    out.replace_range(f.head.end - 1..f.body.end, &"\n".repeat(lines));
    // A comment, so that a comment above is not torn apart.
    out.replace_range(f.above.clone(), if escapes { "//" } else { "//go:noescape" });
    for d in f.directives.iter().rev().filter(|d| **d != f.above) {
        out.replace_range(d.clone(), "//");
    }
    Ok(out)
}

/// The text with a call of a function `to` in the place of the body, and the declaration of that
/// function, whose first argument is the receiver, if there is one. The lines keep their numbers.
///
/// # Errors
/// The function is not there.
pub fn delegate(text: &str, name: &str, to: &str) -> Result<(String, String), String> {
    let f = find(text, name).ok_or_else(|| format!("no function {name}"))?;
    let head = || {
        let rest = text[f.head.clone()].strip_prefix("func ")?;
        let (receiver, rest) = match rest.strip_prefix('(') {
            Some(r) => r.split_once(") ")?,
            None => ("", rest),
        };
        let (params, results) = rest.split_once('(')?.1.split_once(')')?;
        Some((receiver, params, results.trim()))
    };
    let (receiver, params, results) =
        head().ok_or_else(|| format!("{name}: what does it take?"))?;
    let both: Vec<_> = [receiver, params].into_iter().filter(|p| !p.is_empty()).collect();
    let both = both.join(", ");
    let args: Vec<_> = both.split(", ").filter_map(|p| p.split(' ').next()).collect();
    let call = format!("{to}({})", args.join(", "));
    let lines = text[f.body.clone()].matches('\n').count();
    let mut out = text.to_string();
    let does = if results.is_empty() { call } else { format!("return {call}") };
    out.replace_range(f.body.clone(), &format!("{{ {does} }}{}", "\n".repeat(lines)));
    let space = if results.is_empty() { "" } else { " " };
    Ok((out, format!("\n//go:noescape\nfunc {to}({both}){space}{results}\n")))
}

/// The text with a statement at the head of the function's body.
///
/// # Errors
/// The function is not there.
pub fn insert(text: &str, name: &str, statement: &str) -> Result<String, String> {
    let f = find(text, name).ok_or_else(|| format!("no function {name}"))?;
    let mut out = text.to_string();
    out.insert_str(f.body.start + 1, &format!(" {statement};"));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "package p\n\n// f does.\n//\n//go:nosplit\n//go:linkname f\nfunc f(a int) (b, c int) {\n\tif a {\n\t}\n}\n\n\
        func g() {}\nfunc (t *T) h() {\n}\n\nfunc (x U) i(a, b int) (r int) {\n\treturn a\n}\n\nfunc h(\n\ta int,\n) int {\n\treturn 1\n}\n";

    #[test]
    fn bodies() {
        let cut_f = cut(TEXT, "f", false).unwrap();
        assert!(
            cut_f.contains(
                "//\n//go:noescape\n//go:linkname f\nfunc f(a int) (b, c int)\n\n\n\n\nfunc g"
            ),
            "{cut_f}"
        );
        assert_eq!(cut_f.matches('\n').count(), TEXT.matches('\n').count());
        let cut_g = cut(TEXT, "g", true).unwrap();
        assert!(cut_g.contains("func g()\nfunc (t *T)"), "{cut_g}");
        let cut_h = cut(TEXT, "h", false).unwrap();
        assert!(cut_h.contains("func h(\n\ta int,\n) int\n\n\n"), "{cut_h}");
        assert!(cut_h.contains("func (t *T) h() {\n}"), "{cut_h}");
        assert!(cut(TEXT, "i", false).is_err());
    }

    #[test]
    fn methods() {
        let (text, told) = delegate(TEXT, "U.i", "u_i").unwrap();
        assert!(
            text.contains("func (x U) i(a, b int) (r int) { return u_i(x, a, b) }\n\n\n\nfunc h("),
            "{text}"
        );
        assert_eq!(told, "\n//go:noescape\nfunc u_i(x U, a, b int) (r int)\n");
        let (text, told) = delegate(TEXT, "T.h", "t_h").unwrap();
        assert!(text.contains("func (t *T) h() { t_h(t) }\n\n"), "{text}");
        assert_eq!(told, "\n//go:noescape\nfunc t_h(t *T)\n");
        let (text, told) = delegate(TEXT, "f", "f_").unwrap();
        assert!(text.contains("func f(a int) (b, c int) { return f_(a) }\n\n\n"), "{text}");
        assert_eq!(told, "\n//go:noescape\nfunc f_(a int) (b, c int)\n");
        assert!(delegate(TEXT, "T.i", "t_i").is_err());
    }

    #[test]
    fn heads() {
        assert!(insert(TEXT, "f", "x()").unwrap().contains("(b, c int) { x();\n\tif a {"));
        assert!(insert(TEXT, "g", "x()").unwrap().contains("func g() { x();}"));
    }
}
