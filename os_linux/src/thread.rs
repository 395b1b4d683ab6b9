//! Threads. An M is a pthread, as in a Go program that uses cgo: C code in it finds a thread of its
//! library.

use crate::sys::{getpid, gettid, syscall6, usleep};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use gort_asm::setg;
use gort_runtime2::atomic::Uintptr;
use gort_runtime2::linkname::{mstart0, print_args, throw};
use gort_runtime2::{M, Stack, sched};

/// Bytes of stack of an M's thread, on which its g0 runs, beside the thread-locals, which lie in
/// the same memory.
pub const M_STACK_SIZE: usize = 1 << 20;

/// Bytes of thread-locals that each thread has from its beginning, in whole pages, and a page for
/// the thread's control block; set by `osinit`.
pub(crate) static TLS_SIZE: Uintptr = Uintptr::new(0);

/// What [`TLS_SIZE`] shall be: as the program and its libraries say in their headers.
pub(crate) fn tls_size() -> usize {
    unsafe extern "C" fn each(info: *mut libc::dl_phdr_info, _: usize, sum: *mut c_void) -> i32 {
        // SAFETY: the loader's description of one module; `sum` is the variable below.
        unsafe {
            let headers =
                core::slice::from_raw_parts((*info).dlpi_phdr, (*info).dlpi_phnum as usize);
            for p in headers.iter().filter(|p| p.p_type == libc::PT_TLS) {
                *sum.cast::<usize>() += (p.p_memsz + p.p_align) as usize;
            }
        }
        0
    }
    let mut sum = 0usize;
    // SAFETY: `each` matches its argument.
    unsafe { libc::dl_iterate_phdr(Some(each), (&raw mut sum).cast()) };
    sum.next_multiple_of(PAGE) + PAGE
}

const PAGE: usize = 4096;

/// Bytes that `stackguard0` keeps above the end of a stack (stack.go:109).
const STACK_GUARD: usize = 928;

/// Starts a thread that runs `mp`.
///
/// # Safety
/// `mp` is new, has a g0, and no thread runs it.
///
/// Go: os_linux.go:166 newosproc
pub unsafe fn newosproc(mp: *mut M) {
    // SAFETY: the thread gets `mp` for itself; the signal masks are locals.
    unsafe {
        // :176 the new thread starts with all signals blocked, until minit
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        let mut oset = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), oset.as_mut_ptr());
        // :178 pthread_create where Go without cgo clones
        let mut attr = MaybeUninit::<libc::pthread_attr_t>::uninit();
        let mut ret = libc::pthread_attr_init(attr.as_mut_ptr());
        if ret == 0 {
            libc::pthread_attr_setstacksize(attr.as_mut_ptr(), M_STACK_SIZE + TLS_SIZE.get());
            libc::pthread_attr_setdetachstate(attr.as_mut_ptr(), libc::PTHREAD_CREATE_DETACHED);
            ret = retry_on_eagain(|| {
                let mut p = MaybeUninit::<libc::pthread_t>::uninit();
                libc::pthread_create(p.as_mut_ptr(), attr.as_ptr(), threadentry, mp.cast())
            });
            libc::pthread_attr_destroy(attr.as_mut_ptr());
        }
        // :188
        libc::pthread_sigmask(libc::SIG_SETMASK, oset.as_ptr(), null_mut());
        // :190
        if ret != 0 {
            let mcount = ((*sched()).mnext.get() - (*sched()).nmfreed.get()) as i32; // proc.go:5384
            // :191
            print_args(format_args!(
                "runtime: failed to create new OS thread (have {mcount} already; errno={ret})\n"
            ));
            // :192
            if ret == libc::EAGAIN {
                print_args(format_args!(
                    "runtime: may need to increase max user processes (ulimit -u)\n"
                ));
            }
            // :195
            throw("newosproc");
        }
    }
}

/// Calls `f` until it returns something other than EAGAIN, at most twenty times, a little later
/// each time.
///
/// Go: retry.go:14 retryOnEAGAIN
#[doc(alias = "retryOnEAGAIN")]
fn retry_on_eagain(mut f: impl FnMut() -> i32) -> i32 {
    // :15
    for tries in 0..20 {
        let errno = f();
        if errno != libc::EAGAIN {
            return errno;
        }
        // :20
        usleep((tries + 1) * 1000);
    }
    // :22
    libc::EAGAIN
}

/// The first function on an M's thread. Go (runtime/cgo): gcc_linux_amd64.c threadentry.
extern "C" fn threadentry(arg: *mut c_void) -> *mut c_void {
    // SAFETY: `newosproc` gave this thread the M; nobody else uses its g0.
    unsafe {
        let mp: *mut M = arg.cast();
        let gp = (*mp).g0;
        (*gp).stack = new_thread_stack(&raw const mp as usize);
        (*gp).stackguard0.set((*gp).stack.lo + STACK_GUARD);
        (*gp).stackguard1 = (*gp).stack.lo + STACK_GUARD;
        (*mp).pthread.store(libc::pthread_self() as u64);
        setg(gp);
        mstart0();
        setg(null_mut());
        null_mut()
    }
}

/// The bounds of the stack of a thread that [`newosproc`] made; `here` is an address in its first
/// frame. As in Go's mstart0 (proc.go:1774) they follow from the size that was asked for. Asking
/// the C library (as [`thread_stack`] must) would be the thread's first allocation, and give the
/// thread an arena of 64 MiB of address space.
///
/// Above the first frame lie the thread's control block and thread-locals, for which there is
/// [`TLS_SIZE`]. What the C library has there beside the thread-locals is less than two pages, so
/// `lo` is where the memory begins, or up to two pages higher.
fn new_thread_stack(here: usize) -> Stack {
    let hi = (here + PAGE - 1) & !(PAGE - 1);
    Stack { lo: hi - M_STACK_SIZE, hi }
}

/// The bounds of this thread's stack.
pub fn thread_stack() -> Stack {
    if gettid() as i32 == getpid() {
        let s = main_thread_stack();
        let here = &raw const s as usize;
        if s.lo <= here && here < s.hi {
            return s;
        }
    }
    let (mut lo, mut size) = (null_mut::<c_void>(), 0usize);
    // SAFETY: the attributes are initialised by getattr before they are read and destroyed.
    let ret = unsafe {
        let mut attr = MaybeUninit::<libc::pthread_attr_t>::uninit();
        let ret = libc::pthread_getattr_np(libc::pthread_self(), attr.as_mut_ptr());
        if ret == 0 {
            libc::pthread_attr_getstack(attr.as_ptr(), &raw mut lo, &raw mut size);
            libc::pthread_attr_destroy(attr.as_mut_ptr());
        }
        ret
    };
    if ret == 0 && size != 0 {
        return Stack { lo: lo as usize, hi: lo as usize + size };
    }
    // Unknown (no memory, most likely): what mstart0 assumes of a system stack, proc.go:1774.
    let here = &raw const size as usize;
    Stack { lo: here - 16384 + 1024, hi: here }
}

/// The bounds of the main thread's stack, without the walk through /proc/self/maps that libc makes
/// for it: it ends behind the name of the executable, which the kernel puts at its very top, and
/// grows down to the resource limit.
pub fn main_thread_stack() -> Stack {
    const UNLIMITED: usize = 8 << 20;
    let mut lim = MaybeUninit::<libc::rlimit>::zeroed();
    // SAFETY: writes `lim` only; zeroes are valid should it fail.
    let lim = unsafe {
        syscall6(
            libc::SYS_prlimit64,
            0,
            libc::RLIMIT_STACK as usize,
            0,
            lim.as_mut_ptr() as usize,
            0,
            0,
        );
        lim.assume_init()
    };
    let size = match lim.rlim_cur {
        libc::RLIM_INFINITY | 0 => UNLIMITED,
        n => n as usize & !(PAGE - 1),
    };
    // SAFETY: reads the auxiliary vector; the string that it names lives as long as the process.
    let top = unsafe {
        let name = libc::getauxval(libc::AT_EXECFN) as *const core::ffi::c_char;
        if name.is_null() {
            return Stack::default();
        }
        name as usize + libc::strlen(name) + 1
    };
    let hi = (top + 8 + PAGE - 1) & !(PAGE - 1);
    Stack { lo: hi.saturating_sub(size), hi }
}
