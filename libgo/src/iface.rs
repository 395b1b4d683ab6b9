//! Interfaces: method tables and type assertions.

use crate::mem::{Contents, alloc, alloc_runtime};
use crate::panic::type_assertion_error;
use crate::symtab::counted;
use crate::types::{Eface, Iface, Imethod, InterfaceType, Method, PtrBool, Type, kind};
use core::ffi::c_void;
use core::ptr::{copy_nonoverlapping, null, null_mut, write_bytes};
use core::sync::atomic::{AtomicPtr, Ordering};
use gort_proc::{Global, LOCK_RANK_ITAB, Mutex, lock_with_rank, throw, unlock};

/// The methods of a type as an interface wants them. Never freed.
#[repr(C)]
struct Itab {
    inter: *const Type,
    /// The type, then the code of the methods; if the type lacks one, only the type.
    complete: bool,
    tab: [*const c_void; 1],
}

/// A hash table of [`Itab`]s that is read without a lock.
struct Table {
    mask: usize,
    count: usize,
    slots: *mut AtomicPtr<Itab>,
}

static TABLE: AtomicPtr<Table> = AtomicPtr::new(null_mut());
// SAFETY: an unlocked lock is all zeroes.
static ITAB_LOCK: Global<Mutex> = Global::new(unsafe { core::mem::zeroed() });

fn slot_of(inter: *const Type, typ: *const Type, mask: usize) -> usize {
    crate::alg::hash_word(inter as u64 ^ (typ as u64).rotate_left(32), 0) & mask
}

unsafe fn lookup(t: *const Table, inter: *const Type, typ: *const Type) -> *mut Itab {
    if t.is_null() {
        return null_mut();
    }
    let mut i = slot_of(inter, typ, (*t).mask);
    loop {
        let m = (*(*t).slots.add(i)).load(Ordering::Acquire);
        if m.is_null() || (*m).inter == inter && (*m).tab[0] == typ.cast() {
            return m;
        }
        i = (i + 1) & (*t).mask;
    }
}

unsafe fn insert(t: *mut Table, m: *mut Itab) {
    let mut i = slot_of((*m).inter, (*m).tab[0].cast(), (*t).mask);
    while !(*(*t).slots.add(i)).load(Ordering::Relaxed).is_null() {
        i = (i + 1) & (*t).mask;
    }
    (*(*t).slots.add(i)).store(m, Ordering::Release);
    (*t).count += 1;
}

/// Adds one. Under the lock.
unsafe fn add(m: *mut Itab) {
    let mut t = TABLE.load(Ordering::Relaxed);
    if t.is_null() || (*t).count * 4 >= ((*t).mask + 1) * 3 {
        let n = if t.is_null() { 512 } else { ((*t).mask + 1) * 2 };
        let new = alloc_runtime::<Table>();
        new.write(Table {
            mask: n - 1,
            count: 0,
            slots: alloc(n * size_of::<usize>(), Contents::Runtime).cast(),
        });
        if !t.is_null() {
            for i in 0..=(*t).mask {
                let m = (*(*t).slots.add(i)).load(Ordering::Relaxed);
                if !m.is_null() {
                    insert(new, m);
                }
            }
        }
        // The old table stays for those who are reading it.
        TABLE.store(new, Ordering::Release);
        t = new;
    }
    insert(t, m);
}

unsafe fn same_str(a: *const crate::types::Str, b: *const crate::types::Str) -> bool {
    a == b || !a.is_null() && !b.is_null() && crate::alg::streq(*a, *b)
}

/// Finds the methods of the interface among those of the type, both sorted by name; gives each to
/// `f`. The name of the first one that is missing, if any.
unsafe fn match_methods(
    want: &[Imethod],
    have: &[Method],
    mut f: impl FnMut(usize, *const c_void),
) -> Option<*const crate::types::Str> {
    let mut ri = 0;
    for (li, w) in want.iter().enumerate() {
        let h = loop {
            let Some(h) = have.get(ri) else { return Some(w.name) };
            if same_str(w.name, h.name) && same_str(w.pkg_path, h.pkg_path) {
                break h;
            }
            ri += 1;
        };
        if w.typ != h.mtyp {
            return Some(w.name);
        }
        f(li, h.tfn);
        ri += 1;
    }
    None
}

/// The method table of `typ` for the interface `inter`; nil if a method is missing.
unsafe fn getitab(inter: *const Type, typ: *const Type) -> *const *const c_void {
    if (*inter).kind() != kind::INTERFACE {
        throw("getitab called for non-interface type");
    }
    let mut m = lookup(TABLE.load(Ordering::Acquire), inter, typ);
    if m.is_null() {
        lock_with_rank(ITAB_LOCK.get(), LOCK_RANK_ITAB);
        m = lookup(TABLE.load(Ordering::Acquire), inter, typ);
        if m.is_null() {
            let want = (*inter).as_::<InterfaceType>().methods.all();
            m = alloc(size_of::<Itab>() + want.len() * size_of::<usize>(), Contents::Runtime)
                .cast::<Itab>();
            (*m).inter = inter;
            let tab = (&raw mut (*m).tab).cast::<*const c_void>();
            tab.write(typ.cast());
            let missing =
                match_methods(want, (*typ).methods(), |i, code| tab.add(i + 1).write(code));
            (*m).complete = missing.is_none();
            add(m);
        }
        unlock(ITAB_LOCK.get());
    }
    if (*m).complete { (&raw const (*m).tab).cast() } else { null() }
}

/// The same, or a panic that names the missing method.
unsafe fn must_itab(inter: *const Type, typ: *const Type) -> *const *const c_void {
    let t = getitab(inter, typ);
    if t.is_null() {
        let want = (*inter).as_::<InterfaceType>().methods.all();
        let missing = match_methods(want, (*typ).methods(), |_, _| {});
        type_assertion_error(null(), typ, inter, missing.map_or(crate::types::Str::EMPTY, |n| *n));
    }
    t
}

/// `x.(I)`: the method table, or the type if `I` has no methods; panics if x is nil.
#[unsafe(export_name = "runtime.assertitab")]
unsafe extern "C-unwind" fn assertitab(inter: *const Type, typ: *const Type) -> *const c_void {
    if typ.is_null() {
        type_assertion_error(null(), null(), inter, crate::types::Str::EMPTY);
    }
    if (*inter).as_::<InterfaceType>().methods.all().is_empty() {
        return typ.cast();
    }
    counted(must_itab(inter, typ)).cast()
}

/// A conversion to an interface; nil stays nil.
#[unsafe(export_name = "runtime.requireitab")]
unsafe extern "C-unwind" fn requireitab(inter: *const Type, typ: *const Type) -> *const c_void {
    if typ.is_null() { null() } else { counted(must_itab(inter, typ)).cast() }
}

/// `x.(T)` has failed.
#[unsafe(export_name = "runtime.panicdottype")]
unsafe extern "C-unwind" fn panicdottype(want: *const Type, have: *const Type, inter: *const Type) {
    type_assertion_error(inter, have, want, crate::types::Str::EMPTY);
}

/// `(interface{}, bool)`
#[repr(C)]
struct EfaceBool(Eface, bool);

/// `(interface{...}, bool)`
#[repr(C)]
struct IfaceBool(Iface, bool);

/// `e.(interface{})`
#[unsafe(export_name = "runtime.ifaceE2E2")]
extern "C-unwind" fn iface_e2e2(e: Eface) -> EfaceBool {
    EfaceBool(e, !e.typ.is_null())
}

/// `i.(interface{})`
#[unsafe(export_name = "runtime.ifaceI2E2")]
unsafe extern "C-unwind" fn iface_i2e2(i: Iface) -> EfaceBool {
    if i.tab.is_null() { EfaceBool(Eface::NIL, false) } else { EfaceBool(i.eface(), true) }
}

/// `v, ok := e.(I)`
#[unsafe(export_name = "runtime.ifaceE2I2")]
unsafe extern "C-unwind" fn iface_e2i2(inter: *const Type, e: Eface) -> IfaceBool {
    let tab = if e.typ.is_null() { null() } else { getitab(inter, e.typ) };
    if tab.is_null() {
        IfaceBool(Iface::NIL, false)
    } else {
        IfaceBool(Iface { tab, data: e.data }, true)
    }
}

/// `v, ok := i.(I)`
#[unsafe(export_name = "runtime.ifaceI2I2")]
unsafe extern "C-unwind" fn iface_i2i2(inter: *const Type, i: Iface) -> IfaceBool {
    iface_e2i2(inter, i.eface())
}

/// `v, ok := e.(*T)`
#[unsafe(export_name = "runtime.ifaceE2T2P")]
extern "C-unwind" fn iface_e2t2p(t: *const Type, e: Eface) -> PtrBool {
    if e.typ == t { PtrBool(e.data, true) } else { PtrBool(null_mut(), false) }
}

/// `v, ok := i.(*T)`
#[unsafe(export_name = "runtime.ifaceI2T2P")]
unsafe extern "C-unwind" fn iface_i2t2p(t: *const Type, i: Iface) -> PtrBool {
    iface_e2t2p(t, i.eface())
}

/// `v, ok := e.(T)`, with `v` at `ret`
#[unsafe(export_name = "runtime.ifaceE2T2")]
unsafe extern "C-unwind" fn iface_e2t2(t: *const Type, e: Eface, ret: *mut u8) -> bool {
    if e.typ != t {
        write_bytes(ret, 0, (*t).size);
        return false;
    }
    if (*t).direct() {
        *ret.cast::<*mut c_void>() = e.data;
    } else {
        copy_nonoverlapping(e.data.cast::<u8>(), ret, (*t).size);
    }
    true
}

/// `v, ok := i.(T)`, with `v` at `ret`
#[unsafe(export_name = "runtime.ifaceI2T2")]
unsafe extern "C-unwind" fn iface_i2t2(t: *const Type, i: Iface, ret: *mut u8) -> bool {
    iface_e2t2(t, i.eface(), ret)
}

/// Whether a value of type `from` has the methods of the interface `to`; for type switches.
#[unsafe(export_name = "runtime.ifaceT2Ip")]
unsafe extern "C-unwind" fn iface_t2ip(to: *const Type, from: *const Type) -> bool {
    if from.is_null() {
        return false;
    }
    if (*to).kind() != kind::INTERFACE {
        throw("ifaceT2Ip called with non-interface type");
    }
    (*to).as_::<InterfaceType>().methods.all().is_empty() || !getitab(to, from).is_null()
}

/// A conversion in reflect.
#[unsafe(export_name = "reflect.ifaceE2I")]
unsafe extern "C-unwind" fn reflect_iface_e2i(inter: *const Type, e: Eface, dst: *mut Iface) {
    if e.typ.is_null() {
        type_assertion_error(null(), null(), inter, crate::types::Str::EMPTY);
    }
    *dst = Iface { tab: must_itab(inter, e.typ), data: e.data };
}

/// A conversion in `internal/reflectlite`.
#[unsafe(export_name = "internal_1reflectlite.ifaceE2I")]
unsafe extern "C-unwind" fn reflectlite_iface_e2i(inter: *const Type, e: Eface, dst: *mut Iface) {
    reflect_iface_e2i(inter, e, dst);
}
