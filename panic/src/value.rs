//! error.go: the values that panics carry, and how they are printed.

use core::any::Any;
use core::fmt;
use gort_print::{Float, print};
use std::borrow::Cow;

/// A panic of the runtime itself: send on a closed channel, and the like.
///
/// Go: error.go:13 Error
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuntimeError {
    /// A message that stands for itself.
    ///
    /// Go: error.go:107 plainError
    Plain(Cow<'static, str>),
    /// A message that follows `runtime error: `.
    ///
    /// Go: error.go:76 errorString
    ErrorString(Cow<'static, str>),
}

impl fmt::Display for RuntimeError {
    /// Go: error.go:111 Error
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // :112
            Self::Plain(s) => f.write_str(s),
            // Go's errorString.Error
            Self::ErrorString(s) => write!(f, "runtime error: {s}"),
        }
    }
}

impl std::error::Error for RuntimeError {}

/// The type of an error that a panic carries as its value.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The text of a panic value: what Go prints behind `panic: `. Texts (and errors, by their message)
/// are printed as they are, numbers as Go's runtime prints numbers; of any other type there is
/// nothing to show but its address, as its name is lost.
///
/// Go: error.go:222 printpanicval
pub fn printpanicval(v: &(dyn Any + Send)) -> String {
    // :223
    macro_rules! number {
        ($($t:ty),*) => { $(if let Some(x) = v.downcast_ref::<$t>() { return x.to_string(); })* };
    }
    // :258
    if let Some(s) = v.downcast_ref::<&'static str>() {
        return (*s).to_string();
    }
    if let Some(s) = v.downcast_ref::<String>() {
        return s.clone();
    }
    if let Some(s) = v.downcast_ref::<Cow<'static, str>>() {
        return s.to_string();
    }
    if let Some(e) = v.downcast_ref::<RuntimeError>() {
        return e.to_string();
    }
    // :224 first in Go's order
    if v.is::<()>() {
        return "nil".to_string();
    }
    // :226
    number!(bool, isize, i8, i16, i32, i64, i128, usize, u8, u16, u32, u64, u128, char);
    // :250
    if let Some(x) = v.downcast_ref::<f32>() {
        return Float(f64::from(*x)).to_string();
    }
    if let Some(x) = v.downcast_ref::<f64>() {
        return Float(*x).to_string();
    }
    // :261
    printanycustomtype(v)
}

/// Go: error.go:266 printanycustomtype
fn printanycustomtype(v: &(dyn Any + Send)) -> String {
    // :307 the type has no name at run time, so only its last case is left
    format!("(dyn Any) {:p}", (&raw const *v).cast::<()>())
}

/// Prints `s` with a tab behind each newline, so that nothing in it looks like a line of a
/// traceback.
///
/// Go: error.go:313 printindented
pub fn printindented(mut s: &str) {
    // :315
    while let Some(i) = s.find('\n') {
        // :320
        print!("{}\t", &s[..=i]);
        s = &s[i + 1..];
    }
    // :324
    print!("{s}");
}
