//! From pc to function, file and line.
//!
//! Go's linker writes tables for this. Here they are the ELF symbol table (the function and its
//! entry) and DWARF (calls inlined into it, files and lines), read from the file of the module that
//! has the pc, lazily, once. Names are demangled as Rust's; without debug information there are
//! names only, without symbols only addresses.

use crate::modules::{Module, Reentrant, with_module};
use addr2line::gimli::{Dwarf, DwarfFileType, DwarfPackage, EndianSlice, LittleEndian, SectionId};
use addr2line::{LookupContinuation, LookupResult, SplitDwarfLoad};
use core::convert::Infallible;
use core::ffi::c_void;
use core::sync::atomic::{AtomicU32, Ordering};
use gort_asm::getg;
use gort_runtime2::Global;
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

type Reader = EndianSlice<'static, LittleEndian>;

/// Whose function it is: decides whether a traceback shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The program's, or a library's that it uses.
    User,
    /// The standard library's (core, alloc, std).
    Library,
    /// gort's or the C library's.
    Runtime,
}

/// A logical frame at a pc: the function itself, or one that was inlined into it.
///
/// Go: symtab.go:904 srcFunc
#[derive(Clone, Debug)]
pub struct Symbol {
    /// Demangled, without hash.
    pub name: String,
    /// Empty if unknown.
    pub file: String,
    /// 0 if unknown.
    pub line: u32,
    /// The line is only near the truth: the compiler has recorded none for this instruction.
    pub guessed: bool,
    /// Inlined into the next one.
    pub inlined: bool,
    /// Whose it is.
    pub owner: Owner,
}

impl Symbol {
    /// With nothing known but the linker's name, and that it is a compiler's wrapper, if it is one.
    fn named(name: &str) -> Self {
        Self {
            name: demangle(name),
            file: String::new(),
            line: 0,
            guessed: true,
            inlined: true,
            owner: if is_gccgo_wrapper(name) { Owner::Runtime } else { Owner::User },
        }
    }
}

/// What is known about the function at a pc.
///
/// Go: symtab.go:823 funcInfo
#[derive(Clone, Debug, Default)]
pub struct FuncInfo {
    /// Where the function begins; 0 if unknown.
    pub entry: usize,
    /// Innermost inlined call first, the function itself last; never empty for a valid pc.
    pub frames: Vec<Symbol>,
    /// What could not be read although the program says that it is there: a sentence for whoever
    /// reads the frames.
    pub missing: Option<&'static str>,
}

/// A symboliser for generated code: what stands at a pc.
pub type CodeSymbolizer = fn(pc: usize) -> Option<FuncInfo>;

#[derive(Clone, Copy)]
struct Code {
    lo: usize,
    hi: usize,
    f: Option<CodeSymbolizer>,
}

static CODE: Global<Vec<Code>> = Global::new(Vec::new());
static CODE_OWNER: AtomicU32 = AtomicU32::new(0);

/// Announces generated code, which no module has: tracebacks walk it by frame pointers and ask `f`
/// for names.
pub fn register_code(lo: usize, hi: usize, f: Option<CodeSymbolizer>) {
    if let Some(_l) = Reentrant::lock(&CODE_OWNER) {
        // SAFETY: the lock is held.
        unsafe { (*CODE.get()).push(Code { lo, hi, f }) };
    }
}

fn generated(pc: usize) -> Option<Code> {
    let _l = Reentrant::lock(&CODE_OWNER)?;
    // SAFETY: the lock is held.
    unsafe { (*CODE.get()).iter().rev().find(|c| c.lo <= pc && pc < c.hi).copied() }
}

/// Whether `pc` lies in code that is known: a module's, or generated and announced.
///
/// Go: symtab.go:873 findfunc
pub fn findfunc(pc: usize) -> bool {
    // symtab.go:874
    // symtab.go:880 whether in its text: modules here are ranges of text
    // symtab.go:893 the function's record is looked for by `symbolize`
    gort_symtab::findfunc(pc).valid()
        || generated(pc).is_some()
        || with_module(pc, |_| ()).is_some()
}

/// What the tables of managed code say of `pc`.
fn managed(pc: usize) -> Option<FuncInfo> {
    let f = gort_symtab::findfunc(pc);
    if !f.valid() {
        return None;
    }
    let mut frames = Vec::new();
    let (u, mut uf) = gort_symtab::InlineUnwinder::new(f, pc);
    while uf.valid() {
        let (sf, (file, line)) = (u.src_func(uf), u.file_line(uf));
        let name = sf.name().to_string();
        let hidden = sf.func_id == gort_symtab::FuncID::WRAPPER || name.starts_with("runtime.");
        frames.push(Symbol {
            name,
            file: file.to_string(),
            line: u32::try_from(line).unwrap_or(0),
            guessed: false,
            inlined: u.is_inlined(uf),
            owner: if hidden { Owner::Runtime } else { Owner::User },
        });
        uf = u.next(uf);
    }
    Some(FuncInfo { entry: f.entry(), frames, missing: None })
}

/// A module's file, read.
struct Object_ {
    path: String,
    head: Option<u64>,
    /// Debug information that was split off (`split-debuginfo=packed`).
    package: Option<DwarfPackage<Reader>>,
    /// What to say where it is in neither the package nor a file of its own.
    no_package: &'static str,
    /// What to say if the file cannot be read.
    missing: Option<&'static str>,
    /// Function symbols by address: start, end (0 if unknown), name.
    syms: Vec<(u64, u64, &'static str)>,
    dwarf: Option<addr2line::Context<Reader>>,
}

static OBJECTS: Global<Vec<&Object_>> = Global::new(Vec::new());
static OWNER: AtomicU32 = AtomicU32::new(0);

/// The function at `pc` and what is inlined there. `pc` is an address *inside* the instruction in
/// question: one less than a return address. `None` if `pc` is in no known code; bare addresses if
/// symbolising faulted.
///
/// Must run where there is room for it: see [`with_room`].
pub fn symbolize(pc: usize) -> Option<FuncInfo> {
    if let Some(f) = managed(pc) {
        return Some(f);
    }
    if let Some(c) = generated(pc) {
        return Some(c.f.and_then(|f| f(pc)).unwrap_or_else(|| bare(pc, c.lo, String::new())));
    }
    let m = with_module(pc, Module::clone)?;
    let (base, path) = (m.base, m.path.clone());
    let Some(_l) = Reentrant::lock(&OWNER) else {
        // A fault in the middle of the code below: do not go there again.
        return Some(bare(pc, 0, String::new()));
    };
    // SAFETY: the lock is held.
    let obj = unsafe { object(&m) };
    let svma = (pc - base) as u64;
    let sym = obj.symbol(svma).map(|s| match gort_asm::switch_name(pc) {
        Some((name, from)) => ((from - base) as u64, s.1, name),
        None => s,
    });
    let entry = sym.map_or(0, |s| base + s.0 as usize);
    let system = is_system(&path);
    let mut frames = Vec::new();
    let mut missing = obj.missing;
    if let Some(d) = &obj.dwarf
        && let Ok(mut it) = with_loads(d.find_frames(svma), obj)
    {
        // A unit whose better part is not there has lines, of whatever is inlined, and no
        // functions.
        if let Some(u) = d.find_dwarf_and_unit(svma).skip_all_loads()
            && u.dwo_id.is_some()
            && u.dwarf.file_type == DwarfFileType::Main
        {
            missing = Some(obj.no_package);
        }
        while let Ok(Some(f)) = it.next() {
            let name = f.function.as_ref().and_then(|n| n.raw_name().ok()).unwrap_or_default();
            let (file, line) =
                f.location.map_or(("", 0), |l| (l.file.unwrap_or(""), l.line.unwrap_or(0)));
            frames.push(Symbol {
                file: file.to_string(),
                line,
                guessed: line == 0,
                ..Symbol::named(&name)
            });
        }
    }
    match (frames.last_mut(), sym) {
        // The symbol table has the whole path of a name, DWARF's line tables only its end.
        (Some(f), Some(s)) => {
            let Symbol { name, owner, .. } = Symbol::named(s.2);
            (f.name, f.owner) = (name, owner);
        }
        (Some(_), None) => {}
        (None, Some(s)) => frames.push(Symbol::named(s.2)),
        // The offset in the file is what tools ask for.
        (None, None) => {
            let mut f = bare(pc, base, path.into_owned());
            if system {
                f.frames[0].owner = Owner::Runtime;
            }
            return Some(FuncInfo { missing, ..f });
        }
    }
    if let Some(f) = frames.last_mut() {
        f.inlined = false;
    }
    // Compilers give line 0 to code that they have merged or made up: the line before it then.
    if let (Some(f), Some(d), Some(s)) = (frames.first_mut(), &obj.dwarf, sym)
        && f.line == 0
    {
        for a in (s.0.max(svma.saturating_sub(256))..svma).rev() {
            if let Ok(Some(l)) = d.find_location(a)
                && let Some(line) = l.line.filter(|&n| n != 0)
                && l.file.is_some_and(|file| f.file.is_empty() || f.file == file)
            {
                f.line = line;
                f.guessed = true;
                if f.file.is_empty() {
                    f.file = l.file.unwrap_or("").to_string();
                }
                break;
            }
        }
    }
    // Reading one's own registers is inlined everywhere and nobody's call; black_box is no call at
    // all.
    while frames.len() > 1 && is_no_call(&frames[0].name) {
        frames.remove(0);
    }
    for f in &mut frames {
        if f.name.is_empty() {
            f.name = String::from("?");
        }
        if f.owner != Owner::Runtime {
            f.guessed |= missing.is_some();
            f.owner = classify(&f.name, if missing.is_some() { "" } else { &f.file }, system);
        }
    }
    Some(FuncInfo { entry, frames, missing })
}

/// The name of the function at `pc` as the linker knows it, not demangled; empty if there is none.
/// Like [`symbolize`], but inlined calls do not count.
pub fn symbol(pc: usize) -> &'static str {
    let Some(m) = with_module(pc, Module::clone) else { return "" };
    let Some(_l) = Reentrant::lock(&OWNER) else { return "" };
    if let Some((name, _)) = gort_asm::switch_name(pc) {
        return name;
    }
    // SAFETY: the lock is held.
    unsafe { object(&m) }.symbol((pc - m.base) as u64).map_or("", |s| s.2)
}

/// What is known of a module, read when first asked for.
///
/// # Safety
/// The lock is held.
unsafe fn object(m: &Module) -> &'static Object_ {
    // SAFETY: the caller's contract; entries are only ever added, and each has a place of its own.
    unsafe {
        let objects = &mut *OBJECTS.get();
        match objects.iter().find(|o| o.path == m.path && o.head == m.head) {
            Some(o) => o,
            None => {
                let o: &'static Object_ = Box::leak(Box::new(load(m)));
                objects.push(o);
                o
            }
        }
    }
}

/// Whether a function that was inlined is only the writing of some instructions.
fn is_no_call(name: &str) -> bool {
    let mut parts = name.rsplit("::");
    match parts.next() {
        Some("getpcspbp") => true,
        Some("black_box") => parts.next() == Some("hint"),
        _ => false,
    }
}

/// All that can be said without any table.
fn bare(pc: usize, entry: usize, file: String) -> FuncInfo {
    let s = Symbol {
        name: format!("{pc:#x}"),
        file,
        line: 0,
        guessed: true,
        inlined: false,
        owner: Owner::User,
    };
    FuncInfo { entry, frames: vec![s], missing: None }
}

impl Object_ {
    fn symbol(&self, svma: u64) -> Option<(u64, u64, &'static str)> {
        let i = self.syms.partition_point(|s| s.0 <= svma);
        let s = *self.syms.get(i.checked_sub(1)?)?;
        (s.1 == 0 || svma < s.1).then_some(s)
    }
}

/// Reads symbols and DWARF of a module; the files stay mapped for good.
fn load(m: &Module) -> Object_ {
    let mut o = Object_ {
        path: m.path.to_string(),
        head: m.head,
        package: None,
        no_package: "",
        missing: None,
        syms: Vec::new(),
        dwarf: None,
    };
    let (Some(data), path) = module_file(m) else {
        o.missing = Some(leak(format!(
            "no names of functions in {}: the file has been deleted, or replaced by another, since it was loaded",
            m.path
        )));
        return o;
    };
    let Ok(elf) = object::File::parse(data) else { return o };
    o.add_symbols(&elf);
    // Debug information that was cut off is in a file of its own.
    let separate = if has_debug_info(&elf) { None } else { debug_file(&elf, &path) };
    let (elf, debug_path) = match separate {
        Some((elf, path)) => {
            o.add_symbols(&elf);
            (elf, Some(path))
        }
        None => (elf, None),
    };
    o.syms.sort_by_key(|s| s.0);
    o.syms.dedup_by_key(|s| s.0);
    let Ok(mut d) = Dwarf::load(|id| Ok::<_, Infallible>(section(&elf, id.name())));
    if let (Some(p), Ok(Some((name, _)))) = (&debug_path, elf.gnu_debugaltlink())
        && let Some(sup) = map_file(&p.with_file_name(OsStr::from_bytes(name)))
        && let Ok(sup) = object::File::parse(sup)
    {
        let Ok(()) = d.load_sup(|id| Ok::<_, Infallible>(section(&sup, id.name())));
    }
    o.dwarf = addr2line::Context::from_dwarf(d).ok();
    // `program.dwp` and, for libraries, `lib.so.dwp`; LLVM's tools and binutils' write either.
    let mut packages = Vec::new();
    for p in [Some(&path), debug_path.as_ref()].into_iter().flatten() {
        let mut with = p.clone().into_os_string();
        with.push(".dwp");
        packages.push(PathBuf::from(with));
        packages.push(p.with_extension("dwp"));
    }
    o.package = packages.iter().find_map(|p| {
        let dwp = object::File::parse(map_file(p)?).ok()?;
        let empty = EndianSlice::new(&[][..], LittleEndian);
        let load = |id: SectionId| id.dwo_name().map_or(empty, |name| section(&dwp, name));
        DwarfPackage::load(|id| Ok::<_, addr2line::gimli::Error>(load(id)), empty).ok()
    });
    o.no_package = leak(format!(
        "inlined calls are not shown, and lines may be theirs, for code of {}: its debug information was split off, and is neither in {} nor in .dwo files",
        path.display(),
        packages[0].display()
    ));
    o
}

/// Goes on with a look-up that asks for debug information in another file.
fn with_loads<L: LookupContinuation<Buf = Reader>>(
    mut r: LookupResult<L>,
    o: &Object_,
) -> L::Output {
    loop {
        r = match r {
            LookupResult::Output(x) => return x,
            LookupResult::Load { load, continuation } => continuation.resume(split_dwarf(load, o)),
        };
    }
}

/// A unit's debug information from the package or from a `.dwo` file.
fn split_dwarf(load: SplitDwarfLoad<Reader>, o: &Object_) -> Option<Arc<Dwarf<Reader>>> {
    if let Some(p) = &o.package
        && let Ok(Some(d)) = p.find_cu(load.dwo_id, &load.parent)
    {
        return Some(Arc::new(d));
    }
    let mut path = PathBuf::new();
    for part in [load.comp_dir, load.path].into_iter().flatten() {
        path.push(OsStr::from_bytes(part.slice()));
    }
    let elf = object::File::parse(map_file(&path)?).ok()?;
    let empty = EndianSlice::new(&[][..], LittleEndian);
    let part = |id: SectionId| id.dwo_name().map_or(empty, |name| section(&elf, name));
    let Ok(mut d) = Dwarf::load(|id| Ok::<_, Infallible>(part(id)));
    let unit = d.unit(d.units().next().ok()??).ok()?;
    if unit.dwo_id != Some(load.dwo_id) {
        return None;
    }
    d.make_dwo(&load.parent);
    Some(Arc::new(d))
}

fn leak(s: String) -> &'static str {
    Box::leak(s.into_boxed_str())
}

/// A section's contents, decompressed if it is compressed; empty if there is none.
fn section(elf: &object::File<'static>, name: &str) -> Reader {
    let data = elf.section_by_name(name).and_then(|s| s.uncompressed_data().ok());
    let data = data.map_or(&[][..], |d| match d {
        std::borrow::Cow::Borrowed(b) => b,
        std::borrow::Cow::Owned(v) => Box::leak(v.into_boxed_slice()),
    });
    EndianSlice::new(data, LittleEndian)
}

fn has_debug_info(elf: &object::File<'static>) -> bool {
    elf.section_by_name(".debug_info").is_some_and(|s| s.size() != 0)
}

/// What a module was loaded from, and where that is. The file of that name may be another by now.
fn module_file(m: &Module) -> (Option<&'static [u8]>, PathBuf) {
    // The kernel's own module has no file, but is in memory as a whole.
    if m.path.starts_with("linux-vdso") || m.path == "[vdso]" {
        // Its sections' headers are behind its only segment.
        let size = (m.hi - m.lo).next_multiple_of(0x1000);
        // SAFETY: mapped for good, in whole pages.
        return (
            Some(unsafe { core::slice::from_raw_parts(m.lo as *const u8, size) }),
            PathBuf::new(),
        );
    }
    if m.path.is_empty() {
        // The program's file opens even if it is deleted, or was never in a directory.
        let link = std::fs::read_link("/proc/self/exe").unwrap_or_default();
        let name = link.as_os_str().as_bytes();
        let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
        return (map_file(Path::new("/proc/self/exe")), PathBuf::from(OsStr::from_bytes(name)));
    }
    let path = PathBuf::from(&*m.path);
    // Only with privileges, but then for deleted files as well.
    let mapped = format!("/proc/self/map_files/{:x}-{:x}", m.lo, m.first_end());
    let data = [path.as_path(), Path::new(&mapped)]
        .into_iter()
        .find_map(|p| map_file(p).filter(|d| m.is_from(d)));
    (data, path)
}

/// The file with debug information that belongs to `elf`: found by its build id, or by the name and
/// checksum in it.
fn debug_file(
    elf: &object::File<'static>,
    path: &Path,
) -> Option<(object::File<'static>, PathBuf)> {
    let read = |p: &Path| {
        let data = map_file(p)?;
        object::File::parse(data).ok().filter(has_debug_info).map(|e| (data, e))
    };
    let id = elf.build_id().ok().flatten().filter(|id| id.len() > 1);
    if let Some(id) = id {
        let hex: String = id.iter().map(|b| format!("{b:02x}")).collect();
        let p =
            PathBuf::from(format!("/usr/lib/debug/.build-id/{}/{}.debug", &hex[..2], &hex[2..]));
        if let Some((_, e)) = read(&p) {
            return Some((e, p));
        }
    }
    let (name, crc) = elf.gnu_debuglink().ok()??;
    let (name, dir) = (OsStr::from_bytes(name), path.parent()?);
    let global = Path::new("/usr/lib/debug").join(dir.strip_prefix("/").unwrap_or(dir));
    [dir.join(name), dir.join(".debug").join(name), global.join(name)].into_iter().find_map(|p| {
        let (data, e) = read(&p)?;
        let same = match (id, e.build_id()) {
            (Some(a), Ok(Some(b))) => a == b,
            _ => crc32fast::hash(data) == crc,
        };
        same.then_some((e, p))
    })
}

impl Object_ {
    fn add_symbols(&mut self, elf: &object::File<'static>) {
        for s in elf.symbols().chain(elf.dynamic_symbols()) {
            if s.kind() == SymbolKind::Text
                && s.is_definition()
                && let Ok(name) = s.name()
                && !name.is_empty()
            {
                let end = if s.size() == 0 { 0 } else { s.address() + s.size() };
                self.syms.push((s.address(), end, name));
            }
        }
    }
}

fn map_file(path: &Path) -> Option<&'static [u8]> {
    let name = std::ffi::CString::new(path.as_os_str().as_bytes()).ok()?;
    // SAFETY: a private read-only mapping that is never undone; a file that shrinks meanwhile would
    // fault, which the re-entry guard turns into bare addresses.
    unsafe {
        let fd = libc::open(name.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if fd < 0 {
            return None;
        }
        let mut st: libc::stat = core::mem::zeroed();
        let mut r = None;
        if libc::fstat(fd, &raw mut st) == 0 && st.st_size > 0 {
            let p = libc::mmap(
                core::ptr::null_mut(),
                st.st_size as usize,
                libc::PROT_READ,
                libc::MAP_PRIVATE,
                fd,
                0,
            );
            if p != libc::MAP_FAILED {
                r = Some(core::slice::from_raw_parts(p as *const u8, st.st_size as usize));
            }
        }
        libc::close(fd);
        r
    }
}

/// A name as its language writes it, from the linker's.
pub fn demangle(name: &str) -> String {
    // Suffixes of the compiler's own (`.llvm.123`) are cut by the demangler; `{:#}` leaves the hash
    // out.
    if let Ok(d) = rustc_demangle::try_demangle(name) {
        return format!("{d:#}");
    }
    // Parts of functions that gcc has set apart.
    let cuts = [".cold", ".part.", ".constprop.", ".isra.", ".lto_priv.", ".localalias"];
    let name = &name[..cuts.iter().filter_map(|c| name.find(c)).min().unwrap_or(name.len())];
    if name == "__go_init_main" {
        return "main.init".into();
    }
    // Beside those only Go's names have dots within, and gort's own exports.
    if name.contains('.') && !name.starts_with("gort.") {
        gccgo_name(name)
    } else {
        name.to_string()
    }
}

/// gccgo's name of a function as Go writes it: `_1` is `/`, `..` before a closure is `.`. Names
/// that libgo's C code and `go:linkname` give are not encoded, which is seen where a quote, a blank
/// or a semicolon would come outside of a type's braces.
fn gccgo_name(s: &str) -> String {
    // The initialisation of a package: of its variables, closures there, `func init` number n.
    if let Some(package) = s.strip_suffix("..import") {
        return gccgo_name(package) + ".init";
    }
    // The second is what DWARF has.
    if let Some((package, closure)) =
        s.split_once("._0go..func").or_else(|| s.split_once("..go..func"))
    {
        let package = gccgo_name(package);
        return name_of(&format!("{package}..go..func{closure}"))
            .unwrap_or_else(|| format!("{package}.init.func{}", closure.replace("..func", ".")));
    }
    if let Some((path, init)) = s.split_once("..init")
        && init.starts_with(|c: char| c.is_ascii_digit())
        && let Some((package, name)) = path.rsplit_once('.')
        && package.ends_with(name)
    {
        let package = gccgo_name(package);
        return name_of(&format!("{package}..init{init}"))
            .unwrap_or_else(|| format!("{package}.init.{}", init.replace("..", ".")));
    }
    if let Some((function, closure)) = s.split_once("..func") {
        let function = gccgo_decode(function);
        return name_of(&format!("{function}..func{closure}")).unwrap_or_else(|| {
            let outer = name_of(&function).unwrap_or(function);
            format!("{outer}.func{}", closure.replace("..", "."))
        });
    }
    let name = gccgo_decode(s);
    name_of(&name).unwrap_or(name)
}

/// What the command that has built a Go program has read in its text: on each line gccgo's name,
/// decoded but for the `..` before the number of a function literal or of an `init`, and Go's.
static GO_NAMES: OnceLock<&'static str> = OnceLock::new();

/// Announces a table of Go's names of functions, where gccgo's do not tell them: lines `GCCGO GO`.
/// The first one counts.
///
/// ```
/// use gort_traceback::symtab::{demangle, set_go_names};
/// set_go_names("main.f..func2 main.f.func1.1\nmain.T.M main.(*T).M\n");
/// assert_eq!(demangle("main.f..func2"), "main.f.func1.1");
/// assert_eq!(demangle("main.T.M"), "main.(*T).M");
/// assert_eq!(demangle("main.T.M..func1"), "main.(*T).M.func1");
/// ```
pub fn set_go_names(table: &'static str) {
    let _ = GO_NAMES.set(table);
}

/// Gives a Go function's name the receiver as Go writes it.
pub type Receivers = fn(&str) -> Cow<'_, str>;

static RECEIVERS: OnceLock<Receivers> = OnceLock::new();

/// Sets who knows the methods of the program that no table of [`set_go_names`] has. It is asked
/// when a traceback is printed.
pub fn set_receivers(f: Receivers) {
    let _ = RECEIVERS.set(f);
}

/// A function's name as a traceback shows it.
pub(crate) fn shown_name(name: &str) -> Cow<'_, str> {
    match RECEIVERS.get() {
        Some(f) if name.contains('.') && !name.contains("::") => f(name),
        _ => name.into(),
    }
}

/// Tells which calls of an initialisation Go has, too: there the runtime calls the initialiser of
/// each package's variables (`P.init`) and each `func init` (`P.init.N`); with gccgo the
/// initialiser of a package calls those of the packages that it imports, and the functions.
///
/// ```
/// use gort_traceback::symtab::Inits;
/// let mut inits = Inits::default();
/// let stack = ["main.f", "fmt.init.0", "fmt.init", "main.init", "runtime.main"];
/// let go: Vec<&str> = stack.into_iter().filter(|f| inits.counts(f)).collect();
/// assert_eq!(go, ["main.f", "fmt.init.0", "runtime.main"]);
/// ```
#[derive(Default)]
pub struct Inits {
    /// The last call is one of these.
    seen: bool,
}

impl Inits {
    /// Whether a call counts; they are told from the innermost one on.
    pub fn counts(&mut self, name: &str) -> bool {
        // The last element of the import path has no dot that counts here.
        let last = &name[name.rfind('/').map_or(0, |i| i + 1)..];
        let init = last.split_once('.').map(|(_, f)| f);
        let of_variables = init == Some("init");
        let function = init.and_then(|f| f.strip_prefix("init."));
        let is_function = function.is_some_and(|n| n.bytes().all(|c| c.is_ascii_digit()));
        let again = self.seen && of_variables;
        self.seen = of_variables || is_function;
        !again
    }
}

/// Go's name, if the table has it.
fn name_of(gccgo: &str) -> Option<String> {
    let mut lines = GO_NAMES.get()?.lines();
    lines.find_map(|l| Some(l.strip_prefix(gccgo)?.strip_prefix(' ')?.to_string()))
}

/// The encoding of gccgo's names undone.
fn gccgo_decode(s: &str) -> String {
    let b: Vec<char> = s.chars().collect();
    let mut out = String::with_capacity(s.len());
    let mut i = 0;
    while i < b.len() {
        let c = b[i];
        if c != '_' || i + 1 == b.len() {
            // `main.f..func1` is the first closure of a function.
            if !(c == '.' && out.ends_with('.')) {
                out.push(c);
            }
            i += 1;
            continue;
        }
        let plain = "_0123456789abc".find(b[i + 1]).map(|k| b"_./*,{}[]()\" ;"[k] as char);
        if let Some(p) = plain {
            if matches!(p, '"' | ' ' | ';') && !out.contains('{') {
                return s.to_string();
            }
            out.push(p);
            i += 2;
            continue;
        }
        let n = match b[i + 1] {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let hex: String = b.iter().skip(i + 2).take(n).collect();
        match u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32) {
            Some(ch) if n > 0 && hex.len() == n => {
                out.push(ch);
                i += 2 + n;
            }
            _ => {
                out.push('_');
                i += 1;
            }
        }
    }
    out
}

/// Functions that gccgo has put in and Go does not count as callers: `F..r`, `F..thunk3`,
/// `F..stub`, `__morestack`.
pub fn is_gccgo_wrapper(name: &str) -> bool {
    if name == "__morestack" {
        return true;
    }
    let Some((_, last)) = name.rsplit_once("..") else { return false };
    let last = last.split('.').next().unwrap_or("");
    last == "r" || last.starts_with("thunk") || last.starts_with("stub")
}

/// The C library and the loader: no goroutine's business.
fn is_system(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    [
        "libc.so",
        "libc-",
        "libpthread",
        "ld-linux",
        "ld-musl",
        "libgcc_s",
        "libm.so",
        "linux-vdso",
        "[vdso]",
    ]
    .iter()
    .any(|p| file.starts_with(p))
}

/// Whose a function is, by where its source lies and, where that is unknown, by its name.
pub fn classify(name: &str, file: &str, system: bool) -> Owner {
    if system {
        return Owner::Runtime;
    }
    if file.contains("/library/") && (file.contains("/rustc/") || file.contains("/rustlib/src/")) {
        return Owner::Library;
    }
    if let Some(owner) = source_owner(file) {
        return owner;
    }
    if !name.contains("::") {
        // C, assembly, or Go: its own rule follows in showfuncinfo.
        let ours = ["gort_", "gort.", "__rust", "rust_", "_R", "_Unwind_", "__libc_"];
        let exact =
            ["_start", "start_thread", "clone", "clone3", "__clone", "__clone3", "__morestack"];
        let r = ours.iter().any(|p| name.starts_with(p)) || exact.contains(&name);
        return if r { Owner::Runtime } else { Owner::User };
    }
    let mut n = name.trim_start_matches(['<', '&', '*', '(', '[']);
    for p in ["mut ", "const ", "dyn "] {
        n = n.strip_prefix(p).unwrap_or(n);
    }
    let n = n.trim_start_matches(['<', '&', '*', '(', '[']);
    let root = n.split("::").next().unwrap_or(n);
    match root {
        "std" | "core" | "alloc" | "__rustc" => Owner::Library,
        // A program may have crates of its own with such names; it is asked only where no file is
        // known.
        _ if file.is_empty() && (root == "gort" || root.starts_with("gort_")) => Owner::Runtime,
        _ => Owner::User,
    }
}

/// Whose a file of a crate of gort's is; `None` for all others.
///
/// The crates lie below the directory that this one lies in: in a checkout under their own names,
/// in a registry as `gort-NAME-VERSION`. Their tests and examples, the tools and the command are
/// what a user might have written.
fn source_owner(file: &str) -> Option<Owner> {
    let (above, here) = env!("CARGO_MANIFEST_DIR").rsplit_once('/')?;
    let (mut dir, source) = file.strip_prefix(above)?.strip_prefix('/')?.split_once("/src/")?;
    if let Some(version) = here.strip_prefix("gort-traceback-") {
        dir = dir.strip_suffix(version)?.strip_suffix('-')?;
        if dir != "gort" && !dir.starts_with("gort-") {
            return None;
        }
    }
    let parts =
        dir.split('/').any(|d| ["cmd", "tests", "examples", "tools", "target"].contains(&d));
    // `proc/src/main.rs` is the runtime's main.
    let program = source.starts_with("bin/");
    Some(if parts || program || dir == "gort-cmd" { Owner::User } else { Owner::Runtime })
}

/// Runs `f` on the present stack if that has room, else (on a signal stack, or in a stack overflow)
/// on one of its own: DWARF is not read in a few kilobytes.
pub fn with_room<R>(f: impl FnOnce() -> R) -> R {
    const NEED: usize = 96 << 10;
    const SIZE: usize = 1 << 20;
    static USER: AtomicU32 = AtomicU32::new(0);
    static TOP: Global<usize> = Global::new(0);
    let gp = getg();
    let here = &raw const gp as usize;
    // SAFETY: the current g, and its bounds.
    let lo = if gp.is_null() { 0 } else { unsafe { (*gp).stack.lo } };
    // SAFETY: as above.
    let hi = if gp.is_null() { 0 } else { unsafe { (*gp).stack.hi } };
    if !(lo <= here && here < hi) || here - lo >= NEED {
        return f();
    }
    let Some(_l) = Reentrant::lock(&USER) else { return f() };
    // SAFETY: the lock is held.
    let top = unsafe { &mut *TOP.get() };
    if *top == 0 {
        // SAFETY: fresh memory, kept for good.
        let p = unsafe {
            libc::mmap(
                core::ptr::null_mut(),
                SIZE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if p == libc::MAP_FAILED {
            return f();
        }
        *top = p as usize + SIZE;
    }
    struct Call<F, R> {
        f: Option<F>,
        r: Option<R>,
    }
    unsafe extern "C" fn run<F: FnOnce() -> R, R>(arg: *mut c_void) {
        // SAFETY: the `Call` below, which waits.
        let c = unsafe { &mut *arg.cast::<Call<F, R>>() };
        if let Some(f) = c.f.take() {
            c.r = Some(f());
        }
    }
    fn entry<F: FnOnce() -> R, R>(_: &Call<F, R>) -> unsafe extern "C" fn(*mut c_void) {
        run::<F, R>
    }
    let mut c = Call { f: Some(f), r: None };
    let code = entry(&c);
    // SAFETY: `run` matches `c`; a panic in it aborts, as it is `extern "C"`.
    unsafe { gort_asm::call_on_stack(code, (&raw mut c).cast(), *top) };
    match c.r {
        Some(r) => r,
        // run sets it.
        None => unreachable!(),
    }
}

/// Whether this thread is symbolising right now.
pub fn symbolizing() -> bool {
    OWNER.load(Ordering::Relaxed) == gort_os_linux::gettid()
}
