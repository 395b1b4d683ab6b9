//! `gort go bisect -- ARGS`: which of the swapped functions make `go ARGS` fail.

use crate::command::{Options, prepare};
use crate::shadow::Set;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Functions with which `go ARGS` fails, and without any one of which it does not. It fails with a
/// set if it does so in one of `times` runs; one that has not ended within `limit` fails. Of what
/// `o` leaves Go's nothing is tried. `tell` is called with the result of each try.
///
/// # Errors
/// It does not fail with all of them, or it does with none; or it cannot be run.
pub fn bisect(
    o: &Options,
    args: &[OsString],
    cache: &Path,
    times: u32,
    limit: Option<Duration>,
    tell: &mut dyn FnMut(&str),
) -> Result<Vec<&'static str>, String> {
    let all: Vec<_> = Set::new(o.only.as_deref(), &o.except, false)?.swapped.into_iter().collect();
    let mut fails = |set: &[&'static str]| {
        let mut o = o.clone();
        (o.only, o.except, o.count) =
            (Some(set.iter().map(|s| s.to_string()).collect()), vec![], false);
        let (mut c, _shadow) = prepare(&o, args, cache)?;
        let mut end = "succeeds";
        for _ in 0..times {
            // What it says is looked at once it is known with which functions.
            c.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            end = run(&mut c, limit)
                .map_err(|e| format!("{}: {e}", c.get_program().to_string_lossy()))?;
            if end != "succeeds" {
                break;
            }
        }
        let n = set.len();
        tell(&format!("{n} function{}: {end}", if n == 1 { "" } else { "s" }));
        Ok::<_, String>(end != "succeeds")
    };
    if !fails(&all)? {
        return Err("it succeeds with all of them in Rust".into());
    }
    if fails(&[])? {
        return Err("it fails with none of them in Rust, too".into());
    }
    minimal(all, &mut fails)
}

/// How it ends.
fn run(c: &mut Command, limit: Option<Duration>) -> std::io::Result<&'static str> {
    let verdict = |s: std::process::ExitStatus| if s.success() { "succeeds" } else { "fails" };
    let Some(limit) = limit else { return c.status().map(verdict) };
    // A group of its own: go's children end with it.
    let mut child = c.process_group(0).spawn()?;
    let begin = Instant::now();
    loop {
        if let Some(s) = child.try_wait()? {
            return Ok(verdict(s));
        }
        if begin.elapsed() > limit {
            // SAFETY: the group of a child that has not been waited for.
            unsafe { libc::kill(-(child.id() as i32), libc::SIGKILL) };
            child.wait()?;
            return Ok("hangs");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A subset of `set` that fails and no proper subset of which, with one less, does. Delta
/// debugging: Zeller and Hildebrandt, 2002.
fn minimal<T: Copy, E>(
    mut set: Vec<T>,
    fails: &mut dyn FnMut(&[T]) -> Result<bool, E>,
) -> Result<Vec<T>, E> {
    let mut parts = 2;
    'next: while set.len() > 1 {
        let bounds: Vec<_> = (0..=parts).map(|i| i * set.len() / parts).collect();
        for b in bounds.windows(2) {
            let part = set[b[0]..b[1]].to_vec();
            if fails(&part)? {
                (set, parts) = (part, 2);
                continue 'next;
            }
        }
        // With two parts, each is the rest of the other one.
        for b in bounds.windows(2).filter(|_| parts > 2) {
            let rest = [&set[..b[0]], &set[b[1]..]].concat();
            if fails(&rest)? {
                (set, parts) = (rest, (parts - 1).max(2));
                continue 'next;
            }
        }
        if parts == set.len() {
            break;
        }
        parts = (2 * parts).min(set.len());
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smallest() {
        let all: Vec<u32> = (0..134).collect();
        for culprits in [vec![77], vec![0], vec![3, 90], vec![3, 4, 133], vec![1, 50, 51, 100]] {
            let mut n = 0;
            let found = minimal(all.clone(), &mut |s| {
                n += 1;
                Ok::<_, ()>(culprits.iter().all(|c| s.contains(c)))
            });
            assert_eq!(found.unwrap(), culprits);
            assert!(culprits.len() > 1 || n <= 16, "{n}");
        }
        // Either of two.
        let found = minimal(all, &mut |s| Ok::<_, ()>(s.contains(&5) || s.contains(&120))).unwrap();
        assert!(found == [5] || found == [120]);
    }
}
