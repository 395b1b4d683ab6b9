//! proc.go:6961–7055: gQueue and gList. The types are runtime2's, as P and Schedt embed them; the logic is here.

use crate::*;

/// The methods of a [`GQueue`].
pub trait GQueueOps {
    /// TODO Go: proc.go:6967 empty
    fn empty(&self) -> bool;
    /// # Safety
    /// TODO
    unsafe fn push(&mut self, gp: *mut G);
    /// # Safety
    /// TODO
    unsafe fn push_back(&mut self, gp: *mut G);
    /// # Safety
    /// TODO
    unsafe fn push_back_all(&mut self, q2: GQueue);
    /// # Safety
    /// TODO
    unsafe fn pop(&mut self) -> *mut G;
    /// TODO
    fn pop_list(&mut self) -> GList;
}

/// The methods of a [`GList`].
pub trait GListOps {
    /// TODO
    fn empty(&self) -> bool;
    /// # Safety
    /// TODO
    unsafe fn push(&mut self, gp: *mut G);
    /// # Safety
    /// TODO
    unsafe fn push_all(&mut self, q: GQueue);
    /// # Safety
    /// TODO
    unsafe fn pop(&mut self) -> *mut G;
}
