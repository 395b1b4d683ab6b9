//! `gort study`: what is served is the book, and nothing else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// Ends the server with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn get(addr: &str, request: &str) -> String {
    let mut s = TcpStream::connect(addr).expect("connected");
    write!(s, "{request} HTTP/1.1\r\nHost: x\r\n\r\n").expect("asked");
    let mut answer = String::new();
    s.read_to_string(&mut answer).expect("answered");
    answer
}

#[test]
fn the_book_is_served() {
    if let Err(e) = gort_study::golang::goroot(None) {
        return gort_tests::absent("Go 1.23.1", &e);
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_gort"))
        .args(["study", "--serve", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let out = BufReader::new(child.stdout.take().expect("piped"));
    let mut server = Server(child);
    let mut lines = out.lines().map(|l| l.expect("a line"));
    let said = lines.next().expect("what there is");
    assert!(said.contains("functions beside their port"), "{said}");
    let folder = said
        .rsplit(": ")
        .next()
        .and_then(|p| p.strip_suffix("/index.html"))
        .expect("a folder")
        .to_string();
    let url = lines.next().expect("where it is");
    let addr = url
        .strip_prefix("http://")
        .and_then(|a| a.strip_suffix('/'))
        .expect("an address")
        .to_string();

    let index = get(&addr, "GET /");
    assert!(index.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html"), "{index}");
    assert!(index.contains("go-runtime-proc.go.html"));
    assert!(get(&addr, "GET /book.css?x").contains("Content-Type: text/css"));
    let (head, body) = get(&addr, "HEAD /book.js")
        .split_once("\r\n\r\n")
        .map(|(h, b)| (h.to_string(), b.to_string()))
        .expect("a head");
    assert!(head.contains("text/javascript") && body.is_empty());
    for bad in [
        "GET /../../etc/hostname",
        "GET //etc/hostname",
        "GET /%2e%2e/x",
        "GET /.",
        "GET /none.html",
    ] {
        assert!(get(&addr, bad).starts_with("HTTP/1.1 404 "), "{bad}");
    }
    assert!(get(&addr, "PUT /index.html").starts_with("HTTP/1.1 405 "));

    // The folder goes with the server.
    assert!(std::path::Path::new(&folder).is_dir());
    // SAFETY: our child, which has not been waited for.
    assert_eq!(unsafe { libc::kill(server.0.id() as i32, libc::SIGINT) }, 0);
    assert!(server.0.wait().expect("ended").success());
    assert!(!std::path::Path::new(&folder).exists());
}

#[test]
fn what_is_missing_is_said() {
    let gort = |args: &[&str]| {
        let o =
            Command::new(env!("CARGO_BIN_EXE_gort")).arg("study").args(args).output().expect("ran");
        (o.status.code(), String::from_utf8_lossy(&o.stderr).into_owned())
    };
    let (code, err) = gort(&["--goroot", "/nowhere"]);
    assert_eq!(code, Some(1));
    assert!(
        err.starts_with("gort: no source tree of go1.23.1\n  --goroot: /nowhere/VERSION: "),
        "{err}"
    );
    if gort_study::golang::goroot(None).is_ok() {
        let (code, err) = gort(&["--source", "/nowhere"]);
        assert_eq!((code, err.as_str()), (Some(1), "gort: /nowhere: no source tree of gort\n"));
    }
    let (code, err) = gort(&["--serve", "here"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("invalid value 'here'"), "{err}");
}
