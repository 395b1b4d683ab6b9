// new_select_errors: borrow. The compiler's own words; gort::task::scope is the way.
use gort::*;
fn main() {
    run(|| {
        let mut v = vec![1];
        let wg = sync::WaitGroup::new();
        wg.add(1);
        go(|| {
            v.push(1);
            wg.done()
        });
        wg.wait();
    })
}
