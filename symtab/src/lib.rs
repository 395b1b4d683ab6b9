//! Go's symtab.go, symtabinl.go and stkframe.go: what the tables of managed code say, in Go 1.23's
//! format, and a builder for such tables.
//!
//! | module | what | Go |
//! |---|---|---|
//! | [`moduledata`] | modules, their list, the checks without which nothing is looked up | symtab.go:368–726 |
//! | [`symtab`] | from a pc to its function, file, line, frame size, stack map | symtab.go:814–1310 |
//! | [`symtabinl`] | the calls that have been inlined at a pc | symtabinl.go |
//! | [`stkframe`] | what lies where in a frame, and which of its words have pointers | stkframe.go |
//! | [`resolve`] | [`Frames`]: walks a managed stack, for those who move it | traceback.go:132–510 |
//! | [`abi`] | numbers of the format | internal/abi/symtab.go |
//! | [`builder`] | [`ModuleBuilder`]: tables from plain lists | what Go's compiler and linker do |
//! | [`verify`] | what must be true of the tables of managed code | gort's own |
//!
//! *Managed* code has a stack map for each of its calls, so its stacks can be moved. Native code
//! (Rust, C) has none of this: the crate `traceback` asks ELF and DWARF about it.
//!
//! ```
//! use gort_symtab::{Function, ModuleBuilder, findfunc, funcline, register};
//!
//! // A function of 32 bytes of code, with a frame of 16 bytes: `push rbp` has one byte, `mov` three, `sub rsp, 16` four.
//! let mut m = ModuleBuilder::new("example");
//! let file = m.file("example.x");
//! let mut f = Function::new("example.half", 0, 32);
//! f.line(0, file, 1).line(12, file, 2);
//! f.pcsp(&[(1, 8), (8, 24), (30, 8), (31, 0)]);
//! // The call that returns to byte 20 has a pointer in the word below the saved rbp.
//! f.stack_map(20, &[-8], &[]);
//! m.add(f);
//! let text = 0x10_0000; // where the code is
//! // SAFETY: there is no code, and nobody walks through it.
//! unsafe { register(m.build(text)?.leak()) }?;
//! let f = findfunc(text + 20 - 1);
//! assert_eq!(gort_symtab::funcname(f), "example.half");
//! assert_eq!(funcline(f, text + 20 - 1), ("example.x", 2));
//! # use gort as _; // links the runtime
//! # Ok::<(), gort_symtab::TableError>(())
//! ```

pub mod abi;
pub mod builder;
pub mod moduledata;
pub mod resolve;
pub mod stkframe;
pub mod symtab;
pub mod symtabinl;
pub mod verify;

pub use abi::*;
pub use builder::{FileId, Function, ModuleBuilder, Tables};
pub use moduledata::{Moduledata, Parts, TableError, active_modules, register};
pub use resolve::Frames;
pub use stkframe::{StackObjectRecord, Stkframe, stack_objects};
pub use symtab::*;
pub use symtabinl::{InlineFrame, InlineUnwinder, InlinedCall};
