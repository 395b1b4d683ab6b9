#[gort::test(leaks = "ignore")]
fn test() {}

fn main() {}
