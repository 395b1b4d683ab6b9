//! Go's traceregion.go: memory that is freed all at once.

use crate::alloc::{sys_alloc, sys_free};
use crate::throw;
use gort_lock_futex::{lock, unlock};
use gort_runtime2::Mutex;
use gort_runtime2::atomic::{Bool, Pointer, Uintptr};

/// Memory that threads take pieces of without a lock, and that is freed all at once.
///
/// Go: traceregion.go:17 traceRegionAlloc
#[repr(C)]
#[derive(Default)]
pub struct TraceRegionAlloc {
    /// Held while a block is added.
    pub lock: Mutex,
    /// It is being freed: to find misuse.
    pub dropping: Bool,
    /// The block that pieces are taken from.
    pub current: Pointer<TraceRegionAllocBlock>,
    /// The blocks before it. Under `lock`.
    pub full: Pointer<TraceRegionAllocBlock>,
}

/// A block of it.
///
/// Go: traceregion.go:29 traceRegionAllocBlock
#[repr(C)]
pub struct TraceRegionAllocBlock {
    /// Next in `full`.
    next: *mut TraceRegionAllocBlock,
    /// Bytes that have been taken.
    off: Uintptr,
    /// The pieces.
    data: [u8; TRACE_REGION_ALLOC_BLOCK_DATA],
}

/// Go: traceregion.go:40 traceRegionAllocBlockData
pub const TRACE_REGION_ALLOC_BLOCK_DATA: usize = (64 << 10) - 16;

impl TraceRegionAlloc {
    /// `n` bytes, aligned to 8.
    ///
    /// # Safety
    /// Nobody frees the region meanwhile.
    ///
    /// Go: traceregion.go:43 alloc
    pub unsafe fn alloc(this: *mut Self, n: usize) -> *mut u8 {
        // SAFETY: a block is published when it is whole, and freed by `drop_all` only.
        unsafe {
            // :44
            let n = (n + 7) & !7;
            if n > TRACE_REGION_ALLOC_BLOCK_DATA {
                throw("traceRegion: alloc too large");
            }
            // :48
            if (*this).dropping.load() {
                throw("traceRegion: alloc with concurrent drop");
            }

            // :53
            let piece = |block: *mut TraceRegionAllocBlock| {
                let r = (*block).off.add(n);
                if r <= TRACE_REGION_ALLOC_BLOCK_DATA {
                    (&raw mut (*block).data).cast::<u8>().add(r - n)
                } else {
                    core::ptr::null_mut()
                }
            };
            let mut block = (*this).current.load();
            if !block.is_null() {
                let p = piece(block);
                if !p.is_null() {
                    return p;
                }
            }

            // :62
            lock(&raw mut (*this).lock);

            // :66 somebody may have been faster
            block = (*this).current.load();
            if !block.is_null() {
                let p = piece(block);
                if !p.is_null() {
                    unlock(&raw mut (*this).lock);
                    return p;
                }

                // :75
                (*block).next = (*this).full.get();
                (*this).full.set(block);
            }

            // :80
            block = sys_alloc(size_of::<TraceRegionAllocBlock>()).cast();
            if block.is_null() {
                throw("traceRegion: out of memory");
            }
            #[cfg(loom)]
            core::ptr::write(&raw mut (*block).off, Uintptr::new(0));

            // :87
            (*block).off.store(n);
            let x = (&raw mut (*block).data).cast::<u8>();

            // :91
            (*this).current.store(block);
            unlock(&raw mut (*this).lock);
            x
        }
    }

    /// Frees all of it.
    ///
    /// # Safety
    /// Nobody uses it, or any piece of it, any more.
    ///
    /// Go: traceregion.go:100 drop
    #[doc(alias = "drop")]
    pub unsafe fn drop_all(this: *mut Self) {
        // SAFETY: the caller's contract.
        unsafe {
            // :101
            (*this).dropping.store(true);
            while !(*this).full.get().is_null() {
                let block = (*this).full.get();
                (*this).full.set((*block).next);
                sys_free(block.cast(), size_of::<TraceRegionAllocBlock>());
            }
            // :107
            let current = (*this).current.load();
            if !current.is_null() {
                sys_free(current.cast(), size_of::<TraceRegionAllocBlock>());
                (*this).current.store(core::ptr::null_mut());
            }
            // :111
            (*this).dropping.store(false);
        }
    }
}
