//! Go's chan.go: channels.
