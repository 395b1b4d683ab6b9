//! Child processes with a time limit.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
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
    cmd.stdin(Stdio::null());
    run_with(cmd, limit, |_| {})
}

/// Runs a command to its end; `feed` gets the child before the wait, to feed its standard input.
pub fn run_with(
    cmd: &mut Command,
    limit: Duration,
    feed: impl FnOnce(&mut std::process::Child),
) -> Result<Output, String> {
    cmd.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = cmd.spawn().map_err(|e| format!("{cmd:?}: {e}"))?;
    feed(&mut child);
    fn collect(r: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
        let (tx, rx) = mpsc::channel();
        std::thread::spawn(move || {
            let mut b = Vec::new();
            if let Some(mut r) = r {
                let _ = r.read_to_end(&mut b);
            }
            let _ = tx.send(String::from_utf8_lossy(&b).into_owned());
        });
        rx
    }
    // A process closes both at its end, so waiting for that is waiting for it.
    let (out, err) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let Ok(stdout) = out.recv_timeout(limit) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("{cmd:?}: no end after {limit:?}"));
    };
    let stderr = err.recv_timeout(limit).unwrap_or_default();
    let status = child.wait().map_err(|e| format!("{cmd:?}: {e}"))?;
    Ok(Output { code: status.code(), stdout, stderr })
}
