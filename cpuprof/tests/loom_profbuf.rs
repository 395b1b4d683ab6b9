//! A model of the ring of samples: what is written is read once, in order, or counted as lost.
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-cpuprof --test loom_profbuf`
#![cfg(loom)]

use gort_cpuprof::{ProfBuf, ProfBufReadMode};
use gort_print as _;
use gort_runtime2::model::check;
use gort_runtime2::mutant;
use loom::thread;
use std::sync::Arc;

/// `n` records with a stack of one go through a ring that has room for two, and the reader waits
/// for them.
fn model(preemptions: usize, n: u64) {
    check(preemptions, move || {
        let b = Arc::new(ProfBuf::new(1, 8, 2));
        let t = {
            let b = b.clone();
            thread::spawn(move || {
                for i in 1..=n {
                    b.write(|| i, i as i64, &[1], &[i as usize]);
                }
                b.close();
            })
        };
        let (mut data, mut tags) = (Vec::new(), Vec::new());
        let (mut last, mut found) = (0, 0);
        // SAFETY: the only reader.
        while !unsafe { b.read(ProfBufReadMode::Blocking, &mut data, &mut tags) } {
            let mut rest = &data[..];
            for tag in &tags {
                let (r, more) = rest.split_at(rest[0] as usize);
                rest = more;
                if r[2] == 0 {
                    // That many were lost, the first at that time.
                    assert!(r[1] > last && *tag == 0, "out of order");
                    found += r[3];
                    continue;
                }
                assert!(r[3] > last && r[1] == r[3] && *tag == r[3], "out of order");
                last = r[3];
                found += 1;
            }
            assert!(rest.is_empty());
        }
        t.join().unwrap();
        assert_eq!(found, n, "a record twice, or neither read nor counted");
    });
}

#[test]
fn through_and_over() {
    model(3, 3);
}

#[test]
#[should_panic(expected = "a record twice, or neither read nor counted")]
fn mutant_an_overflow_is_taken_twice() {
    mutant::set("an overflow is taken twice");
    model(3, 4);
}

#[test]
#[should_panic(expected = "a record twice, or neither read nor counted")]
fn mutant_the_reader_takes_an_overflow_meanwhile() {
    mutant::set("the reader takes an overflow meanwhile");
    model(3, 4);
}

#[test]
#[should_panic]
fn mutant_a_flag_is_lost_when_a_record_is_written() {
    mutant::set("a flag is lost when a record is written");
    model(3, 1);
}

#[test]
#[should_panic]
fn mutant_the_end_wakes_nobody() {
    mutant::set("the end wakes nobody");
    model(2, 1);
}

#[test]
#[should_panic]
fn mutant_the_ring_is_given_back_before_it_is_read() {
    mutant::set("the ring is given back before it is read");
    model(3, 3);
}

/// As in Go.
#[test]
#[should_panic(expected = "a record twice, or neither read nor counted")]
fn mutant_the_end_is_believed_at_once() {
    mutant::set("the end is believed at once");
    model(3, 1);
}

/// As in Go.
#[test]
#[should_panic(expected = "double wakeup")]
fn mutant_the_flag_of_a_sleeper_stays() {
    mutant::set("the flag of a sleeper stays");
    model(3, 3);
}
