//! Numbers, GODEBUG, GOTRACEBACK.

#[path = "../../lock_futex/tests/support/mod.rs"]
mod support;
#[path = "../../lock_futex/tests/support/print.rs"]
mod support_print;

use gort_asm::getg;
use gort_runtime1::*;
use gort_runtime2::{STACK_PREEMPT, ThrowType};
use proptest::prelude::*;
use support::with_m;

proptest! {
    #[test]
    fn atoi_against_i128(n in any::<i64>(), shift in 0..64u32, zeros in 0..30usize) {
        let n = n as i128 >> shift;
        let s = format!("{}{}{}", if n < 0 { "-" } else { "" }, "0".repeat(zeros), n.unsigned_abs());
        prop_assert_eq!(atoi64(&s), Some(n as i64));
        prop_assert_eq!(atoi32(&s), i32::try_from(n).ok());
    }

    #[test]
    fn timediv_divides(v in 0i64..1 << 60, div in 1i32..) {
        let (q, r) = timediv(v, div);
        if v / (div as i64) < 1 << 31 {
            prop_assert_eq!((q as i64, r as i64), (v / div as i64, v % div as i64));
        } else {
            prop_assert_eq!((q, r), (0x7fff_ffff, 0));
        }
    }
}

/// Rules of Go's that are not those of `str::parse`.
#[test]
fn atoi_edges() {
    for (s, want) in [
        ("", None),
        ("-", Some(0)),
        ("-0", Some(0)),
        ("+1", None),
        (" 1", None),
        ("1x", None),
        ("--1", None),
        ("9223372036854775807", Some(i64::MAX)),
        ("9223372036854775808", None),
        ("-9223372036854775808", Some(i64::MIN)),
        ("-9223372036854775809", None),
        ("18446744073709551615", None),
        ("18446744073709551616", None),
        ("99999999999999999999", None),
    ] {
        assert_eq!(atoi64(s), want, "{s:?}");
    }
    assert_eq!(atoi32("2147483648"), None);
    assert_eq!(atoi32("-2147483648"), Some(i32::MIN));
}

/// One test, as the variables are the process's.
#[test]
fn environment() {
    // SAFETY: nothing else in this program reads the environment meanwhile.
    unsafe {
        std::env::set_var(
            "GODEBUG",
            "schedtrace=1,schedtrace=1000,scheddetail,unknown=3,panicnil=1,=5,tracebackancestors=x,asynctimerchan=1,",
        );
        std::env::set_var("GOTRACEBACK", "all");
        std::env::set_var("GORT_EMPTY", "");
    }
    goargs();
    goenvs();
    assert_eq!(gogetenv("GORT_EMPTY").as_deref(), Some(""));
    assert_eq!(gogetenv("GORT_NOT_SET"), None);
    assert_eq!(gogetenv("GORT_EMPT"), None);
    assert_eq!(argslice().len(), std::env::args_os().count());

    parsedebugvars();
    assert_eq!(DEBUG.schedtrace.get(), 1000); // the last one
    assert_eq!(DEBUG.scheddetail.get(), 0);
    assert_eq!(DEBUG.tracebackancestors.get(), 0);
    assert_eq!((DEBUG.panicnil.get(), DEBUG.asynctimerchan.get()), (1, 1));
    assert_eq!(
        (DEBUG.cgocheck.get(), DEBUG.madvdontneed.get(), DEBUG.profstackdepth.get()),
        (1, 1, 128)
    );
    assert_eq!(DEBUG.adaptivestackstart.get(), 1);

    // Only some change later; the last setting counts there too, and what is gone becomes 0.
    reparsedebugvars("schedtrace=5,asynctimerchan=1,asynctimerchan=2");
    assert_eq!(DEBUG.schedtrace.get(), 1000);
    assert_eq!((DEBUG.asynctimerchan.get(), DEBUG.panicnil.get()), (2, 0));

    with_m(|mp| {
        assert_eq!(gotraceback(), (1, true, false));
        set_traceback("none"); // the environment's setting is a lower bound
        assert_eq!(gotraceback(), (1, true, false));
        set_traceback("crash");
        assert_eq!(gotraceback(), (3, true, true)); // bits are or-ed, as in Go
        set_traceback("system");
        assert_eq!(gotraceback(), (3, true, false));
        set_traceback("7");
        assert_eq!(gotraceback(), (7, true, false));
        set_traceback("single");
        // SAFETY: the M is this thread's own.
        unsafe {
            (*mp).throwing = ThrowType::Runtime;
            assert_eq!(gotraceback(), (2, true, false));
            (*mp).traceback = 1;
            assert_eq!(gotraceback(), (1, true, false));
        }
    });
}

#[test]
fn releasem_restores_a_request_to_preempt() {
    with_m(|_| {
        // SAFETY: this thread has an M.
        unsafe {
            let gp = getg();
            (*gp).preempt.set(true);
            let mp = acquirem();
            acquirem();
            releasem(mp);
            assert_eq!((*gp).stackguard0.get(), 0);
            releasem(mp);
            assert_eq!((*gp).stackguard0.get(), STACK_PREEMPT);
        }
    });
}

#[test]
fn self_test() {
    check();
}

#[test]
fn secure_mode_hides_tracebacks() {
    let envs = |e: &[&str]| e.iter().map(|s| s.to_string()).collect::<Vec<_>>();
    let mut e = envs(&["A=1", "GOTRACEBACK=crash", "GOTRACEBACKS=x", "GOTRACEBACK="]);
    secure_env(&mut e);
    assert_eq!(e, ["A=1", "GOTRACEBACK=none", "GOTRACEBACKS=x", "GOTRACEBACK=none"]);
    let mut e = envs(&["A=1"]);
    secure_env(&mut e);
    assert_eq!(e, ["A=1", "GOTRACEBACK=none"]);
    assert!(!is_secure_mode());
}
