//! What package reflect asks for, calls through libffi included.

use crate::init::TypeList;
use crate::mem::{Contents, alloc, alloc_runtime, alloc_value, typedmemmove};
use crate::types::{ArrayType, BoolArg, FuncType, List, Slice, Str, StructType, Type, kind, yes};
use core::arch::global_asm;
use core::ffi::c_void;
use core::ptr::{copy, null, null_mut, write_bytes};
use gort_proc::throw;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

/// `reflect.New`
#[unsafe(export_name = "reflect.unsafe__New")]
unsafe extern "C-unwind" fn unsafe_new(t: *const Type) -> *mut u8 {
    alloc_value((*t).size, Contents::Values(t))
}

/// The same for `internal/reflectlite`.
#[unsafe(export_name = "internal_1reflectlite.unsafe__New")]
unsafe extern "C-unwind" fn reflectlite_unsafe_new(t: *const Type) -> *mut u8 {
    alloc_value((*t).size, Contents::Values(t))
}

/// The array of a slice.
#[unsafe(export_name = "reflect.unsafe__NewArray")]
unsafe extern "C-unwind" fn unsafe_new_array(t: *const Type, n: isize) -> *mut u8 {
    match (*t).size.checked_mul(n as usize) {
        Some(b) if n >= 0 && b <= 1 << 48 => alloc_value(b, Contents::Values(t)),
        _ => crate::panic::plain_error("runtime: allocation size out of range"),
    }
}

/// Copies a value.
#[unsafe(export_name = "reflect.typedmemmove")]
unsafe extern "C-unwind" fn reflect_typedmemmove(t: *const Type, dst: *mut u8, src: *const u8) {
    typedmemmove(t, dst, src);
}

/// The same for `internal/reflectlite`.
#[unsafe(export_name = "internal_1reflectlite.typedmemmove")]
unsafe extern "C-unwind" fn reflectlite_typedmemmove(t: *const Type, dst: *mut u8, src: *const u8) {
    typedmemmove(t, dst, src);
}

/// Zeroes a value.
#[unsafe(export_name = "reflect.typedmemclr")]
unsafe extern "C-unwind" fn typedmemclr(t: *const Type, p: *mut u8) {
    write_bytes(p, 0, (*t).size);
}

/// `reflect.Copy`
#[unsafe(export_name = "reflect.typedslicecopy")]
unsafe extern "C-unwind" fn typedslicecopy(t: *const Type, dst: Slice, src: Slice) -> isize {
    crate::slice::typedslicecopy(t, dst.ptr, dst.len, src.ptr, src.len)
}

/// Copies bytes.
#[unsafe(export_name = "reflect.memmove")]
unsafe extern "C-unwind" fn memmove(dst: *mut u8, src: *const u8, n: usize) {
    copy(src, dst, n);
}

/// Whether an integer that is to become a pointer may be one.
#[unsafe(export_name = "reflect.verifyNotInHeapPtr")]
extern "C-unwind" fn verify_not_in_heap_ptr(p: usize) -> bool {
    p != usize::MAX
}

static LISTS: Mutex<Vec<usize>> = Mutex::new(Vec::new());
static TYPES: OnceLock<HashMap<&'static [u8], usize>> = OnceLock::new();

/// Keeps the lists of descriptors.
///
/// # Safety
/// Made by the compiler.
pub unsafe fn register(lists: &[*const TypeList]) {
    LISTS.lock().unwrap_or_else(|e| e.into_inner()).extend(lists.iter().map(|&l| l as usize));
}

/// All type descriptors of the program.
pub(crate) fn each_type(mut f: impl FnMut(&'static Type)) {
    let lists = LISTS.lock().unwrap_or_else(|e| e.into_inner()).clone();
    for l in lists {
        // SAFETY: made by the compiler, and there for ever.
        unsafe { (*(l as *const TypeList)).all().iter().for_each(|&t| f(&*t)) };
    }
}

/// The descriptor with this text that the program has, so that a type made by reflect is the same;
/// nil if there is none.
#[unsafe(export_name = "reflect.lookupType")]
unsafe extern "C-unwind" fn lookup_type(s: Str) -> *const Type {
    let types = TYPES.get_or_init(|| {
        let mut m = HashMap::new();
        for &l in LISTS.lock().unwrap_or_else(|e| e.into_inner()).iter() {
            for &t in (*(l as *const TypeList)).all() {
                m.insert((*(*t).string).bytes(), t as usize);
            }
        }
        m
    });
    types.get(s.bytes()).map_or(null(), |&t| t as *const Type)
}

/// libffi's description of a type.
#[repr(C)]
struct FfiType {
    size: usize,
    alignment: u16,
    typ: u16,
    elements: *mut *const FfiType,
}

// SAFETY: constants; libffi writes into struct types only, which are made anew.
unsafe impl Sync for FfiType {}

/// libffi's numbers.
#[allow(missing_docs)]
mod ffi {
    pub const VOID: u16 = 0;
    pub const FLOAT: u16 = 2;
    pub const DOUBLE: u16 = 3;
    pub const UINT8: u16 = 5;
    pub const SINT8: u16 = 6;
    pub const UINT16: u16 = 7;
    pub const SINT16: u16 = 8;
    pub const UINT32: u16 = 9;
    pub const SINT32: u16 = 10;
    pub const UINT64: u16 = 11;
    pub const SINT64: u16 = 12;
    pub const STRUCT: u16 = 13;
    pub const POINTER: u16 = 14;
    pub const COMPLEX: u16 = 15;
    pub const UNIX64: u32 = 2;
}

const fn scalar(typ: u16, size: usize) -> FfiType {
    FfiType { size, alignment: size as u16, typ, elements: null_mut() }
}

static VOID: FfiType = FfiType { size: 1, alignment: 1, typ: ffi::VOID, elements: null_mut() };
static FLOAT: FfiType = scalar(ffi::FLOAT, 4);
static DOUBLE: FfiType = scalar(ffi::DOUBLE, 8);
static UINT8: FfiType = scalar(ffi::UINT8, 1);
static SINT8: FfiType = scalar(ffi::SINT8, 1);
static UINT16: FfiType = scalar(ffi::UINT16, 2);
static SINT16: FfiType = scalar(ffi::SINT16, 2);
static UINT32: FfiType = scalar(ffi::UINT32, 4);
static SINT32: FfiType = scalar(ffi::SINT32, 4);
static UINT64: FfiType = scalar(ffi::UINT64, 8);
static SINT64: FfiType = scalar(ffi::SINT64, 8);
static POINTER: FfiType = scalar(ffi::POINTER, 8);

/// libffi's prepared call.
#[repr(C)]
pub struct FfiCif {
    abi: u32,
    nargs: u32,
    args: *mut *const FfiType,
    ret: *const FfiType,
    bytes: u32,
    flags: u32,
}

// libffi is linked only with programs that use reflect, which refer to it themselves.
global_asm!(
    ".weak ffi_prep_cif",
    ".section .data.rel.ro.gort_ffi_prep_cif,\"aw\",@progbits",
    ".p2align 3",
    ".globl gort_ffi_prep_cif",
    ".hidden gort_ffi_prep_cif",
    "gort_ffi_prep_cif: .quad ffi_prep_cif",
    ".text",
);

type PrepCif =
    unsafe extern "C" fn(*mut FfiCif, u32, u32, *const FfiType, *mut *const FfiType) -> i32;

unsafe extern "C" {
    static gort_ffi_prep_cif: Option<PrepCif>;
}

/// A struct of these, in Go's memory; a nil ends the list.
unsafe fn aggregate(typ: u16, of: &[*const FfiType]) -> *const FfiType {
    let e = alloc((of.len() + 1) * 8, Contents::Runtime).cast::<*const FfiType>();
    for (i, &t) in of.iter().enumerate() {
        e.add(i).write(t);
    }
    let t = alloc_runtime::<FfiType>();
    t.write(FfiType { size: 0, alignment: 0, typ, elements: e });
    t
}

unsafe fn complex(of: &'static FfiType) -> *const FfiType {
    let t = aggregate(ffi::COMPLEX, &[of]).cast_mut();
    (*t).size = 2 * of.size;
    (*t).alignment = of.alignment;
    t
}

/// Nothing: libffi knows no empty structs.
unsafe fn empty() -> *const FfiType {
    aggregate(ffi::STRUCT, &[&raw const VOID])
}

unsafe fn ffi_type(t: *const Type) -> *const FfiType {
    let t = &*t;
    match t.kind() {
        kind::BOOL | kind::UINT8 => &raw const UINT8,
        kind::INT | kind::INT64 => &raw const SINT64,
        kind::INT8 => &raw const SINT8,
        kind::INT16 => &raw const SINT16,
        kind::INT32 => &raw const SINT32,
        kind::UINT | kind::UINT64 | kind::UINTPTR => &raw const UINT64,
        kind::UINT16 => &raw const UINT16,
        kind::UINT32 => &raw const UINT32,
        kind::FLOAT32 => &raw const FLOAT,
        kind::FLOAT64 => &raw const DOUBLE,
        kind::COMPLEX64 => complex(&FLOAT),
        kind::COMPLEX128 => complex(&DOUBLE),
        kind::CHAN | kind::FUNC | kind::MAP | kind::PTR | kind::UNSAFE_POINTER => {
            &raw const POINTER
        }
        kind::INTERFACE => aggregate(ffi::STRUCT, &[&raw const POINTER, &raw const POINTER]),
        kind::SLICE => {
            aggregate(ffi::STRUCT, &[&raw const POINTER, &raw const SINT64, &raw const SINT64])
        }
        kind::STRING => aggregate(ffi::STRUCT, &[&raw const POINTER, &raw const SINT64]),
        kind::ARRAY => {
            let a = t.as_::<ArrayType>();
            if a.len == 0 {
                return empty();
            }
            if t.direct() {
                return &raw const POINTER;
            }
            let e = ffi_type(a.elem);
            aggregate(ffi::STRUCT, &vec![e; a.len])
        }
        kind::STRUCT => struct_type(t),
        _ => throw("unknown type kind"),
    }
}

unsafe fn struct_type(t: &Type) -> *const FfiType {
    let fields = t.as_::<StructType>().fields.all();
    if t.direct() {
        return &raw const POINTER;
    }
    let mut v: Vec<*const FfiType> = Vec::new();
    let mut end = 0;
    let mut gap = false;
    for f in fields {
        let size = (*f.typ).size;
        if size == 0 {
            // Nothing to pass, but its alignment may move the next field.
            gap = true;
            continue;
        }
        let align = ((*f.typ).align as usize).max(1);
        let natural = (end + align - 1) & !(align - 1);
        if gap && natural != f.offset() {
            v.push(aggregate(ffi::STRUCT, &vec![&raw const UINT8; f.offset() - end]));
        }
        gap = false;
        v.push(ffi_type(f.typ));
        end = f.offset() + size;
    }
    if v.is_empty() {
        return empty();
    }
    if gap {
        // The compiler puts a byte behind a last field without size.
        v.push(&raw const UINT8);
    }
    aggregate(ffi::STRUCT, &v)
}

unsafe fn return_type(outs: &List<*const Type>) -> *const FfiType {
    let outs = outs.all();
    if outs.iter().all(|&t| (*t).size == 0) {
        return &raw const VOID;
    }
    if let [one] = outs {
        return ffi_type(*one);
    }
    let v: Vec<_> = outs.iter().map(|&t| ffi_type(t)).collect();
    aggregate(ffi::STRUCT, &v)
}

/// Describes the call of a function to libffi. `is_interface`: a receiver comes first; `is_method`:
/// the first parameter is passed by its address.
#[unsafe(export_name = "runtime.ffiFuncToCIF")]
unsafe extern "C-unwind" fn func_to_cif(
    ft: *const FuncType,
    is_interface: BoolArg,
    is_method: BoolArg,
    cif: *mut FfiCif,
) {
    let ins = (*ft).inputs.all();
    let mut args: Vec<*const FfiType> = Vec::with_capacity(ins.len() + 1);
    if yes(is_interface) {
        args.push(&raw const POINTER);
    }
    for (i, &t) in ins.iter().enumerate() {
        let by_address = i == 0 && yes(is_method) && !yes(is_interface);
        args.push(if by_address { &raw const POINTER } else { ffi_type(t) });
    }
    let list = alloc(args.len().max(1) * 8, Contents::Runtime).cast::<*const FfiType>();
    for (i, &t) in args.iter().enumerate() {
        list.add(i).write(t);
    }
    let Some(prep) = gort_ffi_prep_cif else { throw("reflect: libffi is not linked") };
    if prep(cif, ffi::UNIX64, args.len() as u32, return_type(&(*ft).outputs), list) != 0 {
        throw("ffi_prep_cif failed");
    }
}

/// The same for `reflect.MakeFunc`.
#[unsafe(export_name = "reflect.makeCIF")]
unsafe extern "C-unwind" fn make_cif(ft: *const FuncType) -> *mut FfiCif {
    let cif = alloc_runtime::<FfiCif>();
    func_to_cif(ft, 0, 0, cif);
    cif
}

/// Callers of a function made by `reflect.MakeFunc`, to find out whether it may recover.
/// `canrecover` looks by itself.
#[unsafe(export_name = "runtime_callers")]
extern "C-unwind" fn runtime_callers(
    _skip: i32,
    _locs: *mut c_void,
    _n: i32,
    _keep: BoolArg,
) -> i32 {
    0
}
