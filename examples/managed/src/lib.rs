//! The smallest compiler whose code runs on stacks that move. docs/managed-abi.md explains what it
//! does, step by step.
//!
//! The language has numbers and references to variables, and nothing to loop with but recursion:
//!
//! ```text
//! fn deep(n, ref up) = if n then *up + deep(n - 1, &n) else 0
//! fn main(n) = deep(n, &n)
//! ```
//!
//! `&x` is the address of a variable, so of a word of the stack: when the stack moves, every copy
//! of it must be found and changed. That is what the compiler tells the runtime: which words of a
//! frame have such addresses, at each call.

mod parse;

use gort::managed::{self, FileId, Function, ModuleBuilder, Text, stub};
use iced_x86::code_asm::*;
use iced_x86::{BlockEncoderOptions, IcedError};
pub use parse::{Error, Expr, Fun, parse};

/// A function's arguments come in these. It may change all of them, and does: so nothing lives in a
/// register across a call.
const ARGUMENTS: [AsmRegister64; 6] = [rax, rbx, rcx, rdi, rsi, r8];
/// Each function keeps the lowest words of its frame free: whom it calls may store its arguments
/// there, before it asks for more stack.
const SPILL: i32 = 8 * ARGUMENTS.len() as i32;
/// A frame this large may go beyond the guard without being counted.
const SMALL: i32 = 128;

/// Where things are in a function's code, for its tables. Labels become addresses when all code is
/// there.
struct Places {
    entry: CodeLabel,
    saved: CodeLabel,
    framed: CodeLabel,
    unframed: CodeLabel,
    restored: CodeLabel,
    more: CodeLabel,
    more_back: CodeLabel,
    /// Each call: where it returns to, and which words of the frame have references then.
    calls: Vec<(CodeLabel, Vec<i32>)>,
    frame: i32,
}

/// The function that is being compiled.
struct Compiler<'a> {
    a: &'a mut CodeAssembler,
    entries: &'a [CodeLabel],
    funs: &'a [Fun],
    fun: &'a Fun,
    calls: Vec<(CodeLabel, Vec<i32>)>,
    /// The words of the frame that have references now.
    live: Vec<i32>,
}

/// A variable's or an intermediate value's word of the frame, from rbp: the first is right below
/// the saved rbp.
fn word(slot: usize) -> i32 {
    -8 * (slot as i32 + 1)
}

impl Compiler<'_> {
    /// Code that leaves the value of `e` in rax. Words from `free` on may be used for what is
    /// computed on the way.
    fn expr(&mut self, e: &Expr, free: usize) -> Result<(), IcedError> {
        match e {
            Expr::Number(n) => self.a.mov(rax, *n)?,
            Expr::Variable(v) => self.a.mov(rax, qword_ptr(rbp + word(*v)))?,
            Expr::Address(v) => self.a.lea(rax, qword_ptr(rbp + word(*v)))?,
            Expr::Follow(v) => {
                self.a.mov(rax, qword_ptr(rbp + word(*v)))?;
                self.a.mov(rax, qword_ptr(rax))?;
            }
            Expr::Operation(op, l, r) => {
                // The left value waits in the frame: the right one may call, and change every
                // register.
                self.expr(l, free)?;
                self.a.mov(qword_ptr(rbp + word(free)), rax)?;
                self.expr(r, free + 1)?;
                self.a.mov(rcx, rax)?;
                self.a.mov(rax, qword_ptr(rbp + word(free)))?;
                match op {
                    '+' => self.a.add(rax, rcx)?,
                    '-' => self.a.sub(rax, rcx)?,
                    _ => self.a.imul_2(rax, rcx)?,
                }
            }
            Expr::If(c, yes, no) => {
                let (mut other, mut end) = (self.a.create_label(), self.a.create_label());
                self.expr(c, free)?;
                self.a.test(rax, rax)?;
                self.a.je(other)?;
                self.expr(yes, free)?;
                self.a.jmp(end)?;
                self.a.set_label(&mut other)?;
                self.a.nop()?;
                self.expr(no, free)?;
                self.a.set_label(&mut end)?;
                self.a.nop()?; // two labels cannot stand at one instruction
            }
            Expr::Call(f, args) => {
                let known = self.live.len();
                for (i, arg) in args.iter().enumerate() {
                    self.expr(arg, free + i)?;
                    self.a.mov(qword_ptr(rbp + word(free + i)), rax)?;
                    // A reference waits in the frame, while the next arguments are computed: if
                    // that moves the stack, it has to follow.
                    if self.funs[*f].params[i].is_ref {
                        self.live.push(word(free + i));
                    }
                }
                for (i, register) in ARGUMENTS.iter().enumerate().take(args.len()) {
                    self.a.mov(*register, qword_ptr(rbp + word(free + i)))?;
                }
                // From here on the arguments are the callee's.
                self.live.truncate(known);
                self.a.call(self.entries[*f])?;
                let mut back = self.a.create_label();
                self.a.set_label(&mut back)?;
                self.a.nop()?;
                self.calls.push((back, self.live.clone()));
            }
        }
        Ok(())
    }

    /// Prologue, body, epilogue, and the way to more stack.
    fn function(mut self, mut p: Places) -> Result<Places, IcedError> {
        let frame = p.frame;
        self.a.set_label(&mut p.entry)?;
        // Is there room? The guard is the second word of g, which is in r14; whoever wants the
        // goroutine to give way makes it larger than any address.
        if frame + 8 <= SMALL {
            self.a.cmp(rsp, qword_ptr(r14 + 16))?;
        } else {
            self.a.lea(r12, qword_ptr(rsp - (frame + 8 - SMALL)))?;
            self.a.cmp(r12, qword_ptr(r14 + 16))?;
        }
        self.a.jbe(p.more)?;
        self.a.push(rbp)?;
        self.a.set_label(&mut p.saved)?;
        self.a.mov(rbp, rsp)?;
        self.a.sub(rsp, frame)?;
        self.a.set_label(&mut p.framed)?;
        // Parameters are the first words of the frame. Those that are references have one as long
        // as the function runs.
        for (i, param) in self.fun.params.iter().enumerate() {
            self.a.mov(qword_ptr(rbp + word(i)), ARGUMENTS[i])?;
            if param.is_ref {
                self.live.push(word(i));
            }
        }
        let body = &self.fun.body;
        self.expr(body, self.fun.params.len())?;
        self.a.add(rsp, frame)?;
        self.a.set_label(&mut p.unframed)?;
        self.a.pop(rbp)?;
        self.a.set_label(&mut p.restored)?;
        self.a.ret()?;
        // No room. Arguments go to the caller's spill area, where the runtime finds the references
        // among them, and come back from it.
        self.a.set_label(&mut p.more)?;
        self.a.nop()?;
        for (i, _) in self.fun.params.iter().enumerate() {
            self.a.mov(qword_ptr(rsp + (8 + 8 * i as i32)), ARGUMENTS[i])?;
        }
        self.a.mov(r12, stub("gort_m_morestack_noctxt").unwrap_or(0) as u64)?;
        self.a.call(r12)?;
        self.a.set_label(&mut p.more_back)?;
        self.a.nop()?;
        for (i, _) in self.fun.params.iter().enumerate() {
            self.a.mov(ARGUMENTS[i], qword_ptr(rsp + (8 + 8 * i as i32)))?;
        }
        self.a.jmp(p.entry)?;
        p.calls = self.calls;
        Ok(p)
    }
}

/// How many words an expression needs while it is computed.
fn words(e: &Expr) -> usize {
    match e {
        Expr::Operation(_, l, r) => words(l).max(1 + words(r)),
        Expr::If(c, yes, no) => words(c).max(words(yes)).max(words(no)),
        Expr::Call(_, args) => {
            args.iter().enumerate().map(|(i, a)| i + words(a)).max().unwrap_or(0).max(args.len())
        }
        _ => 0,
    }
}

/// A program that is ready to run.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    main: usize,
    params: usize,
}

impl Program {
    /// Runs it: `main` with these arguments, on a goroutine of its own, whose stack begins with 2
    /// KiB. Arguments that are missing are 0.
    pub fn run(&self, args: &[i64]) -> i64 {
        let args: Vec<u64> =
            (0..self.params).map(|i| args.get(i).copied().unwrap_or(0) as u64).collect();
        // SAFETY: the compiler made this entry, and its tables; it takes so many numbers in
        // registers.
        unsafe { managed::call(self.main, &args)[0] as i64 }
    }
}

/// Compiles a program, and gives its code and its tables to the runtime.
///
/// # Errors
/// What is wrong with the program and where; or what the runtime says of the tables.
pub fn compile(file: &str, source: &str) -> Result<Program, Error> {
    let funs = parse(source)?;
    let internal = |e: &dyn std::fmt::Display| Error { line: 0, what: format!("{e}") };
    let (text, code, m) = assemble(file, &funs).map_err(|e| internal(&e))?;
    let tables = m.build(text.addr()).map_err(|e| internal(&e))?;
    let code = text.finish(&code).map_err(|e| internal(&e))?;
    // SAFETY: the tables are those of this code, and it keeps the rules.
    unsafe { managed::register(tables.leak()) }.map_err(|e| internal(&e))?;
    // `parse` has put `main` first, and the code begins with it.
    Ok(Program { main: code.as_ptr().addr(), params: funs[0].params.len() })
}

/// The code of all functions, and their tables, for the place where the code will be.
fn assemble(
    file: &str,
    funs: &[Fun],
) -> Result<(Text, Vec<u8>, ModuleBuilder), Box<dyn std::error::Error>> {
    let mut a = CodeAssembler::new(64)?;
    let entries: Vec<CodeLabel> = funs.iter().map(|_| a.create_label()).collect();
    let mut places = Vec::new();
    for (fun, entry) in funs.iter().zip(&entries) {
        let mut l = || a.create_label();
        let p = Places {
            entry: *entry,
            saved: l(),
            framed: l(),
            unframed: l(),
            restored: l(),
            more: l(),
            more_back: l(),
            calls: Vec::new(),
            frame: 8 * (fun.params.len() + words(&fun.body)) as i32 + SPILL,
        };
        let c = Compiler {
            a: &mut a,
            entries: &entries,
            funs,
            fun,
            calls: Vec::new(),
            live: Vec::new(),
        };
        places.push(c.function(p)?);
    }
    let text = Text::new(a.instructions().len() * 16)?;
    let base = text.addr() as u64;
    let r = a.assemble_options(base, BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS)?;
    let at = |l: &CodeLabel| r.label_ip(l).map(|ip| (ip - base) as u32);

    let mut m = ModuleBuilder::new(file);
    let file: FileId = m.file(file);
    for (i, (fun, p)) in funs.iter().zip(&places).enumerate() {
        let start = at(&p.entry)?;
        let end =
            places.get(i + 1).map_or(Ok(r.inner.code_buffer.len() as u32), |n| at(&n.entry))?;
        let rel = |l: &CodeLabel| at(l).map(|at| at - start);
        let mut f = Function::new(&format!("main.{}", fun.name), start, end);
        f.line(0, file, fun.line);
        // How far sp is below the return address, from where on.
        f.pcsp(&[
            (rel(&p.saved)?, 8),
            (rel(&p.framed)?, 8 + p.frame),
            (rel(&p.unframed)?, 8),
            (rel(&p.restored)?, 0),
        ]);
        // The spill area, and which of its words are references when the function asks for more
        // stack.
        let refs = fun.params.iter().enumerate().filter(|(_, p)| p.is_ref);
        let spilled: Vec<i32> = refs.map(|(i, _)| 8 * i as i32).collect();
        f.args(8 * fun.params.len() as i32, &spilled);
        f.stack_map(rel(&p.more_back)?, &[], &spilled);
        // The frame, at each call. The offsets count from where rbp is saved, as our words do.
        for (back, live) in &p.calls {
            f.stack_map(rel(back)?, live, &[]);
        }
        // A signal may not switch the goroutine out between the look at the guard and the frame.
        f.unsafe_range(0, rel(&p.saved)?).unsafe_range(rel(&p.more)?, end - start);
        m.add(f);
    }
    Ok((text, r.inner.code_buffer, m))
}
