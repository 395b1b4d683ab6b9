//! Memory of Go values: it is handed out zeroed, and stays. There is no collector.
//!
//! # The interface
//! All of Go's memory comes from [`alloc`], which is told what will be in it ([`Contents`]), so
//! that a heap with a collector can take the place of [`bump`] without a change anywhere else. What
//! such a heap needs beside that is at hand:
//!
//! | a collector needs | here |
//! |---|---|
//! | where the pointers in an object are | [`Contents`]; `ptrdata` and `gcdata` of its [`Type`] |
//! | global variables | [`roots`]: what the compiler has registered, with their pointer maps |
//! | stacks and registers | `suspend_g`, `stop_the_world` and the stacks' bounds, in the crates `preempt` and `proc`; conservatively, as gccgo has no stack maps |
//! | to know of stores while it works | [`WRITE_BARRIER`], which compiled code reads, and `gcWriteBarrier` |
//! | pointers that only the runtime has | [`Contents::Runtime`]; sudogs hang on their Gs, timers on their Ps |
//! | when to begin | `forcegc` and the helper goroutines that `runtime.main` starts |
//!
//! Nothing that Go code may see lies in the C library's heap: what is there (a deferred call in a
//! loop, a `go` statement on its way, a map's index) is freed by its owner and holds no pointer
//! that is not elsewhere, too, except for a goroutine's or deferred call's argument.

use crate::types::{BoolArg, Eface, Type, kind};
use gort_proc::{getg, preempt_check, throw};
use std::sync::Mutex;

/// What will be in an object, for a collector to come.
#[derive(Clone, Copy)]
pub enum Contents {
    /// No pointers.
    Bytes,
    /// One value of this type, or several in a row.
    Values(*const Type),
    /// Something of the runtime's own, pointers among it.
    Runtime,
}

/// What is known of memory.
#[derive(Clone, Copy, Default)]
pub struct Stats {
    /// Objects handed out.
    pub objects: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Bytes mapped.
    pub sys: u64,
}

/// A heap without a collector. Each P cuts small objects from a chunk of its own, so that the usual
/// allocation is an addition; the goroutine stays on its P meanwhile. Chunks come from large
/// mappings; pages that are never touched cost nothing. Objects of more than half a chunk are
/// mapped by themselves.
mod bump {
    use super::Stats;
    use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
    use gort_proc::{
        Global, LOCK_RANK_MHEAP, Mutex, acquirem, lock_with_rank, releasem, throw, unlock,
    };

    /// Bytes of a chunk.
    const CHUNK: usize = 256 << 10;
    /// Bytes that are mapped at a time.
    const ARENA: usize = 64 << 20;
    /// Ps that have a chunk of their own; those beyond share one.
    const MAX_P: usize = 1024;

    /// A chunk being cut, and what has been counted there. Only its P writes, but [`stats`] reads
    /// all.
    struct Chunk {
        next: AtomicUsize,
        end: AtomicUsize,
        objects: AtomicU64,
        bytes: AtomicU64,
    }

    impl Chunk {
        const fn new() -> Self {
            Self {
                next: AtomicUsize::new(0),
                end: AtomicUsize::new(0),
                objects: AtomicU64::new(0),
                bytes: AtomicU64::new(0),
            }
        }
        /// Cuts `n` bytes; 0 if there are not so many.
        #[inline]
        fn cut(&self, n: usize, align: usize) -> usize {
            let p = (self.next.load(Relaxed) + align - 1) & !(align - 1);
            if p + n > self.end.load(Relaxed) {
                return 0;
            }
            self.next.store(p + n, Relaxed);
            self.count(n);
            p
        }
        #[inline]
        fn count(&self, n: usize) {
            self.objects.store(self.objects.load(Relaxed) + 1, Relaxed);
            self.bytes.store(self.bytes.load(Relaxed) + n as u64, Relaxed);
        }
        /// Begins a fresh chunk. Under [`LOCK`].
        unsafe fn renew(&self) {
            let p = chunk();
            self.end.store(p + CHUNK, Relaxed);
            self.next.store(p, Relaxed);
        }
        #[cold]
        #[inline(never)]
        unsafe fn renew_and_cut(&self, n: usize, align: usize) -> usize {
            lock_with_rank(LOCK.get(), LOCK_RANK_MHEAP);
            self.renew();
            unlock(LOCK.get());
            self.cut(n, align)
        }
    }

    static CHUNKS: [Chunk; MAX_P] = [const { Chunk::new() }; MAX_P];
    // SAFETY: an unlocked lock is all zeroes.
    static LOCK: Global<Mutex> = Global::new(unsafe { core::mem::zeroed() });
    /// For threads without a P, and to count what is mapped by itself. Under [`LOCK`].
    static SHARED: Chunk = Chunk::new();
    /// What is left of the present arena: from, to. Under [`LOCK`].
    static ARENA_REST: Global<(usize, usize)> = Global::new((0, 0));
    static SYS: AtomicUsize = AtomicUsize::new(0);

    fn map(n: usize) -> usize {
        let (prot, flags) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
        );
        // SAFETY: new memory.
        let p = unsafe { libc::mmap(core::ptr::null_mut(), n, prot, flags, -1, 0) };
        if p == libc::MAP_FAILED {
            throw("runtime: cannot allocate memory");
        }
        SYS.fetch_add(n, Relaxed);
        p as usize
    }

    /// A fresh chunk. Under [`LOCK`].
    unsafe fn chunk() -> usize {
        let a = ARENA_REST.get();
        if (*a).0 == (*a).1 {
            let p = map(ARENA);
            *a = (p, p + ARENA);
        }
        let p = (*a).0;
        (*a).0 += CHUNK;
        p
    }

    /// Zeroed memory for `n` bytes, aligned to 16 (8, if it is smaller than that).
    #[inline]
    pub fn alloc(n: usize) -> *mut u8 {
        let n = n.max(1);
        let align = if n >= 16 { 16 } else { 8 };
        // SAFETY: acquirem keeps the P, and with it the chunk, to this goroutine.
        unsafe {
            let mp = acquirem();
            let pp = (*mp).p.ptr();
            let p = if n > CHUNK / 2 || pp.is_null() || (*pp).id as usize >= MAX_P {
                alloc_shared(n, align)
            } else {
                let c = &CHUNKS[(*pp).id as usize];
                let p = c.cut(n, align);
                if p != 0 { p } else { c.renew_and_cut(n, align) }
            };
            releasem(mp);
            p as *mut u8
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn alloc_shared(n: usize, align: usize) -> usize {
        let own = if n > CHUNK / 2 { map((n + 4095) & !4095) } else { 0 };
        lock_with_rank(LOCK.get(), LOCK_RANK_MHEAP);
        let mut p = own;
        if own != 0 {
            SHARED.count(n);
        } else {
            p = SHARED.cut(n, align);
            if p == 0 {
                SHARED.renew();
                p = SHARED.cut(n, align);
            }
        }
        unlock(LOCK.get());
        p
    }

    /// What has been handed out; what others allocate meanwhile may be missing.
    pub fn stats() -> Stats {
        let mut s = Stats { sys: SYS.load(Relaxed) as u64, ..Stats::default() };
        for c in CHUNKS.iter().chain([&SHARED]) {
            s.objects += c.objects.load(Relaxed);
            s.bytes += c.bytes.load(Relaxed);
        }
        s
    }
}

pub use bump::stats;

/// Zeroed memory for `n` bytes, aligned to 16 (8, if it is smaller than that).
#[inline]
pub fn alloc(n: usize, _what: Contents) -> *mut u8 {
    bump::alloc(n)
}

/// Zeroed memory for something of the runtime's own.
pub fn alloc_runtime<T>() -> *mut T {
    alloc(size_of::<T>(), Contents::Runtime).cast()
}

/// An address for values without size.
static ZERO_BASE: u64 = 0;

/// Memory for `n` bytes of a Go value, with Go's answer for none.
#[inline]
pub fn alloc_value(n: usize, what: Contents) -> *mut u8 {
    if n == 0 {
        return (&raw const ZERO_BASE).cast_mut().cast();
    }
    // Whoever allocates in a loop gives way when asked to, as a Go function does at its entry.
    // SAFETY: no runtime lock is held; on g0 nothing happens.
    unsafe {
        if !getg().is_null() {
            preempt_check();
        }
    }
    alloc(n, what)
}

/// `new(T)`
#[unsafe(export_name = "runtime.newobject")]
unsafe extern "C-unwind" fn newobject(t: *const Type) -> *mut u8 {
    alloc_value((*t).size, Contents::Values(t))
}

/// Memory for values of a type, or without pointers if that is nil.
#[unsafe(export_name = "runtime.mallocgc")]
unsafe extern "C-unwind" fn mallocgc(n: usize, t: *const Type, _needzero: BoolArg) -> *mut u8 {
    alloc_value(n, if t.is_null() { Contents::Bytes } else { Contents::Values(t) })
}

/// Copies one value.
///
/// # Safety
/// Both are valid for a value of the type.
#[unsafe(export_name = "runtime.typedmemmove")]
pub unsafe extern "C-unwind" fn typedmemmove(t: *const Type, dst: *mut u8, src: *const u8) {
    core::ptr::copy(src, dst, (*t).size);
}

/// Zeroes memory with pointers in it.
#[unsafe(export_name = "runtime.memclrHasPointers")]
unsafe extern "C-unwind" fn memclr_has_pointers(p: *mut u8, n: usize) {
    core::ptr::write_bytes(p, 0, n);
}

/// A store to a pointer while a collector works. None ever does, but compiled code refers to it.
#[unsafe(export_name = "runtime.gcWriteBarrier")]
unsafe extern "C-unwind" fn gc_write_barrier(dst: *mut usize, src: usize) {
    *dst = src;
}

/// Read by compiled code before it stores a pointer; 0 is off.
#[unsafe(export_name = "runtime.writeBarrier")]
pub static WRITE_BARRIER: [u32; 4] = [0; 4];

/// `runtime.KeepAlive`
#[unsafe(export_name = "runtime.KeepAlive")]
extern "C-unwind" fn keep_alive(_x: crate::types::Eface) {}

/// `runtime.SetFinalizer`: nothing is ever collected, so no finalizer ever runs. But as in Go there
/// is a goroutine for them once one has been set, and what cannot be one is refused.
///
/// Go: mfinal.go:411 SetFinalizer
#[unsafe(export_name = "runtime.SetFinalizer")]
unsafe extern "C-unwind" fn set_finalizer(x: Eface, f: Eface) {
    // :412 no sbrk mode
    // :419
    if x.typ.is_null() {
        throw("runtime.SetFinalizer: first argument is nil");
    }
    // :422
    if (*x.typ).kind() != kind::PTR {
        let name = (*x.typ).name();
        throw(&format!("runtime.SetFinalizer: first argument is {name}, not pointer"));
    }
    // :426 types are complete
    // :430 no arenas
    // :436 which object the pointer belongs to is not known,
    // :438 nor whether to one at all,
    // :446 nor what stands before it,
    // :450 nor whether the pointer is to its beginning
    // :460 nothing to take away
    if f.typ.is_null() {
        return;
    }
    // :468
    if (*f.typ).kind() != kind::FUNC {
        let name = (*f.typ).name();
        throw(&format!("runtime.SetFinalizer: second argument is {name}, not a function"));
    }
    // :472 how many arguments the function has,
    // :479 of which types,
    // :502 and the size of its results do not matter: it is never called
    // :509
    gort_mgc::createfing();
    // :511 it is not kept
}

/// `runtime.GC`: there is nothing to do.
#[unsafe(export_name = "runtime.GC")]
extern "C-unwind" fn gc() {}

/// `debug.FreeOSMemory`: what is in use stays in use.
#[unsafe(export_name = "runtime_1debug.freeOSMemory")]
extern "C-unwind" fn free_os_memory() {}

/// For the companion: the numbers of [`stats`].
#[unsafe(export_name = "gortgo.memstats")]
unsafe extern "C-unwind" fn gortgo_memstats(objects: *mut u64, bytes: *mut u64, sys: *mut u64) {
    let s = stats();
    (*objects, *bytes, *sys) = (s.objects, s.bytes, s.sys);
}

/// Global variables of one package that hold pointers, as the compiler describes them.
#[repr(C)]
pub struct GcRootList {
    /// The runtime's own link; unused here.
    pub next: *const GcRootList,
    /// How many [`GcRoot`]s follow.
    pub count: isize,
    first: [GcRoot; 0],
}

/// A global variable.
#[repr(C)]
pub struct GcRoot {
    /// Where it is.
    pub decl: *const u8,
    /// Its size.
    pub size: usize,
    /// Bytes of it that may hold pointers.
    pub ptrdata: usize,
    /// Which of its words do.
    pub gcdata: *const u8,
}

impl GcRootList {
    /// All of them.
    pub fn all(&self) -> &[GcRoot] {
        // SAFETY: made by the compiler.
        unsafe { core::slice::from_raw_parts(self.first.as_ptr(), self.count.max(0) as usize) }
    }
}

static ROOTS: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// Packages tell their global variables, once each, when they are initialised.
#[unsafe(export_name = "runtime.registerGCRoots")]
extern "C-unwind" fn register_gc_roots(list: *const GcRootList) {
    ROOTS.lock().unwrap_or_else(|e| e.into_inner()).push(list as usize);
}

/// What the packages have registered.
pub fn roots() -> Vec<&'static GcRootList> {
    let r = ROOTS.lock().unwrap_or_else(|e| e.into_inner());
    // SAFETY: static data of the program.
    r.iter().map(|&l| unsafe { &*(l as *const GcRootList) }).collect()
}
