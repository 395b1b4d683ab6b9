//! Go's lock_futex.go, lockrank.go, lockrank_on.go: runtime mutex and note, lock ranks.
