//! A library of Rust code that uses gort, for a host which knows nothing of it: tests/c/plugin.c
//! loads it with dlopen.

use gort::{Config, Runtime, chan};
use std::sync::Mutex;

static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// Starts the runtime on the host's thread.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_start() {
    *RUNTIME.lock().expect("no panic") = Some(gort::start(Config::new().gomaxprocs(2)));
}

/// The sum of the squares up to `n`, by a goroutine for each.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_squares(n: u32) -> u32 {
    let c = chan::<u32>(0);
    for i in 1..=n {
        let tx = c.clone();
        gort::go(move || tx.send(i * i));
    }
    (0..n).filter_map(|_| c.recv()).sum()
}

/// What a panic of a goroutine's function becomes: 1.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_panics() -> i32 {
    let handle = RUNTIME.lock().expect("no panic").take();
    let rt = handle.expect("started");
    let caught = std::panic::catch_unwind(|| rt.block_on(|| panic!("of the plugin")));
    *RUNTIME.lock().expect("no panic") = Some(rt);
    i32::from(caught.is_err())
}

/// Ends the runtime.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_stop() {
    if let Some(rt) = RUNTIME.lock().expect("no panic").take() {
        rt.shutdown();
    }
}
