//! cpuprof.go, in its order.

use crate::prof::{
    PROF, external_code, kick, lost_external_code, setcpuprofilerate, signal_lock, signal_unlock,
};
use crate::profbuf::{ProfBuf, ProfBufReadMode};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use gort_os_linux::{nanotime, osyield};
use gort_proc::{Global, LOCK_RANK_CPUPROF, Mutex, lock, lock_init, retain_labels, unlock};
use gort_runtime2::G;

/// Return addresses of a sample at most.
///
/// Go: cpuprof.go:22 maxCPUProfStack
pub const MAX_CPU_PROF_STACK: usize = 64;
/// Words of the ring.
///
/// Go: cpuprof.go:30 profBufWordCount
const PROF_BUF_WORD_COUNT: usize = 1 << 17;
/// Records of the ring.
///
/// Go: cpuprof.go:34 profBufTagCount
const PROF_BUF_TAG_COUNT: usize = 1 << 14;

/// Who takes a profile, and reads it: the ring has one reader. In Go there is only package
/// runtime/pprof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Owner {
    /// The crate gort-pprof, be it for the environment or for the program.
    Gort = 1,
    /// A Go program.
    Go = 2,
}

/// Go: cpuprof.go:37 cpuProfile
struct CpuProfile {
    lock: Mutex,
    /// A profile is being taken; false as the last act of whoever ends it, who has `log` until
    /// then.
    on: AtomicBool,
    log: AtomicPtr<ProfBuf>,
    /// Whose `log` is: an [`Owner`], or 0. Stored after `log`, and taken back before it goes.
    owner: AtomicU32,
    /// Samples of threads that are no Ms, each with its length in front, until an M gets a signal.
    extra: [usize; 1000],
    num_extra: usize,
    lost_extra: u64,
}

/// `log` and `on` are written under `lock`, but for the owner, who clears `log` at the end; the
/// rest under the signal lock, and so `log` for handlers: it stays while `PROF.hz` is not 0.
///
/// Go: cpuprof.go:59 cpuprof
// SAFETY: atomics, integers and a nullable pointer: all zeroes is a valid value.
static CPUPROF: Global<CpuProfile> = Global::new(unsafe { core::mem::zeroed() });

/// Takes `hz` samples in each second of processor time for `owner`; 0: no more, if the profile is
/// `owner`'s. False: another profile has not been read to its end, and nothing was changed.
///
/// # Safety
/// On a goroutine that holds no lock of the runtime.
///
/// Go: cpuprof.go:68 SetCPUProfileRate
#[doc(alias = "SetCPUProfileRate")]
pub unsafe fn set_cpu_profile_rate(owner: Owner, hz: isize) -> bool {
    // :70
    let hz = hz.clamp(0, 1_000_000) as i32;
    // SAFETY: under the lock; the ring is there as long as signals may be written into it.
    unsafe {
        let p = CPUPROF.get();
        static RANKED: std::sync::Once = std::sync::Once::new();
        RANKED.call_once(|| lock_init(&raw mut (*p).lock, LOCK_RANK_CPUPROF));
        // :77
        lock(&raw mut (*p).lock);
        let mut ok = true;
        if hz > 0 {
            // Acquire: pairs with the end of read_profile
            if (*p).on.load(Ordering::Relaxed) || !(*p).log.load(Ordering::Acquire).is_null() {
                ok = false;
            } else {
                // :85
                (*p).on.store(true, Ordering::Relaxed);
                let log = Box::new(ProfBuf::new(1, PROF_BUF_WORD_COUNT, PROF_BUF_TAG_COUNT));
                log.write(|| 0, nanotime(), &[hz as u64], &[]);
                (*p).log.store(Box::into_raw(log), Ordering::Relaxed);
                // Release: pairs with the load in read_profile
                (*p).owner.store(owner as u32, Ordering::Release);
                setcpuprofilerate(hz);
            }
        } else if (*p).on.load(Ordering::Relaxed)
            && (*p).owner.load(Ordering::Relaxed) == owner as u32
        {
            // :91
            setcpuprofilerate(0);
            // gort: the signal lock is for addNonGo, which may be late
            signal_lock();
            add_extra();
            signal_unlock();
            (*(*p).log.load(Ordering::Relaxed)).close();
            // Release: only now may the reader free it (pairs with the load in read_profile). The
            // end of the samples, which it may have seen, is stored before `close` has done the
            // rest
            (*p).on.store(false, Ordering::Release);
        }
        unlock(&raw mut (*p).lock);
        if ok && hz > 0 {
            kick();
        }
        ok
    }
}

/// A sample: the stack of a goroutine, whose labels are `labels`'s.
///
/// # Safety
/// In a signal handler, or where none can come to this thread. `gp` is nil, or runs on this M.
///
/// Go: cpuprof.go:106 add
pub(crate) unsafe fn add(gp: *mut G, stk: &[usize]) {
    // SAFETY: under the signal lock; labels are those of a goroutine that cannot change them
    // meanwhile.
    unsafe {
        // :108
        signal_lock();
        if PROF.hz.load() != 0 {
            let p = CPUPROF.get();
            // :114
            if (*p).num_extra > 0 || (*p).lost_extra > 0 {
                add_extra();
            }
            // :117 gort: counted once more, for the reader
            let tag = || if gp.is_null() { 0 } else { retain_labels((*gp).labels).addr() as u64 };
            // Relaxed: stored before `hz`
            (*(*p).log.load(Ordering::Relaxed)).write(tag, nanotime(), &[1], stk);
        }
        // :125
        signal_unlock();
    }
}

/// A sample of a thread that is no M: it waits for one.
///
/// # Safety
/// In a signal handler.
///
/// Go: cpuprof.go:138 addNonGo
#[doc(alias = "addNonGo")]
pub(crate) unsafe fn add_non_go(stk: &[usize]) {
    // SAFETY: under the signal lock.
    unsafe {
        // :145
        signal_lock();
        let p = CPUPROF.get();
        // :150
        if (*p).num_extra + 1 + stk.len() < (*p).extra.len() {
            let i = (*p).num_extra;
            (*p).extra[i] = 1 + stk.len();
            (&mut (*p).extra)[i + 1..i + 1 + stk.len()].copy_from_slice(stk);
            (*p).num_extra += 1 + stk.len();
        } else {
            (*p).lost_extra += 1;
        }
        // :159
        signal_unlock();
    }
}

/// Writes what threads have left that are no Ms.
///
/// Go: cpuprof.go:167 addExtra
#[doc(alias = "addExtra")]
unsafe fn add_extra() {
    // SAFETY: under the signal lock; there is a ring.
    unsafe {
        let p = CPUPROF.get();
        let log = &*(*p).log.load(Ordering::Relaxed);
        // :169
        let mut i = 0;
        while i < (*p).num_extra {
            let n = (*p).extra[i];
            log.write(|| 0, 0, &[1], &(&(*p).extra)[i + 1..i + n]);
            i += n;
        }
        (*p).num_extra = 0;

        // :177
        if (*p).lost_extra > 0 {
            let lost = [
                lost_external_code as *const () as usize + 1,
                external_code as *const () as usize + 1,
            ];
            log.write(|| 0, 0, &[(*p).lost_extra], &lost);
            (*p).lost_extra = 0;
        }
        // :187 no emulated atomics.
    }
}

/// Whether a profile is `owner`'s that has not been read to its end.
pub fn owns(owner: Owner) -> bool {
    // SAFETY: an atomic. Relaxed: only `owner` makes it true, and false.
    unsafe { (*CPUPROF.get()).owner.load(Ordering::Relaxed) == owner as u32 }
}

/// Stores the next records at `data`, each with its length, its time, its count and its stack, and
/// their labels at `tags`, each to be given up by [`release_labels`](gort_proc::release_labels).
/// True: there are no more, or the profile is not `owner`'s. The first record of a profile has the
/// rate in the place of the count.
///
/// # Safety
/// One reader at a time for each owner; on a goroutine if it may wait. Without waiting, also on a
/// thread that is no M.
///
/// Go: cpuprof.go:243 runtime_pprof_readProfile
#[doc(alias = "runtime_pprof_readProfile")]
pub unsafe fn read_profile(
    owner: Owner,
    mode: ProfBufReadMode,
    data: &mut Vec<u64>,
    tags: &mut Vec<u64>,
) -> bool {
    // SAFETY: the log is the reader's to free, when it is closed.
    unsafe {
        let p = CPUPROF.get();
        // :244 gort: without the lock, which a thread cannot take: only the owner clears it
        // (Acquire: `log` was stored before)
        if (*p).owner.load(Ordering::Acquire) != owner as u32 {
            data.clear();
            tags.clear();
            return true;
        }
        let log = (*p).log.load(Ordering::Relaxed);
        // :251
        let eof = (*log).read(mode, data, tags);
        // :252
        if data.is_empty() && eof {
            // gort: whoever ends the profile may still be in `close`, under a lock of the runtime,
            // hence not for long. Acquire: it has left
            while (*p).on.load(Ordering::Acquire) {
                osyield();
            }
            (*p).owner.store(0, Ordering::Relaxed);
            drop(Box::from_raw(log));
            // Release: pairs with the load in set_cpu_profile_rate, which may store another one at
            // once
            (*p).log.store(null_mut(), Ordering::Release);
            return true;
        }
        // :257
        false
    }
}
