//! profbuf.go: a ring of samples with one writer, which may be a signal handler, and one reader.
//!
//! The writer waits for nobody: if there is no room it counts what it loses, and writes that number
//! when there is room again, or the reader takes it.

use core::cell::UnsafeCell;
#[cfg(not(loom))]
use gort_lock_futex::notetsleepg;
use gort_lock_futex::{noteclear, notewakeup};
use gort_runtime2::atomic::{Uint32, Uint64};
use gort_runtime2::{Note, mutant};

/// Models have no Ps to give away.
#[cfg(loom)]
unsafe fn notetsleepg(n: *mut Note, _ns: i64) -> bool {
    // SAFETY: the reader's note.
    unsafe {
        while (*n).key.load() == 0 {
            gort_os_linux::futexsleep(&raw const (*n).key, 0, -1);
        }
    }
    true
}

#[cfg(loom)]
fn throw(s: &str) -> ! {
    panic!("{s}")
}
#[cfg(not(loom))]
use gort_runtime2::linkname::throw;

/// The ring. Words are relaxed atomics: they are published by `w`, and given back by `r`.
///
/// Go: profbuf.go:87 profBuf
pub struct ProfBuf {
    r: Uint64,
    w: Uint64,
    overflow: Uint64,
    overflow_time: Uint64,
    eof: Uint32,
    hdrsize: usize,
    data: Box<[Uint64]>,
    /// A word for each record, which the reader gets; 0 where there is none.
    tags: Box<[Uint64]>,
    /// The reader's: up to where it has read.
    r_next: UnsafeCell<u64>,
    wait: UnsafeCell<Note>,
}

// SAFETY: atomics; `r_next` is the reader's, and `wait` is a note, which is made for several
// threads.
unsafe impl Sync for ProfBuf {}
// SAFETY: the same.
unsafe impl Send for ProfBuf {}

/// The reader sleeps, and is to be woken.
///
/// Go: profbuf.go:112 profReaderSleeping
const PROF_READER_SLEEPING: u64 = 1 << 32;
/// Lost samples, or the end, are to be looked for.
///
/// Go: profbuf.go:113 profWriteExtra
const PROF_WRITE_EXTRA: u64 = 1 << 33;

/// Go: profbuf.go:128 dataCount
#[doc(alias = "dataCount")]
fn data_count(x: u64) -> u32 {
    // :129
    x as u32
}

/// Go: profbuf.go:132 tagCount
#[doc(alias = "tagCount")]
fn tag_count(x: u64) -> u32 {
    // :133
    (x >> 34) as u32
}

/// `x - y` of counts that wrap at 30 or 32 bits.
///
/// Go: profbuf.go:141 countSub
#[doc(alias = "countSub")]
fn count_sub(x: u32, y: u32) -> isize {
    // :143
    ((x.wrapping_sub(y) as i32) << 2 >> 2) as isize
}

/// Go: profbuf.go:147 addCountsAndClearFlags
#[doc(alias = "addCountsAndClearFlags")]
fn add_counts_and_clear_flags(x: u64, data: usize, tag: usize) -> u64 {
    // :148
    ((x >> 34) + u64::from((tag as u32) << 2 >> 2)) << 34
        | u64::from((x as u32).wrapping_add(data as u32))
}

/// What [`ProfBuf::read`] does if there is nothing.
///
/// Go: profbuf.go:420 profBufReadMode
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfBufReadMode {
    /// Waits, on a goroutine.
    Blocking,
    /// Returns nothing.
    NonBlocking,
}

impl ProfBuf {
    /// A ring with `hdrsize` words in the head of each record, for `bufwords` words and `tags`
    /// records at least.
    ///
    /// Go: profbuf.go:207 newProfBuf
    #[doc(alias = "newProfBuf")]
    pub fn new(hdrsize: usize, bufwords: usize, tags: usize) -> Self {
        // :208
        let bufwords = bufwords.max(2 + hdrsize + 1);
        // :216
        if bufwords >= 1 << 28 || tags >= 1 << 28 {
            throw("newProfBuf: buffer too large");
        }
        let ring = |n: usize| (0..n.next_power_of_two()).map(|_| Uint64::new(0)).collect();
        // :227
        Self {
            r: Uint64::new(0),
            w: Uint64::new(0),
            overflow: Uint64::new(0),
            overflow_time: Uint64::new(0),
            eof: Uint32::new(0),
            hdrsize,
            data: ring(bufwords),
            tags: ring(tags),
            r_next: UnsafeCell::new(0),
            wait: UnsafeCell::default(),
        }
    }

    /// Whether samples were lost and that was not told yet.
    ///
    /// Go: profbuf.go:152 hasOverflow
    #[doc(alias = "hasOverflow")]
    fn has_overflow(&self) -> bool {
        // :153
        self.overflow.load() as u32 > 0
    }

    /// Takes the number of lost samples, and when the first was lost; 0 if somebody else has.
    ///
    /// Go: profbuf.go:159 takeOverflow
    #[doc(alias = "takeOverflow")]
    fn take_overflow(&self) -> (u32, u64) {
        // :160
        let mut overflow = self.overflow.load();
        let mut time = self.overflow_time.load();
        loop {
            // :164
            if overflow as u32 == 0 {
                time = 0;
                break;
            }
            // :169 the number of the overflow in the upper half, and nothing lost in the lower
            let taken = ((overflow >> 32) + 1) << 32;
            if mutant!("an overflow is taken twice") {
                self.overflow.store(taken);
                break;
            }
            if self.overflow.cas(overflow, taken) {
                break;
            }
            // :172
            overflow = self.overflow.load();
            time = self.overflow_time.load();
        }
        // :175
        (overflow as u32, time)
    }

    /// One more is lost.
    ///
    /// Go: profbuf.go:180 incrementOverflow
    #[doc(alias = "incrementOverflow")]
    fn increment_overflow(&self, now: i64) {
        loop {
            // :182
            let overflow = self.overflow.load();
            // :186 nobody else changes a 0
            if overflow as u32 == 0 {
                // :188 the time first
                self.overflow_time.store(now as u64);
                self.overflow.store((((overflow >> 32) + 1) << 32) + 1);
                break;
            }
            // :196 as many as can be counted
            if overflow as u32 == u32::MAX {
                break;
            }
            // :199
            if mutant!("the reader takes an overflow meanwhile") {
                self.overflow.store(overflow + 1);
                break;
            }
            if self.overflow.cas(overflow, overflow + 1) {
                break;
            }
        }
    }

    /// Whether there is room for a record with a stack of `nstk`.
    ///
    /// Go: profbuf.go:237 canWriteRecord
    #[doc(alias = "canWriteRecord")]
    fn can_write_record(&self, nstk: usize) -> bool {
        // :238
        self.can_write(&[nstk])
    }

    /// The same of several, with stacks of these lengths.
    ///
    /// Go: profbuf.go:263 canWriteTwoRecords
    #[doc(alias = "canWriteTwoRecords")]
    fn can_write(&self, nstk: &[usize]) -> bool {
        // :264
        let br = self.r.load();
        let bw = self.w.load();
        // :268
        if count_sub(tag_count(br), tag_count(bw)) + (self.tags.len() as isize)
            < nstk.len() as isize
        {
            return false;
        }
        // :273
        let len = self.data.len();
        let mut nd = count_sub(data_count(br), data_count(bw)) + len as isize;
        // :277, and :289 for the next
        let mut i = data_count(bw) as usize % len;
        for n in nstk {
            let want = 2 + self.hdrsize + n;
            if i + want > len {
                // :281 not in the rest of the ring, which is left out
                nd -= (len - i) as isize;
                i = 0;
            }
            i += want;
            nd -= want as isize;
        }
        // :295
        nd >= 0
    }

    /// Writes a record: `hdr` and `stk`, at the time `now`, and the word that `tag` returns, which
    /// is called if there is room.
    ///
    /// One at a time. It may be a signal handler.
    ///
    /// Go: profbuf.go:303 write
    pub fn write(&self, tag: impl FnOnce() -> u64, now: i64, hdr: &[u64], stk: &[usize]) {
        // :307
        if hdr.len() > self.hdrsize {
            throw("misuse of profBuf.write");
        }
        // :311
        let has_overflow = self.has_overflow();
        if has_overflow && self.can_write(&[1, stk.len()]) {
            // :315 the reader may take it first
            let (count, time) = self.take_overflow();
            if count > 0 {
                self.write_record(0, time as i64, &[], &[count as usize]);
            }
        } else if has_overflow || !self.can_write_record(stk.len()) {
            // :324
            self.increment_overflow(now);
            self.wakeup_extra();
            return;
        }
        self.write_record(tag(), now, hdr, stk);
    }

    /// There is room: the rest of `write`.
    ///
    /// Go: profbuf.go:303 write
    fn write_record(&self, tag: u64, now: i64, hdr: &[u64], stk: &[usize]) {
        // :331
        let bw = self.w.load();
        let len = self.data.len();
        // :349
        self.tags[tag_count(bw) as usize % self.tags.len()].set(tag);

        // :357 all of it in one piece
        let mut wd = data_count(bw) as usize % len;
        let mut skip = 0;
        if wd + 2 + self.hdrsize + stk.len() > len {
            // :361
            self.data[wd].set(0);
            skip = len - wd;
            wd = 0;
        }
        // :366
        let data = &self.data[wd..];
        data[0].set((2 + self.hdrsize + stk.len()) as u64);
        data[1].set(now as u64);
        // :370
        for i in 0..self.hdrsize {
            data[2 + i].set(hdr.get(i).copied().unwrap_or(0));
        }
        // :372
        for (i, pc) in stk.iter().enumerate() {
            data[2 + self.hdrsize + i].set(*pc as u64);
        }

        loop {
            // :379 the reader sets flags meanwhile
            let old = self.w.load();
            let new = add_counts_and_clear_flags(old, skip + 2 + stk.len() + self.hdrsize, 1);
            if mutant!("a flag is lost when a record is written") {
                self.w.store(new);
                break;
            }
            if !self.w.cas(old, new) {
                continue;
            }
            // :385
            if old & PROF_READER_SLEEPING != 0 {
                // SAFETY: a note; somebody sleeps on it, or is about to.
                unsafe { notewakeup(self.wait.get()) };
            }
            break;
        }
    }

    /// There will be no more records.
    ///
    /// Go: profbuf.go:394 close
    pub fn close(&self) {
        // :395
        if self.eof.load() > 0 {
            throw("runtime: profBuf already closed");
        }
        // :398
        self.eof.store(1);
        self.wakeup_extra();
    }

    /// Tells the reader that there is something besides records.
    ///
    /// Go: profbuf.go:405 wakeupExtra
    #[doc(alias = "wakeupExtra")]
    fn wakeup_extra(&self) {
        loop {
            // :407
            let old = self.w.load();
            // :408 gort: the reader is woken once
            let sleeping =
                if mutant!("the flag of a sleeper stays") { 0 } else { PROF_READER_SLEEPING };
            if !self.w.cas(old, (old | PROF_WRITE_EXTRA) & !sleeping) {
                continue;
            }
            // :412
            if old & PROF_READER_SLEEPING != 0 && !mutant!("the end wakes nobody") {
                // SAFETY: as in write_record.
                unsafe { notewakeup(self.wait.get()) };
            }
            break;
        }
    }

    /// Stores whole records at `data` and their tags at `tags`, both emptied first. True: there are
    /// no more.
    ///
    /// # Safety
    /// One at a time; on a goroutine if it may wait.
    ///
    /// Go: profbuf.go:429 read
    pub unsafe fn read(
        &self,
        mode: ProfBufReadMode,
        data: &mut Vec<u64>,
        tags: &mut Vec<u64>,
    ) -> bool {
        data.clear();
        tags.clear();
        // SAFETY: the only reader.
        let r_next = unsafe { &mut *self.r_next.get() };
        // :434
        let br = *r_next;

        // :441 what was read the last time is the writer's again. gort: it stores a tag whatever
        // was there
        let r_prev = self.r.load();
        if r_prev != br {
            // :451
            self.r.store(br);
        }

        let len = self.data.len();
        let (bw, mut num_data) = loop {
            // :455
            let bw = self.w.load();
            let num_data = count_sub(data_count(bw), data_count(br));
            if num_data != 0 {
                break (bw, num_data as usize);
            }
            // :458
            if self.has_overflow() {
                // :461
                let (count, time) = self.take_overflow();
                if count == 0 {
                    // :464 the writer was first
                    continue;
                }
                // :468
                data.extend([(2 + self.hdrsize + 1) as u64, time]);
                data.resize(2 + self.hdrsize, 0);
                data.push(u64::from(count));
                tags.push(0);
                return false;
            }
            // :474
            if self.eof.load() > 0 {
                // gort: as this is looked at after `w`: what was written before the end must have
                // been seen
                let more = self.w.load() & !PROF_WRITE_EXTRA != bw & !PROF_WRITE_EXTRA
                    || self.has_overflow();
                if more && !mutant!("the end is believed at once") {
                    continue;
                }
                return true;
            }
            // :478
            if bw & PROF_WRITE_EXTRA != 0 {
                // :483 looked at again in any case
                self.w.cas(bw, bw & !PROF_WRITE_EXTRA);
                continue;
            }
            // :489
            if mode == ProfBufReadMode::NonBlocking {
                return false;
            }
            // :493
            if !self.w.cas(bw, bw | PROF_READER_SLEEPING) {
                continue;
            }
            // :497
            // SAFETY: the note is the reader's to sleep on.
            unsafe {
                notetsleepg(self.wait.get(), -1);
                noteclear(self.wait.get());
            }
        };
        // :501
        let mut at = data_count(br) as usize % len;
        let mut n = len - at;
        if n > num_data {
            n = num_data;
        } else {
            // :505
            num_data -= n;
        }
        // :507
        let mut skip = 0;
        if self.data[at].get() == 0 {
            // :510 the writer went on at the beginning
            skip = n;
            at = 0;
            n = len.min(num_data);
        }

        // :517
        let ntag = count_sub(tag_count(bw), tag_count(br)) as usize;
        if ntag == 0 {
            throw("runtime: malformed profBuf buffer - tag and data out of sync");
        }
        // :521
        let tag_at = tag_count(br) as usize % self.tags.len();
        let ntag = ntag.min(self.tags.len() - tag_at);

        if mutant!("the ring is given back before it is read") {
            self.r.store(bw);
        }
        // :530 whole records
        let (mut di, mut ti) = (0, 0);
        while di < n && self.data[at + di].get() != 0 && ti < ntag {
            let size = self.data[at + di].get() as usize;
            if di + size > n {
                // :534
                throw("runtime: malformed profBuf buffer - invalid size");
            }
            data.extend(self.data[at + di..at + di + size].iter().map(|w| w.get()));
            tags.push(self.tags[tag_at + ti].get());
            // :536
            di += size;
            ti += 1;
        }
        // :541
        *r_next = add_counts_and_clear_flags(br, skip + di, ti);
        // :556
        false
    }
}
