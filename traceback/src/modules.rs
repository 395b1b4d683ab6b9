//! The modules (program and shared libraries) of the process, and one step of unwinding through
//! them.
//!
//! What the function table is to Go, the program headers and `.eh_frame` are here. They are read
//! from memory, as they were loaded: no file is opened.

use crate::cfi::{self, Context, Found, Regs, Rule, Step, Stop, Tables};
use crate::maps::{self, Gap};
use core::ffi::{CStr, c_int, c_void};
use core::sync::atomic::{AtomicU32, Ordering};
use gort_asm::{getg, morestack_frame, switches_stack};
use gort_os_linux::{gettid, nanotime, osyield};
use gort_runtime2::{Global, Stack};
use gort_stack::{guard_size, stack_of};
use std::borrow::Cow;

/// A module as the dynamic loader has mapped it.
#[derive(Clone)]
pub struct Module {
    /// What is added to addresses in the file.
    pub base: usize,
    /// Lowest mapped address.
    pub lo: usize,
    /// One past the highest.
    pub hi: usize,
    /// Executable ranges, and how many there are: if there are too many the last one reaches over
    /// several.
    text: [(usize, usize); 4],
    texts: usize,
    /// Where the file is; empty for the program itself.
    pub path: Cow<'static, str>,
    pub(crate) tables: Tables,
    /// What its first bytes are.
    pub(crate) head: Option<u64>,
    /// Where the first segment ends.
    first_end: usize,
    /// The walk in which `head` was last compared.
    seen: u32,
}

struct Modules {
    /// `dlpi_adds + dlpi_subs` when this was made.
    generation: u64,
    /// As the loader tells them.
    list: Vec<Module>,
    /// Found in the process's map of memory, where the loader was not to be asked or knew nothing.
    others: [Option<Module>; OTHERS],
    next_other: usize,
    context: Context,
    /// Rows, by the place that they are for. Emptied when modules come or go.
    rules: Vec<(usize, Option<Rule>)>,
    /// Where there was no module in this walk.
    gaps: [(u32, Gap); 4],
    next_gap: usize,
    /// The number of this walk.
    walk: u32,
}

const OTHERS: usize = 32;
const RULES: usize = 1024;

/// How often the rows that were known have been forgotten.
static REFRESHED: AtomicU32 = AtomicU32::new(0);

/// The number of times that modules have come or gone, as far as is known: rows from before may be
/// wrong.
pub(crate) fn refreshed() -> &'static AtomicU32 {
    &REFRESHED
}

/// What a row says of sp, the frame pointer and the return address.
pub(crate) struct PlainRow {
    pub cfa_register: u8,
    pub cfa_offset: i32,
    pub bp: i32,
    pub pc: i32,
    pub signal: bool,
    pub root: bool,
}

/// The row of `at`, if it is one of offsets only. The loader is not asked.
pub(crate) fn plain_row(at: usize) -> Option<PlainRow> {
    let _l = Reentrant::lock(&OWNER)?;
    // SAFETY: the lock is held.
    unsafe {
        let ms = (*MODULES.get()).as_mut()?;
        let i = ms.list.iter().position(|m| m.has(at))?;
        let tables = ms.list[i].tables;
        match cfi::find(&tables, &mut ms.context, at, &Regs::default(), &|_| None).ok()? {
            Found::Rule(rule) => Some(rule.plain()),
            _ => None,
        }
    }
}

static MODULES: Global<Option<Modules>> = Global::new(None);
/// The thread (its number) that works on `MODULES`.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// A lock that a thread notices to hold already: a fault inside comes back here.
pub(crate) struct Reentrant<'a>(&'a AtomicU32);

/// How long (ns) a signal handler waits for a lock.
const PATIENCE: i64 = 100_000_000;

/// A sample for the profiler (`sigprof`) is not worth much.
fn patience() -> i64 {
    crate::helper::in_handler().map_or(PATIENCE, |mp| {
        // SAFETY: this thread's M.
        if unsafe { (*mp).mallocing } != 0 { PATIENCE / 1000 } else { PATIENCE }
    })
}

impl<'a> Reentrant<'a> {
    /// Takes the lock; `None` if this very thread has it. Also if a signal handler has waited for
    /// too long: whoever has the lock may wait for the interrupted thread, which may be inside of
    /// the loader or the allocator.
    pub(crate) fn lock(owner: &'a AtomicU32) -> Option<Self> {
        let me = thread();
        if owner.load(Ordering::Relaxed) == me {
            return None;
        }
        let mut end = None;
        while owner.compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed).is_err() {
            osyield();
            if crate::helper::in_handler().is_some()
                && nanotime() > *end.get_or_insert_with(|| nanotime() + patience())
            {
                return None;
            }
        }
        Some(Self(owner))
    }
}

/// The number of this thread, without a system call if its M knows it: a deep stack has millions of
/// frames.
fn thread() -> u32 {
    let gp = getg();
    let mut known = 0;
    if !gp.is_null() {
        // SAFETY: the current g and its M, which stay.
        unsafe {
            let mp = (*gp).m;
            if !mp.is_null() {
                known = (*mp).procid.get();
            }
        }
    }
    if known == 0 { gettid() } else { known as u32 }
}

impl Drop for Reentrant<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

/// Reads the table of modules now, so that a traceback in an emergency need not allocate for it;
/// and lets the scheduler walk the stacks of goroutines that create others
/// (`GODEBUG=tracebackancestors`).
pub fn init() {
    static GCALLERS: gort_proc::Gcallers = gcallers;
    gort_proc::set_gcallers(&GCALLERS);
    read();
}

/// For the scheduler: [`crate::gcallers`] of a goroutine that has called `systemstack`.
unsafe fn gcallers(gp: *mut gort_runtime2::G, pcs: *mut usize, n: usize) -> usize {
    // SAFETY: the caller's contract: room for `n`, and `gp` stands still.
    unsafe { crate::gcallers(gp, 0, core::slice::from_raw_parts_mut(pcs, n)) }
}

/// Brings the table up to date.
fn read() {
    if let Some(_l) = Reentrant::lock(&OWNER) {
        // SAFETY: the lock is held.
        unsafe { refresh() };
    }
}

/// The same at the beginning of a walk, if libraries have come or gone since, as another one may
/// lie where one was. Not in a signal handler, where neither the loader's lock may be taken nor
/// memory be allocated: there each module's first bytes are compared when it is first met in a
/// walk, and what is missing is looked for in the process's map of memory.
pub(crate) fn renew() {
    if crate::helper::may_allocate() {
        read();
    }
    if let Some(_l) = Reentrant::lock(&OWNER) {
        // SAFETY: the lock is held.
        if let Some(ms) = unsafe { &mut *MODULES.get() } {
            ms.walk = ms.walk.wrapping_add(1);
        }
    }
}

/// Brings `MODULES` up to date.
///
/// # Safety
/// The caller holds `OWNER`.
unsafe fn refresh() -> &'static mut Modules {
    // SAFETY: the lock makes this the only user of the table; headers and names of loaded modules
    // stay mapped.
    unsafe {
        let slot = &mut *MODULES.get();
        let mut now = 0u64;
        libc::dl_iterate_phdr(Some(generation_of), (&raw mut now).cast());
        match slot {
            Some(m) if m.generation == now => {}
            Some(m) => {
                m.list.clear();
                libc::dl_iterate_phdr(Some(add_module), (&raw mut m.list).cast());
                m.generation = now;
                m.rules.fill((0, None));
                REFRESHED.fetch_add(1, Ordering::Release);
            }
            None => {
                let mut list = Vec::<Module>::new();
                libc::dl_iterate_phdr(Some(add_module), (&raw mut list).cast());
                *slot = Some(Modules {
                    generation: now,
                    list,
                    others: [const { None }; OTHERS],
                    next_other: 0,
                    context: Context::new(),
                    rules: vec![(0, None); RULES],
                    gaps: [(0, Gap { lo: 0, hi: 0, executable: false }); 4],
                    next_gap: 0,
                    walk: 1,
                });
            }
        }
        match slot {
            Some(m) => m,
            // Just filled.
            None => core::hint::unreachable_unchecked(),
        }
    }
}

unsafe extern "C" fn generation_of(
    info: *mut libc::dl_phdr_info,
    _size: usize,
    data: *mut c_void,
) -> c_int {
    // SAFETY: the loader's structure, and the caller's counter.
    unsafe {
        *data.cast::<u64>() = (*info).dlpi_adds + (*info).dlpi_subs;
    }
    1
}

unsafe extern "C" fn add_module(
    info: *mut libc::dl_phdr_info,
    _size: usize,
    data: *mut c_void,
) -> c_int {
    // SAFETY: the loader's structure describes what is mapped; `data` is the caller's list.
    unsafe {
        let info = &*info;
        let ph = core::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum));
        let path = if info.dlpi_name.is_null() {
            String::new()
        } else {
            CStr::from_ptr(info.dlpi_name).to_string_lossy().into_owned()
        };
        if let Some(m) = Module::new(info.dlpi_addr as usize, ph, path.into()) {
            (*data.cast::<Vec<Module>>()).push(m);
        }
    }
    0
}

impl Module {
    /// What its program headers say. Allocates nothing.
    ///
    /// # Safety
    /// The module is mapped as they say.
    pub(crate) unsafe fn new(
        base: usize,
        ph: &[libc::Elf64_Phdr],
        path: Cow<'static, str>,
    ) -> Option<Self> {
        let mut m = Self {
            base,
            lo: usize::MAX,
            hi: 0,
            text: [(0, 0); 4],
            texts: 0,
            path,
            tables: Tables::NONE,
            head: None,
            first_end: 0,
            seen: 0,
        };
        let at = |v: u64| base.wrapping_add(v as usize);
        let mut head = None;
        for p in ph.iter().filter(|p| p.p_type == libc::PT_LOAD) {
            let (lo, hi) = (at(p.p_vaddr), at(p.p_vaddr + p.p_memsz));
            if p.p_offset == 0 && p.p_filesz >= HEAD as u64 && p.p_flags & libc::PF_W == 0 {
                head = Some(lo);
            }
            if lo < m.lo {
                m.lo = lo;
                m.first_end = hi.next_multiple_of(0x1000);
            }
            m.hi = m.hi.max(hi);
            if p.p_flags & libc::PF_X != 0 {
                if m.texts < m.text.len() {
                    m.text[m.texts] = (lo, hi);
                    m.texts += 1;
                } else {
                    m.text[m.texts - 1].1 = hi;
                }
            }
        }
        if m.lo >= m.hi {
            return None;
        }
        // SAFETY: mapped, by the caller's contract.
        unsafe {
            m.head = head.map(|h| hash(core::slice::from_raw_parts(h as *const u8, HEAD)));
            if let Some(h) = ph.iter().find(|p| p.p_type == libc::PT_GNU_EH_FRAME) {
                let hdr_at = at(h.p_vaddr);
                let hdr = core::slice::from_raw_parts(hdr_at as *const u8, h.p_memsz as usize);
                if let Some(frame_at) = Tables::eh_frame_of(hdr, hdr_at)
                    // Its length stands nowhere in memory: up to the end of the segment at most.
                    && let Some(end) = ph.iter().filter(|p| p.p_type == libc::PT_LOAD).find_map(|p| {
                        let (lo, hi) = (at(p.p_vaddr), at(p.p_vaddr + p.p_filesz));
                        (lo <= frame_at && frame_at < hi).then_some(hi)
                    })
                {
                    m.tables = Tables {
                        eh_frame_hdr: hdr,
                        eh_frame_hdr_at: hdr_at,
                        eh_frame: core::slice::from_raw_parts(
                            frame_at as *const u8,
                            end - frame_at,
                        ),
                        eh_frame_at: frame_at,
                    };
                }
            }
        }
        Some(m)
    }

    /// The end of the mapping that begins at `lo`.
    pub(crate) fn first_end(&self) -> usize {
        self.first_end
    }

    /// Whether a file with these contents is what was loaded, as far as that can be seen.
    pub(crate) fn is_from(&self, data: &[u8]) -> bool {
        self.head.is_none_or(|h| data.get(..HEAD).is_some_and(|d| hash(d) == h))
    }

    fn has(&self, pc: usize) -> bool {
        self.text[..self.texts].iter().any(|&(lo, hi)| lo <= pc && pc < hi)
    }

    /// Whether the same module is still there: compares its first bytes, once in a walk.
    fn same(&mut self, walk: u32) -> bool {
        if self.seen == walk {
            return true;
        }
        self.seen = walk;
        let Some(head) = self.head else { return true };
        let mut b = [0u8; HEAD];
        match maps::read_memory(self.lo, &mut b) {
            Ok(n) => n == HEAD && hash(&b) == head,
            // No system call for it: nothing is known.
            Err(e) => e != libc::EFAULT,
        }
    }
}

/// How many bytes tell one module from another: the ELF header, the program headers, and mostly the
/// build id.
const HEAD: usize = 1024;

/// FNV-1a, without what `strip` changes in the ELF header: where the sections are, and how many.
fn hash(b: &[u8]) -> u64 {
    let kept = b.iter().enumerate().filter(|(i, _)| !matches!(i, 40..48 | 60..64));
    kept.fold(0xcbf2_9ce4_8422_2325, |h, (_, &x)| (h ^ u64::from(x)).wrapping_mul(0x100_0000_01b3))
}

impl Modules {
    /// The module that has `pc` in its code, as an index: those of the list first, then the others.
    ///
    /// # Safety
    /// `self` is what `MODULES` has.
    unsafe fn find(&mut self, pc: usize) -> Option<usize> {
        let allocate = crate::helper::may_allocate();
        if self.gap(pc).is_some() {
            return None;
        }
        if let Some(i) = self.list.iter().position(|m| m.has(pc)) {
            // Where the loader could be asked the list is right.
            if allocate || self.list[i].same(self.walk) {
                return Some(i);
            }
            self.rules.fill((0, None));
            REFRESHED.fetch_add(1, Ordering::Release);
        } else if allocate {
            // SAFETY: the caller's contract: this is the table itself, renewed in its place.
            unsafe { refresh() };
            if let Some(i) = self.list.iter().position(|m| m.has(pc)) {
                return Some(i);
            }
        }
        for i in 0..OTHERS {
            if let Some(m) = &mut self.others[i]
                && m.has(pc)
            {
                if m.same(self.walk) {
                    return Some(self.list.len() + i);
                }
                self.others[i] = None;
                self.rules.fill((0, None));
                REFRESHED.fetch_add(1, Ordering::Release);
            }
        }
        // SAFETY: the caller holds the lock.
        let mut m = match unsafe { maps::module_at(pc) } {
            Ok(m) if m.has(pc) => m,
            Ok(_) => return None,
            Err(gap) => {
                self.gaps[self.next_gap] = (self.walk, gap);
                self.next_gap = (self.next_gap + 1) % self.gaps.len();
                return None;
            }
        };
        m.seen = self.walk;
        let i = self.next_other;
        self.next_other = (i + 1) % OTHERS;
        self.others[i] = Some(m);
        self.rules.fill((0, None));
        REFRESHED.fetch_add(1, Ordering::Release);
        Some(self.list.len() + i)
    }

    /// What is known of a place that no module has; not in an earlier walk.
    fn gap(&self, pc: usize) -> Option<Gap> {
        self.gaps.iter().find(|&&(w, g)| w == self.walk && g.lo <= pc && pc < g.hi).map(|g| g.1)
    }

    fn module(&self, i: usize) -> Option<&Module> {
        match self.list.get(i) {
            Some(m) => Some(m),
            None => self.others.get(i - self.list.len())?.as_ref(),
        }
    }
}

/// Whether `pc` may be code that nobody has announced: it is in memory that can be executed.
pub(crate) fn executable(pc: usize) -> bool {
    let Some(_l) = Reentrant::lock(&OWNER) else { return true };
    // SAFETY: the lock is held.
    unsafe {
        let ms = match &mut *MODULES.get() {
            Some(m) => m,
            None => refresh(),
        };
        ms.find(pc).is_some() || ms.gap(pc).is_none_or(|g| g.executable)
    }
}

/// Calls `f` with the module that has `pc` in its code.
pub(crate) fn with_module<R>(pc: usize, f: impl FnOnce(&Module) -> R) -> Option<R> {
    let _l = Reentrant::lock(&OWNER)?;
    // SAFETY: the lock is held.
    unsafe {
        let ms = match &mut *MODULES.get() {
            Some(m) => m,
            None => refresh(),
        };
        let i = ms.find(pc)?;
        ms.module(i).map(f)
    }
}

/// One step up from the frame with these registers. `exact`: its pc is where it stands, not a
/// return address.
///
/// # Errors
/// Why there is no way up.
///
/// # Safety
/// `stk` is mapped.
pub unsafe fn step(regs: &Regs, exact: bool, stk: Stack) -> Result<Step, Stop> {
    let (pc, sp, bp) = (regs.pc(), regs.sp(), regs.bp());
    // SAFETY: reads what is a stack, or asks the kernel.
    let read = |a: usize| unsafe { read_word(a, stk) };
    // The step from one segment to an older one may go down. No row can say where the rest is.
    if let Some(cfa) = morestack_frame(pc) {
        let sp = bp.wrapping_add(cfa);
        let pc = read(sp.wrapping_sub(8)).ok_or(Stop::Memory(sp.wrapping_sub(8)))?;
        let bp = read(bp).ok_or(Stop::Memory(bp))?;
        return Ok(Step { regs: regs.moved(pc, sp, bp), ..Step::default() });
    }
    // Managed code has tables of its own. Stubs that write sp have left their stack: what they run
    // on is described by their rows.
    let f = gort_symtab::findfunc(if exact { pc } else { pc.wrapping_sub(1) });
    if f.valid() && f.flag & gort_symtab::FUNC_FLAG_SP_WRITE == 0 {
        return managed_step(f, regs, &read);
    }
    let _l = Reentrant::lock(&OWNER).ok_or(Stop::Busy)?;
    let at = if exact { pc } else { pc.wrapping_sub(1) };
    // SAFETY: the lock is held.
    let s = unsafe {
        let ms = match &mut *MODULES.get() {
            Some(m) => m,
            None => refresh(),
        };
        // Verified before its rules are used: what was there may be gone.
        let module = ms.find(at);
        let slot = (at ^ at >> 10) % RULES;
        match (ms.rules[slot], module) {
            ((a, Some(rule)), Some(_)) if a == at => cfi::apply(&rule, regs, &read)?,
            (_, Some(m)) => {
                let tables = ms.module(m).map_or(Tables::NONE, |m| m.tables);
                match cfi::find(&tables, &mut ms.context, at, regs, &read)? {
                    Found::Rule(rule) => {
                        ms.rules[slot] = (at, Some(rule));
                        cfi::apply(&rule, regs, &read)?
                    }
                    Found::Step(s) => s,
                    Found::Nothing => without_table(ms, regs, exact, &read)?,
                }
            }
            // Generated code keeps frame pointers.
            (_, None) => {
                Step { guessed: false, ..by_frame_pointer(regs, &read).map_err(|_| Stop::Unknown)? }
            }
        }
    };
    // Stacks grow down, so callers' frames lie above: but for those that are on another stack.
    let up = s.regs.sp();
    if s.root || s.exact || up > sp || up == sp && exact || switches_stack(pc) {
        return Ok(s);
    }
    Err(Stop::Backwards)
}

/// One step up from a frame of managed code.
///
/// Go: traceback.go:252 resolveInternal
fn managed_step(f: gort_symtab::FuncInfo<'_>, regs: &Regs, read: cfi::Read) -> Result<Step, Stop> {
    let (pc, sp, bp) = (regs.pc(), regs.sp(), regs.bp());
    // traceback.go:334 first, as there is no return address
    if f.flag & gort_symtab::FUNC_FLAG_TOP_FRAME != 0 {
        return Ok(Step { regs: *regs, root: true, ..Step::default() });
    }
    // traceback.go:326 later than in Go
    let delta = gort_symtab::pcvalue(f, f.pcsp, pc, false).0;
    let fp = sp.wrapping_add(usize::try_from(delta).map_err(|_| Stop::NoTable)?).wrapping_add(8);
    // traceback.go:377
    let lr = read(fp.wrapping_sub(8)).ok_or(Stop::Memory(fp.wrapping_sub(8)))?;
    // A frame that is not empty has the caller's rbp at its top.
    let up = if delta > 0 {
        read(fp.wrapping_sub(16)).ok_or(Stop::Memory(fp.wrapping_sub(16)))?
    } else {
        bp
    };
    Ok(Step { regs: regs.moved(lr, fp, up), ..Step::default() })
}

/// A place in a module that has no row for it: written in assembly, or compiled without tables.
///
/// # Safety
/// As for [`Modules::find`].
unsafe fn without_table(
    ms: &mut Modules,
    regs: &Regs,
    exact: bool,
    read: cfi::Read,
) -> Result<Step, Stop> {
    // A stub, or a function that has not made a frame: a return address is on top.
    if exact
        && let Some(ra) = read(regs.sp())
        // SAFETY: the caller's contract.
        && unsafe { ms.find(ra.wrapping_sub(1)) }.is_some()
        && after_call(ra)
    {
        let up = regs.moved(ra, regs.sp().wrapping_add(8), regs.bp());
        return Ok(Step { regs: up, guessed: true, ..Step::default() });
    }
    by_frame_pointer(regs, read)
}

/// Whether the instruction before `ra`, in code that is mapped, can be a call.
fn after_call(ra: usize) -> bool {
    let mut b = [0u8; 8];
    if !maps::read_memory(ra.wrapping_sub(8), &mut b).is_ok_and(|n| n == 8) {
        return false;
    }
    // FF /2 with 2, 3, 6 or 7 bytes.
    let indirect = |n: usize| b[8 - n] == 0xff && b[9 - n] & 0x38 == 0x10;
    b[3] == 0xe8 || [2, 3, 6, 7].into_iter().any(indirect)
}

/// The frame pointer's chain; 0 is its end.
fn by_frame_pointer(regs: &Regs, read: cfi::Read) -> Result<Step, Stop> {
    let bp = regs.bp();
    if bp == 0 || bp < regs.sp() {
        return Err(Stop::NoTable);
    }
    let (Some(up), Some(pc)) = (read(bp), read(bp.wrapping_add(8))) else {
        return Err(Stop::NoTable);
    };
    // Other registers may have been saved anywhere.
    Ok(Step { regs: Regs::new(pc, bp.wrapping_add(16), up), guessed: true, ..Step::default() })
}

/// What can be read of a stack: not its guard, if it has one.
pub(crate) fn unguarded(stk: Stack) -> core::ops::Range<usize> {
    stk.lo.saturating_add(guard_size(stk.hi.saturating_sub(stk.lo)))..stk.hi
}

/// The word at `addr`; asks the kernel if that is neither on `stk` nor on a stack of gort's, as it
/// may not be mapped.
///
/// # Safety
/// `stk` is mapped.
pub unsafe fn read_word(addr: usize, stk: Stack) -> Option<usize> {
    if !addr.is_multiple_of(8) || addr == 0 {
        return None;
    }
    // SAFETY: inside a mapped stack; or else a system call that reports bad addresses.
    unsafe {
        // A segmented stack consists of several.
        let ours = |addr| stack_of(addr).is_some_and(|(_, guard)| !guard);
        if unguarded(stk).contains(&addr) || ours(addr) {
            return Some((addr as *const usize).read_volatile());
        }
        let mut word = [0u8; 8];
        maps::read_memory(addr, &mut word)
            .is_ok_and(|n| n == 8)
            .then_some(usize::from_ne_bytes(word))
    }
}
