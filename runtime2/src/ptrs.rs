//! `guintptr`, `puintptr`, `muintptr` and slices: how the runtime's structures point at one
//! another.
//!
//! Go hides these pointers from its collector behind integers and reads them from other threads
//! without further ado. Here they are relaxed atomics with Go's methods, so such reads are defined.

use crate::atomic::Pointer;
use crate::{G, M, P};

macro_rules! uintptr {
    ($(#[$m:meta])* $name:ident, $t:ty) => {
        $(#[$m])*
        #[repr(transparent)]
        #[derive(Default)]
        pub struct $name(Pointer<$t>);

        impl $name {
            /// The pointer: a plain read.
            ///
            /// Go: runtime2.go:266 ptr
            /// Go: runtime2.go:293 ptr
            /// Go: runtime2.go:310 ptr
            #[inline(always)]
            pub fn ptr(&self) -> *mut $t {
                self.0.get()
            }
            /// Sets the pointer: a plain write.
            ///
            /// Go: runtime2.go:269 set
            /// Go: runtime2.go:296 set
            /// Go: runtime2.go:313 set
            #[inline(always)]
            pub fn set(&self, x: *mut $t) {
                self.0.set(x)
            }
            /// Swaps `old` for `new`, sequentially consistent; true if it did.
            ///
            /// Go: runtime2.go:272 cas
            #[inline(always)]
            pub fn cas(&self, old: *mut $t, new: *mut $t) -> bool {
                self.0.cas(old, new)
            }
            /// Whether it is nil: a plain read.
            #[inline(always)]
            pub fn is_null(&self) -> bool {
                self.0.get().is_null()
            }
            /// The cell itself, for the rare sequentially consistent or acquire/release access.
            #[inline(always)]
            pub fn cell(&self) -> &Pointer<$t> {
                &self.0
            }
        }
    };
}

uintptr!(/// A pointer to a [`G`].
    ///
    /// Go: runtime2.go:263 guintptr
    Guintptr, G);
uintptr!(/// A pointer to a [`P`].
    ///
    /// Go: runtime2.go:290 puintptr
    Puintptr, P);
uintptr!(/// A pointer to an [`M`].
    ///
    /// Go: runtime2.go:307 muintptr
    Muintptr, M);

/// A Go slice: pointer, length, capacity. `Copy`, never freed by itself; the memory behind those in
/// the runtime's tables is never freed at all, as racy readers may still walk an old array.
#[repr(C)]
pub struct Slice<T> {
    /// The first element.
    pub ptr: *mut T,
    /// `len(s)`
    pub len: usize,
    /// `cap(s)`
    pub cap: usize,
}

impl<T> Clone for Slice<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Slice<T> {}
impl<T> Default for Slice<T> {
    fn default() -> Self {
        Self::nil()
    }
}

impl<T> Slice<T> {
    /// The nil slice.
    pub const fn nil() -> Self {
        Self { ptr: core::ptr::null_mut(), len: 0, cap: 0 }
    }
    /// The address of element `i`.
    ///
    /// # Panics
    /// If `i` is out of range, as in Go.
    #[inline(always)]
    pub fn at(&self, i: usize) -> *mut T {
        assert!(i < self.len, "index out of range");
        self.ptr.wrapping_add(i)
    }
    /// `s[..n]`, up to the capacity.
    ///
    /// # Panics
    /// If `n` exceeds the capacity.
    pub fn upto(&self, n: usize) -> Self {
        assert!(n <= self.cap, "slice bounds out of range");
        Self { ptr: self.ptr, len: n, cap: self.cap }
    }
    /// The elements as a Rust slice.
    ///
    /// # Safety
    /// The elements must be initialised and nobody may write them meanwhile, except through atomics
    /// inside.
    #[inline(always)]
    pub unsafe fn as_slice<'a>(&self) -> &'a [T] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the caller vouches for the elements; ptr and len belong together.
        unsafe { core::slice::from_raw_parts(self.ptr, self.len) }
    }
    /// Appends `v`; a full array is copied to one of twice the size, and the old one is leaked on
    /// purpose.
    ///
    /// # Safety
    /// The caller holds the lock that guards the slice.
    #[cfg(not(gort_inside))]
    pub unsafe fn append(&mut self, v: T) {
        if self.len == self.cap {
            let cap = if self.cap == 0 { 64 } else { self.cap * 2 };
            let mut new = Vec::<T>::with_capacity(cap);
            let p = new.as_mut_ptr();
            core::mem::forget(new);
            // SAFETY: both arrays hold at least `len` elements and are distinct; the old one is
            // never dropped.
            unsafe { core::ptr::copy_nonoverlapping(self.ptr, p, self.len) };
            self.ptr = p;
            self.cap = cap;
        }
        // SAFETY: len < cap, so the slot lies inside the array and holds nothing that needs a drop.
        unsafe { self.ptr.add(self.len).write(v) };
        self.len += 1;
    }
}
