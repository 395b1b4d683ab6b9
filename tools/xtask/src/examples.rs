//! `cargo xtask examples`: each public type, function, method, trait and macro of the library
//! `gort` has an example, which `cargo test --doc` runs.
//!
//! What is public is rustdoc's to say, in its JSON: so what macros make counts too. That form is
//! not stable yet, and read here with the toolchain that rust-toolchain.toml pins; rustdoc alone is
//! run with `RUSTC_BOOTSTRAP`, by this program in its place, as cargo would build much of the rest
//! anew with it.

use serde_json::Value;
use std::collections::BTreeSet;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Says that this program stands in rustdoc's place.
const IN_ITS_PLACE: &str = "GORT_XTASK_RUSTDOC";

/// Becomes rustdoc, if cargo means this program to.
pub fn in_the_place_of_rustdoc() {
    if std::env::var_os(IN_ITS_PLACE).is_some() {
        let mut c = Command::new("rustdoc");
        let e = c.args(std::env::args_os().skip(1)).env("RUSTC_BOOTSTRAP", "1").exec();
        eprintln!("xtask: rustdoc: {e}");
        std::process::exit(2);
    }
}

/// Prints what has no example; the exit status.
///
/// # Errors
/// If rustdoc cannot be run, or says something else.
pub fn run(root: &Path) -> Result<u8, String> {
    let me = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut c = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    c.args(["rustdoc", "--quiet", "-p", "gort", "--lib", "--"]);
    c.args(["-Z", "unstable-options", "--output-format", "json"]);
    c.current_dir(root).env("RUSTDOC", me).env(IN_ITS_PLACE, "1");
    if !c.status().map_err(|e| format!("cargo: {e}"))?.success() {
        return Err("cargo rustdoc has failed".into());
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let file = target.join("doc/gort.json");
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let json: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let items = items(&json);
    if items.len() < 400 {
        return Err(format!("rustdoc's JSON has another form: {} items found", items.len()));
    }
    let without: Vec<_> = items.iter().filter(|i| !has_example(&i.docs)).collect();
    for i in &without {
        println!("{}: {} has no example", i.at, i.path);
    }
    println!("{} public items, {} without an example", items.len(), without.len());
    Ok(u8::from(!without.is_empty()))
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    path: String,
    at: String,
    docs: String,
}

/// The public items that are to have an example.
fn items(json: &Value) -> BTreeSet<Item> {
    let mut found = BTreeSet::new();
    walk(json, &json["root"], "", &mut found);
    found
}

fn walk(json: &Value, id: &Value, path: &str, found: &mut BTreeSet<Item>) {
    let item = &json["index"][id.to_string().trim_matches('"')];
    let Some((kind, inner)) = item["inner"].as_object().and_then(|o| o.iter().next()) else {
        return; // of another crate, or hidden
    };
    let all = |list: &Value, path: &str, found: &mut BTreeSet<Item>| {
        for id in list.as_array().into_iter().flatten() {
            walk(json, id, path, found);
        }
    };
    if kind == "use" {
        return walk(json, &inner["id"], path, found);
    }
    if kind == "impl" {
        if inner["trait"].is_null() {
            all(&inner["items"], path, found);
        }
        return;
    }
    let path = match item["name"].as_str() {
        Some(name) if path.is_empty() => name.to_string(),
        Some(name) => format!("{path}::{name}"),
        None => return,
    };
    let public = item["visibility"] == "public";
    match kind.as_str() {
        "module" => return all(&inner["items"], &path, found),
        "struct" | "enum" | "union" => all(&inner["impls"], &path, found),
        "function" | "macro" | "proc_macro" | "trait" => {}
        _ => return, // constants, variants, fields
    }
    if !public && kind == "function" {
        return;
    }
    let file = item["span"]["filename"].as_str().unwrap_or("?");
    let at = format!("{file}:{}", item["span"]["begin"][0]);
    found.insert(Item { path, at, docs: item["docs"].as_str().unwrap_or("").into() });
}

/// Whether there is a block that is compiled and means to work.
fn has_example(docs: &str) -> bool {
    let mut open = false;
    docs.lines().any(|l| {
        let Some(info) = l.trim_start().strip_prefix("```") else { return false };
        open = !open;
        let words = info.split([',', ' ']).map(str::trim).filter(|w| !w.is_empty());
        open && words.into_iter().all(|w| ["rust", "no_run", "should_panic"].contains(&w))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        assert!(has_example("Does.\n\n```\nf();\n```\n"));
        assert!(has_example("```no_run\nf();\n```\n"));
        assert!(has_example("```text\nf();\n```\n```\nf();\n```"));
        assert!(!has_example("Does.\n"));
        assert!(!has_example("```text\nf();\n```\n"));
        assert!(!has_example("```compile_fail\nf();\n```\n"));
        assert!(!has_example("```ignore\nf();\n```\n"));
    }

    #[test]
    fn what_is_public() {
        let item = |name: &str, kind: &str, public: bool, inner: Value| {
            serde_json::json!({
                "name": name, "visibility": if public { "public" } else { "default" }, "docs": "",
                "span": {"filename": "a.rs", "begin": [7, 1]}, "inner": {kind: inner},
            })
        };
        let json = serde_json::json!({"root": 0, "index": {
            "0": item("top", "module", true, serde_json::json!({"items": [1, 2, 9]})),
            "1": item("S", "struct", true, serde_json::json!({"impls": [3, 4]})),
            "2": item("", "use", true, serde_json::json!({"id": 5})),
            "3": item("", "impl", false, serde_json::json!({"trait": null, "items": [6, 7]})),
            "4": item("", "impl", false, serde_json::json!({"trait": {"path": "Clone"}, "items": [8]})),
            "5": item("f", "function", true, serde_json::json!({})),
            "6": item("method", "function", true, serde_json::json!({})),
            "7": item("HUP", "assoc_const", true, serde_json::json!({})),
            "8": item("clone", "function", true, serde_json::json!({})),
        }});
        let found: Vec<_> = items(&json).into_iter().map(|i| i.path + " " + &i.at).collect();
        assert_eq!(found, ["top::S a.rs:7", "top::S::method a.rs:7", "top::f a.rs:7"]);
    }
}
