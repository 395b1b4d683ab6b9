//! The pages of the book.

use crate::align::{Block, Piece, blocks, pieces, rows};
use crate::golang::{Decl, Kind, Tree, full_path, short_path};
use crate::highlight::{self, escape};
use crate::notes::{self, Note};
use crate::regex;
use crate::rust::{self, RustFile};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const STYLE: &str = include_str!("book.css");
const SCRIPT: &str = include_str!("book.js");

/// A function or another declaration of Go's that has a place in the book.
struct Entry {
    /// Its Go file, below `src`.
    file: String,
    /// Its name, with the receiver's type.
    name: String,
    /// Its line in Go.
    line: usize,
    /// The functions and types that port it.
    rust: Vec<String>,
    /// It is a function.
    func: bool,
}

impl Entry {
    fn href(&self) -> String {
        format!("{}#{}", page_of_go(&self.file), anchor(&self.name, self.line))
    }
}

/// All that the pages are made of.
pub struct Book {
    root: PathBuf,
    files: Vec<(RustFile, Vec<String>)>,
    tree: RefCell<Tree>,
    /// Paths of the Go files that something here ports, the scheduler first.
    go_files: Vec<String>,
    notes: Vec<Note>,
    /// The pages behind the notes: path, text.
    pages: Vec<(String, String)>,
    /// File and line of what is not ported: the reason.
    not_ported: HashMap<(String, usize), String>,
    /// Words of test files: in which of `files` each is.
    tests: HashMap<String, BTreeSet<usize>>,
}

/// The name of a file as part of a page's.
fn flat(path: &str) -> String {
    path.replace('/', "-")
}

fn page_of_go(path: &str) -> String {
    format!("go-{}.html", flat(path))
}

fn page_of_rust(path: &str) -> String {
    format!("rs-{}.html", flat(path))
}

fn page_of_doc(path: &str) -> String {
    format!("doc-{}.html", flat(path))
}

/// The id of a declaration: a function may be declared twice in one file of Go's, for one is a
/// method.
fn anchor(name: &str, line: usize) -> String {
    format!("{name}-{line}")
}

fn html(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=en><meta charset=utf-8>\n\
         <meta name=viewport content=\"width=device-width,initial-scale=1\">\n\
         <title>{0}</title>\n<link rel=stylesheet href=book.css>\n\
         <a class=skip href=#main>to the text</a>\n\
         <header><a href=index.html>gort beside Go</a>\n\
         <label>search <input id=q type=search autocomplete=off spellcheck=false \
         aria-controls=found placeholder=\"findRunnable or find_runnable\"></label>\n\
         <span class=keys>keys: <kbd>/</kbd> search, <kbd>j</kbd> <kbd>k</kbd> next and last</span>\n\
         </header>\n<div id=found role=region aria-live=polite aria-label=\"what was found\"></div>\n\
         <main id=main tabindex=-1>\n{1}\n</main>\n\
         <script src=index.js></script><script src=book.js></script>\n</html>\n",
        escape(title),
        body
    )
}

/// Lines as a `<pre>`, each with its number.
fn pre(
    class: &str,
    label: &str,
    lines: std::ops::Range<usize>,
    text: &[String],
    prefix: &str,
) -> String {
    let mut out = format!("<pre class={class} aria-label=\"{label}\">");
    for n in lines {
        let id = if prefix.is_empty() { String::new() } else { format!(" id={prefix}{n}") };
        let _ = write!(out, "<span class=l{id}><b>{n}</b>{}\n</span>", text[n - 1]);
    }
    out.push_str("</pre>");
    out
}

impl Book {
    /// Reads the repository at `root`, and Go's sources.
    ///
    /// # Errors
    /// If `root` is no such repository, or a file cannot be read.
    pub fn new(root: &Path, goroot: &Path) -> Result<Book, String> {
        if !root.join("proc/src/find_runnable.rs").is_file() {
            return Err(format!("{}: no source tree of gort", root.display()));
        }
        let mut files = Vec::new();
        for f in rust::read_workspace(root)? {
            let path = root.join(&f.path);
            let text =
                std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            files.push((f, text.lines().map(str::to_string).collect::<Vec<_>>()));
        }
        let mut tree = Tree::new(goroot);
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for (f, _) in files.iter().filter(|(f, _)| f.path.contains("/src/")) {
            for r in f.items.iter().flat_map(|i| &i.refs) {
                *count.entry(r.file.clone()).or_default() += 1;
            }
        }
        let mut go_files: Vec<String> =
            count.keys().filter(|f| tree.file(f).is_some()).cloned().collect();
        let first =
            ["runtime/proc.go", "runtime/runtime2.go", "runtime/chan.go", "runtime/select.go"];
        go_files
            .sort_by_key(|f| (first.iter().position(|p| p == f).unwrap_or(first.len()), f.clone()));

        let (mut all, mut texts) = (Vec::new(), Vec::new());
        for (page, own) in notes::pages(root) {
            let path = root.join(&page);
            let text =
                std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            if !page.ends_with("not-ported.md") {
                all.extend(notes::read(&page, &own, &text));
            }
            texts.push((page, text));
        }
        let mut not_ported = HashMap::new();
        for (_, text) in texts.iter().filter(|t| t.0 == "docs/not-ported.md") {
            for m in regex!(r"(?m)^\|\s*`?([\w./]+\.(?:go|s)):(\d+)`?\s*\|[^|]*\|\s*(.*?)\s*\|$")
                .captures_iter(text)
            {
                not_ported.insert((full_path(&m[1]), m[2].parse().unwrap_or(0)), m[3].to_string());
            }
        }
        let mut tests: HashMap<String, BTreeSet<usize>> = HashMap::new();
        for (n, (f, text)) in files.iter().enumerate() {
            if f.path.contains("tests/") {
                for l in text {
                    for w in regex!(r"\w{4,}").find_iter(l) {
                        tests.entry(w.as_str().to_string()).or_default().insert(n);
                    }
                }
            }
        }
        Ok(Book {
            root: root.into(),
            files,
            tree: RefCell::new(tree),
            go_files,
            notes: all,
            pages: texts,
            not_ported,
            tests,
        })
    }

    /// The blocks of a Go file, each with what ports it.
    fn chapter(&self, path: &str) -> Vec<(Block, Option<Decl>, Vec<Piece>)> {
        let mut tree = self.tree.borrow_mut();
        let Some(go) = tree.file(path) else { return Vec::new() };
        let of = |b: Block| {
            let decl = b.decl.map(|i| go.decls[i].clone());
            let p = pieces(path, &b.lines, &self.files);
            (b, decl, p)
        };
        blocks(go).into_iter().map(of).collect()
    }

    /// Writes the site into `out`, which need not exist; files that are there already are
    /// overwritten. What was written, in a line.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, out: &Path) -> Result<String, String> {
        let save = |name: &str, text: &str| {
            let path = out.join(name);
            std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
        };
        std::fs::create_dir_all(out).map_err(|e| format!("{}: {e}", out.display()))?;
        save("book.css", STYLE)?;
        save("book.js", SCRIPT)?;

        let chapters: Vec<_> = self.go_files.iter().map(|f| (f, self.chapter(f))).collect();
        let entries: Vec<Entry> = chapters
            .iter()
            .flat_map(|(file, blocks)| {
                blocks.iter().filter_map(|(_, d, p)| {
                    let d = d.as_ref()?;
                    Some(Entry {
                        file: file.to_string(),
                        name: d.full_name(),
                        line: d.line,
                        rust: p.iter().map(|p| p.name.clone()).collect(),
                        func: d.kind == Kind::Func,
                    })
                })
            })
            .collect();
        let calls = self.calls(&entries);
        let mut called: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); entries.len()];
        for (from, to) in calls.iter().enumerate() {
            to.iter().for_each(|&t| {
                called[t].insert(from);
            });
        }
        let mut rust_pages: BTreeSet<usize> = BTreeSet::new();
        let (mut at, mut ported, mut rest) = (0, 0, 0);
        let mut table = String::new();
        for (file, blocks) in &chapters {
            let (mut body, mut here, mut not) = (String::new(), 0, 0);
            let text = self.tree.borrow_mut().file(file).map_or(Vec::new(), |g| g.lines.clone());
            let text = highlight::lines(&text, file.rsplit('.').next().unwrap_or(""));
            for (b, d, p) in blocks {
                let entry = d.as_ref().map(|_| {
                    at += 1;
                    at - 1
                });
                if let Some(e) = entry.filter(|&e| entries[e].func) {
                    if p.is_empty() {
                        not += 1
                    } else {
                        here += 1
                    }
                    body.push_str(&self.head(
                        e,
                        &entries,
                        &calls[e],
                        &called[e],
                        p,
                        &b.lines,
                        &mut rust_pages,
                    ));
                } else if let Some(e) = entry {
                    body.push_str(&self.head(
                        e,
                        &entries,
                        &[].into(),
                        &[].into(),
                        p,
                        &b.lines,
                        &mut rust_pages,
                    ));
                } else {
                    body.push_str("<section>");
                }
                body.push_str(&self.beside(b, p, &text));
                body.push_str("</section>\n");
            }
            let short = short_path(file);
            let head = format!(
                "<h1>{short}</h1>\n<p>Go 1.23.1 on the left, its port on the right; lines that stand side by side \
                 do the same. {here} of {} functions are ported.</p>\n",
                here + not
            );
            save(&page_of_go(file), &html(short, &(head + &body)))?;
            let _ = writeln!(
                table,
                "<tr><td><a href={}>{short}</a><td class=r>{here}<td class=r>{not}<td class=r>{}",
                page_of_go(file),
                text.len()
            );
            ported += here;
            rest += not;
        }
        self.write_rust(&rust_pages, &save)?;
        for (page, text) in &self.pages {
            save(&page_of_doc(page), &html(page, &self.doc(page, text, &rust_pages)))?;
        }
        let names: Vec<_> = entries
            .iter()
            .map(|e| (&e.name, e.rust.join(" "), short_path(&e.file), e.href()))
            .collect();
        save(
            "index.js",
            &format!(
                "const INDEX={};\n",
                serde_json::to_string(&names).map_err(|e| e.to_string())?
            ),
        )?;
        let mut docs = String::new();
        for (page, _) in &self.pages {
            let _ = writeln!(docs, "<li><a href={}>{page}</a>", page_of_doc(page));
        }
        let index = format!(
            "<h1>Go’s scheduler, and its port, side by side</h1>\n\
             <p>Begin with <a href={}>the architecture on one page</a>, or with \
             <a href={}>proc.go</a>.</p>\n\
             <table><caption>The files of Go that are ported, whole or in part</caption>\n\
             <tr><th>file<th>functions ported<th>not ported<th>lines\n{table}</table>\n\
             <h2>What this repository says of them</h2>\n<ul>{docs}</ul>",
            page_of_doc("docs/architecture.md"),
            page_of_go("runtime/proc.go"),
        );
        save("index.html", &html("gort beside Go", &index))?;
        Ok(format!(
            "{} files of Go, {ported} functions beside their port, {rest} that are not ported: {}",
            chapters.len(),
            out.join("index.html").display()
        ))
    }

    /// For each entry the entries whose functions its text calls.
    fn calls(&self, entries: &[Entry]) -> Vec<BTreeSet<usize>> {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (n, e) in entries.iter().enumerate().filter(|(_, e)| e.func) {
            by_name.entry(e.name.rsplit('.').next().unwrap_or("")).or_default().push(n);
        }
        let mut tree = self.tree.borrow_mut();
        entries
            .iter()
            .enumerate()
            .map(|(n, e)| {
                let mut out = BTreeSet::new();
                let Some(go) = tree.file(&e.file).filter(|_| e.func) else { return out };
                let end = go.decls.iter().find(|d| d.line == e.line).map_or(e.line, |d| d.end);
                for l in &go.lines[e.line - 1..end] {
                    let code = l.split("//").next().unwrap_or("");
                    for m in regex!(r"(\.)?\b(\w+)\(").captures_iter(code) {
                        let Some(to) = by_name.get(&m[2]) else { continue };
                        // A method is found by its name alone, if only one has it.
                        let method = m.get(1).is_some();
                        let fit: Vec<_> = to
                            .iter()
                            .filter(|&&t| entries[t].name.contains('.') == method && t != n)
                            .collect();
                        if let [one] = fit[..] {
                            out.insert(*one);
                        }
                    }
                }
                out
            })
            .collect()
    }

    /// The heading of an entry, with what is said of it elsewhere.
    #[allow(clippy::too_many_arguments)]
    fn head(
        &self,
        e: usize,
        entries: &[Entry],
        calls: &BTreeSet<usize>,
        called: &BTreeSet<usize>,
        pieces: &[Piece],
        lines: &std::ops::Range<usize>,
        rust_pages: &mut BTreeSet<usize>,
    ) -> String {
        let entry = &entries[e];
        let id = anchor(&entry.name, entry.line);
        let mut out = format!("<section id={id}><h2><a href=#{id}>{}</a>", escape(&entry.name));
        for p in pieces {
            let path = &self.files[p.file].0.path;
            rust_pages.insert(p.file);
            let _ = write!(
                out,
                " <a class=rust href={}#L{}>{}</a> <small>{path}</small>",
                page_of_rust(path),
                p.start,
                escape(&p.name)
            );
        }
        out.push_str("</h2>\n");
        if pieces.is_empty()
            && let Some(why) = self.not_ported.get(&(entry.file.clone(), entry.line))
        {
            let _ = writeln!(out, "<p class=not>Not ported: {}</p>", inline(why));
        }
        let mut list = |what: &str, items: Vec<String>| {
            if !items.is_empty() {
                let _ = writeln!(out, "<p class=see><span>{what}</span> {}</p>", items.join(", "));
            }
        };
        let links = |of: &BTreeSet<usize>| -> Vec<String> {
            of.iter()
                .map(|&t| format!("<a href={}>{}</a>", entries[t].href(), escape(&entries[t].name)))
                .collect()
        };
        let about = self
            .notes
            .iter()
            .filter(|n| n.mentions.iter().any(|(f, l)| *f == entry.file && lines.contains(l)))
            .map(|n| {
                let what = format!("{}: {}", n.page.trim_end_matches(".md"), n.title);
                format!("<a href={}#{}>{}</a>", page_of_doc(&n.page), n.id, escape(&what))
            })
            .collect();
        list("said of it in", about);
        let mut tests: BTreeSet<usize> = BTreeSet::new();
        for p in pieces.iter().filter(|_| entry.func) {
            let name = p.name.rsplit(':').next().unwrap_or("");
            tests.extend(self.tests.get(name).into_iter().flatten());
        }
        let mut tests: Vec<usize> = tests.into_iter().collect();
        tests.sort_by_key(|&n| (!self.files[n].0.path.contains("loom"), n));
        let shown: Vec<String> = tests
            .iter()
            .take(8)
            .map(|&n| {
                rust_pages.insert(n);
                let path = &self.files[n].0.path;
                format!("<a href={}>{path}</a>", page_of_rust(path))
            })
            .collect();
        list("named by the tests", shown);
        list("called by", links(called));
        list("calls", links(calls));
        out
    }

    /// The two columns of a block.
    fn beside(&self, b: &Block, pieces: &[Piece], go: &[String]) -> String {
        let mut out = String::new();
        let mut coloured: HashMap<usize, Vec<String>> = HashMap::new();
        for row in rows(&b.lines, pieces) {
            out.push_str("<div class=row>");
            out.push_str(&pre("go", "Go", row.go.clone(), go, "G"));
            if let Some((p, lines)) = row.rust {
                let n = pieces[p].file;
                let text = coloured.entry(n).or_insert_with(|| self.coloured(n));
                out.push_str(&pre("rs", "Rust", lines, text, ""));
            }
            out.push_str("</div>\n");
        }
        out
    }

    /// A Rust file with colours, from a store: each is asked for again and again.
    fn coloured(&self, n: usize) -> Vec<String> {
        thread_local! {
            static STORE: RefCell<HashMap<(PathBuf, usize), Vec<String>>> = RefCell::default();
        }
        STORE.with_borrow_mut(|s| {
            s.entry((self.root.clone(), n))
                .or_insert_with(|| highlight::lines(&self.files[n].1, "rs"))
                .clone()
        })
    }

    fn write_rust(
        &self,
        pages: &BTreeSet<usize>,
        save: &dyn Fn(&str, &str) -> Result<(), String>,
    ) -> Result<(), String> {
        for &n in pages {
            let (f, text) = &self.files[n];
            let body = pre("rs", "Rust", 1..text.len() + 1, &self.coloured(n), "L");
            save(&page_of_rust(&f.path), &html(&f.path, &format!("<h1>{}</h1>\n{body}", f.path)))?;
        }
        Ok(())
    }

    /// A page of the repository as HTML; what it links to is in the book, or only named.
    fn doc(&self, page: &str, text: &str, rust_pages: &BTreeSet<usize>) -> String {
        use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
        let dir = Path::new(page).parent().unwrap_or(Path::new(""));
        let known = |link: &str| -> Option<String> {
            let (path, hash) =
                link.split_once('#').map_or((link, String::new()), |(p, h)| (p, format!("#{h}")));
            if path.is_empty() {
                return Some(hash);
            }
            let mut full = PathBuf::new();
            for c in dir.join(path).components() {
                match c {
                    std::path::Component::ParentDir => drop(full.pop()),
                    c => full.push(c),
                }
            }
            let full = full.to_string_lossy().into_owned();
            if self.pages.iter().any(|p| p.0 == full) {
                return Some(page_of_doc(&full) + &hash);
            }
            let n = self.files.iter().position(|f| f.0.path == full)?;
            rust_pages.contains(&n).then(|| page_of_rust(&full) + &hash)
        };
        let mut title: Option<String> = None;
        let mut events: Vec<Event<'_>> = Vec::new();
        let mut open: Vec<bool> = Vec::new();
        for ev in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match ev {
                Event::Start(Tag::Heading { .. }) => title = Some(String::new()),
                Event::End(TagEnd::Heading(level)) => {
                    let t = title.take().unwrap_or_default();
                    let level = if level == HeadingLevel::H1 { 1 } else { level as usize };
                    let h = format!("<h{level} id={}>{}</h{level}>\n", notes::id(&t), escape(&t));
                    events.push(Event::Html(CowStr::from(h)));
                }
                Event::Text(ref s) | Event::Code(ref s) if title.is_some() => {
                    title.as_mut().expect("in a heading").push_str(s);
                }
                _ if title.is_some() => {}
                Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                    let outside = dest_url.contains("://");
                    let to = if outside { Some(dest_url.to_string()) } else { known(&dest_url) };
                    open.push(to.is_some());
                    if let Some(to) = to {
                        let dest_url = CowStr::from(to);
                        events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                    }
                }
                Event::End(TagEnd::Link) => {
                    if open.pop().unwrap_or(false) {
                        events.push(Event::End(TagEnd::Link));
                    }
                }
                ev => events.push(ev),
            }
        }
        let mut out = String::from("<article>");
        html::push_html(&mut out, events.into_iter());
        out + "</article>"
    }
}

/// A reason: Markdown in a line.
fn inline(s: &str) -> String {
    let mut out = String::new();
    pulldown_cmark::html::push_html(&mut out, pulldown_cmark::Parser::new(s));
    let out = out.trim();
    out.strip_prefix("<p>").and_then(|o| o.strip_suffix("</p>")).unwrap_or(out).to_string()
}
