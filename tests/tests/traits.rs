//! What types are besides: `new_traits`. It compiles, or a trait is missing.

use gort::*;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::iter::FusedIterator;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
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
    // No IntoRawFd and FromRawFd, and File only has a From<OwnedFd>: handles share the descriptor
    // with the poller, and giving it one may fail. `into_std` and `TryFrom` are the ways.
    has!(net::TcpStream: Debug, Clone, Send, Sync, UnwindSafe, AsRawFd, AsFd, TryFrom<OwnedFd>);
    has!(net::TcpListener: Debug, Clone, Send, Sync, AsRawFd, AsFd, TryFrom<OwnedFd>);
    has!(net::UdpSocket: Debug, Clone, Send, Sync, AsRawFd, AsFd, TryFrom<OwnedFd>);
    has!(net::UnixStream: Debug, Clone, Send, Sync, AsRawFd, AsFd, TryFrom<OwnedFd>);
    has!(net::File: Debug, Clone, Send, Sync, AsFd, AsRawFd, From<OwnedFd>, From<std::fs::File>);
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
