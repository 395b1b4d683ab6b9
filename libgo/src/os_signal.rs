//! What package `os/signal` asks of the runtime, straight to `signal`'s queue.

use gort_signal as signal;

/// Waits for the next signal.
#[unsafe(export_name = "os_1signal.signal__recv")]
unsafe extern "C-unwind" fn signal_recv() -> u32 {
    signal::signal_recv()
}

/// From now on the signal is delivered to the queue.
#[unsafe(export_name = "os_1signal.signal__enable")]
unsafe extern "C-unwind" fn signal_enable(s: u32) {
    signal::signal_enable(s);
}

/// No longer.
#[unsafe(export_name = "os_1signal.signal__disable")]
unsafe extern "C-unwind" fn signal_disable(s: u32) {
    signal::signal_disable(s);
}

/// The signal is to be ignored.
#[unsafe(export_name = "os_1signal.signal__ignore")]
unsafe extern "C-unwind" fn signal_ignore(s: u32) {
    signal::signal_ignore(s);
}

/// Whether it is.
#[unsafe(export_name = "os_1signal.signal__ignored")]
extern "C-unwind" fn signal_ignored(s: u32) -> bool {
    signal::signal_ignored(s)
}

/// Waits until what was queued before has been taken.
#[unsafe(export_name = "os_1signal.signalWaitUntilIdle")]
unsafe extern "C-unwind" fn signal_wait_until_idle() {
    signal::signal_wait_until_idle();
}
