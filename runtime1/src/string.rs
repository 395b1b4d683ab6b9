//! Numbers in environment variables: string.go.

/// Go: string.go:362 atoi64
pub fn atoi64(s: &str) -> Option<i64> {
    // :363
    if s.is_empty() {
        return None;
    }
    // :367
    let mut s = s.as_bytes();
    let mut neg = false;
    if s[0] == b'-' {
        neg = true;
        s = &s[1..];
    }
    // :373
    let mut un = 0u64;
    for &c in s {
        if !c.is_ascii_digit() {
            return None;
        }
        // :379
        if un > u64::MAX / 10 {
            return None;
        }
        un *= 10;
        // :384
        let un1 = un.wrapping_add((c - b'0') as u64);
        if un1 < un {
            return None;
        }
        un = un1;
    }
    // :392
    if !neg && un > i64::MAX as u64 {
        return None;
    }
    if neg && un > i64::MAX as u64 + 1 {
        return None;
    }
    // :399
    let mut n = un as i64;
    if neg {
        n = n.wrapping_neg();
    }
    Some(n)
}

/// Go: string.go:409 atoi
pub fn atoi(s: &str) -> Option<isize> {
    // :410
    atoi64(s).map(|n| n as isize)
}

/// Go: string.go:418 atoi32
pub fn atoi32(s: &str) -> Option<i32> {
    // :419
    match atoi64(s) {
        Some(n) if n == n as i32 as i64 => Some(n as i32),
        _ => None,
    }
}
