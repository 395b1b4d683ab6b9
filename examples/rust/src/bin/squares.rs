//! Three workers square numbers; main adds up what comes back, and would give up after a second.
//!
//! `cargo run -p gort-example-rust --bin squares`

use gort::{chan, go, select, time};
use std::time::Duration;

fn main() {
    let sum = gort::run(|| {
        let (numbers, squares) = (chan::<u32>(0), chan::<u32>(0));
        for _ in 0..3 {
            let (numbers, squares) = (numbers.receiver(), squares.sender());
            go(move || numbers.iter().for_each(|n| squares.send(n * n)));
        }
        let tx = numbers.sender();
        go(move || {
            (1..=10).for_each(|n| tx.send(n));
            tx.close();
        });
        let (limit, mut sum) = (time::after(Duration::from_secs(1)), 0);
        for _ in 0..10 {
            select! {
                recv(squares) -> v => sum += v.expect("nobody closes it"),
                recv(limit) -> _ => panic!("too slow"),
            }
        }
        sum
    });
    println!("{sum}");
}
