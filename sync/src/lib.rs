//! Go's package sync on the ported semaphores.
