//! The ring of samples against a queue, whatever is written and read in whatever order.
#![cfg(not(loom))]

use gort as _;
use gort_cpuprof::{ProfBuf, ProfBufReadMode};
use proptest::prelude::*;
use std::collections::VecDeque;

proptest! {
    #[test]
    fn as_a_queue(
        words in 0usize..40,
        tags in 0usize..9,
        steps in proptest::collection::vec(prop_oneof![3 => (0usize..12).prop_map(Some), 1 => Just(None)], 1..200),
    ) {
        let b = ProfBuf::new(1, words, tags);
        let room = words.max(4).next_power_of_two();
        // What is to come: a stack each; how many are lost since.
        let mut want: VecDeque<(u64, Vec<u64>)> = VecDeque::new();
        let (mut written, mut read, mut lost) = (0u64, 0u64, 0u64);
        let (mut data, mut tag) = (Vec::new(), Vec::new());
        for s in steps.into_iter().chain([None; 400]) {
            match s {
                Some(n) => {
                    written += 1;
                    let stk: Vec<usize> = (0..n).map(|i| written as usize * 100 + i).collect();
                    let mut fits = false;
                    b.write(|| { fits = true; written }, written as i64, &[7], &stk);
                    prop_assert!(!fits || 3 + n <= room);
                    if fits {
                        want.push_back((written, stk.iter().map(|x| *x as u64).collect()));
                    }
                }
                None => {
                    // SAFETY: the only reader.
                    let eof = unsafe { b.read(ProfBufReadMode::NonBlocking, &mut data, &mut tag) };
                    prop_assert!(!eof);
                    let mut rest = &data[..];
                    for t in &tag {
                        let (r, more) = rest.split_at(rest[0] as usize);
                        rest = more;
                        if r[2] == 0 {
                            lost += r[3];
                            continue;
                        }
                        let (n, stk) = want.pop_front().unwrap();
                        prop_assert_eq!((r[1], r[2], *t, &r[3..]), (n, 7, n, &stk[..]));
                        read += 1;
                    }
                    prop_assert!(rest.is_empty());
                }
            }
        }
        prop_assert!(want.is_empty());
        prop_assert_eq!(read + lost, written);
        b.close();
        // SAFETY: the only reader.
        let eof = unsafe { b.read(ProfBufReadMode::NonBlocking, &mut data, &mut tag) };
        prop_assert!(eof);
    }
}
