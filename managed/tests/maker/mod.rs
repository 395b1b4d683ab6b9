//! Managed code by hand: functions, one behind the other, and their tables.

use gort::managed::{self, FileId, Function, ModuleBuilder, Text, stub};
use iced_x86::BlockEncoderOptions;
use iced_x86::code_asm::*;

/// Code of functions with frames of one size, one behind the other. Each begins with a prologue and
/// ends with an epilogue; what is between is the caller's, which names the places where its calls
/// return to.
pub struct Maker {
    pub a: CodeAssembler,
    functions: Vec<(String, CodeLabel, [CodeLabel; 5], Vec<CodeLabel>)>,
    frame: i32,
}

impl Maker {
    /// With frames of so many bytes.
    pub fn new(frame: i32) -> Self {
        Self { a: CodeAssembler::new(64).unwrap(), functions: Vec::new(), frame }
    }

    /// A function `name`, to be called at `entry`.
    pub fn function(
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
        a.sub(rsp, self.frame).unwrap();
        a.set_label(&mut l[1]).unwrap();
        body(a, &mut calls);
        a.add(rsp, self.frame).unwrap();
        a.set_label(&mut l[2]).unwrap();
        a.pop(rbp).unwrap();
        a.set_label(&mut l[3]).unwrap();
        a.ret().unwrap();
        a.set_label(&mut more).unwrap();
        for (i, r) in [rax, rbx, rcx].into_iter().enumerate() {
            a.mov(qword_ptr(rsp + (8 + 8 * i as i32)), r).unwrap();
        }
        a.mov(r12, stub("gort_m_morestack_noctxt").unwrap() as u64).unwrap();
        a.call(r12).unwrap();
        a.set_label(&mut l[4]).unwrap();
        for (i, r) in [rax, rbx, rcx].into_iter().enumerate() {
            a.mov(r, qword_ptr(rsp + (8 + 8 * i as i32))).unwrap();
        }
        a.jmp(*entry).unwrap();
        self.functions.push((name.into(), *entry, l, calls));
    }

    /// Registers all; where the first one is.
    pub fn finish(self, name: &str) -> usize {
        self.finish_all(name)[0]
    }

    /// Registers all; where they are.
    pub fn finish_all(mut self, name: &str) -> Vec<usize> {
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
            f.args(24, &[]).line(0, file, 10 * (i as i32 + 1));
            f.pcsp(&[
                (rel(&l[0]), 8),
                (rel(&l[1]), 8 + self.frame),
                (rel(&l[2]), 8),
                (rel(&l[3]), 0),
            ]);
            for (n, c) in calls.iter().enumerate() {
                f.stack_map(rel(c), &[], &[]).line(
                    rel(c),
                    file,
                    10 * (i as i32 + 1) + n as i32 + 1,
                );
            }
            f.stack_map(rel(&l[4]), &[], &[]);
            m.add(f);
        }
        text.finish(code).unwrap();
        // SAFETY: the tables are those of the code.
        unsafe { managed::register(m.build(base).unwrap().leak()) }.unwrap();
        self.functions.iter().map(|f| base + at(&f.1)).collect()
    }
}

/// Calls `f` and notes where that returns to.
pub fn call(a: &mut CodeAssembler, calls: &mut Vec<CodeLabel>, f: CodeLabel) {
    a.call(f).unwrap();
    let mut back = a.create_label();
    a.set_label(&mut back).unwrap();
    a.nop().unwrap();
    calls.push(back);
}

/// Calls a stub with `what` in rax.
pub fn out(a: &mut CodeAssembler, calls: &mut Vec<CodeLabel>, by: &str, what: usize) {
    a.mov(rax, what as u64).unwrap();
    a.mov(r12, stub(by).unwrap() as u64).unwrap();
    a.call(r12).unwrap();
    let mut back = a.create_label();
    a.set_label(&mut back).unwrap();
    a.nop().unwrap();
    calls.push(back);
}
