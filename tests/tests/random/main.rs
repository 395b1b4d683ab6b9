//! Random programs of goroutines that communicate and synchronise, against a sequential reference
//! semantics.
//!
//! A program is a few goroutines with a few operations each (`program.rs`). It runs on gort
//! (`run.rs`), which shows the result of each operation, when it began and ended, and which
//! operations never end. The reference (`reference.rs`) says what the operations mean if they
//! happen one at a time, as a transition of states with the channels' buffers and queues; a run is
//! right if some order of the operations, with none outside of its time, has exactly its results,
//! and gets stuck exactly where it did. So values come out in the order they went in, each once;
//! waiters are served in their order; a close does to each side what it has to; a select takes one
//! case; and nobody is forgotten or waits for nothing.
//!
//! The programs are new in each run; a failure prints the program, made as small as it fails, and
//! its results.

mod program;
mod reference;
mod run;

use gort_tests::{in_child, in_plain_child};
use program::{Case, Op, Program, programs};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use reference::{Observation, Res, Seen, ends, explain};
use std::time::{Duration, Instant, SystemTime};

fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() }
}

fn show(seen: &Observation) -> String {
    let ops = |ops: &Vec<Seen>| {
        ops.iter().map(|o| format!("\n  {} {:?}", o.begun, o.end)).collect::<String>()
    };
    seen.iter().enumerate().map(|(g, o)| format!("\ngoroutine {g}:{}", ops(o))).collect()
}

/// Minutes of `GORT_SOAK`: for so long each of the tests with many programs goes on.
fn soak() -> u64 {
    std::env::var("GORT_SOAK").ok().and_then(|s| s.parse().ok()).unwrap_or(0)
}

/// `n` programs, each run some times on the Ps there are.
fn check(n: u32) {
    let stuck = std::cell::Cell::new(0);
    TestRunner::new(config(n))
        .run(&programs(4, 5), |p| {
            for i in 0..6 {
                let seen = run::run(&p, i % 2 == 0);
                proptest::prop_assert!(
                    explain(&p, &seen),
                    "no order of the operations explains{}",
                    show(&seen)
                );
                stuck
                    .set(stuck.get() + usize::from(seen.iter().flatten().any(|o| o.end.is_none())));
            }
            Ok(())
        })
        .unwrap_or_else(|e| panic!("{e}"));
    // Both kinds of ends are frequent among these programs.
    let stuck = stuck.get();
    assert!(
        stuck > n as usize / 4 && stuck < 6 * n as usize * 39 / 40,
        "{stuck} of {} runs got stuck",
        6 * n
    );
}

macro_rules! on_ps {
    ($($name:ident $procs:literal)*) => { $(
        #[test]
        fn $name() {
            // Stacks with room for the search.
            in_child!(.procs($procs).env("GORTSTACK", 8 << 20).limit(Duration::from_secs(400 + 120 * soak())), || {
                let start = Instant::now();
                check(3000);
                while start.elapsed() < Duration::from_secs(60 * soak()) {
                    check(3000);
                }
            })
            .ok();
        }
    )* };
}
on_ps! { on_one_p 1 on_two_ps 2 on_eight_ps 8 }

/// The program with this number.
fn numbered(seed: u64) -> Program {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config(1), rng);
    programs(3, 3).new_tree(&mut runner).expect("no filters").current()
}

/// The process ends by itself, with status 0 or with the report of a deadlock: each only if the
/// reference can end so.
#[test]
fn a_deadlock_is_reported_if_there_is_one() {
    let now =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    let (mut ended, mut deadlocks) = (0, 0);
    for i in 0..150 {
        let seed = now * 1000 + i;
        let o = in_child!(.env("SEED", seed).procs([1, 2, 8][i as usize % 3]), || {
            run::run_alone(&numbered(std::env::var("SEED").unwrap().parse().unwrap()));
        });
        let p = numbered(seed);
        let (can_end, can_get_stuck) = ends(&p);
        if o.code == 0 {
            assert!(can_end, "ended, but cannot: {p:#?}\n{o}");
            ended += 1;
        } else {
            o.exited(2).stderr_has("fatal error: all goroutines are asleep - deadlock!\n");
            assert!(can_get_stuck, "a deadlock, but there is none: {p:#?}\n{o}");
            deadlocks += 1;
        }
    }
    assert!(ended > 10 && deadlocks > 10, "{ended} ended, {deadlocks} deadlocks");
}

fn send(c: usize) -> Op {
    Op::Comm { cases: vec![Case { send: true, chan: Some(c) }], poll: false }
}

fn recv(c: usize) -> Op {
    Op::Comm { cases: vec![Case { send: false, chan: Some(c) }], poll: false }
}

/// Results of goroutines, without times; `None` is an operation that does not end.
fn results(g: &[&[Option<Res>]]) -> Observation {
    let seen = |r: &Option<Res>| Seen { begun: 0, end: r.map(|r| (r, u64::MAX)) };
    g.iter().map(|ops| ops.iter().map(seen).collect()).collect()
}

/// The reference can say no: what is wrong in each of these must be noticed.
#[test]
fn wrong_results_are_noticed() {
    use Res::{Closed, Done, Got, Panic, Sent};
    let s = Some(Sent(0));
    let p =
        Program { caps: vec![2], goroutines: vec![vec![send(0), send(0)], vec![recv(0), recv(0)]] };
    assert!(explain(&p, &results(&[&[s, s], &[Some(Got(0, 0)), Some(Got(0, 100))]])));
    // The order of the values; one twice; one from nowhere; one that is lost.
    assert!(!explain(&p, &results(&[&[s, s], &[Some(Got(0, 100)), Some(Got(0, 0))]])));
    assert!(!explain(&p, &results(&[&[s, s], &[Some(Got(0, 0)), Some(Got(0, 0))]])));
    assert!(!explain(&p, &results(&[&[s, s], &[Some(Got(0, 0)), Some(Got(0, 7))]])));
    assert!(!explain(&p, &results(&[&[s, s], &[Some(Got(0, 0)), None]])));
    // A sender that waits although there is room; a receiver that sees a close which was not.
    assert!(!explain(&p, &results(&[&[s, None], &[Some(Got(0, 0)), None]])));
    assert!(!explain(&p, &results(&[&[s, s], &[Some(Got(0, 0)), Some(Closed(0))]])));

    // What was sent before the close comes out before the end does.
    let p = Program {
        caps: vec![1],
        goroutines: vec![vec![send(0), Op::Close(0), send(0)], vec![recv(0), recv(0)]],
    };
    let g0: &[_] = &[s, Some(Done), Some(Panic)];
    assert!(explain(&p, &results(&[g0, &[Some(Got(0, 0)), Some(Closed(0))]])));
    assert!(!explain(&p, &results(&[g0, &[Some(Closed(0)), Some(Got(0, 0))]])));
    assert!(!explain(&p, &results(&[g0, &[Some(Got(0, 0)), None]])));
    assert!(!explain(&p, &results(&[&[s, Some(Done), s], &[Some(Got(0, 0)), Some(Closed(0))]])));

    // Times: the first receiver has been served before the second one begins.
    let p = Program {
        caps: vec![2],
        goroutines: vec![vec![send(0), send(0)], vec![recv(0)], vec![recv(0)]],
    };
    let timed = |a, b| {
        let one = |begun, r, t| Seen { begun, end: Some((r, t)) };
        vec![
            vec![one(1, Sent(0), 2), one(3, Sent(0), 4)],
            vec![one(5, Got(0, a), 6)],
            vec![one(7, Got(0, b), 8)],
        ]
    };
    assert!(explain(&p, &timed(0, 100)));
    assert!(!explain(&p, &timed(100, 0)));

    // A lost signal, and a mutex that two have.
    let waiter = vec![Op::Lock(0), Op::CondWait(0), Op::Unlock(0)];
    let p = Program {
        caps: vec![0],
        goroutines: vec![waiter, vec![Op::Lock(0), Op::Signal(0), Op::Unlock(0)]],
    };
    let d = Some(Done);
    assert!(explain(&p, &results(&[&[d, d, d], &[d, d, d]])));
    assert!(explain(&p, &results(&[&[d, None], &[d, d, d]])), "the signal came first");
    let mut late = results(&[&[d, None], &[d, d, d]]);
    (late[0][0].end, late[0][1].begun) = (Some((Done, 2)), 3);
    // The signaller begins when the waiter has the mutex, so it gets it from the wait.
    (late[1][0].begun, late[1][0].end, late[1][1].begun) = (3, Some((Done, 5)), 6);
    assert!(!explain(&p, &late), "the signal came when it waited");
    assert_eq!(ends(&p), (true, true));
}

/// A run that is stuck by mistake is found by looking at the goroutines, not at the clock.
#[test]
fn what_is_stuck_is_seen_to_be() {
    in_child!(.procs(4), || {
        let p = Program { caps: vec![0], goroutines: vec![vec![send(0)], vec![Op::Yield]] };
        let seen = run::run(&p, true);
        assert!(seen[0][0].end.is_none() && seen[1][0].end.is_some());
        assert!(explain(&p, &seen));
    })
    .ok();
}

/// A program of a failure can be made again from its number.
#[test]
fn programs_have_numbers() {
    in_plain_child!(|| println!("{:?}", numbered(17)))
        .ok()
        .stdout_is(&format!("{:?}\n", numbered(17)));
}
