//! The builtins `print` and `println`.

use crate::types::{BoolArg, Eface, Iface, Slice, Str, yes};
use gort_print::{Complex, Float, Hex, gwrite, print};

/// Before the first argument.
#[unsafe(export_name = "runtime.printlock")]
extern "C-unwind" fn printlock() {
    gort_print::printlock();
}

/// After the last.
#[unsafe(export_name = "runtime.printunlock")]
extern "C-unwind" fn printunlock() {
    gort_print::printunlock();
}

/// Between two.
#[unsafe(export_name = "runtime.printsp")]
extern "C-unwind" fn printsp() {
    gwrite(b" ");
}

/// At the end of `println`.
#[unsafe(export_name = "runtime.printnl")]
extern "C-unwind" fn printnl() {
    gwrite(b"\n");
}

/// A string.
#[unsafe(export_name = "runtime.printstring")]
unsafe extern "C-unwind" fn printstring(s: Str) {
    gwrite(s.bytes());
}

/// A signed number.
#[unsafe(export_name = "runtime.printint")]
extern "C-unwind" fn printint(v: i64) {
    print!("{v}");
}

/// An unsigned number.
#[unsafe(export_name = "runtime.printuint")]
extern "C-unwind" fn printuint(v: u64) {
    print!("{v}");
}

/// A number in hexadecimal.
#[unsafe(export_name = "runtime.printhex")]
extern "C-unwind" fn printhex(v: u64) {
    print!("{}", Hex(v as usize));
}

/// `true` or `false`.
#[unsafe(export_name = "runtime.printbool")]
extern "C-unwind" fn printbool(v: BoolArg) {
    print!("{}", yes(v));
}

/// A floating-point number.
#[unsafe(export_name = "runtime.printfloat")]
extern "C-unwind" fn printfloat(v: f64) {
    print!("{}", Float(v));
}

/// A complex number, passed as two.
#[repr(C)]
struct Complex128(f64, f64);

/// A complex number.
#[unsafe(export_name = "runtime.printcomplex")]
extern "C-unwind" fn printcomplex(v: Complex128) {
    print!("{}", Complex(v.0, v.1));
}

/// An address.
#[unsafe(export_name = "runtime.printpointer")]
extern "C-unwind" fn printpointer(p: usize) {
    print!("{}", Hex(p));
}

/// An interface without methods.
#[unsafe(export_name = "runtime.printeface")]
extern "C-unwind" fn printeface(e: Eface) {
    print!("({},{})", Hex(e.typ as usize), Hex(e.data as usize));
}

/// An interface with methods.
#[unsafe(export_name = "runtime.printiface")]
extern "C-unwind" fn printiface(i: Iface) {
    print!("({},{})", Hex(i.tab as usize), Hex(i.data as usize));
}

/// A slice.
#[unsafe(export_name = "runtime.printslice")]
extern "C-unwind" fn printslice(s: Slice) {
    print!("[{}/{}]{}", s.len, s.cap, Hex(s.ptr as usize));
}
