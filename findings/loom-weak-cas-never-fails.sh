#!/usr/bin/env bash
# loom 0.7.2.
#
# loom runs a model in every order that the memory model allows, up to its bounds. But its `compare_exchange_weak` is the
# strong one: it is never tried with a failure where the value was the expected one, which the weak form may have, and
# has on processors with load-linked and store-conditional. So a lock that gives up for good when the
# weak swap fails although nobody holds it passes every execution; and a `Condvar` is never woken without a reason, so a
# wait without a loop around it passes too.
#
# Seen: both models below, each wrong by the documentation of std, pass; "executions" says how many orders were tried.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/src"
cd "$dir"
cat >Cargo.toml <<'C'
[package]
name = "weak"
version = "0.0.0"
edition = "2021"

[dependencies]
loom = "=0.7.2"
C
cat >src/main.rs <<'R'
use loom::sync::atomic::{AtomicUsize, Ordering::*};
use loom::sync::{Arc, Condvar, Mutex};
use std::sync::atomic::AtomicUsize as Counter;

fn model(name: &str, f: fn()) {
    static RUNS: Counter = Counter::new(0);
    RUNS.store(0, Relaxed);
    loom::model(move || {
        RUNS.fetch_add(1, Relaxed);
        f();
    });
    println!("{name}: no error in {} executions", RUNS.load(Relaxed));
}

/// Alone on the word: only a failure without a reason can make the swap fail.
fn weak_swap() {
    let word = Arc::new(AtomicUsize::new(0));
    let other = word.clone();
    let t = loom::thread::spawn(move || other.load(Acquire));
    assert!(word.compare_exchange_weak(0, 1, AcqRel, Acquire).is_ok());
    t.join().unwrap();
}

/// No loop around the wait, which std's documentation asks for.
fn wait_without_loop() {
    let shared = Arc::new((Mutex::new(false), Condvar::new()));
    let other = shared.clone();
    let t = loom::thread::spawn(move || {
        *other.0.lock().unwrap() = true;
        other.1.notify_one();
    });
    let mut done = shared.0.lock().unwrap();
    if !*done {
        done = shared.1.wait(done).unwrap();
        assert!(*done, "woken without a reason");
    }
    drop(done);
    t.join().unwrap();
}

fn main() {
    model("weak swap", weak_swap);
    model("wait without loop", wait_without_loop);
}
R
RUSTFLAGS="--cfg loom" cargo run -q >out
cat out
[ "$(grep -c 'no error in [1-9][0-9]* executions' out)" = 2 ]
