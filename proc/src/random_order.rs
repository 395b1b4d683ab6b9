//! proc.go: lines 7180 and on.

use crate::*;
