#[gort::test(flavor = "multi_thread")]
fn test() {}

fn main() {}
