//! What types are besides: `new_traits`. It compiles, or a trait is missing.

use gort::*;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::iter::FusedIterator;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::prelude::v1::test; // and not gort::test

macro_rules! has {
    ($t:ty: $($tr:path),*) => {{
        $( { fn is<T: ?Sized + $tr>() {} is::<$t>(); } )*
    }};
}

#[test]
fn new_traits() {
    has!(Chan<u8>: Debug, Clone, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Hash, Default);
    has!(Sender<u8>: Debug, Clone, Send, Sync, UnwindSafe, RefUnwindSafe, Hash, Default, From<Chan<u8>>);
    has!(Receiver<u8>: Debug, Clone, Send, Sync, UnwindSafe, RefUnwindSafe, Hash, Default, From<Chan<u8>>);
    has!(Iter<'static, u8>: Debug, Clone, Send, FusedIterator);
    has!(IntoIter<u8>: Debug, Send, FusedIterator);
    has!(TrySendError<u8>: Debug, Display, Clone, PartialEq, Eq, Hash, Error);
    has!(SendError<u8>: Debug, Display, Clone, PartialEq, Eq, Hash, Error);
    has!(SendTimeoutError<u8>: Debug, Display, Clone, PartialEq, Eq, Hash, Error);
    has!(TrySendCheckedError<u8>: Debug, Display, Clone, PartialEq, Eq, Hash, Error);
    has!(TryRecvError: Debug, Display, Clone, PartialEq, Eq, Error, Hash);
    has!(RecvTimeoutError: Debug, Display, Clone, PartialEq, Eq, Error, Hash);
    has!(Select<'static, u8>: Debug, Default);
    has!(sync::Mutex<u8>: Debug, Default, Send, Sync, UnwindSafe, RefUnwindSafe, From<u8>);
    has!(sync::MutexGuard<'static, u8>: Debug, Display, Send, Sync);
    has!(sync::RwMutex<u8>: Debug, Default, Send, Sync, UnwindSafe, RefUnwindSafe, From<u8>);
    has!(sync::RwReadGuard<'static, u8>: Debug, Display, Send, Sync);
    has!(sync::RwWriteGuard<'static, u8>: Debug, Display, Send, Sync);
    has!(sync::WaitGroup: Debug, Default, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(sync::Cond: Debug, Default, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(sync::Once: Debug, Default, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(sync::Pool<u8>: Debug, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(time::Timer: Debug, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(time::Ticker: Debug, Send, Sync, UnwindSafe);
    // No IntoRawFd, and FromRawFd for File only: handles share the descriptor with the poller, and
    // giving it one, or taking a duplicate, may fail. `into_std` and `TryFrom` are the ways.
    has!(net::TcpStream: Debug, Clone, Send, Sync, UnwindSafe, AsRawFd, AsFd, TryFrom<OwnedFd>);
    has!(net::TcpListener: Debug, Clone, Send, Sync, UnwindSafe, AsRawFd, AsFd, TryFrom<OwnedFd>);
    has!(net::UdpSocket: Debug, Clone, Send, Sync, UnwindSafe, AsRawFd, AsFd, TryFrom<OwnedFd>);
    has!(net::UnixStream: Debug, Clone, Send, Sync, UnwindSafe, AsRawFd, AsFd, TryFrom<OwnedFd>);
    has!(net::UnixListener: Debug, Clone, Send, Sync, UnwindSafe, AsRawFd, AsFd, TryFrom<OwnedFd>);
    has!(net::UnixDatagram: Debug, Clone, Send, Sync, UnwindSafe, AsRawFd, AsFd, TryFrom<OwnedFd>);
    has!(net::File: Debug, Clone, Send, Sync, UnwindSafe, AsFd, AsRawFd, From<OwnedFd>, From<std::fs::File>, FromRawFd);
    has!(OwnedFd: TryFrom<net::TcpStream>, TryFrom<net::TcpListener>, TryFrom<net::UdpSocket>);
    has!(OwnedFd: TryFrom<net::UnixStream>, TryFrom<net::UnixListener>, TryFrom<net::UnixDatagram>);
    has!(OwnedFd: TryFrom<net::File>);
    has!(std::process::Stdio: TryFrom<net::File>);
    has!(net::Addr: Debug, Display, Clone, Send, Sync, PartialEq, UnwindSafe);
    has!(net::Dialer: Debug, Clone, Default, Send, Sync);
    has!(net::Error: Debug, Clone, Send, Sync, Error, PartialEq);
    has!(net::OpError: Debug, Clone, Send, Sync, Error, PartialEq);
    has!(net::Incoming<'static>: Debug, Send);
    has!(iter::Pull<u8>: Debug, Send, FusedIterator);
    has!(signal::Signal: Debug, Clone, Copy, Hash);
    has!(StackKind: Debug, Clone, Copy, PartialEq);
    has!(runtime::metrics::Sample: Debug, Clone, PartialEq);
    has!(context::Context: Debug, Display, Clone, Default, Send, Sync);
    has!(context::Error: Debug, Display, Clone, Copy, PartialEq, Hash, Error);
    has!(context::CancelFunc: Debug, Clone, Send, Sync);
    has!(task::JoinHandle<u8>: Debug, Send, Sync, UnwindSafe);
    has!(task::Group: Debug, Default, Send, Sync);
    has!(task::Semaphore: Debug, Send, Sync);
    has!(task::Goexit: Debug, Clone, Copy, Error);
    has!(Builder: Debug, Clone, Default);
    has!(RecvAsync<u8>: Debug, Send, Unpin, UnwindSafe);
    has!(SendAsync<u8>: Debug, Send, Unpin);
    has!(SendAsyncError<u8>: Debug, Display, Clone, PartialEq, Eq, Error);
    has!(context::CancelGuard: Debug, Send, Sync);
    has!(context::CancelCauseFunc: Debug, Clone, Send, Sync);
    has!(context::AfterFunc: Debug, Send, Sync);
    has!(debug::NoPark: Debug);
    has!(debug::Checked<u8>: Debug);
    has!(Config: Debug, Clone, Default, Send, Sync);
    has!(Runtime: Debug, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(local::LocalKey<u8>: Debug, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(local::AccessError: Debug, Display, Clone, Copy, PartialEq, Eq, Error);
    has!(pprof::Profile: Debug, Clone, Copy, PartialEq, Send, Sync);
    has!(runtime::Stats: Debug, Clone, Copy, Default, PartialEq, Send, Sync);
    has!(runtime::Labels: Debug, Clone, Default, PartialEq, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(runtime::metrics::ValueKind: Debug, Clone, Copy, Default, PartialEq, Send, Sync);
    has!(runtime::metrics::Value: Debug, Clone, Default, PartialEq, Send, Sync);
    has!(runtime::metrics::Float64Histogram: Debug, Clone, Default, PartialEq, Send, Sync);
    has!(runtime::metrics::Description: Debug, Clone, Copy, PartialEq, Send, Sync);
    has!(runtime::metrics::PCounters: Debug, Clone, Copy, Default, PartialEq, Send, Sync);
    has!(sync::OnceCell<u8>: Debug, Default, Send, Sync, UnwindSafe, RefUnwindSafe, From<u8>);
    has!(sync::LazyLock<u8>: Debug, Default, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(task::Broadcast<u8>: Debug, Clone, Default, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(task::Subscription<u8>: Debug, Send, Sync, UnwindSafe, RefUnwindSafe, Iterator);
    has!(task::Watch<u8>: Debug, Clone, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(task::Watcher<u8>: Debug, Clone, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(task::Scope<'static, 'static>: Debug, Send, Sync);
    has!(task::ScopedJoinHandle<'static, u8>: Debug, Send, Sync);
    has!(task::Permit<&'static task::Semaphore>: Debug, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(task::Shared<u8, u8>: Debug, Default, Send, Sync, UnwindSafe, RefUnwindSafe);
    has!(gort::test::Leaks: Debug, Clone, Copy, Default, PartialEq, Send, Sync);
    has!(gort::test::Config: Debug, Clone, Default, Send, Sync);
    has!(trace::Recording<Vec<u8>>: Debug, Send);
    has!(trace::Task: Debug, Send, Sync);
    // Outside of a goroutine a lock is not looked into.
    assert_eq!(format!("{:?}", sync::Mutex::new(5)), "Mutex { data: <locked> }");
}

#[test]
fn debug() {
    gort_tests::in_child!(|| {
        let m = sync::Mutex::new(5);
        println!("{m:?}");
        println!("{:?} {:?}", m.lock(), TrySendError(5));
        println!("{}", m.lock());
        let g = m.lock();
        println!("{m:?}");
        drop(g);
        let c = chan::<u8>(1);
        println!("{}", format!("{:?}", c.sender()).starts_with("Sender(0x"));
    })
    .ok()
    .stdout_is("Mutex { data: 5 }\n5 TrySendError(..)\n5\nMutex { data: <locked> }\ntrue\n");
}

/// Each public type is above: a new one gets its line.
#[test]
fn each_type() {
    // In modules that are private, or hidden.
    const HIDDEN: &[&str] = &["Slot", "End", "NetFd", "RawCase", "RecvCase", "SendCase"];
    let tests = gort_tests::tests_dir();
    let here = std::fs::read_to_string(tests.join("tests/traits.rs")).unwrap();
    let checked: Vec<&str> = here
        .lines()
        .filter_map(|l| l.trim().strip_prefix("has!("))
        .map(|l| l.split([':', '<']).find(|w| w.starts_with(char::is_uppercase)).unwrap_or(""))
        .collect();
    let (mut dirs, mut seen) = (vec![tests.join("../gort/src")], 0);
    while let Some(path) = dirs.pop() {
        if path.is_dir() {
            dirs.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let is = ["pub struct ", "pub enum ", "pub union "]
                .iter()
                .find_map(|p| line.strip_prefix(p));
            let Some(name) = is.and_then(|l| l.split(|c: char| !c.is_alphanumeric()).next()) else {
                continue;
            };
            seen += 1;
            assert!(
                checked.contains(&name) || HIDDEN.contains(&name),
                "{}: {name} is not in tests/traits.rs",
                path.display()
            );
        }
    }
    assert!(seen > 70, "{seen}");
}
