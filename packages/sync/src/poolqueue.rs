//! poolqueue.go: the queues of a [`Pool`](crate::Pool): one producer, which works at the head, and
//! any number of consumers, which take from the tail. Lock-free.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use gort_proc::atomic::{Pointer, Uint64};

/// An untyped value: Go's `any`. Nil if `typ` is.
///
/// Go (sync): poolqueue.go:47 eface
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eface {
    /// What it is: not nil but for the nil value; otherwise the user's affair.
    pub typ: *mut c_void,
    /// The value.
    pub val: *mut c_void,
}

// SAFETY: two words; what they mean is between those who put them into a pool and those who take
// them out.
unsafe impl Send for Eface {}

impl Eface {
    /// The nil value.
    pub const NIL: Self = Self { typ: core::ptr::null_mut(), val: core::ptr::null_mut() };

    /// Whether it is nil.
    #[inline]
    pub fn is_nil(self) -> bool {
        self.typ.is_null()
    }
}

/// A slot of a queue.
#[repr(C)]
struct Slot {
    typ: Pointer<c_void>,
    val: UnsafeCell<*mut c_void>,
}

impl Slot {
    /// Both words.
    ///
    /// # Safety
    /// The slot is the caller's.
    unsafe fn read(&self) -> Eface {
        // SAFETY: the caller's contract.
        Eface { typ: self.typ.get(), val: unsafe { *self.val.get() } }
    }

    /// Writes both words.
    ///
    /// # Safety
    /// The slot is the caller's.
    unsafe fn write(&self, v: Eface) {
        self.typ.set(v.typ);
        // SAFETY: the caller's contract.
        unsafe { *self.val.get() = v.val };
    }
}

/// A queue of fixed size.
///
/// Slots in [tail, head) belong to the consumers. One outside still belongs to the consumer that
/// took its value until that has set its `typ` to nil; then it is the producer's.
///
/// Go (sync): poolqueue.go:19 poolDequeue
#[doc(alias = "poolDequeue")]
pub struct PoolDequeue {
    /// Head index (next slot to fill) above, tail index (oldest value) below, 32 bits each, both
    /// modulo the length. The head is above so that adding to it may overflow without harm.
    head_tail: Uint64,
    /// The slots; their number is a power of two.
    vals: Box<[Slot]>,
}

/// Go (sync): poolqueue.go:51 dequeueBits
const DEQUEUE_BITS: u32 = 32;

/// The largest queue: at most half of what the index can count, or full and empty look alike; and
/// half of that, as in Go.
///
/// Go (sync): poolqueue.go:58 dequeueLimit
const DEQUEUE_LIMIT: usize = (1 << DEQUEUE_BITS) / 4;

/// Its address is the `typ` of a nil value in a queue, where nil means an empty slot.
///
/// Go (sync): poolqueue.go:63 dequeueNil
static DEQUEUE_NIL: u8 = 0;

/// A nil value as a slot holds it.
fn dequeue_nil() -> Eface {
    Eface { typ: (&raw const DEQUEUE_NIL).cast_mut().cast(), val: core::ptr::null_mut() }
}

impl PoolDequeue {
    /// An empty queue of `n` slots, a power of two.
    ///
    /// # Panics
    /// If it is none, or too large.
    pub fn new(n: usize) -> Self {
        assert!(n.is_power_of_two() && n <= DEQUEUE_LIMIT);
        Self {
            head_tail: Uint64::new(0),
            vals: (0..n)
                .map(|_| Slot { typ: Pointer::null(), val: UnsafeCell::new(core::ptr::null_mut()) })
                .collect(),
        }
    }

    /// The number of slots.
    #[inline]
    fn len(&self) -> usize {
        self.vals.len()
    }

    /// Go (sync): poolqueue.go:65 unpack
    #[inline]
    fn unpack(ptrs: u64) -> (u32, u32) {
        ((ptrs >> DEQUEUE_BITS) as u32, ptrs as u32) // :67
    }

    /// Go (sync): poolqueue.go:72 pack
    #[inline]
    fn pack(head: u32, tail: u32) -> u64 {
        u64::from(head) << DEQUEUE_BITS | u64::from(tail) // :74
    }

    /// The slot of an index.
    #[inline]
    fn slot(&self, i: u32) -> &Slot {
        &self.vals[(i & (self.vals.len() as u32).wrapping_sub(1)) as usize]
    }

    /// Adds `val` at the head; false if the queue is full.
    ///
    /// # Safety
    /// The caller is the only producer.
    ///
    /// Go (sync): poolqueue.go:80 pushHead
    #[doc(alias = "pushHead")]
    pub unsafe fn push_head(&self, val: Eface) -> bool {
        // :81
        let ptrs = self.head_tail.load();
        let (head, tail) = Self::unpack(ptrs);
        if tail.wrapping_add(self.vals.len() as u32) == head {
            return false; // full
        }
        let slot = self.slot(head); // :87

        // :90 a consumer may still be clearing the slot: then it is full as well
        let typ = slot.typ.load();
        if !typ.is_null() {
            return false;
        }

        // :98
        let val = if val.is_nil() { dequeue_nil() } else { val };
        // SAFETY: the slot is free, so it is the producer's.
        unsafe { slot.write(val) };

        // :105 gives the slot to the consumers, after it has been written
        self.head_tail.add(1 << DEQUEUE_BITS);
        true
    }

    /// Takes the value at the head; none if the queue is empty.
    ///
    /// # Safety
    /// The caller is the only producer.
    ///
    /// Go (sync): poolqueue.go:112 popHead
    #[doc(alias = "popHead")]
    pub unsafe fn pop_head(&self) -> Option<Eface> {
        let slot;
        loop {
            // :115
            let ptrs = self.head_tail.load();
            let (mut head, tail) = Self::unpack(ptrs);
            if tail == head {
                return None; // empty
            }

            // :122 take the slot back before reading it
            head = head.wrapping_sub(1);
            let ptrs2 = Self::pack(head, tail);
            if self.head_tail.cas(ptrs, ptrs2) {
                slot = self.slot(head); // :129
                break;
            }
        }

        // SAFETY: the slot is ours again, and no producer but us is about.
        unsafe {
            // :134
            let mut val = slot.read();
            if val == dequeue_nil() {
                val = Eface::NIL;
            }
            // :138 no race with push_head: that is us too
            slot.write(Eface::NIL);
            Some(val)
        }
    }

    /// Takes the value at the tail; none if the queue is empty. Anybody may call it.
    ///
    /// Go (sync): poolqueue.go:147 popTail
    #[doc(alias = "popTail")]
    pub fn pop_tail(&self) -> Option<Eface> {
        let slot;
        loop {
            // :150
            let ptrs = self.head_tail.load();
            let (head, tail) = Self::unpack(ptrs);
            if tail == head {
                return None; // empty
            }

            // :157 confirms head and tail, and makes the slot at the tail ours
            let ptrs2 = Self::pack(head, tail.wrapping_add(1));
            if self.head_tail.cas(ptrs, ptrs2) {
                slot = self.slot(tail); // :163
                break;
            }
        }

        // SAFETY: the slot is ours until its typ is nil.
        unsafe {
            // :169
            let mut val = slot.read();
            if val == dequeue_nil() {
                val = Eface::NIL;
            }
            // :174 done with the slot: val first, then typ, which gives it to the producer
            *slot.val.get() = core::ptr::null_mut();
            slot.typ.store(core::ptr::null_mut()); // :181
            Some(val)
        }
    }
}

/// A queue without limit: a list of [`PoolDequeue`]s, each twice as large as the one before. Values
/// are pushed to the newest only; taken from the oldest, which leaves the list when it is empty.
///
/// Go (sync): poolqueue.go:194 poolChain
#[doc(alias = "poolChain")]
#[repr(C)]
pub struct PoolChain {
    /// Where to push. The producer's own.
    head: UnsafeCell<*mut PoolChainElt>,
    /// Where to take from the tail.
    tail: Pointer<PoolChainElt>,
    /// gort's own: the first queue that ever was. From it all are reachable through `next`, also
    /// those that have left the list, which a slow consumer may still look at. They are freed with
    /// the chain.
    first: UnsafeCell<*mut PoolChainElt>,
}

/// An element of the list.
///
/// Go (sync): poolqueue.go:204 poolChainElt
#[doc(alias = "poolChainElt")]
struct PoolChainElt {
    dequeue: PoolDequeue,
    /// The younger one: written by the producer, once, read by consumers.
    next: Pointer<PoolChainElt>,
    /// The older one: cleared by a consumer, once, read by the producer.
    prev: Pointer<PoolChainElt>,
}

impl PoolChainElt {
    fn new(n: usize) -> *mut Self {
        Box::into_raw(Box::new(Self {
            dequeue: PoolDequeue::new(n),
            next: Pointer::null(),
            prev: Pointer::null(),
        }))
    }
}

// SAFETY: `head` and `first` are the producer's (its methods are unsafe for that), the rest is
// atomic.
unsafe impl Sync for PoolChain {}
// SAFETY: nothing in it belongs to a thread.
unsafe impl Send for PoolChain {}

impl Default for PoolChain {
    fn default() -> Self {
        Self::new()
    }
}

impl PoolChain {
    /// An empty queue.
    pub const fn new() -> Self {
        Self {
            head: UnsafeCell::new(core::ptr::null_mut()),
            tail: Pointer::null(),
            first: UnsafeCell::new(core::ptr::null_mut()),
        }
    }

    /// Adds `val` at the head.
    ///
    /// # Safety
    /// The caller is the only producer.
    ///
    /// Go (sync): poolqueue.go:220 pushHead
    #[doc(alias = "pushHead")]
    pub unsafe fn push_head(&self, val: Eface) {
        // SAFETY: elements live as long as the chain; `head` is the producer's.
        unsafe {
            // :221
            let mut d = *self.head.get();
            if d.is_null() {
                const INIT_SIZE: usize = 8; // :224 a power of two
                d = PoolChainElt::new(INIT_SIZE);
                *self.head.get() = d;
                *self.first.get() = d;
                self.tail.store(d); // :228
            }

            // :231
            if (*d).dequeue.push_head(val) {
                return;
            }

            // :235 full: a new one, twice as large
            let mut new_size = (*d).dequeue.len() * 2;
            if new_size >= DEQUEUE_LIMIT {
                new_size = DEQUEUE_LIMIT;
            }

            // :243
            let d2 = PoolChainElt::new(new_size);
            (*d2).prev.store(d);
            *self.head.get() = d2;
            (*d).next.store(d2);
            (*d2).dequeue.push_head(val); // :248
        }
    }

    /// Takes the value at the head; none if the queue is empty.
    ///
    /// # Safety
    /// The caller is the only producer.
    ///
    /// Go (sync): poolqueue.go:251 popHead
    #[doc(alias = "popHead")]
    pub unsafe fn pop_head(&self) -> Option<Eface> {
        // SAFETY: elements live as long as the chain; `head` is the producer's.
        unsafe {
            // :252
            let mut d = *self.head.get();
            while !d.is_null() {
                if let Some(val) = (*d).dequeue.pop_head() {
                    return Some(val);
                }
                // :257 an older one may still have some
                d = (*d).prev.load();
            }
            None
        }
    }

    /// Takes the value at the tail; none if the queue is empty. Anybody may call it.
    ///
    /// Go (sync): poolqueue.go:264 popTail
    #[doc(alias = "popTail")]
    pub fn pop_tail(&self) -> Option<Eface> {
        // SAFETY: elements live as long as the chain.
        unsafe {
            // :265
            let mut d = self.tail.load();
            if d.is_null() {
                return None;
            }

            loop {
                // :271 To be loaded before the try: d may be empty for the moment, but if it has a
                // younger one before a try that fails, then it is empty for ever, and only then may
                // it leave the list.
                let d2 = (*d).next.load();

                // :279
                if let Some(val) = (*d).dequeue.pop_tail() {
                    return Some(val);
                }

                // :283 the only one; it may be filled yet
                if d2.is_null() {
                    return None;
                }

                // :289 drained: drop it, if nobody else has
                if self.tail.cas(d, d2) {
                    // :294 so that pop_head does not go back further than needed
                    (*d2).prev.store(core::ptr::null_mut());
                }
                d = d2; // :300
            }
        }
    }
}

impl Drop for PoolChain {
    /// Frees the queues. Values that are still inside are not dropped: they are the pool's affair.
    fn drop(&mut self) {
        let mut d = *self.first.get_mut();
        while !d.is_null() {
            // SAFETY: made by Box::into_raw, reached once, and nobody else is left.
            let e = unsafe { Box::from_raw(d) };
            d = e.next.get();
        }
    }
}
