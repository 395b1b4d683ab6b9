use gort::*;
fn main() {
    run(|| {
        let c = chan::<u32>(0);
        select! { read(c) -> v => println!("{v:?}") }
    })
}
