//! The process's map of memory, as the kernel tells it: where the loader may not be asked (its lock
//! may be held by the thread that a signal has interrupted) or does not know (another namespace, a
//! loader of the program's own). System calls only; nothing is allocated but the text of a path, in
//! a mapping of its own.

use crate::modules::Module;
use core::ffi::c_void;
use core::mem::size_of;
use gort_os_linux::syscall6;
use gort_runtime2::Global;
use std::borrow::Cow;

/// Reads memory that may not be there. `Err`: the kernel's error; `EFAULT` if nothing could be
/// read.
pub(crate) fn read_memory(at: usize, to: &mut [u8]) -> Result<usize, i32> {
    let local = libc::iovec { iov_base: to.as_mut_ptr().cast(), iov_len: to.len() };
    let remote = libc::iovec { iov_base: at as *mut c_void, iov_len: to.len() };
    // SAFETY: writes `to` only; the kernel reports bad addresses.
    let n = unsafe {
        syscall6(
            libc::SYS_process_vm_readv,
            gort_os_linux::getpid() as usize,
            (&raw const local) as usize,
            1,
            (&raw const remote) as usize,
            1,
            0,
        )
    };
    usize::try_from(n).map_err(|_| -n as i32)
}

/// A line of the map.
#[derive(Clone, Copy, Default)]
struct Line {
    lo: usize,
    hi: usize,
    executable: bool,
    offset: usize,
    inode: usize,
    /// Where the path begins in the buffer, and its length.
    path: (usize, usize),
}

fn hex(b: &[u8], i: &mut usize, radix: usize) -> usize {
    let mut n = 0;
    while let Some(d) = b.get(*i).and_then(|&c| (c as char).to_digit(radix as u32)) {
        n = n * radix + d as usize;
        *i += 1;
    }
    *i += 1;
    n
}

/// `lo-hi rwxp offset dev:dev inode   path`
fn parse(b: &[u8]) -> Line {
    let mut i = 0;
    let (lo, hi) = (hex(b, &mut i, 16), hex(b, &mut i, 16));
    let executable = b.get(i + 2) == Some(&b'x');
    i += 5;
    let offset = hex(b, &mut i, 16);
    hex(b, &mut i, 16);
    hex(b, &mut i, 16);
    let inode = hex(b, &mut i, 10);
    while b.get(i) == Some(&b' ') {
        i += 1;
    }
    Line { lo, hi, executable, offset, inode, path: (i, b.len().saturating_sub(i)) }
}

const BUFFER: usize = 8 << 10;
/// Not on the stack: a signal's is small.
static TEXT: Global<[u8; BUFFER]> = Global::new([0; BUFFER]);
static PATH: Global<[u8; libc::PATH_MAX as usize]> = Global::new([0; libc::PATH_MAX as usize]);

/// Calls `f` with each line, until it says that it has seen enough.
///
/// # Safety
/// The caller holds the lock of the table of modules.
unsafe fn lines(mut f: impl FnMut(&Line, &[u8]) -> bool) {
    let mut n = 0;
    // SAFETY: a path that ends in NUL, a descriptor of our own, and a buffer that is the lock
    // holder's.
    unsafe {
        let b = &mut *TEXT.get();
        let path = c"/proc/self/maps".as_ptr() as usize;
        let flags = (libc::O_RDONLY | libc::O_CLOEXEC) as usize;
        let fd = syscall6(libc::SYS_openat, libc::AT_FDCWD as usize, path, flags, 0, 0, 0);
        if fd < 0 {
            return;
        }
        'all: loop {
            let at = b.as_mut_ptr().add(n) as usize;
            let r = syscall6(libc::SYS_read, fd as usize, at, BUFFER - n, 0, 0, 0);
            if r <= 0 {
                break;
            }
            n += r as usize;
            let mut from = 0;
            while let Some(len) = b[from..n].iter().position(|&c| c == b'\n') {
                let text = &b[from..from + len];
                if f(&parse(text), text) {
                    break 'all;
                }
                from += len + 1;
            }
            b.copy_within(from..n, 0);
            n -= from;
            if n == BUFFER {
                break; // no line is that long
            }
        }
        syscall6(libc::SYS_close, fd as usize, 0, 0, 0, 0, 0);
    }
}

/// A range of addresses without a module.
#[derive(Clone, Copy, Default)]
pub(crate) struct Gap {
    pub lo: usize,
    pub hi: usize,
    /// It is mapped, and can be executed.
    pub executable: bool,
}

/// The ELF file that is mapped at `pc`, if its header is mapped, too.
///
/// # Safety
/// The caller holds the lock of the table of modules.
pub(crate) unsafe fn module_at(pc: usize) -> Result<Module, Gap> {
    let mut gap = Gap { lo: 0, hi: usize::MAX, executable: false };
    // SAFETY: the lock is held.
    unsafe { look(pc, &mut gap) }.ok_or(gap)
}

unsafe fn look(pc: usize, gap: &mut Gap) -> Option<Module> {
    let mut first = Line::default();
    let mut len = 0;
    let mut found = false;
    // SAFETY: the lock is held.
    let path = unsafe { &mut *PATH.get() };
    let line = |l: &Line, text: &[u8]| {
        if l.offset == 0 && (l.inode == 0 || l.inode != first.inode || first.hi < l.lo) {
            first = *l;
        }
        if l.hi <= pc {
            gap.lo = l.hi;
        } else if l.lo > pc {
            gap.hi = l.lo;
        } else {
            *gap = Gap { lo: l.lo, hi: l.hi, executable: l.executable };
            found = l.inode == first.inode && l.executable;
            let name = &text[l.path.0..l.path.0 + l.path.1];
            len = name.len().min(path.len());
            path[..len].copy_from_slice(&name[..len]);
        }
        l.hi > pc
    };
    // SAFETY: the lock is held.
    unsafe { lines(line) };
    if !found {
        return None;
    }
    let mut h = [0u8; size_of::<libc::Elf64_Ehdr>()];
    if read_memory(first.lo, &mut h) != Ok(h.len()) || h[..5] != *b"\x7fELF\x02" {
        return None;
    }
    // SAFETY: any bytes make a header.
    let h: libc::Elf64_Ehdr = unsafe { core::mem::transmute(h) };
    const MOST: usize = 32;
    // SAFETY: numbers only.
    let mut ph: [libc::Elf64_Phdr; MOST] = unsafe { core::mem::zeroed() };
    let n = usize::from(h.e_phnum).min(MOST);
    if usize::from(h.e_phentsize) != size_of::<libc::Elf64_Phdr>() {
        return None;
    }
    let bytes = n * size_of::<libc::Elf64_Phdr>();
    // SAFETY: the first `bytes` bytes of the array.
    let to = unsafe { core::slice::from_raw_parts_mut(ph.as_mut_ptr().cast::<u8>(), bytes) };
    if read_memory(first.lo.wrapping_add(h.e_phoff as usize), to) != Ok(bytes) {
        return None;
    }
    let load = ph[..n].iter().find(|p| p.p_type == libc::PT_LOAD)?;
    let base = first.lo.wrapping_sub(
        (load.p_vaddr as usize & !0xfff).wrapping_sub(load.p_offset as usize & !0xfff),
    );
    // What the headers name must be there: the file may be mapped in part, or be no program.
    for p in ph[..n].iter().filter(|p| matches!(p.p_type, libc::PT_LOAD | libc::PT_GNU_EH_FRAME)) {
        let at = base.wrapping_add(p.p_vaddr as usize);
        for edge in [at, at.wrapping_add(p.p_filesz.max(1) as usize - 1)] {
            if p.p_filesz != 0 && read_memory(edge, &mut [0]) != Ok(1) {
                return None;
            }
        }
    }
    // SAFETY: as was just seen.
    unsafe { Module::new(base, &ph[..n], keep(&path[..len])) }
}

/// A copy for good, without the allocator.
fn keep(path: &[u8]) -> Cow<'static, str> {
    // SAFETY: fresh memory of that size, which is never unmapped.
    let kept = unsafe {
        let prot = (libc::PROT_READ | libc::PROT_WRITE) as usize;
        let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;
        let p = syscall6(libc::SYS_mmap, 0, path.len().max(1), prot, flags, usize::MAX, 0);
        if !(0..=isize::MAX).contains(&p) || path.is_empty() {
            return Cow::Borrowed("");
        }
        let p = p as *mut u8;
        core::ptr::copy_nonoverlapping(path.as_ptr(), p, path.len());
        core::slice::from_raw_parts(p, path.len())
    };
    let text = core::str::from_utf8(kept).unwrap_or("?");
    Cow::Borrowed(text.strip_suffix(" (deleted)").unwrap_or(text))
}
