//! The examples do what they say.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Command, Stdio};

#[test]
fn squares() {
    let o = Command::new(env!("CARGO_BIN_EXE_squares")).output().expect("the program");
    assert_eq!(String::from_utf8_lossy(&o.stdout), "385\n");
    assert!(o.status.success());
}

#[test]
fn echo() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_echo"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut out = BufReader::new(server.stdout.take().expect("a pipe"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    let addr = line.strip_prefix("listening on ").expect("the address").trim().to_string();
    let clients: Vec<_> = (0..8)
        .map(|i| {
            let addr = addr.clone();
            std::thread::spawn(move || {
                let mut c = TcpStream::connect(addr).expect("a connection");
                let sent = vec![i; 100_000];
                let mut half = c.try_clone().expect("a second handle");
                let writer = std::thread::spawn(move || {
                    half.write_all(&sent).expect("all is sent");
                    half.shutdown(Shutdown::Write).expect("the end is sent");
                    sent
                });
                let mut got = Vec::new();
                c.read_to_end(&mut got).expect("all comes back");
                assert!(got == writer.join().expect("no panic"), "other bytes");
            })
        })
        .collect();
    clients.into_iter().for_each(|c| c.join().expect("a client"));
    drop(server.stdin.take());
    line.clear();
    out.read_to_string(&mut line).expect("the rest");
    assert_eq!(line, "800000 bytes\n");
    assert!(server.wait().expect("its end").success());
}
