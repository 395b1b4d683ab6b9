#[gort::test]
fn test(n: u32) {}

fn main() {}
