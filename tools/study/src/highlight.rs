//! Colours, by syntect: each line as HTML by itself, with one of few classes for each word.

use std::sync::LazyLock;
use syntect::easy::ScopeRangeIterator;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);

/// Prefixes of scopes, and the class that each gets; the innermost one that is here counts.
static CLASSES: LazyLock<Vec<(Scope, &'static str)>> = LazyLock::new(|| {
    let of = |s: &str, class| (Scope::new(s).expect("a scope"), class);
    vec![
        of("comment", "c"),
        of("string", "s"),
        of("constant.numeric", "n"),
        of("constant.character", "s"),
        of("constant.language", "n"),
        of("entity.name.function", "f"),
        of("support.function", "f"),
        of("storage", "k"),
        of("keyword.operator", ""),
        of("keyword", "k"),
        of("entity.name", "t"),
        of("support.type", "t"),
    ]
});

/// Text as HTML.
pub fn escape(s: &str) -> String {
    s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Each line of a source as HTML. `extension` is that of the file; one that syntect does not know
/// has no colours.
pub fn lines(text: &[String], extension: &str) -> Vec<String> {
    let set = &*SYNTAXES;
    let Some(syntax) = set.find_syntax_by_extension(extension) else {
        return text.iter().map(|l| escape(l)).collect();
    };
    let mut state = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    let mut out = Vec::with_capacity(text.len());
    for l in text {
        let whole = format!("{l}\n");
        let Ok(ops) = state.parse_line(&whole, set) else {
            out.push(escape(l));
            continue;
        };
        let mut html = String::new();
        for (range, op) in ScopeRangeIterator::new(&ops, &whole) {
            // An operation that does not fit is one of syntect's tables: the colour is wrong, the
            // text is there.
            let _ = stack.apply(op);
            let word = whole[range].trim_end_matches('\n');
            if word.is_empty() {
                continue;
            }
            let class = stack
                .scopes
                .iter()
                .rev()
                .find_map(|s| CLASSES.iter().find(|(p, _)| p.is_prefix_of(*s)).map(|c| c.1))
                .unwrap_or("");
            if class.is_empty() || word.trim().is_empty() {
                html.push_str(&escape(word));
            } else {
                html.push_str(&format!("<i class={class}>{}</i>", escape(word)));
            }
        }
        out.push(html);
    }
    out
}
