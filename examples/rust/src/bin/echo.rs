//! A TCP server that sends back what it gets, one goroutine for each connection, until standard
//! input ends; then it says how many bytes there were.
//!
//! `cargo run -p gort-example-rust --bin echo`, and in another terminal `nc 127.0.0.1 PORT`.

use gort::sync::WaitGroup;
use gort::{go, net};
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn main() -> std::io::Result<()> {
    gort::run(|| {
        let listener = Arc::new(net::TcpListener::bind("127.0.0.1:0")?);
        println!("listening on {}", listener.local_addr()?);
        let (bytes, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(WaitGroup::new()));
        let (l, b, o) = (listener.clone(), bytes.clone(), open.clone());
        let accepting = gort::task::spawn(move || {
            // The error is that of the listener's end.
            while let Ok((mut c, _)) = l.accept() {
                let (b, o) = (b.clone(), o.clone());
                o.add(1);
                go(move || {
                    let mut buf = [0; 4096];
                    // Reading parks the goroutine; its thread serves others meanwhile.
                    while let Ok(n @ 1..) = c.read(&mut buf) {
                        if c.write_all(&buf[..n]).is_err() {
                            break;
                        }
                        b.fetch_add(n, Ordering::Relaxed);
                    }
                    o.done();
                });
            }
        });
        gort::os::stdin()?.read_to_end(&mut Vec::new())?;
        listener.close()?;
        accepting.join().expect("no panic");
        open.wait();
        println!("{} bytes", bytes.load(Ordering::Relaxed));
        Ok(())
    })
}
