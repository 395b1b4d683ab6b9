//! What the reader and the validator need of memory, counted: at most three times the size of a
//! trace that a program wrote, and a bounded multiple of one that was made to need much.

mod made;

use gort_tracereader::Reader;
use gort_tracereader::spec::*;
use gort_tracereader::validate::Validator;
use made::{batch, uvarint};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
/// One measurement at a time.
static ALONE: Mutex<()> = Mutex::new(());

struct Counting;

// SAFETY: it is the system's allocator, and counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, l: Layout) -> *mut u8 {
        MOST.fetch_max(NOW.fetch_add(l.size(), Relaxed) + l.size(), Relaxed);
        // SAFETY: as the caller says.
        unsafe { System.alloc(l) }
    }
    unsafe fn dealloc(&self, p: *mut u8, l: Layout) {
        NOW.fetch_sub(l.size(), Relaxed);
        // SAFETY: as the caller says.
        unsafe { System.dealloc(p, l) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The verdict, the number of events, and memory at most by the size of the trace.
fn measure(trace: &[u8]) -> (Result<(), String>, usize, f64) {
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    let mut n = 0;
    let mut read = || -> Result<(), String> {
        let mut v = Validator::default();
        for e in Reader::new(trace).map_err(|e| e.to_string())? {
            v.event(&e.map_err(|e| e.to_string())?)?;
            n += 1;
        }
        Ok(())
    };
    let verdict = read();
    (verdict, n, (MOST.load(Relaxed) - before) as f64 / trace.len() as f64)
}

fn start() -> Vec<u8> {
    b"go 1.23 trace\0\0\0".to_vec()
}

fn frequency(out: &mut Vec<u8>, generation: u64) {
    let mut f = vec![FREQUENCY];
    uvarint(&mut f, 15_625_000);
    batch(out, generation, u64::MAX, 0, &f);
}

fn event(out: &mut Vec<u8>, typ: Type, args: &[u64]) {
    out.push(typ);
    args.iter().for_each(|a| uvarint(out, *a));
}

/// Ten generations, in which an M makes goroutines and ends them, with strings and stacks: no more
/// than the largest two need.
#[test]
fn generations() {
    let _alone = ALONE.lock().unwrap();
    let mut out = start();
    let (mut id, mut time) = (1, 1000);
    for generation in 1..=10 {
        frequency(&mut out, generation);
        let mut strings = vec![STRINGS];
        for s in 1..=1000u64 {
            event(&mut strings, STRING, &[s, 11]);
            strings
                .extend(format!("package.f{s:02}").as_bytes().get(..11).unwrap_or(b"package.f01"));
        }
        batch(&mut out, generation, u64::MAX, 0, &strings);
        let mut stacks = vec![STACKS];
        for s in 1..=500u64 {
            event(&mut stacks, STACK, &[s, 2]);
            for pc in [2 * s, 2 * s + 1] {
                [0x40_0000 + pc, pc % 1000 + 1, 1, pc]
                    .iter()
                    .for_each(|v| uvarint(&mut stacks, *v));
            }
        }
        batch(&mut out, generation, u64::MAX, 0, &stacks);
        for b in 0..20 {
            let (mut data, first) = (Vec::new(), time);
            if b == 0 {
                event(&mut data, PROC_STATUS, &[1, 0, 1]);
            }
            while data.len() < 60_000 {
                event(&mut data, GO_CREATE, &[1, id, id % 500 + 1, 0]);
                event(&mut data, GO_START, &[1, id, 1]);
                event(&mut data, GO_DESTROY, &[1]);
                (id, time) = (id + 1, time + 3);
            }
            batch(&mut out, generation, 7, first, &data);
        }
    }
    let (verdict, n, times) = measure(&out);
    assert_eq!(verdict, Ok(()));
    assert!(n > 1_000_000, "{n} events");
    assert!(times <= 3.0, "{times:.2} times the size of {} bytes", out.len());
}

/// Traces that were made to need much memory: small batches, strings, stacks; threads and Ps that
/// do nothing. There is a state to keep for each of these. (gotracevalidate of Go 1.23.1 had at
/// most 111, 101, 157, 122, 21 and 23 times the size of these traces in memory.)
#[test]
fn made_to_need_much() {
    let _alone = ALONE.lock().unwrap();
    let many = 200_000u64;
    let trace = |fill: &dyn Fn(&mut Vec<u8>)| {
        let mut out = start();
        frequency(&mut out, 1);
        fill(&mut out);
        out
    };
    let tables = |typ: Type, records: &dyn Fn(&mut Vec<u8>, u64)| {
        trace(&|out| {
            let mut id = 1;
            while id < many {
                let mut data = vec![typ];
                while data.len() < 65_000 {
                    records(&mut data, id);
                    id += 1;
                }
                batch(out, 1, u64::MAX, 0, &data);
            }
            event_of_one_thread(out, 1);
        })
    };
    let all = [
        (
            "empty batches",
            0.1,
            true,
            2,
            trace(&|out| {
                (0..many).for_each(|_| batch(out, 1, 7, 1000, &[]));
                event_of_one_thread(out, 1);
            }),
        ),
        (
            "batches of one event",
            6.0,
            false,
            1,
            trace(&|out| {
                event_of_one_thread(out, 1);
                (0..many).for_each(|i| batch(out, 1, 1, 2000 + i, &[PROC_STOP + (i % 2) as u8, 1]));
            }),
        ),
        (
            "empty batches of many threads",
            0.1,
            true,
            2,
            trace(&|out| {
                (0..many).for_each(|m| batch(out, 1, m, 1000, &[]));
                event_of_one_thread(out, 1);
            }),
        ),
        (
            "one event of each of many threads",
            33.0,
            true,
            many as usize + 1,
            trace(&|out| {
                (0..many).for_each(|m| event_of_one_thread(out, m));
            }),
        ),
        (
            "strings of one byte",
            6.0,
            true,
            2,
            tables(STRINGS, &|data, id| {
                event(data, STRING, &[id, 1]);
                data.push(b'a');
            }),
        ),
        (
            "stacks of one frame",
            9.0,
            true,
            2,
            tables(STACKS, &|data, id| event(data, STACK, &[id, 1, id, 0, 0, 0])),
        ),
    ];
    for (what, bound, valid, events, trace) in all {
        let (verdict, n, times) = measure(&trace);
        assert!(times <= bound, "{what}: {times:.2} times the size of the trace");
        assert_eq!((verdict.is_ok(), n), (valid, events), "{what}: {verdict:?}");
    }
}

/// Its P, which is idle.
fn event_of_one_thread(out: &mut Vec<u8>, m: u64) {
    let mut data = Vec::new();
    event(&mut data, PROC_STATUS, &[1, m, 2]);
    batch(out, 1, m, 1000, &data);
}
