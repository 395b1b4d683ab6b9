//! The forms that `select!` takes.

use gort::{chan, select};
use gort_tests::in_child;

#[test]
fn bodies_may_be_blocks_or_expressions_with_or_without_commas() {
    in_child!(|| {
        let (a, b) = (chan::<i32>(1), chan::<String>(1));
        let mut n = 0;
        select! {
            recv(a) -> _ => {},
            send(b, "x".to_string()) => { n += 1 }
            recv(gort::Chan::<u8>::nil()) -> v => n += v.unwrap_or(0) as i32,
            default => n += 100,
        }
        select! { recv(b) -> v => { assert_eq!(v.as_deref(), Some("x")) }, default => {} }
        let got: Option<i32> = select! { recv(a) -> v => v, default => Some(7) };
        a.send(3);
        let both = select! {
            recv(&a) -> v => v.unwrap_or(0),
            recv(b.receiver()) -> _ => 0,
        };
        select! { send(a.sender(), n) => {} }
        println!("{n} {got:?} {both} {:?}", a.recv());
    })
    .ok()
    .stdout_is("1 Some(7) 3 Some(1)\n");
}
