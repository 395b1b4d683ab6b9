// new_select_errors: tokiostyle
use gort::*;
fn main() {
    run(|| {
        let c = chan::<u32>(0);
        select! { v = c.recv() => println!("{v:?}"), }
    })
}
