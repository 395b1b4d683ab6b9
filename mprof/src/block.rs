//! mprof.go: 20–355, 481–575, 853–905, 1109–1255. The block and the mutex profile.

use core::ptr::null_mut;
use core::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use gort_asm::{getg, getpcspbp, systemstack};
use gort_lock_futex::{lock, lock_init, unlock};
use gort_os_linux::nanotime;
use gort_rand::cheaprand64;
use gort_runtime1::{acquirem, releasem};
use gort_runtime2::atomic::Pointer;
use gort_runtime2::linkname::trace_callers;
use gort_runtime2::{LOCK_RANK_PROF_BLOCK, LOCK_RANK_PROF_INSERT, Mutex};

/// Which profile.
///
/// Go: mprof.go:60 bucketType
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketType {
    /// Who waited.
    Block,
    /// Who kept others waiting.
    Mutex,
}

/// Lists of the table.
///
/// Go: mprof.go:42 buckHashSize
const BUCK_HASH_SIZE: usize = 179_999;

/// Return addresses of a stack at most; Go's `debug.profstackdepth`.
const DEPTH: usize = 128;

/// A stack, and what it has waited. Never freed; nothing but the record changes once it is in the
/// table.
///
/// Go: mprof.go:75 bucket
struct Bucket {
    next: *mut Bucket,
    allnext: *mut Bucket,
    typ: BucketType,
    hash: usize,
    stk: Box<[usize]>,
    /// Changed under `block_lock`.
    record: BlockRecord,
}

/// Atomic, as what is left at the end of a process is read without the lock.
///
/// Go: mprof.go:163 blockRecord
#[derive(Default)]
struct BlockRecord {
    /// The bits of an `f64`.
    count: AtomicU64,
    cycles: AtomicI64,
}

impl BlockRecord {
    /// Adds to it, under the lock.
    fn add(&self, count: f64, cycles: i64) {
        let sum = f64::from_bits(self.count.load(Relaxed)) + count;
        self.count.store(sum.to_bits(), Relaxed);
        // Go's addition wraps.
        self.cycles.store(self.cycles.load(Relaxed).wrapping_add(cycles), Relaxed);
    }

    fn get(&self) -> (i64, i64) {
        (f64::from_bits(self.count.load(Relaxed)) as i64, self.cycles.load(Relaxed))
    }
}

/// The variables of mprof.go:20 and :168.
struct Prof {
    insert_lock: Mutex,
    block_lock: Mutex,
    /// Heads of the lists of all: [`BucketType::Block`], [`BucketType::Mutex`].
    all: [Pointer<Bucket>; 2],
    hash: [Pointer<Bucket>; BUCK_HASH_SIZE],
}

/// The table; nil until a profile is taken first.
fn prof() -> *mut Prof {
    static PROF: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    let made = PROF.get_or_init(|| {
        // SAFETY: atomics and nullable pointers: all zeroes is a valid value. Made before others
        // can see it.
        unsafe {
            let p: *mut Prof = Box::into_raw(Box::<Prof>::new_zeroed()).cast();
            lock_init(&raw mut (*p).insert_lock, LOCK_RANK_PROF_INSERT);
            lock_init(&raw mut (*p).block_lock, LOCK_RANK_PROF_BLOCK);
            p.expose_provenance()
        }
    });
    core::ptr::with_exposed_provenance_mut(*made)
}

/// The bucket of that stack, which is made if there is none.
///
/// # Safety
/// On a system stack, without locks.
///
/// Go: mprof.go:275 stkbucket
unsafe fn stkbucket(typ: BucketType, stk: &[usize]) -> *mut Bucket {
    // SAFETY: buckets are never freed, and whole before they are in the table.
    unsafe {
        let prof = prof();
        // :291
        let mut h = 0usize;
        for pc in stk {
            h = h.wrapping_add(*pc);
            h = h.wrapping_add(h << 10);
            h ^= h >> 6;
        }
        // :302 (no sizes)
        h = h.wrapping_add(h << 3);
        h ^= h >> 11;

        // :306
        let head = &raw const (*prof).hash[h % BUCK_HASH_SIZE];
        let find = || {
            // Acquire: what the bucket has. Pairs with the store below.
            let mut b = (*head).load_acq();
            while !(b.is_null() || (*b).typ == typ && (*b).hash == h && *(*b).stk == *stk) {
                b = (*b).next;
            }
            b
        };
        // :308 at first without the lock
        let b = find();
        if !b.is_null() {
            return b;
        }
        // :328 gort: made before the lock is taken, as memory is not the runtime's own
        let record = BlockRecord::default();
        let new = Box::into_raw(Box::new(Bucket {
            next: null_mut(),
            allnext: null_mut(),
            typ,
            hash: h,
            stk: stk.into(),
            record,
        }));
        // :318 (order: in Go before the bucket is made)
        lock(&raw mut (*prof).insert_lock);
        let b = find();
        if !b.is_null() {
            unlock(&raw mut (*prof).insert_lock);
            drop(Box::from_raw(new));
            return b;
        }
        // :342
        let all = &raw const (*prof).all[typ as usize];
        (*new).next = (*head).load();
        (*new).allnext = (*all).load();
        // :345
        (*head).store_rel(new);
        (*all).store_rel(new);
        unlock(&raw mut (*prof).insert_lock);
        new
    }
}

/// A time, in what the profiles count: ns.
pub fn ticks() -> i64 {
    nanotime()
}

/// Go: mprof.go:481 blockprofilerate
static BLOCKPROFILERATE: AtomicI64 = AtomicI64::new(0);

/// ns for each event of the block profile; 0: none is taken.
#[inline(always)]
pub fn blockprofilerate() -> i64 {
    BLOCKPROFILERATE.load(Relaxed)
}

/// One event is recorded for each `rate` ns that goroutines wait; 1: all are, 0: none.
///
/// Go: mprof.go:489 SetBlockProfileRate
#[doc(alias = "SetBlockProfileRate")]
pub fn set_block_profile_rate(rate: i64) {
    // :491 (:497 ticks are ns)
    BLOCKPROFILERATE.store(rate.max(0), Relaxed);
    // :503
}

/// The goroutine has waited for `cycles`.
///
/// # Safety
/// On a goroutine that holds no lock of the runtime.
///
/// Go: mprof.go:506 blockevent
#[cold]
pub unsafe fn blockevent(cycles: i64) {
    // :507
    let cycles = cycles.max(1);
    // :511
    let rate = blockprofilerate();
    if blocksampled(cycles, rate) {
        // SAFETY: the caller's contract.
        unsafe { saveblockevent(cycles, rate, BucketType::Block) };
    }
}

/// Whether an event is recorded: of short ones some, by chance.
///
/// Go: mprof.go:519 blocksampled
fn blocksampled(cycles: i64, rate: i64) -> bool {
    // :520
    !(rate <= 0 || rate > cycles && cheaprand64() % rate > cycles)
}

/// Records an event with the stack of the goroutine. gort's own frames are told apart when they are
/// named, instead of counted.
///
/// # Safety
/// As [`blockevent`].
///
/// Go: mprof.go:533 saveblockevent
#[inline(never)]
unsafe fn saveblockevent(cycles: i64, rate: i64, which: BucketType) {
    // SAFETY: this goroutine's stack, which stands still while its thread is on the system stack.
    unsafe {
        // :543
        let gp = getg();
        let mp = acquirem();
        // :548 (:564 a scheduler that releases a lock of the program: nothing to tell)
        if gp == (*mp).curg.ptr() {
            let (pc, sp, bp) = getpcspbp();
            systemstack(|| {
                let mut stk = [0usize; DEPTH];
                let n = trace_callers(gp, pc, sp, bp, stk.as_mut_ptr(), DEPTH);
                // :570
                save_block_event_stack(cycles, rate, &stk[..n], which);
            });
        }
        // :571
        releasem(mp);
    }
}

/// Counts an event.
///
/// # Safety
/// On a system stack, without locks.
///
/// Go: mprof.go:853 saveBlockEventStack
#[doc(alias = "saveBlockEventStack")]
unsafe fn save_block_event_stack(cycles: i64, rate: i64, stk: &[usize], which: BucketType) {
    // SAFETY: the record under its lock.
    unsafe {
        // :854
        let b = stkbucket(which, stk);
        let prof = prof();
        // :857
        lock(&raw mut (*prof).block_lock);
        let bp = &(*b).record;
        if which == BucketType::Block && cycles < rate {
            // :863 as many as there were, for each that was recorded
            bp.add(rate as f64 / cycles as f64, rate);
        } else if which == BucketType::Mutex {
            // :867
            bp.add(rate as f64, rate.wrapping_mul(cycles));
        } else {
            // :870
            bp.add(1.0, cycles);
        }
        // :874
        unlock(&raw mut (*prof).block_lock);
    }
}

/// Go: mprof.go:877 mutexprofilerate
static MUTEXPROFILERATE: AtomicI64 = AtomicI64::new(0);

/// Of how many events of the mutex profile one is recorded; 0: none.
#[inline(always)]
pub fn mutexprofilerate() -> i64 {
    MUTEXPROFILERATE.load(Relaxed)
}

/// Of `rate` events one is recorded, on average; 0: none. A negative one changes nothing. What it
/// was before.
///
/// Go: mprof.go:886 SetMutexProfileFraction
#[doc(alias = "SetMutexProfileFraction")]
pub fn set_mutex_profile_fraction(rate: i64) -> i64 {
    // :887
    if rate < 0 {
        return mutexprofilerate();
    }
    // :890
    MUTEXPROFILERATE.swap(rate, Relaxed)
}

/// The goroutine has kept others waiting for `cycles` in all.
///
/// # Safety
/// As [`blockevent`].
///
/// Go: mprof.go:896 mutexevent
#[cold]
pub unsafe fn mutexevent(cycles: i64) {
    // :897
    let cycles = cycles.max(0);
    // :900
    let rate = mutexprofilerate();
    if rate > 0 && cheaprand64() % rate == 0 {
        // SAFETY: the caller's contract.
        unsafe { saveblockevent(cycles, rate, BucketType::Mutex) };
    }
}

/// A stack of a profile: how many events, how long in all (ns), and the return addresses, innermost
/// first.
///
/// Go: mprof.go:1109 BlockProfileRecord
#[derive(Clone, Copy, Debug)]
pub struct BlockProfileRecord {
    /// Events.
    pub count: i64,
    /// ns.
    pub cycles: i64,
    /// The stack.
    pub stack: &'static [usize],
}

/// The records of the block profile.
///
/// Go: mprof.go:1156 blockProfileInternal
#[doc(alias = "blockProfileInternal")]
pub fn block_profile() -> Vec<BlockProfileRecord> {
    // :1157
    block_counts(records(BucketType::Block, true))
}

fn block_counts(mut all: Vec<BlockProfileRecord>) -> Vec<BlockProfileRecord> {
    for r in &mut all {
        // :1173
        r.count = r.count.max(1);
    }
    // :1180
    all
}

/// The records of the mutex profile.
///
/// Go: mprof.go:1235 mutexProfileInternal
#[doc(alias = "mutexProfileInternal")]
pub fn mutex_profile() -> Vec<BlockProfileRecord> {
    // :1236 (:1254)
    records(BucketType::Mutex, true)
}

/// The records of one of them at the end of the process, on any thread: the lock is not taken, as
/// nobody may be left to give it back. A wait that is recorded meanwhile may be counted with
/// another one's time.
pub fn last_profile(typ: BucketType) -> Vec<BlockProfileRecord> {
    let all = records(typ, false);
    if typ == BucketType::Block { block_counts(all) } else { all }
}

/// All records of one; `locked` only on an M.
fn records(typ: BucketType, locked: bool) -> Vec<BlockProfileRecord> {
    let prof = prof();
    // SAFETY: buckets are never freed; the records are copied one by one, as nothing may be
    // allocated under their lock; `locked` only on an M.
    unsafe {
        let mut all = Vec::new();
        let mut b = (*prof).all[typ as usize].load_acq();
        while !b.is_null() {
            if locked {
                lock(&raw mut (*prof).block_lock);
            }
            let (count, cycles) = (*b).record.get();
            if locked {
                unlock(&raw mut (*prof).block_lock);
            }
            let stack: *const [usize] = &raw const *(*b).stk;
            all.push(BlockProfileRecord { count, cycles, stack: &*stack });
            b = (*b).allnext;
        }
        all
    }
}
