//! proc.go:6961–7060: `gQueue` and `gList`, lists of Gs through `g.schedlink`. A G can be on one of
//! them only.
//!
//! The types are runtime2's, as P and Schedt embed them; their methods are the traits here. All
//! links are relaxed cells, so the methods take `&self`: who may call them is a matter of locks, as
//! in Go.

use crate::*;

/// The methods of a [`GQueue`].
pub trait GQueueOps {
    /// Whether nothing is in it.
    fn empty(&self) -> bool;
    /// Adds `gp` at the head.
    ///
    /// # Safety
    /// `gp` is on no list, and the queue is the caller's (its own, or under the lock that guards
    /// it).
    unsafe fn push(&self, gp: *mut G);
    /// Adds `gp` at the tail.
    ///
    /// # Safety
    /// As for [`push`](Self::push).
    #[doc(alias = "pushBack")]
    unsafe fn push_back(&self, gp: *mut G);
    /// Adds all of `q2` at the tail.
    ///
    /// # Safety
    /// Both queues are the caller's.
    #[doc(alias = "pushBackAll")]
    unsafe fn push_back_all(&self, q2: GQueue);
    /// Takes the head; nil if there is none.
    ///
    /// # Safety
    /// The queue is the caller's.
    unsafe fn pop(&self) -> *mut G;
    /// Takes everything, as a [`GList`] with the head on top.
    #[doc(alias = "popList")]
    fn pop_list(&self) -> GList;
}

impl GQueueOps for GQueue {
    /// Go: proc.go:6967 empty
    #[inline(always)]
    fn empty(&self) -> bool {
        // :6968
        self.head.is_null()
    }

    /// Go: proc.go:6972 push
    #[inline]
    unsafe fn push(&self, gp: *mut G) {
        // SAFETY: `gp` and the Gs in the queue are type-stable, and the caller owns their links.
        unsafe {
            // :6973
            (*gp).schedlink.set(self.head.ptr());
            self.head.set(gp);
            // :6975
            if self.tail.is_null() {
                self.tail.set(gp);
            }
        }
    }

    /// Go: proc.go:6981 pushBack
    #[inline]
    unsafe fn push_back(&self, gp: *mut G) {
        // SAFETY: as for push.
        unsafe {
            // :6982
            (*gp).schedlink.set(core::ptr::null_mut());
            // :6983
            if !self.tail.is_null() {
                (*self.tail.ptr()).schedlink.set(gp);
            } else {
                self.head.set(gp);
            }
            // :6988
            self.tail.set(gp);
        }
    }

    /// Go: proc.go:6993 pushBackAll
    #[inline]
    unsafe fn push_back_all(&self, q2: GQueue) {
        // :6994
        if q2.tail.is_null() {
            return;
        }
        // SAFETY: as for push.
        unsafe {
            // :6997
            (*q2.tail.ptr()).schedlink.set(core::ptr::null_mut());
            if !self.tail.is_null() {
                // :6999
                (*self.tail.ptr()).schedlink.set(q2.head.ptr());
            } else {
                self.head.set(q2.head.ptr());
            }
        }
        // :7003
        self.tail.set(q2.tail.ptr());
    }

    /// Go: proc.go:7008 pop
    #[inline]
    unsafe fn pop(&self) -> *mut G {
        // :7009
        let gp = self.head.ptr();
        if !gp.is_null() {
            // :7011
            // SAFETY: as for push.
            self.head.set(unsafe { (*gp).schedlink.ptr() });
            if self.head.is_null() {
                self.tail.set(core::ptr::null_mut());
            }
        }
        gp // :7016
    }

    /// Go: proc.go:7020 popList
    #[inline]
    fn pop_list(&self) -> GList {
        // :7021
        let stack = GList::default();
        stack.head.set(self.head.ptr());
        // :7022
        self.head.set(core::ptr::null_mut());
        self.tail.set(core::ptr::null_mut());
        stack
    }
}

/// The methods of a [`GList`].
pub trait GListOps {
    /// Whether nothing is in it.
    fn empty(&self) -> bool;
    /// Adds `gp` on top.
    ///
    /// # Safety
    /// `gp` is on no list, and the list is the caller's (its own, or under the lock that guards
    /// it).
    unsafe fn push(&self, gp: *mut G);
    /// Puts all of `q` on top, its head first.
    ///
    /// # Safety
    /// Both are the caller's.
    #[doc(alias = "pushAll")]
    unsafe fn push_all(&self, q: GQueue);
    /// Takes the top; nil if there is none.
    ///
    /// # Safety
    /// The list is the caller's.
    unsafe fn pop(&self) -> *mut G;
}

impl GListOps for GList {
    /// Go: proc.go:7033 empty
    #[inline(always)]
    fn empty(&self) -> bool {
        // :7034
        self.head.is_null()
    }

    /// Go: proc.go:7038 push
    #[inline]
    unsafe fn push(&self, gp: *mut G) {
        // :7039
        // SAFETY: `gp` is type-stable and its link is the caller's.
        unsafe { (*gp).schedlink.set(self.head.ptr()) };
        self.head.set(gp); // :7040
    }

    /// Go: proc.go:7044 pushAll
    #[inline]
    unsafe fn push_all(&self, q: GQueue) {
        // :7045
        if !q.empty() {
            // SAFETY: the last G of a queue that is the caller's.
            unsafe { (*q.tail.ptr()).schedlink.set(self.head.ptr()) };
            self.head.set(q.head.ptr()); // :7047
        }
    }

    /// Go: proc.go:7052 pop
    #[inline]
    unsafe fn pop(&self) -> *mut G {
        // :7053
        let gp = self.head.ptr();
        if !gp.is_null() {
            // :7055
            // SAFETY: as for push.
            self.head.set(unsafe { (*gp).schedlink.ptr() });
        }
        gp // :7057
    }
}
