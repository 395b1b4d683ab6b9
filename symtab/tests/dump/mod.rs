//! What the tables say, as text.
#![allow(dead_code, reason = "each test uses some")]

use gort_symtab::*;
use std::fmt::Write as _;

fn hex(b: &[u8]) -> String {
    b.iter().map(|b| format!("{b:02x}")).collect()
}

/// What `tests/go/symtab/self` prints: everything of each function, and at each pc.
pub fn everything(m: &Moduledata) -> String {
    let mut w = String::new();
    let n = m.ftab.len() - 1;
    writeln!(w, "text {:#x} end {:#x} functions {n}", m.text, m.maxpc).unwrap();
    for e in m.ftab.windows(2) {
        let (entry, end) = (m.text_addr(e[0].entryoff), m.text_addr(e[1].entryoff));
        if entry == end {
            continue;
        }
        let f = m.findfunc(entry);
        let sp = if f.pcsp == 0 { -1 } else { func_max_sp_delta(f) };
        writeln!(
            w,
            "{} {entry:#x}-{end:#x} args={} deferreturn={} line={} id={} flag={} sp={sp}",
            funcname(f),
            f.args,
            f.deferreturn,
            f.start_line,
            f.func_id.0,
            f.flag
        )
        .unwrap();
        for i in 0..2 {
            if let Some(s) = Stackmap::of(f, i) {
                let maps: String = (0..s.n).map(|n| hex(stackmapdata(&s, n).bytedata)).collect();
                writeln!(w, " maps {i}: {} of {} {maps}", s.n, s.nbit).unwrap();
            }
        }
        for o in stack_objects(f) {
            let pointers = if o.use_gc_prog() {
                (o.ptrdata() as i32).wrapping_neg()
            } else {
                o.ptrdata() as i32
            };
            write!(w, " object {} size {} pointers {pointers}", o.off, o.size).unwrap();
            if !o.use_gc_prog() {
                write!(w, " {}", hex(o.gcdata(f))).unwrap();
            }
            w.push('\n');
        }
        let mut last = String::new();
        for pc in entry..end {
            assert_eq!(m.findfunc(pc).entry(), entry, "{pc:#x}");
            let now = at(m, f, pc);
            if now != last {
                writeln!(w, " {:#x}{now}", pc - entry).unwrap();
                last = now;
            }
        }
    }
    w
}

/// What they say at a pc.
pub fn at(m: &Moduledata, f: FuncInfo<'_>, pc: usize) -> String {
    let (sp, from) = pcvalue(f, f.pcsp, pc, false);
    let mut s = format!(" sp={sp}@{}", from as isize - m.text as isize);
    for i in 0..f.npcdata {
        write!(s, ",{}", pcdatavalue1(f, i, pc, false)).unwrap();
    }
    let (u, mut uf) = InlineUnwinder::new(f, pc);
    while uf.valid() {
        let sf = u.src_func(uf);
        let (file, line) = u.file_line(uf);
        write!(s, " {}({},{}) {file}:{line}", sf.name(), sf.start_line, sf.func_id.0).unwrap();
        uf = u.next(uf);
    }
    s
}

/// What `tests/go/symtab/gosym` prints: functions and lines. The table's name for the first
/// function counts here, also if it is at offset 0.
pub fn lines(m: &Moduledata) -> String {
    let mut w = String::new();
    for e in m.ftab.windows(2) {
        let (entry, end) = (m.text_addr(e[0].entryoff), m.text_addr(e[1].entryoff));
        let f = m.findfunc(entry);
        let name = &m.funcnametab[f.name_off as usize..];
        let name = &name[..name.iter().position(|&b| b == 0).unwrap()];
        writeln!(w, "{} {entry:#x}-{end:#x}", String::from_utf8_lossy(name)).unwrap();
        let mut last = String::new();
        for pc in entry..end {
            let (file, line) = funcline1(f, pc, false);
            let now = if file == "?" { ":-1".to_string() } else { format!("{file}:{line}") };
            if now != last {
                writeln!(w, " {:#x} {now}", pc - entry).unwrap();
                last = now;
            }
        }
    }
    w
}
