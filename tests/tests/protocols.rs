//! Crates of protocols that know std's `Read` and `Write` only, over `gort::net`.

use gort::net::{TcpListener, TcpStream, UnixStream};
use gort::{chan, go};
use gort_tests::in_child;
use std::io::{Read, Write};
use tungstenite::{Message, accept, client};

/// WebSockets: handshake (with `httparse`), messages of all sizes, ping and close. Many connections
/// at once.
fn web_sockets() {
    let l = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = l.local_addr().unwrap();
    go(move || {
        for conn in l.incoming() {
            let conn = conn.unwrap();
            go(move || {
                let mut ws = accept(conn).unwrap();
                loop {
                    match ws.read() {
                        Ok(m) if m.is_text() || m.is_binary() => ws.send(m).unwrap(),
                        Ok(_) => {}
                        Err(tungstenite::Error::ConnectionClosed) => break,
                        Err(e) => panic!("{e}"),
                    }
                }
            });
        }
    });
    let done = chan::<()>(0);
    for i in 0..20usize {
        let done = done.clone();
        go(move || {
            let conn = TcpStream::connect(addr).unwrap();
            let (mut ws, response) = client(format!("ws://{addr}/{i}"), conn).unwrap();
            assert_eq!(response.status(), 101);
            for len in [0, 1, 125, 126, 65_535, 65_536, 300_000] {
                let m = Message::binary(vec![(i * 7 + len) as u8; len]);
                ws.send(m.clone()).unwrap();
                assert_eq!(ws.read().unwrap(), m);
            }
            ws.send(Message::Ping(vec![1, 2, 3].into())).unwrap();
            assert_eq!(ws.read().unwrap(), Message::Pong(vec![1, 2, 3].into()));
            ws.send(Message::text("grüß dich")).unwrap();
            assert_eq!(ws.read().unwrap().into_text().unwrap().as_str(), "grüß dich");
            ws.close(None).unwrap();
            while ws.read().is_ok() {}
            done.send(());
        });
    }
    for _ in 0..20 {
        done.recv();
    }
}

#[test]
fn web_sockets_1() {
    in_child!(.procs(1), web_sockets).ok();
}

#[test]
fn web_sockets_4() {
    in_child!(.procs(4), web_sockets).ok();
}

/// What such crates ask for: reading and writing by value, by reference and through a box, between
/// goroutines.
#[test]
fn traits() {
    fn stream<S: Read + Write + Send + Sync + 'static>()
    where
        for<'a> &'a S: Read + Write,
    {
    }
    stream::<TcpStream>();
    stream::<UnixStream>();
    stream::<gort::net::File>();
    in_child!(|| {
        let (a, b) = UnixStream::pair().unwrap();
        let mut boxed: Box<dyn Write + Send> = Box::new(a.try_clone().unwrap());
        go(move || {
            writeln!(boxed, "through a box").unwrap();
            writeln!(&a, "by reference").unwrap();
        });
        let mut all = String::new();
        (&b).take(13 + 1 + 12).read_to_string(&mut all).unwrap();
        assert_eq!(all, "through a box\nby reference");
    })
    .ok();
}
