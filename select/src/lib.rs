//! Go's select.go: select statements.
