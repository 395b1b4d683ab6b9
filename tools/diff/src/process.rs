//! Child processes with a time limit.

use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use serde::Serialize;
use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// What is kept of one stream of a process that does not stop writing, in bytes.
pub const KEPT: usize = 32 << 20;

/// How long a process that was told to dump its goroutines has for that, and a pipe for what is
/// left in it when its process is gone (another process may hold it open).
const GRACE: Duration = Duration::from_secs(2);

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// With this exit status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// Not within its time; it was killed.
    Hung,
}

impl Status {
    /// The number that a shell would show: the exit status, or 128 + the signal.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::Exit(c) => c,
            Self::Signal(s) => 128 + s,
            Self::Hung => 128 + Signal::SIGKILL as i32,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Exit(c) => write!(f, "exit status {c}"),
            Self::Signal(s) => match Signal::try_from(s) {
                Ok(name) => write!(f, "killed by {name}"),
                Err(_) => write!(f, "killed by signal {s}"),
            },
            Self::Hung => f.write_str("no end within the time limit"),
        }
    }
}

/// What a process did.
#[derive(Clone, Debug)]
pub struct Output {
    /// How it ended.
    pub status: Status,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
    /// What a hung process wrote after SIGQUIT: its goroutines, if it is Go's or gort's.
    pub dump: String,
}

/// Runs a command to its end, at most for `limit`. A process that takes longer gets SIGQUIT and, if
/// that does not end it, SIGKILL.
///
/// # Errors
/// If it cannot be started.
pub fn run(cmd: &mut Command, stdin: &[u8], limit: Duration) -> io::Result<Output> {
    cmd.stdin(if stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
    let stdin = stdin.to_vec();
    run_with(cmd, limit, move |child| {
        if let Some(mut pipe) = child.stdin.take() {
            // Beside the reading: the process may write before it has read all. That it may not
            // read at all is no error.
            thread::spawn(move || pipe.write_all(&stdin));
        }
    })
}

/// The same; `feed` gets the child before the wait, to feed its standard input.
///
/// # Errors
/// If it cannot be started.
pub fn run_with(
    cmd: &mut Command,
    limit: Duration,
    feed: impl FnOnce(&mut Child),
) -> io::Result<Output> {
    cmd.stdout(Stdio::piped()).stderr(Stdio::piped());
    // A shell ignores SIGINT and SIGQUIT for what it puts into the background, nohup SIGHUP, and
    // the child would inherit that.
    // SAFETY: between fork and exec; system calls only.
    unsafe {
        cmd.pre_exec(|| {
            for s in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
                signal(s, SigHandler::SigDfl)?;
            }
            Ok(())
        });
    }
    let mut child = cmd.spawn()?;
    let (out, err) = (Stream::new(child.stdout.take()), Stream::new(child.stderr.take()));
    feed(&mut child);
    let pid = Pid::from_raw(child.id().cast_signed());
    let (tx, ended) = mpsc::channel();
    // Not reaped there, so that the process id stays the child's until it is reaped here.
    thread::spawn(move || {
        while waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)
            == Err(nix::Error::EINTR)
        {}
        let _ = tx.send(());
    });
    let hung = ended.recv_timeout(limit).is_err();
    let before = err.len();
    if hung {
        let _ = kill(pid, Signal::SIGQUIT);
        if ended.recv_timeout(GRACE).is_err() {
            let _ = kill(pid, Signal::SIGKILL);
        }
    }
    let status = child.wait()?;
    let (stdout, mut stderr) = (out.text(), err.text());
    let mut dump = Vec::new();
    if hung {
        dump = stderr.split_off(before.min(stderr.len()));
    }
    Ok(Output {
        status: match (hung, status.code()) {
            (true, _) => Status::Hung,
            (_, Some(c)) => Status::Exit(c),
            (_, None) => Status::Signal(status.signal().unwrap_or(0)),
        },
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
        dump: String::from_utf8_lossy(&dump).into_owned(),
    })
}

/// A pipe that a thread empties.
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    end: mpsc::Receiver<()>,
}

impl Stream {
    fn new(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (tx, end) = mpsc::channel();
        let to = bytes.clone();
        thread::spawn(move || {
            let mut buf = [0; 1 << 16];
            let mut pipe = pipe;
            while let Some(n) = pipe.as_mut().and_then(|p| p.read(&mut buf).ok()).filter(|&n| n > 0)
            {
                let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);
                let n = n.min(KEPT - to.len());
                to.extend_from_slice(&buf[..n]);
            }
            let _ = tx.send(());
        });
        Self { bytes, end }
    }
    fn len(&self) -> usize {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
    /// All of it; its process is gone.
    fn text(self) -> Vec<u8> {
        let _ = self.end.recv_timeout(GRACE);
        std::mem::take(&mut self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
