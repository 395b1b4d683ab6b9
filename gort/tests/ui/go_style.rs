// new_select_errors: gostyle
use gort::*;
fn main() {
    run(|| {
        let c = chan::<u32>(0);
        select! { case v := <-c => println!("{v:?}"), }
    })
}
