//! For debuggers: where the goroutines are, without debug information of the runtime's types.
//!
//! `tools/gdb/gort-gdb.py` finds the symbol `gort_gdb` in a live process or in a core file. What
//! stands there is this table: a magic number, addresses of globals, and offsets of fields, all of
//! 64 bits. Fields are only ever added at the end.

use core::mem::offset_of;
use gort_proc::*;

/// The table. Its order is known to the script.
#[repr(C)]
struct GdbTable {
    /// `gortgdb1`
    magic: [u8; 8],
    /// Bytes of the table.
    size: u64,
    allgptr: *const atomic::Pointer<*mut G>,
    allglen: *const atomic::Uintptr,
    /// Pairs of address and length.
    wait_reasons: *const &'static str,
    n_wait_reasons: u64,
    g_goid: u64,
    g_status: u64,
    g_waitreason: u64,
    g_waitsince: u64,
    g_stack_lo: u64,
    g_stack_hi: u64,
    g_sched_sp: u64,
    g_sched_pc: u64,
    g_sched_bp: u64,
    g_m: u64,
    g_startpc: u64,
    g_gopc: u64,
    g_parent_goid: u64,
    g_lockedm: u64,
    m_id: u64,
    m_procid: u64,
    m_curg: u64,
}

// SAFETY: constants; the addresses are of statics.
unsafe impl Sync for GdbTable {}

macro_rules! off {
    ($t:ty, $f:ident) => {
        offset_of!($t, $f) as u64
    };
    ($t:ty, $f:ident, $t2:ty, $f2:ident) => {
        (offset_of!($t, $f) + offset_of!($t2, $f2)) as u64
    };
}

#[used]
#[unsafe(export_name = "gort_gdb")]
static GORT_GDB: GdbTable = GdbTable {
    magic: *b"gortgdb1",
    size: size_of::<GdbTable>() as u64,
    allgptr: &raw const ALLGPTR,
    allglen: &raw const ALLGLEN,
    wait_reasons: (&raw const wait_reason::WAIT_REASON_STRINGS).cast(),
    n_wait_reasons: wait_reason::WAIT_REASON_STRINGS.len() as u64,
    g_goid: off!(G, goid),
    g_status: off!(G, atomicstatus),
    g_waitreason: off!(G, waitreason),
    g_waitsince: off!(G, waitsince),
    g_stack_lo: off!(G, stack, Stack, lo),
    g_stack_hi: off!(G, stack, Stack, hi),
    g_sched_sp: off!(G, sched, Gobuf, sp),
    g_sched_pc: off!(G, sched, Gobuf, pc),
    g_sched_bp: off!(G, sched, Gobuf, bp),
    g_m: off!(G, m),
    g_startpc: off!(G, startpc),
    g_gopc: off!(G, gopc),
    g_parent_goid: off!(G, parent_goid),
    g_lockedm: off!(G, lockedm),
    m_id: off!(M, id),
    m_procid: off!(M, procid),
    m_curg: off!(M, curg),
};
