//! Go's histogram.go: time histograms.
