//! The start of a Go program: `main`, package initialisation, arguments and environment.

use crate::goroutine::with_state;
use crate::mem::Contents;
use crate::symtab::counted;
use crate::types::{Slice, Str, Type};
use core::ffi::{CStr, c_char, c_int};
use gort_proc::{StackKind, lock_os_thread_int, unlock_os_thread_int};
use gort_runtime1::{godebug_default, reparsedebugvars, set_godebug_default};
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

unsafe extern "C-unwind" {
    /// Made by the compiler: initialises every package in order.
    fn __go_init_main();
    #[link_name = "main.main"]
    fn main_main();
}

// The code of package main, which the linker gathers in a section of its own.
core::arch::global_asm!(
    ".weak __start_gotext",
    ".weak __stop_gotext",
    ".section .data.rel.ro.gort_gotext,\"aw\",@progbits",
    ".p2align 3",
    ".globl gort_gotext",
    ".hidden gort_gotext",
    "gort_gotext: .quad __start_gotext, __stop_gotext",
    // The settings of GODEBUG that were compiled in, and Go's names of functions, if there are any.
    ".weak gort_godebug_default",
    ".weak gort_function_names",
    ".globl gort_texts",
    ".hidden gort_texts",
    "gort_texts: .quad gort_godebug_default, gort_function_names",
    ".text",
);

unsafe extern "C" {
    static gort_gotext: [usize; 2];
    static gort_texts: [*const c_char; 2];
}

/// The program's own code can be preempted anywhere: it holds no lock of the C library's, and the
/// compiler's view of threads is Go's. What it calls cannot: libgo's packages stay cooperative, as
/// some of them sit between two system calls.
unsafe fn anywhere(pc: usize, _sp: usize) -> Option<usize> {
    Some(pc)
}

/// C's `main`.
#[unsafe(no_mangle)]
extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    gort_panic::set_raise(crate::panic::raise);
    gort_signal::fault::set_prepare(crate::fault::prepare);
    gort_signal::set_go_program();
    // SAFETY: null, or what the linker has: strings that stay.
    let [settings, names] = unsafe {
        gort_texts
            .map(|t| if t.is_null() { "" } else { CStr::from_ptr(t).to_str().unwrap_or_default() })
    };
    if !settings.is_empty() {
        set_godebug_default(settings);
    }
    gort_traceback::symtab::set_go_names(names);
    gort_traceback::symtab::set_receivers(crate::symtab::shown_name);
    // SAFETY: the linker's bounds of that section, zeroes without it.
    unsafe {
        let [lo, hi] = gort_gotext;
        if lo < hi {
            gort_preempt::register_text_range(lo, hi, anywhere);
        }
    }
    // SAFETY: the functions are what the compiler has made of the program; they run on goroutine 1.
    gort::run_main_on(StackKind::Segmented, || unsafe {
        with_state(|| {
            let st = crate::panic::state();
            lock_os_thread_int();
            (*st).init = true;
            do_init();
            (*st).init = false;
            unlock_os_thread_int();
            main_main();
        });
    })
}

/// Initialises the packages: the compiler's function does what Go has a task of each package for.
/// In Go these are two calls, which a program can see: `doInit`,
#[inline(never)]
unsafe fn do_init() {
    do_init1();
    counted(());
}

/// and `doInit1`.
#[inline(never)]
unsafe fn do_init1() {
    __go_init_main();
    counted(());
}

/// A slice of strings.
fn strings(v: Vec<Vec<u8>>) -> Slice {
    let p = crate::mem::alloc(v.len() * size_of::<Str>(), Contents::Runtime).cast::<Str>();
    for (i, s) in v.iter().enumerate() {
        // SAFETY: room for all of them.
        unsafe { p.add(i).write(Str::copy(s)) };
    }
    Slice { ptr: p.cast(), len: v.len() as isize, cap: v.len() as isize }
}

/// `os.Args`
#[unsafe(export_name = "os.runtime__args")]
extern "C-unwind" fn os_args() -> Slice {
    strings(std::env::args_os().map(OsStringExt::into_vec).collect())
}

/// The environment, as package syscall copies it at its first use.
#[unsafe(export_name = "syscall.runtime__envs")]
extern "C-unwind" fn envs() -> Slice {
    let join = |(k, v): (std::ffi::OsString, std::ffi::OsString)| {
        let mut s = k.into_vec();
        s.push(b'=');
        s.extend(v.into_vec());
        s
    };
    strings(std::env::vars_os().map(join).collect())
}

/// A variable of the environment, or "".
#[unsafe(export_name = "runtime.gogetenv")]
unsafe extern "C-unwind" fn gogetenv(key: Str) -> Str {
    match std::env::var_os(key.text()) {
        Some(v) => Str::copy(&v.into_vec()),
        None => Str::EMPTY,
    }
}

/// `os.Setenv`: in C's environment, too, which `runtime.gogetenv` reads. Settings of GODEBUG that
/// may change while the program runs do.
///
/// Go: runtime.go:201 syscall_runtimeSetenv
#[unsafe(export_name = "syscall.setenv__c")]
unsafe extern "C-unwind" fn setenv(key: Str, value: Str) {
    let (key, value) = (key.bytes(), value.bytes());
    // The caller has seen to it that there is no NUL, and no `=` in the key.
    std::env::set_var(OsStr::from_bytes(key), OsStr::from_bytes(value));
    if key == b"GODEBUG" {
        reparsedebugvars(&String::from_utf8_lossy(value)); // runtime.go:207
    }
}

/// `os.Unsetenv`
///
/// Go: runtime.go:212 syscall_runtimeUnsetenv
#[unsafe(export_name = "syscall.unsetenv__c")]
unsafe extern "C-unwind" fn unsetenv(key: Str) {
    let key = key.bytes();
    std::env::remove_var(OsStr::from_bytes(key));
    if key == b"GODEBUG" {
        reparsedebugvars(""); // runtime.go:216
    }
}

/// A setting of GODEBUG for a package of libgo's, whose own version of this knows no defaults: the
/// last one in `env`, or the one that was compiled in, or "".
///
/// As `update` of internal/godebug (godebug.go, line 233).
#[unsafe(export_name = "internal_1godebug.get")]
unsafe extern "C-unwind" fn godebug(env: Str, key: Str) -> Str {
    let (env, key) = (env.text(), key.text());
    let setting = |s: &str| {
        s.rsplit(',')
            .find_map(|kv| Some(kv.split_once('=').filter(|kv| kv.0 == key)?.1.to_string()))
    };
    setting(&env)
        .or_else(|| setting(godebug_default()))
        .map_or(Str::EMPTY, |v| Str::copy(v.as_bytes()))
}

/// Type descriptors of the program, for reflect: told at start.
#[unsafe(export_name = "runtime.registerTypeDescriptors")]
unsafe extern "C-unwind" fn register_type_descriptors(n: isize, lists: *const *const TypeList) {
    crate::reflect::register(core::slice::from_raw_parts(lists, n.max(0) as usize));
}

/// The descriptors of one package.
#[repr(C)]
pub struct TypeList {
    count: isize,
    first: [*const Type; 0],
}

impl TypeList {
    /// All of them.
    ///
    /// # Safety
    /// Made by the compiler.
    pub unsafe fn all(&self) -> &[*const Type] {
        core::slice::from_raw_parts(self.first.as_ptr(), self.count.max(0) as usize)
    }
}
