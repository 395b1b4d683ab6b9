//! Random call trees run on a stack that does not move, and on managed ones in all ways that those
//! move: the results are the same.

#[path = "trees/mod.rs"]
mod trees;

use gort::managed;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use trees::*;

/// Registers a program. Where it begins.
fn program(kinds: &[Kind], how: Prologue) -> Program {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("tree{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let (p, m, text, code) = build(&name, kinds, how);
    let tables = m.build(text.addr()).unwrap();
    text.finish(&code).unwrap();
    // SAFETY: the tables are those of the code.
    unsafe { managed::register(tables.leak()) }.unwrap();
    p
}

/// What the program's first function returns: on this stack, or on one that moves.
fn run(p: &Program, fuel: i64, on_managed: bool) -> (u64, i64) {
    let mut words = [11u64, 22];
    let args = [7, words.as_mut_ptr().addr() as u64, 0, 5];
    // SAFETY: the program takes these, and has room.
    unsafe {
        p.fuel.write(fuel);
        let r = if on_managed { managed::call(p.entry, &args)[0] } else { run_native(p.entry, args) };
        (r ^ words[0].rotate_left(17) ^ words[1], p.fuel.read())
    }
}

/// Cases, each with its own seed, which `GORT_TREES_SEED` sets.
fn cases(n: u32, calls: i64, f: impl Fn(Vec<Kind>, i64) -> Result<(), TestCaseError>) {
    let seed = std::env::var("GORT_TREES_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let config =
        Config { cases: n, failure_persistence: None, rng_seed: RngSeed::Fixed(seed), ..Config::default() };
    TestRunner::new(config).run(&(kinds(), 1..calls), |(k, fuel)| f(k, fuel)).unwrap();
}

/// They grow as they need.
#[test]
fn grow() {
    let out = gort_tests::in_child!(.env("GORTSTACK", "64M"), || {
        cases(150, 400, |k, fuel| {
            let p = program(&k, Prologue::Plain);
            prop_assert_eq!(run(&p, fuel, true), run(&p, fuel, false));
            Ok(())
        });
        println!("same");
    });
    out.ok().stdout_is("same\n");
}

/// They move at every prologue.
#[test]
fn move_always() {
    let out = gort_tests::in_child!(.env("GORTSTACK", "64M").env("GORTSTACKDEBUG", "0,poison,nocache"), || {
        cases(60, 80, |k, fuel| {
            let (p, plain) = (program(&k, Prologue::Move), program(&k, Prologue::Plain));
            prop_assert_eq!(run(&p, fuel, true), run(&plain, fuel, false));
            Ok(())
        });
        println!("same");
    });
    out.ok().stdout_is("same\n");
}

/// The old ones cannot be read any more.
#[test]
fn fault_on_old_stacks() {
    let out = gort_tests::in_child!(.env("GORTSTACK", "64M").env("GORTSTACKDEBUG", "0,fault"), || {
        cases(60, 80, |k, fuel| {
            let (p, plain) = (program(&k, Prologue::Move), program(&k, Prologue::Plain));
            prop_assert_eq!(run(&p, fuel, true), run(&plain, fuel, false));
            Ok(())
        });
        println!("same");
    });
    out.ok().stdout_is("same\n");
}

/// Stacks shrink whenever there is a chance, by another goroutine, while trees run: they are made
/// to grow again by the next call.
#[test]
fn shrink_beside() {
    let out = gort_tests::in_child!(.env("GORTSTACK", "64M").procs(2), || {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, rounds) = (stop.clone(), Arc::new(AtomicU64::new(0)));
        let counted = rounds.clone();
        static SHRUNK: AtomicU64 = AtomicU64::new(0);
        static ON_MOVE: managed::OnMove = |m| {
            if m.new.hi - m.new.lo < m.old.hi - m.old.lo {
                SHRUNK.fetch_add(1, Ordering::Relaxed);
            }
        };
        managed::set_on_move(Some(&ON_MOVE));
        gort::go(move || {
            while !stopped.load(Ordering::Relaxed) {
                managed::shrink_stacks();
                counted.fetch_add(1, Ordering::Relaxed);
                gort::runtime::gosched();
            }
        });
        cases(60, 1000, |k, fuel| {
            let p = program(&k, Prologue::Plain);
            prop_assert_eq!(run(&p, fuel, true), run(&p, fuel, false));
            Ok(())
        });
        stop.store(true, Ordering::Relaxed);
        assert!(rounds.load(Ordering::Relaxed) > 10, "{} rounds", rounds.load(Ordering::Relaxed));
        println!("same, shrunk: {}", SHRUNK.load(Ordering::Relaxed) > 0);
    });
    out.ok().stdout_is("same, shrunk: true\n");
}
