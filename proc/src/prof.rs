//! proc.go: lines 5387 and on.

use crate::*;
