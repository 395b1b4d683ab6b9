//! Go's symtabinl.go: the calls that have been inlined at a pc.

use crate::abi::*;
use crate::moduledata::word;
use crate::symtab::{FuncInfo, SrcFunc, funcdata_off, funcline1, pcdatavalue1};

/// A call that the compiler has inlined.
///
/// Go: symtabinl.go:13 inlinedCall
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct InlinedCall {
    /// What kind of function has been called.
    pub func_id: FuncID,
    pad: [u8; 3],
    /// Its name, an offset of the table of names.
    pub name_off: i32,
    /// An instruction whose place in the source is that of the call, from the entry of the function
    /// that it has been inlined into.
    pub parent_pc: i32,
    /// The line at which the called function begins.
    pub start_line: i32,
}

impl InlinedCall {
    /// The bytes of a call in a tree.
    pub const SIZE: usize = 16;

    /// A call of a tree. `None` if the table ends before.
    pub(crate) fn read(tree: &[u8], index: i32) -> Option<Self> {
        let at = usize::try_from(index).ok()?.checked_mul(Self::SIZE)?;
        let w = |i: usize| word(tree, at + 4 * i).map(|w| w as i32);
        Some(Self {
            func_id: FuncID(w(0)? as u8),
            pad: [0; 3],
            name_off: w(1)?,
            parent_pc: w(2)?,
            start_line: w(3)?,
        })
    }
}

/// Goes through the calls at a pc, innermost first; the last step is the physical function, so
/// there is one at least.
///
/// ```ignore
/// let (u, mut uf) = InlineUnwinder::new(f, pc);
/// while uf.valid() { ...; uf = u.next(uf); }
/// ```
///
/// Go: symtabinl.go:34 inlineUnwinder
#[derive(Clone, Copy)]
pub struct InlineUnwinder<'a> {
    f: FuncInfo<'a>,
    inl_tree: Option<&'static [u8]>,
}

/// A position of an [`InlineUnwinder`].
///
/// Go: symtabinl.go:40 inlineFrame
#[derive(Clone, Copy, Debug)]
pub struct InlineFrame {
    /// The pc that has this frame's file and line: of a call, not after it. 0 at the end.
    pub pc: usize,
    /// Which call of the tree; -1 for the physical function.
    pub index: i32,
}

impl InlineFrame {
    /// Whether there is a frame.
    ///
    /// Go: symtabinl.go:86 valid
    pub fn valid(&self) -> bool {
        // :87
        self.pc != 0
    }
}

impl<'a> InlineUnwinder<'a> {
    /// At the innermost call of `pc`, which is that of a call, not the one after it.
    ///
    /// Go: symtabinl.go:67 newInlineUnwinder
    #[doc(alias = "newInlineUnwinder")]
    pub fn new(f: FuncInfo<'a>, pc: usize) -> (Self, InlineFrame) {
        // :68
        let tree = funcdata_off(f, FUNCDATA_INL_TREE)
            .and_then(|off| f.module()?.gofunc.get(off as usize..));
        if tree.is_none() {
            // :70
            return (Self { f, inl_tree: None }, InlineFrame { pc, index: -1 });
        }
        // :73
        let u = Self { f, inl_tree: tree };
        (u, u.resolve_internal(pc))
    }

    /// Go: symtabinl.go:77 resolveInternal
    #[doc(alias = "resolveInternal")]
    fn resolve_internal(&self, pc: usize) -> InlineFrame {
        // :78 without a table the index is -1, which is also the physical function's
        InlineFrame { pc, index: pcdatavalue1(self.f, PCDATA_INL_TREE_INDEX, pc, false) }
    }

    /// The caller of a frame.
    ///
    /// Go: symtabinl.go:91 next
    pub fn next(&self, mut uf: InlineFrame) -> InlineFrame {
        // :92
        let Some(call) = self.call(uf) else {
            uf.pc = 0;
            return uf;
        };
        // :96
        self.resolve_internal(self.f.entry().wrapping_add_signed(call.parent_pc as isize))
    }

    fn call(&self, uf: InlineFrame) -> Option<InlinedCall> {
        InlinedCall::read(self.inl_tree?, uf.index)
    }

    /// Whether the frame is that of an inlined call.
    ///
    /// Go: symtabinl.go:101 isInlined
    #[doc(alias = "isInlined")]
    pub fn is_inlined(&self, uf: InlineFrame) -> bool {
        // :102
        uf.index >= 0
    }

    /// The function of a frame.
    ///
    /// Go: symtabinl.go:116 srcFunc
    #[doc(alias = "srcFunc")]
    pub fn src_func(&self, uf: InlineFrame) -> SrcFunc<'a> {
        // :117
        match self.call(uf) {
            None => self.f.src_func(),
            // :120
            Some(t) => SrcFunc {
                datap: self.f.module(),
                name_off: t.name_off,
                start_line: t.start_line,
                func_id: t.func_id,
            },
        }
    }

    /// File and line of a frame: where it calls the next inner one; for the innermost, where the pc
    /// is. `("?", 0)` if something is wrong.
    ///
    /// Go: symtabinl.go:138 fileLine
    #[doc(alias = "fileLine")]
    pub fn file_line(&self, uf: InlineFrame) -> (&'static str, i32) {
        // :139
        funcline1(self.f, uf.pc, false)
    }
}
