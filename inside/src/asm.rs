//! The assembly between Go and Rust, made from the table.
//!
//! *Down*, Go to Rust: a function that has lost its body gets one under Go's own convention
//! (ABIInternal: arguments in AX, BX, CX, DI, SI, R8, R9; g in R14; X15 is zero; nothing is
//! preserved), which moves the words to where System V has them and calls. From a goroutine's own
//! stack, which is small and may be moved, it goes over to g0's first and comes back, as Go's
//! `systemstack` does.
//!
//! *Up*, Rust to Go: `gort_go_NAME` keeps System V's callee-saved registers, and makes g and zero
//! what Go expects.

use crate::shadow::Set;
use crate::table::{On, SWAPS, Swap, UPS, Up, VARS};
use std::fmt::Write as _;

/// Go's registers of arguments and results.
const GO: [&str; 7] = ["AX", "BX", "CX", "DI", "SI", "R8", "R9"];
/// System V's of arguments.
const C: [&str; 6] = ["DI", "SI", "DX", "CX", "R8", "R9"];

/// How the file comes about.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// What is swapped.
    pub swapped: &'a Set,
    /// Count the calls.
    pub count: bool,
    /// Spoil X15 behind Rust, as its compiler may.
    pub poison: bool,
}

/// The assembly file of package runtime.
pub fn file(o: Options<'_>) -> String {
    let mut s = String::from(
        "// Made by gort. The way between Go and gort's Rust.\n\n#include \"textflag.h\"\n#include \"go_asm.h\"\n#include \"go_tls.h\"\n",
    );
    for (i, f) in SWAPS.iter().enumerate().filter(|(_, f)| o.swapped.has(f.name)) {
        down(&mut s, f, o.count.then_some(i), o.poison);
    }
    for f in UPS {
        up(&mut s, f, o.poison);
    }
    // Go's code relies on X15 where it goes on; gogo leaves it alone.
    _ = write!(
        s,
        "\nTEXT gort_go_gogo(SB), NOSPLIT|NOFRAME|TOPFRAME, $0\n{}\tSUBQ $24, SP\n\tMOVQ DI, 0(SP)\n\tXORPS X15, X15\n\tCALL runtime·gogo(SB)\n\tUNDEF\n",
        if o.poison { POISON } else { "" }
    );
    init(&mut s);
    s
}

/// A row of an array of counters.
fn counter(i: usize) -> usize {
    8 * i
}

/// X15 has something in it.
const POISON: &str = "\tPCMPEQL X15, X15\n";

fn down(s: &mut String, f: &Swap, count: Option<usize>, poison: bool) {
    let n = f.args.len();
    _ = writeln!(s, "\nTEXT ·{}<ABIInternal>(SB), NOSPLIT|NOFRAME, $0-0", f.go());
    let mut p = |l: &str| _ = writeln!(s, "\t{l}");
    p("PUSHQ BP");
    p("MOVQ SP, BP");
    if let Some(i) = count {
        p("LOCK");
        p(&format!("INCQ ·gortCounts+{}(SB)", counter(i)));
    }
    // Bools are sure in their lowest byte only.
    for (i, _) in f.args.bytes().enumerate().filter(|(_, a)| *a == b'b') {
        p(&format!("MOVBLZX {r}, {r}", r = GO[i]));
    }
    // From the last to the first, but for the fourth, each target has been a source before it is
    // written.
    let mut order: Vec<usize> = (0..n.min(6)).rev().collect();
    if let (Some(a), Some(b)) =
        (order.iter().position(|&i| i == 3), order.iter().position(|&i| i == 2))
    {
        order.swap(a, b);
    }
    assert!(n <= 7, "{}: too many arguments", f.name);
    if n == 7 {
        p("MOVQ R9, -16(BP)");
    }
    for i in order {
        p(&format!("MOVQ {}, {}", GO[i], C[i]));
    }
    let call = |p: &mut dyn FnMut(&str)| {
        p("ANDQ $~15, SP");
        if f.results > 2 {
            p("SUBQ $64, SP");
            p(&format!("MOVQ SP, {}", C[n]));
        }
        if n == 7 {
            p("SUBQ $16, SP");
            p("MOVQ -16(BP), R10");
            p("MOVQ R10, 0(SP)");
        }
        p(&format!("CALL {}(SB)", f.rust()));
    };
    if f.on == On::Mcall {
        call(&mut p);
        p("UNDEF");
        return;
    }
    p("MOVQ g_m(R14), R10");
    p("MOVQ m_g0(R10), R11");
    p("CMPQ R14, R11");
    p("JEQ direct");
    p("CMPQ R14, m_gsignal(R10)");
    p("JEQ direct");
    // Who walks the goroutine's stack finds systemstack_switch, called by our caller.
    p("MOVQ $runtime·systemstack_switch(SB), R10");
    // What stands there is put back: between entersyscall and the end of the system call it counts.
    p("MOVQ (g_sched+gobuf_pc)(R14), R13");
    p("MOVQ (g_sched+gobuf_sp)(R14), BX");
    p("MOVQ (g_sched+gobuf_bp)(R14), R15");
    p("MOVQ R10, (g_sched+gobuf_pc)(R14)");
    p("LEAQ 8(BP), R10");
    p("MOVQ R10, (g_sched+gobuf_sp)(R14)");
    p("MOVQ 0(BP), R10");
    p("MOVQ R10, (g_sched+gobuf_bp)(R14)");
    p("MOVQ $0, (g_sched+gobuf_ret)(R14)");
    p("MOVQ R14, R12");
    p("get_tls(R10)");
    p("MOVQ R11, g(R10)");
    p("MOVQ (g_sched+gobuf_sp)(R11), SP");
    call(&mut p);
    p("get_tls(R10)");
    p("MOVQ R12, g(R10)");
    p("MOVQ R12, R14");
    // Who waits as forEachP does may be scanned meanwhile, and have another stack now. What is
    // above the return address was copied, and g.sched follows it, as it does for systemstack.
    p("MOVQ (g_sched+gobuf_sp)(R14), R10");
    p("SUBQ $8, R10");
    p("CMPQ R10, BP");
    p("JEQ stayed");
    p("MOVQ (g_sched+gobuf_bp)(R14), R11");
    p("MOVQ R11, 0(R10)");
    p("MOVQ R10, BP");
    // What stood in g.sched is about the old stack, and does not count: a goroutine in a system
    // call keeps its stack.
    p("XORL R13, R13");
    p("XORL BX, BX");
    p("XORL R15, R15");
    _ = writeln!(s, "stayed:");
    let mut p = |l: &str| _ = writeln!(s, "\t{l}");
    p("MOVQ R13, (g_sched+gobuf_pc)(R14)");
    p("MOVQ BX, (g_sched+gobuf_sp)(R14)");
    p("MOVQ R15, (g_sched+gobuf_bp)(R14)");
    if f.results > 2 {
        p("MOVQ SP, R13");
    }
    p("JMP done");
    _ = writeln!(s, "direct:");
    let mut p = |l: &str| _ = writeln!(s, "\t{l}");
    call(&mut p);
    if f.results > 2 {
        p("MOVQ SP, R13");
    }
    _ = writeln!(s, "done:");
    let mut p = |l: &str| _ = writeln!(s, "\t{l}");
    match f.results {
        0 => {}
        // go vet looks for the result.
        1 => p("MOVQ AX, AX"),
        2 => {
            p("MOVQ AX, AX");
            p("MOVQ DX, BX");
        }
        k => (0..k).for_each(|i| p(&format!("MOVQ {}(R13), {}", 8 * i, GO[i]))),
    }
    if poison {
        p(POISON.trim());
    }
    p("XORPS X15, X15");
    p("MOVQ BP, SP");
    p("POPQ BP");
    p("RET");
}

fn up(s: &mut String, f: &Up, poison: bool) {
    _ = writeln!(s, "\nTEXT gort_go_{}(SB), NOSPLIT|NOFRAME|TOPFRAME, $0", f.name);
    let mut p = |l: &str| _ = writeln!(s, "\t{l}");
    if poison {
        p(POISON.trim());
    }
    for r in ["BX", "BP", "R12", "R13", "R14", "R15"] {
        p(&format!("PUSHQ {r}"));
    }
    // Room in which Go's function may keep its arguments.
    p("SUBQ $88, SP");
    for i in [0, 1, 4, 5, 3, 2].into_iter().filter(|&i| i < f.args) {
        p(&format!("MOVQ {}, {}", C[i], GO[i]));
    }
    if f.results > 2 {
        p(&format!("MOVQ {}, 80(SP)", C[f.args]));
    }
    p("get_tls(R10)");
    p("MOVQ g(R10), R14");
    p("XORPS X15, X15");
    let name = if f.go.is_empty() { f.name.to_string() } else { format!("gort_{}", f.name) };
    p(&format!("CALL ·{name}<ABIInternal>(SB)"));
    match f.results {
        0 | 1 => {}
        2 => p("MOVQ BX, DX"),
        k => {
            p("MOVQ 80(SP), R10");
            (0..k).for_each(|i| p(&format!("MOVQ {}, {}(R10)", GO[i], 8 * i)));
        }
    }
    p("ADDQ $88, SP");
    for r in ["R15", "R14", "R13", "R12", "BP", "BX"] {
        p(&format!("POPQ {r}"));
    }
    p("RET");
}

/// The first call, and what has to be known for it.
fn init(s: &mut String) {
    // The linker keeps what is reachable; in external linking it does not look into the object.
    for (i, f) in UPS.iter().enumerate() {
        _ = writeln!(
            s,
            "{}DATA gort_keep<>+{}(SB)/8, $gort_go_{}(SB)",
            if i == 0 { "\n" } else { "" },
            8 * i,
            f.name
        );
    }
    _ = writeln!(s, "DATA gort_keep<>+{}(SB)/8, $gort_go_gogo(SB)", 8 * UPS.len());
    _ = writeln!(s, "GLOBL gort_keep<>(SB), RODATA, ${}", 8 * UPS.len() + 8);
    let fields = gort_runtime2::layout::FIELDS;
    for (i, (t, f, _)) in fields.iter().enumerate() {
        _ = writeln!(
            s,
            "{}DATA gort_fields<>+{}(SB)/4, ${t}_{f}",
            if i == 0 { "\n" } else { "" },
            4 * i
        );
    }
    _ = writeln!(s, "GLOBL gort_fields<>(SB), RODATA, ${}", 4 * fields.len());
    s.push_str(
        "
// func gortInit() int: the number of the first field that is elsewhere in Rust, or -1.
TEXT ·gortInit(SB), NOSPLIT, $16-8
	MOVQ SP, R12
	get_tls(R10)
	MOVQ g(R10), R13
	// For a moment a number that stands nowhere else: so Rust finds where g is.
	MOVQ $0x676f72742d746c73, DI
	MOVQ DI, g(R10)
	LEAQ gort_fields<>(SB), SI
	LEAQ gort_keep<>(SB), DX
	ANDQ $~15, SP
	CALL gort_init(SB)
	MOVQ R12, SP
	get_tls(R10)
	MOVQ R13, g(R10)
	MOVQ R13, R14
	XORPS X15, X15
	MOVQ AX, ret+0(FP)
	RET
",
    );
}

/// The Go file of package runtime.
pub fn go_file(o: Options<'_>, version: &str) -> String {
    let mut s = String::from(
        "// Made by gort. What its Rust calls of Go's by a function, and its start.\n\npackage runtime\n\nimport (\n\t\"internal/abi\"\n\t\"unsafe\"\n)\n",
    );
    // The internal linker applies the object's relocations only in a program that has a dynamic
    // import.
    s.push_str("\n//go:cgo_import_dynamic _ _ \"libc.so.6\"\n//go:cgo_dynamic_linker \"/lib64/ld-linux-x86-64.so.2\"\n\nvar _ = abi.FuncFlagSPWrite\n");
    // An external linker must find what the object names.
    for name in UPS
        .iter()
        .map(|f| format!("gort_go_{}", f.name))
        .chain(["gort_go_gogo".to_string()])
        .chain(VARS.iter().map(|v| format!("runtime.{v}")))
    {
        _ = writeln!(s, "//go:cgo_export_static {name} {name}");
    }
    for f in UPS.iter().filter(|f| !f.go.is_empty()) {
        _ = writeln!(s, "\nfunc gort_{}{}", f.name, f.go.strip_prefix("func").unwrap_or(f.go));
    }
    let names: Vec<_> = SWAPS.iter().filter(|f| o.swapped.has(f.name)).map(|f| f.name).collect();
    _ = write!(
        s,
        "
func gortInit() int

var gortVars [14]unsafe.Pointer

// Functions that Rust hands back to Go, or knows by their addresses.
var (
	gortParkunlockC    = parkunlock_c
	gortMspinning      = mspinning
	gortTemplateThread = templateThread
	gortGoexit         uintptr
)

func gortStart() {{
	gortGoexit = abi.FuncPCABI0(goexit)
	gortVars = [...]unsafe.Pointer{{
		unsafe.Pointer(&trace.enabled), unsafe.Pointer(&trace.shutdown),
		unsafe.Pointer(&debug.dontfreezetheworld), unsafe.Pointer(&debug.asyncpreemptoff),
		unsafe.Pointer(&goroutineProfile.active), unsafe.Pointer(&cgo_yield),
		unsafe.Pointer(&debug.schedtrace), unsafe.Pointer(&debug.scheddetail),
		unsafe.Pointer(&debug.tracebackancestors), unsafe.Pointer(&scavenger.sysmonWake),
		unsafe.Pointer(&gortParkunlockC), unsafe.Pointer(&gortMspinning),
		unsafe.Pointer(&gortTemplateThread), unsafe.Pointer(&gortGoexit),
	}}
	if i := gortInit(); i >= 0 {{
		print(\"gort: the fields of this runtime are elsewhere than those of {version}: \", i, \"\\n\")
		exit(2)
	}}
	if gortDebug() {{
		print(\"gort: inside, {} functions{}\\n\")
	}}
}}

// gortDebug tells whether GODEBUG has gortinside=1.
func gortDebug() bool {{
	const key = \"GODEBUG=\"
	const want = \"gortinside=1\"
	for i := int32(0); ; i++ {{
		p := argv_index(argv, argc+1+i)
		if p == nil {{
			return false
		}}
		s := gostringnocopy(p)
		if len(s) < len(key) || s[:len(key)] != key {{
			continue
		}}
		for j := len(key); j+len(want) <= len(s); j++ {{
			if s[j:j+len(want)] == want && (s[j-1] == '=' || s[j-1] == ',') {{
				return true
			}}
		}}
		return false
	}}
}}
",
        names.len(),
        if o.count { ", counted" } else { "" }
    );
    if o.count {
        _ = write!(
            s,
            "
var gortCounts [{}]uint64

var gortNames = [...]string{{{}}}

func gortReport() {{
	if !gortDebug() {{
		return
	}}
	for i, n := range gortNames {{
		if n != \"\" {{
			print(\"gort: \", gortCounts[i], \" \", n, \"\\n\")
		}}
	}}
}}
",
            SWAPS.len(),
            SWAPS
                .iter()
                .map(|f| if o.swapped.has(f.name) {
                    format!("\"{}\"", f.name)
                } else {
                    "\"\"".into()
                })
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    s
}
