//! Go's lfstack.go and tagptr_64bit.go: lock-free stack.
//!
//! The head is one word: a node's address and a count of that node's pushes. `pop` reads
//! `node.next`, which may be stale by then: the node may have been popped, used and pushed again by
//! others. Its count has changed in that case, so the compare-and-swap fails. With 19 bits of count
//! that holds unless a node is pushed a multiple of 524,288 times between two instructions of one
//! thread.
//!
//! Nodes must never be unmapped: a late `pop` may still read them.

use gort_runtime2::atomic::Uint64;
#[cfg(not(loom))]
use gort_runtime2::linkname::{print_args, throw};
use gort_runtime2::{Lfnode, mutant};

#[cfg(loom)]
fn throw(s: &str) -> ! {
    panic!("{s}")
}
#[cfg(loom)]
fn print_args(_: core::fmt::Arguments<'_>) {}

/// Bits of an address.
///
/// Go: tagptr_64bit.go:29 addrBits
pub const ADDR_BITS: u32 = 48;
/// Bits of a tag: those that an address does not need at its top, and three more as nodes are
/// aligned to 8.
///
/// Go: tagptr_64bit.go:34 tagBits
pub const TAG_BITS: u32 = 64 - ADDR_BITS + 3;
/// Go: tagptr_64bit.go:53 taggedPointerBits
pub const TAGGED_POINTER_BITS: u32 = TAG_BITS;
/// The least number of tag bits that is good enough.
///
/// Go: tagptr.go:14 minTagBits
pub const MIN_TAG_BITS: u32 = 10;

const _: () = assert!(TAG_BITS >= MIN_TAG_BITS);

/// A pointer to something aligned to 8, with a tag.
///
/// Go: tagptr.go:11 taggedPointer
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct TaggedPointer(pub u64);

impl TaggedPointer {
    /// Packs; bits of the tag that do not fit are lost.
    ///
    /// Go: tagptr_64bit.go:57 taggedPointerPack
    #[doc(alias = "taggedPointerPack")]
    #[inline]
    pub fn pack<T>(ptr: *mut T, tag: usize) -> Self {
        // :58 aix and riscv64 are left out
        // :67
        Self(
            (ptr.expose_provenance() as u64) << (64 - ADDR_BITS)
                | (tag & ((1 << TAG_BITS) - 1)) as u64,
        )
    }

    /// The pointer.
    ///
    /// Go: tagptr_64bit.go:71 pointer
    #[inline]
    pub fn pointer<T>(self) -> *mut T {
        // :75 signed shift: on amd64 addresses may lie above the hole
        core::ptr::with_exposed_provenance_mut((self.0 as i64 >> TAG_BITS << 3) as usize)
    }

    /// The tag.
    ///
    /// Go: tagptr_64bit.go:87 tag
    #[inline]
    pub fn tag(self) -> usize {
        // :88
        (self.0 & ((1 << TAGGED_POINTER_BITS) - 1)) as usize
    }
}

/// The head of a lock-free stack of things that begin with an [`Lfnode`].
///
/// Go: lfstack.go:22 lfstack
#[derive(Default)]
#[repr(transparent)]
pub struct Lfstack(Uint64);

impl Lfstack {
    /// An empty stack.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self(Uint64::new(0))
    }

    /// Pushes a node.
    ///
    /// # Safety
    /// The node is in no stack, and its memory stays mapped for ever.
    ///
    /// Go: lfstack.go:24 push
    pub unsafe fn push(&self, node: *mut Lfnode) {
        // SAFETY: the caller's contract.
        unsafe {
            // :25
            if !mutant!("push does not count") {
                (*node).pushcnt.bump(1);
            }
            let new = lfstack_pack(node, (*node).pushcnt.get());
            let node1 = lfstack_unpack(new);
            if node1 != node {
                // :28
                print_args(format_args!(
                    "runtime: lfstack.push invalid packing: node={:#x} cnt={:#x} packed={:#x} -> node={:#x}\n",
                    node as usize,
                    (*node).pushcnt.get(),
                    new,
                    node1 as usize
                ));
                throw("lfstack.push");
            }
            // :31
            loop {
                let old = self.0.load();
                (*node).next.set(old); // :33
                if self.0.cas_weak(old, new) || mutant!("push does not try again") {
                    break;
                }
            }
        }
    }

    /// Takes the node pushed last; nil if there is none.
    ///
    /// # Safety
    /// All nodes that were ever pushed are still mapped.
    ///
    /// Go: lfstack.go:40 pop
    pub unsafe fn pop(&self) -> *mut Lfnode {
        // :41
        loop {
            let old = self.0.load();
            if old == 0 {
                return core::ptr::null_mut();
            }
            // :46
            let node = lfstack_unpack(old);
            // SAFETY: the node may be out of the stack by now, but it is mapped.
            let next = unsafe { (*node).next.load() };
            if self.0.cas_weak(old, next) || mutant!("pop does not try again") {
                // :49
                return node;
            }
        }
    }

    /// Whether there is no node, or was none a moment ago.
    ///
    /// Go: lfstack.go:54 empty
    pub fn empty(&self) -> bool {
        // :55
        self.0.load() == 0
    }
}

/// Checks that a node's address can be packed; to be called once, when it is allocated.
///
/// Go: lfstack.go:60 lfnodeValidate
#[doc(alias = "lfnodeValidate")]
pub fn lfnode_validate(node: *mut Lfnode) {
    // :61 no collected heap that it could be in
    if lfstack_unpack(lfstack_pack(node, !0)) != node {
        // :66
        print_args(format_args!("runtime: bad lfnode address {:#x}\n", node as usize));
        throw("bad lfnode address");
    }
}

/// Go: lfstack.go:71 lfstackPack
#[doc(alias = "lfstackPack")]
fn lfstack_pack(node: *mut Lfnode, cnt: usize) -> u64 {
    // :72
    TaggedPointer::pack(node, cnt).0
}

/// Go: lfstack.go:75 lfstackUnpack
#[doc(alias = "lfstackUnpack")]
fn lfstack_unpack(val: u64) -> *mut Lfnode {
    // :76
    TaggedPointer(val).pointer()
}
