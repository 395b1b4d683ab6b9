//! The book is made from this repository and real Go, and what a reader looks for is in it.

use gort_study::align::{Piece, Row, blocks, rows};
use gort_study::golang::{self, Tree};
use gort_study::{Book, highlight};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace")
}

/// Go's sources; without them the test says so, and in CI fails.
fn goroot() -> Option<PathBuf> {
    golang::goroot(None)
        .map_err(|e| {
            assert!(std::env::var_os("GORT_CI").is_none(), "{e}");
            println!("the book is not made: {e}");
        })
        .ok()
}

#[test]
fn no_line_is_lost_and_pairs_stand_side_by_side() {
    let piece = |lines, start, pairs: &[(usize, usize)]| Piece {
        file: 0,
        name: "f".into(),
        lines,
        start,
        pairs: pairs.to_vec(),
    };
    let p = [piece(5..20, 8, &[(10, 8), (12, 9), (15, 13)])];
    let got = rows(&(9..18), &p);
    let row = |go, rust| Row { go, rust: Some((0, rust)) };
    assert_eq!(got, [row(9..12, 5..9), row(12..15, 9..13), row(15..18, 13..20)]);
    // A second piece that begins behind the first one's last line, and one that is about lines that
    // have been.
    let p = [
        piece(1..4, 2, &[(10, 2)]),
        piece(30..33, 31, &[(14, 31)]),
        piece(50..52, 51, &[(10, 51)]),
    ];
    let got = rows(&(10..18), &p);
    assert_eq!(
        got.iter().flat_map(|r| r.go.clone()).collect::<Vec<_>>(),
        (10..18).collect::<Vec<_>>()
    );
    let rust: Vec<_> = got.iter().filter_map(|r| r.rust.clone()).collect();
    assert_eq!(rust, [(0, 1..4), (1, 30..33), (2, 50..52)]);
}

#[test]
fn colours_change_no_text() {
    let src = ["fn f<'a>(c: &'a str) -> u8 { /* x", "y */ b'<' } // \"&", "let s = r#\"</i>\"#;"]
        .map(String::from);
    let html = highlight::lines(&src, "rs");
    assert!(html.iter().any(|l| l.contains("<i class=")));
    let tags = regex::Regex::new("</?i[^>]*>").expect("a valid expression");
    for (h, s) in html.iter().zip(&src) {
        assert_eq!(tags.replace_all(h, ""), highlight::escape(s));
    }
}

#[test]
fn every_line_of_go_is_in_the_book_once() {
    let Some(goroot) = goroot() else { return };
    let mut tree = Tree::new(&goroot);
    for f in ["runtime/proc.go", "runtime/runtime2.go", "runtime/asm_amd64.s", "runtime/chan.go"] {
        let go = tree.file(f).expect(f);
        let lines: Vec<usize> = blocks(go).into_iter().flat_map(|b| b.lines).collect();
        assert_eq!(lines, (1..go.lines.len() + 1).collect::<Vec<_>>(), "{f}");
    }
}

/// Every link of every page leads to a page, and a place in it, that is there.
#[test]
fn the_book_hangs_together() {
    let Some(goroot) = goroot() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let said = Book::new(root(), &goroot).and_then(|b| b.write(dir.path())).expect("written");
    println!("{said}");
    let read = |n: &str| {
        std::fs::read_to_string(dir.path().join(n)).unwrap_or_else(|e| panic!("{n}: {e}"))
    };
    let proc = read("go-runtime-proc.go.html");
    let section = |name: &str| {
        let at = proc.find(&format!("<section id={name}>")).unwrap_or_else(|| panic!("no {name}"));
        &proc[at..at + proc[at..].find("</section>").expect("its end")]
    };
    let s = section("findRunnable-3249");
    assert!(s.contains(">find_runnable</a>") && s.contains("proc/src/find_runnable.rs"));
    assert!(s.contains("doc-proc-README-spinning.md.html#"), "the proof is named");
    assert!(s.contains(">stealWork</a>") && s.contains(">schedule</a>"), "who calls whom");
    // The line that asks for every 61st time stands beside the one that ports it.
    let row = s.split("<div class=row>").find(|r| r.contains("id=G3298>")).expect("the row");
    assert!(row.contains("> :3298 "), "{row}");
    assert!(section("doInit1-7261").contains("Not ported: "));

    let ids = regex::Regex::new(r#" id="?([^\s">]+)"#).expect("a valid expression");
    let links = regex::Regex::new(r#"<a [^>]*?href="?([^\s">]+)"#).expect("a valid expression");
    let mut there = std::collections::HashMap::new();
    for e in std::fs::read_dir(dir.path()).expect("the folder").flatten() {
        let name = e.file_name().to_string_lossy().into_owned();
        let text = read(&name);
        let own: std::collections::HashSet<String> =
            ids.captures_iter(&text).map(|m| m[1].to_string()).collect();
        there.insert(name, (text, own));
    }
    let mut wrong = Vec::new();
    for (name, (text, _)) in there.iter().filter(|(n, _)| n.ends_with(".html")) {
        for m in links.captures_iter(text) {
            let (page, id) = m[1].split_once('#').unwrap_or((&m[1], ""));
            if page.contains("://") {
                continue;
            }
            let page = if page.is_empty() { name.as_str() } else { page };
            match there.get(page) {
                None => wrong.push(format!("{name}: {}", &m[1])),
                Some((_, own)) if !id.is_empty() && !own.contains(id) => {
                    wrong.push(format!("{name}: {}", &m[1]))
                }
                _ => {}
            }
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} dead links:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn another_folder_is_no_source_tree() {
    let dir = tempfile::tempdir().expect("a folder");
    let e = Book::new(dir.path(), dir.path()).err().expect("an error");
    assert!(e.ends_with("no source tree of gort"), "{e}");
}
