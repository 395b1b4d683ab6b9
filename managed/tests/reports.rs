//! What the runtime says of managed code: the limit of a stack, tracebacks, bad calls; and what it
//! refuses.

use gort::managed::{self, FileId, Function, ModuleBuilder, Text, stub};
use gort_tests::in_child;
use iced_x86::BlockEncoderOptions;
use iced_x86::code_asm::*;

/// Code of functions with frames of 32 bytes, one behind the other. Each begins with a prologue and
/// ends with an epilogue; what is between is the caller's, which names the places where its calls
/// return to.
struct Maker {
    a: CodeAssembler,
    functions: Vec<(String, CodeLabel, [CodeLabel; 5], Vec<CodeLabel>)>,
}

impl Maker {
    fn new() -> Self {
        Self { a: CodeAssembler::new(64).unwrap(), functions: Vec::new() }
    }

    /// A function `name`, to be called at `entry`.
    fn function(
        &mut self,
        name: &str,
        entry: &mut CodeLabel,
        body: impl FnOnce(&mut CodeAssembler, &mut Vec<CodeLabel>),
    ) {
        let a = &mut self.a;
        let mut l = [(); 5].map(|()| a.create_label());
        let mut more = a.create_label();
        let mut calls = Vec::new();
        a.set_label(entry).unwrap();
        a.cmp(rsp, qword_ptr(r14 + 16)).unwrap();
        a.jbe(more).unwrap();
        a.push(rbp).unwrap();
        a.set_label(&mut l[0]).unwrap();
        a.mov(rbp, rsp).unwrap();
        a.sub(rsp, 32).unwrap();
        a.set_label(&mut l[1]).unwrap();
        body(a, &mut calls);
        a.add(rsp, 32).unwrap();
        a.set_label(&mut l[2]).unwrap();
        a.pop(rbp).unwrap();
        a.set_label(&mut l[3]).unwrap();
        a.ret().unwrap();
        a.set_label(&mut more).unwrap();
        a.mov(qword_ptr(rsp + 8), rax).unwrap();
        a.mov(r12, stub("gort_m_morestack_noctxt").unwrap() as u64).unwrap();
        a.call(r12).unwrap();
        a.set_label(&mut l[4]).unwrap();
        a.mov(rax, qword_ptr(rsp + 8)).unwrap();
        a.jmp(*entry).unwrap();
        self.functions.push((name.into(), *entry, l, calls));
    }

    /// Registers all; where the first one is.
    fn finish(mut self, name: &str) -> usize {
        self.a.nop().unwrap();
        let text = Text::new(1 << 16).unwrap();
        let base = text.addr();
        let r = self
            .a
            .assemble_options(base as u64, BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS)
            .unwrap();
        let at = |l: &CodeLabel| r.label_ip(l).unwrap() as usize - base;
        let mut m = ModuleBuilder::new(name);
        let file: FileId = m.file(&format!("{name}.x"));
        let code = &r.inner.code_buffer;
        for (i, (fname, entry, l, calls)) in self.functions.iter().enumerate() {
            let start = at(entry);
            let end = self.functions.get(i + 1).map_or(code.len(), |f| at(&f.1));
            let rel = |l: &CodeLabel| (at(l) - start) as u32;
            let mut f = Function::new(fname, start as u32, end as u32);
            f.args(8, &[]).line(0, file, 10 * (i as i32 + 1));
            f.pcsp(&[(rel(&l[0]), 8), (rel(&l[1]), 40), (rel(&l[2]), 8), (rel(&l[3]), 0)]);
            for (n, c) in calls.iter().enumerate() {
                f.stack_map(rel(c), &[], &[]).line(rel(c), file, 10 * (i as i32 + 1) + n as i32 + 1);
            }
            f.stack_map(rel(&l[4]), &[], &[]);
            m.add(f);
        }
        text.finish(code).unwrap();
        // SAFETY: the tables are those of the code.
        unsafe { managed::register(m.build(base).unwrap().leak()) }.unwrap();
        base
    }
}

/// Calls `f` and notes where that returns to.
fn call(a: &mut CodeAssembler, calls: &mut Vec<CodeLabel>, f: CodeLabel) {
    a.call(f).unwrap();
    let mut back = a.create_label();
    a.set_label(&mut back).unwrap();
    a.nop().unwrap();
    calls.push(back);
}

/// Calls a stub with `what` in rax.
fn out(a: &mut CodeAssembler, calls: &mut Vec<CodeLabel>, by: &str, what: usize) {
    a.mov(rax, what as u64).unwrap();
    a.mov(r12, stub(by).unwrap() as u64).unwrap();
    a.call(r12).unwrap();
    let mut back = a.create_label();
    a.set_label(&mut back).unwrap();
    a.nop().unwrap();
    calls.push(back);
}

/// `deep` calls itself for ever.
fn endless() -> usize {
    let mut m = Maker::new();
    let mut deep = m.a.create_label();
    let to = deep;
    m.function("main.deep", &mut deep, |a, calls| call(a, calls, to));
    m.finish("endless")
}

/// Go's report, at Go's limit.
#[test]
fn overflow_at_the_limit() {
    let out = in_child!(|| {
        gort_stack::MAXSTACKSIZE.set(1 << 20);
        // SAFETY: a managed function.
        unsafe { managed::call(endless(), &[]) };
    });
    out.exited(2)
        .stderr_has("runtime: goroutine stack exceeds 1048576-byte limit\n")
        .stderr_has("runtime: sp=0x")
        .stderr_has("fatal error: stack overflow\n\nruntime stack:\n")
        .stderr_has("[running]:\nmain.deep(...)\n\tendless.x:")
        .stderr_has("frames elided...\n");
}

/// A goroutine that gives way and one that faults are shown with their names and lines.
#[test]
fn names_and_lines() {
    let out = in_child!(|| {
        let mut m = Maker::new();
        let (mut top, mut mid, mut low) = (m.a.create_label(), m.a.create_label(), m.a.create_label());
        let (tm, tl) = (mid, low);
        m.function("main.top", &mut top, |a, c| call(a, c, tm));
        m.function("main.mid", &mut mid, |a, c| {
            out(a, c, "gort_m_mcall", stub("gort_m_gosched").unwrap());
            call(a, c, tl);
        });
        m.function("main.low", &mut low, |a, _| {
            a.xor(eax, eax).unwrap();
            a.mov(rax, qword_ptr(rax)).unwrap();
        });
        // SAFETY: a managed function.
        unsafe { managed::call(m.finish("names"), &[]) };
    });
    out.exited(2)
        .stderr_has(
            "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV",
        )
        .stderr_has("[running]:\nmain.low(...)\n\tnames.x:30 +0x")
        .stderr_has("main.mid(...)\n\tnames.x:21 +0x")
        .stderr_has("main.top(...)\n\tnames.x:10 +0x")
        .stderr_has("created by ");
}

/// A leaf that fails is reported with the managed frames that called it.
#[test]
fn fatal_in_a_leaf() {
    extern "C" fn leaf() {
        gort_runtime2::linkname::throw("the leaf has failed");
    }
    let out = in_child!(|| {
        let mut m = Maker::new();
        let mut top = m.a.create_label();
        m.function("main.top", &mut top, |a, c| out(a, c, "gort_m_leaf", leaf as *const () as usize));
        // SAFETY: a managed function.
        unsafe { managed::call(m.finish("failing"), &[]) };
    });
    out.exited(2)
        .stderr_has("fatal error: the leaf has failed\n")
        .stderr_has("main.top(...)\n\tfailing.x:10 +0x");
}

/// Native code gets no stack that moves.
#[test]
fn native_code_is_refused() {
    let out = in_child!(|| gort::go_on(gort::StackKind::Copying, || ()));
    out.exited(2)
        .stderr_has("fatal error: gort: a stack that moves is for managed code: see gort::managed\n");
}
