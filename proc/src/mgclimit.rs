//! mgclimit.go:342–486: how long a P spends on something that is not the program's. Go's limiter of
//! the collector's CPU time wants to know; here it is the idle time of Ps, for metrics
//! (`sched.idle_time`).

use crate::*;

/// Kinds of events. At most three bits.
///
/// Go: mgclimit.go:348 limiterEventType
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LimiterEventType {
    /// None of those below.
    None = 0,
    /// An idle mark worker; unused without a collector.
    IdleMarkWork = 1,
    /// A mark assist; unused.
    MarkAssist = 2,
    /// A scavenge assist; unused.
    ScavengeAssist = 3,
    /// The P is on the idle list.
    Idle = 4,
}

/// Bits of the kind.
///
/// Go: mgclimit.go:357 limiterEventBits
const LIMITER_EVENT_BITS: u32 = 3;
/// The bits of a stamp that hold the kind; the others are a time.
///
/// Go: mgclimit.go:363 limiterEventTypeMask
const LIMITER_EVENT_TYPE_MASK: u64 = ((1 << LIMITER_EVENT_BITS) - 1) << (64 - LIMITER_EVENT_BITS);
/// Go: mgclimit.go:364 limiterEventStampNone
const LIMITER_EVENT_STAMP_NONE: LimiterEventStamp = LimiterEventStamp(0);

/// A nanotime packed with the kind of an event.
///
/// Go: mgclimit.go:368 limiterEventStamp
#[derive(Clone, Copy)]
struct LimiterEventStamp(u64);

/// Go: mgclimit.go:371 makeLimiterEventStamp
fn make_limiter_event_stamp(typ: LimiterEventType, now: i64) -> LimiterEventStamp {
    // :372
    LimiterEventStamp(
        (typ as u64) << (64 - LIMITER_EVENT_BITS) | (now as u64 & !LIMITER_EVENT_TYPE_MASK),
    )
}

impl LimiterEventStamp {
    /// Time from the stamp to `now`; 0 rather than a negative one.
    ///
    /// Go: mgclimit.go:379 duration
    fn duration(self, now: i64) -> i64 {
        // :382 the bits that the kind took come from the current time
        let start =
            ((now as u64 & LIMITER_EVENT_TYPE_MASK) | (self.0 & !LIMITER_EVENT_TYPE_MASK)) as i64;
        if now < start {
            return 0;
        }
        now - start // :386
    }

    /// The kind, as its number.
    ///
    /// Go: mgclimit.go:390 typ
    fn typ(self) -> u8 {
        // :391
        (self.0 >> (64 - LIMITER_EVENT_BITS)) as u8
    }
}

/// The methods of a [`LimiterEvent`].
pub trait LimiterEventOps {
    /// Begins an event; false if another one is in progress, which then has the time to itself.
    fn start(&self, typ: LimiterEventType, now: i64) -> bool;
    /// Ends the event in progress, which must be a `typ`, and accounts for it. How long it took, in
    /// ns, is the caller's to keep: gort's own.
    fn stop(&self, typ: LimiterEventType, now: i64) -> i64;
}

impl LimiterEventOps for LimiterEvent {
    /// Go: mgclimit.go:409 start
    #[inline]
    fn start(&self, typ: LimiterEventType, now: i64) -> bool {
        // :410
        if LimiterEventStamp(self.stamp.load()).typ() != LimiterEventType::None as u8 {
            return false;
        }
        self.stamp.store(make_limiter_event_stamp(typ, now).0); // :413
        true
    }

    /// Go: mgclimit.go:449 stop
    #[inline]
    fn stop(&self, typ: LimiterEventType, now: i64) -> i64 {
        let mut stamp;
        loop {
            stamp = LimiterEventStamp(self.stamp.load()); // :452
            if stamp.typ() != typ as u8 {
                linkname::print_args(format_args!(
                    "runtime: want={} got={}\n",
                    typ as u8,
                    stamp.typ()
                ));
                throw("limiterEvent.stop: found wrong event in p's limiter event slot");
            }
            // :457
            if self.stamp.cas(stamp.0, LIMITER_EVENT_STAMP_NONE.0) {
                break;
            }
        }
        let duration = stamp.duration(now); // :461
        if duration == 0 {
            // :463 perhaps the clock crossed a boundary of 2^61 ns: then this time is lost, no harm
            return 0;
        }
        // :472
        match typ {
            // :473 work of the collector's: there is none
            LimiterEventType::IdleMarkWork => {
                #[cfg(gort_inside)]
                linkname::add_idle_time(duration);
            }
            LimiterEventType::Idle => {
                // :476 no limiter to tell
                #[cfg(gort_inside)]
                linkname::add_idle_time(duration);
                // SAFETY: an atomic of the global state.
                unsafe { (*sched()).idle_time.add(duration) };
            }
            // :478
            LimiterEventType::MarkAssist | LimiterEventType::ScavengeAssist => {}
            // :483
            LimiterEventType::None => throw("limiterEvent.stop: invalid limiter event type found"),
        }
        duration
    }
}
