//! Go's tables read by this crate, and this crate's by Go: `tests/go/symtab`.

mod dump;

use gort_symtab::*;
use gort_tests::{absent, go_command, tests_dir, wait};
use object::{Object, ObjectSection, ObjectSymbol};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Builds one of the programs of `tests/go/symtab`, once for all tests of this process.
fn program(name: &str) -> Option<PathBuf> {
    let Some(go) = go_command() else {
        absent(
            "Go 1.23",
            "Go's own tables are not read, and ours are compared with recorded output only",
        );
        return None;
    };
    static BUILD: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one_at_a_time = BUILD.lock().unwrap_or_else(|e| e.into_inner());
    let exe = std::env::temp_dir().join(format!("gort-symtab-{name}-{}", std::process::id()));
    if !exe.exists() {
        let mut c = Command::new(go);
        c.args(["build", "-ldflags=-checklinkname=0", "-o"]).arg(&exe).arg(format!("./{name}"));
        c.current_dir(tests_dir().join("go/symtab"));
        c.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=mod").env("CGO_ENABLED", "0");
        wait(c, b"", Duration::from_secs(600)).ok();
    }
    Some(exe)
}

fn output(exe: &Path, args: &[&str]) -> String {
    let mut c = Command::new(exe);
    c.args(args);
    wait(c, b"", Duration::from_secs(300)).ok().stdout.clone()
}

/// The first line that differs, as the texts are large.
#[track_caller]
fn same(got: &str, want: &str) {
    let mut function = "";
    for (n, (g, w)) in got.lines().zip(want.lines()).enumerate() {
        assert_eq!(g, w, "line {} in {function}", n + 1);
        if !g.starts_with(' ') {
            function = g;
        }
    }
    assert_eq!(got.lines().count(), want.lines().count());
}

/// The tables of a Go program, from its file. Also what its linker has made for `findfunc`.
fn load(exe: &Path) -> (Moduledata, Vec<u8>) {
    let file: &'static [u8] = std::fs::read(exe).unwrap().leak();
    let elf = object::File::parse(file).unwrap();
    let symbol = |name: &str| elf.symbols().find(|s| s.name() == Ok(name)).unwrap().address();
    let section = |name: &str| {
        let s = elf.section_by_name(name).unwrap();
        // Where the alignment is that of the file's memory.
        let d = s.data().unwrap();
        let mut words = vec![0u64; d.len().div_ceil(8)];
        for (w, c) in words.iter_mut().zip(d.chunks(8)) {
            let mut b = [0; 8];
            b[..c.len()].copy_from_slice(c);
            *w = u64::from_le_bytes(b);
        }
        let words: &'static [u64] = words.leak();
        // SAFETY: the same bytes, which live on.
        let d: &'static [u8] =
            unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), d.len()) };
        (s.address(), d)
    };
    let (pcln, pclntab) = section(".gopclntab");
    assert_eq!(pcln, symbol("runtime.pclntab"));
    let (at, rodata) = section(".rodata");
    assert_eq!(at, symbol("runtime.rodata"));
    let in_rodata = |name: &str| &rodata[(symbol(name) - at) as usize..];
    let m = Moduledata::new(Parts {
        name: "go".into(),
        text: symbol("runtime.text") as usize,
        etext: symbol("runtime.etext") as usize,
        pclntab,
        gofunc: in_rodata("go:func.*"),
        rodata,
    });
    (m.unwrap_or_else(|e| panic!("{e}")), in_rodata("runtime.findfunctab").to_vec())
}

/// Each function of a real Go program, the runtime's included: everything that the tables say of
/// it, at each of its pcs, is what the program says of itself.
#[test]
fn go_tables() {
    let Some(exe) = program("self") else { return };
    let (m, buckets) = load(&exe);
    let want = output(&exe, &[]);
    assert!(
        want.lines().count() > 50_000 && want.contains("\nruntime.newstack "),
        "{}",
        want.len()
    );
    same(&dump::everything(&m), &want);

    // The index over the functions is the linker's.
    let mut own = Vec::new();
    for b in &m.findfunctab {
        own.extend(b.idx.to_le_bytes());
        own.extend(b.subbuckets);
    }
    // The linker's last bucket has as many bytes as there is code for.
    let n = 4 * m.findfunctab.len() + (m.maxpc - m.minpc).div_ceil(256);
    assert_eq!(own[..n], buckets[..n]);
}

/// The same with debug/gosym, which is another reader.
#[test]
fn go_tables_by_gosym() {
    let (Some(exe), Some(gosym)) = (program("self"), program("gosym")) else { return };
    let (m, _) = load(&exe);
    let want = output(&gosym, &[exe.to_str().unwrap()]);
    assert!(want.lines().count() > 40_000);
    same(&dump::lines(&m), &want);
}

/// A module with all that there is.
fn module() -> ModuleBuilder {
    let mut m = ModuleBuilder::new("prime");
    let (a, b) = (m.file("prime.x"), m.file("lib/gcd.x"));
    let mut f = Function::new("main.walk", 0, 0x90);
    f.args(24, &[0, 16]).pcsp(&[(5, 8), (8, 56), (0x60, 8), (0x61, 0), (0x62, 0)]);
    f.line(0, a, 3).line(12, a, 4).line(20, b, 100).line(32, a, 4).line(0x40, a, 300);
    f.stack_map(0x25, &[-8, -24], &[0]).stack_map(0x45, &[-48], &[]).stack_map(0x80, &[], &[0, 16]);
    f.object(-40, 16, &[0]).object(-16, 8, &[0]).object(8, 8, &[]);
    f.unsafe_range(0, 8).unsafe_range(0x62, 0x90).deferreturn(0x50);
    f.inlined("lib.gcd", 99, 18, &[(20, 32)]).inlined("lib.mod", 110, 22, &[(0x38, 0x3c)]);
    m.add(f);
    let mut f = Function::new("main.leaf", 0x90, 0xa0);
    f.line(0, b, 7).flag(FUNC_FLAG_NOSPLIT);
    m.add(f);
    let mut f = Function::new("main.main", 0xa0, 0x2000);
    f.pcsp(&[(8, 8), (12, 1008), (0x1f50, 8), (0x1f51, 0)])
        .line(0, a, 100_000)
        .start_line(99_999)
        .line(0x1000, a, 1);
    f.stack_map(0x30, &[-800, -8], &[]).func_id(FuncID::RUNTIME_MAIN);
    m.add(f);
    let mut f = Function::new("goexit", 0x2000, 0x2010);
    f.flag(FUNC_FLAG_ASM | FUNC_FLAG_TOP_FRAME).func_id(FuncID::GOEXIT);
    m.add(f);
    m
}

/// debug/gosym reads what [`ModuleBuilder`] writes.
#[test]
fn own_tables_by_gosym() {
    let text = 0x7f00_1000;
    let (b, m) = (module().build(text).unwrap(), module().check(text).unwrap());
    let golden = include_str!("gosym.txt");
    same(&dump::lines(&m), golden);
    let Some(gosym) = program("gosym") else { return };
    let path = std::env::temp_dir().join(format!("gort-symtab-{}", std::process::id()));
    std::fs::write(&path, b.pclntab).unwrap();
    let got = output(&gosym, &[path.to_str().unwrap(), &format!("{text:x}")]);
    std::fs::remove_file(path).unwrap();
    same(&got, golden);
}

/// The same tables, everything in them: recorded, and looked through by hand against `module`.
#[test]
fn own_tables() {
    same(&dump::everything(&module().check(0x7f00_1000).unwrap()), include_str!("own.txt"));
}
