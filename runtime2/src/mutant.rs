//! Steps left out on purpose, for tests of the loom models: a model that cannot fail proves
//! nothing.

use std::cell::Cell;

std::thread_local! {
    // A test with all executions of its models is one OS thread.
    static ON: Cell<&'static str> = const { Cell::new("") };
}

/// Whether this step is weakened.
pub fn is(name: &str) -> bool {
    ON.with(|c| c.get() == name)
}

/// Weakens the steps called `name` in the models of this test. A name that is nowhere in the code
/// shows by the model's success.
pub fn set(name: &'static str) {
    ON.with(|c| c.set(name));
}
