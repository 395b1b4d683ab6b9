//! `docs/ownership.md` says of each field of G, M, P and sudog who may touch it: checked is that it
//! leaves none out.

use crate::golang::regex;
use std::path::Path;

const PAGE: &str = "docs/ownership.md";
const TYPES: &str = "runtime2/src/types.rs";

/// Says which fields are missing from the page.
pub fn check(root: &Path, wrong: &mut Vec<String>) -> Result<(), String> {
    let read = |p: &str| std::fs::read_to_string(root.join(p)).map_err(|e| format!("{p}: {e}"));
    let (page, types) = (read(PAGE)?, read(TYPES)?);
    for name in ["G", "M", "P", "Sudog"] {
        let all = fields(&types, name);
        if all.is_empty() {
            wrong.push(format!("{TYPES}: {name} has no fields"));
        }
        wrong.extend(
            all.iter()
                .filter(|f| !names(&page, f))
                .map(|f| format!("{PAGE}: says nothing of the field {f} of {name}")),
        );
    }
    Ok(())
}

/// The public fields of a struct in formatted source.
fn fields<'a>(types: &'a str, name: &str) -> Vec<&'a str> {
    let lines = types
        .lines()
        .skip_while(|l| *l != format!("pub struct {name} {{"))
        .take_while(|l| *l != "}");
    lines
        .filter_map(|l| regex!(r"^    pub (\w+):").captures(l))
        .map(|m| m.get(1).expect("a name").as_str())
        .collect()
}

/// Whether the page has `field`, alone or after what it is a field of.
fn names(page: &str, field: &str) -> bool {
    page.split('`').skip(1).step_by(2).any(|code| {
        let path = code
            .split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.')
            .next()
            .unwrap_or_default();
        path.split('.').any(|part| part == field)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_struct() {
        let types = "pub struct Gs {\n    pub no: u8,\n}\npub struct G {\n    /// One.\n    pub a: u8,\n    b: u8,\n    pub c_d: u8,\n}\n\
                     pub struct M {\n    pub e: u8,\n}\n";
        assert_eq!(fields(types, "G"), ["a", "c_d"]);
        assert_eq!(fields(types, "M"), ["e"]);
        assert_eq!(fields(types, "P"), [""; 0]);
    }

    #[test]
    fn what_the_page_names() {
        let page = "| `a`, slots of `p.runq[i]` | the owner of b | `a_b` |";
        assert!(names(page, "a") && names(page, "runq") && names(page, "a_b"));
        assert!(!names(page, "b") && !names(page, "owner") && !names(page, "a_"));
    }
}
