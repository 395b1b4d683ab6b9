//! Messages of Google's protocol buffers, as far as profiles need them: after Go's
//! runtime/pprof/protobuf.go.

/// Bytes of a message that is being made.
#[derive(Default)]
pub(crate) struct Protobuf {
    pub(crate) data: Vec<u8>,
}

impl Protobuf {
    pub(crate) fn varint(&mut self, mut x: u64) {
        while x >= 128 {
            self.data.push(x as u8 | 0x80);
            x >>= 7;
        }
        self.data.push(x as u8);
    }
    pub(crate) fn length(&mut self, tag: u32, len: usize) {
        self.varint(u64::from(tag) << 3 | 2);
        self.varint(len as u64);
    }
    pub(crate) fn uint64(&mut self, tag: u32, x: u64) {
        self.varint(u64::from(tag) << 3);
        self.varint(x);
    }
    pub(crate) fn uint64s(&mut self, tag: u32, x: &[u64]) {
        if x.len() > 2 {
            self.message(tag, |b| x.iter().for_each(|u| b.varint(*u)));
            return;
        }
        for u in x {
            self.uint64(tag, *u);
        }
    }
    pub(crate) fn uint64_opt(&mut self, tag: u32, x: u64) {
        if x != 0 {
            self.uint64(tag, x);
        }
    }
    pub(crate) fn string(&mut self, tag: u32, x: &str) {
        self.length(tag, x.len());
        self.data.extend_from_slice(x.as_bytes());
    }

    /// A message in this one.
    pub(crate) fn message(&mut self, tag: u32, f: impl FnOnce(&mut Self)) {
        let mut b = Self::default();
        f(&mut b);
        self.length(tag, b.data.len());
        self.data.append(&mut b.data);
    }
}
