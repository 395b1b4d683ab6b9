//! How programs end; compiled with `panic = "abort"`, they say so at once and unwind nothing.
//!
//! `cargo run -p gort-example-rust --bin abort panic | goroutine | goexit | closed`, with
//! `--profile abort` for the other kind.

fn main() {
    let what = std::env::args().nth(1).unwrap_or_default();
    gort::run(move || match what.as_str() {
        "panic" => panic!("the reason"),
        "goroutine" => {
            gort::go(|| panic!("the reason"));
            gort::chan::<()>(0).recv();
        }
        "goexit" => gort::runtime::goexit(),
        "closed" => {
            let c = gort::chan::<u8>(0);
            c.close();
            c.send(1);
        }
        _ => println!("no panic"),
    })
}
