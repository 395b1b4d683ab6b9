// new_select_errors: crossbeamok
use gort::*;
fn main() {
    run(|| {
        let c = chan::<u32>(0);
        select! { recv(c) -> Some(v) => println!("{v:?}"), default => {} }
    })
}
