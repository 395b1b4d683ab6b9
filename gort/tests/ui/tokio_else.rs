use gort::*;
fn main() {
    run(|| {
        let c = chan::<u32>(0);
        select! { recv(c) -> _ => {}, else => {} }
    })
}
