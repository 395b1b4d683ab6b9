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

#[test]
fn a_receive_needs_no_pattern_and_default_may_stand_anywhere() {
    // new_select_errors: noarrow, defaultfirst
    in_child!(|| {
        let c = chan::<u32>(1);
        select! { recv(c) => println!("received"), default => println!("nothing") }
        select! { default => println!("nothing"), recv(c) => println!("received") }
        c.send(1);
        select! { recv(c) => println!("received"), default => println!("nothing") }
        c.send(1);
        select! {
            default => println!("nothing"),
            recv(c) => println!("received"),
        }
        select! { default(std::time::Duration::from_millis(1)) => println!("late"), recv(c) -> _ => {} }
    })
    .ok()
    .stdout_is("nothing\nnothing\nreceived\nreceived\nlate\n");
}

#[test]
fn guards_take_cases_out_and_values_are_not_computed_for_them() {
    // new_select_errors: guard
    in_child!(|| {
        let (a, b) = (chan::<u32>(1), chan::<u32>(1));
        let mut queue: Vec<u32> = Vec::new();
        let mut seen = 0;
        for _ in 0..100 {
            select! {
                send(a, queue.pop().unwrap()), if !queue.is_empty() => println!("sent"),
                recv(a), if false => unreachable!(),
                recv(b) -> v, if seen < 3 => println!("{v:?}"),
                default => seen += 1,
            }
        }
        queue.push(7);
        select! {
            send(a, queue.pop().unwrap()) -> r, if !queue.is_empty() => println!("{r:?}"),
            recv(b) -> _ => {}
        }
        println!("{:?} {seen}", a.recv());
    })
    .ok()
    .stdout_is("Ok(())\nSome(7) 100\n");
}

#[test]
fn a_send_with_a_result_does_not_panic() {
    in_child!(|| {
        let c = chan::<String>(0);
        let nil = gort::Chan::<u8>::nil();
        c.close();
        select! { send(c, "one".to_string()) -> r => println!("{r:?} {:?}", r.as_ref().map_err(|e| &e.0)) }
        select! {
            send(c, "two".to_string()) -> r => println!("{:?}", r.map_err(|e| e.0)),
            recv(nil) -> _ => {}
        }
        let e = gort::recover(|| select! { send(c, "three".to_string()) => {} recv(nil) => {} });
        println!("{}", e.unwrap_err().message());
        // Closed while it waits.
        let c = chan::<String>(0);
        let tx = c.clone();
        let done = chan::<()>(0);
        let d = done.clone();
        gort::go(move || {
            select! { send(tx, "four".to_string()) -> r => println!("{:?}", r.map_err(|e| e.0)), recv(nil) => {} }
            d.close();
        });
        gort_tests::until_waiting(1, gort_proc::WaitReason::Select);
        c.close();
        done.recv();
    })
    .ok()
    .stdout_is("Err(SendError(..)) Err(\"one\")\nErr(\"two\")\nsend on closed channel\nErr(\"four\")\n");
}

#[test]
fn any_number_of_cases() {
    in_child!(|| {
        let chans: Vec<_> = (0..1000).map(|_| chan::<usize>(0)).collect();
        for (i, c) in chans.iter().enumerate() {
            let c = c.clone();
            gort::go(move || c.send(i));
        }
        let mut seen = vec![false; chans.len()];
        for _ in 0..chans.len() {
            let mut s = gort::Select::new();
            for (i, c) in chans.iter().enumerate().filter(|(i, _)| !seen[*i]) {
                s = s.recv(c, move |v| (i, v));
            }
            let (i, v) = s.wait();
            assert_eq!(v, Some(i));
            assert!(!std::mem::replace(&mut seen[i], true));
        }
        let full = chan::<Box<u32>>(1);
        full.send(Box::new(1));
        let s = gort::Select::new().send(&full, Box::new(2), |r| format!("{r:?}"));
        println!("{}", s.default(|| "default".into()).wait());
        let s = gort::Select::new().send(full.sender(), Box::new(3), |r| format!("{r:?}"));
        println!("{}", s.timeout(std::time::Duration::from_millis(1), || "timeout".into()).wait());
        full.close();
        let s = gort::Select::new().send(&full, Box::new(4), |r| format!("{:?}", r.map_err(|e| e.0)));
        println!("{} {:?}", s.wait(), full.into_iter().collect::<Vec<_>>());
        println!("{}", gort::Select::new().default(|| "only a default").wait());
        let mut s = gort::Select::new();
        let nil = gort::Chan::<u8>::nil();
        for _ in 0..65537 {
            s = s.recv(nil.clone(), |_| ());
        }
        println!("{}", gort::recover(|| s.wait()).unwrap_err().message());
    })
    .ok()
    .stdout_is("default\ntimeout\nErr(4) [1]\nonly a default\nreflect.Select: too many cases (max 65536)\n");
}
