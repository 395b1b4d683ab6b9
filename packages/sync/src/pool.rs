//! pool.go: free objects, kept per P for the next one that needs one.
//!
//! Go's collector empties the pools: at each collection what was in the *victim* cache goes, and
//! the primary cache becomes the victim. Here there is no collector, so a pool keeps what it has
//! until somebody calls [`pool_cleanup`] (with the world stopped) or [`gc_pools`], or until the
//! pool is dropped.

use crate::mutex::Mutex;
use crate::poolqueue::{Eface, PoolChain};
use core::cell::UnsafeCell;
use gort_proc::atomic::{Pointer, Uintptr};
use gort_proc::{
    GOMAXPROCS, Global, StwReason, entry, getg, lock, on_goroutine_for, outside, sched,
    start_the_world_gc, stop_the_world_gc, sync_runtime_proc_pin, sync_runtime_proc_unpin, unlock,
};

/// A set of free objects.
///
/// It must not be moved after its first use.
///
/// Go (sync): pool.go:51 Pool
pub struct Pool {
    /// One [`PoolLocal`] for each P.
    local: Pointer<PoolLocal>,
    /// Their number.
    local_size: Uintptr,
    /// What `local` was before the last cleanup.
    victim: Pointer<PoolLocal>,
    /// Its size.
    victim_size: Uintptr,
    /// gort's own: how long the array of victims is; `victim_size` becomes 0 when it has nothing
    /// left.
    victim_len: Uintptr,
    /// gort's own: arrays that were too short after a change of GOMAXPROCS. Under `ALL_POOLS_MU`.
    retired: UnsafeCell<Vec<Locals>>,
    /// Makes a value when there is none.
    new: Option<unsafe fn() -> Eface>,
    /// gort's own: drops a value that the pool still has when it is cleaned or dropped.
    drop_value: Option<unsafe fn(Eface)>,
}

// SAFETY: the caches are used under the rules of Go's pool; values may change threads (see `new`).
unsafe impl Sync for Pool {}
// SAFETY: the same.
unsafe impl Send for Pool {}

/// Go (sync): pool.go:67 poolLocalInternal
struct PoolLocalInternal {
    /// Only the P that the cache belongs to uses it.
    private: UnsafeCell<Eface>,
    /// The P uses its head, others its tail.
    shared: PoolChain,
}

/// The cache of one P, on cache lines of its own.
///
/// Go (sync): pool.go:72 poolLocal
#[repr(align(128))]
struct PoolLocal {
    internal: PoolLocalInternal,
}

/// An array of caches that no pool uses any more. Dropping it drops the values.
struct Locals {
    ptr: *mut PoolLocal,
    size: usize,
    drop_value: Option<unsafe fn(Eface)>,
}

impl Locals {
    /// Allocates `size` empty caches and gives them away.
    fn alloc(size: usize) -> *mut PoolLocal {
        let b: Box<[PoolLocal]> = (0..size)
            .map(|_| PoolLocal {
                internal: PoolLocalInternal {
                    private: UnsafeCell::new(Eface::NIL),
                    shared: PoolChain::new(),
                },
            })
            .collect();
        Box::into_raw(b).cast()
    }
}

impl Drop for Locals {
    fn drop(&mut self) {
        if self.ptr.is_null() {
            return;
        }
        // SAFETY: from alloc; nobody uses the array any more.
        let b = unsafe { Box::from_raw(core::ptr::slice_from_raw_parts_mut(self.ptr, self.size)) };
        let Some(f) = self.drop_value else { return };
        for l in &b {
            // SAFETY: nobody uses the array any more; each value is dropped once.
            unsafe {
                let x = *l.internal.private.get();
                if !x.is_nil() {
                    f(x);
                }
                while let Some(x) = l.internal.shared.pop_tail() {
                    f(x);
                }
            }
        }
    }
}

impl Pool {
    /// An empty pool. `new` makes a value when there is none; `drop_value` ends one.
    ///
    /// # Safety
    /// Values put into the pool may be used and dropped on any thread.
    pub const unsafe fn new(
        new: Option<unsafe fn() -> Eface>,
        drop_value: Option<unsafe fn(Eface)>,
    ) -> Self {
        Self {
            local: Pointer::null(),
            local_size: Uintptr::new(0),
            victim: Pointer::null(),
            victim_size: Uintptr::new(0),
            victim_len: Uintptr::new(0),
            retired: UnsafeCell::new(Vec::new()),
            new,
            drop_value,
        }
    }

    /// Adds `x` to the pool.
    ///
    /// # Safety
    /// On a user goroutine; the pool is never moved any more; `x` is now the pool's.
    ///
    /// Go (sync): pool.go:99 Put
    #[doc(alias = "Put")]
    pub unsafe fn put(&self, x: Eface) {
        // :100
        if x.is_nil() {
            return;
        }
        // SAFETY: pinned, so the cache is ours alone but for its tail.
        unsafe {
            entry!("Pool.Put", self.put(x)); // what the prologue does
            let (l, _) = self.pin(); // :111
            let private = (*l).internal.private.get();
            if (*private).is_nil() {
                *private = x;
            } else {
                (*l).internal.shared.push_head(x); // :115
            }
            sync_runtime_proc_unpin();
        }
    }

    /// Takes any value out of the pool; a new one, or nil if the pool cannot make one, if it has
    /// none.
    ///
    /// # Safety
    /// On a user goroutine; the pool is never moved any more.
    ///
    /// Go (sync): pool.go:131 Get
    #[doc(alias = "Get")]
    pub unsafe fn get(&self) -> Eface {
        // SAFETY: pinned, so the cache is ours alone but for its tail.
        unsafe {
            entry!("Pool.Get", self.get()); // :131 what the prologue does
            let (l, pid) = self.pin(); // :135
            let private = (*l).internal.private.get();
            let mut x = *private;
            *private = Eface::NIL;
            if x.is_nil() {
                // :139 our own head first: what was put last is warm
                x = (*l).internal.shared.pop_head().unwrap_or(Eface::NIL);
                if x.is_nil() {
                    x = self.get_slow(pid); // :144
                }
            }
            sync_runtime_proc_unpin();
            // :154
            if x.is_nil()
                && let Some(new) = self.new
            {
                x = new();
            }
            x
        }
    }

    /// Go (sync): pool.go:160 getSlow
    #[doc(alias = "getSlow")]
    #[cold]
    unsafe fn get_slow(&self, pid: i32) -> Eface {
        // SAFETY: pinned, so no array is freed; the tail of a cache is anybody's.
        unsafe {
            let pid = pid as usize;
            let mut size = self.local_size.load_acq(); // :162
            let mut locals = self.local.load_acq();
            // :165 steal from another P
            for i in 0..size {
                let l = index_local(locals, (pid + i + 1) % size);
                if let Some(x) = (*l).internal.shared.pop_tail() {
                    return x; // :168
                }
            }

            // :172 then the victims: last, as they are to age
            size = self.victim_size.load();
            if pid >= size {
                return Eface::NIL;
            }
            locals = self.victim.get(); // :179
            let l = index_local(locals, pid);
            let x = *(*l).internal.private.get();
            if !x.is_nil() {
                *(*l).internal.private.get() = Eface::NIL; // :182
                return x;
            }
            for i in 0..size {
                let l = index_local(locals, (pid + i) % size); // :186
                if let Some(x) = (*l).internal.shared.pop_tail() {
                    return x;
                }
            }

            // :192 nothing there: others need not look
            self.victim_size.store(0);

            Eface::NIL
        }
    }

    /// Pins the goroutine to its P and returns the P's cache and id. The caller must unpin.
    ///
    /// Go (sync): pool.go:202 pin
    #[inline]
    unsafe fn pin(&self) -> (*mut PoolLocal, i32) {
        // :206 a reference is not nil
        // SAFETY: on a goroutine.
        unsafe {
            let pid = sync_runtime_proc_pin(); // :210
            // :211 Stored in pin_slow in the other order, so `local` is at least as large as this
            // size.
            let s = self.local_size.load_acq();
            let l = self.local.load_acq();
            if (pid as usize) < s {
                return (index_local(l, pid as usize), pid); // :218
            }
            self.pin_slow()
        }
    }

    /// Go (sync): pool.go:223 pinSlow
    #[doc(alias = "pinSlow")]
    #[cold]
    unsafe fn pin_slow(&self) -> (*mut PoolLocal, i32) {
        // SAFETY: the lists and the array change under ALL_POOLS_MU and pinned.
        unsafe {
            // :224 a mutex cannot be locked while pinned
            sync_runtime_proc_unpin();
            ALL_POOLS_MU.lock();
            let pid = sync_runtime_proc_pin(); // :229
            // :230 no cleanup while pinned
            let s = self.local_size.get();
            let l = self.local.get();
            if (pid as usize) < s {
                ALL_POOLS_MU.unlock();
                return (index_local(l, pid as usize), pid); // :234
            }
            if self.local.get().is_null() {
                (*ALL_POOLS.get()).push(self); // :237
            }
            // :239 After a change of GOMAXPROCS the old array would be lost to the collector.
            // Others may be looking at it; it goes when the pool does.
            if !l.is_null() {
                (*self.retired.get()).push(Locals { ptr: l, size: s, drop_value: self.drop_value });
            }
            let size = gomaxprocs(); // :240
            let local = Locals::alloc(size);
            self.local.store(local); // :242
            self.local_size.store_rel(size);
            ALL_POOLS_MU.unlock(); // deferred at :228
            (index_local(local, pid as usize), pid)
        }
    }
}

/// What `runtime.GOMAXPROCS(0)` returns, read under the lock as there.
fn gomaxprocs() -> usize {
    // SAFETY: the lock is static.
    unsafe {
        // debug.go:21
        let sched = sched();
        lock(&raw mut (*sched).lock);
        let ret = GOMAXPROCS.get();
        unlock(&raw mut (*sched).lock);
        ret as usize
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.local.get().is_null() && self.victim.get().is_null() {
            return; // never used, or cleaned
        }
        // The lists refer to this pool, and only a goroutine can lock them.
        let this: *const Pool = self;
        let unlist = || {
            on_goroutine_for("drop of a Pool");
            // SAFETY: on a goroutine; the lists change under ALL_POOLS_MU and pinned.
            unsafe {
                ALL_POOLS_MU.lock();
                sync_runtime_proc_pin();
                (*ALL_POOLS.get()).retain(|&p| p != this);
                (*OLD_POOLS.get()).retain(|&p| p != this);
                sync_runtime_proc_unpin();
                ALL_POOLS_MU.unlock();
            }
        };
        if getg().is_null() {
            outside("drop of a Pool", unlist)
        } else {
            unlist()
        }
        let drop_value = self.drop_value;
        drop(Locals { ptr: self.local.get(), size: self.local_size.get(), drop_value });
        drop(Locals { ptr: self.victim.get(), size: self.victim_len.get(), drop_value });
    }
}

/// What [`pool_cleanup`] has taken out of the pools. Dropping it drops the values.
#[must_use = "the values are dropped with it: do that when the world runs again"]
pub struct Garbage(#[allow(dead_code)] Vec<Locals>);

/// Drops the victims of all pools, and makes victims of what they have: what Go does when a
/// collection begins. The values are in the result, as dropping them may need a world that runs.
///
/// # Safety
/// The world is stopped, so nobody is pinned.
///
/// Go (sync): pool.go:257 poolCleanup
#[doc(alias = "poolCleanup")]
pub unsafe fn pool_cleanup() -> Garbage {
    let mut garbage = Vec::new();
    // SAFETY: no user of a pool is in a pinned section, so the lists and the pools are ours.
    unsafe {
        // :264
        for &p in &*OLD_POOLS.get() {
            let p = &*p;
            garbage.push(Locals {
                ptr: p.victim.get(),
                size: p.victim_len.get(),
                drop_value: p.drop_value,
            });
            p.victim.set(core::ptr::null_mut());
            p.victim_size.set(0);
            p.victim_len.set(0);
        }

        // :270
        for &p in &*ALL_POOLS.get() {
            let p = &*p;
            p.victim.set(p.local.get());
            p.victim_size.set(p.local_size.get());
            p.victim_len.set(p.local_size.get());
            p.local.set(core::ptr::null_mut());
            p.local_size.set(0);
        }

        // :278 those with a primary cache now have victims, and none has a primary cache
        *OLD_POOLS.get() = core::mem::take(&mut *ALL_POOLS.get());
    }
    Garbage(garbage)
}

/// Stops the world for a [`pool_cleanup`], and drops what it has taken out. gort's own: called
/// twice, it empties all pools.
///
/// # Safety
/// On a user goroutine.
pub unsafe fn gc_pools() {
    // SAFETY: the world is stopped in between.
    let garbage = unsafe {
        let stw = stop_the_world_gc(StwReason::GCSweepTerm);
        let garbage = pool_cleanup();
        start_the_world_gc(stw);
        garbage
    };
    drop(garbage);
}

/// Guards [`ALL_POOLS`], together with pinning.
///
/// Go (sync): pool.go:284 allPoolsMu
static ALL_POOLS_MU: Mutex = Mutex::new();
/// Pools with a primary cache. Under `ALL_POOLS_MU` and pinned, or while the world is stopped.
///
/// Go (sync): pool.go:289 allPools
static ALL_POOLS: Global<Vec<*const Pool>> = Global::new(Vec::new());
/// Pools that may have victims. While the world is stopped; a pool that is dropped leaves it as it
/// leaves the other.
///
/// Go (sync): pool.go:293 oldPools
static OLD_POOLS: Global<Vec<*const Pool>> = Global::new(Vec::new());

/// Go (sync): pool.go:300 indexLocal
#[doc(alias = "indexLocal")]
#[inline]
fn index_local(l: *mut PoolLocal, i: usize) -> *mut PoolLocal {
    l.wrapping_add(i) // :301
}
