// new_select_errors: guard
use gort::*;
fn main() {
    run(|| {
        let c = chan::<u32>(0);
        let on = true;
        select! { recv(c) -> v if on => println!("{v:?}"), recv(c) -> _ => {} }
    })
}
