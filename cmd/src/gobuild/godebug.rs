//! The settings of GODEBUG that a program is given when it is built: by the `go` line of its go.mod
//! (or go.work), by `godebug` lines there, by `//go:debug` lines in package main.
//! cmd/go/internal/load/godebug.go and internal/godebugs, Go 1.23.1.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// Settings that are known, with the minor version of Go 1 in which the default changed and the
/// value that brings back what was before.
///
/// As `All` of internal/godebugs (table.go, line 26).
const ALL: &[(&str, Option<(u32, &str)>)] = &[
    ("asynctimerchan", Some((23, "1"))),
    ("execerrdot", None),
    ("gocachehash", None),
    ("gocachetest", None),
    ("gocacheverify", None),
    ("gotypesalias", Some((23, "0"))),
    ("http2client", None),
    ("http2debug", None),
    ("http2server", None),
    ("httplaxcontentlength", Some((22, "1"))),
    ("httpmuxgo121", Some((22, "1"))),
    ("httpservecontentkeepheaders", Some((23, "1"))),
    ("installgoroot", None),
    ("jstmpllitinterp", None),
    ("multipartmaxheaders", None),
    ("multipartmaxparts", None),
    ("multipathtcp", None),
    ("netdns", None),
    ("netedns0", Some((19, "0"))),
    ("panicnil", Some((21, "1"))),
    ("randautoseed", None),
    ("tarinsecurepath", None),
    ("tls10server", Some((22, "1"))),
    ("tls3des", Some((23, "1"))),
    ("tlskyber", Some((23, "0"))),
    ("tlsmaxrsasize", None),
    ("tlsrsakex", Some((22, "1"))),
    ("tlsunsafeekm", Some((22, "1"))),
    ("winreadlinkvolume", Some((22, "0"))),
    ("winsymlink", Some((22, "0"))),
    ("x509keypairleaf", Some((23, "0"))),
    ("x509negativeserial", Some((23, "1"))),
    ("x509sha1", None),
    ("x509usefallbackroots", None),
    ("x509usepolicies", None),
    ("zipinsecurepath", None),
];

/// The Go that gort behaves as.
const LOCAL: &str = "1.23.1";

/// What a go.mod, or a go.work, says about the language and GODEBUG.
pub struct ModFile {
    /// That of its `go` line, or of a file without one.
    version: String,
    settings: Vec<(String, String)>,
}

impl ModFile {
    /// Reads the file. `name` is go.mod or go.work.
    ///
    /// # Errors
    /// A `godebug` line that is wrong, in Go's words.
    pub fn read(path: &Path, text: &str, name: &str) -> Result<Self, String> {
        // As `DefaultGoModVersion` of cmd/go/internal/gover (version.go, line 24).
        let without = if name == "go.work" { "1.18" } else { "1.16" };
        let mut file = Self { version: without.into(), settings: Vec::new() };
        let mut in_block = false;
        let (mut usage, mut unknown) = (String::new(), String::new());
        for (i, line) in text.lines().enumerate() {
            let column = line.len() - line.trim_start().len() + 1;
            let line = line.split_once("//").map_or(line, |(l, _)| l).trim();
            let mut words = line.split_whitespace().peekable();
            if in_block && line == ")" {
                in_block = false;
                continue;
            }
            if !in_block {
                match words.next() {
                    Some("go") => file.version = words.next().unwrap_or(without).into(),
                    Some("godebug") if words.peek() == Some(&"(") => in_block = true,
                    Some("godebug") => {
                        file.setting(words, path, (i + 1, column), &mut usage, &mut unknown);
                    }
                    _ => {}
                }
            } else if words.peek().is_some() {
                file.setting(words, path, (i + 1, column), &mut usage, &mut unknown);
            }
        }
        if !usage.is_empty() {
            return Err(format!("errors parsing {}:{usage}", short(path)));
        }
        if !unknown.is_empty() {
            return Err(format!("error loading {name}:{unknown}"));
        }
        Ok(file)
    }

    /// As `add` of cmd/vendor/golang.org/x/mod/modfile (rule.go, line 425).
    fn setting<'a>(
        &mut self,
        mut words: impl Iterator<Item = &'a str>,
        path: &Path,
        (line, column): (usize, usize),
        usage: &mut String,
        unknown: &mut String,
    ) {
        let (word, more) = (words.next().unwrap_or(""), words.next().is_some());
        match word.split_once('=') {
            Some((k, v)) if !more && !word.contains(['"', '`', '\'', ',']) => {
                if let Err(e) = check("godebug", k, v) {
                    *unknown += &format!("\n{}:{line}: {e}", short(path));
                }
                self.settings.push((k.into(), v.into()));
            }
            _ => {
                let column = if column > 1 { format!(":{column}") } else { String::new() };
                *usage += &format!("\n{}:{line}{column}: usage: godebug key=value", short(path));
            }
        }
    }
}

/// As seen from the current directory, if it is within it.
fn short(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

/// As `CheckGodebug` of cmd/go/internal/modload (init.go, line 2135).
fn check(verb: &str, k: &str, v: &str) -> Result<(), String> {
    for (what, s) in [("key", k), ("value", v)] {
        if s.contains([' ', '\t']) {
            return Err(format!("{what} contains space"));
        }
    }
    for (what, s) in [("key", k), ("value", v)] {
        if s.contains(',') {
            return Err(format!("{what} contains comma"));
        }
    }
    if k == "default" {
        let version = v.strip_prefix("go").and_then(parse_version);
        return match version {
            None => Err("value for default= must be goVERSION".into()),
            Some(version) if Some(&version) > parse_version(LOCAL).as_ref() => {
                Err(format!("default={v} too new (toolchain is go{LOCAL})"))
            }
            Some(_) => Ok(()),
        };
    }
    match ALL.iter().any(|(name, _)| *name == k) {
        true => Ok(()),
        false => Err(format!("unknown {verb} {k:?}")),
    }
}

/// Major, minor and patch number, kind of prerelease and its number, in an order that is that of
/// versions.
type Version = (u32, u32, Option<u32>, String, u32);

/// As `Parse` of internal/gover (gover.go, line 98).
fn parse_version(v: &str) -> Option<Version> {
    let number =
        |s: &str| (!s.is_empty() && (s == "0" || !s.starts_with('0'))).then(|| s.parse().ok())?;
    let Some((major, rest)) = v.split_once('.') else {
        return Some((number(v)?, 0, Some(0), String::new(), 0));
    };
    let major = number(major)?;
    let digits = |s: &str| s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
    let (minor, rest) = rest.split_at(digits(rest));
    let minor = number(minor)?;
    if rest.is_empty() {
        return Some((major, minor, (minor < 21).then_some(0), String::new(), 0));
    }
    if let Some(patch) = rest.strip_prefix('.') {
        return Some((major, minor, Some(number(patch)?), String::new(), 0));
    }
    let (kind, pre) = rest.split_at(rest.find(|c: char| !c.is_ascii_lowercase())?);
    (!kind.is_empty()).then_some(())?;
    Some((major, minor, None, kind.into(), number(pre)?))
}

/// The `//go:debug` lines of a package's files, each with its place.
///
/// # Errors
/// All that are wrong, as Go prints them.
///
/// As `checkDirectives` of cmd/go/internal/work (exec.go, line 991).
pub fn directives(files: &[PathBuf]) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let mut seen: HashMap<String, String> = HashMap::new();
    let mut errors = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        for (line, column, text) in comments_before_package(&text) {
            let relative = !file.has_root() && !file.starts_with(".") && !file.starts_with("..");
            let dot = if relative { "./" } else { "" };
            let place = format!("{dot}{}:{line}:{column}", file.display());
            match parse_directive(text) {
                None => {}
                Some(Err(e)) => errors.push(format!("{place}: invalid //go:debug: {e}")),
                Some(Ok((k, v))) => {
                    if let Some(previous) = seen.get(&k) {
                        errors.push(format!(
                            "{place}: repeated //go:debug for {k}\n\t{previous}: previous //go:debug"
                        ));
                        continue;
                    }
                    seen.insert(k.clone(), place);
                    found.push((k, v));
                }
            }
        }
    }
    if errors.is_empty() { Ok(found) } else { Err(errors.join("\n")) }
}

/// `None` if it is no such line.
///
/// As `ParseGoDebug` of cmd/go/internal/load (godebug.go, line 22).
fn parse_directive(text: &str) -> Option<Result<(String, String), String>> {
    let rest = text.strip_prefix("//go:debug")?;
    let missing = || Some(Err("missing key=value".into()));
    let Some(i) = rest.find([' ', '\t']) else {
        return if rest.trim().is_empty() { missing() } else { None };
    };
    let Some((k, v)) = rest[i..].trim().split_once('=') else { return missing() };
    Some(check("//go:debug setting", k, v).map(|()| (k.into(), v.into())))
}

/// Line comments before the package clause: line, column, text.
fn comments_before_package(text: &str) -> Vec<(usize, usize, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let skipped =
            rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}']).len();
        at += skipped;
        let rest = &rest[skipped..];
        if rest.starts_with("//") {
            let line = rest.lines().next().unwrap_or("");
            let begin = text[..at].rfind('\n').map_or(0, |i| i + 1);
            found.push((text[..at].matches('\n').count() + 1, at - begin + 1, line));
            at += line.len();
        } else if let Some(inside) = rest.strip_prefix("/*") {
            at += inside.find("*/").map_or(rest.len(), |i| i + 4);
        } else {
            break;
        }
    }
    found
}

/// The settings for package main, which its `//go:debug` lines ask for, in a module, or outside of
/// one.
///
/// As `defaultGODEBUG` of cmd/go/internal/load (godebug.go, line 46).
pub fn default(module: Option<&ModFile>, directives: &[(String, String)]) -> String {
    let mut version = module.map_or(LOCAL, |m| &m.version).to_string();
    let own = module.map_or(&[][..], |m| &m.settings).iter().chain(directives).cloned();
    let mut own: BTreeMap<String, String> = own.collect();
    if let Some(v) = own.remove("default") {
        let v = v.strip_prefix("go").unwrap_or(&v);
        if parse_version(v).is_some() {
            version = v.into();
        }
    }
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    // As `godebugForGoVersion` of cmd/go/internal/load (godebug.go, line 115).
    let mut numbers = version.split('.');
    if let (Some("1"), Some(Ok(minor))) = (numbers.next(), numbers.next().map(str::parse::<u32>)) {
        let old = ALL
            .iter()
            .filter_map(|(name, changed)| changed.filter(|c| minor < c.0).map(|c| (*name, c.1)));
        all.extend(old.map(|(k, v)| (k.to_string(), v.to_string())));
    }
    all.extend(own);
    all.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",")
}
