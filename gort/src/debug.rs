//! Finding what must not be: goroutines that wait while they hold something of their thread.
//!
//! A guard of std's locks, `StdoutLock`, a reference into a `thread_local!` belong to the thread,
//! and a goroutine that waits while it has one may go on on another. The compiler does not see that
//! (they are not `Send`, but it asks that of closures that are sent, not of what lives across a
//! call), and neither does the runtime: std's locks are a word that is changed in place, without a
//! call that anybody could watch. So it has to be told, by a section ([`no_park`], [`NoPark`]) or a
//! wrapper ([`checked`]). In a section an operation that would park ends the program, with the
//! goroutine's stack:
//!
//! ```text
//! fatal error: gort: the goroutine would park, or go on on another thread, inside of gort::local::with or gort::debug::no_park
//! ```
//!
//! It costs an increment and a decrement, in all builds. What finds such places without being told:
//! clippy, with `clippy/clippy.toml` of this crate, refuses std's blocking types and calls; and a
//! lock that was held across a wait for long shows in sysmon's report on the thread that wants it.

use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use gort_proc::{G, getg};

/// The goroutine that runs here; nil on threads of the program's own, which do not change, and in
/// the scheduler.
#[inline]
fn curg() -> *mut G {
    let gp = getg();
    // SAFETY: g and its m are this thread's own.
    unsafe {
        if gp.is_null() || (*gp).m.is_null() || (*(*gp).m).curg.ptr() != gp || (*(*gp).m).isextra {
            return core::ptr::null_mut();
        }
    }
    gp
}

/// While it lives this goroutine must not wait: an operation that would park ends the program. On a
/// thread without a goroutine it means nothing.
///
/// ```
/// let section = gort::debug::NoPark::new();
/// // ... what belongs to the thread ...
/// drop(section);
/// ```
#[derive(Debug)]
#[must_use = "the section ends when it is dropped"]
pub struct NoPark {
    gp: *mut G,
    /// Its number: a G is used again.
    goid: u64,
    _here: PhantomData<*const ()>,
}

impl NoPark {
    /// Begins a section.
    ///
    /// ```
    /// {
    ///     let _here = gort::debug::NoPark::new();
    ///     // A channel's receive here would end the program, and say where.
    /// }
    /// ```
    #[inline]
    pub fn new() -> Self {
        let gp = curg();
        let mut goid = 0;
        if !gp.is_null() {
            // SAFETY: the goroutine's own fields; it stays on this thread until the end of the
            // section.
            unsafe {
                goid = (*gp).goid;
                // Sections that were forgotten count on: were it to begin again, what `with` of
                // this crate lends would be lent over a park.
                match (*gp).stack_lock.checked_add(1) {
                    Some(n) => (*gp).stack_lock = n,
                    None => gort_proc::linkname::fatal("gort: too many sections without a park"),
                }
            }
        }
        Self { gp, goid, _here: PhantomData }
    }
}

impl Default for NoPark {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for NoPark {
    #[inline]
    fn drop(&mut self) {
        // It is not Send, but a thread-local may have kept it for another goroutine of this thread.
        // SAFETY: Gs are never freed; the running goroutine's own fields.
        unsafe {
            if !self.gp.is_null() && curg() == self.gp && (*self.gp).goid == self.goid {
                (*self.gp).stack_lock -= 1;
            }
        }
    }
}

/// Runs `f`, in which this goroutine must not wait.
///
/// ```
/// let n = gort::debug::no_park(|| 1 + 1);
/// assert_eq!(n, 2);
/// ```
#[inline]
pub fn no_park<R>(f: impl FnOnce() -> R) -> R {
    let _here = NoPark::new();
    f()
}

/// A guard of std's, or anything else that belongs to the thread, and the section in which it is
/// held.
///
/// ```
/// use gort::debug::{Checked, checked};
/// use std::sync::{Mutex, MutexGuard};
/// let m = Mutex::new(vec![1]);
/// let mut held: Checked<MutexGuard<'_, Vec<i32>>> = checked(m.lock().unwrap());
/// held.push(2);
/// assert_eq!(held.len(), 2);
/// ```
#[derive(Debug)]
#[must_use = "what is held is released when it is dropped"]
pub struct Checked<T> {
    v: T,
    _here: NoPark,
}

/// Holds `v`, a guard of std's locks for example, in a section of its own:
///
/// ```
/// let m = std::sync::Mutex::new(1);
/// let mut g = gort::debug::checked(m.lock().unwrap());
/// *g += 1; // a channel's send here would end the program
/// assert_eq!(*g, 2);
/// ```
#[inline]
pub fn checked<T>(v: T) -> Checked<T> {
    Checked { v, _here: NoPark::new() }
}

impl<T: Deref> Deref for Checked<T> {
    type Target = T::Target;
    #[inline]
    fn deref(&self) -> &T::Target {
        &self.v
    }
}

impl<T: DerefMut> DerefMut for Checked<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T::Target {
        &mut self.v
    }
}
