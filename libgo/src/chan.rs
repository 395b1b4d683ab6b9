//! Channels and select, straight to `chan` and `select`.

use crate::symtab::counted;
use crate::types::{BoolArg, Bools, ElemType, IntBool, Slice, Type, yes};
use core::ffi::c_void;
use gort_proc::{ElemType as ElemSize, Hchan};
use gort_select::{RuntimeSelect, Scase, SelectDir};

/// The channel that does the work: `c`, unless that belongs to a timer, whose channel is only seen
/// by the program (see [`crate::time`]).
#[inline(always)]
unsafe fn behind(c: *mut Hchan) -> *mut Hchan {
    // Set before the program has the channel.
    if c.is_null() || (*c).timer.is_null() { c } else { crate::time::channel_behind(c) }
}

/// Size and alignment of a channel type's elements.
unsafe fn elem(t: *const Type) -> ElemSize {
    let e = (*t).as_::<ElemType>().elem;
    ElemSize { size: (*e).size, align: ((*e).align as usize).max(1) }
}

/// `make(chan T, n)`
#[unsafe(export_name = "runtime.makechan")]
unsafe extern "C-unwind" fn makechan(t: *const Type, size: isize) -> *mut Hchan {
    counted(gort_chan::makechan(elem(t), size))
}

/// The same, with a 64-bit size.
#[unsafe(export_name = "runtime.makechan64")]
unsafe extern "C-unwind" fn makechan64(t: *const Type, size: i64) -> *mut Hchan {
    counted(gort_chan::makechan64(elem(t), size))
}

/// `reflect.MakeChan`
#[unsafe(export_name = "reflect.makechan")]
unsafe extern "C-unwind" fn reflect_makechan(t: *const Type, size: isize) -> *mut Hchan {
    gort_chan::reflect_makechan(elem(t), size)
}

/// `c <- v`
#[unsafe(export_name = "runtime.chansend1")]
unsafe extern "C-unwind" fn chansend1(c: *mut Hchan, e: *const c_void) {
    gort_chan::chansend1(behind(c), e);
    counted(());
}

/// `v = <-c`
#[unsafe(export_name = "runtime.chanrecv1")]
unsafe extern "C-unwind" fn chanrecv1(c: *mut Hchan, e: *mut c_void) {
    gort_chan::chanrecv1(behind(c), e);
}

/// `v, ok = <-c`
#[unsafe(export_name = "runtime.chanrecv2")]
unsafe extern "C-unwind" fn chanrecv2(c: *mut Hchan, e: *mut c_void) -> bool {
    gort_chan::chanrecv2(behind(c), e)
}

/// `close(c)`
#[unsafe(export_name = "runtime.closechan")]
unsafe extern "C-unwind" fn closechan(c: *mut Hchan) {
    gort_chan::closechan(behind(c));
    counted(());
}

/// `select` with several cases; the default case is -1.
#[unsafe(export_name = "runtime.selectgo")]
unsafe extern "C-unwind" fn selectgo(
    cas0: *mut Scase,
    order0: *mut u16,
    nsends: isize,
    nrecvs: isize,
    block: BoolArg,
) -> IntBool {
    // The array is the compiler's, made for this one execution. Nobody has a timer's channel to
    // send on.
    for i in nsends..nsends + nrecvs {
        let cas = cas0.add(i as usize);
        (*cas).c = behind((*cas).c);
    }
    let (i, ok) = gort_select::selectgo(cas0, order0, nsends as usize, nrecvs as usize, yes(block));
    IntBool(i, ok)
}

/// `select { case c <- v: default: }`
#[unsafe(export_name = "runtime.selectnbsend")]
unsafe extern "C-unwind" fn selectnbsend(c: *mut Hchan, e: *const c_void) -> bool {
    counted(gort_chan::selectnbsend(behind(c), e))
}

/// `select { case v, ok = <-c: default: }`
#[unsafe(export_name = "runtime.selectnbrecv")]
unsafe extern "C-unwind" fn selectnbrecv(e: *mut c_void, c: *mut Hchan) -> Bools {
    let (a, b) = gort_chan::selectnbrecv(e, behind(c));
    Bools(a, b)
}

/// `select {}`
#[unsafe(export_name = "runtime.block")]
unsafe extern "C-unwind" fn block() {
    gort_select::block();
}

/// `reflect.Value.Send`
#[unsafe(export_name = "reflect.chansend")]
unsafe extern "C-unwind" fn reflect_chansend(c: *mut Hchan, e: *const c_void, nb: BoolArg) -> bool {
    gort_chan::reflect_chansend(behind(c), e, yes(nb))
}

/// `reflect.Value.Recv`
#[unsafe(export_name = "reflect.chanrecv")]
unsafe extern "C-unwind" fn reflect_chanrecv(c: *mut Hchan, nb: BoolArg, e: *mut c_void) -> Bools {
    let (a, b) = gort_chan::reflect_chanrecv(behind(c), yes(nb), e);
    Bools(a, b)
}

/// `reflect.Value.Len` of a channel
#[unsafe(export_name = "reflect.chanlen")]
unsafe extern "C-unwind" fn reflect_chanlen(c: *mut Hchan) -> isize {
    gort_chan::chanlen(behind(c)) as isize
}

/// The same for `internal/reflectlite`.
#[unsafe(export_name = "internal_1reflectlite.chanlen")]
unsafe extern "C-unwind" fn reflectlite_chanlen(c: *mut Hchan) -> isize {
    gort_chan::chanlen(behind(c)) as isize
}

/// `reflect.Value.Cap` of a channel
#[unsafe(export_name = "reflect.chancap")]
unsafe extern "C-unwind" fn reflect_chancap(c: *mut Hchan) -> isize {
    gort_chan::chancap(behind(c)) as isize
}

/// `reflect.Value.Close`
#[unsafe(export_name = "reflect.chanclose")]
unsafe extern "C-unwind" fn reflect_chanclose(c: *mut Hchan) {
    gort_chan::closechan(behind(c));
}

/// A case of `reflect.Select`.
#[repr(C)]
struct Rcase {
    dir: isize,
    typ: *const Type,
    ch: *mut Hchan,
    val: *mut c_void,
}

/// `reflect.Select`
#[unsafe(export_name = "reflect.rselect")]
unsafe extern "C-unwind" fn rselect(cases: Slice) -> IntBool {
    let v: Vec<RuntimeSelect> = cases
        .of::<Rcase>()
        .iter()
        .map(|c| RuntimeSelect {
            dir: match c.dir {
                1 => SelectDir::Send,
                2 => SelectDir::Recv,
                _ => SelectDir::Default,
            },
            ch: behind(c.ch),
            val: c.val,
        })
        .collect();
    let (i, ok) = gort_select::reflect_rselect(&v);
    IntBool(i, ok)
}
