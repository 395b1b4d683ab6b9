//! Operations on threads that the runtime did not start. gort's own; its model is Go's
//! `cgocallback`.
//!
//! Such a thread has no g in its thread-local. An operation that needs one finds that out by a test
//! that it makes anyway, and calls [`outside`], which brackets it with [`foreign_enter`]
//! and [`foreign_leave`]: the first operation of a thread takes an extra M ([`need_and_bind_m`]),
//! which stays with the thread until that ends, as since Go 1.21. Within the bracket the thread is
//! a goroutine like any other, the M's `curg`, locked to its thread; outside it is that goroutine
//! in a system call.
//!
//! Go changes to the stack of `curg` for this (asm_amd64.s:1010): Go code needs one that can grow.
//! Native code does not, and may hold references into the frames of its callers: so here g0 and
//! `curg` exchange their stacks ([`swap_stacks`]). The thread goes on where it is, as `curg`, and
//! g0, which schedules while `curg` waits, works on the other stack.

use crate::*;
use core::cell::Cell;
use core::ptr::null_mut;
use gort_runtime2::atomic::{Int32, Uint32};

/// What the thread's own goroutine has on its stack while it is outside: nothing that anybody could
/// walk.
pub fn outside_pc() -> usize {
    goexit_pc() + 1
}

/// Exchanges the stacks of the g0 of an extra M and of its `curg`: the former is the thread's.
///
/// # Safety
/// `mp` is this thread's, which runs no goroutine.
pub unsafe fn swap_stacks(mp: *mut M) {
    // SAFETY: both are this thread's.
    unsafe {
        let (g0, curg) = ((*mp).g0, (*mp).curg.ptr());
        core::ptr::swap(&raw mut (*g0).stack, &raw mut (*curg).stack);
        (*g0).stackguard0.set((*g0).stack.lo + STACK_GUARD);
        (*g0).stackguard1 = (*g0).stackguard0.get();
        // Where mcall and systemstack begin. Nothing returns to it.
        (*g0).sched.pc = outside_pc();
        (*g0).sched.sp = (*g0).stack.hi - 64;
        (*g0).sched.bp = 0;
        (*g0).sched.g.set(g0);
    }
}

/// Undoes [`swap_stacks`] before the M is given back; nothing if the thread has its M from
/// [`need_and_bind_m`] alone.
///
/// # Safety
/// As for [`swap_stacks`].
pub unsafe fn swap_back(mp: *mut M) {
    // SAFETY: both are this thread's.
    unsafe {
        if (*(*mp).g0).sched.pc == outside_pc() {
            swap_stacks(mp);
            (*(*mp).g0).sched.pc = 0;
            (*(*mp).g0).sched.sp = 0;
        }
    }
}

/// Hands on the P that the thread has kept from its last operation: nobody waits for sysmon to take
/// it when the thread has ended, and the M, which counts as one that runs until then, must not
/// leave it behind (checkdead).
///
/// # Safety
/// On the g0 of an extra M, without a P.
pub unsafe fn give_up_p(mp: *mut M) {
    // SAFETY: Ps are never freed; the compare-and-swap makes it this thread's.
    unsafe {
        let pp = (*mp).oldp.ptr();
        (*mp).oldp.set(null_mut());
        // For the tracer a theft, as in entersyscall_gcwait: the goroutine is still in its system
        // call.
        if !pp.is_null()
            && trace_steal(pp, true, || {
                (*pp).status.load() == PSYSCALL && (*pp).status.cas(PSYSCALL, PIDLE)
            })
        {
            (*pp).syscalltick.bump(1);
            handoffp(pp);
        }
    }
}

/// Binds this thread, which has no g, to an M, if it has none yet.
///
/// # Safety
/// The runtime runs. Not in a signal handler.
pub unsafe fn bind_thread() -> *mut M {
    // SAFETY: g0 and M are this thread's own.
    unsafe {
        let mut g0 = bound_g0();
        if g0.is_null() {
            need_and_bind_m();
            g0 = getg();
            swap_stacks((*g0).m);
            setg(null_mut());
        }
        (*g0).m
    }
}

/// Runs `f`, in which this thread's own goroutine only waits for other goroutines: meanwhile it
/// does not count as one, and reports leave it out.
///
/// # Safety
/// In a bracket of [`foreign_enter`]. `f` does not unwind.
pub unsafe fn waits_for_others(f: impl FnOnce()) {
    fn host() {}
    // SAFETY: the goroutine is this thread's own.
    unsafe {
        let gp = getg();
        let pc = host as fn() as usize;
        register_system_goroutine(pc);
        (*sched()).ngsys.add(1);
        (*gp).startpc = pc;
        f();
        (*gp).startpc = 0;
        (*sched()).ngsys.add(-1);
    }
}

/// This thread, which has no g, goes on as a goroutine, until [`foreign_leave`]. `op` is what it
/// wants to do. If the runtime has not been started that is done now, with a thread of its own as
/// m0.
///
/// # Safety
/// To be followed by [`foreign_leave`], on the same thread, from this frame's caller or further
/// down.
#[unsafe(export_name = "gort.foreign_enter")]
pub unsafe fn foreign_enter(op: &'static str) {
    // SAFETY: g, M and curg are this thread's own.
    unsafe {
        if !getg().is_null() {
            really_outside(op);
        }
        if !linkname::host_start() {
            really_outside(op);
        }
        let mp = bind_thread();
        let curg = (*mp).curg.ptr();
        let (_, sp, _) = getpcspbp();
        if sp <= (*curg).stack.lo || sp > (*curg).stack.hi {
            // cgocall.go:287 the thread has changed stacks since
            let bounds = thread_stack();
            (*curg).stack = if sp > bounds.lo && sp <= bounds.hi {
                bounds
            } else {
                Stack { lo: sp - 32 * 1024, hi: sp + 1024 }
            };
        }
        setg(curg);
        // cgocall.go:335 the goroutine comes out of its system call, and gets a P; it waits here if
        // there is none
        (*curg).syscallsp = (*curg).stack.hi;
        exitsyscall_frame(sp);
        // cgocall.go:424 execute may not have been on the way
        #[cfg(not(gort_inside))]
        {
            let hz = (&raw const (*sched()).profilehz).read_volatile();
            if (*mp).profilehz != hz {
                linkname::set_thread_cpu_profiler(hz);
            }
        }
    }
}

/// The thread is foreign again. Its P is kept for the next time, like that of a system call, unless
/// somebody waits for it.
///
/// # Safety
/// After [`foreign_enter`].
#[unsafe(export_name = "gort.foreign_leave")]
pub unsafe fn foreign_leave() {
    // SAFETY: g, M and P are this thread's own until the P is given away.
    unsafe {
        let curg = getg();
        let pp = (*(*curg).m).p.ptr();
        let (pc, sp) = (outside_pc(), (*curg).stack.hi);
        // cgocall.go:339
        let idle = runqempty(pp) && (&*(*pp).timers.heap.get()).is_empty();
        if idle || (*pp).status.get() == PGCSTOP {
            // In the second case this thread has stopped the world: nobody may have the P.
            reentersyscall(pc, sp, 0);
        } else {
            // What it has started or woken is not to wait for sysmon.
            entersyscallblock_frame(pc, sp, 0);
        }
        setg(null_mut());
    }
}

/// 1 if the process ends when its main goroutine returns (`gort::run_main`): it is a deadlock then
/// if there is no goroutine left.
pub static ENDS_WITH_MAIN: Uint32 = Uint32::new(0);

/// Nothing will ever happen, unless a thread that has no M yet calls in: sysmon looks again from
/// time to time. How often that was found.
static DEFERRED: Uint32 = Uint32::new(0);

/// Threads that never call in: see [`never_call_in`].
static NEVER: [Int32; 16] = [const { Int32::new(0) }; 16];

/// Whether the process has threads that are no Ms, or may have: they may call in, so nothing is a
/// deadlock. When they have ended without, sysmon finds it out.
///
/// # Safety
/// Under `sched.lock`.
pub unsafe fn foreign_threads() -> bool {
    // SAFETY: Ms are never freed, and added to allm under the lock that is held.
    unsafe {
        let m_of = |tid: i32| {
            let mut mp = ALLM.load();
            while !mp.is_null() && (*mp).procid.get() != tid as u64 {
                mp = (*mp).alllink.get();
            }
            mp
        };
        let waits_for_m = |tid: i32| {
            // One that waits for one, and so on. Threads that wait for each other wait for ever,
            // but are no Ms.
            let (mut words, mut tid) = ([0u64; 8], tid);
            for n in 0..words.len() {
                let Some((word, other)) = joined(tid) else { return false };
                let mp = m_of(other);
                if !mp.is_null() {
                    // The same place in all: the last one is known to be right.
                    let Some(at) = in_pthread((*mp).pthread.load(), word) else { return false };
                    return words[..n].iter().all(|w| is_pthread(w.wrapping_sub(at)));
                }
                (words[n], tid) = (word, other);
            }
            false
        };
        let found = any_thread(|tid| {
            m_of(tid).is_null() && NEVER.iter().all(|n| n.load() != tid) && !waits_for_m(tid)
        });
        if !found {
            DEFERRED.store(0);
            return false;
        }
        let sched = sched();
        if DEFERRED.add(1) == 1 && (*sched).sysmonwait.load() {
            (*sched).sysmonwait.store(false);
            notewakeup(&raw mut (*sched).sysmonnote);
        }
        true
    }
}

/// How often in a row there would have been a deadlock but for threads that are no Ms. For tests.
#[doc(hidden)]
pub fn deferred() -> u32 {
    DEFERRED.load()
}

/// Whether sysmon is to look for a deadlock that came about by a thread's end.
pub fn look_again() -> bool {
    HANDLES.load() == 0 && (DEFERRED.load() != 0 || EXTRA_M_IN_USE.load() != 0)
}

/// The threads that the process has now, but for the caller's, never call in: for a test harness,
/// whose own threads must not keep deadlocks from being reported.
#[doc(hidden)]
pub fn never_call_in() {
    let me = gettid() as i32;
    each_thread(&|tid| {
        if tid != me && NEVER.iter().all(|n| n.load() != tid) {
            NEVER.iter().any(|n| n.cas(0, tid));
        }
        false
    });
}

/// This thread never calls in: it keeps no deadlock from being reported. False if there are 16 such
/// threads already.
///
/// The number is given up when the thread ends, as the next thread may get it.
pub fn never_calls_in() -> bool {
    struct Mine(Cell<i32>);
    impl Drop for Mine {
        fn drop(&mut self) {
            NEVER.iter().for_each(|n| {
                n.cas(self.0.get(), 0);
            });
        }
    }
    std::thread_local! {
        static MINE: Mine = const { Mine(Cell::new(-1)) };
    }
    let tid = gettid() as i32;
    let listed = || NEVER.iter().any(|n| n.load() == tid);
    MINE.with(|m| m.0.set(tid));
    listed() || NEVER.iter().any(|n| n.cas(0, tid))
}

/// Where the futex word at `word` is in the `struct pthread` of glibc's that begins at `pthread`,
/// which has more than 1 KiB; None: not there. One that is not private there is the number of the
/// thread, for who joins it. Nothing of the program's is there.
fn in_pthread(pthread: u64, word: u64) -> Option<u64> {
    let known = cfg!(all(target_env = "gnu", target_arch = "x86_64")) && pthread != 0;
    word.checked_sub(pthread).filter(|n| known && *n < 1024)
}

/// Whether there is a `struct pthread` of glibc's at `base`: it begins with a `tcbhead_t`, whose
/// first and third word are its own address. The kernel reads it, as nothing may be there.
fn is_pthread(base: u64) -> bool {
    let mut head = [0u64; 3];
    let to = libc::iovec { iov_base: head.as_mut_ptr().cast(), iov_len: size_of_val(&head) };
    let from = libc::iovec { iov_base: base as *mut c_void, iov_len: size_of_val(&head) };
    // SAFETY: the kernel writes no more than `head` has.
    let n = unsafe {
        let (to, from) = ((&raw const to) as usize, (&raw const from) as usize);
        let me = libc::getpid() as usize;
        syscall6(libc::SYS_process_vm_readv, me, to, 1, from, 1, 0)
    };
    n == size_of_val(&head) as isize && head[0] == base && head[2] == base
}

/// The thread for whose end this one seems to wait, as the kernel sees it, and where:
/// `pthread_join` of glibc waits in a futex without FUTEX_PRIVATE_FLAG (the kernel wakes it so when
/// it clears the word) and without a time, and what it expects there is the number of the thread. A
/// word of the program's own may hold that number, too, so it matters where it is.
///
/// A thread that waits for an M in this way calls in no sooner than the M's thread has ended. That
/// is for programs that run everything on a thread, and wait for that in `main`.
fn joined(tid: i32) -> Option<(u64, i32)> {
    let mut path = *b"/proc/self/task/0000000000/syscall\0";
    let mut n = tid;
    for d in path[16..26].iter_mut().rev() {
        *d = b'0' + (n % 10) as u8;
        n /= 10;
    }
    // The kernel takes no leading zeros.
    let zeros = path[16..25].iter().take_while(|d| **d == b'0').count();
    path.copy_within(16 + zeros.., 16);
    let mut buf = [0u8; 256];
    // SAFETY: the path is terminated; the kernel writes no more than the buffer has.
    let n = unsafe {
        let flags = (libc::O_RDONLY | libc::O_CLOEXEC) as usize;
        let (at, path) = (libc::AT_FDCWD as usize, path.as_ptr() as usize);
        let fd = syscall6(libc::SYS_openat, at, path, flags, 0, 0, 0);
        if fd < 0 {
            return None;
        }
        let (to, room) = (buf.as_mut_ptr() as usize, buf.len());
        let n = syscall6(libc::SYS_read, fd as usize, to, room, 0, 0, 0);
        syscall6(libc::SYS_close, fd as usize, 0, 0, 0, 0, 0);
        n
    };
    // The number of the system call, its arguments, sp and pc; or "running", or "-1 ..".
    let text = core::str::from_utf8(buf.get(..usize::try_from(n).ok()?)?).ok()?;
    let mut words = text.split_ascii_whitespace();
    if words.next()?.parse() != Ok(libc::SYS_futex) {
        return None;
    }
    let mut hex = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    let (word, op, expected, timeout) = (hex()?, hex()? as i32, hex()?, hex()?);
    let wait = [libc::FUTEX_WAIT, libc::FUTEX_WAIT_BITSET];
    // Which clock a limit would have does not matter.
    let kind = op & (libc::FUTEX_CMD_MASK | libc::FUTEX_PRIVATE_FLAG);
    let joins = wait.contains(&kind) && timeout == 0;
    i32::try_from(expected).ok().filter(|n| joins && *n > 0).map(|n| (word, n))
}

/// Whether `f` is true of a thread of this process, or may be of one: true if it cannot be told who
/// there is. Without memory and without std: the caller may hold locks.
///
/// Where threads end between two reads of a list that takes several, the kernel goes on by
/// counting, and may leave out as many as have ended. Those who have ended were in the list; so one
/// that is read twice and is the same was whole.
#[doc(hidden)]
pub fn any_thread(f: impl Fn(i32) -> bool) -> bool {
    match (each_thread(&f), each_thread(&f)) {
        (Threads::All(first), Threads::All(again)) => first != again,
        _ => true,
    }
}

/// What [`each_thread`] has come to.
enum Threads {
    /// The function was false of all that were in the list, of which this is a hash.
    All(u64),
    /// It was true of one.
    Found,
    /// The list could not be read, or is another process's: this thread is not in it.
    Unknown,
}

/// Calls `f` for each thread of this process that is in the kernel's list, until it is true.
fn each_thread(f: &impl Fn(i32) -> bool) -> Threads {
    // SAFETY: the kernel writes whole records into the buffer and says how many bytes.
    unsafe {
        let path = c"/proc/self/task".as_ptr() as usize;
        let flags = (libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC) as usize;
        let fd = syscall6(libc::SYS_openat, libc::AT_FDCWD as usize, path, flags, 0, 0, 0);
        if fd < 0 {
            return Threads::Unknown;
        }
        let me = gettid() as i32;
        let (mut r, mut hash, mut seen) = (Threads::Unknown, 0u64, false);
        let mut buf = [0u64; 256];
        'all: loop {
            let room = size_of_val(&buf);
            let n = syscall6(
                libc::SYS_getdents64,
                fd as usize,
                buf.as_mut_ptr() as usize,
                room,
                0,
                0,
                0,
            );
            if n <= 0 {
                if n == 0 && seen {
                    r = Threads::All(hash);
                }
                break;
            }
            let mut at = 0;
            while at < n as usize {
                // ino 8, off 8, reclen 2, type 1, name
                let e = buf.as_ptr().cast::<u8>().add(at);
                let name = core::ffi::CStr::from_ptr(e.add(19).cast()).to_bytes();
                at += usize::from(e.add(16).cast::<u16>().read_unaligned());
                if name.iter().all(u8::is_ascii_digit) {
                    let tid = name.iter().fold(0, |n, d| n * 10 + i32::from(d - b'0'));
                    // FNV-1a, a number at a time: the order is that in which they were made.
                    hash = (hash ^ tid as u64).wrapping_mul(0x100_0000_01b3).rotate_left(23);
                    seen |= tid == me;
                    if f(tid) {
                        r = Threads::Found;
                        break 'all;
                    }
                }
            }
        }
        syscall6(libc::SYS_close, fd as usize, 0, 0, 0, 0, 0);
        r
    }
}

/// Makes this thread a goroutine until [`leave_thread`]; nothing on a goroutine, or inside of
/// another pair.
///
/// # Safety
/// To be followed by [`leave_thread`] on the same thread, in the same function.
pub unsafe fn enter_thread() {
    // SAFETY: g and M are this thread's own.
    unsafe {
        let gp = getg();
        if gp.is_null() {
            foreign_enter("gort_enter");
            (*(*getg()).m).ncgo = 1;
        } else if (*(*gp).m).isextra {
            (*(*gp).m).ncgo += 1;
        }
    }
}

/// The thread ends, whatever it has entered.
///
/// # Safety
/// On this thread's own goroutine.
pub unsafe fn leave_for_good() {
    // SAFETY: g and M are this thread's own.
    unsafe {
        (*(*getg()).m).ncgo = 0;
        foreign_leave();
    }
}

/// Undoes one [`enter_thread`].
///
/// # Safety
/// As there.
pub unsafe fn leave_thread() {
    // SAFETY: g and M are this thread's own.
    unsafe {
        let gp = getg();
        if gp.is_null() || !(*(*gp).m).isextra || (*(*gp).m).ncgo == 0 {
            return;
        }
        (*(*gp).m).ncgo -= 1;
        if (*(*gp).m).ncgo == 0 {
            foreign_leave();
        }
    }
}

/// Ends the program: `op` is not possible here.
#[cold]
fn really_outside(op: &'static str) -> ! {
    let t = std::thread::current();
    let name = t.name().unwrap_or("without a name");
    let tid = gettid();
    let what = if getg().is_null() {
        "after shutdown"
    } else {
        "on a thread that is in the runtime already"
    };
    let stack = std::backtrace::Backtrace::force_capture();
    write_err(
        format!("fatal error: gort: operation {what}: {op}, on thread {tid} ({name})\n\n{stack}")
            .as_bytes(),
    );
    exit(2)
}
