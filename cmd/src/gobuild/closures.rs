//! Go's names of functions, where gccgo's do not say enough.
//!
//! gccgo numbers the function literals of a declared function through, in the order in which they
//! begin; Go numbers those in each function, so that `main.f.func1.2` is the second one in the
//! first one of `main.f`. And gccgo's name of a method does not say whether its receiver is a
//! pointer. The program's text says both: it is looked at as far as that needs, which is words,
//! brackets and what follows `func`. What does not compile may be misread here, and gccgo will have
//! refused it.

/// A word of Go's, or a sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Token<'a> {
    Word(&'a str),
    /// A literal.
    Value,
    Sign(u8),
    /// `<-`, which is part of a type.
    Arrow,
}

impl Token<'_> {
    /// Whether a line that ends with it ends a statement.
    fn ends(self) -> bool {
        match self {
            Self::Word(w) => !matches!(
                w,
                "func" | "var" | "const" | "type" | "map" | "chan" | "struct" | "interface"
            ),
            Self::Value => true,
            Self::Sign(c) => matches!(c, b')' | b']' | b'}' | b';'),
            Self::Arrow => false,
        }
    }
}

/// The tokens of a file, each with whether it is the first of its line.
fn tokens(text: &str) -> Vec<(Token<'_>, bool)> {
    let b = text.as_bytes();
    let mut all = Vec::new();
    let (mut i, mut first) = (0, true);
    let end_of = |mut j: usize, quote: u8| {
        while j < b.len() && b[j] != quote {
            j += if b[j] == b'\\' && quote != b'`' { 2 } else { 1 };
        }
        (j + 1).min(b.len())
    };
    while i < b.len() {
        let rest = &b[i..];
        let from = i;
        let token = match b[i] {
            b'\n' => {
                first = true;
                i += 1;
                continue;
            }
            b' ' | b'\t' | b'\r' => {
                i += 1;
                continue;
            }
            _ if rest.starts_with(b"//") => {
                i += rest.iter().position(|c| *c == b'\n').unwrap_or(rest.len());
                continue;
            }
            _ if rest.starts_with(b"/*") => {
                let n =
                    rest.windows(2).skip(2).position(|w| w == b"*/").map_or(rest.len(), |n| n + 4);
                // One with a line's end in it is a line's end.
                first |= rest[..n].contains(&b'\n');
                i += n;
                continue;
            }
            q @ (b'"' | b'`' | b'\'') => {
                i = end_of(i + 1, q);
                Token::Value
            }
            c if c == b'_' || c.is_ascii_alphanumeric() || c >= 0x80 => {
                let word = |c: &u8| *c == b'_' || c.is_ascii_alphanumeric() || *c >= 0x80;
                i += rest.iter().take_while(|c| word(c)).count();
                if c.is_ascii_digit() { Token::Value } else { Token::Word(&text[from..i]) }
            }
            b'<' if rest.starts_with(b"<-") => {
                i += 2;
                Token::Arrow
            }
            c => {
                i += 1;
                Token::Sign(c)
            }
        };
        all.push((token, std::mem::take(&mut first)));
    }
    all
}

/// A function, or a literal in one, whose body is being read.
struct Function {
    /// Go's name.
    name: String,
    /// Literals that stand in it, and not in one of those.
    literals: u32,
    is_literal: bool,
    /// Braces that are open, its own included.
    depth: usize,
}

/// The names of a package: from gccgo's, decoded but for the `..` before a literal's number, to
/// Go's, where they differ.
pub struct Names {
    /// The import path; `main` for package main.
    package: String,
    /// Literals outside of functions; Go has these in `init`, gccgo each for itself.
    outside: u32,
    inits: u32,
    pub pairs: Vec<(String, String)>,
}

impl Names {
    pub fn of(package: &str) -> Self {
        Self { package: package.into(), outside: 0, inits: 0, pairs: Vec::new() }
    }

    /// Reads one of its files; they come in the order in which gccgo is given them.
    pub fn read(&mut self, text: &str) {
        let t = tokens(text);
        let sign = |i: usize, c: u8| t.get(i).is_some_and(|t| t.0 == Token::Sign(c));
        let mut functions: Vec<Function> = Vec::new();
        // gccgo's name of the outermost function, and how many literals it has.
        let (mut outermost, mut count) = (String::new(), 0);
        // Open brackets.
        let mut depth = 0;
        let mut i = 0;
        while let Some(&(token, first)) = t.get(i) {
            let before = i.checked_sub(1).map(|i| t[i].0);
            i += 1;
            match token {
                Token::Sign(b'{' | b'(' | b'[') => depth += 1,
                Token::Sign(b'}' | b')' | b']') => {
                    if functions.last().is_some_and(|f| f.depth == depth) {
                        functions.pop();
                    }
                    depth = depth.saturating_sub(1);
                }
                Token::Word("func") => {
                    let declared = depth == 0
                        && before.is_none_or(|b| b == Token::Sign(b';') || first && b.ends());
                    let mut name = None;
                    if declared {
                        let receiver = sign(i, b'(').then(|| {
                            let end = balanced(&t, i);
                            let words = t[i + 1..end.max(i + 2) - 1].iter().map(|t| t.0);
                            i = end;
                            receiver(words)
                        });
                        if let Some((Token::Word(w), _)) = t.get(i) {
                            name = Some((receiver, *w));
                            i += 1;
                        }
                    }
                    i = signature(&t, i);
                    // An element's type is followed by the braces of the elements.
                    let is_type = before == Some(Token::Sign(b']')) && !declared;
                    if is_type || !sign(i, b'{') || t[i].1 {
                        continue; // a type, or a function that is written elsewhere
                    }
                    i += 1;
                    depth += 1;
                    let (own, name, is_literal) = match (name, functions.last_mut()) {
                        (Some((receiver, w)), _) => {
                            let (own, name) = self.declared(receiver, w);
                            (Some(own), name, false)
                        }
                        (None, Some(f)) => {
                            f.literals += 1;
                            let dot = if f.is_literal { "." } else { ".func" };
                            let name = format!("{}{dot}{}", f.name, f.literals);
                            count += 1;
                            self.pairs.push((format!("{outermost}..func{count}"), name.clone()));
                            (None, name, true)
                        }
                        (None, None) => {
                            self.outside += 1;
                            let n = self.outside;
                            let name = format!("{}.init.func{n}", self.package);
                            (Some(format!("{}..go..func{n}", self.package)), name, true)
                        }
                    };
                    if let Some(own) = own {
                        (outermost, count) = (own, 0);
                    }
                    functions.push(Function { name, literals: 0, is_literal, depth });
                }
                _ => {}
            }
        }
        self.pairs.retain(|(gccgo, go)| gccgo.replace("..", ".") != *go);
    }

    /// A function that is declared: gccgo's name and Go's.
    fn declared(&mut self, receiver: Option<(bool, String)>, name: &str) -> (String, String) {
        let p = &self.package;
        match receiver {
            Some((pointer, t)) => {
                let own = format!("{p}.{t}.{name}");
                if !pointer {
                    return (own.clone(), own);
                }
                let go = format!("{p}.(*{t}).{name}");
                self.pairs.push((own.clone(), go.clone()));
                (own, go)
            }
            None if name == "init" => {
                let n = self.inits;
                self.inits += 1;
                (format!("{p}..init{n}"), format!("{p}.init.{n}"))
            }
            None => (format!("{p}.{name}"), format!("{p}.{name}")),
        }
    }
}

/// Whether the receiver is a pointer, and the name of its type.
fn receiver<'a>(words: impl Iterator<Item = Token<'a>>) -> (bool, String) {
    let (mut pointer, mut name) = (false, "");
    for w in words {
        match w {
            Token::Sign(b'*') => pointer = true,
            Token::Word(w) => name = w,
            _ => {}
        }
    }
    (pointer, name.to_string())
}

/// Where what begins with the bracket at `i` ends.
fn balanced(t: &[(Token, bool)], mut i: usize) -> usize {
    let mut depth = 0;
    while let Some((token, _)) = t.get(i) {
        i += 1;
        match token {
            Token::Sign(b'{' | b'(' | b'[') => depth += 1,
            Token::Sign(b'}' | b')' | b']') => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
    }
    i
}

/// Where the parameters and results that begin at `i` end.
fn signature(t: &[(Token, bool)], i: usize) -> usize {
    let i = balanced(t, i);
    match t.get(i) {
        // Results stand on the same line.
        Some((Token::Sign(b'('), false)) => balanced(t, i),
        Some((_, false)) => a_type(t, i),
        _ => i,
    }
}

/// Where the type that begins at `i` ends: there, if none does.
fn a_type(t: &[(Token, bool)], i: usize) -> usize {
    match t.get(i).map(|t| t.0) {
        Some(Token::Sign(b'*') | Token::Arrow) => a_type(t, i + 1),
        Some(Token::Sign(b'(')) => balanced(t, i),
        Some(Token::Sign(b'[')) => a_type(t, balanced(t, i)),
        Some(Token::Word("func")) => signature(t, i + 1),
        Some(Token::Word("map")) => a_type(t, balanced(t, i + 1)),
        Some(Token::Word("chan")) if matches!(t.get(i + 1), Some((Token::Arrow, _))) => {
            a_type(t, i + 2)
        }
        Some(Token::Word("chan")) => a_type(t, i + 1),
        Some(Token::Word("struct" | "interface")) => balanced(t, i + 1),
        Some(Token::Word(_)) => match t.get(i + 1) {
            Some((Token::Sign(b'.'), _)) => i + 3,
            _ => i + 1,
        },
        _ => i,
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    /// Literals within literals, and types that look like literals.
    #[test]
    fn literals() {
        let text = r#"package p
import "fmt"
type F func() func(int) (a, b string)
type S struct {
	f func()
	*E
	g func(x int) error
}
type I interface{ M(func()) func() }
var a, b = func() int { return 1 }(), func() {
	func() {}()
}
var c func() = nil
var d = []func(){
	func() { "func() {"; /* func() { */ go func() {}() },
	nil,
}
var e = map[string]func() func(){"}": func() func() { return func() {} }}
func (T) V() { func() {}() }
func (t *T) P(x, y int) (r []func() chan<- int) {
	defer func() {
		if f := `func() {`; f != "\"" { func() interface{ M() } { func() {}(); return nil }() }
		x := []interface{}{func() {}, struct{ f func() }{func() {}}}
	}()
	return func() []func() chan<- int { return '}' }()
}
func declared(int) // written elsewhere
func init() { func() { func() {} }() }
func
g() <-chan func(int) { _ = func() map[[2]int]p.Q { return nil }
}
func init() {}
func init() { func() {}() }
"#;
        let mut n = Names::of("x/p");
        n.read(text);
        let pairs: Vec<String> = n.pairs.iter().map(|(a, b)| format!("{a} {b}")).collect();
        let expected = "x/p..go..func2..func1 x/p.init.func2.1
x/p..go..func3..func1 x/p.init.func3.1
x/p..go..func4..func1 x/p.init.func4.1
x/p.T.P x/p.(*T).P
x/p.T.P..func1 x/p.(*T).P.func1
x/p.T.P..func2 x/p.(*T).P.func1.1
x/p.T.P..func3 x/p.(*T).P.func1.1.1
x/p.T.P..func4 x/p.(*T).P.func1.2
x/p.T.P..func5 x/p.(*T).P.func1.3
x/p.T.P..func6 x/p.(*T).P.func2
x/p..init0..func1 x/p.init.0.func1
x/p..init0..func2 x/p.init.0.func1.1
x/p..init2..func1 x/p.init.2.func1";
        assert_eq!(pairs.join("\n"), expected);
    }
}
