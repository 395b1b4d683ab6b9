#[gort::test]
async fn test() {}

fn main() {}
