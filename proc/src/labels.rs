//! The labels of a goroutine, which its children inherit: `g.labels`. In Go a pointer to a map that
//! the collector frees; here either that, if compiled Go has set it, or a counted set of the crate
//! `gort`, which the lowest bit tells.

use core::ffi::c_void;
use core::ptr::null_mut;
use std::sync::Arc;

/// Keys with their values, sorted by key.
pub type LabelSet = Vec<(Box<str>, Box<str>)>;

const COUNTED: usize = 1;

/// The set behind `labels`, if it is one of gort's.
fn counted(labels: *mut c_void) -> Option<*const LabelSet> {
    (labels.addr() & COUNTED != 0).then(|| labels.wrapping_byte_sub(COUNTED).cast_const().cast())
}

/// What compiled Go may see of `labels`: its own, nil in the place of gort's.
pub fn labels_of_go(labels: *mut c_void) -> *mut c_void {
    if counted(labels).is_some() { null_mut() } else { labels }
}

/// The labels for a `g.labels` of its own: counted once more, if they are counted.
///
/// # Safety
/// `labels` is the `g.labels` of a goroutine that keeps them during the call.
#[inline(always)]
pub unsafe fn retain_labels(labels: *mut c_void) -> *mut c_void {
    if let Some(set) = counted(labels) {
        // SAFETY: from Arc::into_raw, and alive.
        unsafe { Arc::increment_strong_count(set) };
    }
    labels
}

/// Gives up the labels of a `g.labels`.
///
/// # Safety
/// They have been overwritten in that goroutine, and a compiler fence stands between, or no signal
/// of the profiler can see the goroutine: a handler counts once more what it finds there.
#[inline(always)]
pub unsafe fn release_labels(labels: *mut c_void) {
    if let Some(set) = counted(labels) {
        // SAFETY: from Arc::into_raw; this was one of its owners.
        unsafe { Arc::decrement_strong_count(set) };
    }
}

/// Gives up `labels`, and returns them if they are counted.
///
/// # Safety
/// They were counted for the caller, by [`retain_labels`].
pub unsafe fn take_labels(labels: *mut c_void) -> Option<Arc<LabelSet>> {
    // SAFETY: from Arc::into_raw; this was one of its owners.
    counted(labels).map(|set| unsafe { Arc::from_raw(set) })
}

/// The gort labels of the current goroutine; none if it has none, or Go's.
///
/// # Safety
/// On a goroutine.
pub unsafe fn labels() -> Option<Arc<LabelSet>> {
    // SAFETY: the goroutine's own field.
    unsafe {
        let set = counted((*crate::getg()).labels)?;
        Arc::increment_strong_count(set);
        Some(Arc::from_raw(set))
    }
}

/// Sets the labels of the current goroutine.
///
/// # Safety
/// On a goroutine.
///
/// Go (runtime/pprof): runtime.go:35 SetGoroutineLabels
#[doc(alias = "SetGoroutineLabels")]
pub unsafe fn set_labels(set: Option<Arc<LabelSet>>) {
    let new = set.map_or(null_mut(), |s| {
        Arc::into_raw(s).cast_mut().cast::<c_void>().wrapping_byte_add(COUNTED)
    });
    // SAFETY: the goroutine's own field.
    unsafe {
        let gp = crate::getg();
        let old = core::mem::replace(&mut (*gp).labels, new);
        // A signal of the profiler may look in between.
        core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
        release_labels(old);
    }
}
