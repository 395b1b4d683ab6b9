//! An unmodified net/http server, run by `gort run`, answers 10,000 requests from 64 connections
//! without an error. The client is not gort's: threads and std.

use gort_tests::{gort_command, tests_dir};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

const CONNECTIONS: usize = 64;
const REQUESTS: usize = 10_000;

/// Ends with the test, whichever way that ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One request on a connection that stays open; the body of the answer.
fn request(c: &mut BufReader<TcpStream>, path: &str) -> std::io::Result<String> {
    c.get_mut().write_all(format!("GET /{path} HTTP/1.1\r\nHost: gort\r\n\r\n").as_bytes())?;
    let mut line = String::new();
    c.read_line(&mut line)?;
    assert_eq!(line, "HTTP/1.1 200 OK\r\n");
    let mut length = None;
    loop {
        line.clear();
        c.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", n)) => length = n.parse().ok(),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length.expect("Content-Length")];
    c.read_exact(&mut body)?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

fn serve(procs: u32) {
    let Some(mut gort) = gort_command() else { return };
    gort.arg("run").arg(tests_dir().join("go/serve/hello.go")).env("GOMAXPROCS", procs.to_string());
    let mut server = Server(gort.stdout(Stdio::piped()).spawn().expect("gort"));
    let mut address = String::new();
    BufReader::new(server.0.stdout.take().expect("piped"))
        .read_line(&mut address)
        .expect("an address");
    let address = address.trim();
    std::thread::scope(|s| {
        for i in 0..CONNECTIONS {
            s.spawn(move || {
                let mut c = BufReader::new(TcpStream::connect(address).expect("connected"));
                for k in (i..REQUESTS).step_by(CONNECTIONS) {
                    let path = format!("{i}-{k}");
                    let body = request(&mut c, &path).expect("an answer");
                    assert_eq!(body, format!("hello, {path}\n"));
                }
            });
        }
    });
    assert!(server.0.try_wait().expect("the server").is_none(), "the server has ended");
}

#[test]
fn one_proc() {
    serve(1);
}

#[test]
fn two_procs() {
    serve(2);
}

#[test]
fn eight_procs() {
    serve(8);
}
