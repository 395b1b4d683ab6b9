//! Export data of libgo's packages, as gccgo writes it: a text that names the packages that it
//! knows of, types (each with its length) and functions, some with their bodies.
//!
//! Two things in it do not fit gort:
//! * Bodies of functions of package `runtime` that other packages inline: they call what only
//!   libgo's own runtime has, and the companion, which is imported instead of it, declares the same
//!   functions without them. Here they lose their bodies.
//! * The copies of golang.org/x/... that libgo has for its own packages are called as the originals
//!   are, which a module may have too. Here they are called `vendor/golang.org/x/...`, as in real
//!   Go; so are the symbols of libgo.a.

/// What begins the paths of packages that libgo has copies of, and what it becomes.
const COPIES: &str = "golang.org/x/";
/// Where the copies are.
const VENDOR: &str = "vendor/";
/// The same in symbols.
const COPIES_SYMBOL: &str = "golang_0org_1x_1";
const VENDOR_SYMBOL: &str = "vendor_1";

/// The export data as it should be; `None` if it already is, or is not of the format known here.
pub fn rewrite(data: &[u8]) -> Option<Vec<u8>> {
    // Bytes as characters: lengths count bytes.
    let text: String = data.iter().map(|&b| char::from(b)).collect();
    let text = without_bodies(&text)?;
    // A package that has nothing of a copy may still be initialised after one.
    let has_copies = text.contains(COPIES_SYMBOL) || text.lines().any(|l| begins_path(l).is_some());
    let text = has_copies.then(|| renamed(&text)).flatten().unwrap_or(text);
    let new: Vec<u8> = text.chars().map(|c| c as u32 as u8).collect();
    (new != data).then_some(new)
}

/// Without bodies of functions of package runtime, if it is imported.
fn without_bodies(text: &str) -> Option<String> {
    let mut packages = text.lines().filter_map(|l| {
        l.strip_prefix("import ")
            .or_else(|| l.strip_prefix("indirectimport "))
            .map(|l| l.split(' ').nth(1))
    });
    let Some(i) = packages.position(|p| p == Some("runtime")) else { return Some(text.into()) };
    let head = format!("func <p{}>", i + 1);
    let mut new = String::new();
    let mut rest = text;
    while let Some(line) = rest.split_inclusive('\n').next() {
        rest = &rest[line.len()..];
        match line.strip_suffix(">\n").and_then(|l| l.rsplit_once(" <inl:")) {
            Some((decl, n)) if line.starts_with(&head) => {
                // What a body refers to by name has no name without it.
                let (params, result) =
                    decl.split_once(" ($ret").map_or((decl, None), |(p, r)| (p, Some(r)));
                new.push_str(params);
                if let Some(r) = result {
                    let types = r
                        .split(", $ret")
                        .map(|r| "? ".to_string() + r.split_once(' ').map_or(r, |r| r.1));
                    let types = types.collect::<Vec<_>>().join(", ");
                    let one = types
                        .strip_prefix("? ")
                        .filter(|t| !t.contains(','))
                        .and_then(|t| t.strip_suffix(')'));
                    new.push(' ');
                    new.push_str(&one.map_or_else(|| format!("({types}"), str::to_string));
                }
                new.push('\n');
                rest = rest.get(n.parse::<usize>().ok()?..)?;
            }
            _ => new.push_str(line),
        }
    }
    Some(new)
}

/// Where a path of a copy begins in `s`: not within a longer path, which is a file's.
fn begins_path(s: &str) -> Option<usize> {
    s.match_indices(COPIES).map(|(i, _)| i).find(|&i| !s[..i].ends_with(['/', '_']))
}

/// With other paths for the copies.
fn renamed(text: &str) -> Option<String> {
    let (head, rest) = text.split_at(text.find("\ntypes ")? + 1);
    let (lengths, mut rest) = rest.split_once('\n')?;
    let words: Vec<&str> = lengths.split(' ').collect();
    // `types`, their number, that of the exported ones, and the lengths of all
    let (numbers, lengths) = words.split_at_checked(3)?;
    let mut types = String::new();
    let mut new = numbers.join(" ");
    for n in lengths {
        let (t, behind) = rest.split_at_checked(n.parse().ok()?)?;
        rest = behind;
        let t = paths(t);
        new.push_str(&format!(" {}", t.len()));
        types.push_str(&t);
    }
    Some(symbol(&paths(head)) + &new + "\n" + &types + rest)
}

fn paths(mut s: &str) -> String {
    let mut new = String::new();
    while let Some(i) = begins_path(s) {
        new.push_str(&s[..i]);
        new.push_str(VENDOR);
        new.push_str(COPIES);
        s = &s[i + COPIES.len()..];
    }
    new + s
}

/// A symbol, or a text with some, with the new path.
pub fn symbol(s: &str) -> String {
    s.replace(COPIES_SYMBOL, &format!("{VENDOR_SYMBOL}{COPIES_SYMBOL}"))
}

/// The symbols among these that change, as `objcopy --redefine-syms` wants them. `nm` has printed
/// them, one in a line.
pub fn renames(nm: &str) -> String {
    let mut v: Vec<&str> =
        nm.lines().filter(|s| s.contains(COPIES_SYMBOL) && !s.contains(' ')).collect();
    v.sort_unstable();
    v.dedup();
    v.iter().map(|s| format!("{s} {}\n", symbol(s))).collect()
}
