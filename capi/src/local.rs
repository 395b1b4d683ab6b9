//! Goroutine-local variables of C: pthread's keys, of a goroutine. Each key is a variable of
//! `goroutine_local!`.

use crate::Entry;
use crate::errors::not_null;
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::null_mut;
use gort_rs::local::LocalKey;

/// A goroutine's value of one key, and what is called with it at the goroutine's end.
struct Value(Cell<*mut c_void>, Cell<Option<Entry>>);
// SAFETY: what it points to is C's own responsibility; the header says that the goroutine takes it
// to other threads.
unsafe impl Send for Value {}

impl Drop for Value {
    fn drop(&mut self) {
        let v = self.0.get();
        if let Some(f) = self.1.get()
            && !v.is_null()
        {
            // SAFETY: gort_local_new's contract.
            unsafe { f(v) }
        }
    }
}

/// `gort_local`
pub struct Local {
    key: LocalKey<Value>,
    destructor: Option<Entry>,
}

/// Makes a key.
///
/// # Safety
/// `destructor` is null or may be called with each value that is set.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_local_new(destructor: Option<Entry>) -> *mut Local {
    let key = LocalKey::__new(|| Value(Cell::new(null_mut()), Cell::new(None)), "gort_local");
    Box::into_raw(Box::new(Local { key, destructor }))
}

/// The current goroutine's value.
///
/// # Safety
/// A key.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_local_get(local: *const Local) -> *mut c_void {
    not_null!("gort_local_get", local);
    // SAFETY: keys are never freed.
    let key: &'static LocalKey<Value> = unsafe { &(*local).key };
    key.try_with(|v| v.0.get()).unwrap_or(null_mut())
}

/// Sets the current goroutine's value.
///
/// # Safety
/// A key, and a value that its destructor may be called with.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_local_set(local: *const Local, value: *mut c_void) {
    not_null!("gort_local_set", local);
    // SAFETY: as in gort_local_get.
    let l: &'static Local = unsafe { &*local };
    l.key.with(|v| {
        v.0.set(value);
        v.1.set(l.destructor);
    });
}
