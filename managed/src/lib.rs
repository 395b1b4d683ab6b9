//! Managed code: what a compiler emits that gives the runtime a stack map for each of its calls.
//! Its goroutines begin with a stack of 2 KiB, which moves to one of twice the size when it is
//! full. docs/managed-abi.md has the contract, `examples/managed` a compiler of 280 lines.
//!
//! | module | what |
//! |---|---|
//! | [`stubs`] | the ways out of managed code, by name, and their own tables |
//! | [`leaf`] | what managed code can call that returns at once |
//! | [`shrink`] | stacks become smaller again |
//! | [`step`] | what it can call that may park |
//! | [`text`] | memory for code that is made while the program runs |
//! | [`call()`] | from native code: runs a managed function on a goroutine of its own, and waits for it |
//!
//! The stack itself is the crate `stack`'s (`newstack`, `copystack`, `shrinkstack`), its tables
//! `symtab`'s.

pub mod call;
mod fail;
pub mod leaf;
pub mod shrink;
pub mod step;
pub mod stubs;
pub mod text;

pub use call::{call, start};
pub use gort_stack::{Move, OnMove, set_on_move, set_stack_debug};
pub use gort_symtab::{FileId, Function, ModuleBuilder, Moduledata, Parts, TableError, Tables};
pub use shrink::shrink_stacks;
pub use stubs::stub;
pub use text::Text;

/// Adds a module of managed code, whose tables are checked first. From now on its code may run.
///
/// # Errors
/// What is wrong with the tables: see [`gort_symtab::register`].
///
/// # Safety
/// The tables are true of the code, which keeps the rules of docs/managed-abi.md: the check is of
/// the tables alone.
pub unsafe fn register(parts: Parts) -> Result<&'static Moduledata, TableError> {
    stubs::init();
    // SAFETY: the caller's contract.
    let m = unsafe { gort_symtab::register(parts) }?;
    shrink::init();
    Ok(m)
}
