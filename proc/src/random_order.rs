//! proc.go:7180–7312: the order in which a thief visits the Ps. What follows there, the running of
//! package initialisers, has no counterpart.

use crate::*;

#[cfg(not(any(loom, gort_inside)))]
static STEAL_ORDER: Global<RandomOrder> =
    Global::new(RandomOrder { count: 0, coprimes: Slice::nil() });

/// The order of stealing; changes only while the world is stopped.
///
/// Go: proc.go:7180 stealOrder
#[doc(alias = "stealOrder")]
#[cfg(not(any(loom, gort_inside)))]
#[inline(always)]
pub fn steal_order() -> *mut RandomOrder {
    STEAL_ORDER.get()
}

/// Enumerates `0..count` in different pseudo-random orders, each number once: if X and count are
/// coprime, then adding X again and again (mod count) visits them all.
///
/// Go: proc.go:7186 randomOrder
#[doc(alias = "randomOrder")]
#[repr(C)]
pub struct RandomOrder {
    /// How many numbers.
    pub count: u32,
    /// The numbers in `1..=count` that are coprime to it.
    pub coprimes: Slice<u32>,
}

/// One such enumeration.
///
/// Go: proc.go:7191 randomEnum
#[doc(alias = "randomEnum")]
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RandomEnum {
    i: u32,
    count: u32,
    pos: u32,
    inc: u32,
}

impl RandomOrder {
    /// Sets the range.
    ///
    /// # Safety
    /// Nobody enumerates meanwhile.
    ///
    /// Go: proc.go:7198 reset
    pub unsafe fn reset(&mut self, count: u32) {
        self.count = count; // :7199
        self.coprimes = self.coprimes.upto(0);
        for i in 1..=count {
            // :7202
            if gcd(i, count) == 1 {
                // SAFETY: the caller has the order to itself.
                #[cfg(not(gort_inside))]
                unsafe {
                    self.coprimes.append(i)
                };
                // SAFETY: the same; what is missing of the array Go makes.
                #[cfg(gort_inside)]
                unsafe {
                    if self.coprimes.len == self.coprimes.cap {
                        linkname::grow_coprimes(self);
                    }
                    self.coprimes.ptr.add(self.coprimes.len).write(i);
                    self.coprimes.len += 1;
                }
            }
        }
    }

    /// The enumeration number `i` (a random number) of the range.
    ///
    /// # Panics
    /// If the range is empty.
    ///
    /// Go: proc.go:7208 start
    #[inline]
    pub fn start(&self, i: u32) -> RandomEnum {
        let k = (i / self.count) as usize % self.coprimes.len;
        RandomEnum {
            i: 0,
            count: self.count, // :7210
            pos: i % self.count,
            // :7212
            // SAFETY: below the length; written by reset.
            inc: unsafe { *self.coprimes.ptr.add(k) },
        }
    }
}

impl RandomEnum {
    /// Its fields, in order, for Go.
    #[cfg(gort_inside)]
    pub fn words(&self) -> [u32; 4] {
        [self.i, self.count, self.pos, self.inc]
    }
    /// Whether all have been visited.
    ///
    /// Go: proc.go:7216 done
    #[inline]
    pub fn done(&self) -> bool {
        self.i == self.count // :7217
    }

    /// Goes on to the next one.
    ///
    /// Go: proc.go:7220 next
    #[inline]
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) {
        self.i += 1; // :7221
        self.pos = (self.pos + self.inc) % self.count;
    }

    /// The number that is visited now.
    ///
    /// Go: proc.go:7225 position
    #[inline]
    pub fn position(&self) -> u32 {
        self.pos // :7226
    }
}

/// The greatest common divisor.
///
/// Go: proc.go:7229 gcd
pub fn gcd(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    // :7230
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a // :7233
}
