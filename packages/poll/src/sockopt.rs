//! sockopt.go, sockopt_linux.go, sockopt_unix.go, sockoptip.go: socket options.

use crate::Fd;
use crate::fd::Error;
use crate::sys;
use gort_proc::entry_here;

impl Fd {
    /// `setsockopt(2)` with a number.
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (internal/poll): sockopt.go:12 SetsockoptInt
    #[doc(alias = "SetsockoptInt")]
    pub fn setsockopt_int(&self, level: i32, name: i32, arg: i32) -> Result<(), Error> {
        entry_here!("I/O (setsockopt_int)", self.setsockopt_int(level, name, arg));
        let decref = self.incref()?; // :13
        sys::setsockopt_int(decref.fd(), level, name, arg) // :17
    }

    /// `setsockopt(2)` with a linger time.
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (internal/poll): sockopt.go:30 SetsockoptLinger
    #[doc(alias = "SetsockoptLinger")]
    pub fn setsockopt_linger(&self, level: i32, name: i32, l: &libc::linger) -> Result<(), Error> {
        entry_here!("I/O (setsockopt_linger)", self.setsockopt_linger(level, name, l));
        let decref = self.incref()?; // :31
        // SAFETY: what SO_LINGER takes; other options refuse it by its length.
        unsafe { sys::setsockopt(decref.fd(), level, name, l) } // :35
    }

    /// `getsockopt(2)` with a number.
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (internal/poll): sockopt.go:39 GetsockoptInt
    #[doc(alias = "GetsockoptInt")]
    pub fn getsockopt_int(&self, level: i32, name: i32) -> Result<i32, Error> {
        entry_here!("I/O (getsockopt_int)", self.getsockopt_int(level, name));
        let decref = self.incref()?; // :40
        sys::getsockopt_int(decref.fd(), level, name) // :44
    }
}
