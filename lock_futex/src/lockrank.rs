//! The text of a rank. The ranks themselves are in `runtime2`.

use gort_runtime2::{LOCK_NAMES, LOCK_RANK_LEAF_RANK, LockRank};

/// The name of a rank, for messages.
///
/// Go: lockrank.go:147 String
#[doc(alias = "String")]
pub fn lock_rank_string(rank: LockRank) -> &'static str {
    // :148
    if rank.0 == 0 {
        return "UNKNOWN";
    }
    // :151
    if rank == LOCK_RANK_LEAF_RANK {
        return "LEAF";
    }
    // :154
    if rank.0 < 0 || rank.0 as usize >= LOCK_NAMES.len() {
        return "BAD RANK";
    }
    LOCK_NAMES[rank.0 as usize]
}
