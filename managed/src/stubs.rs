//! The ways out of managed code, and the tables that they have as any managed function has.

use crate::{leaf, step};
use gort_asm::managed_stubs;
use gort_symtab::{
    FUNC_FLAG_ASM, FUNC_FLAG_NOSPLIT, FUNC_FLAG_SP_WRITE, FUNC_FLAG_TOP_FRAME, FuncID, Function,
    ModuleBuilder, register,
};
use std::sync::Once;

/// Registers the stubs' tables, once.
pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tables = module().build(managed_stubs().text);
        // SAFETY: what the assembler made of the stubs, and says of them.
        if let Err(e) = tables.and_then(|t| unsafe { register(t.leak()) }) {
            gort_runtime2::linkname::throw(&format!("the stubs of managed code: {e}"));
        }
    });
}

/// The stubs as a module: see the table in asm/src/managed_amd64.rs.
fn module() -> ModuleBuilder {
    let s = managed_stubs();
    let at = |a: usize| (a - s.text) as u32;
    let mut m = ModuleBuilder::new("runtime");
    let mut add = |name: &str, from: usize, to: usize, id: FuncID, more: &dyn Fn(&mut Function)| {
        let mut f = Function::new(name, at(from), at(to));
        f.func_id(id).flag(FUNC_FLAG_ASM | FUNC_FLAG_NOSPLIT).unsafe_range(0, at(to) - at(from));
        more(&mut f);
        m.add(f);
    };
    let (none, id) = (|_: &mut Function| (), FuncID::NORMAL);
    // These go to g0 and do not come back.
    let away = |f: &mut Function| {
        f.flag(FUNC_FLAG_SP_WRITE);
    };
    add("runtime.morestack_noctxt", s.morestack_noctxt, s.morestack, FuncID::MORESTACK, &away);
    add("runtime.morestack", s.morestack, s.mcall, FuncID::MORESTACK, &away);
    add("runtime.mcall", s.mcall, s.leaf, FuncID::MCALL, &away);
    add("runtime.asmcgocall", s.leaf, s.step, FuncID::ASMCGOCALL, &none);
    // The block is where arguments are: fn, phase, four pointers, four words.
    add("runtime.step", s.step, s.entry, id, &|f| {
        f.args(80, &[16, 24, 32, 40]);
    });
    let [pushed, frame, called, left, pop, popped, more] = s.entry_places;
    add("runtime.entry", s.entry, s.goexit, id, &|f| {
        f.args(8, &[]).pcsp(&[(pushed, 8), (frame, 88), (pop, 8), (popped, 0)]);
        f.stack_map(called, &[], &[]).stack_map(left, &[], &[]).stack_map(more, &[], &[]);
    });
    add("runtime.goexit", s.goexit, s.etext, FuncID::GOEXIT, &|f| {
        f.flag(FUNC_FLAG_TOP_FRAME);
    });
    m
}

/// The address of what managed code calls, or gives to a stub, by its name in docs/managed-abi.md.
/// `None`: there is none of that name.
///
/// ```
/// assert!(gort::managed::stub("gort_m_morestack_noctxt").is_some());
/// assert_eq!(gort::managed::stub("no such"), None);
/// ```
pub fn stub(name: &str) -> Option<usize> {
    let s = managed_stubs();
    Some(match name {
        "gort_m_morestack" => s.morestack,
        "gort_m_morestack_noctxt" => s.morestack_noctxt,
        "gort_m_mcall" => s.mcall,
        "gort_m_leaf" => s.leaf,
        "gort_m_step" => s.step,
        _ => leaf::ALL.iter().chain(step::ALL).find(|l| l.0 == name)?.1 as usize,
    })
}
