//! Layouts that gccgo's code and libgo's packages share with the runtime.

use core::ffi::c_void;
use core::ptr::{null, null_mut};

/// A Go `string`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Str {
    /// The bytes.
    pub ptr: *const u8,
    /// How many.
    pub len: isize,
}

impl Str {
    /// `""`
    pub const EMPTY: Self = Self { ptr: null(), len: 0 };

    /// The bytes.
    ///
    /// # Safety
    /// A string that Go code passed.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.len <= 0 { &[] } else { core::slice::from_raw_parts(self.ptr, self.len as usize) }
    }
    /// A string of static bytes.
    pub const fn of(s: &'static str) -> Self {
        Self { ptr: s.as_ptr(), len: s.len() as isize }
    }
    /// A string with a copy of the bytes.
    pub fn copy(b: &[u8]) -> Self {
        if b.is_empty() {
            return Self::EMPTY;
        }
        let p = crate::mem::alloc(b.len(), crate::mem::Contents::Bytes);
        // SAFETY: freshly allocated with this length.
        unsafe { core::ptr::copy_nonoverlapping(b.as_ptr(), p, b.len()) };
        Self { ptr: p, len: b.len() as isize }
    }
    /// As text; what is not UTF-8 is replaced.
    ///
    /// # Safety
    /// As for [`Self::bytes`].
    pub unsafe fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
}

/// A Go slice of whatever.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// The first element.
    pub ptr: *mut u8,
    /// `len`
    pub len: isize,
    /// `cap`
    pub cap: isize,
}

impl Slice {
    /// nil
    pub const NIL: Self = Self { ptr: null_mut(), len: 0, cap: 0 };

    /// The elements.
    ///
    /// # Safety
    /// A slice of `T` that Go code passed.
    pub unsafe fn of<'a, T>(self) -> &'a [T] {
        if self.len <= 0 {
            &[]
        } else {
            core::slice::from_raw_parts(self.ptr.cast(), self.len as usize)
        }
    }
}

/// A slice of Go's whose elements are `T`, inside a type descriptor.
#[repr(C)]
pub struct List<T> {
    ptr: *const T,
    len: isize,
    cap: isize,
}

impl<T> List<T> {
    /// The elements.
    pub fn all(&self) -> &[T] {
        if self.len <= 0 {
            &[]
        } else {
            // SAFETY: written by the compiler.
            unsafe { core::slice::from_raw_parts(self.ptr, self.len as usize) }
        }
    }
}

/// An `interface{}`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Eface {
    /// Type of the value; nil in a nil interface.
    pub typ: *const Type,
    /// The value itself if the type is [`Type::direct`], else where it is.
    pub data: *mut c_void,
}

impl Eface {
    /// nil
    pub const NIL: Self = Self { typ: null(), data: null_mut() };
}

/// An interface with methods.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Iface {
    /// The type, then the code of each method, in the order of their names.
    pub tab: *const *const c_void,
    /// As in [`Eface`].
    pub data: *mut c_void,
}

impl Iface {
    /// nil
    pub const NIL: Self = Self { tab: null(), data: null_mut() };
    /// Type of the value.
    ///
    /// # Safety
    /// An interface that Go code passed.
    pub unsafe fn typ(self) -> *const Type {
        if self.tab.is_null() { null() } else { (*self.tab).cast() }
    }
    /// Without its methods.
    ///
    /// # Safety
    /// As for [`Self::typ`].
    pub unsafe fn eface(self) -> Eface {
        Eface { typ: self.typ(), data: self.data }
    }
}

/// A function value: its first word is the code, which gets the address of the whole in r10.
#[repr(transparent)]
pub struct FuncVal(pub *const c_void);

// SAFETY: only ever read.
unsafe impl Sync for FuncVal {}

/// Type descriptor: common part.
#[repr(C)]
pub struct Type {
    /// Size in bytes.
    pub size: usize,
    /// Bytes of it that may hold pointers.
    pub ptrdata: usize,
    /// Hash.
    pub hash: u32,
    /// [`TFLAG_REGULAR`].
    pub tflag: u8,
    /// Alignment.
    pub align: u8,
    /// Alignment as a field.
    pub field_align: u8,
    /// One of the `KIND` constants, with flags.
    pub kind: u8,
    /// Compares two values; nil if they cannot be compared.
    pub equal: *const FuncVal,
    /// For a collector.
    pub gcdata: *const u8,
    /// Text, with package paths between tabs.
    pub string: *const Str,
    /// Name and methods, if it has any.
    pub uncommon: *const Uncommon,
    /// The pointer type to this one, or nil.
    pub ptr_to_this: *const Type,
}

/// Equality and hash of the type are those of its bytes.
pub const TFLAG_REGULAR: u8 = 8;

/// Kinds, numbered as in package reflect.
#[allow(missing_docs)]
pub mod kind {
    pub const BOOL: u8 = 1;
    pub const INT: u8 = 2;
    pub const INT8: u8 = 3;
    pub const INT16: u8 = 4;
    pub const INT32: u8 = 5;
    pub const INT64: u8 = 6;
    pub const UINT: u8 = 7;
    pub const UINT8: u8 = 8;
    pub const UINT16: u8 = 9;
    pub const UINT32: u8 = 10;
    pub const UINT64: u8 = 11;
    pub const UINTPTR: u8 = 12;
    pub const FLOAT32: u8 = 13;
    pub const FLOAT64: u8 = 14;
    pub const COMPLEX64: u8 = 15;
    pub const COMPLEX128: u8 = 16;
    pub const ARRAY: u8 = 17;
    pub const CHAN: u8 = 18;
    pub const FUNC: u8 = 19;
    pub const INTERFACE: u8 = 20;
    pub const MAP: u8 = 21;
    pub const PTR: u8 = 22;
    pub const SLICE: u8 = 23;
    pub const STRING: u8 = 24;
    pub const STRUCT: u8 = 25;
    pub const UNSAFE_POINTER: u8 = 26;
    pub const DIRECT: u8 = 32;
    pub const MASK: u8 = 31;
}

impl Type {
    /// Kind without flags.
    pub fn kind(&self) -> u8 {
        self.kind & kind::MASK
    }
    /// An interface holds the value itself rather than its address.
    pub fn direct(&self) -> bool {
        self.kind & kind::DIRECT != 0
    }
    /// The methods.
    pub fn methods(&self) -> &[Method] {
        // SAFETY: written by the compiler.
        if self.uncommon.is_null() { &[] } else { unsafe { (*self.uncommon).methods.all() } }
    }
    /// The text without the quoted package paths.
    pub fn name(&self) -> String {
        // SAFETY: written by the compiler.
        let b = unsafe { (*self.string).bytes() };
        let mut quoted = false;
        let mut v = Vec::with_capacity(b.len());
        for &c in b {
            if c == b'\t' {
                quoted = !quoted;
            } else if !quoted {
                v.push(c);
            }
        }
        String::from_utf8_lossy(&v).into_owned()
    }
    /// What a pointer points to; `None` for other kinds.
    pub fn elem(&self) -> Option<&Type> {
        // SAFETY: written by the compiler.
        (self.kind() == kind::PTR).then(|| unsafe { &*self.as_::<ElemType>().elem })
    }
    /// The descriptor as that of a more special kind.
    ///
    /// # Safety
    /// The kind is that of `T`.
    pub unsafe fn as_<T>(&self) -> &T {
        &*(&raw const *self).cast::<T>()
    }
}

/// Name and methods of a type.
#[repr(C)]
pub struct Uncommon {
    /// Name.
    pub name: *const Str,
    /// Package path.
    pub pkg_path: *const Str,
    /// Sorted by name.
    pub methods: List<Method>,
}

/// A method of a type.
#[repr(C)]
pub struct Method {
    /// Name.
    pub name: *const Str,
    /// Package path if it is not exported.
    pub pkg_path: *const Str,
    /// Type without receiver.
    pub mtyp: *const Type,
    /// Type with receiver.
    pub typ: *const Type,
    /// Code.
    pub tfn: *const c_void,
}

impl Method {
    /// Name.
    pub fn text(&self) -> &'static [u8] {
        // SAFETY: written by the compiler, and there for ever.
        unsafe { (*self.name).bytes() }
    }
}

/// A method that an interface asks for.
#[repr(C)]
pub struct Imethod {
    /// Name.
    pub name: *const Str,
    /// Package path if it is not exported.
    pub pkg_path: *const Str,
    /// Type.
    pub typ: *const Type,
}

/// Interface type.
#[repr(C)]
pub struct InterfaceType {
    /// Common part.
    pub typ: Type,
    /// Sorted by name.
    pub methods: List<Imethod>,
}

/// Map type. What Go says about its buckets is ignored: the map is another one.
#[repr(C)]
pub struct MapType {
    /// Common part.
    pub typ: Type,
    /// Type of keys.
    pub key: *const Type,
    /// Type of elements.
    pub elem: *const Type,
    /// Type of Go's buckets.
    pub bucket: *const Type,
    /// Hashes a key.
    pub hasher: *const FuncVal,
    /// Size of a key in a bucket.
    pub keysize: u8,
    /// Size of an element in a bucket.
    pub elemsize: u8,
    /// Size of a bucket.
    pub bucketsize: u16,
    /// The `MAP_` flags.
    pub flags: u32,
}

/// `k == k` for all keys.
pub const MAP_REFLEXIVE: u32 = 4;
/// Overwriting must replace the key, too.
pub const MAP_NEED_KEY_UPDATE: u32 = 8;
/// Hashing may panic.
pub const MAP_HASH_MIGHT_PANIC: u32 = 16;

/// Channel, pointer and slice types.
#[repr(C)]
pub struct ElemType {
    /// Common part.
    pub typ: Type,
    /// Type of elements.
    pub elem: *const Type,
}

/// Array type.
#[repr(C)]
pub struct ArrayType {
    /// Common part.
    pub typ: Type,
    /// Type of elements.
    pub elem: *const Type,
    /// Slice type of the same elements.
    pub slice: *const Type,
    /// How many.
    pub len: usize,
}

/// Function type.
#[repr(C)]
pub struct FuncType {
    /// Common part.
    pub typ: Type,
    /// The last parameter is `...`.
    pub dotdotdot: bool,
    /// Parameters.
    pub inputs: List<*const Type>,
    /// Results.
    pub outputs: List<*const Type>,
}

/// Struct type.
#[repr(C)]
pub struct StructType {
    /// Common part.
    pub typ: Type,
    /// Fields.
    pub fields: List<StructField>,
}

/// A field.
#[repr(C)]
pub struct StructField {
    /// Name.
    pub name: *const Str,
    /// Package path if it is not exported.
    pub pkg_path: *const Str,
    /// Type.
    pub typ: *const Type,
    /// Tag.
    pub tag: *const Str,
    /// Twice the offset, plus one if it is embedded.
    pub offset_embed: usize,
}

impl StructField {
    /// Where it is.
    pub fn offset(&self) -> usize {
        self.offset_embed >> 1
    }
    /// Whether it is `_`.
    pub fn blank(&self) -> bool {
        // SAFETY: written by the compiler.
        unsafe { !self.name.is_null() && (*self.name).bytes() == b"_" }
    }
}

/// `(bool, bool)`
#[repr(C)]
pub struct Bools(pub bool, pub bool);

/// `(int, bool)`
#[repr(C)]
pub struct IntBool(pub isize, pub bool);

/// `(unsafe.Pointer, bool)`
#[repr(C)]
pub struct PtrBool(pub *mut c_void, pub bool);

/// A bool argument as gccgo passes it: the upper bits of the register are anything.
pub type BoolArg = u32;

/// The bool.
#[inline(always)]
pub fn yes(b: BoolArg) -> bool {
    b & 0xff != 0
}

core::arch::global_asm!(
    ".text",
    ".p2align 4",
    ".globl gort_callfv",
    ".hidden gort_callfv",
    ".type gort_callfv,@function",
    "gort_callfv:",
    ".cfi_startproc",
    "mov r10, rdi",
    "mov rax, [rdi]",
    "mov rdi, rsi",
    "mov rsi, rdx",
    "mov rdx, rcx",
    "jmp rax",
    ".cfi_endproc",
    ".size gort_callfv, . - gort_callfv",
);

unsafe extern "C-unwind" {
    /// Calls a function value with up to three words.
    #[link_name = "gort_callfv"]
    pub fn callfv(f: *const FuncVal, a: *mut c_void, b: *mut c_void, c: *mut c_void) -> usize;
}

/// Calls an `equal` function.
///
/// # Safety
/// `f` is one; `p` and `q` are values of its type.
#[inline]
pub unsafe fn call_equal(f: *const FuncVal, p: *const c_void, q: *const c_void) -> bool {
    callfv(f, p.cast_mut(), q.cast_mut(), null_mut()) as u8 != 0
}

/// Plain code of type `func(unsafe.Pointer)`: what a deferred or started call is compiled to.
pub type Thunk = unsafe extern "C-unwind" fn(*mut c_void);
