//! Go's symtab.go: from a pc to its function, and what the tables say of it.
//!
//! Nothing here allocates or waits, so signal handlers may ask too.

use crate::abi::*;
use crate::moduledata::{Moduledata, active_modules, text_at, word};
use core::mem::size_of;
use core::ops::Deref;
use gort_asm::getg;
use gort_print::{Hex, print};
use gort_rand::cheaprandn;
use gort_runtime1::{acquirem, releasem};
use gort_runtime2::linkname::throw;
use gort_runtime2::{PANICKING, PcvalueCacheEnt};

/// Go: symtab.go:584 debugPcln
const DEBUG_PCLN: bool = false;

/// A function's record. After it stand `npcdata` offsets of tables in `pctab` (0: there is none)
/// and `nfuncdata` offsets of what belongs to the function in `gofunc` (all ones: there is none).
///
/// Go: runtime2.go:912 _func
#[derive(Debug)]
#[repr(C)]
pub struct Func {
    /// Where it begins, from the beginning of the code.
    pub entry_off: u32,
    /// Its name, an offset of `funcnametab`.
    pub name_off: i32,
    /// The bytes of its arguments and results on the stack, with the room for spilled register
    /// arguments.
    pub args: i32,
    /// Where it calls `deferreturn`, from its entry; 0 if nowhere.
    pub deferreturn: u32,
    /// Table: how far sp is below its value at the entry.
    pub pcsp: u32,
    /// Table: the file, an index of its compilation unit's list.
    pub pcfile: u32,
    /// Table: the line.
    pub pcln: u32,
    /// How many further tables there are.
    pub npcdata: u32,
    /// Its compilation unit's list in `cutab`.
    pub cu_offset: u32,
    /// The line at which it begins.
    pub start_line: i32,
    /// Whether the runtime knows it.
    pub func_id: FuncID,
    /// What holds of it: [`FUNC_FLAG_TOP_FRAME`] and so on.
    pub flag: u8,
    pad: [u8; 1],
    /// How many offsets of `gofunc` there are.
    pub nfuncdata: u8,
}

/// A function and its module; or none.
///
/// Go: symtab.go:823 funcInfo
#[derive(Clone, Copy, Default)]
pub struct FuncInfo<'a> {
    func: Option<&'a Func>,
    off: u32,
    datap: Option<&'a Moduledata>,
}

impl core::fmt::Debug for FuncInfo<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FuncInfo({})", funcname(*self))
    }
}

/// The record.
///
/// # Panics
/// If there is no function.
impl Deref for FuncInfo<'_> {
    type Target = Func;
    fn deref(&self) -> &Func {
        self.func.expect("a function")
    }
}

impl<'a> FuncInfo<'a> {
    /// The function at an offset of `pclntable`, which has been checked: the record lies inside.
    pub(crate) fn new(m: &'a Moduledata, off: u32) -> Self {
        // SAFETY: `Moduledata::check_record` has found that the record is inside of the table and
        // aligned, and all its fields are integers.
        let func = unsafe { &*m.pclntable.as_ptr().add(off as usize).cast::<Func>() };
        Self { func: Some(func), off, datap: Some(m) }
    }

    /// Whether there is a function.
    ///
    /// Go: symtab.go:828 valid
    pub fn valid(&self) -> bool {
        // :829
        self.func.is_some()
    }

    /// Its module.
    pub fn module(&self) -> Option<&'a Moduledata> {
        self.datap
    }

    /// Its first pc.
    ///
    /// Go: symtab.go:850 entry
    pub fn entry(&self) -> usize {
        // :851
        self.datap.map_or(0, |m| m.text_addr(self.entry_off))
    }

    /// Go: symtab.go:911 srcFunc
    #[doc(alias = "srcFunc")]
    pub fn src_func(&self) -> SrcFunc<'a> {
        // :912
        if !self.valid() {
            return SrcFunc::default();
        }
        // :915
        SrcFunc {
            datap: self.datap,
            name_off: self.name_off,
            start_line: self.start_line,
            func_id: self.func_id,
        }
    }
}

/// A function of the source: one that has code of its own, or one that was inlined.
///
/// Go: symtab.go:904 srcFunc
#[derive(Clone, Copy)]
pub struct SrcFunc<'a> {
    /// Its module.
    pub datap: Option<&'a Moduledata>,
    /// Its name, an offset of `funcnametab`.
    pub name_off: i32,
    /// The line at which it begins.
    pub start_line: i32,
    /// Whether the runtime knows it.
    pub func_id: FuncID,
}

impl Default for SrcFunc<'_> {
    fn default() -> Self {
        Self { datap: None, name_off: 0, start_line: 0, func_id: FuncID::NORMAL }
    }
}

impl SrcFunc<'_> {
    /// Its name; empty if there is no function.
    ///
    /// Go: symtab.go:925 name
    pub fn name(&self) -> &'static str {
        // :926
        self.datap.map_or("", |m| m.func_name(self.name_off))
    }
}

/// The module that has `pc` in its code.
///
/// Go: symtab.go:814 findmoduledatap
pub fn findmoduledatap(pc: usize) -> Option<&'static Moduledata> {
    // :815
    active_modules().find(|m| m.minpc <= pc && pc < m.maxpc)
}

/// The function that has `pc`: for a return address give the one before, which is still in the
/// call.
///
/// Go: symtab.go:873 findfunc
pub fn findfunc(pc: usize) -> FuncInfo<'static> {
    // :874
    findmoduledatap(pc).map_or(FuncInfo::default(), |m| m.findfunc(pc))
}

impl Moduledata {
    /// The function of this module that has `pc`, also while the module is not registered.
    pub fn findfunc(&self, pc: usize) -> FuncInfo<'_> {
        if pc < self.minpc || self.maxpc <= pc {
            return FuncInfo::default();
        }
        // :878 of Go's findfunc, as all of this
        let nsub = 16;
        // symtab.go:880
        let (pc_off, ok) = self.text_off(pc);
        if !ok {
            return FuncInfo::default();
        }
        // symtab.go:885
        let x = (pc_off as usize).wrapping_add(self.text).wrapping_sub(self.minpc);
        let b = x / FUNC_TAB_BUCKET_SIZE;
        let i = x % FUNC_TAB_BUCKET_SIZE / (FUNC_TAB_BUCKET_SIZE / nsub);
        // symtab.go:889
        let ffb = &self.findfunctab[b];
        let mut idx = ffb.idx as usize + ffb.subbuckets[i] as usize;
        // symtab.go:893 ends at the last entry, which is maxpc
        while self.ftab[idx + 1].entryoff <= pc_off {
            idx += 1;
        }
        // symtab.go:897
        FuncInfo::new(self, self.ftab[idx].funcoff)
    }
}

/// Which half of the cache a pc is looked for in.
///
/// Go: symtab.go:953 pcvalueCacheKey
#[doc(alias = "pcvalueCacheKey")]
fn pcvalue_cache_key(targetpc: usize) -> usize {
    // :954
    (targetpc / 8) % 2
}

/// Does something with the cache of this M; not if there is none, or if a signal has come while
/// somebody else was at it.
fn with_cache<R>(f: impl FnOnce(&mut [[PcvalueCacheEnt; 8]; 2]) -> Option<R>) -> Option<R> {
    let gp = getg();
    // SAFETY: the g of this thread, or none (threads that have not entered the runtime).
    if gp.is_null() || unsafe { (*gp).m.is_null() } {
        return None;
    }
    // SAFETY: the M is this thread's until `releasem`. A signal handler may come between any two of
    // these lines and leaves `in_use` as it was; volatile, so that the stores are there when it
    // comes. Only whoever has made it 1 has the entries.
    unsafe {
        let mp = acquirem();
        let in_use = &raw mut (*mp).pcvalue_cache.in_use;
        in_use.write_volatile(in_use.read_volatile() + 1);
        core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
        let mut r = None;
        if in_use.read_volatile() == 1 {
            r = f(&mut (*mp).pcvalue_cache.entries);
        }
        core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
        in_use.write_volatile(in_use.read_volatile() - 1);
        releasem(mp);
        r
    }
}

/// The value at `targetpc` of the table at an offset of `pctab`, and the pc at which that value
/// begins. `strict`: a table without that pc ends the program, else the value is -1 then.
///
/// Go: symtab.go:958 pcvalue
pub fn pcvalue(f: FuncInfo<'_>, off: u32, targetpc: usize, strict: bool) -> (i32, usize) {
    // :963
    if off == 0 {
        return (-1, 0);
    }
    // :972
    let ck = pcvalue_cache_key(targetpc);
    // :974 (the check of what the cache says is left out). Offsets are each module's own, so one of
    // several modules would not do as a key; but the pc is of one module only.
    let hit = with_cache(|entries| {
        // :982
        let ent = entries[ck].iter().find(|e| e.off == off && e.targetpc == targetpc)?;
        // :990
        Some((ent.val, ent.val_pc))
    });
    if let Some(hit) = hit {
        return hit;
    }
    // :1010
    let Some(datap) = f.module().filter(|_| f.valid()) else {
        if strict && PANICKING.load() == 0 {
            print!("runtime: no module data for {}\n", Hex(targetpc));
            throw("no module data");
        }
        // :1015
        return (-1, 0);
    };
    // :1018
    let mut p = &datap.pctab[off as usize..];
    let entry = f.entry();
    let mut pc = entry;
    let mut prevpc = pc;
    let mut val = -1;
    loop {
        // :1024
        let first = pc == entry;
        let Some(rest) = step(p, &mut pc, &mut val, first) else { break };
        p = rest;
        // :1028
        if targetpc < pc {
            // :1035 another one, chosen at random, makes room for the newest
            let _ = with_cache(|entries| {
                // :1045
                let e = &mut entries[ck];
                let ci = cheaprandn(e.len() as u32) as usize;
                e[ci] = e[0];
                // :1048
                e[0] = PcvalueCacheEnt { targetpc, off, val, val_pc: prevpc };
                Some(())
            });
            // :1059
            return (val, prevpc);
        }
        prevpc = pc;
    }
    // :1066
    if PANICKING.load() != 0 || !strict {
        return (-1, 0);
    }
    // :1070
    let (name, at) = (funcname(f), Hex(pc));
    print!(
        "runtime: invalid pc-encoded table f={name} pc={at} targetpc={} tab={off}\n",
        Hex(targetpc)
    );
    // :1072
    (p, pc, val) = (&datap.pctab[off as usize..], entry, -1);
    loop {
        // :1076
        let first = pc == entry;
        let Some(rest) = step(p, &mut pc, &mut val, first) else { break };
        p = rest;
        // :1081
        print!("\tvalue={val} until pc={}\n", Hex(pc));
    }
    // :1084
    throw("invalid runtime symbol table")
}

/// The function's name; empty if there is none.
///
/// Go: symtab.go:1088 funcname
pub fn funcname(f: FuncInfo<'_>) -> &'static str {
    // :1089
    match f.module() {
        Some(m) if f.valid() => m.func_name(f.name_off),
        _ => "",
    }
}

/// The part of the name up to the package: `a.b/c` of `a.b/c.F`.
///
/// Go: symtab.go:1095 funcpkgpath
pub fn funcpkgpath(f: FuncInfo<'_>) -> &'static str {
    // :1096
    let name = funcname(f);
    let slash = name.rfind('/').unwrap_or(0);
    // :1103
    &name[..name[slash..].find('.').map_or(name.len(), |i| slash + i)]
}

/// A file's name, by its number in the function's compilation unit.
///
/// Go: symtab.go:1111 funcfile
fn funcfile(f: FuncInfo<'_>, fileno: i32) -> &'static str {
    // :1112
    let Some(datap) = f.module().filter(|_| f.valid()) else { return "?" };
    // :1117
    match datap.cutab.get((f.cu_offset as usize).wrapping_add(fileno as usize)) {
        Some(&off) if off != u32::MAX => text_at(datap.filetab, off as usize).unwrap_or("?"),
        // :1121
        _ => "?",
    }
}

/// File and line at a pc; `("?", 0)` if they are not known.
///
/// Go: symtab.go:1133 funcline1
pub fn funcline1(f: FuncInfo<'_>, targetpc: usize, strict: bool) -> (&'static str, i32) {
    // :1134
    let Some(datap) = f.module().filter(|_| f.valid()) else { return ("?", 0) };
    // :1138
    let (fileno, _) = pcvalue(f, f.pcfile, targetpc, strict);
    let (line, _) = pcvalue(f, f.pcln, targetpc, strict);
    // :1140
    if fileno == -1 || line == -1 || fileno as usize >= datap.filetab.len() {
        return ("?", 0);
    }
    // :1144
    (funcfile(f, fileno), line)
}

/// File and line at a pc, which must be in the tables.
///
/// Go: symtab.go:1148 funcline
pub fn funcline(f: FuncInfo<'_>, targetpc: usize) -> (&'static str, i32) {
    // :1149
    funcline1(f, targetpc, true)
}

/// How far sp is below its value at the function's entry.
///
/// Go: symtab.go:1152 funcspdelta
pub fn funcspdelta(f: FuncInfo<'_>, targetpc: usize) -> i32 {
    // :1153
    let (x, _) = pcvalue(f, f.pcsp, targetpc, true);
    // :1154
    if DEBUG_PCLN && x & 7 != 0 {
        let (name, entry, pc) = (funcname(f), Hex(f.entry()), Hex(targetpc));
        print!("invalid spdelta {name} {entry} {pc} {} {x}\n", Hex(f.pcsp as usize));
        throw("bad spdelta");
    }
    x
}

/// The largest [`funcspdelta`] of a function.
///
/// Go: symtab.go:1162 funcMaxSPDelta
#[doc(alias = "funcMaxSPDelta")]
pub fn func_max_sp_delta(f: FuncInfo<'_>) -> i32 {
    // :1163
    let Some(datap) = f.module() else { return 0 };
    let mut p = &datap.pctab[f.pcsp as usize..];
    let entry = f.entry();
    let (mut pc, mut val, mut most) = (entry, -1, 0);
    loop {
        // :1169
        let first = pc == entry;
        let Some(rest) = step(p, &mut pc, &mut val, first) else { return most };
        p = rest;
        // :1174
        most = most.max(val);
    }
}

/// The offsets after a function's record.
fn after(f: FuncInfo<'_>, i: usize) -> u32 {
    let at = f.off as usize + size_of::<Func>() + 4 * i;
    f.module().and_then(|m| word(m.pclntable, at)).unwrap_or(0)
}

/// Where one of its further tables begins in `pctab`.
///
/// Go: symtab.go:1178 pcdatastart
pub fn pcdatastart(f: FuncInfo<'_>, table: u32) -> u32 {
    // :1179
    after(f, table as usize)
}

/// The value of one of the further tables; -1 if the function does not have it.
///
/// Go: symtab.go:1182 pcdatavalue
pub fn pcdatavalue(f: FuncInfo<'_>, table: u32, targetpc: usize) -> i32 {
    // :1183
    pcdatavalue1(f, table, targetpc, true)
}

/// The same; a pc that the table lacks does not end the program if not `strict`.
///
/// Go: symtab.go:1190 pcdatavalue1
pub fn pcdatavalue1(f: FuncInfo<'_>, table: u32, targetpc: usize, strict: bool) -> i32 {
    // :1191
    if table >= f.npcdata {
        return -1;
    }
    // :1194
    pcvalue(f, pcdatastart(f, table), targetpc, strict).0
}

/// The same as [`pcdatavalue`], and where the value begins.
///
/// Go: symtab.go:1209 pcdatavalue2
pub fn pcdatavalue2(f: FuncInfo<'_>, table: u32, targetpc: usize) -> (i32, usize) {
    // :1210
    if table >= f.npcdata {
        return (-1, 0);
    }
    // :1213
    pcvalue(f, pcdatastart(f, table), targetpc, true)
}

/// Where the i-th piece of what belongs to the function is, as an offset of `gofunc`.
pub(crate) fn funcdata_off(f: FuncInfo<'_>, i: u8) -> Option<u32> {
    if i >= f.nfuncdata {
        return None;
    }
    Some(after(f, f.npcdata as usize + i as usize)).filter(|&off| off != u32::MAX)
}

/// The i-th piece of what belongs to the function ([`FUNCDATA_LOCALS_POINTER_MAPS`] and so on);
/// null if it has none. Valid as far as the piece goes.
///
/// Go: symtab.go:1218 funcdata
pub fn funcdata(f: FuncInfo<'_>, i: u8) -> *const u8 {
    // :1219
    let (Some(off), Some(datap)) = (funcdata_off(f, i), f.module()) else {
        return core::ptr::null();
    };
    // :1222 (Go's way of a mask instead of a branch is left out)
    match datap.gofunc.get(off as usize..) {
        Some(s) => s.as_ptr(),
        None => core::ptr::null(),
    }
}

/// One step in a table by pc: changes `val` to the value of the next range and `pc` to that range's
/// end; returns the rest of the table, `None` at its end. `first`: pc is still the function's
/// entry, where a difference of 0 is no end.
///
/// # Panics
/// If the table does not end.
///
/// Go: symtab.go:1247 step
pub fn step<'a>(p: &'a [u8], pc: &mut usize, val: &mut i32, first: bool) -> Option<&'a [u8]> {
    // :1250
    let mut uvdelta = p[0] as u32;
    if uvdelta == 0 && !first {
        return None;
    }
    // :1254
    let mut n = 1;
    if uvdelta & 0x80 != 0 {
        (n, uvdelta) = readvarint(p);
    }
    // :1258 a sign in the lowest bit
    *val = val.wrapping_add(((uvdelta & 1).wrapping_neg() ^ (uvdelta >> 1)) as i32);
    let p = &p[n as usize..];
    // :1261
    let mut pcdelta = p[0] as u32;
    n = 1;
    if pcdelta & 0x80 != 0 {
        (n, pcdelta) = readvarint(p);
    }
    // :1266
    *pc = pc.wrapping_add(pcdelta as usize);
    Some(&p[n as usize..])
}

/// A number of up to 32 bits, seven in each byte, the lowest first: how many bytes, and the number.
///
/// # Panics
/// If it does not end.
///
/// Go: symtab.go:1272 readvarint
pub fn readvarint(p: &[u8]) -> (u32, u32) {
    // :1273
    let (mut v, mut shift, mut n) = (0u32, 0u32, 0u32);
    loop {
        // :1275
        let b = p[n as usize];
        n += 1;
        v |= ((b & 0x7f) as u32) << (shift & 31);
        // :1278
        if b & 0x80 == 0 {
            break;
        }
        shift += 7;
    }
    (n, v)
}

/// Bits, the lowest of each byte first.
///
/// Go: stack.go:595 bitvector
#[derive(Clone, Copy, Debug, Default)]
pub struct Bitvector {
    /// How many.
    pub n: i32,
    /// The bytes, of a module's `gofunc`; empty if only the number is known.
    pub bytedata: &'static [u8],
}

impl Bitvector {
    /// The i-th bit.
    ///
    /// # Panics
    /// If it is in none of the bytes.
    ///
    /// Go: stack.go:604 ptrbit
    pub fn ptrbit(&self, i: usize) -> u8 {
        // :605
        let b = self.bytedata[i / 8];
        (b >> (i % 8)) & 1
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = bool> + '_ {
        (0..self.n as usize).map(|i| self.ptrbit(i) != 0)
    }
}

/// Which words of a frame's locals, or of its arguments, have pointers, at each of several calls.
///
/// Go: symtab.go:1286 stackmap
#[derive(Clone, Copy, Debug)]
pub struct Stackmap {
    /// How many maps.
    pub n: i32,
    /// How many bits in each.
    pub nbit: i32,
    bytes: &'static [u8],
}

impl Stackmap {
    /// The maps at the beginning of `d`, if they end there too.
    pub(crate) fn read(d: &'static [u8]) -> Option<Self> {
        let (n, nbit) = (word(d, 0)? as i32, word(d, 4)? as i32);
        let len = (n.max(0) as usize).checked_mul((nbit.max(0) as usize).div_ceil(8))?;
        Some(Self { n, nbit, bytes: d[8..].get(..len)? })
    }

    /// Those of a function: [`FUNCDATA_LOCALS_POINTER_MAPS`] or [`FUNCDATA_ARGS_POINTER_MAPS`].
    pub fn of(f: FuncInfo<'_>, i: u8) -> Option<Self> {
        Self::read(f.module()?.gofunc.get(funcdata_off(f, i)? as usize..)?)
    }
}

/// The n-th map.
///
/// Go: symtab.go:1302 stackmapdata
pub fn stackmapdata(stkmap: &Stackmap, n: i32) -> Bitvector {
    // :1306 always, not only when stacks are debugged
    if n < 0 || n >= stkmap.n {
        throw("stackmapdata: index out of range");
    }
    // :1309
    let len = (stkmap.nbit as usize).div_ceil(8);
    Bitvector { n: stkmap.nbit, bytedata: &stkmap.bytes[n as usize * len..][..len] }
}
