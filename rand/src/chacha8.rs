//! Go's internal/chacha8rand: ChaCha with eight rounds as a generator with forward secrecy
//! (<https://c2sp.org/chacha8rand>). The block function is Go's portable one, without the vector
//! code.
//!
//! Four blocks are computed side by side, word by word: `b[w][i]` is word `w` of block `i`.

use gort_runtime2::ChaCha8State as State;

/// Blocks computed at a time.
///
/// Go (internal/chacha8rand): chacha8.go:13 ctrInc
const CTR_INC: u32 = 4;
/// Blocks made with one key.
///
/// Go (internal/chacha8rand): chacha8.go:14 ctrMax
const CTR_MAX: u32 = 16;
/// Go (internal/chacha8rand): chacha8.go:15 chunk
const CHUNK: u32 = 32;
/// Values kept back for the next key.
///
/// Go (internal/chacha8rand): chacha8.go:16 reseed
const RESEED: usize = 4;

/// The next value, if one is ready; otherwise call [`refill`].
///
/// Go (internal/chacha8rand): chacha8.go:44 Next
#[inline(always)]
pub fn next(s: &mut State) -> Option<u64> {
    // chacha8.go:45
    let i = s.i;
    if i >= s.n {
        return None;
    }
    // chacha8.go:49
    s.i = i + 1;
    Some(s.buf[(i & 31) as usize])
}

/// Seeds the state.
///
/// Go (internal/chacha8rand): chacha8.go:54 Init
pub fn init(s: &mut State, seed: [u8; 32]) {
    // chacha8.go:55
    let mut words = [0u64; 4];
    for (w, b) in words.iter_mut().zip(seed.as_chunks::<8>().0) {
        *w = u64::from_le_bytes(*b);
    }
    init64(s, words);
}

/// Seeds the state.
///
/// Go (internal/chacha8rand): chacha8.go:64 Init64
pub fn init64(s: &mut State, seed: [u64; 4]) {
    // chacha8.go:65
    s.seed = seed;
    block(&s.seed, &mut s.buf, 0);
    // chacha8.go:67
    s.c = 0;
    s.i = 0;
    s.n = CHUNK;
}

/// Makes new values; a [`next`] right after it succeeds.
///
/// Go (internal/chacha8rand): chacha8.go:75 Refill
pub fn refill(s: &mut State) {
    // chacha8.go:76
    s.c += CTR_INC;
    if s.c == CTR_MAX {
        // chacha8.go:85
        let kept = s.buf.len() - RESEED;
        s.seed.copy_from_slice(&s.buf[kept..]);
        s.c = 0;
    }
    // chacha8.go:91
    block(&s.seed, &mut s.buf, s.c);
    s.i = 0;
    s.n = CHUNK;
    // chacha8.go:94
    if s.c == CTR_MAX - CTR_INC {
        s.n = CHUNK - RESEED as u32;
    }
}

/// Makes a new key from the generator itself; nothing given out before can be recovered from the
/// state.
///
/// Go (internal/chacha8rand): chacha8.go:103 Reseed
pub fn reseed(s: &mut State) {
    // chacha8.go:104
    let mut seed = [0u64; 4];
    for w in &mut seed {
        // chacha8.go:106
        *w = loop {
            if let Some(x) = next(s) {
                break x;
            }
            refill(s);
        };
    }
    // chacha8.go:115
    init64(s, seed);
}

/// Go (internal/chacha8rand): chacha8_generic.go:59 setup
fn setup(seed: &[u64; 4], b: &mut [[u32; 4]; 16], counter: u32) {
    // chacha8_generic.go:63
    b[0] = [0x6170_7865; 4];
    b[1] = [0x3320_646e; 4]; // chacha8_generic.go:67
    b[2] = [0x7962_2d32; 4];
    b[3] = [0x6b20_6574; 4];
    // chacha8_generic.go:80
    for (i, w) in seed.iter().enumerate() {
        b[4 + 2 * i] = [*w as u32; 4];
        b[5 + 2 * i] = [(*w >> 32) as u32; 4];
    }
    // chacha8_generic.go:121 big-endian machines are left out
    // chacha8_generic.go:125
    b[12] = [counter, counter + 1, counter + 2, counter + 3];
    // chacha8_generic.go:130
    b[13] = [0; 4];
    b[14] = [0; 4];
    b[15] = [0; 4]; // chacha8_generic.go:135
}

/// Go (internal/chacha8rand): chacha8_generic.go:150 block_generic
fn block(seed: &[u64; 4], buf: &mut [u64; 32], counter: u32) {
    let mut b = [[0u32; 4]; 16];
    // chacha8_generic.go:153
    setup(seed, &mut b, counter);
    #[allow(clippy::needless_range_loop)] // `i` is the lane
    for i in 0..4 {
        // chacha8_generic.go:157
        let mut x: [u32; 16] = core::array::from_fn(|w| b[w][i]);
        // chacha8_generic.go:175
        for _ in 0..4 {
            qr(&mut x, 0, 4, 8, 12);
            qr(&mut x, 1, 5, 9, 13);
            qr(&mut x, 2, 6, 10, 14);
            qr(&mut x, 3, 7, 11, 15);
            // chacha8_generic.go:181
            qr(&mut x, 0, 5, 10, 15);
            qr(&mut x, 1, 6, 11, 12);
            qr(&mut x, 2, 7, 8, 13);
            qr(&mut x, 3, 4, 9, 14);
        }
        // chacha8_generic.go:192
        for (w, v) in x.into_iter().enumerate() {
            b[w][i] = if (4..12).contains(&w) { b[w][i].wrapping_add(v) } else { v };
        }
    }
    // chacha8_generic.go:151 earlier in Go, which computes in place; :210 big-endian machines are
    // left out
    for (k, v) in buf.iter_mut().enumerate() {
        let (w, i) = (k / 2, k % 2 * 2);
        *v = b[w][i] as u64 | (b[w][i + 1] as u64) << 32;
    }
}

/// Go (internal/chacha8rand): chacha8_generic.go:221 qr
#[inline(always)]
fn qr(x: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    // chacha8_generic.go:222
    x[a] = x[a].wrapping_add(x[b]);
    x[d] = (x[d] ^ x[a]).rotate_left(16);
    // chacha8_generic.go:225
    x[c] = x[c].wrapping_add(x[d]);
    x[b] = (x[b] ^ x[c]).rotate_left(12);
    // chacha8_generic.go:228
    x[a] = x[a].wrapping_add(x[b]);
    x[d] = (x[d] ^ x[a]).rotate_left(8);
    // chacha8_generic.go:231
    x[c] = x[c].wrapping_add(x[d]);
    x[b] = (x[b] ^ x[c]).rotate_left(7);
}
