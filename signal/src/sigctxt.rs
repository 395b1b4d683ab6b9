//! The interrupted state: signal_linux_amd64.go and signal_amd64.go.

use core::ffi::c_void;
use gort_asm::RED_ZONE;
use gort_print::print;

/// What the kernel tells a signal handler.
///
/// Go: signal_linux_amd64.go:12 sigctxt
#[derive(Clone, Copy)]
pub struct Sigctxt {
    /// Its second argument.
    pub info: *mut libc::siginfo_t,
    /// Its third.
    pub ctxt: *mut c_void,
}

macro_rules! reg {
    ($($(#[$m:meta])* $f:ident = $r:ident;)*) => { $(
        $(#[$m])*
        pub fn $f(&self) -> u64 {
            self.reg(libc::$r)
        }
    )* };
}

impl Sigctxt {
    /// Go: signal_linux_amd64.go:19 regs
    fn regs(&self) -> *mut libc::mcontext_t {
        // SAFETY: `ctxt` is the ucontext that the kernel gave us. :20
        unsafe { &raw mut (*self.ctxt.cast::<libc::ucontext_t>()).uc_mcontext }
    }
    fn reg(&self, i: i32) -> u64 {
        // SAFETY: the context lives as long as the handler runs; `i` is one of libc's REG
        // constants.
        unsafe { *(&raw const (*self.regs()).gregs).cast::<i64>().add(i as usize) as u64 }
    }
    fn set_reg(&self, i: i32, x: u64) {
        // SAFETY: as above.
        unsafe { *(&raw mut (*self.regs()).gregs).cast::<i64>().add(i as usize) = x as i64 }
    }
    reg! {
        /// Go: signal_linux_amd64.go:23 rax
        rax = REG_RAX;
        /// Go: signal_linux_amd64.go:24 rbx
        rbx = REG_RBX;
        /// Go: signal_linux_amd64.go:25 rcx
        rcx = REG_RCX;
        /// Go: signal_linux_amd64.go:26 rdx
        rdx = REG_RDX;
        /// Go: signal_linux_amd64.go:27 rdi
        rdi = REG_RDI;
        /// Go: signal_linux_amd64.go:28 rsi
        rsi = REG_RSI;
        /// Go: signal_linux_amd64.go:29 rbp
        rbp = REG_RBP;
        /// Go: signal_linux_amd64.go:30 rsp
        rsp = REG_RSP;
        /// Go: signal_linux_amd64.go:31 r8
        r8 = REG_R8;
        /// Go: signal_linux_amd64.go:32 r9
        r9 = REG_R9;
        /// Go: signal_linux_amd64.go:33 r10
        r10 = REG_R10;
        /// Go: signal_linux_amd64.go:34 r11
        r11 = REG_R11;
        /// Go: signal_linux_amd64.go:35 r12
        r12 = REG_R12;
        /// Go: signal_linux_amd64.go:36 r13
        r13 = REG_R13;
        /// Go: signal_linux_amd64.go:37 r14
        r14 = REG_R14;
        /// Go: signal_linux_amd64.go:38 r15
        r15 = REG_R15;
        /// Go: signal_linux_amd64.go:42 rip
        rip = REG_RIP;
        /// Go: signal_linux_amd64.go:44 rflags
        rflags = REG_EFL;
    }
    /// All registers in DWARF's order, with rip at the end.
    pub fn all(&self) -> [usize; 17] {
        use libc::{
            REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RAX, REG_RBP,
            REG_RBX, REG_RCX, REG_RDI, REG_RDX, REG_RIP, REG_RSI, REG_RSP,
        };
        [
            REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8, REG_R9,
            REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP,
        ]
        .map(|r| self.reg(r) as usize)
    }
    /// Go: signal_linux_amd64.go:45 cs
    pub fn cs(&self) -> u64 {
        self.reg(libc::REG_CSGSFS) & 0xffff
    }
    /// Go: signal_linux_amd64.go:46 fs
    pub fn fs(&self) -> u64 {
        self.reg(libc::REG_CSGSFS) >> 32 & 0xffff
    }
    /// Go: signal_linux_amd64.go:47 gs
    pub fn gs(&self) -> u64 {
        self.reg(libc::REG_CSGSFS) >> 16 & 0xffff
    }
    /// Go: signal_linux_amd64.go:48 sigcode
    pub fn sigcode(&self) -> u64 {
        // SAFETY: `info` is the kernel's. Sign-extended, as Go prints it.
        unsafe { (*self.info).si_code as i64 as u64 }
    }
    /// Go: signal_linux_amd64.go:49 sigaddr
    pub fn sigaddr(&self) -> u64 {
        // SAFETY: `info` is the kernel's, and large enough whatever the signal is.
        unsafe { (*self.info).si_addr() as u64 }
    }
    /// Go: signal_linux_amd64.go:51 set_rip
    pub fn set_rip(&self, x: u64) {
        self.set_reg(libc::REG_RIP, x);
    }
    /// Go: signal_linux_amd64.go:52 set_rsp
    pub fn set_rsp(&self, x: u64) {
        self.set_reg(libc::REG_RSP, x);
    }
    /// Go: signal_amd64.go:41 sigpc
    pub fn sigpc(&self) -> usize {
        self.rip() as usize
    }
    /// Go: signal_amd64.go:44 sigsp
    pub fn sigsp(&self) -> usize {
        self.rsp() as usize
    }
    /// Go: signal_amd64.go:45 siglr
    pub fn siglr(&self) -> usize {
        0
    }
    /// Go: signal_amd64.go:46 fault
    pub fn fault(&self) -> usize {
        self.sigaddr() as usize
    }
    /// Whether a program sent it, by kill or the like.
    ///
    /// Go: os_linux.go:890 sigFromUser
    #[doc(alias = "sigFromUser")]
    pub fn sig_from_user(&self) -> bool {
        let code = self.sigcode() as i32; // :891
        code == libc::SI_USER || code == libc::SI_TKILL
    }

    /// Makes the interrupted code look as if it had called `target_pc`, to return to `resume_pc`.
    /// System V lets leaf functions use the 128 bytes below sp, so the call begins below them;
    /// `asyncPreempt` goes back over them.
    ///
    /// # Safety
    /// The interrupted code has room on its stack, and nothing below the red zone.
    ///
    /// Go: signal_amd64.go:80 pushCall
    #[doc(alias = "pushCall")]
    pub unsafe fn push_call(&self, target_pc: usize, resume_pc: usize) {
        let sp = self.rsp() - RED_ZONE as u64 - 8; // :82
        // SAFETY: the caller's contract.
        unsafe { *(sp as *mut usize) = resume_pc };
        self.set_rsp(sp); // :85
        self.set_rip(target_pc as u64);
    }
}

/// Go: signal_amd64.go:15 dumpregs
pub fn dumpregs(c: &Sigctxt) {
    print!("rax    {:#x}\n", c.rax()); // :16
    print!("rbx    {:#x}\n", c.rbx());
    print!("rcx    {:#x}\n", c.rcx());
    print!("rdx    {:#x}\n", c.rdx());
    print!("rdi    {:#x}\n", c.rdi()); // :20
    print!("rsi    {:#x}\n", c.rsi());
    print!("rbp    {:#x}\n", c.rbp());
    print!("rsp    {:#x}\n", c.rsp());
    print!("r8     {:#x}\n", c.r8()); // :24
    print!("r9     {:#x}\n", c.r9());
    print!("r10    {:#x}\n", c.r10());
    print!("r11    {:#x}\n", c.r11());
    print!("r12    {:#x}\n", c.r12()); // :28
    print!("r13    {:#x}\n", c.r13());
    print!("r14    {:#x}\n", c.r14());
    print!("r15    {:#x}\n", c.r15());
    print!("rip    {:#x}\n", c.rip()); // :32
    print!("rflags {:#x}\n", c.rflags());
    print!("cs     {:#x}\n", c.cs());
    print!("fs     {:#x}\n", c.fs());
    print!("gs     {:#x}\n", c.gs()); // :36
}
