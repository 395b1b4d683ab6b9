// adv_select_internal: safe code that got at the macro's unsafe call through its internal rule.
use gort::{__select::{RawCase, RecvCase}, chan, select};
struct Stale(RawCase);
impl Stale { fn raw(&mut self) -> RawCase { self.0 } fn finish(&mut self) {} }
fn main() {
    gort::run(|| {
        let c = chan::<[u64; 4]>(1);
        c.send([0x4141414141414141; 4]);
        let mut old = Vec::with_capacity(1);
        old.push(RecvCase::new(c.clone(), true));
        let mut case = Stale(old[0].raw());
        old.clear();
        drop(std::hint::black_box(old)); // the slot that `case` points into is freed here
        let v = std::hint::black_box(vec![7u64; 5]);
        select!(@run [(case finish _ => ())] []);
        println!("a vector that nobody wrote to: {v:x?}");
    })
}
