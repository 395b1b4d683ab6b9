//! Memory for code that is made while the program runs.

use std::io;

/// Memory for code: first to be written, then to be run, never both.
///
/// ```
/// let t = gort::managed::Text::new(1)?;
/// let at = t.addr();
/// let code = t.finish(&[0xc3])?; // ret
/// assert_eq!(code.as_ptr().addr(), at);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Text {
    at: *mut u8,
    len: usize,
}

impl Text {
    /// Room for `len` bytes, at least.
    ///
    /// # Errors
    /// The system has no memory, or `len` is 0, or larger than any memory.
    pub fn new(len: usize) -> io::Result<Self> {
        let len = len.checked_next_multiple_of(4096).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: a new mapping.
        let at = unsafe {
            let prot = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(
                core::ptr::null_mut(),
                len,
                prot,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { at: at.cast(), len })
    }

    /// Where the code will be.
    pub fn addr(&self) -> usize {
        self.at.addr()
    }

    /// Writes the code and makes it executable. It stays for good, as modules do.
    ///
    /// # Errors
    /// The system refuses; the code has no room (`InvalidInput`).
    pub fn finish(self, code: &[u8]) -> io::Result<&'static [u8]> {
        if code.len() > self.len {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "more code than there is room for",
            ));
        }
        // SAFETY: the mapping is this value's, large enough, and not freed any more; nobody writes
        // to it from here on.
        unsafe {
            core::ptr::copy_nonoverlapping(code.as_ptr(), self.at, code.len());
            if libc::mprotect(self.at.cast(), self.len, libc::PROT_READ | libc::PROT_EXEC) != 0 {
                return Err(io::Error::last_os_error());
            }
            let at = self.at;
            core::mem::forget(self);
            Ok(core::slice::from_raw_parts(at, code.len()))
        }
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's; `finish` keeps what it returns.
        unsafe { libc::munmap(self.at.cast(), self.len) };
    }
}
