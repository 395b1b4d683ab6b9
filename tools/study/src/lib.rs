//! The book of the port: each function of Go's scheduler beside the one that ports it, step by
//! step, with what this repository says about those lines. A static site, made from the repository
//! and the reader's own GOROOT; no text of Go's is part of it before.
//!
//! | module | what |
//! |---|---|
//! | [`golang`] | Go's sources: where they are, what they declare |
//! | [`rust`] | the port's: which items port what, and their anchors |
//! | [`align`] | which lines of the one stand beside which of the other |
//! | [`highlight`] | the colours |
//! | [`Book`] | the pages |
//!
//! `cargo xtask portmap` checks what the first two find.

pub mod align;
mod book;
pub mod golang;
pub mod highlight;
mod notes;
pub mod rust;

pub use book::Book;

#[doc(hidden)]
pub use ::regex as regex_crate;

/// A regular expression that is compiled once.
#[macro_export]
macro_rules! regex {
    ($s:expr) => {{
        static R: std::sync::LazyLock<$crate::regex_crate::Regex> =
            std::sync::LazyLock::new(|| {
                $crate::regex_crate::Regex::new($s).expect("a valid expression")
            });
        &*R
    }};
}
