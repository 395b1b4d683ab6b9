//! From text to a tree; nothing here has to do with stacks.

use std::fmt;

/// What is wrong with a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// 0: it is about no line.
    pub line: i32,
    /// A sentence.
    pub what: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}: ", self.line)?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for Error {}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    pub(crate) name: String,
    /// It is a reference to a number.
    pub(crate) is_ref: bool,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Fun {
    pub(crate) name: String,
    pub(crate) params: Vec<Param>,
    pub(crate) body: Expr,
    pub(crate) line: i32,
}

/// An expression. Variables and functions are known by their numbers.
#[derive(Clone, Debug)]
pub enum Expr {
    /// `7`
    Number(i64),
    /// `x`
    Variable(usize),
    /// `&x`
    Address(usize),
    /// `*r`
    Follow(usize),
    /// `a + b`, `a - b`, `a * b`
    Operation(char, Box<Expr>, Box<Expr>),
    /// `if c then a else b`: `a` unless c is 0
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `f(a, b)`
    Call(usize, Vec<Expr>),
}

struct Parser<'a> {
    tokens: Vec<(i32, &'a str)>,
    at: usize,
    /// Names of functions and whether their parameters are references.
    known: Vec<(String, Vec<bool>)>,
}

/// Words, numbers and single characters, each with its line.
fn tokens(source: &str) -> Vec<(i32, &str)> {
    let mut out = Vec::new();
    for (n, line) in source.lines().enumerate() {
        let mut rest = line.split('#').next().unwrap_or("").trim_start();
        while let Some(c) = rest.chars().next() {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let end =
                if word(c) { rest.find(|c| !word(c)).unwrap_or(rest.len()) } else { c.len_utf8() };
            out.push((n as i32 + 1, &rest[..end]));
            rest = rest[end..].trim_start();
        }
    }
    out
}

/// The functions of a program, `main` first.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(source: &str) -> Result<Vec<Fun>, Error> {
    let mut p = Parser { tokens: tokens(source), at: 0, known: Vec::new() };
    // Heads first: functions may call those that come later.
    for i in 0..p.tokens.len() {
        if p.tokens[i].1 == "fn" {
            p.at = i + 1;
            let (name, params) = p.head()?;
            if p.known.iter().any(|k| k.0 == name) {
                return p.error(format!("{name} is there twice"));
            }
            p.known.push((name, params.iter().map(|p| p.is_ref).collect()));
        }
    }
    let Some(main) = p.known.iter().position(|k| k.0 == "main") else {
        return p.error("there is no main".into());
    };
    if p.known[main].1.contains(&true) {
        return p.error("main is called with numbers".into());
    }
    p.known.swap(0, main);
    p.at = 0;
    let mut funs: Vec<Fun> = Vec::new();
    while p.at < p.tokens.len() {
        let line = p.line();
        p.expect("fn")?;
        let (name, params) = p.head()?;
        p.expect("=")?;
        let body = p.expr(&params)?;
        funs.push(Fun { name, params, body, line });
    }
    // In the order of their numbers.
    funs.sort_by_key(|f| p.known.iter().position(|k| k.0 == f.name));
    Ok(funs)
}

impl<'a> Parser<'a> {
    fn line(&self) -> i32 {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |t| t.0)
    }
    fn error<T>(&self, what: String) -> Result<T, Error> {
        Err(Error { line: self.line(), what })
    }
    fn peek(&self) -> &'a str {
        self.tokens.get(self.at).map_or("", |t| t.1)
    }
    fn next(&mut self) -> &'a str {
        let t = self.peek();
        self.at += 1;
        t
    }
    fn expect(&mut self, what: &str) -> Result<(), Error> {
        match self.peek() {
            t if t == what => {
                self.at += 1;
                Ok(())
            }
            "" => self.error(format!("{what} expected, and the program ends")),
            t => self.error(format!("{what} expected, found {t}")),
        }
    }
    fn name(&mut self) -> Result<String, Error> {
        let t = self.peek();
        let keyword = ["fn", "ref", "if", "then", "else", ""].contains(&t);
        if keyword || !t.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return self.error(format!("a name expected, found {t:?}"));
        }
        Ok(self.next().into())
    }

    /// `name(a, ref b)`
    fn head(&mut self) -> Result<(String, Vec<Param>), Error> {
        let name = self.name()?;
        self.expect("(")?;
        let mut params: Vec<Param> = Vec::new();
        while self.peek() != ")" {
            if !params.is_empty() {
                self.expect(",")?;
            }
            let is_ref = self.peek() == "ref";
            self.at += usize::from(is_ref);
            params.push(Param { name: self.name()?, is_ref });
        }
        self.expect(")")?;
        if params.len() > 6 {
            return self.error(format!("{name} has more than six parameters"));
        }
        Ok((name, params))
    }

    fn expr(&mut self, vars: &[Param]) -> Result<Expr, Error> {
        if self.peek() == "if" {
            self.next();
            let c = self.expr(vars)?;
            self.expect("then")?;
            let yes = self.expr(vars)?;
            self.expect("else")?;
            return Ok(Expr::If(c.into(), yes.into(), self.expr(vars)?.into()));
        }
        let mut left = self.product(vars)?;
        while let op @ ("+" | "-") = self.peek() {
            self.next();
            let op = if op == "+" { '+' } else { '-' };
            left = Expr::Operation(op, left.into(), self.product(vars)?.into());
        }
        Ok(left)
    }

    fn product(&mut self, vars: &[Param]) -> Result<Expr, Error> {
        let mut left = self.value(vars)?;
        while self.peek() == "*" {
            self.next();
            left = Expr::Operation('*', left.into(), self.value(vars)?.into());
        }
        Ok(left)
    }

    /// The number of a variable that is a reference, or is none.
    fn variable(&mut self, vars: &[Param], is_ref: bool) -> Result<usize, Error> {
        let line = self.line();
        let name = self.name()?;
        let what = match vars.iter().position(|v| v.name == name) {
            Some(i) if vars[i].is_ref == is_ref => return Ok(i),
            Some(_) if is_ref => format!("{name} is a number, no reference"),
            Some(_) => format!("{name} is a reference: write *{name}"),
            None => format!("{name} is not known"),
        };
        Err(Error { line, what })
    }

    fn value(&mut self, vars: &[Param]) -> Result<Expr, Error> {
        match self.peek() {
            "(" => {
                self.next();
                let e = self.expr(vars)?;
                self.expect(")")?;
                Ok(e)
            }
            "*" => {
                self.next();
                Ok(Expr::Follow(self.variable(vars, true)?))
            }
            t if t.starts_with(|c: char| c.is_ascii_digit()) => match self.next().parse() {
                Ok(n) => Ok(Expr::Number(n)),
                Err(_) => self.error(format!("{t} is no number of 64 bits")),
            },
            _ if self.tokens.get(self.at + 1).is_some_and(|t| t.1 == "(") => self.call(vars),
            _ => Ok(Expr::Variable(self.variable(vars, false)?)),
        }
    }

    fn call(&mut self, vars: &[Param]) -> Result<Expr, Error> {
        let name = self.name()?;
        let Some(f) = self.known.iter().position(|k| k.0 == name) else {
            return self.error(format!("there is no function {name}"));
        };
        let params = self.known[f].1.clone();
        self.expect("(")?;
        let mut args = Vec::new();
        for (i, is_ref) in params.iter().enumerate() {
            if i > 0 {
                self.expect(",")?;
            }
            args.push(match (is_ref, self.peek()) {
                (true, "&") => {
                    self.next();
                    Expr::Address(self.variable(vars, false)?)
                }
                // A reference that is passed on.
                (true, _) => Expr::Variable(self.variable(vars, true)?),
                (false, _) => self.expr(vars)?,
            });
        }
        self.expect(")")?;
        Ok(Expr::Call(f, args))
    }
}
