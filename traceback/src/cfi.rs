//! One step of unwinding: a row of call frame information (`.eh_frame`, read with gimli) applied to
//! sixteen registers.
//!
//! All registers are followed, not only sp and the frame pointer: the loader's lazy binding keeps
//! its frame's address in rbx, gcc that of realigned frames in memory, and signal trampolines say
//! where each register is by an expression. Nothing here allocates or takes a lock.

use addr2line::gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameHdr, EndianSlice, Error, Evaluation, EvaluationResult,
    EvaluationStorage, Expression, LittleEndian, Location, Piece, Reader, Register, RegisterRule,
    UnwindContext, UnwindExpression, UnwindSection, Value,
};

type Slice = EndianSlice<'static, LittleEndian>;

/// DWARF's numbers of registers.
const RBX: usize = 3;
const RBP: usize = 6;
const RSP: usize = 7;
const PC: usize = 16;
/// What a function preserves, and the return address: what a row says of others is only of interest
/// to signal frames.
const PRESERVED: [usize; 7] = [RBX, RBP, 12, 13, 14, 15, PC];
const NAMES: [&str; 17] = [
    "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13",
    "r14", "r15", "rip",
];

/// The registers of a frame, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Regs {
    values: [usize; 17],
    known: u32,
}

impl Regs {
    /// With nothing known but these three.
    pub fn new(pc: usize, sp: usize, bp: usize) -> Self {
        let mut r = Self::default();
        r.set(PC, Some(pc));
        r.set(RSP, Some(sp));
        r.set(RBP, Some(bp));
        r
    }

    /// All of them: rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 to r15, rip, which is DWARF's order.
    pub fn all(values: [usize; 17]) -> Self {
        Self { values, known: (1 << 17) - 1 }
    }

    /// Where the frame is.
    pub fn pc(&self) -> usize {
        self.values[PC]
    }

    /// The stack pointer there.
    pub fn sp(&self) -> usize {
        self.values[RSP]
    }

    /// The register rbp there; 0 if unknown.
    pub fn bp(&self) -> usize {
        self.values[RBP]
    }

    /// The same with another place, on the way from one stack to another.
    pub(crate) fn moved(mut self, pc: usize, sp: usize, bp: usize) -> Self {
        self.set(PC, Some(pc));
        self.set(RSP, Some(sp));
        self.set(RBP, Some(bp));
        self
    }

    fn get(&self, i: usize) -> Result<usize, Stop> {
        if i < 17 && self.known & 1 << i != 0 { Ok(self.values[i]) } else { Err(Stop::Register(i)) }
    }

    fn set(&mut self, i: usize, v: Option<usize>) {
        self.values[i] = v.unwrap_or(0);
        self.known = self.known & !(1 << i) | u32::from(v.is_some()) << i;
    }
}

/// Why a walk cannot go on although the stack has not come to its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The place belongs to no code that is known, and there is no frame pointer.
    Unknown,
    /// There is no call frame information, and the frame pointer leads nowhere.
    NoTable,
    /// The call frame information is damaged, or uses what this unwinder does not have.
    Table,
    /// It needs a register (DWARF's number) whose value is not known.
    Register(usize),
    /// The stack cannot be read at this address.
    Memory(usize),
    /// The caller's frame would lie below this one.
    Backwards,
    /// The return address is 0, but the goroutine's root has not been reached.
    Zero,
    /// The tables are in use, by this very thread (a fault in the middle of an unwinding) or by one
    /// that waits for it.
    Busy,
}

impl Stop {
    /// Calls `print` with the pieces of a text that says it.
    pub(crate) fn say(self, print: &dyn Fn(&str, Option<usize>)) {
        match self {
            Self::Unknown => {
                print("no module of the program is there, and the frame pointer is 0", None)
            }
            Self::NoTable => {
                print("there is no call frame information, and rbp is no frame pointer", None)
            }
            Self::Table => print("its call frame information cannot be evaluated", None),
            Self::Register(i) => {
                print("its call frame information needs the register ", None);
                print(NAMES.get(i).unwrap_or(&"?"), None);
                print(", which is not known", None);
            }
            Self::Memory(at) => print("the stack cannot be read at ", Some(at)),
            Self::Backwards => print("the caller's frame would be below", None),
            Self::Zero => {
                print("the return address is 0, which is not the root of a goroutine", None)
            }
            Self::Busy => print("the tables are in use", None),
        }
    }
}

/// The caller's frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Its registers; pc 0: there is none.
    pub regs: Regs,
    /// Its pc is where it was interrupted, not a return address.
    pub exact: bool,
    /// The table says that this is the root.
    pub root: bool,
    /// Found without a table, by the frame pointer: there may be frames between.
    pub guessed: bool,
}

/// A row that is made of offsets only, as nearly all are.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    cfa_register: u8,
    signal: bool,
    root: bool,
    cfa_offset: i32,
    /// Of `PRESERVED`: where they are, from the CFA.
    saved: [i32; 7],
}
impl Rule {
    pub(crate) fn plain(&self) -> crate::modules::PlainRow {
        crate::modules::PlainRow {
            cfa_register: self.cfa_register,
            cfa_offset: self.cfa_offset,
            bp: self.saved[1],
            pc: self.saved[6],
            signal: self.signal,
            root: self.root,
        }
    }
}

pub(crate) const SAME: i32 = i32::MIN;
pub(crate) const LOST: i32 = i32::MAX;

/// The tables of a module, as they are in memory.
#[derive(Clone, Copy)]
pub(crate) struct Tables {
    pub eh_frame_hdr: &'static [u8],
    pub eh_frame_hdr_at: usize,
    pub eh_frame: &'static [u8],
    pub eh_frame_at: usize,
}

impl Tables {
    pub(crate) const NONE: Self =
        Self { eh_frame_hdr: &[], eh_frame_hdr_at: 0, eh_frame: &[], eh_frame_at: 0 };

    fn bases(&self) -> BaseAddresses {
        BaseAddresses::default()
            .set_eh_frame(self.eh_frame_at as u64)
            .set_eh_frame_hdr(self.eh_frame_hdr_at as u64)
    }

    /// Where the header says that `.eh_frame` is.
    pub(crate) fn eh_frame_of(hdr: &'static [u8], at: usize) -> Option<usize> {
        let bases = BaseAddresses::default().set_eh_frame_hdr(at as u64);
        let h = EhFrameHdr::new(hdr, LittleEndian).parse(&bases, 8).ok()?;
        h.eh_frame_ptr().direct().ok().map(|p| p as usize)
    }
}

/// Memory that gimli needs while it reads a row.
pub(crate) type Context = UnwindContext<usize>;

/// Reads one word of the stack.
pub(crate) type Read<'a> = &'a dyn Fn(usize) -> Option<usize>;

struct OnStack;

impl<R: Reader> EvaluationStorage<R> for OnStack {
    type Stack = [Value; 64];
    type ExpressionStack = [(R, R); 4];
    type Result = [Piece<R>; 1];
}

/// What there is for a place.
pub(crate) enum Found {
    /// A row that may be kept, to be applied with [`apply`].
    Rule(Rule),
    /// The caller, by a row that only gimli can evaluate.
    Step(Step),
    /// No row.
    Nothing,
}

/// Looks for the row of `at` (inside of the instruction in question) and, if it is an unusual one,
/// applies it.
pub(crate) fn find(
    t: &Tables,
    ctx: &mut Context,
    at: usize,
    regs: &Regs,
    read: Read,
) -> Result<Found, Stop> {
    if t.eh_frame.is_empty() {
        return Ok(Found::Nothing);
    }
    let bases = t.bases();
    let frame = EhFrame::new(t.eh_frame, LittleEndian);
    let hdr =
        EhFrameHdr::new(t.eh_frame_hdr, LittleEndian).parse(&bases, 8).map_err(|_| Stop::Table)?;
    let fde = match hdr.table() {
        Some(table) => table.fde_for_address(&frame, &bases, at as u64, EhFrame::cie_from_offset),
        // The linker may leave the table out, after sections that it could not understand.
        None => frame.fde_for_address(&bases, at as u64, EhFrame::cie_from_offset),
    };
    let fde = match fde {
        Ok(f) => f,
        Err(Error::NoUnwindInfoForAddress) => return Ok(Found::Nothing),
        Err(_) => return Err(Stop::Table),
    };
    let signal = fde.is_signal_trampoline();
    let encoding = fde.cie().encoding();
    let row =
        fde.unwind_info_for_address(&frame, &bases, ctx, at as u64).map_err(|_| Stop::Table)?;

    let mut rule = Rule { cfa_register: 0, signal, root: false, cfa_offset: 0, saved: [SAME; 7] };
    let mut plain = true;
    match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => {
            rule.cfa_register = u8::try_from(register.0).map_err(|_| Stop::Table)?;
            rule.cfa_offset = i32::try_from(*offset).map_err(|_| Stop::Table)?;
        }
        CfaRule::Expression(_) => plain = false,
    }
    for &(register, ref r) in row.registers() {
        let preserved = PRESERVED.iter().position(|&p| p == usize::from(register.0));
        match (preserved, r) {
            (Some(i), RegisterRule::Undefined) => rule.saved[i] = LOST,
            (Some(_), RegisterRule::SameValue) | (None, RegisterRule::Undefined) => {}
            (Some(i), RegisterRule::Offset(o)) if i32::try_from(*o).is_ok() => {
                rule.saved[i] = *o as i32
            }
            // Vector registers and flags.
            (None, _) if register.0 > 16 => {}
            _ => plain = false,
        }
    }
    // No return address: the root.
    rule.root = matches!(rule.saved[6], LOST) || row.register(Register(16)).is_none();
    if plain || rule.root {
        return Ok(Found::Rule(rule));
    }

    let value = |e: &UnwindExpression<usize>, cfa: Option<usize>| -> Result<usize, Stop> {
        evaluate(e.get(&frame).map_err(|_| Stop::Table)?, encoding, regs, cfa, read)
    };
    let load = |at: usize| read(at).ok_or(Stop::Memory(at));
    let cfa = match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => {
            regs.get(usize::from(register.0))?.wrapping_add_signed(*offset as isize)
        }
        CfaRule::Expression(e) => value(e, None)?,
    };
    // What a function need not preserve is lost, unless the row says where it is.
    let mut up = Regs::default();
    for i in PRESERVED {
        up.set(i, regs.get(i).ok());
    }
    up.set(RSP, Some(cfa));
    for &(register, ref r) in row.registers() {
        let i = usize::from(register.0);
        if i > 16 {
            continue;
        }
        let v = match r {
            RegisterRule::Undefined => None,
            RegisterRule::SameValue => regs.get(i).ok(),
            RegisterRule::Offset(o) => read(cfa.wrapping_add_signed(*o as isize)),
            RegisterRule::ValOffset(o) => Some(cfa.wrapping_add_signed(*o as isize)),
            RegisterRule::Register(r) => regs.get(usize::from(r.0)).ok(),
            RegisterRule::Expression(e) => value(e, Some(cfa)).and_then(load).ok(),
            RegisterRule::ValExpression(e) => value(e, Some(cfa)).ok(),
            _ => None,
        };
        if i == PC && v.is_none() {
            return Err(Stop::Memory(cfa.wrapping_sub(8)));
        }
        up.set(i, v);
    }
    Ok(Found::Step(Step { regs: up, exact: signal, root: false, guessed: false }))
}

/// Applies a row.
pub(crate) fn apply(rule: &Rule, regs: &Regs, read: Read) -> Result<Step, Stop> {
    if rule.root {
        return Ok(Step { root: true, ..Step::default() });
    }
    let cfa =
        regs.get(usize::from(rule.cfa_register))?.wrapping_add_signed(rule.cfa_offset as isize);
    let mut up = Regs::default();
    up.set(RSP, Some(cfa));
    for (i, o) in PRESERVED.into_iter().zip(rule.saved) {
        let v = match o {
            SAME => regs.get(i).ok(),
            LOST => None,
            _ => read(cfa.wrapping_add_signed(o as isize)),
        };
        if i == PC && v.is_none() {
            return Err(Stop::Memory(cfa.wrapping_add_signed(o as isize)));
        }
        up.set(i, v);
    }
    Ok(Step { regs: up, exact: rule.signal, root: false, guessed: false })
}

fn evaluate(
    e: Expression<Slice>,
    encoding: addr2line::gimli::Encoding,
    regs: &Regs,
    cfa: Option<usize>,
    read: Read,
) -> Result<usize, Stop> {
    let mut eval = Evaluation::<Slice, OnStack>::new_in(e.0, encoding);
    eval.set_max_iterations(1000);
    if let Some(cfa) = cfa {
        eval.set_initial_value(cfa as u64);
    }
    let mut r = eval.evaluate().map_err(|_| Stop::Table)?;
    loop {
        r = match r {
            EvaluationResult::Complete => break,
            EvaluationResult::RequiresRegister { register, .. } => {
                let v = regs.get(usize::from(register.0))?;
                eval.resume_with_register(Value::Generic(v as u64)).map_err(|_| Stop::Table)?
            }
            EvaluationResult::RequiresMemory { address, size, space: None, .. } => {
                let mut v = read(address as usize).ok_or(Stop::Memory(address as usize))?;
                if size < 8 {
                    v &= (1 << (8 * size)) - 1;
                }
                eval.resume_with_memory(Value::Generic(v as u64)).map_err(|_| Stop::Table)?
            }
            _ => return Err(Stop::Table),
        };
    }
    match eval.as_result().last().map(|p| &p.location) {
        Some(Location::Address { address }) => Ok(*address as usize),
        _ => Err(Stop::Table),
    }
}
