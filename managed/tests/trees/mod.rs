//! Random call trees in machine code: functions with frames of all sizes, that pass pointers to
//! their locals down in registers, on the stack, in slots and in objects, write through them, and
//! check what they find there.

use gort::managed::{Function, ModuleBuilder, Text, stub};
use iced_x86::BlockEncoderOptions;
use iced_x86::code_asm::*;
use proptest::prelude::*;

/// A word that has a pointer: to which word of this frame's objects, or which pointer argument.
#[derive(Clone, Copy, Debug)]
pub enum To {
    Object(usize),
    Argument(usize),
    Nil,
}

/// A kind of function.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Words of arguments on the stack, and which are pointers.
    pub args: Vec<bool>,
    /// Words of the one object: even ones are numbers, odd ones pointers if so said.
    pub object: Vec<bool>,
    /// Slots with pointers: each is written before the call of its number, and dead after the one
    /// of the second number.
    pub slots: Vec<(To, usize, usize)>,
    /// Bytes that nobody uses.
    pub filler: usize,
    /// What it calls: the function, and what it passes in its two pointers.
    pub calls: Vec<(usize, To, To)>,
}

pub const REGISTER_ARGS: i32 = 4;

fn to() -> impl Strategy<Value = To> {
    prop_oneof![
        4 => (0usize..64).prop_map(To::Object),
        3 => (0usize..8).prop_map(To::Argument),
        1 => Just(To::Nil),
    ]
}

prop_compose! {
    pub fn kind(functions: usize)(
        args in prop::collection::vec(any::<bool>(), 0..3),
        object in prop::collection::vec(any::<bool>(), 1..7),
        slots in prop::collection::vec((to(), 0usize..3, 0usize..3), 0..5),
        filler in prop_oneof![3 => 0usize..4, 2 => 4usize..30, 1 => 300usize..700, 1 => 3000usize..6000],
        calls in prop::collection::vec((0..functions, to(), to()), 1..4),
    ) -> Kind {
        let slots = slots.into_iter().map(|(t, a, b)| (t, a.min(b), a.max(b))).collect();
        Kind { args, object, slots, filler, calls }
    }
}

pub fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    // The first one is called from outside, where only registers are filled.
    let first = |mut k: Vec<Kind>| {
        k[0].args.clear();
        k
    };
    (1usize..6).prop_flat_map(|n| prop::collection::vec(kind(n), n)).prop_map(first)
}

/// What the tables of the functions are made of, and where the code is.
pub struct Program {
    pub entry: usize,
    pub fuel: *mut i64,
}

/// What prologues do besides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prologue {
    Plain,
    /// Move the stack, always.
    Move,
}

/// A lie of the tables, about the first function.
#[derive(Clone, Copy, Debug)]
pub enum Lie {
    /// A slot with a pointer to the function's object is in no map of that call.
    Slot(usize, usize),
    /// The word that looks like a pointer, and is none, is in the map of that call.
    Scalar(usize),
    /// sp is said to be 8 bytes further down, from that place of the table on.
    Frame(usize),
    /// A spilled argument in a register (1 or 2) is in no map of the call of morestack.
    Spilled(usize),
    /// A word of the object is no pointer.
    Object(usize),
}

/// The lies that matter: such as are about words with pointers into the stack, at calls that are
/// made, and that move the stack.
pub fn lies(k: &Kind) -> Vec<Lie> {
    let mut v = Vec::new();
    for (j, s) in k.slots.iter().enumerate() {
        if let To::Object(_) = s.0 {
            v.extend((s.1..=s.2).filter(|c| *c < k.calls.len()).map(|c| Lie::Slot(j, c)));
        }
    }
    // Later it names a place of an older stack.
    v.extend([Lie::Scalar(0), Lie::Frame(1)]);
    // Words 1, 5 and so on point to the object.
    v.extend(
        k.object_pointers().iter().map(|o| *o as usize / 8).filter(|w| w % 4 == 1).map(Lie::Object),
    );
    // What it calls itself with first: later calls may be too deep to look at it.
    for (callee, p0, p1) in &k.calls[..1] {
        for (i, to) in [p0, p1].into_iter().enumerate() {
            if *callee == 0 && matches!(to, To::Object(_)) {
                v.push(Lie::Spilled(1 + i));
            }
        }
    }
    v
}

/// Where things are in a frame: offsets from rbp, but for the outgoing arguments.
struct Layout {
    object: i32,
    slots: i32,
    sum: i32,
    a: i32,
    b: i32,
    regs: [i32; 4],
    /// Bytes of the frame below rbp.
    size: i32,
    /// Bytes for the arguments of those it calls.
    out: i32,
}

const MAX_ARGS: i32 = 3;

impl Kind {
    fn layout(&self) -> Layout {
        let object = -8 * self.object.len() as i32;
        let slots = object - 8 * self.slots.len() as i32;
        let sum = slots - 8;
        let (a, b) = (sum - 8, sum - 16);
        let regs = [b - 8, b - 16, b - 24, b - 32];
        let out = 8 * (MAX_ARGS + REGISTER_ARGS);
        let size = -regs[3] + 8 * self.filler as i32 + out;
        Layout { object, slots, sum, a, b, regs, size, out }
    }

    /// The pointer arguments: two in registers, which the function has saved, and those on the
    /// stack.
    fn pointer_args(&self, l: &Layout) -> Vec<i32> {
        let mut v = vec![l.regs[1], l.regs[2]];
        // On the stack: above rbp and the return address.
        v.extend(self.args.iter().enumerate().filter(|a| *a.1).map(|a| 16 + 8 * a.0 as i32));
        v
    }

    /// The numbers of the object: its even words.
    fn numbers(&self) -> usize {
        self.object.len().div_ceil(2)
    }

    /// Which words of the object are pointers.
    fn object_pointers(&self) -> Vec<i32> {
        let odd = |i: &usize| i % 2 == 1 && self.object[*i];
        (0..self.object.len()).filter(odd).map(|i| 8 * i as i32).collect()
    }
}

/// Loads the pointer that `t` says into rdx.
fn load(a: &mut CodeAssembler, k: &Kind, l: &Layout, t: To) -> Result<(), IcedError> {
    match t {
        To::Object(i) => a.lea(rdx, qword_ptr(rbp + (l.object + 16 * (i % k.numbers()) as i32))),
        To::Argument(i) => {
            let args = k.pointer_args(l);
            a.mov(rdx, qword_ptr(rbp + args[i % args.len()]))
        }
        To::Nil => a.xor(edx, edx),
    }
}

/// Adds what the pointer in rdx points to, if it is one, to the sum, and changes it.
fn visit(a: &mut CodeAssembler, l: &Layout, by: i32) -> Result<(), IcedError> {
    let mut skip = a.create_label();
    a.test(rdx, rdx)?;
    a.je(skip)?;
    a.mov(r12, qword_ptr(rdx))?;
    a.add(qword_ptr(rbp + l.sum), r12)?;
    a.rol(qword_ptr(rbp + l.sum), 3i32)?;
    a.add(qword_ptr(rdx), by)?;
    a.set_label(&mut skip)?;
    a.nop()
}

/// If rdx is not what `t` says by now, the program ends.
fn verify(a: &mut CodeAssembler, k: &Kind, l: &Layout, slot: i32, t: To) -> Result<(), IcedError> {
    load(a, k, l, t)?;
    let mut good = a.create_label();
    a.cmp(qword_ptr(rbp + slot), rdx)?;
    a.je(good)?;
    a.ud2()?;
    a.set_label(&mut good)?;
    a.nop()
}

/// Writes the module's code and tables, and changes the tables before they are registered if asked
/// to.
pub fn build(
    name: &str,
    kinds: &[Kind],
    how: Prologue,
    lie: Option<Lie>,
) -> (Program, ModuleBuilder, Text, Vec<u8>) {
    try_build(name, kinds, how, lie).unwrap()
}

fn try_build(
    name: &str,
    kinds: &[Kind],
    how: Prologue,
    lie: Option<Lie>,
) -> Result<(Program, ModuleBuilder, Text, Vec<u8>), IcedError> {
    let fuel: *mut i64 = Box::leak(Box::new(0));
    let mut a = CodeAssembler::new(64)?;
    let mut entries: Vec<CodeLabel> = kinds.iter().map(|_| a.create_label()).collect();
    // Places: of each function its end, where sp changes, and its calls.
    struct Places {
        pushed: CodeLabel,
        framed: CodeLabel,
        unframed: CodeLabel,
        popped: CodeLabel,
        more: CodeLabel,
        check_end: CodeLabel,
        more_start: CodeLabel,
        calls: Vec<CodeLabel>,
    }
    let mut places = Vec::new();
    for (i, k) in kinds.iter().enumerate() {
        let l = k.layout();
        let mut p = Places {
            pushed: a.create_label(),
            framed: a.create_label(),
            unframed: a.create_label(),
            popped: a.create_label(),
            more: a.create_label(),
            check_end: a.create_label(),
            more_start: a.create_label(),
            calls: Vec::new(),
        };
        let (mut start, mut again, mut out) =
            (a.create_label(), a.create_label(), a.create_label());
        a.set_label(&mut entries[i])?;
        match how {
            // An instruction has one label only.
            Prologue::Plain => a.nop()?,
            Prologue::Move => a.mov(qword_ptr(r14 + 16), -275i32)?,
        }
        a.set_label(&mut start)?;
        // N is the frame with the saved rbp.
        let n = l.size + 8;
        if n <= 128 {
            a.cmp(rsp, qword_ptr(r14 + 16))?;
        } else if n <= 4096 {
            a.lea(r12, qword_ptr(rsp - (n - 128)))?;
            a.cmp(r12, qword_ptr(r14 + 16))?;
        } else {
            a.mov(r12, rsp)?;
            a.sub(r12, n - 128)?;
            a.jb(p.more_start)?;
            a.cmp(r12, qword_ptr(r14 + 16))?;
        }
        a.jbe(p.more_start)?;
        a.set_label(&mut p.check_end)?;
        a.push(rbp)?;
        a.set_label(&mut p.pushed)?;
        a.mov(rbp, rsp)?;
        a.sub(rsp, l.size)?;
        a.set_label(&mut p.framed)?;
        for (r, at) in [rax, rbx, rcx, rdi].into_iter().zip(l.regs) {
            a.mov(qword_ptr(rbp + at), r)?;
        }
        // Looks like a pointer into the stack, and is none: if one changes, the other does not.
        a.lea(r12, qword_ptr(rsp + 16))?;
        a.mov(qword_ptr(rbp + l.a), r12)?;
        a.not(r12)?;
        a.mov(qword_ptr(rbp + l.b), r12)?;
        a.mov(qword_ptr(rbp + l.sum), rdi)?;
        // Slots that are not written yet look like pointers, too.
        a.not(r12)?;
        for j in 0..k.slots.len() {
            a.mov(qword_ptr(rbp + (l.slots + 8 * j as i32)), r12)?;
        }
        // The object: numbers, and pointers to them or what was passed.
        for w in (0..k.object.len()).step_by(2) {
            a.lea(r12, qword_ptr(rdi + (w as i32 * 1001 + i as i32)))?;
            a.mov(qword_ptr(rbp + (l.object + 8 * w as i32)), r12)?;
        }
        let odd_to = |w: usize| if w % 4 == 1 { To::Object(w / 2) } else { To::Argument(w / 2) };
        for w in (1..k.object.len()).step_by(2) {
            if k.object[w] {
                load(&mut a, k, &l, odd_to(w))?;
            } else {
                a.lea(rdx, qword_ptr(rsp + 8))?;
            }
            a.mov(qword_ptr(rbp + (l.object + 8 * w as i32)), rdx)?;
        }
        // Deep enough?
        a.mov(r12, fuel.addr() as u64)?;
        a.dec(qword_ptr(r12))?;
        a.js(out)?;
        for (c, (callee, p0, p1)) in k.calls.iter().enumerate() {
            let callee_kind = &kinds[*callee];
            for (j, s) in k.slots.iter().enumerate() {
                let at = l.slots + 8 * j as i32;
                if s.1 == c {
                    load(&mut a, k, &l, s.0)?;
                    a.mov(qword_ptr(rbp + at), rdx)?;
                }
            }
            for (j, pointer) in callee_kind.args.iter().enumerate() {
                if *pointer {
                    load(&mut a, k, &l, if j % 2 == 0 { *p1 } else { *p0 })?;
                } else {
                    a.lea(rdx, qword_ptr(rsp + 24))?;
                }
                a.mov(qword_ptr(rsp + 8 * j as i32), rdx)?;
            }
            load(&mut a, k, &l, *p0)?;
            a.mov(rbx, rdx)?;
            load(&mut a, k, &l, *p1)?;
            a.mov(rcx, rdx)?;
            a.mov(rdi, qword_ptr(rbp + l.sum))?;
            a.mov(eax, 7)?;
            a.call(entries[*callee])?;
            let mut back = a.create_label();
            a.set_label(&mut back)?;
            p.calls.push(back);
            a.add(qword_ptr(rbp + l.sum), rax)?;
            // What is live is right, and what it points to as well.
            for (j, s) in k.slots.iter().enumerate() {
                if s.1 <= c && c <= s.2 {
                    let at = l.slots + 8 * j as i32;
                    verify(&mut a, k, &l, at, s.0)?;
                    a.mov(rdx, qword_ptr(rbp + at))?;
                    visit(&mut a, &l, 3 + j as i32)?;
                    if c == s.2 {
                        a.lea(rdx, qword_ptr(rsp + 32))?;
                        a.mov(qword_ptr(rbp + at), rdx)?;
                    }
                }
            }
            for w in (1..k.object.len()).step_by(2).filter(|w| k.object[*w]) {
                let at = l.object + 8 * w as i32;
                verify(&mut a, k, &l, at, odd_to(w))?;
                a.mov(rdx, qword_ptr(rbp + at))?;
                visit(&mut a, &l, 5)?;
            }
            for at in k.pointer_args(&l) {
                a.mov(rdx, qword_ptr(rbp + at))?;
                visit(&mut a, &l, 7)?;
            }
        }
        a.set_label(&mut out)?;
        a.mov(r12, qword_ptr(rbp + l.a))?;
        a.not(r12)?;
        let mut good = a.create_label();
        a.cmp(r12, qword_ptr(rbp + l.b))?;
        a.je(good)?;
        a.ud2()?;
        a.set_label(&mut good)?;
        a.mov(rax, qword_ptr(rbp + l.sum))?;
        a.add(rsp, l.size)?;
        a.set_label(&mut p.unframed)?;
        a.pop(rbp)?;
        a.set_label(&mut p.popped)?;
        a.ret()?;
        a.set_label(&mut p.more_start)?;
        let spill = 8 + 8 * k.args.len() as i32;
        for (j, r) in [rax, rbx, rcx, rdi].into_iter().enumerate() {
            a.mov(qword_ptr(rsp + (spill + 8 * j as i32)), r)?;
        }
        a.mov(r12, stub("gort_m_morestack_noctxt").unwrap() as u64)?;
        a.call(r12)?;
        a.set_label(&mut p.more)?;
        for (j, r) in [rax, rbx, rcx, rdi].into_iter().enumerate() {
            a.mov(r, qword_ptr(rsp + (spill + 8 * j as i32)))?;
        }
        a.jmp(start)?;
        a.set_label(&mut again)?;
        a.nop()?;
        places.push(p);
        let _ = l.out;
    }
    let mut end = a.create_label();
    a.set_label(&mut end)?;
    a.nop()?;

    let text = Text::new(kinds.len() * 65536).unwrap();
    let base = text.addr();
    let r = a.assemble_options(base as u64, BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS)?;
    let code = r.inner.code_buffer.clone();
    let at = |l: &CodeLabel| r.label_ip(l).map(|ip| (ip as usize - base) as u32);
    let mut m = ModuleBuilder::new(name);
    for (i, k) in kinds.iter().enumerate() {
        let (l, p) = (k.layout(), &places[i]);
        let start = at(&entries[i])?;
        let end = if i + 1 < kinds.len() { at(&entries[i + 1])? } else { code.len() as u32 };
        let rel = |l: &CodeLabel| Ok::<u32, IcedError>(at(l)? - start);
        let mut f = Function::new(&format!("{name}.f{i}"), start, end);
        let n = k.args.len() as i32;
        let stack_args: Vec<i32> = (0..n).filter(|j| k.args[*j as usize]).map(|j| 8 * j).collect();
        let lie = lie.filter(|_| i == 0);
        let mut entry_args = stack_args.clone();
        entry_args.extend([8 * (n + 1), 8 * (n + 2)]);
        if let Some(Lie::Spilled(r)) = lie {
            entry_args.retain(|a| *a != 8 * (n + r as i32));
        }
        f.args(8 * (n + REGISTER_ARGS), &entry_args);
        let mut deltas = [
            (rel(&p.pushed)?, 8),
            (rel(&p.framed)?, 8 + l.size),
            (rel(&p.unframed)?, 8),
            (rel(&p.popped)?, 0),
        ];
        if let Some(Lie::Frame(at)) = lie {
            deltas[at].1 += 8;
        }
        f.pcsp(&deltas);
        let mut pointers = k.object_pointers();
        if let Some(Lie::Object(w)) = lie {
            pointers.retain(|p| *p != 8 * w as i32);
        }
        f.object(l.object, 8 * k.object.len() as i32, &pointers);
        for (c, back) in p.calls.iter().enumerate() {
            let mut locals = vec![l.regs[1], l.regs[2]];
            for (j, s) in k.slots.iter().enumerate() {
                if s.1 <= c && c <= s.2 {
                    locals.push(l.slots + 8 * j as i32);
                }
            }
            match lie {
                Some(Lie::Slot(j, at)) if at == c => {
                    locals.retain(|s| *s != l.slots + 8 * j as i32)
                }
                Some(Lie::Scalar(at)) if at == c => locals.push(l.a),
                _ => {}
            }
            f.stack_map(rel(back)?, &locals, &stack_args);
        }
        f.stack_map(rel(&p.more)?, &[], &entry_args);
        f.unsafe_range(0, rel(&p.check_end)?);
        f.unsafe_range(rel(&p.more_start)?, end - start);
        m.add(f);
    }
    Ok((Program { entry: base + at(&entries[0])? as usize, fuel }, m, text, code))
}

/// Runs the program's first function on this very stack, which is large enough and does not move.
///
/// # Safety
/// With enough stack for the program's fuel.
pub unsafe fn run_native(entry: usize, args: [u64; 4]) -> u64 {
    // A g whose guard lets everything pass.
    let g = [0usize; 64];
    let mut ret = args[0];
    // SAFETY: managed code keeps rsp and rbp, which the compiler is told of by not using them here;
    // it looks at g's guard only.
    unsafe {
        core::arch::asm!(
            "push rbx", "push rbp", "mov rbp, rsp", "sub rsp, 128", "and rsp, -16",
            "mov rbx, {b}",
            "call {f}",
            "mov rsp, rbp", "pop rbp", "pop rbx",
            b = in(reg) args[1],
            f = in(reg) entry,
            inout("rax") ret, in("rcx") args[2], in("rdi") args[3],
            in("r14") g.as_ptr(),
            out("rdx") _, lateout("rsi") _, lateout("r8") _, lateout("r9") _, lateout("r10") _, lateout("r11") _,
            out("r12") _, out("r13") _, lateout("r15") _,
        );
    }
    ret
}
