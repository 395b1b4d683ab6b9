//! Printing, for tests of crates below `print`.

#[unsafe(export_name = "gort.print_args")]
fn print_args(a: core::fmt::Arguments<'_>) {
    eprint!("{a}");
}
#[unsafe(export_name = "gort.printlock")]
fn printlock() {}
