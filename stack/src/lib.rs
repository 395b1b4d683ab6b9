//! Go's stack.go: stack allocation, pools and growth.
