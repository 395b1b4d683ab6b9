//! Go's print.go: allocation-free output on standard error.
//!
//! Go's compiler turns `print(a, b)` into printlock, one call per argument, printunlock. Here
//! [`print!`] formats into a buffer on the stack and writes it when it is full and at the end. What
//! core formats as Go does (integers, strings, booleans) needs no function of its own; [`Hex`] and
//! [`Float`] do the rest.

use core::cell::UnsafeCell;
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicUsize, Ordering};
use gort_asm::getg;
use gort_lock_futex::{lock, unlock};
use gort_os_linux::write_err;
use gort_runtime2::{PANICKING, debuglock};

/// Prints on standard error like Go's builtin, with the syntax of `format!`. Allocates nothing.
#[macro_export]
macro_rules! print {
    ($($a:tt)*) => { $crate::print_args(core::format_args!($($a)*)) };
}

/// A number or address as Go's runtime prints it: `0x` and hexadecimal digits.
///
/// Go: print.go:14 hex
#[derive(Clone, Copy, Debug)]
pub struct Hex(pub usize);

/// Go: print.go:220 printhex
impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // :224 at least as many digits as the formatter's width says, where Go has `minhexdigits`
        match f.width() {
            Some(w) => write!(f, "0x{:0w$x}", self.0),
            None => write!(f, "0x{:x}", self.0),
        }
    }
}

/// A floating point number as Go's runtime prints it: `+1.500000e+000`.
#[derive(Clone, Copy, Debug)]
pub struct Float(pub f64);

/// Go: print.go:121 printfloat
impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut v = self.0;
        // :122
        if v.is_nan() {
            return f.write_str("NaN");
        }
        if v + v == v && v > 0.0 {
            return f.write_str("+Inf");
        }
        if v + v == v && v < 0.0 {
            return f.write_str("-Inf");
        }
        // :134
        const N: usize = 7;
        let mut buf = [0u8; N + 7];
        buf[0] = b'+';
        let mut e = 0i32;
        // :138
        if v == 0.0 {
            if 1.0 / v < 0.0 {
                buf[0] = b'-';
            }
        } else {
            if v < 0.0 {
                v = -v;
                buf[0] = b'-';
            }
            // :149
            while v >= 10.0 {
                e += 1;
                v /= 10.0;
            }
            while v < 1.0 {
                e -= 1;
                v *= 10.0;
            }
            // :159
            let mut h = 5.0;
            for _ in 0..N {
                h /= 10.0;
            }
            v += h;
            // :164
            if v >= 10.0 {
                e += 1;
                v /= 10.0;
            }
        }
        // :171
        for i in 0..N {
            let s = v as i64;
            buf[i + 2] = (s + i64::from(b'0')) as u8;
            v -= s as f64;
            v *= 10.0;
        }
        buf[1] = buf[2];
        buf[2] = b'.';
        // :180
        buf[N + 2] = b'e';
        buf[N + 3] = b'+';
        if e < 0 {
            e = -e;
            buf[N + 3] = b'-';
        }
        // :187
        buf[N + 4] = (e / 100) as u8 + b'0';
        buf[N + 5] = (e / 10 % 10) as u8 + b'0';
        buf[N + 6] = (e % 10) as u8 + b'0';
        f.write_str(core::str::from_utf8(&buf).unwrap_or("?"))
    }
}

/// A complex number as Go's runtime prints it.
#[derive(Clone, Copy, Debug)]
pub struct Complex(pub f64, pub f64);

/// Go: print.go:193 printcomplex
impl fmt::Display for Complex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // :194
        write!(f, "({}{}i)", Float(self.0), Float(self.1))
    }
}

const BACKLOG: usize = 512;

/// What was printed last, for those who look at a core file.
///
/// Go: print.go:28 printBacklog
pub struct PrintBacklog {
    bytes: UnsafeCell<[u8; BACKLOG]>,
    index: AtomicUsize,
}

// SAFETY: written under `debuglock` only.
unsafe impl Sync for PrintBacklog {}

/// Go: print.go:28 printBacklog
pub static PRINT_BACKLOG: PrintBacklog =
    PrintBacklog { bytes: UnsafeCell::new([0; BACKLOG]), index: AtomicUsize::new(0) };

/// Keeps `b` in [`PRINT_BACKLOG`], unless the program is crashing.
///
/// Go: print.go:39 recordForPanic
#[doc(alias = "recordForPanic")]
fn record_for_panic(b: &[u8]) {
    // :40
    printlock();
    if PANICKING.load() == 0 {
        // :44
        let mut i = 0;
        while i < b.len() {
            let at = PRINT_BACKLOG.index.load(Ordering::Relaxed);
            let n = (BACKLOG - at).min(b.len() - i);
            // SAFETY: the print lock is held, and `at + n` is within the buffer.
            unsafe {
                let to = PRINT_BACKLOG.bytes.get().cast::<u8>().add(at);
                core::ptr::copy_nonoverlapping(b.as_ptr().add(i), to, n);
            }
            i += n;
            // :48
            PRINT_BACKLOG.index.store((at + n) % BACKLOG, Ordering::Relaxed);
        }
    }
    // :52
    printunlock();
}

/// Keeps other threads from printing until [`printunlock`]. Nests on one thread, so that a crash
/// inside a print can be reported.
///
/// Go: print.go:65 printlock
#[unsafe(export_name = "gort.printlock")]
pub fn printlock() {
    // SAFETY: these fields are this M's own.
    unsafe {
        // :66
        let mp = (*getg()).m;
        (*mp).locks.bump(1); // :67 no preemption before the lock is held
        (*mp).printlock += 1;
        if (*mp).printlock == 1 {
            // :70
            lock(debuglock());
        }
        (*mp).locks.bump(-1); // :72 the lock itself holds the M now
    }
}

/// Undoes one [`printlock`].
///
/// Go: print.go:75 printunlock
pub fn printunlock() {
    // SAFETY: these fields are this M's own.
    unsafe {
        // :76
        let mp = (*getg()).m;
        (*mp).printlock -= 1;
        if (*mp).printlock == 0 {
            // :79
            unlock(debuglock());
        }
    }
}

/// Writes to the goroutine's buffer if its output is diverted, else to standard error.
///
/// Go: print.go:85 gwrite
pub fn gwrite(b: &[u8]) {
    // :86
    if b.is_empty() {
        return;
    }
    // :90 earlier than in Go: a thread without g has no M to take the print lock with
    let gp = getg();
    if gp.is_null() {
        write_err(b);
        return;
    }
    // :89 later than in Go
    record_for_panic(b);
    // SAFETY: the current g and its buffer are used by this thread only.
    unsafe {
        // :96
        if (*gp).writebuf.ptr.is_null() || (*(*gp).m).dying > 0 {
            write_err(b);
            return;
        }
        // :101 up to the capacity; the rest is dropped
        let buf = &mut *(*gp).writebuf.ptr;
        let n = b.len().min(buf.capacity() - buf.len());
        buf.extend_from_slice(&b[..n]);
    }
}

/// Collects what is formatted and hands it to [`gwrite`] in pieces.
struct Writer {
    buf: [u8; 256],
    len: usize,
}

impl Writer {
    fn flush(&mut self) {
        gwrite(&self.buf[..self.len]);
        self.len = 0;
    }
}

impl Write for Writer {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let mut b = s.as_bytes();
        while !b.is_empty() {
            if self.len == self.buf.len() {
                self.flush();
            }
            let n = b.len().min(self.buf.len() - self.len);
            self.buf[self.len..self.len + n].copy_from_slice(&b[..n]);
            self.len += n;
            b = &b[n..];
        }
        Ok(())
    }
}

/// What [`print!`] calls.
#[unsafe(export_name = "gort.print_args")]
pub fn print_args(a: fmt::Arguments<'_>) {
    let mut w = Writer { buf: [0; 256], len: 0 };
    if getg().is_null() {
        let _ = w.write_fmt(a);
        w.flush();
        return;
    }
    printlock();
    let _ = w.write_fmt(a);
    w.flush();
    printunlock();
}

/// Prints the words in `[p, end)` in hexadecimal, two on a line. `mark`, if given, returns a
/// character to put before the word at an address, or 0 for none.
///
/// # Safety
/// `[p, end)` is readable.
///
/// Go: print.go:268 hexdumpWords
#[doc(alias = "hexdumpWords")]
pub unsafe fn hexdump_words(p: usize, end: usize, mark: Option<&dyn Fn(usize) -> u8>) {
    // :269
    printlock();
    let mut i = 0;
    // :273
    while p + i < end {
        if i.is_multiple_of(16) {
            if i != 0 {
                print!("\n");
            }
            // :278
            print!("{:16}: ", Hex(p + i));
        }
        // :281
        let m = match mark.map_or(0, |mark| mark(p + i)) {
            0 => b' ',
            m => m,
        };
        // :287
        gwrite(&[m]);
        // SAFETY: the caller vouches for the range.
        let val = unsafe { ((p + i) as *const usize).read_unaligned() };
        print!("{:16} ", Hex(val));
        // :293 symbols: the traceback crate has them, above this one
        i += size_of::<usize>();
    }
    // :298
    print!("\n");
    printunlock();
}
