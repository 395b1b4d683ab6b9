//! The modules (program and shared libraries) of the process, and one step of unwinding through them.
//!
//! What the function table is to Go, the program headers and `.eh_frame` are here. They are read from memory, as
//! they were loaded: no file is opened.

use core::ffi::{CStr, c_int, c_void};
use core::sync::atomic::{AtomicU32, Ordering};
use framehop::x86_64::{CacheX86_64, UnwindRegsX86_64, UnwinderX86_64};
use framehop::{ExplicitModuleSectionInfo, FrameAddress, MustNotAllocateDuringUnwind, Unwinder};
use gort_asm::{getg, morestack_frame};
use gort_os_linux::{gettid, osyield, syscall6};
use gort_runtime2::{Global, Stack};
use gort_stack::{GUARD_SIZE, stack_of};

/// A module as the dynamic loader has mapped it.
#[derive(Clone)]
pub struct Module {
    /// What is added to addresses in the file.
    pub base: usize,
    /// Lowest mapped address.
    pub lo: usize,
    /// One past the highest.
    pub hi: usize,
    /// Executable ranges.
    pub text: Vec<(usize, usize)>,
    /// Where the file is; empty for the program itself.
    pub path: String,
    eh_frame_hdr: &'static [u8],
    eh_frame_hdr_at: usize,
    eh_frame: &'static [u8],
    eh_frame_at: usize,
}

type Policy = MustNotAllocateDuringUnwind;

struct Modules {
    /// `dlpi_adds + dlpi_subs` when this was made.
    generation: u64,
    list: Vec<Module>,
    unwinder: UnwinderX86_64<&'static [u8], Policy>,
    cache: CacheX86_64<Policy>,
}

static MODULES: Global<Option<Modules>> = Global::new(None);
/// The thread (its number) that works on `MODULES`.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// A lock that a thread notices to hold already: a fault inside comes back here.
pub(crate) struct Reentrant<'a>(&'a AtomicU32);

impl<'a> Reentrant<'a> {
    /// Takes the lock; `None` if this very thread has it.
    pub(crate) fn lock(owner: &'a AtomicU32) -> Option<Self> {
        let me = thread();
        if owner.load(Ordering::Relaxed) == me {
            return None;
        }
        while owner.compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed).is_err() {
            osyield();
        }
        Some(Self(owner))
    }
}

/// The number of this thread, without a system call if its M knows it: a deep stack has millions of frames.
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

/// Reads the table of modules now, so that a traceback in an emergency need not allocate for it.
pub fn init() {
    if let Some(_l) = Reentrant::lock(&OWNER) {
        // SAFETY: the lock is held.
        unsafe { refresh() };
    }
}

/// The same at the beginning of a walk, if libraries have come or gone since, as another one may lie where one was. Not in a signal
/// handler, where the table is taken as it is.
pub(crate) fn renew() {
    if crate::helper::may_allocate() {
        init();
    }
}

/// Brings `MODULES` up to date.
///
/// # Safety
/// The caller holds `OWNER`.
unsafe fn refresh() -> &'static mut Modules {
    // SAFETY: the lock makes this the only user of the table; headers and names of loaded modules stay mapped.
    unsafe {
        let slot = &mut *MODULES.get();
        let mut now = 0u64;
        libc::dl_iterate_phdr(Some(generation_of), (&raw mut now).cast());
        if !matches!(slot, Some(m) if m.generation == now) {
            let mut list = Vec::<Module>::new();
            libc::dl_iterate_phdr(Some(add_module), (&raw mut list).cast());
            let mut unwinder = UnwinderX86_64::new();
            for m in &list {
                unwinder.add_module(framehop::Module::new(
                    String::new(),
                    m.lo as u64..m.hi as u64,
                    m.base as u64,
                    ExplicitModuleSectionInfo {
                        eh_frame_svma: range(m.eh_frame_at - m.base, m.eh_frame.len()),
                        eh_frame: (!m.eh_frame.is_empty()).then_some(m.eh_frame),
                        eh_frame_hdr_svma: range(m.eh_frame_hdr_at - m.base, m.eh_frame_hdr.len()),
                        eh_frame_hdr: (!m.eh_frame_hdr.is_empty()).then_some(m.eh_frame_hdr),
                        ..Default::default()
                    },
                ));
            }
            *slot = Some(Modules { generation: now, list, unwinder, cache: CacheX86_64::new_in() });
        }
        match slot {
            Some(m) => m,
            // Just filled.
            None => core::hint::unreachable_unchecked(),
        }
    }
}

fn range(at: usize, len: usize) -> Option<core::ops::Range<u64>> {
    (len != 0).then_some(at as u64..(at + len) as u64)
}

unsafe extern "C" fn generation_of(info: *mut libc::dl_phdr_info, _size: usize, data: *mut c_void) -> c_int {
    // SAFETY: the loader's structure, and the caller's counter.
    unsafe {
        *data.cast::<u64>() = (*info).dlpi_adds + (*info).dlpi_subs;
    }
    1
}

unsafe extern "C" fn add_module(info: *mut libc::dl_phdr_info, _size: usize, data: *mut c_void) -> c_int {
    // SAFETY: the loader's structure describes what is mapped; `data` is the caller's list.
    unsafe {
        let info = &*info;
        let base = info.dlpi_addr as usize;
        let ph = core::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum));
        let path = if info.dlpi_name.is_null() {
            String::new()
        } else {
            CStr::from_ptr(info.dlpi_name).to_string_lossy().into_owned()
        };
        let mut m = Module {
            base,
            lo: usize::MAX,
            hi: 0,
            text: Vec::new(),
            path,
            eh_frame_hdr: &[],
            eh_frame_hdr_at: base,
            eh_frame: &[],
            eh_frame_at: base,
        };
        for p in ph.iter().filter(|p| p.p_type == libc::PT_LOAD) {
            let (lo, hi) = (base + p.p_vaddr as usize, base + (p.p_vaddr + p.p_memsz) as usize);
            m.lo = m.lo.min(lo);
            m.hi = m.hi.max(hi);
            if p.p_flags & libc::PF_X != 0 {
                m.text.push((lo, hi));
            }
        }
        if let Some(h) = ph.iter().find(|p| p.p_type == libc::PT_GNU_EH_FRAME) {
            m.eh_frame_hdr_at = base + h.p_vaddr as usize;
            m.eh_frame_hdr = core::slice::from_raw_parts(m.eh_frame_hdr_at as *const u8, h.p_memsz as usize);
            // DW_EH_PE_pcrel | DW_EH_PE_sdata4, as every linker writes it; anything else means frame pointers only.
            if m.eh_frame_hdr.len() >= 8 && m.eh_frame_hdr[1] == 0x1b {
                let d = i32::from_le_bytes([
                    m.eh_frame_hdr[4],
                    m.eh_frame_hdr[5],
                    m.eh_frame_hdr[6],
                    m.eh_frame_hdr[7],
                ]);
                let at = (m.eh_frame_hdr_at + 4).wrapping_add_signed(d as isize);
                // Its length stands nowhere in memory: up to the end of the segment at most.
                let end = ph.iter().filter(|p| p.p_type == libc::PT_LOAD).find_map(|p| {
                    let lo = base + p.p_vaddr as usize;
                    let hi = lo + p.p_filesz as usize;
                    (lo <= at && at < hi).then_some(hi)
                });
                if let Some(end) = end {
                    m.eh_frame_at = at;
                    m.eh_frame = core::slice::from_raw_parts(at as *const u8, end - at);
                }
            }
        }
        if m.lo < m.hi {
            (*data.cast::<Vec<Module>>()).push(m);
        }
    }
    0
}

/// Calls `f` with the module that has `pc` in its code.
pub(crate) fn with_module<R>(pc: usize, f: impl FnOnce(&Module) -> R) -> Option<R> {
    let _l = Reentrant::lock(&OWNER)?;
    // SAFETY: the lock is held.
    unsafe {
        let slot = &mut *MODULES.get();
        let has = |m: &&Module| m.text.iter().any(|&(lo, hi)| lo <= pc && pc < hi);
        if let Some(ms) = slot
            && let Some(m) = ms.list.iter().find(has)
        {
            return Some(f(m));
        }
        // A library that was loaded meanwhile?
        if !crate::helper::may_allocate() {
            return None;
        }
        refresh().list.iter().find(has).map(f)
    }
}

/// What one step of unwinding finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Return address; 0 at the root.
    pub pc: usize,
    /// Stack pointer of the caller: the canonical frame address.
    pub sp: usize,
    /// Frame pointer of the caller.
    pub bp: usize,
}

/// One step up from the frame at (`pc`, `sp`, `bp`). `innermost`: `pc` is where the frame stands, not a return
/// address. `None`: the stack cannot be read there.
///
/// # Safety
/// `stk` is mapped.
pub unsafe fn step(pc: usize, sp: usize, bp: usize, innermost: bool, stk: Stack) -> Option<Step> {
    // The step from one segment to an older one may go down, which framehop takes for an error.
    if let Some(cfa) = morestack_frame(pc) {
        let sp = bp.wrapping_add(cfa);
        // SAFETY: reads what is a stack, or asks the kernel.
        let (pc, bp) = unsafe { (read_word(sp.wrapping_sub(8), stk)?, read_word(bp, stk)?) };
        return Some(Step { pc, sp, bp });
    }
    let _l = Reentrant::lock(&OWNER)?;
    // SAFETY: the lock is held; the stack is read within its bounds, and elsewhere through the kernel.
    unsafe {
        let ms = match &mut *MODULES.get() {
            Some(m) => m,
            None => refresh(),
        };
        let mut regs = UnwindRegsX86_64::new(pc as u64, sp as u64, bp as u64);
        let addr = if innermost {
            FrameAddress::from_instruction_pointer(pc as u64)
        } else {
            FrameAddress::from_return_address(pc as u64)?
        };
        let mut read = |a: u64| read_word(a as usize, stk).map(|w| w as u64).ok_or(());
        match ms.unwinder.unwind_frame(addr, &mut regs, &mut ms.cache, &mut read) {
            Ok(ra) => {
                Some(Step { pc: ra.unwrap_or(0) as usize, sp: regs.sp() as usize, bp: regs.bp() as usize })
            }
            Err(_) => None,
        }
    }
}

/// What can be read of a stack: not its guard page, if it has one.
pub(crate) fn unguarded(stk: Stack) -> core::ops::Range<usize> {
    stk.lo.saturating_add(GUARD_SIZE)..stk.hi
}

/// The word at `addr`; asks the kernel if that is neither on `stk` nor on a stack of gort's, as it may not be mapped.
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
        let mut word = 0usize;
        let local = libc::iovec { iov_base: (&raw mut word).cast(), iov_len: 8 };
        let remote = libc::iovec { iov_base: addr as *mut c_void, iov_len: 8 };
        let n = syscall6(
            libc::SYS_process_vm_readv,
            gort_os_linux::getpid() as usize,
            (&raw const local) as usize,
            1,
            (&raw const remote) as usize,
            1,
            0,
        );
        (n == 8).then_some(word)
    }
}
