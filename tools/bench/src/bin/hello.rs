//! The workload `startup`: start the runtime, one goroutine yields the text, main writes it.

fn main() {
    gort::run_main(|| {
        let c = gort::chan::<&'static str>(0);
        let tx = c.clone();
        gort::go(move || tx.send("hello, world"));
        if let Some(text) = c.recv() {
            println!("{text}");
        }
    })
}
