//! `managed FILE [NUMBER...]`: compiles a program and runs its `main`.

use gort_example_managed::compile;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((file, rest)) = args.split_first() else {
        eprintln!("usage: managed FILE [NUMBER...]");
        return ExitCode::from(2);
    };
    let numbers: Result<Vec<i64>, _> = rest.iter().map(|a| a.parse()).collect();
    let Ok(numbers) = numbers else {
        eprintln!("managed: {rest:?} are not all numbers");
        return ExitCode::from(2);
    };
    let source = match std::fs::read_to_string(file) {
        Ok(s) => s,
        Err(e) => {
            eprintln!("managed: {file}: {e}");
            return ExitCode::from(1);
        }
    };
    let file = file.clone();
    gort::run(move || match compile(&file, &source) {
        Ok(p) => {
            println!("{}", p.run(&numbers));
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("{file}:{e}");
            ExitCode::from(1)
        }
    })
}
