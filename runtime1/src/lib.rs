//! Go's runtime1.go and env_posix.go: GODEBUG, GOTRACEBACK, environment.
