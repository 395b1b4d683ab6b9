//! The workloads `echo_ext` and `echo_held`: an echo server under test, and
//! `tools/bench/c/echoclient.c` beside it.

use crate::process::{self, Output};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Idle connections of `echo_held`.
const HELD: &str = "10000";
/// Longer than the client takes.
const LIMIT: Duration = Duration::from_secs(60);

/// The client, compiled into the folder `out` with the system's C compiler.
pub fn client(out: &Path) -> Result<PathBuf, String> {
    let exe = out.join("echoclient");
    if !exe.exists() {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/c/echoclient.c");
        let mut cc = Command::new("cc");
        cc.args(["-O2", "-o"]).arg(&exe).arg(source);
        let o = process::run(&mut cc, LIMIT)?;
        if o.code != Some(0) {
            return Err(format!("{cc:?}\n{}", o.stderr));
        }
    }
    Ok(exe)
}

/// Starts the server, waits for its line `PORT n`, runs the client and returns what it has
/// measured.
pub fn run(server: &mut Command, client: &Path, id: &str) -> Result<Output, String> {
    let mut child = server
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("{server:?}: {e}"))?;
    let mut line = String::new();
    let read = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
    let out = match (read, line.trim().strip_prefix("PORT ")) {
        (Some(Ok(_)), Some(port)) => {
            let mut cmd = Command::new(client);
            cmd.args([port, id]);
            if id.starts_with("echo_held") {
                cmd.arg(HELD);
            }
            process::run(&mut cmd, LIMIT)
        }
        // It has no such workload, or something is wrong with it.
        _ => child
            .wait()
            .map(|s| Output { code: s.code(), stdout: line.clone(), stderr: String::new() })
            .map_err(|e| format!("{server:?}: {e}")),
    };
    let _ = child.kill();
    let _ = child.wait();
    out
}
