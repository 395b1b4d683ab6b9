//! What must be true of managed code's tables before it may run: a table that lies is found here as
//! far as tables alone can tell.
//!
//! What only the code can tell (that sp is where the table says, that a call has the map that it
//! needs) is not looked at.

use crate::abi::*;
use crate::moduledata::{Moduledata, TableError};
use crate::stkframe::stack_objects;
use crate::symtab::{FuncInfo, Stackmap, funcname, pcdatastart};

/// The frame of a function that does not compare sp with the guard is smaller than this: what such
/// functions may have below the guard.
pub const UNCHECKED_FRAME: i32 = 128;

type Ranges = Vec<(u32, i32)>;

/// The value of a table at an offset from the function's entry; -1 without a table.
fn value(t: &Ranges, at: u32) -> i32 {
    let i = t.partition_point(|&(from, _)| from <= at);
    if i == 0 { -1 } else { t[i - 1].1 }
}

impl Moduledata {
    /// Checks the tables as those of managed code:
    ///
    /// * each function begins behind the one before, and the last one ends where the code does;
    /// * each table by pc ends where its function does;
    /// * the frame size is a multiple of 8, 0 at the entry, never negative;
    /// * each stack map that a pc has is there, and none of its bits is outside of the frame below
    ///   the saved rbp, or of the arguments;
    /// * there are maps if there is a frame, or arguments, whose size is known;
    /// * stack objects are inside of the frame, or of the arguments, and do not overlap;
    /// * files, lines, the place of the call of deferreturn, inlined calls are possible;
    /// * a function that does not check the stack ([`FUNC_FLAG_NOSPLIT`]) has a frame below
    ///   [`UNCHECKED_FRAME`], unless it is one of the runtime's stubs ([`FUNC_FLAG_ASM`]).
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(&self) -> Result<(), TableError> {
        for w in self.ftab.windows(2) {
            if w[0].entryoff == w[1].entryoff {
                let name = funcname(FuncInfo::new(self, w[0].funcoff));
                return Err(self.error(name, None, "it has no code".into()));
            }
        }
        if self.maxpc != self.etext {
            let what = format!("functions end at {:#x}, code at {:#x}", self.maxpc, self.etext);
            return Err(self.error("", None, what));
        }
        for (i, f) in self.functions().enumerate() {
            let name = funcname(f);
            let at = |what: String| self.error(&format!("function {i}"), None, what);
            if self.ftab[i].entryoff != f.entry_off {
                return Err(at(format!(
                    "its record says {:#x}, the list {:#x}",
                    f.entry_off, self.ftab[i].entryoff
                )));
            }
            if name.is_empty() {
                return Err(at("it has no name".into()));
            }
            self.verify_function(f, name)?;
        }
        Ok(())
    }

    fn verify_function(&self, f: FuncInfo<'_>, name: &str) -> Result<(), TableError> {
        let size = self.size(f);
        let err = |at: Option<u32>, what: String| Err(self.error(name, at, what));
        // A table by pc, which ends where the function does.
        let table = |off: u32, what: &str| -> Result<Ranges, TableError> {
            let end = if off == 0 {
                size
            } else {
                self.pc_table(off).and_then(|t| t.last().map(|r| r.0)).unwrap_or(0)
            };
            if end != size {
                let what = format!("its table {what} ends at {end:#x}, the function at {size:#x}");
                return Err(self.error(name, None, what));
            }
            Ok(self.table(off))
        };
        let pcdata = |i: u32| if i < f.npcdata { pcdatastart(f, i) } else { 0 };

        // What kind of function it is.
        if f.func_id.0 > FuncID::WRAPPER.0 {
            return err(None, format!("function id {}", f.func_id.0));
        }
        let flags = FUNC_FLAG_TOP_FRAME | FUNC_FLAG_SP_WRITE | FUNC_FLAG_ASM | FUNC_FLAG_NOSPLIT;
        if f.flag & !flags != 0 {
            return err(None, format!("flags {:#x}", f.flag));
        }
        if f.args < 0 || f.args % 8 != 0 {
            return err(None, format!("{} bytes of arguments", f.args));
        }
        if f.start_line < 0 {
            return err(None, format!("begins at line {}", f.start_line));
        }
        if f.deferreturn >= size {
            return err(
                None,
                format!("calls deferreturn at {:#x}, ends at {size:#x}", f.deferreturn),
            );
        }

        // The frame.
        if f.pcsp == 0 {
            return err(None, "there is no table pcsp".into());
        }
        let sp = table(f.pcsp, "pcsp")?;
        for &(at, delta) in &sp {
            if delta < 0 || delta % 8 != 0 {
                return err(Some(at), format!("a frame of {delta} bytes"));
            }
        }
        if value(&sp, 0) != 0 {
            return err(Some(0), format!("a frame of {} bytes at the entry", value(&sp, 0)));
        }
        let frame = sp.iter().map(|r| r.1).max().unwrap_or(0);
        if f.flag & FUNC_FLAG_NOSPLIT != 0
            && f.flag & FUNC_FLAG_ASM == 0
            && frame >= UNCHECKED_FRAME
        {
            return err(None, format!("a frame of {frame} bytes without a check of the stack"));
        }
        // Below the saved rbp.
        let locals = (frame - 8).max(0);

        // Places.
        if f.npcdata > PCDATA_INL_TREE_INDEX + 1 {
            return err(None, format!("{} tables by pc", f.npcdata));
        }
        if f.nfuncdata > FUNCDATA_INL_TREE + 1 {
            return err(None, format!("{} pieces of funcdata", f.nfuncdata));
        }
        table(f.pcfile, "pcfile")?;
        for (at, line) in table(f.pcln, "pcln")? {
            if line < -1 {
                return err(Some(at), format!("line {line}"));
            }
        }
        for (at, v) in table(pcdata(PCDATA_UNSAFE_POINT), "UnsafePoint")? {
            if !(UNSAFE_POINT_RESTART_AT_ENTRY..=UNSAFE_POINT_SAFE).contains(&v) {
                return err(Some(at), format!("{v} for an unsafe point"));
            }
        }
        let inlined = table(pcdata(PCDATA_INL_TREE_INDEX), "InlTreeIndex")?;
        self.verify_inlined(f, name, size, &inlined)?;

        // Pointers.
        let index = table(pcdata(PCDATA_STACK_MAP_INDEX), "StackMapIndex")?;
        let maps = |i| Stackmap::of(f, i);
        let (lmaps, amaps) = (maps(FUNCDATA_LOCALS_POINTER_MAPS), maps(FUNCDATA_ARGS_POINTER_MAPS));
        for (maps, needed, what) in
            [(lmaps, locals > 0, "a frame"), (amaps, f.args > 0, "arguments")]
        {
            if needed && maps.is_none_or(|m| m.n == 0) {
                return err(None, format!("{what} without stack maps"));
            }
        }
        if let Some(m) = amaps
            && m.nbit != f.args / 8
        {
            return err(
                None,
                format!("argument maps of {} bits for {} bytes of arguments", m.nbit, f.args),
            );
        }
        if let Some(m) = lmaps
            && i64::from(m.nbit) * 8 > i64::from(locals)
        {
            return err(
                None,
                format!("stack maps of {} bits for {locals} bytes of locals", m.nbit),
            );
        }
        for &(at, i) in &index {
            if i < -1 {
                return err(Some(at), format!("stack map {i}"));
            }
            for m in [lmaps, amaps].into_iter().flatten() {
                if i >= m.n {
                    return err(Some(at), format!("stack map {i}, there are {}", m.n));
                }
            }
            if i >= 0 && lmaps.is_none() && amaps.is_none() {
                return err(Some(at), format!("stack map {i}, there are none"));
            }
        }
        self.verify_bits(f, name, &sp, &index, lmaps)?;
        self.verify_objects(f, name, locals)
    }

    /// At each pc with a frame, the bits of its map are in that frame.
    fn verify_bits(
        &self,
        f: FuncInfo<'_>,
        name: &str,
        sp: &Ranges,
        index: &Ranges,
        maps: Option<Stackmap>,
    ) -> Result<(), TableError> {
        let Some(maps) = maps.filter(|m| m.n > 0) else { return Ok(()) };
        let mut ends: Vec<u32> = sp.iter().chain(index).map(|r| r.0).collect();
        ends.push(0);
        ends.sort_unstable();
        ends.dedup();
        for at in ends {
            if at >= self.size(f) {
                continue;
            }
            // No map means the first one.
            let i = value(index, at).max(0);
            let (room, map) = (value(sp, at) - 8, crate::stackmapdata(&maps, i));
            let lowest = map.iter().position(|b| b);
            // Without locals the map is not looked at.
            if let Some(bit) = lowest.filter(|_| room > 0)
                && (map.n - bit as i32) * 8 > room
            {
                let what = format!(
                    "stack map {i} has a pointer {} bytes below rbp, the frame is {room}",
                    (map.n - bit as i32) * 8
                );
                return Err(self.error(name, Some(at), what));
            }
        }
        Ok(())
    }

    fn verify_objects(&self, f: FuncInfo<'_>, name: &str, locals: i32) -> Result<(), TableError> {
        let mut objects: Vec<_> = stack_objects(f).collect();
        for o in &objects {
            let bad = |what: &str| {
                Err(self.error(
                    name,
                    None,
                    format!("its stack object of {} bytes at {} {what}", o.size, o.off),
                ))
            };
            let end = i64::from(o.off) + i64::from(o.size);
            if o.size <= 0 || o.off % 8 != 0 {
                return bad("is empty, or not aligned");
            }
            if o.use_gc_prog() {
                return bad("has no mask");
            }
            if o.ptrdata() % 8 != 0 || o.ptrdata() as i64 > i64::from(o.size) {
                return bad(&format!("has pointers in {} bytes", o.ptrdata()));
            }
            let inside =
                if o.off < 0 { o.off >= -locals && end <= 0 } else { end <= i64::from(f.args) };
            if !inside {
                return bad(&format!(
                    "is outside of {locals} bytes of locals and {} of arguments",
                    f.args
                ));
            }
        }
        objects.sort_by_key(|o| o.off);
        for w in objects.windows(2) {
            if w[0].off + w[0].size > w[1].off {
                let what = format!("its stack objects at {} and {} overlap", w[0].off, w[1].off);
                return Err(self.error(name, None, what));
            }
        }
        Ok(())
    }

    fn verify_inlined(
        &self,
        f: FuncInfo<'_>,
        name: &str,
        size: u32,
        index: &Ranges,
    ) -> Result<(), TableError> {
        let tree = crate::symtab::funcdata_off(f, FUNCDATA_INL_TREE)
            .and_then(|o| self.gofunc.get(o as usize..));
        for &(at, i) in index {
            let err = |what: String| Err(self.error(name, Some(at), what));
            if i < -1 {
                return err(format!("inlined call {i}"));
            }
            if i == -1 {
                continue;
            }
            // `new` has read it.
            let Some(call) = tree.and_then(|t| crate::InlinedCall::read(t, i)) else {
                return err(format!("inlined call {i}, there are none"));
            };
            if call.parent_pc < 0 || call.parent_pc as u32 >= size {
                return err(format!(
                    "inlined call {i} is called at {:#x}, the function ends at {size:#x}",
                    call.parent_pc
                ));
            }
            if self.func_name(call.name_off).is_empty() {
                return err(format!("inlined call {i} has no name"));
            }
            if call.start_line < 0 || call.func_id.0 > FuncID::WRAPPER.0 {
                return err(format!(
                    "inlined call {i}: line {}, function id {}",
                    call.start_line, call.func_id.0
                ));
            }
        }
        Ok(())
    }
}
