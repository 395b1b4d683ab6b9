//! Go's stkframe.go: what lies where in a frame.

use crate::abi::*;
use crate::moduledata::word;
use crate::symtab::{
    Bitvector, FuncInfo, Stackmap, funcdata_off, funcname, pcdatavalue, stackmapdata,
};
use gort_print::{Hex, print};
use gort_runtime2::linkname::throw;

/// A physical frame of managed code:
///
/// ```text
///   arguments and results on the stack, room for spilled register arguments   <- argp, fp
///   return address
///   the caller's rbp, if the frame is not empty                               <- varp
///   locals
///   arguments of the functions that it calls                                  <- sp
/// ```
///
/// Go: stkframe.go:15 stkframe
#[derive(Clone, Copy, Debug, Default)]
pub struct Stkframe {
    /// The function. If calls are inlined, the outermost one.
    pub f: FuncInfo<'static>,
    /// After a call, the address behind it, so that `pc - 1` is in the call. In the innermost
    /// frame, where it will go on, which can be any instruction: `pc - 1` is used for names then,
    /// but for a function's first. If the frame "called" sigpanic, the instruction that failed.
    pub pc: usize,
    /// Where the frame goes on: `pc`; after sigpanic, the call of deferreturn, or 0: never. The one
    /// to find live pointers by.
    pub continpc: usize,
    /// Where its caller goes on.
    pub lr: usize,
    /// The stack pointer at pc.
    pub sp: usize,
    /// The caller's stack pointer, once the function has returned.
    pub fp: usize,
    /// The end of its locals.
    pub varp: usize,
    /// The beginning of its arguments.
    pub argp: usize,
}

/// A local variable whose address is taken.
///
/// Go: stack.go:1285 stackObjectRecord
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackObjectRecord {
    /// Negative: from `varp`. Else from `argp`.
    pub off: i32,
    /// In bytes.
    pub size: i32,
    ptrdata: i32,
    /// Where the mask of its pointers begins in `rodata`.
    pub gcdataoff: u32,
}

impl StackObjectRecord {
    /// Instead of a mask there is a program for Go's collector, which only Go's own tables have.
    ///
    /// Go: stack.go:1295 useGCProg
    #[doc(alias = "useGCProg")]
    pub fn use_gc_prog(&self) -> bool {
        // :1296
        self.ptrdata < 0
    }

    /// So many bytes of it, from its beginning, may have pointers.
    ///
    /// Go: stack.go:1299 ptrdata
    pub fn ptrdata(&self) -> usize {
        // :1300
        self.ptrdata.unsigned_abs() as usize
    }

    /// The mask: one bit for each word of [`ptrdata`](Self::ptrdata). Empty if there is none.
    ///
    /// Go: stack.go:1308 gcdata
    pub fn gcdata(&self, f: FuncInfo<'_>) -> &'static [u8] {
        // :1309 the module is known from the function
        let Some(m) = f.module().filter(|_| !self.use_gc_prog()) else { return &[] };
        // :1320
        let bytes = self.ptrdata().div_ceil(64);
        m.rodata.get(self.gcdataoff as usize..).and_then(|d| d.get(..bytes)).unwrap_or(&[])
    }
}

/// The stack objects of a function, as they stand in its table.
pub fn stack_objects(f: FuncInfo<'_>) -> impl Iterator<Item = StackObjectRecord> + Clone {
    let d = funcdata_off(f, FUNCDATA_STACK_OBJECTS);
    let d = d.and_then(|off| f.module()?.gofunc.get(off as usize..)).unwrap_or(&[]);
    let n = word(d, 0).unwrap_or(0) as usize;
    (0..n).map_while(move |i| {
        let w = |j: usize| word(d, 8 + 16 * i + 4 * j);
        Some(StackObjectRecord {
            off: w(0)? as i32,
            size: w(1)? as i32,
            ptrdata: w(2)? as i32,
            gcdataoff: w(3)?,
        })
    })
}

impl Stkframe {
    /// The bytes of the function's arguments.
    ///
    /// Go: stkframe.go:72 argBytes
    #[doc(alias = "argBytes")]
    pub fn arg_bytes(&self) -> usize {
        // :73
        if self.f.args != ARGS_SIZE_UNKNOWN {
            return self.f.args as usize;
        }
        // :78
        self.arg_map_internal().n as usize * 8
    }

    /// How many words of arguments there are; which of them have pointers depends on the pc.
    ///
    /// Go: stkframe.go:94 argMapInternal
    #[doc(alias = "argMapInternal")]
    fn arg_map_internal(&self) -> Bitvector {
        // :96
        if self.f.args != ARGS_SIZE_UNKNOWN {
            return Bitvector { n: self.f.args / 8, bytedata: &[] };
        }
        // :100 (the rest asks the stubs of Go's reflection, whose arguments only they know. No
        // module here has functions of an unknown size:)
        // :101 by their names, and :104 through what they have saved at sp,
        // :120 unless they have not begun,
        // :126 whether the results are valid yet;
        // :130 that it is the stub's own, and :138 how much of it counts.
        Bitvector::default()
    }

    /// Which words of the locals and of the arguments have live pointers. The locals' bits count up
    /// to `varp`, the arguments' from `argp`. Stack objects: [`stack_objects`].
    ///
    /// Go: stkframe.go:157 getStackMap
    #[doc(alias = "getStackMap")]
    pub fn get_stack_map(&self) -> (Bitvector, Bitvector) {
        let (mut locals, f) = (Bitvector::default(), self.f);
        // :158
        let mut targetpc = self.continpc;
        if targetpc == 0 {
            // :161 it will not go on
            return (locals, Bitvector::default());
        }
        // :165
        let mut pcdata = -1;
        if targetpc != f.entry() {
            // :171
            targetpc -= 1;
            pcdata = pcdatavalue(f, PCDATA_STACK_MAP_INDEX, targetpc);
        }
        // :174 no call: the function is at its beginning
        if pcdata == -1 {
            pcdata = 0;
        }
        // :182
        let size = self.varp.wrapping_sub(self.sp);
        // :188 on amd64 a frame may be empty
        if size > 0 {
            // :191
            let stackid = pcdata;
            let stkmap = Stackmap::of(f, FUNCDATA_LOCALS_POINTER_MAPS).filter(|m| m.n > 0);
            let Some(stkmap) = stkmap else {
                // :194
                let (name, at) = (funcname(f), Hex(self.varp.wrapping_sub(size)));
                print!("runtime: frame {name} untyped locals {at}+{}\n", Hex(size));
                throw("missing stackmap");
            };
            // :198
            if stkmap.nbit > 0 {
                if stackid < 0 || stackid >= stkmap.n {
                    // :201
                    let (n, name, pc) = (stkmap.n, funcname(f), Hex(targetpc));
                    print!(
                        "runtime: pcdata is {stackid} and {n} locals stack map entries for {name} (targetpc={pc})\n"
                    );
                    throw("bad symbol table");
                }
                // :204 (what stackDebug prints here, the crate stack does)
                locals = stackmapdata(&stkmap, stackid);
            }
        }
        // :214
        let mut args = self.arg_map_internal();
        if args.n > 0 {
            // :219
            let stkmap = Stackmap::of(f, FUNCDATA_ARGS_POINTER_MAPS).filter(|m| m.n > 0);
            let Some(stkmap) = stkmap else {
                // :221
                let (name, at, n) = (funcname(f), Hex(self.argp), Hex(args.n as usize * 8));
                print!("runtime: frame {name} untyped args {at}+{n}\n");
                throw("missing stackmap");
            };
            // :224
            if pcdata < 0 || pcdata >= stkmap.n {
                let (n, name, pc) = (stkmap.n, funcname(f), Hex(targetpc));
                print!(
                    "runtime: pcdata is {pcdata} and {n} args stack map entries for {name} (targetpc={pc})\n"
                );
                throw("bad symbol table");
            }
            // :229
            if stkmap.nbit == 0 {
                args.n = 0;
            } else {
                args = stackmapdata(&stkmap, pcdata);
            }
        }
        // :237 stack objects are read from the table one by one, by `stack_objects`: Go returns a
        // slice of them here
        (locals, args)
    }
}
