//! Modules: the tables of one piece of code, their list, and what must hold before anything is
//! looked up in them.

use crate::abi::*;
use crate::symtab::{Func, FuncInfo, Stackmap, readvarint};
use crate::symtabinl::InlinedCall;
use core::fmt;
use core::mem::{offset_of, size_of};
use core::sync::atomic::{AtomicPtr, Ordering};

/// What a table says and cannot be: which module, which function, at which of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    /// The module's name.
    pub module: String,
    /// The function's name, if it is about one.
    pub function: String,
    /// Bytes from the function's entry, if it is about a place in it.
    pub at: Option<u32>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gort: module {}: ", self.module)?;
        match (self.function.is_empty(), self.at) {
            (true, _) => {}
            (false, Some(at)) => write!(f, "{}+{at:#x}: ", self.function)?,
            (false, None) => write!(f, "{}: ", self.function)?,
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for TableError {}

/// The beginning of a module's tables.
///
/// Go: symtab.go:368 pcHeader
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PcHeader {
    /// [`MAGIC`].
    pub magic: u32,
    /// 0.
    pub pad1: u8,
    /// 0.
    pub pad2: u8,
    /// The smallest size of an instruction: 1.
    pub min_lc: u8,
    /// The size of a pointer: 8.
    pub ptr_size: u8,
    /// The number of functions.
    pub nfunc: isize,
    /// The number of files.
    pub nfiles: usize,
    /// Where the code begins.
    pub text_start: usize,
    /// Where the names begin. This and the following count from the header.
    pub funcname_offset: usize,
    /// Where the lists of each compilation unit's files begin.
    pub cu_offset: usize,
    /// Where the names of files begin.
    pub filetab_offset: usize,
    /// Where the tables by pc begin.
    pub pctab_offset: usize,
    /// Where the functions begin: first the list of their entries, then the records.
    pub pcln_offset: usize,
}

/// The format of Go 1.20 to 1.23.
pub const MAGIC: u32 = 0xffff_fff1;

/// An entry of the list of functions. The last one has the code's end and no function.
///
/// Go: symtab.go:552 functab
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Functab {
    /// From the beginning of the code.
    pub entryoff: u32,
    /// From the beginning of `pclntable`.
    pub funcoff: u32,
}

/// Of 4096 bytes of code: the index of the first function, and for each 256 bytes how many more.
///
/// Go: symtab.go:573 findfuncbucket
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Findfuncbucket {
    /// Index into the list of functions.
    pub idx: u32,
    /// What is added to it, for each 256 bytes.
    pub subbuckets: [u8; 16],
}

/// What a module is made of: addresses of its code, which is only pointed to and never looked at,
/// and its tables.
///
/// `pclntab` begins at a multiple of 8. `gofunc` is what funcdata offsets count from, `rodata` what
/// the masks of stack objects do.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// For errors and reports.
    pub name: String,
    /// Where the code begins.
    pub text: usize,
    /// Where it ends.
    pub etext: usize,
    /// Header, names, files, tables by pc, functions.
    pub pclntab: &'static [u8],
    /// Stack maps, stack objects, inline trees.
    pub gofunc: &'static [u8],
    /// Pointer masks.
    pub rodata: &'static [u8],
}

/// A module whose tables can be looked up. Fields of Go's that have no use here (its data, types,
/// init tasks and so on) are left out.
///
/// Whatever the bytes of the tables are, [`Moduledata::new`] refuses them or no look-up leaves
/// them.
///
/// Go: symtab.go:388 moduledata
#[derive(Debug)]
pub struct Moduledata {
    /// Names of functions, each ended by a 0.
    pub funcnametab: &'static [u8],
    /// For each file of a compilation unit its place in `filetab`.
    pub cutab: &'static [u32],
    /// Names of files, each ended by a 0.
    pub filetab: &'static [u8],
    /// Tables by pc.
    pub pctab: &'static [u8],
    /// The functions' records.
    pub pclntable: &'static [u8],
    /// The functions by their entries, and the end.
    pub ftab: &'static [Functab],
    /// Index of `ftab`, made here: Go's linker makes it there.
    pub findfunctab: Vec<Findfuncbucket>,
    /// The first function's entry.
    pub minpc: usize,
    /// The last one's end.
    pub maxpc: usize,
    /// Where the code begins.
    pub text: usize,
    /// Where it ends.
    pub etext: usize,
    /// What funcdata offsets count from.
    pub gofunc: &'static [u8],
    /// What the masks of stack objects count from.
    pub rodata: &'static [u8],
    /// The module's name.
    pub modulename: String,
    next: AtomicPtr<Moduledata>,
}

/// The list of modules, in the order in which they have been registered. Signal handlers read it:
/// entries are added at its end, complete, and stay.
///
/// Go: symtab.go:465 firstmoduledata
static FIRSTMODULEDATA: AtomicPtr<Moduledata> = AtomicPtr::new(core::ptr::null_mut());

/// The modules that have been registered.
///
/// Go: symtab.go:490 activeModules
#[doc(alias = "activeModules")]
pub fn active_modules() -> impl Iterator<Item = &'static Moduledata> {
    // :491 Acquire: with the release in `register`, so that the module is seen whole
    let load = |p: &AtomicPtr<Moduledata>| {
        // SAFETY: an entry of the list is complete before it is in it, and never freed.
        unsafe { p.load(Ordering::Acquire).as_ref() }
    };
    // :495
    core::iter::successors(load(&FIRSTMODULEDATA), move |m| load(&m.next))
}

/// Adds a module: from now on [`findfunc`](crate::findfunc) knows its code. It is never taken back.
/// Its tables are checked first, by [`Moduledata::new`] and [`Moduledata::verify`].
///
/// # Errors
/// What is wrong with the tables; or the code is, in part, a registered module's.
///
/// # Safety
/// The tables are true of the code there: walks of stacks believe them, and moves of stacks.
///
/// Go: symtab.go:516 modulesinit
#[doc(alias = "modulesinit")]
pub unsafe fn register(parts: Parts) -> Result<&'static Moduledata, TableError> {
    let m = Moduledata::new(parts)?;
    m.verify()?;
    let new: *mut Moduledata = Box::into_raw(Box::new(m));
    // SAFETY: just made, and nobody else's until it is in the list; then it is shared and lives on.
    let m: &'static Moduledata = unsafe { &*new };
    // :518 to its end, looking at each that comes before
    let mut at = &FIRSTMODULEDATA;
    loop {
        let other = at.load(Ordering::Acquire);
        if other.is_null() {
            // :546 Release: the module is complete before a reader of the list finds it
            let won = at.compare_exchange(other, new, Ordering::AcqRel, Ordering::Acquire).is_ok();
            if won {
                return Ok(m);
            }
            continue;
        }
        // SAFETY: as in `active_modules`.
        let o = unsafe { &*other };
        if o.minpc < m.maxpc && m.minpc < o.maxpc {
            let what = if o.minpc == m.minpc && o.modulename == m.modulename {
                "registered twice".to_string()
            } else {
                format!("its code overlaps that of module {}", o.modulename)
            };
            let e = m.error("", None, what);
            // SAFETY: it is in no list; `m` and what was made of it end here.
            drop(unsafe { Box::from_raw(new) });
            return Err(e);
        }
        at = &o.next;
    }
}

/// A slice of `len` elements of plain data in a table of bytes. `None` if it is not inside or not
/// aligned.
fn view<T: Copy>(b: &'static [u8], off: usize, len: usize) -> Option<&'static [T]> {
    let bytes = b.get(off..off.checked_add(len.checked_mul(size_of::<T>())?)?)?;
    let p = bytes.as_ptr().cast::<T>();
    // SAFETY: inside of the table, aligned, and `T` is one of this module's types of integers.
    p.is_aligned().then(|| unsafe { core::slice::from_raw_parts(p, len) })
}

/// Four bytes, wherever they stand.
pub(crate) fn word(b: &[u8], off: usize) -> Option<u32> {
    let w = b.get(off..off.checked_add(4)?)?;
    Some(u32::from_le_bytes([w[0], w[1], w[2], w[3]]))
}

/// The text at `off`, if it ends, and is text.
pub(crate) fn text_at(b: &[u8], off: usize) -> Option<&str> {
    let s = b.get(off..)?;
    core::str::from_utf8(&s[..s.iter().position(|&c| c == 0)?]).ok()
}

impl Moduledata {
    /// Takes the tables apart and checks that no look-up can leave them:
    /// [`verify1`](Self::moduledataverify1), and besides that all offsets, names, tables by pc,
    /// stack maps, objects and inline trees lie inside. Whether they are *right* is
    /// [`verify`](Self::verify)'s question.
    ///
    /// # Errors
    /// What is wrong.
    pub fn new(p: Parts) -> Result<Self, TableError> {
        let mut m = Self {
            funcnametab: &[],
            cutab: &[],
            filetab: &[],
            pctab: &[],
            pclntable: &[],
            ftab: &[],
            findfunctab: Vec::new(),
            minpc: 0,
            maxpc: 0,
            text: p.text,
            etext: p.etext,
            gofunc: p.gofunc,
            rodata: p.rodata,
            modulename: p.name,
            next: AtomicPtr::default(),
        };
        let t = p.pclntab;
        let err = |what: &str| Err(m.error("", None, what.into()));
        if !(t.as_ptr() as usize).is_multiple_of(8) {
            return err("the tables do not begin at a multiple of 8");
        }
        if p.text >= p.etext || p.etext - p.text > u32::MAX as usize {
            return Err(m.error("", None, format!("code from {:#x} to {:#x}", p.text, p.etext)));
        }
        let Some(&[h]) = view::<PcHeader>(t, 0, 1) else {
            return err("the tables end in their header");
        };
        m.check_header(&h)?;
        let at = [
            h.funcname_offset,
            h.cu_offset,
            h.filetab_offset,
            h.pctab_offset,
            h.pcln_offset,
            t.len(),
        ];
        if at[0] < size_of::<PcHeader>() || at.windows(2).any(|w| w[0] > w[1]) {
            return err("the offsets in the header do not rise, or are outside of the tables");
        }
        let Some(cutab) = view(t, at[1], (at[2] - at[1]) / 4) else {
            return err("cutab is not aligned");
        };
        let nfunc = usize::try_from(h.nfunc).unwrap_or(0);
        let ftab = view(t, at[4], nfunc.saturating_add(1));
        // The last entry has one word only, what stands after it is the first function's record.
        let Some(ftab) = ftab.filter(|_| nfunc > 0) else {
            return err("the list of functions is empty, not aligned, or outside of the tables");
        };
        m.funcnametab = &t[at[0]..at[1]];
        m.cutab = cutab;
        m.filetab = &t[at[2]..at[3]];
        m.pctab = &t[at[3]..at[4]];
        m.pclntable = &t[at[4]..];
        m.ftab = ftab;
        for i in 0..nfunc {
            m.check_record(i)?;
        }
        m.minpc = m.text_addr(ftab[0].entryoff);
        m.maxpc = m.text_addr(ftab[nfunc].entryoff);
        m.moduledataverify1(&h)?;
        if m.maxpc > m.etext {
            return Err(m.error(
                "",
                None,
                format!("functions end at {:#x}, code at {:#x}", m.maxpc, m.etext),
            ));
        }
        for f in m.functions() {
            m.check_function(f)?;
        }
        m.findfunctab = m.make_findfunctab();
        Ok(m)
    }

    /// An error about this module.
    pub(crate) fn error(&self, function: &str, at: Option<u32>, what: String) -> TableError {
        TableError { module: self.modulename.clone(), function: function.into(), at, what }
    }

    /// The functions, by their entries.
    pub fn functions(&self) -> impl Iterator<Item = FuncInfo<'_>> {
        self.ftab[..self.ftab.len() - 1].iter().map(|e| FuncInfo::new(self, e.funcoff))
    }

    /// Where a function ends, from its entry: where the next one begins.
    pub fn size(&self, f: FuncInfo<'_>) -> u32 {
        let i = self.ftab.partition_point(|e| e.entryoff <= f.entry_off);
        // The sentinel may be the same as the last entry, if that has no code.
        self.ftab.get(i).map_or(0, |e| e.entryoff - f.entry_off)
    }

    fn check_header(&self, h: &PcHeader) -> Result<(), TableError> {
        let good =
            h.magic == MAGIC && h.pad1 == 0 && h.pad2 == 0 && h.min_lc == 1 && h.ptr_size == 8;
        if good && h.text_start == self.text {
            return Ok(());
        }
        let what = format!(
            "invalid function symbol table: magic={:#x} pad1={} pad2={} minLC={} ptrSize={} pcHeader.textStart={:#x} text={:#x}",
            h.magic, h.pad1, h.pad2, h.min_lc, h.ptr_size, h.text_start, self.text
        );
        Err(self.error("", None, what))
    }

    /// A record and its lists of offsets lie inside of the table.
    fn check_record(&self, i: usize) -> Result<(), TableError> {
        let off = self.ftab[i].funcoff as usize;
        let (first, end) = (self.ftab.len() * 8 - 4, self.pclntable.len());
        let fits = |n: usize| off.checked_add(n).is_some_and(|e| e <= end);
        let bad = |what: &str| Err(self.error("", None, format!("function {i}: {what}")));
        if !off.is_multiple_of(4) || off < first || !fits(size_of::<Func>()) {
            return bad("its record is outside of the table");
        }
        let npcdata = word(self.pclntable, off + offset_of!(Func, npcdata)).unwrap_or(0) as usize;
        let nfuncdata = self.pclntable[off + offset_of!(Func, nfuncdata)] as usize;
        if npcdata > end || !fits(size_of::<Func>() + 4 * (npcdata + nfuncdata)) {
            return bad("the offsets after its record are outside of the table");
        }
        Ok(())
    }

    /// Go's checks of a module. Where Go ends the program this returns an error, with Go's words.
    ///
    /// # Errors
    /// What is wrong.
    ///
    /// Go: symtab.go:595 moduledataverify1
    fn moduledataverify1(&self, hdr: &PcHeader) -> Result<(), TableError> {
        // :598
        self.check_header(hdr)?;
        // :607
        let nftab = self.ftab.len() - 1;
        for i in 0..nftab {
            // :610
            let (a, b) = (self.ftab[i], self.ftab[i + 1]);
            if a.entryoff > b.entryoff {
                // :611
                let name =
                    |i: usize| self.func_name(FuncInfo::new(self, self.ftab[i].funcoff).name_off);
                let f2name = if i + 1 < nftab { name(i + 1) } else { "end" };
                // :617 (the list of all functions before is left out)
                let what = format!(
                    "function symbol table not sorted by PC offset: {:#x} {} > {:#x} {f2name}",
                    a.entryoff,
                    name(i),
                    b.entryoff
                );
                // :624
                return Err(self.error("", None, what));
            }
        }
        // :628
        let (min, max) =
            (self.text_addr(self.ftab[0].entryoff), self.text_addr(self.ftab[nftab].entryoff));
        if self.minpc != min || self.maxpc != max || min >= max {
            // :631
            return Err(self.error("", None, format!("minpc or maxpc invalid: {min:#x} {max:#x}")));
        }
        // :635 (hashes of packages belong to Go's linker)
        Ok(())
    }

    /// Everything of one function that a look-up follows lies inside.
    fn check_function(&self, f: FuncInfo<'_>) -> Result<(), TableError> {
        let name =
            if f.name_off == 0 { Some("") } else { text_at(self.funcnametab, f.name_off as usize) };
        let Some(name) = name else {
            let what = format!("the function at {:#x}: no name at {:#x}", f.entry(), f.name_off);
            return Err(self.error("", None, what));
        };
        let bad = |at: Option<u32>, what: String| Err(self.error(name, at, what));
        if !self.ftab.iter().any(|e| e.entryoff == f.entry_off) {
            return bad(
                None,
                format!("its record has the entry {:#x}, the list has not", f.entry_off),
            );
        }
        // Tables by pc.
        let pcdata = (0..f.npcdata).map(|i| (crate::pcdatastart(f, i), "pcdata"));
        let tables = [(f.pcsp, "pcsp"), (f.pcfile, "pcfile"), (f.pcln, "pcln")];
        for (off, what) in tables.into_iter().chain(pcdata) {
            if off != 0 && self.pc_table(off).is_none() {
                return bad(
                    None,
                    format!("its table {what} has no end, or begins outside of pctab"),
                );
            }
        }
        for (at, file) in self.table(f.pcfile) {
            let known = |file: i32| {
                let cu = (f.cu_offset as usize).checked_add(usize::try_from(file).ok()?)?;
                let off = *self.cutab.get(cu)?;
                (off == u32::MAX || text_at(self.filetab, off as usize).is_some()).then_some(())
            };
            if file != -1 && known(file).is_none() {
                return bad(Some(at), format!("file {file} is not in the list of files"));
            }
        }
        // Funcdata.
        let data = |i: u8| {
            let off = crate::symtab::funcdata_off(f, i)?;
            Some(self.gofunc.get(off as usize..).ok_or(off))
        };
        for (i, what) in [
            (FUNCDATA_ARGS_POINTER_MAPS, "argument maps"),
            (FUNCDATA_LOCALS_POINTER_MAPS, "stack maps"),
        ] {
            let Some(d) = data(i) else { continue };
            let Some(map) = d.ok().and_then(Stackmap::read) else {
                return bad(None, format!("its {what} are outside of gofunc"));
            };
            // One for each pc would be the most, and that of the entry.
            if map.n < 0 || map.nbit < 0 || map.n as u32 > self.size(f).saturating_add(1) {
                return bad(None, format!("{} {what} of {} bits", map.n, map.nbit));
            }
        }
        if let Some(d) = data(FUNCDATA_STACK_OBJECTS) {
            let n = d
                .ok()
                .and_then(|d| Some((d, u64::from(word(d, 0)?) | u64::from(word(d, 4)?) << 32)));
            let Some(_) =
                n.filter(|(d, n)| n.checked_mul(16).is_some_and(|n| n <= d.len() as u64 - 8))
            else {
                return bad(None, "its stack objects are outside of gofunc".into());
            };
            for o in crate::stkframe::stack_objects(f) {
                // With a program of Go's collector, of which only Go's own tables make use, there
                // is no mask.
                let bytes = if o.use_gc_prog() { 1 } else { o.ptrdata().div_ceil(64) };
                if (o.gcdataoff as usize).checked_add(bytes).is_none_or(|e| e > self.rodata.len()) {
                    return bad(
                        None,
                        format!("the mask of its stack object at {} is outside of rodata", o.off),
                    );
                }
            }
        }
        self.check_inline_tree(f, name, data(FUNCDATA_INL_TREE))
    }

    fn check_inline_tree(
        &self,
        f: FuncInfo<'_>,
        name: &str,
        tree: Option<Result<&'static [u8], u32>>,
    ) -> Result<(), TableError> {
        let off = if f.npcdata > PCDATA_INL_TREE_INDEX {
            crate::pcdatastart(f, PCDATA_INL_TREE_INDEX)
        } else {
            0
        };
        let Some(tree) = tree else { return Ok(()) };
        let table = self.table(off);
        let Ok(tree) = tree else {
            return Err(self.error(name, None, "its inline tree is outside of gofunc".into()));
        };
        // A call's parent is looked up by a pc, so the way up is followed for each call that a pc
        // has.
        for &(at, index) in &table {
            let (mut index, mut steps) = (index, 0);
            while index >= 0 {
                let Some(call) = InlinedCall::read(tree, index) else {
                    let what = format!("inlined call {index} is outside of gofunc");
                    return Err(self.error(name, Some(at), what));
                };
                if call.name_off != 0 && text_at(self.funcnametab, call.name_off as usize).is_none()
                {
                    let what = format!("inlined call {index}: no name at {:#x}", call.name_off);
                    return Err(self.error(name, Some(at), what));
                }
                steps += 1;
                if steps > table.len() {
                    return Err(self.error(
                        name,
                        Some(at),
                        "its inlined calls go round in a circle".into(),
                    ));
                }
                let parent = u32::try_from(call.parent_pc).ok();
                let up = parent.and_then(|pc| table.iter().rfind(|(from, _)| *from <= pc));
                index = up.map_or(-1, |&(_, v)| v);
            }
        }
        Ok(())
    }

    /// The table at an offset of `pctab`: the ends of ranges, from the function's entry, each with
    /// its value. `None` if it does not end.
    pub(crate) fn pc_table(&self, off: u32) -> Option<Vec<(u32, i32)>> {
        let mut p = self.pctab.get(off as usize..)?;
        let (mut pc, mut val, mut out) = (0u32, -1i32, Vec::new());
        loop {
            // As `step`, with an eye on the end of the table.
            if *p.first()? == 0 && !out.is_empty() {
                return Some(out);
            }
            let mut varint = || {
                let n = p.iter().take(5).position(|b| b & 0x80 == 0)? + 1;
                let (_, v) = readvarint(p);
                p = &p[n..];
                Some(v)
            };
            let uvdelta = varint()?;
            val = val.wrapping_add((uvdelta >> 1) as i32 ^ -((uvdelta & 1) as i32));
            let delta = varint()?;
            // `step` takes a first byte of 0 for a value as long as pc has not moved.
            pc = pc.checked_add(delta).filter(|_| delta > 0)?;
            out.push((pc, val));
        }
    }

    /// The table at an offset, which has been found to end: the beginnings of ranges, each with its
    /// value; empty for offset 0.
    pub(crate) fn table(&self, off: u32) -> Vec<(u32, i32)> {
        if off == 0 {
            return Vec::new();
        }
        let mut from = 0;
        let ranges = self.pc_table(off).unwrap_or_default();
        ranges.into_iter().map(|(end, v)| (core::mem::replace(&mut from, end), v)).collect()
    }

    /// Go's linker does this (cmd/link/internal/ld/pcln.go line 809 findfunctab): for each 256
    /// bytes of code the function that has the first of them.
    fn make_findfunctab(&self) -> Vec<Findfuncbucket> {
        let sub = FUNC_TAB_BUCKET_SIZE / 16;
        let len = self.maxpc - self.minpc;
        let first = self.ftab[0].entryoff;
        // The function that has a byte of the code.
        let mut idx = 0;
        let mut at = |byte: usize| {
            while idx + 2 < self.ftab.len()
                && (self.ftab[idx + 1].entryoff - first) as usize <= byte
            {
                idx += 1;
            }
            idx
        };
        (0..len.div_ceil(FUNC_TAB_BUCKET_SIZE))
            .map(|b| {
                let base = at(b * FUNC_TAB_BUCKET_SIZE);
                let mut subbuckets = [0; 16];
                for (j, s) in subbuckets.iter_mut().enumerate() {
                    let byte = b * FUNC_TAB_BUCKET_SIZE + j * sub;
                    if byte < len {
                        // Go's functions have at least 16 bytes; with smaller ones 255 is still not
                        // too far.
                        *s = u8::try_from(at(byte) - base).unwrap_or(u8::MAX);
                    }
                }
                Findfuncbucket { idx: base as u32, subbuckets }
            })
            .collect()
    }

    /// Go: symtab.go:661 textAddr
    #[doc(alias = "textAddr")]
    pub fn text_addr(&self, off: u32) -> usize {
        // :663 (one section of code only)
        self.text.wrapping_add(off as usize)
    }

    /// The opposite of [`text_addr`](Self::text_addr).
    ///
    /// Go: symtab.go:686 textOff
    #[doc(alias = "textOff")]
    pub fn text_off(&self, pc: usize) -> (u32, bool) {
        // :687 (one section of code only)
        (pc.wrapping_sub(self.text) as u32, true)
    }

    /// The name at an offset of the table of names.
    ///
    /// Go: symtab.go:709 funcName
    #[doc(alias = "funcName")]
    pub fn func_name(&self, name_off: i32) -> &'static str {
        // :710
        if name_off == 0 {
            return "";
        }
        // :713
        text_at(self.funcnametab, name_off as usize).unwrap_or("?")
    }
}
