//! Where stacks get their address space from: the part of mheap.go that stack.go needs.
//!
//! Address space is mapped in arenas of 64 MiB, next to one another if the kernel lets us, and cut
//! into spans: runs of memory that hold stacks of one size. A span that is free again goes on a
//! list of its size and gives its memory back at once; its addresses stay ours, so an address can
//! always be traced to its span without a lock. That is what lets a signal handler tell a stack
//! overflow from any other fault ([`stack_of`]).
//!
//! The guard of a stack is its own low end ([`guard_size`]) and what lies below it up to the next
//! stack, 64 KiB together ([`MAX_GUARD`]); of large stacks it is their own lowest 64 KiB. On Linux
//! 6.13 and later it is a guard region, which costs neither a mapping nor memory; elsewhere it is
//! `mprotect`ed, which splits the mapping: two per stack.

use crate::pool::{Managed, Native, Pool};
use crate::{sys, valgrind};
use core::ptr::null_mut;
use gort_lock_futex::{lock, lock_init, lock_with_rank_may_acquire, unlock};
use gort_print::print;
use gort_runtime2::atomic::{Pointer, Uint8, Uintptr};
use gort_runtime2::linkname::throw;
use gort_runtime2::{Global, LOCK_RANK_MHEAP, Mutex, NUM_STACK_POOLS, Stack};

/// Bytes of a page.
///
/// Go: malloc.go:120 _PageSize
pub const PAGE_SIZE: usize = 1 << PAGE_SHIFT;
/// log2 of [`PAGE_SIZE`]. Go's heap counts in pages of 8 KiB; here a page is what the processor
/// calls one.
///
/// Go: malloc.go:117 pageShift
pub const PAGE_SHIFT: usize = 12;
/// Bytes of a stack's guard in all, if the stack has 256 KiB or more: a frame that is not larger
/// cannot step over it unseen, also in code that does not touch each page of a frame (C without
/// `-fstack-clash-protection`). Smaller ones have a quarter of their size.
pub const MAX_GUARD: usize = 64 << 10;
/// Bytes at the low end of a stack of the default size that fault when they are touched; as many
/// below it do so, too.
pub const GUARD_SIZE: usize = guard_size(crate::DEFAULT_STACK_SIZE);
/// From this size on the whole guard lies inside of the stack.
const GUARD_INSIDE: usize = 512 << 10;

/// Bytes at the low end of a stack of `size` bytes that fault when they are touched.
#[inline]
pub const fn guard_size(size: usize) -> usize {
    if size >= GUARD_INSIDE {
        MAX_GUARD
    } else if size >= MIN_PADDED {
        size / 8
    } else {
        PAGE_SIZE
    }
}

/// Bits of a user address.
const ADDR_BITS: usize = 47;
/// log2 of an arena's size.
const ARENA_SHIFT: usize = 26;
/// Bytes mapped at once, at least; also their alignment.
const ARENA_SIZE: usize = 1 << ARENA_SHIFT;
/// log2 of the smallest span of native stacks.
const MIN_SPAN_SHIFT: usize = 18;
/// The same of managed ones.
const MANAGED_SPAN_SHIFT: usize = 15;
/// Where arenas start if the place is free: the address that Go programs are known by.
const ARENA_HINT: usize = 0xc0_0000_0000;
/// The same for the stacks of managed code.
const MANAGED_HINT: usize = 0x100_0000_0000;

/// The states of a span.
pub(crate) const SPAN_DEAD: u8 = 0;
/// Holds stacks.
///
/// Go: mheap.go:355 mSpanManual
pub(crate) const SPAN_MANUAL: u8 = 2;

/// A run of memory that holds stacks of one size.
///
/// Go: mheap.go:395 mspan
pub(crate) struct MSpan {
    /// Next in its list.
    pub next: *mut MSpan,
    /// Previous in its list.
    pub prev: *mut MSpan,
    /// The list it is in.
    pub list: *mut MSpanList,
    /// Its address.
    start_addr: usize,
    /// Its length in pages.
    pub npages: usize,
    /// First free stack, 0 if there is none.
    pub manual_free_list: usize,
    /// Stacks handed out.
    pub alloc_count: usize,
    /// SPAN_MANUAL or SPAN_DEAD; read by signal handlers.
    pub state: Uint8,
    /// Bytes of a stack; read by signal handlers.
    pub elemsize: Uintptr,
    /// The size that its guard pages are laid out for; 0 if there are none.
    guarded: usize,
    /// Some of them by `mprotect`.
    protected: bool,
    /// Its stacks are to have guards: it is of native code's heap. Never changes.
    pub guards: bool,
    /// For each stack the next one in its free list; none if they have no guards. Kept here and not
    /// in the free stacks themselves, so that a stack that was never used has no memory at all.
    links: *mut usize,
    /// Slots of `links`.
    nlinks: usize,
    /// Under valgrind only: the ids of the stacks, so that they can be taken back.
    valgrind: Vec<usize>,
}

impl MSpan {
    /// Go: mheap.go:491 base
    pub(crate) fn base(&self) -> usize {
        self.start_addr // :492
    }
}

/// The smallest stacks between which pages are left free.
const MIN_PADDED: usize = 64 << 10;
/// Bytes of a span that stay free at least, so that spans can begin differently.
const SLACK: usize = 8 * PAGE_SIZE;

/// Where the stacks of a span are. gort's own: Go's stacks fill their span.
///
/// A processor looks a page up in a set of its TLB that the low bits of the page's number choose.
/// Were stacks a power of two apart, the tops of all of them, which is what goroutines use, would
/// compete for a few sets and miss with a hundred goroutines. So the smallest stacks, those of
/// nearly all goroutines, are some pages more apart than their size, and the first one of a span
/// begins another page later than that of the span before. See docs/performance.md.
pub(crate) struct Layout {
    /// Address of the first.
    pub first: usize,
    /// Bytes from one to the next.
    pub stride: usize,
    /// Bytes below each that belong to its guard.
    pub below: usize,
    /// How many there are.
    pub n: usize,
}

impl Layout {
    /// The layout for stacks of `elemsize` bytes, not 0, in the span `s`.
    pub(crate) fn of(s: &MSpan, elemsize: usize) -> Self {
        let bytes = s.npages << PAGE_SHIFT;
        if elemsize < MIN_PADDED || bytes / elemsize < 16 {
            return Self { first: s.base(), stride: elemsize, below: 0, n: bytes / elemsize };
        }
        // What lies in between is guard: half of it, of the smaller ones. More would mean fewer
        // stacks for each page of page tables.
        let below = if elemsize < GUARD_INSIDE { guard_size(elemsize) } else { PAGE_SIZE };
        let stride = elemsize + below;
        let n = (bytes - SLACK) / stride;
        let phases = ((bytes - n * stride) >> PAGE_SHIFT) + 1;
        Self {
            first: s.base() + below + ((s.base() / bytes % phases) << PAGE_SHIFT),
            stride,
            below,
            n,
        }
    }

    /// Their addresses.
    pub(crate) fn stacks(self) -> impl Iterator<Item = usize> {
        (0..self.n).map(move |i| self.first + i * self.stride)
    }
}

/// A list of spans.
///
/// Go: mheap.go:389 mSpanList
pub(crate) struct MSpanList {
    pub first: *mut MSpan,
    pub last: *mut MSpan,
}

impl MSpanList {
    /// # Safety
    /// Nobody else may use the list.
    ///
    /// Go: mheap.go:1724 init
    pub(crate) unsafe fn init(list: *mut Self) {
        // SAFETY: the caller owns the list.
        unsafe {
            (*list).first = null_mut(); // :1725
            (*list).last = null_mut();
        }
    }

    /// # Safety
    /// The caller holds the lock that guards the list; `span` is alive.
    ///
    /// Go: mheap.go:1729 remove
    pub(crate) unsafe fn remove(list: *mut Self, span: *mut MSpan) {
        // SAFETY: the lock makes list and members ours.
        unsafe {
            // :1730
            if (*span).list != list {
                print!(
                    "runtime: failed mSpanList.remove span.npages={} span={:p} prev={:p} span.list={:p} list={:p}\n",
                    (*span).npages,
                    span,
                    (*span).prev,
                    (*span).list,
                    list
                );
                throw("mSpanList.remove");
            }
            // :1735
            if (*list).first == span {
                (*list).first = (*span).next;
            } else {
                (*(*span).prev).next = (*span).next;
            }
            // :1740
            if (*list).last == span {
                (*list).last = (*span).prev;
            } else {
                (*(*span).next).prev = (*span).prev;
            }
            // :1745
            (*span).next = null_mut();
            (*span).prev = null_mut();
            (*span).list = null_mut();
        }
    }

    /// # Safety
    /// The caller holds the lock that guards the list.
    ///
    /// Go: mheap.go:1750 isEmpty
    pub(crate) unsafe fn is_empty(list: *mut Self) -> bool {
        // SAFETY: the lock makes the list ours.
        unsafe { (*list).first.is_null() } // :1751
    }

    /// # Safety
    /// The caller holds the lock that guards the list; `span` is alive.
    ///
    /// Go: mheap.go:1754 insert
    pub(crate) unsafe fn insert(list: *mut Self, span: *mut MSpan) {
        // SAFETY: the lock makes list and members ours.
        unsafe {
            // :1755
            if !(*span).next.is_null() || !(*span).prev.is_null() || !(*span).list.is_null() {
                print!(
                    "runtime: failed mSpanList.insert {:p} {:p} {:p} {:p}\n",
                    span,
                    (*span).next,
                    (*span).prev,
                    (*span).list
                );
                throw("mSpanList.insert");
            }
            // :1759
            (*span).next = (*list).first;
            if !(*list).first.is_null() {
                (*(*list).first).prev = span;
            } else {
                (*list).last = span;
            }
            // :1768
            (*list).first = span;
            (*span).list = list;
        }
    }
}

/// What is left of Go's page heap.
///
/// Go: mheap.go:61 mheap
struct MHeap {
    /// Guards all of it.
    lock: Mutex,
    /// Free spans by log2 of their pages.
    free: [MSpanList; ADDR_BITS - PAGE_SHIFT],
    /// The unused rest of the newest arena.
    cur_base: usize,
    /// Its end.
    cur_end: usize,
    /// Bytes mapped so far.
    in_use: Uintptr,
}

// SAFETY: null pointers, zero integers and an unlocked lock are a valid (not yet initialised) heap.
static MHEAP: Global<[MHeap; NUM_STACK_POOLS]> = Global::new(unsafe { core::mem::zeroed() });

/// The heap of one kind of stack.
#[inline(always)]
fn mheap<K: Pool>() -> *mut MHeap {
    MHEAP.get().cast::<MHeap>().wrapping_add(K::INDEX)
}

/// The spans of all arenas: for each arena by its address a table of spans by theirs, in steps of
/// the smallest. In arenas of managed stacks the steps are smaller, which the table's address says
/// with a lowest bit of 1. Lock-free readers: entries are set once and never cleared.
///
/// Go: mheap.go:147 arenas
static ARENAS: [Pointer<Pointer<MSpan>>; 1 << (ADDR_BITS - ARENA_SHIFT)] =
    [const { Pointer::null() }; 1 << (ADDR_BITS - ARENA_SHIFT)];

/// log2 of the smallest span of a heap.
const fn span_shift(guarded: bool) -> usize {
    if guarded { MIN_SPAN_SHIFT } else { MANAGED_SPAN_SHIFT }
}

/// The slot for the address `p` in a table of [`ARENAS`], not nil.
#[inline(always)]
fn slot(table: *mut Pointer<MSpan>, p: usize) -> *const Pointer<MSpan> {
    let managed = table.addr() & 1;
    let shift = span_shift(managed == 0);
    table.wrapping_byte_sub(managed).wrapping_add((p & (ARENA_SIZE - 1)) >> shift)
}

/// Whether guard regions work here: 0 not known yet, 1 yes, 2 no.
static GUARD_REGIONS: Uint8 = Uint8::new(0);

/// Makes guard pages with `mprotect` even where the kernel has guard regions: for tests of that
/// path. Before `stackinit`.
pub fn use_mprotect_guards() {
    GUARD_REGIONS.set(2);
}

/// # Safety
/// Once, before any other function of this module.
///
/// Go: mheap.go:739 init
pub(crate) unsafe fn mheap_init() {
    // SAFETY: the caller's contract.
    unsafe {
        mheap_init_one(mheap::<Native>());
        mheap_init_one(mheap::<Managed>());
    }
}

/// # Safety
/// As there.
///
/// Go: mheap.go:739 init
unsafe fn mheap_init_one(h: *mut MHeap) {
    // SAFETY: nobody else runs yet.
    unsafe {
        lock_init(&raw mut (*h).lock, LOCK_RANK_MHEAP); // :740
        for i in 0..(ADDR_BITS - PAGE_SHIFT) {
            MSpanList::init(&raw mut (*h).free[i]);
        }
    }
}

/// In debug builds: tells the lock ranks that the heap's lock may be taken here.
pub(crate) fn may_acquire_mheap_lock() {
    // SAFETY: the lock is a static; only its address is looked at.
    unsafe { lock_with_rank_may_acquire(&raw mut (*mheap::<Native>()).lock, LOCK_RANK_MHEAP) }
}

/// The span that `p` lies in; nil if it is none of ours. Takes no lock and may run in a signal
/// handler.
///
/// Go: mheap.go:704 spanOfUnchecked
pub(crate) fn span_of(p: usize) -> *mut MSpan {
    if p >> ADDR_BITS != 0 {
        return null_mut();
    }
    let a = ARENAS[p >> ARENA_SHIFT].load_acq(); // :705
    if a.is_null() {
        return null_mut();
    }
    // SAFETY: an arena's table is never freed; its slots are atomics.
    unsafe { (*slot(a, p)).load_acq() } // :706
}

/// The stack that `addr` belongs to, and whether `addr` is in its guard. Takes no lock and may run
/// in a signal handler.
pub fn stack_of(addr: usize) -> Option<(Stack, bool)> {
    let s = span_of(addr);
    if s.is_null() {
        return None;
    }
    // SAFETY: spans are never freed, and the fields read here are atomics or never change.
    unsafe {
        let n = (*s).elemsize.load_acq();
        if (*s).state.load_acq() != SPAN_MANUAL || n == 0 {
            return None;
        }
        let at = Layout::of(&*s, n);
        let i = addr.checked_sub(at.first - at.below)? / at.stride;
        let lo = at.first + i * at.stride;
        let guard = if (*s).guards { guard_size(n) } else { 0 };
        (i < at.n && addr < lo + n).then_some((Stack { lo, hi: lo + n }, addr < lo + guard))
    }
}

/// The link word of the free stack at `x`.
///
/// # Safety
/// `x` is a stack of a pooled span that the caller owns (free, and under the lock of its list, or
/// its own).
#[inline]
pub(crate) unsafe fn link_of(x: usize) -> *mut usize {
    // SAFETY: the caller's contract; elemsize is not 0 in a span that holds stacks.
    unsafe {
        let s = span_of(x);
        let at = Layout::of(&*s, (*s).elemsize.get());
        (*s).links.add((x - at.first) / at.stride)
    }
}

/// A span of `npages` pages, or nil. What it holds is unspecified; in particular it may still have
/// the guard pages of its last use.
///
/// # Safety
/// On a system stack. `npages` is a power of two and at least a smallest span.
///
/// Go: mheap.go:984 allocManual
pub(crate) unsafe fn alloc_manual<K: Pool>(npages: usize) -> *mut MSpan {
    // SAFETY: the heap is used under its lock only.
    unsafe {
        let h = mheap::<K>();
        lock(&raw mut (*h).lock);
        let free = &raw mut (*h).free[npages.trailing_zeros() as usize];
        let mut s = (*free).first;
        if !s.is_null() {
            MSpanList::remove(free, s);
        } else {
            s = grow::<K>(h, npages);
        }
        unlock(&raw mut (*h).lock);
        if !s.is_null() {
            (*s).manual_free_list = 0;
            (*s).alloc_count = 0;
            (*s).state.store_rel(SPAN_MANUAL);
        }
        s
    }
}

/// Cuts a new span off the current arena, or off a new one.
///
/// # Safety
/// The caller holds the heap's lock.
///
/// Go: mheap.go:1470 grow
unsafe fn grow<K: Pool>(h: *mut MHeap, npages: usize) -> *mut MSpan {
    // SAFETY: under the lock; the tables reached from ARENAS are never freed.
    unsafe {
        let ask = npages << PAGE_SHIFT; // :1478
        // :1485
        if (*h).cur_end - (*h).cur_base < ask {
            let asize = ask.next_multiple_of(ARENA_SIZE);
            let av = sys_alloc::<K>((*h).cur_end, asize); // :1489
            if av == 0 {
                // :1492
                print!(
                    "runtime: out of memory: cannot allocate {}-byte block ({} in use)\n",
                    ask,
                    (*h).in_use.load()
                );
                return null_mut();
            }
            (*h).in_use.add(asize);
            // :1496
            if av != (*h).cur_end {
                (*h).cur_base = av;
            }
            (*h).cur_end = av + asize;
        }
        let base = (*h).cur_base; // :1531
        (*h).cur_base += ask;

        let nlinks = if K::GUARDED { K::cache_size() / K::fixed() } else { 0 };
        let s = Box::leak(Box::new(MSpan {
            next: null_mut(),
            prev: null_mut(),
            list: null_mut(),
            start_addr: base,
            npages,
            manual_free_list: 0,
            alloc_count: 0,
            state: Uint8::new(SPAN_DEAD),
            elemsize: Uintptr::new(0),
            guarded: 0,
            protected: false,
            guards: K::GUARDED,
            links: Box::leak(vec![0usize; nlinks].into_boxed_slice()).as_mut_ptr(),
            nlinks,
            valgrind: Vec::new(),
        }));
        let s: *mut MSpan = s;
        // Make it findable: mheap.go:993 setSpans.
        let mut p = base;
        while p < base + ask {
            let arena = &ARENAS[p >> ARENA_SHIFT];
            let mut a = arena.load_acq();
            if a.is_null() {
                let n = ARENA_SIZE >> span_shift(K::GUARDED);
                let table: Box<[Pointer<MSpan>]> = (0..n).map(|_| Pointer::null()).collect();
                a = Box::leak(table).as_mut_ptr().wrapping_byte_add(usize::from(!K::GUARDED));
                arena.store_rel(a);
            }
            (*slot(a, p)).store_rel(s);
            p += 1 << span_shift(K::GUARDED);
        }
        s
    }
}

/// Maps `n` bytes (a multiple of the arena size) at an arena boundary, right after `after` if
/// possible. 0 if there is no more.
///
/// Go: malloc.go:637 sysAlloc
fn sys_alloc<K: Pool>(after: usize, n: usize) -> usize {
    // :640 `n` is a multiple already
    // :642 nothing is reserved beforehand
    // :656 one hint, the end of the last arena; it grows upwards only
    let first = if K::GUARDED { ARENA_HINT } else { MANAGED_HINT };
    let hint = if after == 0 { first } else { after };
    // :669 reserved and mapped at once, which Go's callers do in two steps
    let mut v = sys::mmap(hint, n);
    // SAFETY: all ranges that are unmapped or advised below were mapped right here.
    unsafe {
        // :671 any arena boundary will do, not only the hint's
        // :686
        if v > 0 && v as usize & (ARENA_SIZE - 1) != 0 {
            // :694 no race detector
            // :705 the kernel chose a place of its own: take more and cut it at arena boundaries.
            sys::munmap(v as usize, n);
            v = sys::mmap(0, n + ARENA_SIZE);
            if v > 0 {
                let (p, end) = (v as usize, v as usize + n + ARENA_SIZE);
                let lo = p.next_multiple_of(ARENA_SIZE);
                if lo > p {
                    sys::munmap(p, lo - p);
                }
                if end > lo + n {
                    sys::munmap(lo + n, end - lo - n);
                }
                v = lo as isize;
            }
            // :711 the next hint is where this arena ends: the caller notes it
        }
        // mem_linux.go:29 Its limit counts what mlockall(MCL_FUTURE) would lock.
        if v == -(libc::EAGAIN as isize) {
            print!("runtime: mmap: too much locked memory (check 'ulimit -l').\n");
            gort_os_linux::exit(2);
        }
        // :706 earlier there, with the following:
        // :723 an end beyond all addresses,
        // :727 or beyond the usable ones; where Go throws this says that there is no more
        if v <= 0 || (v as usize + n) >> ADDR_BITS != 0 {
            return 0;
        }
        // :738 aligned by now
        // :744 `grow` makes the table of the arena's spans
        // :762 A huge page would commit 2 MiB, eight stacks' worth, at the first touch. Fails
        // harmlessly on kernels without huge pages. Stacks of managed code lie next to one another,
        // and use what is committed.
        if K::GUARDED {
            sys::madvise(v as usize, n, libc::MADV_NOHUGEPAGE as usize);
        }
        // :780 arenas are found by address only
        // After mlockall(MCL_FUTURE): all of it would get memory as soon as it may be touched. What
        // a stack has touched stays in memory, which is what was asked for.
        let locked = sys::madvise(v as usize, PAGE_SIZE, libc::MADV_DONTNEED as usize) == EINVAL;
        if locked {
            sys::munlock(v as usize, n);
        }
        let r = sys::mprotect(v as usize, n, libc::PROT_READ | libc::PROT_WRITE);
        if r != 0 {
            // mem_linux.go:167 The addresses are not the problem: Go finds out when it maps what it
            // has reserved.
            throw("runtime: out of memory");
        }
        // What the probe finds holds for the life of the process.
        if GUARD_REGIONS.get() == 0 {
            let ok = sys::madvise(v as usize, GUARD_SIZE, sys::MADV_GUARD_INSTALL) == 0
                && sys::madvise(v as usize, GUARD_SIZE, sys::MADV_GUARD_REMOVE) == 0;
            GUARD_REGIONS.set(if ok { 1 } else { 2 });
        }
        if locked {
            sys::mlock_onfault(v as usize, n);
        }
    }
    // :810 no race detector
    v as usize // :814
}

/// Takes a span back: its memory goes back to the system, its addresses wait for the next use.
///
/// # Safety
/// On a system stack. Nothing uses the span any more, and it is in no list.
///
/// Go: mheap.go:1595 freeManual
pub(crate) unsafe fn free_manual<K: Pool>(s: *mut MSpan) {
    // SAFETY: the span is ours until it is in the heap's list, which its lock guards.
    unsafe {
        let h = mheap::<K>();
        (*s).state.store_rel(SPAN_DEAD);
        release((*s).base(), (*s).npages << PAGE_SHIFT);
        lock(&raw mut (*h).lock); // :1606
        MSpanList::insert(&raw mut (*h).free[(*s).npages.trailing_zeros() as usize], s); // :1607
        unlock(&raw mut (*h).lock);
    }
}

/// Lays out guard pages for stacks of `elemsize` bytes, unless those of the span's last use fit.
///
/// # Safety
/// The span is the caller's; `elemsize` divides its length.
///
/// Go: os_nonopenbsd.go:11 osStackAlloc
pub(crate) unsafe fn os_stack_alloc<K: Pool>(s: *mut MSpan, elemsize: usize) {
    // SAFETY: advice and protection concern the caller's own span.
    unsafe {
        (*s).elemsize.store_rel(elemsize); // stack.go:210
        if !K::GUARDED {
            register_with_valgrind(s, elemsize);
            return;
        }
        if (*s).guarded == elemsize {
            return;
        }
        let (base, n) = ((*s).base(), (*s).npages << PAGE_SHIFT);
        let regions = GUARD_REGIONS.get() == 1;
        // A span whose guard pages are for another size loses them first.
        if (*s).guarded != 0 {
            if regions {
                sys::madvise(base, n, sys::MADV_GUARD_REMOVE);
            }
            if !regions || (*s).protected {
                sys::mprotect(base, n, libc::PROT_READ | libc::PROT_WRITE);
                (*s).protected = false;
            }
        }
        let below = Layout::of(&*s, elemsize).below;
        let len = below + guard_size(elemsize);
        let mut locked = false;
        for p in Layout::of(&*s, elemsize).stacks().map(|p| p - below) {
            let mut r = 0;
            if regions {
                r = sys::madvise(p, len, sys::MADV_GUARD_INSTALL);
                // The kernel makes no guard regions in locked memory, but keeps those that are
                // there.
                if r == EINVAL && !locked {
                    locked = true;
                    sys::munlock(base, n);
                    r = sys::madvise(p, len, sys::MADV_GUARD_INSTALL);
                }
            }
            // Or there is no such thing here, for whatever reason: the old means works always.
            if !regions || r == EINVAL {
                r = sys::mprotect(p, len, libc::PROT_NONE);
                (*s).protected = true;
            }
            if r != 0 {
                print!("runtime: cannot make the guard page of a goroutine stack, errno={}\n", -r);
                if -r == libc::ENOMEM as isize {
                    print!(
                        "runtime: too many goroutine stacks for this kernel (see vm.max_map_count)\n"
                    );
                }
                throw("out of memory");
            }
        }
        if locked {
            sys::mlock_onfault(base, n);
        }
        (*s).guarded = elemsize;
        register_with_valgrind(s, elemsize);
        debug_assert!(Layout::of(&*s, elemsize).n <= (*s).nlinks);
    }
}

/// Under valgrind: tells it of the stacks of a span, in the place of those that it has had.
///
/// # Safety
/// The span is the caller's.
unsafe fn register_with_valgrind(s: *mut MSpan, elemsize: usize) {
    if valgrind::running() {
        // SAFETY: the caller's contract.
        unsafe {
            let ids = &mut (*s).valgrind;
            ids.drain(..).for_each(valgrind::deregister);
            ids.extend(
                Layout::of(&*s, elemsize).stacks().map(|p| valgrind::register(p, p + elemsize)),
            );
        }
    }
}

/// Nothing to undo: the guard pages may fit the span's next use.
///
/// Go: os_nonopenbsd.go:16 osStackFree
pub(crate) fn os_stack_free(_s: *mut MSpan) {}

/// Gives the memory of a stack back, but for its top page, which the next goroutine needs first.
///
/// For stacks that leave a P's cache: one system call of about 0.4 µs if there is nothing to give
/// back. A stack that is reused by the same P keeps what it has, as touching a page again costs
/// several times more than that.
///
/// # Safety
/// Nothing on the stack is needed any more, below its top page.
pub unsafe fn stack_release_deep(stk: Stack) {
    // SAFETY: the caller gives the contents up.
    unsafe {
        let (lo, hi) = (stk.lo + guard_size(stk.hi - stk.lo), stk.hi - PAGE_SIZE);
        if lo < hi {
            release(lo, hi - lo);
        }
    }
}

const EINVAL: isize = -(libc::EINVAL as isize);

/// Gives memory back, if the kernel lets us: locked memory (`mlockall`) since Linux 5.18.
///
/// # Safety
/// The range is the caller's, who gives its contents up.
unsafe fn release(p: usize, n: usize) {
    // SAFETY: the caller's contract.
    unsafe {
        if sys::madvise(p, n, libc::MADV_DONTNEED as usize) == EINVAL {
            sys::madvise(p, n, sys::MADV_DONTNEED_LOCKED);
        }
    }
}

/// Bytes of address space mapped for stacks.
pub fn stack_address_space() -> usize {
    // SAFETY: an atomic in a static.
    unsafe { (*mheap::<Native>()).in_use.load() + (*mheap::<Managed>()).in_use.load() }
}
