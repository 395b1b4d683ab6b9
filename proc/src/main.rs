//! proc.go: 1–350. The main goroutine, and the forcegc helper.

use crate::*;

/// Unlocks the main thread if the main goroutine ends (Goexit) while the runtime still starts.
struct NeedUnlock(bool);

impl Drop for NeedUnlock {
    fn drop(&mut self) {
        if self.0 {
            // SAFETY: main has locked it, and it is dropped on the main goroutine.
            unsafe { unlock_os_thread_int() }
        }
    }
}

/// The first function of the main goroutine: starts sysmon and the helpers, calls the program, ends
/// the process. It returns, and the goroutine ends, if the process belongs to a host program.
///
/// # Safety
/// Called once, on the first goroutine, on m0.
///
/// Go: proc.go:147 main
pub unsafe fn main() {
    // SAFETY: the main goroutine, started by the bootstrap once schedinit is done.
    unsafe {
        // :148
        let mp = (*getg()).m;

        // :152 no race detector.

        // :157 1 GB, a decimal one
        MAXSTACKSIZE.set(1000000000);

        // :165
        MAXSTACKCEILING.set(2 * MAXSTACKSIZE.get());

        // :168 newproc may start Ms from now on
        MAIN_STARTED.set(true);

        // gort's own
        quiet::quiet_start_env();
        #[cfg(not(any(loom, gort_inside)))]
        linkname::cpu_profile_env();

        // :171 haveSysmon: everywhere but on wasm
        systemstack(|| newm(Some(linkname::sysmon), core::ptr::null_mut(), -1));

        // :182 on the main thread while the runtime starts
        lock_os_thread_int();

        // :185
        if mp != M0.get() {
            throw("runtime.main not on m0");
        }

        // :190
        RUNTIME_INIT_TIME.set(nanotime());
        if RUNTIME_INIT_TIME.get() == 0 {
            throw("nanotime returning zero");
        }

        // :196 no tracing of init tasks.

        // :201 the one init task of the runtime that matters (:324)
        init();

        // :203
        let mut need_unlock = NeedUnlock(true);

        // :211
        linkname::gcenable();

        // :213 main_init_done: foreign threads can call in only after the library's start has
        // returned.
        if ISCGO.get() {
            // :213 the hooks that Go looks for here are functions of gort's own.
            // :238 in case a foreign thread enters and needs a thread of clean origin
            start_template_thread();
            // :240 there is nobody to tell that initialisation is done.
        }

        // :248 Rust has no init tasks, and no tracing of them (:254).

        // :258
        need_unlock.0 = false;
        unlock_os_thread_int();

        // :267
        let code = linkname::main_main();
        // :261 started by a host program (later than in Go: what that gave to the start has run as
        // main_main)
        if code < 0 {
            return;
        }

        // :278 another goroutine is panicking: let it print its message and end the process
        if RUNNING_PANIC_DEFERS.load() != 0 {
            // :279
            for _ in 0..1000 {
                if RUNNING_PANIC_DEFERS.load() == 0 {
                    break;
                }
                gosched();
            }
        }
        // :286
        if PANICKING.load() != 0 {
            gopark(None, core::ptr::null_mut(), WaitReason::PanicWait);
        }
        linkname::run_exit_hooks(code);

        // :291 (the store to address 0 behind it, :294, is for an exit that returns)
        exit(code);
    }
}

/// What a program that ends by itself does first: runs the exit hooks.
///
/// # Safety
/// On a user goroutine.
///
/// Go: proc.go:306 os_beforeExit
#[doc(alias = "os_beforeExit")]
pub unsafe fn os_before_exit(exit_code: i32) {
    // SAFETY: the caller's contract.
    unsafe {
        // :307 (no race detector, :308)
        linkname::run_exit_hooks(exit_code);
    }
}

/// Starts the forcegc helper, which thereby is goroutine 2.
///
/// Go: proc.go:324 init
unsafe fn init() {
    static FORCEGC: Funcval = Funcval { fn_: forcegc_entry };
    // SAFETY: the Funcval is static and only read; the main goroutine may start others.
    unsafe {
        // :325
        register_system_goroutine(forcegc_entry as *const () as usize);
        newproc((&raw const FORCEGC).cast_mut());
    }
}

unsafe extern "C-unwind" fn forcegc_entry(_: *mut Funcval) {
    // SAFETY: on a goroutine of its own.
    unsafe { forcegchelper() }
}

/// What the helper does when it is woken; nil: nobody wakes it.
static FORCEGC_WORK: atomic::Pointer<fn()> = atomic::Pointer::null();

/// Gives the forcegc helper something to do, every two minutes. gort's own: the crates of managed
/// code are above this one, and other programs' goroutines run in the order that they have without
/// it.
pub fn set_forcegc_work(f: &'static fn()) {
    FORCEGC_WORK.store((&raw const *f).cast_mut());
}

/// Whether the helper has something to do.
pub fn has_forcegc_work() -> bool {
    !FORCEGC_WORK.load().is_null()
}

/// The helper that sysmon wakes to force a collection. Without a collector it only has stacks to
/// shrink, if there is managed code.
///
/// # Safety
/// Runs once, as a goroutine of its own.
///
/// Go: proc.go:328 forcegchelper
pub unsafe fn forcegchelper() -> ! {
    // SAFETY: forcegc.g is written before idle is set, and read by sysmon after it has seen idle.
    unsafe {
        let forcegc = forcegc();
        // :329
        (*forcegc).g.set(getg());
        lock_init(&raw mut (*forcegc).lock, LOCK_RANK_FORCEGC);
        loop {
            lock(&raw mut (*forcegc).lock);
            // :333
            if (*forcegc).idle.load() {
                throw("forcegc: phase error");
            }
            (*forcegc).idle.store(true);
            // :337
            goparkunlock(&raw mut (*forcegc).lock, WaitReason::ForceGCIdle);
            // :338 woken by sysmon. There is no collection to start (:344), and no gctrace; but
            // stacks that move shrink with one.
            let work = FORCEGC_WORK.load();
            if !work.is_null() {
                (*work)();
            }
        }
    }
}
