//! Go's `internal/runtime/atomic`: the typed atomics of the runtime, with Go's method names.
//!
//! Go's `Load`, `Store`, `Cas`, `Xadd` and `Xchg` are sequentially consistent; `LoadAcq`,
//! `StoreRel` and `CasRel` are acquire and release. The same distinction is kept here, method by
//! method. A field that Go reads or writes plainly in one place and atomically in another is of one
//! of these types as well: the plain accesses are [`get`](Uint32::get) and [`set`](Uint32::set),
//! relaxed atomics that compile to the same single move and have no undefined race.
//!
//! Under `cfg(loom)` the types wrap loom's atomics, so that models run the very code that ships.
//! loom treats `SeqCst` accesses as `AcqRel` (loom issue 180); there the façade adds a
//! `fence(SeqCst)` on both sides of stores and read-modify-writes, as x86 has it, and none to
//! loads: a release store followed by a sequentially consistent load may be seen in either order,
//! on x86 as in the model, which therefore finds where a fence is missing.

#[cfg(loom)]
pub(crate) use loom::sync::atomic as imp;

#[cfg(not(loom))]
pub(crate) use core::sync::atomic as imp;

pub use core::sync::atomic::Ordering;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

/// A full fence under loom, nothing otherwise: see the text of the module.
#[inline(always)]
fn sc() {
    #[cfg(loom)]
    imp::fence(SeqCst);
}

macro_rules! int {
    ($(#[$m:meta])* $name:ident, $t:ty, $a:ident) => {
        $(#[$m])*
        #[repr(transparent)]
        #[derive(Debug, Default)]
        pub struct $name(imp::$a);

        impl $name {
            /// A cell that holds `v`.
            #[cfg(not(loom))]
            #[inline(always)]
            pub const fn new(v: $t) -> Self {
                Self(imp::$a::new(v))
            }
            /// A cell that holds `v`.
            #[cfg(loom)]
            pub fn new(v: $t) -> Self {
                Self(imp::$a::new(v))
            }
            /// Go's `Load`: sequentially consistent.
            #[inline(always)]
            pub fn load(&self) -> $t {
                self.0.load(SeqCst)
            }
            /// Go's `LoadAcq`.
            #[inline(always)]
            pub fn load_acq(&self) -> $t {
                self.0.load(Acquire)
            }
            /// A plain read in Go; also Go's `LoadAcquire`-free fast paths.
            #[inline(always)]
            pub fn get(&self) -> $t {
                self.0.load(Relaxed)
            }
            /// Go's `Store`: sequentially consistent.
            #[inline(always)]
            pub fn store(&self, v: $t) {
                sc();
                self.0.store(v, SeqCst);
                sc();
            }
            /// Go's `StoreRel`.
            #[inline(always)]
            pub fn store_rel(&self, v: $t) {
                self.0.store(v, Release)
            }
            /// A plain write in Go.
            #[inline(always)]
            pub fn set(&self, v: $t) {
                self.0.store(v, Relaxed)
            }
            /// A plain `x += d` in Go: a read and a write, **not** atomic together. One writer
            /// only.
            #[inline(always)]
            pub fn bump(&self, d: $t) {
                self.set(self.get().wrapping_add(d))
            }
            /// Go's `CompareAndSwap` (`Cas`): sequentially consistent; true if it swapped.
            #[inline(always)]
            pub fn cas(&self, old: $t, new: $t) -> bool {
                sc();
                let ok = self.0.compare_exchange(old, new, SeqCst, SeqCst).is_ok();
                sc();
                ok
            }
            /// Go's `CasRel`: release on success, nothing on failure.
            #[inline(always)]
            pub fn cas_rel(&self, old: $t, new: $t) -> bool {
                self.0.compare_exchange(old, new, Release, Relaxed).is_ok()
            }
            /// [`cas`](Self::cas) that may fail though the value is `old`: for loops that try again
            /// whatever the reason. Go's are strong; on x86 this one is the same instruction. In
            /// models it does fail so (`model::disturb`), which loom's own weak compare-and-swap
            /// never does.
            #[inline(always)]
            pub fn cas_weak(&self, old: $t, new: $t) -> bool {
                #[cfg(loom)]
                if crate::model::chance() {
                    return false;
                }
                sc();
                let ok = self.0.compare_exchange_weak(old, new, SeqCst, SeqCst).is_ok();
                sc();
                ok
            }
            /// [`cas_rel`](Self::cas_rel) that may fail though the value is `old`: see
            /// [`cas_weak`](Self::cas_weak).
            #[inline(always)]
            pub fn cas_rel_weak(&self, old: $t, new: $t) -> bool {
                #[cfg(loom)]
                if crate::model::chance() {
                    return false;
                }
                self.0.compare_exchange_weak(old, new, Release, Relaxed).is_ok()
            }
            /// Go's `Add` (`Xadd`): adds `d`, wrapping, and returns the **new** value.
            #[inline(always)]
            pub fn add(&self, d: $t) -> $t {
                sc();
                let v = self.0.fetch_add(d, SeqCst).wrapping_add(d);
                sc();
                v
            }
            /// Go's `Swap` (`Xchg`): stores `v` and returns the old value.
            #[inline(always)]
            pub fn swap(&self, v: $t) -> $t {
                sc();
                let o = self.0.swap(v, SeqCst);
                sc();
                o
            }
            /// Go's `Or`: sets the bits of `v` and returns the old value.
            #[inline(always)]
            pub fn or(&self, v: $t) -> $t {
                sc();
                let o = self.0.fetch_or(v, SeqCst);
                sc();
                o
            }
            /// Go's `And`: keeps only the bits of `v` and returns the old value.
            #[inline(always)]
            pub fn and(&self, v: $t) -> $t {
                sc();
                let o = self.0.fetch_and(v, SeqCst);
                sc();
                o
            }
            /// The address of the word, for futex calls and assembly.
            #[cfg(not(loom))]
            #[inline(always)]
            pub fn as_ptr(&self) -> *mut $t {
                self.0.as_ptr()
            }
        }
    };
}

int!(/// Go (internal/runtime/atomic): types.go:115 Uint8
    Uint8, u8, AtomicU8);
int!(/// Go (internal/runtime/atomic): types.go:185 Uint32
    Uint32, u32, AtomicU32);
int!(/// Go (internal/runtime/atomic): types.go:12 Int32
    Int32, i32, AtomicI32);
int!(/// Go (internal/runtime/atomic): types.go:299 Uint64
    Uint64, u64, AtomicU64);
int!(/// Go (internal/runtime/atomic): types.go:64 Int64
    Int64, i64, AtomicI64);
int!(/// Go (internal/runtime/atomic): types.go:350 Uintptr
    Uintptr, usize, AtomicUsize);

/// Go's `atomic.Bool`, and plain booleans that other threads look at.
///
/// Go (internal/runtime/atomic): types.go:159 Bool
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct Bool(Uint8);

impl Bool {
    /// A cell that holds `v`.
    #[cfg(not(loom))]
    #[inline(always)]
    pub const fn new(v: bool) -> Self {
        Self(Uint8::new(v as u8))
    }
    /// Go's `Load`: sequentially consistent.
    #[inline(always)]
    pub fn load(&self) -> bool {
        self.0.load() != 0
    }
    /// Go's `Store`: sequentially consistent.
    #[inline(always)]
    pub fn store(&self, v: bool) {
        self.0.store(v as u8)
    }
    /// A plain read in Go.
    #[inline(always)]
    pub fn get(&self) -> bool {
        self.0.get() != 0
    }
    /// A plain write in Go.
    #[inline(always)]
    pub fn set(&self, v: bool) {
        self.0.set(v as u8)
    }
}

/// Go's `atomic.Pointer[T]`, and plain pointers that other threads look at.
///
/// Go (internal/runtime/atomic): types.go:518 Pointer
#[repr(transparent)]
pub struct Pointer<T>(imp::AtomicPtr<T>);

impl<T> Default for Pointer<T> {
    fn default() -> Self {
        Self(imp::AtomicPtr::new(core::ptr::null_mut()))
    }
}

impl<T> Pointer<T> {
    /// A nil pointer.
    #[cfg(not(loom))]
    #[inline(always)]
    pub const fn null() -> Self {
        Self(imp::AtomicPtr::new(core::ptr::null_mut()))
    }
    /// Go's `Load`: sequentially consistent.
    #[inline(always)]
    pub fn load(&self) -> *mut T {
        self.0.load(SeqCst)
    }
    /// Go's `Store`: sequentially consistent.
    #[inline(always)]
    pub fn store(&self, p: *mut T) {
        sc();
        self.0.store(p, SeqCst);
        sc();
    }
    /// Go's `StorepNoWB` paired with `Loadp` where only publication matters: release.
    #[inline(always)]
    pub fn store_rel(&self, p: *mut T) {
        self.0.store(p, Release)
    }
    /// Acquire load, the other side of [`store_rel`](Self::store_rel).
    #[inline(always)]
    pub fn load_acq(&self) -> *mut T {
        self.0.load(Acquire)
    }
    /// A plain read in Go.
    #[inline(always)]
    pub fn get(&self) -> *mut T {
        self.0.load(Relaxed)
    }
    /// A plain write in Go.
    #[inline(always)]
    pub fn set(&self, p: *mut T) {
        self.0.store(p, Relaxed)
    }
    /// Go's `CompareAndSwap`; true if it swapped.
    #[inline(always)]
    pub fn cas(&self, old: *mut T, new: *mut T) -> bool {
        sc();
        let ok = self.0.compare_exchange(old, new, SeqCst, SeqCst).is_ok();
        sc();
        ok
    }
    /// Go's `Swap`: stores `p` and returns the old pointer.
    #[inline(always)]
    pub fn swap(&self, p: *mut T) -> *mut T {
        sc();
        let o = self.0.swap(p, SeqCst);
        sc();
        o
    }
}
