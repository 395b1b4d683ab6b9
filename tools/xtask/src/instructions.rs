//! `cargo xtask instructions`: what an operation of each workload costs, in instructions.
//!
//! Times scatter on a machine that others use; counts do not. The benchmark program runs under
//! valgrind's callgrind, and of the instructions in the program itself (not of the C library's)
//! three numbers are taken, for each operation of a workload with one P: all, those with a locked
//! access to memory (`lock`, `xchg`, `mfence`), and the looks at the tracer's switch, which are all
//! that the tracer costs while it is off (a load, a test and a branch each). They are compared with
//! `tools/bench/instructions.tsv`.

use crate::bench;
use crate::golang::regex;
use crate::process;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The workloads and their operations in a repetition: those whose counts are the same in each run
/// to a thousandth (`spawn_batch`'s are not to three hundredths, `mutex`'s not at all).
/// One repetition is counted, and one comes before it.
const WORKLOADS: [(&str, u64); 6] = [
    ("yield1.w1", 2_000_000),
    ("spawn_join.w1", 200_000),
    ("pingpong.w1", 200_000),
    ("chan_buf.w1", 2_000_000),
    ("ring.w1", 500_000),
    ("select.w1", 400_000),
];
/// The recorded counts.
const TABLE: &str = "tools/bench/instructions.tsv";
/// How much a count may grow. Two runs differ by less than a thousandth: which goroutines' latency
/// is measured is random.
const GROWTH: f64 = 0.01;
/// The same for the other two, absolute: a hundredth of an operation happens now and then, a whole
/// one is a change.
const MORE: f64 = 0.1;
/// Longer than any workload takes in valgrind.
const LIMIT: Duration = Duration::from_secs(600);
/// The tracer's switch.
const SWITCH: &str = "traceruntime5state4vars7ENABLED";

/// What an operation costs: instructions, those that are locked, looks at the tracer's switch.
type Counts = [f64; 3];

/// Counts, prints, and compares with the table, or writes it. The result is the exit status.
pub fn run(root: &Path, ids: &[String], update: bool) -> Result<u8, String> {
    let mut recorded = read(&std::fs::read_to_string(root.join(TABLE)).unwrap_or_default())?;
    let exe = bench::cargo(root, "gort-bench", "gort-bench")?;
    let special = special(&exe)?;
    let mut worse = 0;
    println!("{:<16} {:>12} {:>8} {:>8}   recorded", "", "instructions", "locked", "tracer");
    for (id, n) in WORKLOADS {
        if !ids.is_empty() && !ids.iter().any(|i| i == id) {
            continue;
        }
        let c = count(&exe, id, &special)?.map(|v| v as f64 / (2 * n) as f64);
        let mut line = format!("{id:<16} {:>12.1} {:>8.2} {:>8.2}", c[0], c[1], c[2]);
        match recorded.get(id) {
            Some(old) => {
                line += &format!(
                    "   {:.1} {:.2} {:.2} ({:+.1} %)",
                    old[0],
                    old[1],
                    old[2],
                    growth(&c, old)
                );
                if is_worse(&c, old) && !update {
                    line += "  MORE";
                    worse += 1;
                }
            }
            None if update => {}
            None => return Err(format!("{TABLE} has no {id}: --update writes it")),
        }
        println!("{line}");
        recorded.insert(id.into(), c);
    }
    if update {
        std::fs::write(root.join(TABLE), table(&recorded)).map_err(|e| format!("{TABLE}: {e}"))?;
    } else if worse > 0 {
        println!(
            "\nIf that is meant: cargo xtask instructions --update, and say in the commit what it buys."
        );
    }
    Ok(u8::from(worse > 0))
}

/// In percent.
fn growth(new: &Counts, old: &Counts) -> f64 {
    (new[0] / old[0] - 1.0) * 100.0
}

fn is_worse(new: &Counts, old: &Counts) -> bool {
    new[0] > old[0] * (1.0 + GROWTH) || new[1] > old[1] + MORE || new[2] > old[2] + MORE
}

fn table(counts: &BTreeMap<String, Counts>) -> String {
    let head = "# Per operation, with one P; written by `cargo xtask instructions --update`.\n\
                workload\tinstructions\tlocked\ttracer\n";
    let row = |(id, _): &(&str, u64)| {
        counts.get(*id).map(|c| format!("{id}\t{:.1}\t{:.2}\t{:.2}\n", c[0], c[1], c[2]))
    };
    head.to_string() + &WORKLOADS.iter().filter_map(row).collect::<String>()
}

fn read(table: &str) -> Result<BTreeMap<String, Counts>, String> {
    let rows = table.lines().filter(|l| !l.starts_with('#') && !l.starts_with("workload"));
    rows.map(|l| {
        let mut f = l.split('\t');
        let id = f.next().unwrap_or_default().to_string();
        let c =
            f.map(str::parse).collect::<Result<Vec<f64>, _>>().ok().and_then(|v| v.try_into().ok());
        Ok((id, c.ok_or(format!("{TABLE}: {l:?}"))?))
    })
    .collect()
}

/// Addresses of instructions that are counted apart.
struct Special {
    locked: HashSet<u64>,
    tracer: HashSet<u64>,
}

/// Finds them in the disassembly.
fn special(exe: &Path) -> Result<Special, String> {
    let mut cmd = Command::new("objdump");
    cmd.args(["-d", "--no-show-raw-insn", "-M", "intel"]).arg(exe);
    let out = cmd.output().map_err(|e| format!("{cmd:?}: {e}"))?;
    let s = find(&String::from_utf8_lossy(&out.stdout));
    if s.locked.is_empty() || s.tracer.is_empty() {
        return Err(format!(
            "{cmd:?} shows no locked instruction, or no look at the tracer's switch"
        ));
    }
    Ok(s)
}

fn find(disassembly: &str) -> Special {
    let mut s = Special { locked: HashSet::new(), tracer: HashSet::new() };
    for l in disassembly.lines() {
        let Some((address, text)) = l.split_once(":\t") else { continue };
        let Ok(address) = u64::from_str_radix(address.trim(), 16) else { continue };
        let xchg = text.starts_with("xchg") && text.contains('[');
        if text.starts_with("lock ") || text.starts_with("mfence") || xchg {
            s.locked.insert(address);
        }
        if text.contains(SWITCH) {
            s.tracer.insert(address);
        }
    }
    s
}

/// Runs a workload in callgrind.
fn count(exe: &Path, id: &str, special: &Special) -> Result<[u64; 3], String> {
    let file = exe.with_file_name(format!("callgrind.{id}"));
    let mut cmd = Command::new("valgrind");
    cmd.args([
        "--tool=callgrind",
        "--dump-instr=yes",
        "--compress-pos=no",
        "--compress-strings=no",
    ]);
    cmd.arg(format!("--callgrind-out-file={}", file.display()))
        .arg(exe)
        .arg(id)
        .env("BENCH_REPS", "1");
    let out = process::run(&mut cmd, LIMIT)?;
    if out.code != Some(0) {
        return Err(format!("{cmd:?} ended with {:?}\n{}", out.code, out.stderr));
    }
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let _ = std::fs::remove_file(&file);
    sum(&text, &exe.display().to_string(), special)
}

/// Adds up what callgrind has written about one object: lines `0xADDRESS LINE COUNT`, but for those
/// behind `calls=`, which are sums of what is called.
fn sum(callgrind: &str, object: &str, special: &Special) -> Result<[u64; 3], String> {
    let mut by_address: HashMap<u64, u64> = HashMap::new();
    let (mut here, mut inclusive) = (false, false);
    for l in callgrind.lines() {
        if let Some(name) = l.strip_prefix("ob=") {
            here = name == object;
        } else if l.starts_with("calls=") {
            inclusive = true;
        } else if let Some(c) = regex!(r"^0x([0-9a-f]+) \d+ (\d+)$").captures(l) {
            if here && !inclusive {
                let address = u64::from_str_radix(&c[1], 16).map_err(|e| format!("{l:?}: {e}"))?;
                *by_address.entry(address).or_default() +=
                    c[2].parse::<u64>().map_err(|e| format!("{l:?}: {e}"))?;
            }
            inclusive = false;
        }
    }
    let of = |set: &HashSet<u64>| {
        by_address.iter().filter(|(a, _)| set.contains(a)).map(|(_, n)| n).sum()
    };
    let counts = [by_address.values().sum(), of(&special.locked), of(&special.tracer)];
    // No workload is without either: the addresses would not be those of the disassembly.
    match counts {
        [_, 0, _] | [_, _, 0] => Err(format!("nothing counted of {object}: {counts:?}")),
        c => Ok(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted() {
        let s = find(
            "0000000000001000 <f>:\n    1000:\tlock cmpxchg DWORD PTR [rdi],ecx\n    1004:\txchg   ax,ax\n    1006:\txchg   DWORD PTR [rbx],eax\n\
             \x20   1008:\tmovzx  eax,BYTE PTR [rip+0x1]        # 1 <_ZN17gort_traceruntime5state4vars7ENABLED17hE.0>\n    100f:\tret\n",
        );
        assert_eq!((s.locked.len(), s.tracer.len()), (2, 1));
        let out = "fn=f\nob=/x\n0x1000 1 7\n0x1008 1 5\ncalls=3 0x9 1\n0x100f 1 900\n0x100f 1 2\nob=/libc\n0x1000 0 50\nob=/x\n0x1006 2 4\n";
        assert_eq!(sum(out, "/x", &s), Ok([18, 11, 5]));
        assert!(sum(out, "/y", &s).is_err());
    }

    #[test]
    fn the_table() {
        let counts: BTreeMap<String, Counts> =
            [("select.w1".into(), [20.0, 2.0, 1.5]), ("yield1.w1".into(), [300.25, 6.125, 3.0])]
                .into();
        let text = table(&counts);
        assert_eq!(text.lines().last(), Some("select.w1\t20.0\t2.00\t1.50"));
        assert_eq!(read(&text).unwrap()["yield1.w1"][0], 300.2);
        assert!(read("a\tb\n").is_err());
        assert!(is_worse(&[102.0, 6.0, 3.0], &[100.0, 6.0, 3.0]));
        assert!(!is_worse(&[100.9, 6.05, 3.0], &[100.0, 6.0, 3.0]));
        assert!(
            is_worse(&[100.0, 7.0, 3.0], &[100.0, 6.0, 3.0])
                && is_worse(&[100.0, 6.0, 4.0], &[100.0, 6.0, 3.0])
        );
    }
}
