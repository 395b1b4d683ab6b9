//! Child processes with a time limit, which is an error here.

use gort_diff::process::{self, Status};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How a process ended.
pub struct Output {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote.
    pub stdout: String,
    /// What it complained.
    pub stderr: String,
}

/// Runs a command to its end with nothing on its standard input.
pub fn run(cmd: &mut Command, limit: Duration) -> Result<Output, String> {
    run_with(cmd.stdin(Stdio::null()), limit, |_| {})
}

/// Runs a command to its end; `feed` gets the child before the wait, to feed its standard input.
pub fn run_with(
    cmd: &mut Command,
    limit: Duration,
    feed: impl FnOnce(&mut Child),
) -> Result<Output, String> {
    let o = process::run_with(cmd, limit, feed).map_err(|e| format!("{cmd:?}: {e}"))?;
    let code = match o.status {
        Status::Exit(c) => Some(c),
        Status::Signal(_) => None,
        Status::Hung => return Err(format!("{cmd:?}: no end after {limit:?}")),
    };
    Ok(Output { code, stdout: o.stdout, stderr: o.stderr })
}
