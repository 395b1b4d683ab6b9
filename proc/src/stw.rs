//! proc.go: lines 1340 and on.

use crate::*;

/// Why the world stops.
///
/// Go: proc.go:1340 stwReason
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StwReason {
    /// TODO: the others.
    Unknown,
}

/// The state of a stopped world.
///
/// Go: proc.go:1398 worldStop
#[derive(Clone, Copy, Debug)]
pub struct WorldStop {
    /// Why.
    pub reason: StwReason,
    /// When the stop was asked for.
    pub started_stopping: i64,
    /// When the last P stopped.
    pub finished_stopping: i64,
    /// Sum of the Ps' stopping latencies.
    pub stopping_cpu_time: i64,
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1427 stopTheWorld
#[doc(alias = "stopTheWorld")]
pub unsafe fn stop_the_world(reason: StwReason) -> WorldStop {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1456 startTheWorld
#[doc(alias = "startTheWorld")]
pub unsafe fn start_the_world(w: WorldStop) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1483 stopTheWorldGC
#[doc(alias = "stopTheWorldGC")]
pub unsafe fn stop_the_world_gc(reason: StwReason) -> WorldStop {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1491 startTheWorldGC
#[doc(alias = "startTheWorldGC")]
pub unsafe fn start_the_world_gc(w: WorldStop) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1537 stopTheWorldWithSema
#[doc(alias = "stopTheWorldWithSema")]
pub unsafe fn stop_the_world_with_sema(reason: StwReason) -> WorldStop {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1659 startTheWorldWithSema
#[doc(alias = "startTheWorldWithSema")]
pub unsafe fn start_the_world_with_sema(now: i64, w: WorldStop) -> i64 {
    todo!()
}
