//! Go's tracemap.go: a table that only grows, from data to numbers.

use crate::TraceRegionAlloc;
use gort_runtime2::atomic::{Pointer, Uint64};

/// Data and their numbers. Added to without locks; the same data have the same number.
///
/// Go: tracemap.go:26 traceMap
#[repr(C)]
#[derive(Default)]
pub struct TraceMap {
    root: Pointer<TraceMapNode>,
    pad0: Pad,
    seq: Uint64,
    pad1: Pad,
    /// The nodes' memory.
    pub mem: TraceRegionAlloc,
}

/// Keeps two fields on lines of their own.
#[repr(C)]
struct Pad([u8; 64]);

impl Default for Pad {
    fn default() -> Self {
        Self([0; 64])
    }
}

/// A node of a trie over the bits of a hash, two at each level. A node has a value of its own;
/// values with equal hashes hang below one another at child 0.
///
/// Go: tracemap.go:46 traceMapNode
#[repr(C)]
struct TraceMapNode {
    children: [Pointer<TraceMapNode>; 4],
    hash: u64,
    id: u64,
    data: *const u8,
    len: usize,
}

/// Eight bytes at a time, each multiplied and folded (Go has the hash of its maps here: any good
/// one will do, and it is not seen outside).
fn memhash(data: &[u8]) -> u64 {
    let mix = |h: u64, w: u64| {
        let p = u128::from(h ^ w).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        p as u64 ^ (p >> 64) as u64
    };
    let mut h = mix(0xcbf2_9ce4_8422_2325, data.len() as u64);
    let mut words = data.chunks_exact(8);
    for w in &mut words {
        let mut b = [0; 8];
        b.copy_from_slice(w);
        h = mix(h, u64::from_le_bytes(b));
    }
    let mut rest = [0; 8];
    rest[..words.remainder().len()].copy_from_slice(words.remainder());
    h = mix(h, u64::from_le_bytes(rest));
    mix(h, 0x2545_f491_4f6c_dd1d)
}

impl TraceMap {
    /// A number that the table gives to nothing else.
    ///
    /// # Safety
    /// `this` is valid.
    ///
    /// Go: tracemap.go:57 stealID
    #[doc(alias = "stealID")]
    pub unsafe fn steal_id(this: *mut Self) -> u64 {
        // :58
        // SAFETY: the caller's contract.
        unsafe { (*this).seq.add(1) }
    }

    /// The number of `data`, of which the table makes a copy, and whether they are new.
    ///
    /// # Safety
    /// Nobody resets the table meanwhile.
    ///
    /// Go: tracemap.go:67 put
    pub unsafe fn put(this: *mut Self, data: &[u8]) -> (u64, bool) {
        // SAFETY: nodes are published whole, and live until the reset.
        unsafe {
            // :68
            if data.is_empty() {
                return (0, false);
            }
            let hash = memhash(data);

            // :73
            let mut new_node: *mut TraceMapNode = core::ptr::null_mut();
            let mut m: *const Pointer<TraceMapNode> = &raw const (*this).root;
            let mut hash_iter = hash;
            loop {
                let mut n = (*m).load();
                if n.is_null() {
                    // :94 made once; thrown away if another thread has added the same data
                    if new_node.is_null() {
                        new_node = Self::new_trace_map_node(this, data, hash, (*this).seq.add(1));
                    }
                    if (*m).cas(core::ptr::null_mut(), new_node) {
                        return ((*new_node).id, true);
                    }
                    // :103 stored once only, so it is not nil any more
                    n = (*m).load();
                }
                // :105
                if (*n).hash == hash
                    && (*n).len == data.len()
                    && core::slice::from_raw_parts((*n).data, (*n).len) == data
                {
                    return ((*n).id, false);
                }
                // :110
                m = &raw const (*n).children[(hash_iter >> 62) as usize];
                hash_iter <<= 2;
            }
        }
    }

    /// Go: tracemap.go:115 newTraceMapNode
    #[doc(alias = "newTraceMapNode")]
    unsafe fn new_trace_map_node(
        this: *mut Self,
        data: &[u8],
        hash: u64,
        id: u64,
    ) -> *mut TraceMapNode {
        // SAFETY: new memory, large enough.
        unsafe {
            // :117
            let mem = &raw mut (*this).mem;
            let copy = TraceRegionAlloc::alloc(mem, data.len());
            core::ptr::copy_nonoverlapping(data.as_ptr(), copy, data.len());

            // :125
            let meta: *mut TraceMapNode =
                TraceRegionAlloc::alloc(mem, size_of::<TraceMapNode>()).cast();
            meta.write(TraceMapNode {
                children: core::array::from_fn(|_| Pointer::default()),
                hash,
                id,
                data: copy,
                len: data.len(),
            });
            meta
        }
    }

    /// Calls `f` with all numbers and data.
    ///
    /// # Safety
    /// Nobody resets the table meanwhile. What is added meanwhile may be missed.
    pub unsafe fn for_each(this: *const Self, f: &mut dyn FnMut(u64, &[u8])) {
        unsafe fn visit(n: *const TraceMapNode, f: &mut dyn FnMut(u64, &[u8])) {
            // SAFETY: nodes are published whole, and live until the reset.
            unsafe {
                if n.is_null() {
                    return;
                }
                f((*n).id, core::slice::from_raw_parts((*n).data, (*n).len));
                for c in &(*n).children {
                    visit(c.load(), f);
                }
            }
        }
        // SAFETY: the caller's contract.
        unsafe { visit((*this).root.load(), f) }
    }

    /// Empties the table.
    ///
    /// # Safety
    /// Nobody uses it meanwhile.
    ///
    /// Go: tracemap.go:136 reset
    pub unsafe fn reset(this: *mut Self) {
        // SAFETY: the caller's contract.
        unsafe {
            // :137
            (*this).root.store(core::ptr::null_mut());
            (*this).seq.store(0);
            TraceRegionAlloc::drop_all(&raw mut (*this).mem);
        }
    }
}
