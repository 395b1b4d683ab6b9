#[gort::main]
fn main<T>() {}
