//! select.go:190–228 and 529: the order in which a select locks its channels.

use crate::Scase;
use gort_runtime2::Hchan;

/// Up to as many cases are put in order by counting.
pub const COUNTED: usize = 8;

/// The order of locking: by address.
///
/// Go: select.go:529 sortkey
#[inline(always)]
fn sortkey(c: *mut Hchan) -> usize {
    // :530
    c as usize
}

/// Fills `lockorder` with the indices in `pollorder`, sorted by channel.
///
/// # Safety
/// `pollorder` holds different indices of `scases`, and `lockorder` is as long.
#[inline]
pub unsafe fn sort(scases: &[Scase], pollorder: &[u16], lockorder: &mut [u16]) {
    // SAFETY: the same contract.
    unsafe {
        if pollorder.len() > COUNTED || !count(scases, pollorder, lockorder) {
            heap_sort(scases, pollorder, lockorder);
        }
    }
}

/// [`sort`] for at most [`COUNTED`] cases on different channels: a case's place is the number of
/// smaller addresses. False, with nothing of use in `lockorder`, if two are on one channel: their
/// order is for the heap sort to decide, as in Go.
///
/// gort's own. The order of the cases is random, so nearly each comparison of a sort that branches
/// is a coin toss to the processor; these are added up.
///
/// # Safety
/// As for [`sort`], and not more than [`COUNTED`].
#[inline]
pub unsafe fn count(scases: &[Scase], pollorder: &[u16], lockorder: &mut [u16]) -> bool {
    let n = pollorder.len();
    let mut keys = [0; COUNTED];
    // SAFETY: indices of cases; a place is less than n, which is no more than COUNTED.
    unsafe {
        for (key, &o) in keys.iter_mut().zip(pollorder) {
            *key = sortkey(scases.get_unchecked(o as usize).c);
        }
        let keys = keys.get_unchecked(..n);
        let mut taken = 0u32;
        for (&o, &c) in pollorder.iter().zip(keys) {
            let place = keys.iter().map(|&k| usize::from(k < c)).sum::<usize>();
            *lockorder.get_unchecked_mut(place) = o;
            taken |= 1 << place;
        }
        taken == (1 << n) - 1
    }
}

/// [`sort`] as Go does it.
///
/// # Safety
/// As for [`sort`].
///
/// Go: select.go:121 selectgo
pub unsafe fn heap_sort(scases: &[Scase], pollorder: &[u16], lockorder: &mut [u16]) {
    // :190 n log n and no memory. Unchecked and without branches that only a coin toss decides.
    let order = lockorder.as_mut_ptr();
    // SAFETY: `order` holds indices of `scases`, and j, k + 1 <= i < the number of cases.
    unsafe {
        let key = |o: u16| sortkey(scases.get_unchecked(o as usize).c);
        for (i, &o) in pollorder.iter().enumerate() {
            let mut j = i;
            // :193 starts from pollorder, so cases on the same channel are permuted too
            let c = key(o);
            while j > 0 && key(*order.add((j - 1) / 2)) < c {
                let k = (j - 1) / 2;
                *order.add(j) = *order.add(k);
                j = k;
            }
            *order.add(j) = o; // :199
        }
        // :201
        for i in (0..pollorder.len()).rev() {
            let o = *order.add(i);
            let c = key(o);
            *order.add(i) = *order;
            let mut j = 0;
            loop {
                let mut k = j * 2 + 1; // :207
                if k >= i {
                    break;
                }
                k += usize::from((k + 1 < i) & (key(*order.add(k)) < key(*order.add(k + 1))));
                // :214
                if c < key(*order.add(k)) {
                    *order.add(j) = *order.add(k);
                    j = k;
                    continue;
                }
                break;
            }
            *order.add(j) = o; // :221
        }
    }
}
