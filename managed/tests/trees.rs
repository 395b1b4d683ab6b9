//! Random call trees run on a stack that does not move, and on managed ones in all ways that those
//! move: the results are the same.

#[path = "trees/mod.rs"]
mod trees;

use gort::managed;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use trees::*;

/// Registers a program. Where it begins.
fn program(kinds: &[Kind], how: Prologue) -> Program {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("tree{}", NEXT.fetch_add(1, Ordering::Relaxed));
    with_lie(&name, kinds, how, None).unwrap()
}

/// Registers a program, with a lie in its tables.
fn with_lie(
    name: &str,
    kinds: &[Kind],
    how: Prologue,
    lie: Option<Lie>,
) -> Result<Program, managed::TableError> {
    let (p, m, text, code) = build(name, kinds, how, lie);
    let tables = m.build(text.addr())?;
    text.finish(&code).unwrap();
    // SAFETY: the tables are those of the code, but for the lie, which this process is made to die
    // of.
    unsafe { managed::register(tables.leak()) }?;
    Ok(p)
}

/// What the program's first function returns: on this stack, or on one that moves.
fn run(p: &Program, fuel: i64, on_managed: bool) -> (u64, i64) {
    let mut words = [11u64, 22];
    let args = [7, words.as_mut_ptr().addr() as u64, 0, 5];
    // SAFETY: the program takes these, and has room.
    unsafe {
        p.fuel.write(fuel);
        let r =
            if on_managed { managed::call(p.entry, &args)[0] } else { run_native(p.entry, args) };
        (r ^ words[0].rotate_left(17) ^ words[1], p.fuel.read())
    }
}

/// Cases, each with its own seed, which `GORT_TREES_SEED` sets.
fn cases(n: u32, calls: i64, f: impl Fn(Vec<Kind>, i64) -> Result<(), TestCaseError>) {
    let seed = std::env::var("GORT_TREES_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let config = Config {
        cases: n,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..Config::default()
    };
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
        // SAFETY: it counts.
        unsafe { managed::set_on_move(Some(&ON_MOVE)) };
        gort::go(move || {
            while !stopped.load(Ordering::Relaxed) {
                managed::shrink_stacks();
                counted.fetch_add(1, Ordering::Relaxed);
                gort::runtime::gosched();
            }
        });
        // As often as it takes: the other goroutine has its chance when the machine is busy, too.
        while rounds.load(Ordering::Relaxed) < 10 || SHRUNK.load(Ordering::Relaxed) == 0 {
            cases(30, 1000, |k, fuel| {
                let p = program(&k, Prologue::Plain);
                prop_assert_eq!(run(&p, fuel, true), run(&p, fuel, false));
                Ok(())
            });
        }
        stop.store(true, Ordering::Relaxed);
        println!("same");
    });
    out.ok().stdout_is("same\n");
}

/// Registers a program with one random lie that matters, and runs it, moved at each call. Prints
/// what came of it.
fn tell_a_lie(seed: u64) {
    let config =
        Config { rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let (kinds, lies) = loop {
        let k = kinds().new_tree(&mut runner).unwrap().current();
        let lies = lies(&k[0]);
        let ways: std::collections::HashSet<_> = lies.iter().map(std::mem::discriminant).collect();
        if ways.len() >= 3 {
            break (k, lies);
        }
    };
    let lie = lies[seed as usize % lies.len()];
    eprintln!("the lie: {lie:?}");
    let plain = program(&kinds, Prologue::Plain);
    let want = run(&plain, 100, false);
    match with_lie("liar", &kinds, Prologue::Move, Some(lie)) {
        Err(e) => println!("refused: {e}"),
        Ok(p) if run(&p, 100, true) != want => println!("another result"),
        Ok(_) => println!("not noticed"),
    }
}

/// Of a hundred lies that matter at least 95 are noticed, when they are registered or by what the
/// program does then. The others are told.
#[test]
fn lies_are_noticed() {
    let mut missed = Vec::new();
    for seed in 0..100u64 {
        let out = gort_tests::in_child!(
            .env("GORTSTACK", "64M").env("GORTSTACKDEBUG", "0,poison,nocache").env("GORT_TREES_LIE", seed),
            || tell_a_lie(std::env::var("GORT_TREES_LIE").unwrap().parse().unwrap())
        );
        if out.stdout == "not noticed\n" {
            missed.push(format!("{seed}: {}", out.stderr.lines().next().unwrap_or_default()));
        }
        assert!(out.stderr.starts_with("the lie: "), "{out}");
    }
    println!("{} of 100 are noticed; not: {missed:?}", 100 - missed.len());
    assert!(missed.len() <= 5, "{missed:?}");
}
