//! What C gets wrong: Go's words for it, with the name of the function.

use gort_panic::error_string;

/// Panics as Go does where a nil pointer is followed; `what` says which one it was.
#[cold]
#[inline(never)]
pub fn nil(what: &str) -> ! {
    error_string(format!("invalid memory address or nil pointer dereference: {what}"))
}

/// Panics over an argument.
#[cold]
#[inline(never)]
pub fn bad(what: String) -> ! {
    std::panic::panic_any(what)
}

/// Ends the calling function with [`nil`] if an argument is null.
macro_rules! not_null {
    ($function:literal, $($arg:ident),+) => { $(
        if $arg.is_null() {
            $crate::errors::nil(concat!($function, ": null ", stringify!($arg)));
        }
    )+ };
}
pub(crate) use not_null;
