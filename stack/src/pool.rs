//! Sizes of stacks, their pools, allocation and release: stack.go:67–525 and 1250–1376.

use crate::copystack::{stack_fault_on_free, stack_no_cache};
use crate::fault;
use crate::segment::segment_mode_init;
use crate::span::{
    Layout, MSpan, MSpanList, PAGE_SHIFT, PAGE_SIZE, SPAN_MANUAL, alloc_manual, free_manual,
    may_acquire_mheap_lock, mheap_init, os_stack_alloc, os_stack_free, span_of, stack_release_deep,
    use_mprotect_guards,
};
use gort_asm::getg;
use gort_lock_futex::{lock, lock_init, unlock};
use gort_print::print;
use gort_runtime2::atomic::{Bool, Uint32, Uintptr};
use gort_runtime2::linkname::throw;
use gort_runtime2::{
    Global, LOCK_RANK_STACK_LARGE, LOCK_RANK_STACKPOOL, Mutex, NUM_STACK_ORDERS, NUM_STACK_POOLS,
    P, Stack, StackKind,
};

/// Bytes added to each stack for the operating system: none on Linux.
///
/// Go: stack.go:72 stackSystem
pub const STACK_SYSTEM: usize = 0;
/// The smallest stack of code whose stack can move. Native stacks are never smaller than
/// [`fixed_stack`]: `stackalloc(STACK_MIN)` returns one of that size.
///
/// Go: stack.go:75 stackMin
pub const STACK_MIN: usize = 2048;
/// [`STACK_MIN`] plus [`STACK_SYSTEM`], rounded up to a power of two.
///
/// Go: stack.go:86 fixedStack
pub const FIXED_STACK: usize = (STACK_MIN + STACK_SYSTEM).next_power_of_two();
/// Bytes that functions without a stack check may use together.
///
/// Go: stack.go:91 stackNosplit
pub const STACK_NOSPLIT: usize = 800;
/// Managed code must keep sp this far above the low end of its stack.
///
/// Go: stack.go:99 stackGuard
pub const STACK_GUARD: usize = STACK_NOSPLIT + STACK_SYSTEM + STACK_SMALL;
/// A frame this small may be checked without being subtracted first.
///
/// Go (internal/abi): stack.go:26 StackSmall
pub const STACK_SMALL: usize = 128;

/// The size of native stacks unless told otherwise.
pub const DEFAULT_STACK_SIZE: usize = 256 << 10;
/// The smallest value that [`set_default_stack_size`] takes.
pub const MIN_DEFAULT_STACK_SIZE: usize = 16 << 10;
/// The largest one.
pub const MAX_DEFAULT_STACK_SIZE: usize = 64 << 20;

/// What [`fixed_stack`] returns; constant from `stackinit` on.
static NATIVE_FIXED: Uintptr = Uintptr::new(DEFAULT_STACK_SIZE);
/// `stackinit` has run.
static INITIALISED: Bool = Bool::new(false);

/// The size of a native stack of order 0, the smallest there is: what Go's `fixedStack` is to a Go
/// stack.
#[inline]
pub fn fixed_stack() -> usize {
    NATIVE_FIXED.get()
}

/// Capacity of one order's cache in a P, and the size of a span of pooled stacks: room for sixteen
/// stacks of order 0, the proportion of Go's 32 KiB to 2 KiB.
///
/// Go: malloc.go:133 _StackCacheSize
#[inline]
pub fn stack_cache_size() -> usize {
    fixed_stack() * 16
}

/// Sets the size of the stacks that new goroutines get, rounded up to a power of two.
///
/// Before the runtime has started this is also the size that pools are built around
/// ([`fixed_stack`]); later the value can still change, but not below that. The environment
/// variable `GORTSTACK` (`65536`, `64K`, `1M`) does the same and takes precedence, as it speaks for
/// who runs the program.
///
/// False, and nothing changes, if `n` is not between [`MIN_DEFAULT_STACK_SIZE`] (or `fixed_stack`)
/// and [`MAX_DEFAULT_STACK_SIZE`].
pub fn set_default_stack_size(n: usize) -> bool {
    if !(MIN_DEFAULT_STACK_SIZE..=MAX_DEFAULT_STACK_SIZE).contains(&n) {
        return false;
    }
    let n = n.next_power_of_two();
    if !INITIALISED.load() {
        NATIVE_FIXED.set(n);
    } else if n < fixed_stack() {
        return false;
    }
    STARTING_STACK_SIZE.store(n as u32);
    true
}

/// A value of `GORTSTACK` (`65536`, `64K`, `1M`) in bytes. `None` if it is none that
/// [`set_default_stack_size`] takes.
pub fn parse_stack_size(s: &str) -> Option<usize> {
    let s = s.trim();
    let (digits, shift) = match s.as_bytes().last()? {
        b'k' | b'K' => (&s[..s.len() - 1], 10),
        b'm' | b'M' => (&s[..s.len() - 1], 20),
        _ => (s, 0),
    };
    let n = digits.parse::<usize>().ok()?.checked_mul(1 << shift)?;
    (MIN_DEFAULT_STACK_SIZE..=MAX_DEFAULT_STACK_SIZE).contains(&n).then_some(n)
}

/// One of the two pools: the same functions for both, each compiled for one of them.
pub(crate) trait Pool {
    /// Its place in [`P::stackcache`] and in the tables below.
    const INDEX: usize;
    /// Stacks have guards at their low ends, and free ones keep no memory but their top page. The
    /// others are filled with what managed code has checked for.
    const GUARDED: bool;
    /// Bytes of a stack of order 0.
    fn fixed() -> usize;
    /// Capacity of one order's cache in a P, and the size of a span of pooled stacks.
    fn cache_size() -> usize;
    /// The link word of the free stack at `x`.
    ///
    /// # Safety
    /// `x` is a free stack of a pooled span that the caller owns (under the lock of its list, or
    /// its own).
    unsafe fn link_of(x: usize) -> *mut usize;
}

/// Stacks of Rust and C code, which stay where they are.
pub(crate) enum Native {}

impl Pool for Native {
    const INDEX: usize = 0;
    const GUARDED: bool = true;
    #[inline(always)]
    fn fixed() -> usize {
        fixed_stack()
    }
    #[inline(always)]
    fn cache_size() -> usize {
        stack_cache_size()
    }
    #[inline(always)]
    unsafe fn link_of(x: usize) -> *mut usize {
        // SAFETY: the caller's contract.
        unsafe { crate::span::link_of(x) }
    }
}

/// Stacks of managed code, as Go's: without guards, next to one another, linked through their first
/// words.
pub(crate) enum Managed {}

impl Pool for Managed {
    const INDEX: usize = 1;
    const GUARDED: bool = false;
    #[inline(always)]
    fn fixed() -> usize {
        FIXED_STACK
    }
    #[inline(always)]
    fn cache_size() -> usize {
        MANAGED_CACHE_SIZE
    }
    #[inline(always)]
    unsafe fn link_of(x: usize) -> *mut usize {
        x as *mut usize
    }
}

/// [`stack_cache_size`] of managed code: sixteen stacks of 2 KiB.
///
/// Go: malloc.go:133 _StackCacheSize
pub const MANAGED_CACHE_SIZE: usize = 32 << 10;

/// Go: stack.go:155 stackpoolItem
#[repr(C, align(64))]
struct StackpoolItem {
    mu: Mutex,
    /// Spans with at least one free stack.
    span: MSpanList,
}

/// Go: stack.go:150 stackpool
// SAFETY: unlocked locks and null pointers are a valid value; stackinit finishes it.
static STACKPOOL: Global<[[StackpoolItem; NUM_STACK_ORDERS]; NUM_STACK_POOLS]> =
    Global::new(unsafe { core::mem::zeroed() });

/// Go: stack.go:162 stackLarge
struct StackLarge {
    lock: Mutex,
    /// Free spans by log2 of their pages.
    free: [MSpanList; STACK_LARGE_LISTS],
}

/// `heapAddrBits - pageShift`
const STACK_LARGE_LISTS: usize = 48 - PAGE_SHIFT;

// SAFETY: as for STACKPOOL.
static STACK_LARGE: Global<[StackLarge; NUM_STACK_POOLS]> =
    Global::new(unsafe { core::mem::zeroed() });

/// The pool of one order.
#[inline(always)]
fn pool<K: Pool>(order: usize) -> *mut StackpoolItem {
    STACKPOOL.get().cast::<StackpoolItem>().wrapping_add(K::INDEX * NUM_STACK_ORDERS + order)
}

/// The free large stacks.
#[inline(always)]
fn stack_large<K: Pool>() -> *mut StackLarge {
    STACK_LARGE.get().cast::<StackLarge>().wrapping_add(K::INDEX)
}

/// Prepares the pools. Reads `GORTSTACK`, and `GORTGUARD`: `mprotect` there asks for guard pages
/// that every tool understands (gdb, when it writes a core file), at the price of two mappings per
/// stack.
///
/// Go: stack.go:167 stackinit
pub fn stackinit() {
    // SAFETY: called once, before a second thread exists.
    unsafe {
        if let Some(n) = std::env::var("GORTSTACK").ok().as_deref().and_then(parse_stack_size) {
            set_default_stack_size(n);
        }
        if std::env::var("GORTGUARD").is_ok_and(|v| v == "mprotect") {
            use_mprotect_guards();
        }
        segment_mode_init();
        crate::copystack::stack_debug_init();
        mheap_init();
        // :168
        if stack_cache_size() & (PAGE_SIZE - 1) != 0 {
            throw("cache size must be a multiple of page size");
        }
        init_pool::<Native>();
        init_pool::<Managed>();
        INITIALISED.store(true);
    }
}

/// The loops of [`stackinit`], for one pool.
///
/// # Safety
/// As there.
///
/// Go: stack.go:167 stackinit
unsafe fn init_pool<K: Pool>() {
    // SAFETY: called once, before a second thread exists.
    unsafe {
        // :171
        for i in 0..NUM_STACK_ORDERS {
            MSpanList::init(&raw mut (*pool::<K>(i)).span);
            lock_init(&raw mut (*pool::<K>(i)).mu, LOCK_RANK_STACKPOOL);
        }
        // :175
        let large = stack_large::<K>();
        for i in 0..STACK_LARGE_LISTS {
            MSpanList::init(&raw mut (*large).free[i]);
            lock_init(&raw mut (*large).lock, LOCK_RANK_STACK_LARGE);
        }
    }
}

/// ⌊log2(n)⌋, and 0 for 0.
///
/// Go: stack.go:182 stacklog2
pub fn stacklog2(mut n: usize) -> usize {
    // :183
    let mut log2 = 0;
    while n > 1 {
        n >>= 1;
        log2 += 1;
    }
    log2 // :188
}

/// A stack of the pool.
///
/// # Safety
/// On a system stack, with the pool's lock held.
///
/// Go: stack.go:193 stackpoolalloc
unsafe fn stackpoolalloc<K: Pool>(order: usize) -> usize {
    // SAFETY: the lock guards the list, the spans in it and their free lists.
    unsafe {
        let list = &raw mut (*pool::<K>(order)).span; // :194
        let mut s = (*list).first;
        may_acquire_mheap_lock(); // :196
        if s.is_null() {
            s = alloc_manual::<K>(K::cache_size() >> PAGE_SHIFT); // :199
            if s.is_null() {
                throw("out of memory");
            }
            if (*s).alloc_count != 0 {
                throw("bad allocCount");
            }
            // :206
            if (*s).manual_free_list != 0 {
                throw("bad manualFreeList");
            }
            let elemsize = K::fixed() << order; // :210 earlier than in Go: guard pages are laid out by it
            os_stack_alloc::<K>(s, elemsize); // :209 later than in Go
            // :211
            for x in Layout::of(&*s, elemsize).stacks() {
                *K::link_of(x) = (*s).manual_free_list;
                (*s).manual_free_list = x;
            }
            MSpanList::insert(list, s); // :216
        }
        let x = (*s).manual_free_list; // :218
        if x == 0 {
            throw("span has no free stacks");
        }
        (*s).manual_free_list = *K::link_of(x); // :222
        (*s).alloc_count += 1;
        if (*s).manual_free_list == 0 {
            MSpanList::remove(list, s); // :226
        }
        x
    }
}

/// Puts a stack back into the pool.
///
/// # Safety
/// On a system stack, with the pool's lock held; `x` is a stack of this order that nobody uses.
///
/// Go: stack.go:232 stackpoolfree
unsafe fn stackpoolfree<K: Pool>(x: usize, order: usize) {
    // SAFETY: the lock guards the list, the spans in it and their free lists.
    unsafe {
        let s = span_of(x); // :233
        if s.is_null() || (*s).state.get() != SPAN_MANUAL || (*s).guards != K::GUARDED {
            throw("freeing stack not in a stack span");
        }
        let list = &raw mut (*pool::<K>(order)).span;
        // :237
        if (*s).manual_free_list == 0 {
            MSpanList::insert(list, s);
        }
        *K::link_of(x) = (*s).manual_free_list; // :241
        (*s).manual_free_list = x;
        (*s).alloc_count -= 1;
        // :244 there is no collector that could be running.
        if (*s).alloc_count == 0 {
            MSpanList::remove(list, s); // :260
            (*s).manual_free_list = 0;
            os_stack_free(s);
            free_manual::<K>(s); // :263
        }
    }
}

/// Fills an empty cache to half its capacity.
///
/// # Safety
/// On a system stack; `c` is the P of this M.
///
/// Go: stack.go:271 stackcacherefill
unsafe fn stackcacherefill<K: Pool>(c: *mut P, order: usize) {
    // SAFETY: the cache belongs to the caller's P, the pool is used under its lock.
    unsafe {
        // :278
        let mut list = 0;
        let mut size = 0;
        lock(&raw mut (*pool::<K>(order)).mu); // :280
        while size < K::cache_size() / 2 {
            let x = stackpoolalloc::<K>(order);
            *K::link_of(x) = list;
            list = x;
            size += K::fixed() << order; // :285
        }
        unlock(&raw mut (*pool::<K>(order)).mu);
        (*c).stackcache[K::INDEX][order].list = list; // :288
        (*c).stackcache[K::INDEX][order].size = size;
    }
}

/// Empties a full cache to half its capacity.
///
/// # Safety
/// On a system stack; `c` is the P of this M.
///
/// Go: stack.go:293 stackcacherelease
unsafe fn stackcacherelease<K: Pool>(c: *mut P, order: usize) {
    // SAFETY: the cache belongs to the caller's P, the pool is used under its lock.
    unsafe {
        let mut x = (*c).stackcache[K::INDEX][order].list; // :297
        let mut size = (*c).stackcache[K::INDEX][order].size;
        lock(&raw mut (*pool::<K>(order)).mu); // :299
        while size > K::cache_size() / 2 {
            let y = *K::link_of(x);
            stackpoolfree::<K>(x, order); // :302
            x = y;
            size -= K::fixed() << order;
        }
        unlock(&raw mut (*pool::<K>(order)).mu); // :306
        (*c).stackcache[K::INDEX][order].list = x;
        (*c).stackcache[K::INDEX][order].size = size;
    }
}

/// Gives back all that a P has cached.
///
/// # Safety
/// On a system stack; `c` is this M's P, or one that nobody uses while the world is stopped.
///
/// Go: stack.go:312 stackcache_clear
pub unsafe fn stackcache_clear(c: *mut P) {
    // SAFETY: the caller's contract.
    unsafe {
        stackcache_clear_in::<Native>(c);
        stackcache_clear_in::<Managed>(c);
    }
}

/// The same, of one pool.
///
/// # Safety
/// As there.
///
/// Go: stack.go:312 stackcache_clear
unsafe fn stackcache_clear_in<K: Pool>(c: *mut P) {
    // SAFETY: the cache is the caller's, the pool is used under its lock.
    unsafe {
        // :316
        for order in 0..NUM_STACK_ORDERS {
            lock(&raw mut (*pool::<K>(order)).mu);
            let mut x = (*c).stackcache[K::INDEX][order].list; // :318
            while x != 0 {
                let y = *K::link_of(x);
                stackpoolfree::<K>(x, order);
                x = y;
            }
            (*c).stackcache[K::INDEX][order].list = 0; // :324
            (*c).stackcache[K::INDEX][order].size = 0;
            unlock(&raw mut (*pool::<K>(order)).mu);
        }
    }
}

/// A stack of at least `n` bytes, a power of two, for native code. Its lowest page is its guard.
///
/// Sizes below [`fixed_stack`] give a stack of that size, with the bounds to match (Go never asks
/// for such).
///
/// # Safety
/// On g0.
///
/// Go: stack.go:336 stackalloc
pub unsafe fn stackalloc(n: u32) -> Stack {
    // SAFETY: the caller's contract.
    unsafe { stackalloc_in::<Native>(n) }
}

/// A stack for code of this kind: for managed code, at least [`FIXED_STACK`] bytes without a guard.
///
/// # Safety
/// On g0.
pub unsafe fn stackalloc_kind(n: u32, kind: StackKind) -> Stack {
    // SAFETY: the caller's contract.
    unsafe {
        match kind {
            StackKind::Copying => stackalloc_in::<Managed>(n),
            StackKind::Native | StackKind::Segmented => stackalloc_in::<Native>(n),
        }
    }
}

/// [`stackalloc`], in one pool.
///
/// # Safety
/// On g0.
///
/// Go: stack.go:336 stackalloc
#[inline(always)]
unsafe fn stackalloc_in<K: Pool>(n: u32) -> Stack {
    // SAFETY: on g0 with a P the cache is ours (nobody preempts g0); pools are used under their
    // locks.
    unsafe {
        let thisg = getg(); // :340
        let mp = (*thisg).m;
        if thisg != (*mp).g0 {
            throw("stackalloc not on scheduler stack");
        }
        // :344
        if n & n.wrapping_sub(1) != 0 {
            throw("stack size not a power of 2");
        }
        let n = (n as usize).max(K::fixed());
        // :353 a debugging aid, of stacks that move only
        if !K::GUARDED && stack_fault_on_free() {
            let v = fault::alloc(n);
            return Stack { lo: v, hi: v + n };
        }

        let v; // :363
        if n < K::fixed() << NUM_STACK_ORDERS && n < K::cache_size() {
            // :365
            let mut order = 0;
            let mut n2 = n;
            while n2 > K::fixed() {
                order += 1;
                n2 >>= 1;
            }
            let x;
            // :372 no P in parts of exitsyscall and procresize: straight from the pool.
            let preemptoff = (*mp).preemptoff.get();
            let no_cache = !K::GUARDED && stack_no_cache();
            if no_cache || (*mp).p.is_null() || !preemptoff.is_empty() {
                lock(&raw mut (*pool::<K>(order)).mu); // :377
                x = stackpoolalloc::<K>(order);
                unlock(&raw mut (*pool::<K>(order)).mu);
            } else {
                let c = (*mp).p.ptr(); // :381
                if (*c).stackcache[K::INDEX][order].list == 0 {
                    stackcacherefill::<K>(c, order);
                }
                x = (*c).stackcache[K::INDEX][order].list; // :385
                (*c).stackcache[K::INDEX][order].list = *K::link_of(x);
                (*c).stackcache[K::INDEX][order].size -= n;
            }
            v = x; // :390
        } else {
            let mut s: *mut MSpan = core::ptr::null_mut();
            let npage = n >> PAGE_SHIFT; // :393
            let log2npage = stacklog2(npage);

            // :397
            let large = stack_large::<K>();
            lock(&raw mut (*large).lock);
            if !MSpanList::is_empty(&raw mut (*large).free[log2npage]) {
                s = (*large).free[log2npage].first;
                MSpanList::remove(&raw mut (*large).free[log2npage], s);
            }
            unlock(&raw mut (*large).lock); // :402

            may_acquire_mheap_lock(); // :404

            if s.is_null() {
                s = alloc_manual::<K>(npage); // :408
                if s.is_null() {
                    throw("out of memory");
                }
                os_stack_alloc::<K>(s, n); // :412, and the size of :413
            }
            v = (*s).base(); // :415
        }
        // :418 no tracing of allocations, no race, msan or asan hooks.
        Stack { lo: v, hi: v + n } // :437
    }
}

/// Takes a stack of native code back.
///
/// # Safety
/// On a system stack. `stk` came from [`stackalloc`] and nobody uses it any more.
///
/// Go: stack.go:446 stackfree
pub unsafe fn stackfree(stk: Stack) {
    // SAFETY: the caller's contract.
    unsafe { stackfree_in::<Native>(stk) }
}

/// Takes a stack back.
///
/// # Safety
/// On a system stack. `stk` came from [`stackalloc_kind`] for this kind and nobody uses it any
/// more.
pub unsafe fn stackfree_kind(stk: Stack, kind: StackKind) {
    // SAFETY: the caller's contract.
    unsafe {
        match kind {
            StackKind::Copying => stackfree_in::<Managed>(stk),
            StackKind::Native | StackKind::Segmented => stackfree_in::<Native>(stk),
        }
    }
}

/// [`stackfree`], into one pool.
///
/// # Safety
/// As there.
///
/// Go: stack.go:446 stackfree
#[inline(always)]
unsafe fn stackfree_in<K: Pool>(stk: Stack) {
    // SAFETY: on g0 with a P the cache is ours; pools are used under their locks; the stack is the
    // caller's.
    unsafe {
        let gp = getg(); // :447
        let mp = (*gp).m;
        let v = stk.lo;
        let n = stk.hi.wrapping_sub(stk.lo);
        // :450
        if n & n.wrapping_sub(1) != 0 {
            throw("stack not a power of 2");
        }
        if stk.lo.wrapping_add(n) < stk.hi {
            throw("bad stack size");
        }
        // :460
        if !K::GUARDED && stack_fault_on_free() {
            fault::free(v, n);
            return;
        }
        // :468 no tracing of allocations, no msan or asan hooks.
        if n < K::fixed() << NUM_STACK_ORDERS && n < K::cache_size() {
            // What it committed in its depth is of no use to whoever gets it next.
            if K::GUARDED {
                stack_release_deep(stk);
            }
            // :482
            let mut order = 0;
            let mut n2 = n;
            while n2 > K::fixed() {
                order += 1;
                n2 >>= 1;
            }
            let x = v; // :488
            let preemptoff = (*mp).preemptoff.get(); // :489
            let no_cache = !K::GUARDED && stack_no_cache();
            if no_cache || (*mp).p.is_null() || !preemptoff.is_empty() {
                lock(&raw mut (*pool::<K>(order)).mu);
                stackpoolfree::<K>(x, order); // :491
                unlock(&raw mut (*pool::<K>(order)).mu);
            } else {
                let c = (*mp).p.ptr(); // :494
                if (*c).stackcache[K::INDEX][order].size >= K::cache_size() {
                    stackcacherelease::<K>(c, order);
                }
                *K::link_of(x) = (*c).stackcache[K::INDEX][order].list; // :498
                (*c).stackcache[K::INDEX][order].list = x;
                (*c).stackcache[K::INDEX][order].size += n;
            }
        } else {
            let s = span_of(v); // :503
            if s.is_null() {
                throw("bad span state");
            }
            if (*s).state.get() != SPAN_MANUAL || (*s).guards != K::GUARDED {
                print!("{:#x} {:#x}\n", (*s).base(), v);
                throw("bad span state");
            }
            // :508 there is no collector that could be running, so :519 never happens.
            os_stack_free(s); // :511
            free_manual::<K>(s);
        }
    }
}

/// A goroutine whose (movable or segmented) stack grows beyond this is ended; set by `runtime.main`
/// and `debug.SetMaxStack`. A native stack's limit is its size.
///
/// Go: stack.go:527 maxstacksize
pub static MAXSTACKSIZE: Uintptr = Uintptr::new(1 << 20);

/// Above this no `SetMaxStack` helps.
///
/// Go: stack.go:529 maxstackceiling
pub static MAXSTACKCEILING: Uintptr = Uintptr::new(1 << 20);

/// Frees spans of which no stack is in use. Without a collector that delays their release there are
/// none in the pools; kept for one that calls it at the end of a cycle.
///
/// # Safety
/// On a system stack.
///
/// Go: stack.go:1251 freeStackSpans
pub unsafe fn free_stack_spans() {
    // SAFETY: the caller's contract.
    unsafe {
        free_stack_spans_in::<Native>();
        free_stack_spans_in::<Managed>();
    }
}

/// The same, of one pool.
///
/// # Safety
/// As there.
///
/// Go: stack.go:1251 freeStackSpans
unsafe fn free_stack_spans_in<K: Pool>() {
    // SAFETY: pools are used under their locks.
    unsafe {
        // :1253
        for order in 0..NUM_STACK_ORDERS {
            lock(&raw mut (*pool::<K>(order)).mu);
            let list = &raw mut (*pool::<K>(order)).span;
            let mut s = (*list).first; // :1256
            while !s.is_null() {
                let next = (*s).next;
                if (*s).alloc_count == 0 {
                    MSpanList::remove(list, s);
                    (*s).manual_free_list = 0; // :1260
                    os_stack_free(s);
                    free_manual::<K>(s);
                }
                s = next;
            }
            unlock(&raw mut (*pool::<K>(order)).mu); // :1266
        }

        // :1270
        let large = stack_large::<K>();
        lock(&raw mut (*large).lock);
        for i in 0..STACK_LARGE_LISTS {
            let mut s = (*large).free[i].first;
            while !s.is_null() {
                let next = (*s).next;
                MSpanList::remove(&raw mut (*large).free[i], s); // :1274
                os_stack_free(s);
                free_manual::<K>(s);
                s = next;
            }
        }
        unlock(&raw mut (*large).lock); // :1280
    }
}

/// What new goroutines start with: a power of two, [`fixed_stack`] at least.
///
/// Go: stack.go:1336 startingStackSize
static STARTING_STACK_SIZE: Uint32 = Uint32::new(DEFAULT_STACK_SIZE as u32);

/// The size of the stacks that new goroutines start with.
///
/// Go: stack.go:1336 startingStackSize
#[inline]
pub fn starting_stack_size() -> u32 {
    STARTING_STACK_SIZE.get()
}
