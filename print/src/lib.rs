//! Go's print.go: allocation-free output on standard error.

/// TODO: formats like `format_args!` and writes to standard error without allocating.
#[macro_export]
macro_rules! print {
    ($($a:tt)*) => { $crate::print_args(core::format_args!($($a)*)) };
}
/// TODO
pub fn print_args(_a: core::fmt::Arguments<'_>) {
    todo!()
}
/// TODO
pub fn printlock() {
    todo!()
}
/// TODO
pub fn printunlock() {
    todo!()
}
