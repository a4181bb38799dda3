//! awk's grammar, by precedence climbing over characters.

pub(super) type Program = Vec<(Pattern, Vec<Statement>)>;

pub(super) enum Pattern {
    Begin,
    End,
    Always,
    When(Expr),
}

pub(super) enum Statement {
    Expr(Expr),
    Print(Vec<Expr>),
    Printf(Vec<Expr>),
    If(Expr, Vec<Statement>, Vec<Statement>),
    While(Expr, Vec<Statement>),
    For(Option<Box<Statement>>, Option<Expr>, Option<Box<Statement>>, Vec<Statement>),
    ForIn(String, String, Vec<Statement>),
    Block(Vec<Statement>),
    Next,
    Exit(Option<Expr>),
    Break,
    Continue,
    Delete(String, Option<Expr>),
}

pub(super) enum Expr {
    Number(f64),
    Text(String),
    Regex(String),
    Var(String),
    Index(String, Box<Expr>),
    Field(Box<Expr>),
    Assign(Box<Expr>, Option<&'static str>, Box<Expr>),
    /// Prefix or postfix, by plus or minus one.
    Step {
        target: Box<Expr>,
        by: f64,
        prefix: bool,
    },
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Unary(char, Box<Expr>),
    Choice(Box<Expr>, Box<Expr>, Box<Expr>),
    In(Box<Expr>, String),
    Call(String, Vec<Expr>),
}

/// Deepest nesting of expressions and blocks.
const DEPTH_MAX: usize = 40;

struct Parser {
    text: Vec<char>,
    at: usize,
    depth: usize,
    /// Inside `print`, `>` is a redirection, not a comparison.
    no_greater: bool,
}

type Parse<T> = Result<T, String>;

pub(super) fn parse(text: &str) -> Parse<Program> {
    let mut parser = Parser { text: text.chars().collect(), at: 0, depth: 0, no_greater: false };
    let mut program = Vec::new();
    loop {
        parser.skip("; \t\n\r");
        if parser.peek().is_none() {
            return Ok(program);
        }
        let pattern = match parser.word().as_str() {
            "BEGIN" => {
                parser.at += 5;
                Pattern::Begin
            }
            "END" => {
                parser.at += 3;
                Pattern::End
            }
            _ if parser.peek() == Some('{') => Pattern::Always,
            _ => Pattern::When(parser.expr()?),
        };
        parser.skip(" \t");
        let body = if parser.peek() == Some('{') {
            parser.block()?
        } else {
            vec![Statement::Print(Vec::new())]
        };
        program.push((pattern, body));
    }
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn skip(&mut self, set: &str) {
        loop {
            match self.peek() {
                Some('#') if set.contains('\n') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                Some('\\') if self.text.get(self.at + 1) == Some(&'\n') => self.at += 2,
                Some(c) if set.contains(c) => self.at += 1,
                _ => return,
            }
        }
    }

    fn error<T>(&self) -> Parse<T> {
        let rest: String = self.text[self.at..].iter().take_while(|c| !c.is_whitespace()).collect();
        let near = if rest.is_empty() { "end of file" } else { &rest };
        Err(format!("syntax error at or near {near}"))
    }

    fn starts(&self, token: &str) -> bool {
        token.chars().enumerate().all(|(i, c)| self.text.get(self.at + i) == Some(&c))
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip(" \t");
        let found = self.starts(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Parse<()> {
        if self.eat(token) { Ok(()) } else { self.error() }
    }

    /// The name that starts here, not consumed.
    fn word(&mut self) -> String {
        self.skip(" \t");
        let rest = &self.text[self.at..];
        if !rest.first().is_some_and(|c| c.is_ascii_alphabetic() || *c == '_') {
            return String::new();
        }
        rest.iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '_').collect()
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        if self.depth >= DEPTH_MAX {
            return Err("program nests too deeply".into());
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn block(&mut self) -> Parse<Vec<Statement>> {
        self.expect("{")?;
        let mut body = Vec::new();
        loop {
            self.skip("; \t\n\r");
            if self.eat("}") {
                return Ok(body);
            }
            body.push(self.deeper(Self::statement)?);
        }
    }

    fn body(&mut self) -> Parse<Vec<Statement>> {
        self.skip(" \t\n\r");
        if self.eat(";") {
            return Ok(Vec::new());
        }
        Ok(vec![self.deeper(Self::statement)?])
    }

    fn statement(&mut self) -> Parse<Statement> {
        self.skip(" \t\n\r");
        if self.peek() == Some('{') {
            return Ok(Statement::Block(self.block()?));
        }
        let word = self.word();
        let start = self.at;
        self.at += word.len();
        let statement = match word.as_str() {
            "print" | "printf" => {
                let args = self.print_args()?;
                if word == "print" { Statement::Print(args) } else { Statement::Printf(args) }
            }
            "if" => {
                self.expect("(")?;
                let condition = self.expr()?;
                self.expect(")")?;
                let yes = self.body()?;
                let mark = self.at;
                self.skip("; \t\n\r");
                let no = if self.word() == "else" {
                    self.at += 4;
                    self.body()?
                } else {
                    self.at = mark;
                    Vec::new()
                };
                return Ok(Statement::If(condition, yes, no));
            }
            "while" => {
                self.expect("(")?;
                let condition = self.expr()?;
                self.expect(")")?;
                return Ok(Statement::While(condition, self.body()?));
            }
            "for" => return self.for_statement(),
            "next" => Statement::Next,
            "break" => Statement::Break,
            "continue" => Statement::Continue,
            "exit" => {
                self.skip(" \t");
                let none = matches!(self.peek(), None | Some(';' | '}' | '\n'));
                Statement::Exit(if none { None } else { Some(self.expr()?) })
            }
            "delete" => {
                let name = self.word();
                self.at += name.len();
                let mut index = None;
                if self.eat("[") {
                    index = Some(self.expr()?);
                    self.expect("]")?;
                }
                Statement::Delete(name, index)
            }
            _ => {
                self.at = start;
                Statement::Expr(self.expr()?)
            }
        };
        self.skip(" \t");
        match self.peek() {
            None | Some(';' | '\n' | '}' | ')') => Ok(statement),
            _ => self.error(),
        }
    }

    fn for_statement(&mut self) -> Parse<Statement> {
        self.expect("(")?;
        let start = self.at;
        let name = self.word();
        self.at += name.len();
        if !name.is_empty() && self.word() == "in" {
            self.at += 2;
            let array = self.word();
            self.at += array.len();
            if self.eat(")") {
                return Ok(Statement::ForIn(name, array, self.body()?));
            }
        }
        self.at = start;
        let first = if self.eat(";") { None } else { Some(Box::new(self.statement()?)) };
        if first.is_some() {
            self.expect(";")?;
        }
        self.skip(" \t");
        let condition = if self.peek() == Some(';') { None } else { Some(self.expr()?) };
        self.expect(";")?;
        self.skip(" \t");
        let step = if self.peek() == Some(')') { None } else { Some(Box::new(self.statement()?)) };
        self.expect(")")?;
        Ok(Statement::For(first, condition, step, self.body()?))
    }

    fn print_args(&mut self) -> Parse<Vec<Expr>> {
        self.no_greater = true;
        let mut args = Vec::new();
        self.skip(" \t");
        while !matches!(self.peek(), None | Some(';' | '}' | '\n')) {
            args.push(self.expr()?);
            if !self.eat(",") {
                break;
            }
        }
        self.no_greater = false;
        // `printf("...", x)`: one parenthesised list.
        if let [Expr::Call(name, _)] = args.as_slice()
            && name.is_empty()
            && let Some(Expr::Call(_, inner)) = args.pop()
        {
            return Ok(inner);
        }
        Ok(args)
    }

    fn expr(&mut self) -> Parse<Expr> {
        self.deeper(|parser| {
            let left = parser.choice()?;
            if !matches!(left, Expr::Var(_) | Expr::Index(..) | Expr::Field(_)) {
                return Ok(left);
            }
            for op in ["+=", "-=", "*=", "/=", "%=", "^="] {
                if parser.eat(op) {
                    let sign =
                        ["+", "-", "*", "/", "%", "^"].into_iter().find(|s| op.starts_with(s));
                    return Ok(Expr::Assign(left.into(), sign, parser.expr()?.into()));
                }
            }
            parser.skip(" \t");
            if parser.starts("=") && !parser.starts("==") {
                parser.at += 1;
                return Ok(Expr::Assign(left.into(), None, parser.expr()?.into()));
            }
            Ok(left)
        })
    }

    fn choice(&mut self) -> Parse<Expr> {
        let condition = self.binary(1)?;
        if !self.eat("?") {
            return Ok(condition);
        }
        let yes = self.expr()?;
        self.expect(":")?;
        Ok(Expr::Choice(condition.into(), yes.into(), self.expr()?.into()))
    }

    fn operator(&mut self) -> Option<(&'static str, u8)> {
        self.skip(" \t");
        const OPERATORS: [(&str, u8); 16] = [
            ("||", 1),
            ("&&", 2),
            ("!~", 4),
            ("~", 4),
            ("==", 5),
            ("!=", 5),
            ("<=", 5),
            (">=", 5),
            ("<", 5),
            (">", 5),
            ("+", 7),
            ("-", 7),
            ("*", 8),
            ("/", 8),
            ("%", 8),
            ("^", 10),
        ];
        if self.word() == "in" {
            return Some(("in", 3));
        }
        let found = OPERATORS.into_iter().find(|(op, _)| self.starts(op));
        if let Some((op, _)) = found {
            let assigns = "+-*/%^".contains(op) && self.text.get(self.at + 1) == Some(&'=');
            if assigns || (op == ">" && self.no_greater) {
                return None;
            }
            return found;
        }
        // Two values side by side are joined.
        let value = self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || "\"$(_.!".contains(c));
        (value && !self.starts("!=")).then_some(("", 6))
    }

    fn binary(&mut self, least: u8) -> Parse<Expr> {
        let mut left = self.deeper(Self::unary)?;
        while let Some((op, level)) = self.operator() {
            if level < least {
                break;
            }
            self.at += op.len();
            if op == "in" {
                let array = self.word();
                self.at += array.len();
                left = Expr::In(left.into(), array);
                continue;
            }
            if op == "&&" || op == "||" {
                self.skip(" \t\n\r");
            }
            let right = self.deeper(|p| p.binary(if op == "^" { level } else { level + 1 }))?;
            left = Expr::Binary(op, left.into(), right.into());
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parse<Expr> {
        for (token, by) in [("++", 1.0), ("--", -1.0)] {
            if self.eat(token) {
                let target = Box::new(self.primary()?);
                return Ok(Expr::Step { target, by, prefix: true });
            }
        }
        for sign in ['!', '-', '+'] {
            if self.eat(&sign.to_string()) {
                let least = if sign == '!' { 9 } else { 8 };
                return Ok(Expr::Unary(sign, self.deeper(|p| p.binary(least))?.into()));
            }
        }
        let value = self.primary()?;
        if matches!(value, Expr::Var(_) | Expr::Index(..) | Expr::Field(_)) {
            for (token, by) in [("++", 1.0), ("--", -1.0)] {
                if self.starts(token) {
                    self.at += 2;
                    return Ok(Expr::Step { target: value.into(), by, prefix: false });
                }
            }
        }
        Ok(value)
    }

    fn primary(&mut self) -> Parse<Expr> {
        self.skip(" \t");
        match self.peek() {
            Some('$') => {
                self.at += 1;
                let inner = if self.starts("++") || self.starts("--") {
                    self.unary()?
                } else {
                    self.deeper(Self::primary)?
                };
                Ok(Expr::Field(inner.into()))
            }
            Some('"') => {
                self.at += 1;
                Ok(Expr::Text(self.quoted('"')?))
            }
            Some('/') => {
                self.at += 1;
                Ok(Expr::Regex(self.quoted('/')?))
            }
            Some('(') => {
                self.at += 1;
                let outer = std::mem::replace(&mut self.no_greater, false);
                let mut list = vec![self.expr()?];
                while self.eat(",") {
                    list.push(self.expr()?);
                }
                self.no_greater = outer;
                self.expect(")")?;
                if list.len() > 1 {
                    return Ok(Expr::Call(String::new(), list));
                }
                // A grouped value is no assignment's target and no regex to match alone.
                Ok(list.pop().map_or(Expr::Number(0.0), |inner| Expr::Unary('(', inner.into())))
            }
            Some(c) if c.is_ascii_digit() || c == '.' => {
                let rest = &self.text[self.at..];
                let digits: String =
                    rest.iter().take_while(|c| c.is_ascii_digit() || **c == '.').collect();
                self.at += digits.len();
                let mut digits = digits;
                if matches!(self.peek(), Some('e' | 'E')) {
                    let signed = matches!(self.text.get(self.at + 1), Some('-' | '+'));
                    let from = (self.at + 1 + usize::from(signed)).min(self.text.len());
                    let count = self.text[from..].iter().take_while(|c| c.is_ascii_digit()).count();
                    if count > 0 {
                        digits.extend(&self.text[self.at..from + count]);
                        self.at = from + count;
                    }
                }
                digits.parse().map(Expr::Number).or_else(|_| self.error())
            }
            _ => self.name(),
        }
    }

    fn name(&mut self) -> Parse<Expr> {
        let name = self.word();
        if name.is_empty() || name == "in" {
            return self.error();
        }
        self.at += name.len();
        if self.starts("[") {
            self.at += 1;
            let index = self.expr()?;
            self.expect("]")?;
            return Ok(Expr::Index(name, index.into()));
        }
        if self.starts("(") {
            self.at += 1;
            let mut args = Vec::new();
            while !self.eat(")") {
                args.push(self.expr()?);
                if !self.eat(",") {
                    self.expect(")")?;
                    break;
                }
            }
            return Ok(Expr::Call(name, args));
        }
        if name == "length" {
            return Ok(Expr::Call(name, Vec::new()));
        }
        Ok(Expr::Var(name))
    }

    fn quoted(&mut self, end: char) -> Parse<String> {
        let start = self.at;
        loop {
            match self.peek() {
                None | Some('\n') => {
                    let what = if end == '"' {
                        "runaway string constant"
                    } else {
                        "runaway regular expression"
                    };
                    let text: String = self.text[start..self.at].iter().collect();
                    return Err(format!("{what} {end}{text} ..."));
                }
                Some('\\') => self.at = (self.at + 2).min(self.text.len()),
                Some(c) if c == end => break,
                Some(_) => self.at += 1,
            }
        }
        let raw: String = self.text[start..self.at].iter().collect();
        self.at += 1;
        if end == '/' {
            return Ok(raw.replace("\\/", "/"));
        }
        let bytes = crate::escape::unescape(&raw, crate::escape::Style::Format).bytes;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
