//! Panics, and how programs end.

use crate::errors::nil;
use crate::{Entry, Start};
use core::ffi::{CStr, c_char, c_int, c_void};

/// Go's `panic(text)`.
///
/// # Safety
/// A string, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_panic(text: *const c_char) -> ! {
    let text = if text.is_null() {
        "nil".to_string()
    } else {
        // SAFETY: the caller's contract.
        unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
    };
    std::panic::panic_any(text)
}

/// Calls `f(arg)`; the text of a panic that has left it, in memory of malloc's, or null.
///
/// # Safety
/// `f` may be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_recover(f: Option<Entry>, arg: *mut c_void) -> *mut c_char {
    let Some(f) = f else { nil("gort_recover: null f") };
    let s = Start(f, arg);
    match gort_rs::recover(move || s.call()) {
        Ok(()) => core::ptr::null_mut(),
        Err(p) => {
            let text = p.message();
            // A C string ends at the first zero.
            let bytes = text.split('\0').next().unwrap_or_default().as_bytes();
            // SAFETY: room for the text and its end.
            unsafe {
                let m: *mut u8 = libc::malloc(bytes.len() + 1).cast();
                if m.is_null() {
                    gort_panic::throw("out of memory");
                }
                m.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
                m.add(bytes.len()).write(0);
                m.cast()
            }
        }
    }
}

/// Go's `os.Exit`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_exit(status: c_int) -> ! {
    gort_rs::runtime::exit(status)
}

/// The version of the library.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_version() -> u32 {
    VERSION
}

/// The same as text.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_version_string() -> *const c_char {
    TEXT.as_ptr().cast()
}

/// Ends the program if its header does not go with this library.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_check_version(header: u32) {
    // Until 1.0 the minor number is what says that something has changed.
    let breaks = |v: u32| if v >> 16 == 0 { v >> 8 } else { v >> 16 };
    if breaks(header) != breaks(VERSION) || header >> 8 > VERSION >> 8 {
        let [_, a, b, c] = header.to_be_bytes();
        eprintln!(
            "fatal error: gort: compiled with gort.h {a}.{b}.{c}, but libgort is {}",
            env!("CARGO_PKG_VERSION")
        );
        std::process::exit(2);
    }
}

const TEXT: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
/// As `GORT_VERSION` in the header.
const VERSION: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) << 16
    | number(env!("CARGO_PKG_VERSION_MINOR")) << 8
    | number(env!("CARGO_PKG_VERSION_PATCH"));

const fn number(s: &str) -> u32 {
    let (b, mut n, mut i) = (s.as_bytes(), 0, 0);
    while i < b.len() {
        n = n * 10 + (b[i] - b'0') as u32;
        i += 1;
    }
    n
}
