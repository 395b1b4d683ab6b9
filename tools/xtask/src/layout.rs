//! `cargo xtask layout`: the structures of `runtime2` have Go's layout.
//!
//! Go's compiler writes the offsets of all fields of package runtime into go_asm.h, for assembly,
//! and the linker describes them once more in DWARF. Both are read from a build with the reader's
//! own toolchain, must agree, and become `runtime2/src/layout.rs`: an assertion for each field,
//! which every build of the port checks at compile time.
//!
//! A field is found under Go's name in snake case; [`NAMES`] has the exceptions. A field of Go's
//! that the port lacks is therefore an error of the compiler, with its name.

use crate::golang;
use crate::process;
use gimli::{AttributeValue, DebuggingInformationEntry, EndianSlice, RunTimeEndian, UnitOffset};
use object::{Object as _, ObjectSection as _};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What it writes.
const FILE: &str = "runtime2/src/layout.rs";

/// Go's structures, and the port's. `Exact`: nothing of gort's own stands behind Go's last field.
const TYPES: &[(&str, &str, Size)] = &[
    ("g", "G", Size::Longer),
    ("m", "M", Size::Longer),
    ("p", "P", Size::Longer),
    ("p.gFree", "PGFree", Size::Exact),
    ("schedt", "Schedt", Size::Longer),
    ("schedt.disable", "SchedDisable", Size::Exact),
    ("schedt.gFree", "SchedGFree", Size::Exact),
    ("gobuf", "Gobuf", Size::Exact),
    ("sudog", "Sudog", Size::Exact),
    ("mutex", "Mutex", Size::Exact),
    ("note", "Note", Size::Exact),
    ("funcval", "Funcval", Size::Exact),
    ("stack", "Stack", Size::Exact),
    ("heldLockInfo", "HeldLockInfo", Size::Exact),
    ("gQueue", "GQueue", Size::Exact),
    ("gList", "GList", Size::Exact),
    ("pMask", "PMask", Size::Exact),
    ("timer", "Timer", Size::Longer),
    ("timers", "Timers", Size::Exact),
    ("timerWhen", "TimerWhen", Size::Exact),
    ("gsignalStack", "GsignalStack", Size::Exact),
    ("mOS", "MOS", Size::Exact),
    ("mLockProfile", "MLockProfile", Size::Exact),
    ("libcall", "Libcall", Size::Exact),
    ("sysmontick", "Sysmontick", Size::Exact),
    ("limiterEvent", "LimiterEvent", Size::Exact),
    ("timeHistogram", "TimeHistogram", Size::Exact),
    ("traceSchedResourceState", "TraceSchedResourceState", Size::Exact),
    ("mTraceState", "MTraceState", Size::Exact),
    ("pTraceState", "PTraceState", Size::Exact),
    ("lfnode", "Lfnode", Size::Exact),
    ("forcegcstate", "Forcegcstate", Size::Exact),
    ("waitq", "Waitq", Size::Exact),
    ("coro", "Coro", Size::Longer),
];

/// Whether the port's structure may be longer than Go's.
#[derive(Clone, Copy, PartialEq)]
enum Size {
    Exact,
    Longer,
}

/// Fields whose name in the port is not Go's in snake case. Nothing: it has no bytes, or is the
/// buffer of the field before it, which has an assertion of its own below.
const NAMES: &[(&str, &str, &str)] = &[
    ("g", "_panic", "panic_"),
    ("g", "_defer", "defer_"),
    ("m", "_", "pad"),
    ("m", "mOS", "os"),
    ("p", "deferpoolbuf", ""),
    ("p", "sudogbuf", ""),
    ("p.gFree", "gList", "list"),
    ("mutex", "lockRankStruct", ""),
    ("funcval", "fn", "fn_"),
    ("libcall", "fn", "fn_"),
    ("timers", "raceCtx", "released"),
    ("pTraceState", "traceSchedResourceState", "resource"),
];

/// Buffers that lie inside the port's field before them.
const BUFFERS: &[(&str, &str, &str)] = &[
    (
        "p",
        "deferpoolbuf",
        "offset_of!(P, deferpool) + offset_of!(PtrBuf<core::ffi::c_void, 32>, buf)",
    ),
    ("p", "sudogbuf", "offset_of!(P, sudogcache) + offset_of!(PtrBuf<Sudog, 128>, buf)"),
];

/// What the command line asks for.
pub struct Options {
    /// Where Go is.
    pub goroot: Option<PathBuf>,
    /// Fail instead of writing.
    pub check: bool,
}

/// A structure of Go's.
#[derive(Debug, Default, PartialEq)]
struct Struct {
    size: u64,
    /// Name and offset, in order.
    fields: Vec<(String, u64)>,
}

/// Runs the command; the result is the exit status.
pub fn run(root: &Path, o: &Options) -> Result<u8, String> {
    let goroot = golang::goroot(o.goroot.clone())?;
    let dir = root.join("target/layout");
    std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let structs = dwarf(&goroot, &dir)?;
    let checked = compare(&structs, &go_asm(&goroot, &dir)?)?;
    let text = assertions(&structs)?;
    let path = root.join(FILE);
    if !o.check {
        std::fs::write(&path, &text).map_err(|e| format!("{}: {e}", path.display()))?;
    } else if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
        eprintln!("{FILE} is not what {} has: run `cargo xtask layout`", golang::RELEASE);
        return Ok(1);
    }
    let fields: usize = structs.values().map(|s| s.fields.len()).sum();
    let main: usize = ["g", "m", "p", "schedt"].iter().map(|t| structs[*t].fields.len()).sum();
    println!(
        "{} structures, {fields} fields, {main} of them of g, m, p and schedt; \
         go_asm.h and DWARF agree on {checked}",
        structs.len()
    );
    Ok(0)
}

/// The structures of [`TYPES`] by the DWARF of a small program.
fn dwarf(goroot: &Path, dir: &Path) -> Result<BTreeMap<String, Struct>, String> {
    let source = dir.join("main");
    std::fs::create_dir_all(&source).map_err(|e| e.to_string())?;
    let write =
        |name: &str, text: &str| std::fs::write(source.join(name), text).map_err(|e| e.to_string());
    write("go.mod", "module layout\n\ngo 1.23\n")?;
    write("main.go", "package main\n\nfunc main() { println() }\n")?;
    let exe = dir.join("main.exe");
    let mut c = Command::new(goroot.join("bin/go"));
    c.args(["build", "-ldflags=-compressdwarf=false", "-o"])
        .arg(&exe)
        .arg(".")
        .current_dir(&source);
    c.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=mod");
    let o = process::run(&mut c, Duration::from_secs(600))?;
    if o.code != Some(0) {
        return Err(format!("go build in {}: {}", source.display(), o.stderr));
    }
    let data = std::fs::read(&exe).map_err(|e| format!("{}: {e}", exe.display()))?;
    read_dwarf(&data).map_err(|e| format!("{}: {e}", exe.display()))
}

type Slice<'a> = EndianSlice<'a, RunTimeEndian>;
type Entry<'a> = DebuggingInformationEntry<Slice<'a>>;

/// A unit, and where its types are.
struct Types<'a> {
    dwarf: gimli::Dwarf<Slice<'a>>,
    units: Vec<gimli::Unit<Slice<'a>>>,
}

fn read_dwarf(data: &[u8]) -> Result<BTreeMap<String, Struct>, String> {
    let file = object::File::parse(data).map_err(|e| e.to_string())?;
    let sections = gimli::DwarfSections::load(|id| {
        let Some(s) = file.section_by_name(id.name()) else { return Ok(Vec::new()) };
        s.uncompressed_data().map(|d| d.into_owned())
    });
    let sections = sections.map_err(|e: object::Error| e.to_string())?;
    let dwarf = sections.borrow(|s| EndianSlice::new(s, RunTimeEndian::Little));
    let mut units = Vec::new();
    let mut headers = dwarf.units();
    while let Some(h) = headers.next().map_err(|e| e.to_string())? {
        units.push(dwarf.unit(h).map_err(|e| e.to_string())?);
    }
    let types = Types { dwarf, units };
    let mut found = BTreeMap::new();
    types.collect(&mut found).map_err(|e| e.to_string())?;
    for (name, ..) in TYPES {
        if !found.contains_key(*name) {
            return Err(format!("runtime.{name} is not in the debug information"));
        }
    }
    Ok(found)
}

impl<'a> Types<'a> {
    fn collect(&self, out: &mut BTreeMap<String, Struct>) -> gimli::Result<()> {
        for unit in &self.units {
            let mut tree = unit.entries_tree(None)?;
            let mut children = tree.root()?.children();
            while let Some(node) = children.next()? {
                let entry = node.entry();
                let Some(name) = self.name(unit, entry)? else { continue };
                let Some(name) = name.strip_prefix("runtime.") else { continue };
                // A slice with a name is a typedef of a structure.
                let offset = match entry.tag() {
                    gimli::DW_TAG_structure_type => entry.offset(),
                    gimli::DW_TAG_typedef if wanted(name) => match self.target(entry)? {
                        Some(o) => o,
                        None => continue,
                    },
                    _ => continue,
                };
                if wanted(name) {
                    self.structure(unit, offset, name, out)?;
                }
            }
        }
        Ok(())
    }

    fn name(&self, unit: &gimli::Unit<Slice<'a>>, e: &Entry<'a>) -> gimli::Result<Option<String>> {
        let Some(v) = e.attr_value(gimli::DW_AT_name) else { return Ok(None) };
        Ok(Some(self.dwarf.attr_string(unit, v)?.to_string_lossy().into_owned()))
    }

    /// The type of an entry, if it is in the same unit.
    fn target(&self, e: &Entry<'a>) -> gimli::Result<Option<UnitOffset>> {
        Ok(match e.attr_value(gimli::DW_AT_type) {
            Some(AttributeValue::UnitRef(o)) => Some(o),
            Some(AttributeValue::DebugInfoRef(o)) => {
                self.units.iter().find_map(|u| o.to_unit_offset(&u.header))
            }
            _ => None,
        })
    }

    fn structure(
        &self,
        unit: &gimli::Unit<Slice<'a>>,
        at: UnitOffset,
        name: &str,
        out: &mut BTreeMap<String, Struct>,
    ) -> gimli::Result<()> {
        let mut s = Struct::default();
        let mut nested = Vec::new();
        let mut tree = unit.entries_tree(Some(at))?;
        let root = tree.root()?;
        if root.entry().tag() != gimli::DW_TAG_structure_type {
            return Ok(());
        }
        s.size =
            root.entry().attr(gimli::DW_AT_byte_size).and_then(|a| a.udata_value()).unwrap_or(0);
        let mut members = root.children();
        while let Some(m) = members.next()? {
            let m = m.entry();
            if m.tag() != gimli::DW_TAG_member {
                continue;
            }
            let field = self.name(unit, m)?.unwrap_or_default();
            let offset = m
                .attr(gimli::DW_AT_data_member_location)
                .and_then(|a| a.udata_value())
                .unwrap_or(0);
            let inner = format!("{name}.{field}");
            if wanted(&inner)
                && let Some(t) = self.target(m)?
            {
                nested.push((inner, t));
            }
            s.fields.push((field, offset));
        }
        out.insert(name.into(), s);
        for (inner, t) in nested {
            self.structure(unit, t, &inner, out)?;
        }
        Ok(())
    }
}

fn wanted(name: &str) -> bool {
    TYPES.iter().any(|t| t.0 == name)
}

/// The text of go_asm.h, which a build of package runtime leaves in its working directory.
fn go_asm(goroot: &Path, dir: &Path) -> Result<String, String> {
    let tmp = dir.join("tmp");
    let _ = std::fs::remove_dir_all(&tmp);
    std::fs::create_dir_all(&tmp).map_err(|e| format!("{}: {e}", tmp.display()))?;
    let mut c = Command::new(goroot.join("bin/go"));
    c.args(["build", "-a", "-work", "runtime"]).current_dir(dir.join("main"));
    c.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=mod").env("GOTMPDIR", &tmp);
    let o = process::run(&mut c, Duration::from_secs(600))?;
    if o.code != Some(0) {
        return Err(format!("go build -work runtime: {}", o.stderr));
    }
    let work = o.stderr.lines().find_map(|l| l.strip_prefix("WORK=")).unwrap_or_default();
    let packages = std::fs::read_dir(work).map_err(|e| format!("{work}: {e}"))?.flatten();
    let text = packages
        .filter_map(|p| std::fs::read_to_string(p.path().join("go_asm.h")).ok())
        .find(|t| t.contains("#define g__size "));
    let _ = std::fs::remove_dir_all(&tmp);
    text.ok_or_else(|| format!("{work}: no go_asm.h of package runtime"))
}

/// Says whether the two descriptions agree, and on how many fields. go_asm.h has none of unnamed
/// structures and fields.
fn compare(structs: &BTreeMap<String, Struct>, header: &str) -> Result<usize, String> {
    let defined: BTreeMap<&str, &str> =
        header.lines().filter_map(|l| l.strip_prefix("#define ")?.split_once(' ')).collect();
    let mut agree = 0;
    for (name, s) in structs.iter().filter(|(n, _)| !n.contains('.')) {
        let at = |field: &str| {
            defined.get(format!("{name}_{field}").as_str()).and_then(|v| v.parse::<u64>().ok())
        };
        if let Some(size) = at("_size")
            && size != s.size
        {
            return Err(format!("runtime.{name}: {size} bytes by go_asm.h, {} by DWARF", s.size));
        }
        for (field, offset) in &s.fields {
            match at(field) {
                Some(o) if o == *offset => agree += 1,
                Some(o) => {
                    return Err(format!(
                        "runtime.{name}.{field}: {o} by go_asm.h, {offset} by DWARF"
                    ));
                }
                None => {}
            }
        }
    }
    if agree < 200 {
        return Err(format!("go_asm.h has only {agree} of the fields"));
    }
    Ok(agree)
}

/// `parkingOnChan` → `parking_on_chan`, `vdsoSP` → `vdso_sp`.
fn snake(go: &str) -> String {
    let c: Vec<char> = go.chars().collect();
    let mut out = String::new();
    for (i, ch) in c.iter().enumerate() {
        if ch.is_uppercase() && i > 0 {
            let after_lower = !c[i - 1].is_uppercase();
            let before_lower = c.get(i + 1).is_some_and(|n| n.is_lowercase());
            if after_lower || before_lower {
                out.push('_');
            }
        }
        out.extend(ch.to_lowercase());
    }
    out
}

fn assertions(structs: &BTreeMap<String, Struct>) -> Result<String, String> {
    let mut out = format!(
        "//! Go's layout, asserted field by field: {} linux/amd64, by go_asm.h and DWARF.\n//!\n\
         //! Made by `cargo xtask layout`. Not to be edited: where this does not compile, the\n\
         //! structure is wrong.\n\n\
         use crate::ptrs::*;\nuse crate::types::*;\nuse core::mem::size_of;\nuse memoffset::offset_of;\n\
         use static_assertions::{{const_assert, const_assert_eq}};\n",
        golang::RELEASE
    );
    for (go, rust, size) in TYPES {
        let s = &structs[*go];
        let _ = writeln!(out, "\n// {go}");
        let path = if *rust == "PMask" { "Slice<crate::atomic::Uint32>" } else { rust };
        for (field, offset) in &s.fields {
            if let Some((.., sum)) = BUFFERS.iter().find(|b| (b.0, b.1) == (go, field)) {
                let _ = writeln!(out, "const_assert_eq!({sum}, {offset});");
                continue;
            }
            let name = NAMES.iter().find(|n| (n.0, n.1) == (go, field));
            let name = name.map_or_else(|| snake(field), |n| n.2.into());
            let name = if *rust == "PMask" && name == "array" { "ptr".into() } else { name };
            if !name.is_empty() {
                let _ = writeln!(out, "const_assert_eq!(offset_of!({path}, {name}), {offset});");
            }
        }
        let _ = match size {
            Size::Exact => writeln!(out, "const_assert_eq!(size_of::<{path}>(), {});", s.size),
            Size::Longer => writeln!(out, "const_assert!(size_of::<{path}>() >= {});", s.size),
        };
    }
    out.push_str(
        "\n/// The same of the main structures as a table, for the check when a Go program\n\
         /// starts: structure, field (or `_size`), offset.\n\
         pub const FIELDS: &[(&str, &str, u32)] = &[\n",
    );
    for go in ["g", "m", "p", "schedt", "gobuf"] {
        let s = &structs[go];
        let _ = writeln!(out, "    (\"{go}\", \"_size\", {}),", s.size);
        for (field, offset) in s.fields.iter().filter(|f| f.0 != "_") {
            let _ = writeln!(out, "    (\"{go}\", \"{field}\", {offset}),");
        }
    }
    out.push_str("];\n");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (go, rust) in [
            ("stackguard0", "stackguard0"),
            ("parkingOnChan", "parking_on_chan"),
            ("vdsoSP", "vdso_sp"),
            ("mSyscallID", "m_syscall_id"),
            ("isExtraInC", "is_extra_in_c"),
            ("stwStoppingTimeGC", "stw_stopping_time_gc"),
            ("gFree", "g_free"),
        ] {
            assert_eq!(snake(go), rust);
        }
    }

    #[test]
    fn a_disagreement_is_told() {
        let fields = (0..200).map(|i| (format!("f{i}"), i * 8)).collect();
        let structs = BTreeMap::from([("g".to_string(), Struct { size: 1600, fields })]);
        let mut header = String::from("#define g__size 1600\n");
        for i in 0..200 {
            let _ = writeln!(header, "#define g_f{i} {}", i * 8);
        }
        assert_eq!(compare(&structs, &header), Ok(200));
        let moved = header.replace("g_f7 56", "g_f7 64");
        assert!(
            compare(&structs, &moved).unwrap_err().contains("runtime.g.f7: 64 by go_asm.h, 56")
        );
        assert!(
            compare(&structs, &header.replace("1600", "1608")).unwrap_err().contains("1608 bytes")
        );
        assert!(compare(&structs, "").unwrap_err().contains("only 0"));
    }
}
