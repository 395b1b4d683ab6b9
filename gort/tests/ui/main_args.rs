#[gort::main(2)]
fn main() {}
