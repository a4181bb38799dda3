//! Reads a check, by descent. Whatever the text, it ends with a check or an error that names the
//! column.

use frame::Value;
use regex_lite::Regex;

use crate::Error;
use crate::eval::{Check, Op};
use crate::terms::{Call, Function, Pattern, Term};

/// Deepest nesting of parentheses and `!`.
const DEPTH_MAX: u32 = 32;
/// Longest check, in characters.
const LENGTH_MAX: usize = 4096;

/// Reads one check.
pub(crate) fn parse(text: &str) -> Result<Check, Error> {
    let chars: Vec<char> = text.chars().take(LENGTH_MAX + 1).collect();
    let mut parser = Parser { chars, at: 0, depth: 0 };
    if parser.chars.len() > LENGTH_MAX {
        return Err(Error { column: LENGTH_MAX, text: "the check is too long".into() });
    }
    let check = parser.any()?;
    parser.spaces();
    if parser.at < parser.chars.len() {
        return parser.fail("this was not expected here; join checks with && or ||");
    }
    Ok(check)
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: u32,
}

impl Parser {
    fn any(&mut self) -> Result<Check, Error> {
        let mut checks = vec![self.all()?];
        while self.takes("||") {
            checks.push(self.all()?);
        }
        Ok(if checks.len() == 1 { checks.remove(0) } else { Check::Any(checks) })
    }

    fn all(&mut self) -> Result<Check, Error> {
        let mut checks = vec![self.not()?];
        while self.takes("&&") {
            checks.push(self.not()?);
        }
        Ok(if checks.len() == 1 { checks.remove(0) } else { Check::All(checks) })
    }

    fn not(&mut self) -> Result<Check, Error> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return self.fail("the check is nested too deeply");
        }
        self.spaces();
        let start = self.at;
        let check = if self.takes("!") {
            let inner = self.not()?;
            let text: String = self.chars[start + 1..self.at].iter().collect();
            Check::Not(Box::new(inner), text.trim().to_string())
        } else if self.takes("(") {
            let inner = self.any()?;
            self.expects(")")?;
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(check)
    }

    fn comparison(&mut self) -> Result<Check, Error> {
        let left = self.sum()?;
        for (sign, op) in [
            ("==", Op::Equal),
            ("!=", Op::Differs),
            ("<=", Op::AtMost),
            (">=", Op::AtLeast),
            ("<", Op::Below),
            (">", Op::Above),
            ("contains", Op::Contains),
            ("matches", Op::Matches),
        ] {
            if !self.takes(sign) {
                continue;
            }
            self.spaces();
            let start = self.at;
            let right = self.sum()?;
            if matches!(right, Term::Pattern(_)) != (op == Op::Matches) {
                self.at = start;
                return self.fail("a /pattern/ goes with matches, and with nothing else");
            }
            return Ok(Check::Compare(left, op, right));
        }
        match left {
            Term::Pattern(_) => self.fail("a /pattern/ alone says nothing"),
            left => Ok(Check::Is(left)),
        }
    }

    fn sum(&mut self) -> Result<Term, Error> {
        let term = self.term()?;
        self.spaces();
        let sign = match self.chars.get(self.at) {
            Some('+') => 1,
            Some('-') => -1,
            _ => return Ok(term),
        };
        self.at += 1;
        self.spaces();
        let number = self.number()?;
        Ok(Term::Plus(Box::new(term), sign * number))
    }

    fn term(&mut self) -> Result<Term, Error> {
        self.spaces();
        match self.chars.get(self.at) {
            None => self.fail("something is missing here"),
            Some('"') => Ok(Term::Value(Value::Text(self.quoted()?))),
            Some('/') => Ok(Term::Pattern(self.pattern()?)),
            Some('-') => {
                self.at += 1;
                Ok(Term::Value(Value::Number(-self.number()?)))
            }
            Some(c) if c.is_ascii_digit() => Ok(Term::Value(Value::Number(self.number()?))),
            Some(c) if c.is_ascii_alphabetic() => self.named(),
            Some(_) => self.fail("here a term should stand"),
        }
    }

    fn named(&mut self) -> Result<Term, Error> {
        let start = self.at;
        let name = self.word();
        match name.as_str() {
            "true" => return Ok(Term::Value(Value::Flag(true))),
            "false" => return Ok(Term::Value(Value::Flag(false))),
            _ => {}
        }
        let Some(function) = Function::named(&name) else {
            self.at = start;
            return self.fail(&format!("there is no function {name}; texts stand in \"quotes\""));
        };
        let mut call = Call { function, args: Vec::new(), pattern: None, field: "" };
        if function != Function::Auth {
            self.arguments(&mut call)?;
        }
        if self.chars.get(self.at) == Some(&'.') {
            self.at += 1;
            let start = self.at;
            let field = self.word();
            match function.fields().iter().find(|known| **known == field) {
                Some(known) => call.field = known,
                None => {
                    self.at = start;
                    return self.fail(&format!("{name} has no .{field}"));
                }
            }
        } else if function == Function::Auth {
            return self.fail("auth has .enabled, and means nothing alone");
        }
        Ok(Term::Call(call))
    }

    fn arguments(&mut self, call: &mut Call) -> Result<(), Error> {
        self.expects("(")?;
        let start = self.at;
        if call.function.takes_pattern() {
            self.spaces();
            call.pattern = Some(self.pattern()?);
            let more = self.takes(",");
            if more {
                call.args.push(self.argument()?.split_whitespace().collect());
            }
            let known = |arg: &String| arg == "rc==0" || arg == "rc!=0";
            if more && (call.function != Function::Ran || !call.args.iter().all(known)) {
                self.at = start;
                return self.fail("only rc==0 or rc!=0 may follow the pattern of ran");
            }
            return self.expects(")");
        }
        if !self.takes(")") {
            loop {
                call.args.push(self.argument()?);
                if self.takes(")") {
                    break;
                }
                self.expects(",")?;
            }
        }
        let arity = call.function.arity();
        let name = call.function.name();
        // The empty prefix is all keys.
        if arity == 1 && call.args.is_empty() && call.function == Function::Count {
            call.args.push(String::new());
        }
        let modes = matches!(call.function, Function::May | Function::MayAll);
        if call.args.len() != arity {
            self.at = start;
            return self.fail(&format!("{name} takes {arity}, not {}", call.args.len()));
        }
        if modes && !matches!(call.arg(1), "read" | "write") {
            self.at = start;
            return self.fail(&format!("{name} takes a role, read or write, and a key"));
        }
        Ok(())
    }

    /// In quotes, or as it is up to a comma or parenthesis.
    fn argument(&mut self) -> Result<String, Error> {
        self.spaces();
        if self.chars.get(self.at) == Some(&'"') {
            return self.quoted();
        }
        let start = self.at;
        while self.chars.get(self.at).is_some_and(|c| !matches!(c, ',' | ')')) {
            self.at += 1;
        }
        let text: String = self.chars[start..self.at].iter().collect();
        Ok(text.trim().to_string())
    }

    fn quoted(&mut self) -> Result<String, Error> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.chars.get(self.at) {
            self.at += 1;
            match c {
                '"' => return Ok(text),
                '\\' => {
                    let escaped = self.chars.get(self.at).copied();
                    self.at += 1;
                    match escaped {
                        Some('n') => text.push('\n'),
                        Some(other) => text.push(other),
                        None => break,
                    }
                }
                c => text.push(*c),
            }
        }
        self.at = start;
        self.fail("this quote is never closed")
    }

    /// Between slashes; a slash inside is written `\/`.
    fn pattern(&mut self) -> Result<Pattern, Error> {
        let start = self.at;
        if self.chars.get(self.at) != Some(&'/') {
            return self.fail("here a /pattern/ should stand");
        }
        self.at += 1;
        let mut source = String::new();
        loop {
            match (self.chars.get(self.at), self.chars.get(self.at + 1)) {
                (Some('\\'), Some('/')) => {
                    source.push('/');
                    self.at += 2;
                }
                (Some('\\'), Some(next)) => {
                    source.extend(['\\', *next]);
                    self.at += 2;
                }
                (Some('/'), _) => break,
                (Some(c), _) => {
                    source.push(*c);
                    self.at += 1;
                }
                (None, _) => {
                    self.at = start;
                    return self.fail("this pattern is never closed");
                }
            }
        }
        self.at += 1;
        match Regex::new(&source) {
            Ok(regex) => Ok(Pattern { source, regex }),
            Err(error) => {
                self.at = start;
                self.fail(&format!("the pattern cannot be read: {error}"))
            }
        }
    }

    fn number(&mut self) -> Result<i64, Error> {
        let start = self.at;
        while self.chars.get(self.at).is_some_and(char::is_ascii_digit) {
            self.at += 1;
        }
        let text: String = self.chars[start..self.at].iter().collect();
        text.parse().or_else(|_| {
            self.at = start;
            self.fail("here a number should stand")
        })
    }

    fn word(&mut self) -> String {
        let start = self.at;
        while self.chars.get(self.at).is_some_and(char::is_ascii_alphanumeric) {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }

    fn spaces(&mut self) {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }

    /// Goes over `sign` if it comes next. A word must end there, and `!` is not the half of `!=`.
    fn takes(&mut self, sign: &str) -> bool {
        self.spaces();
        let mut end = self.at;
        for c in sign.chars() {
            if self.chars.get(end) != Some(&c) {
                return false;
            }
            end += 1;
        }
        let next = self.chars.get(end);
        let is_word = sign.starts_with(|c: char| c.is_ascii_alphabetic());
        if is_word && next.is_some_and(char::is_ascii_alphanumeric) {
            return false;
        }
        self.at = end;
        true
    }

    fn expects(&mut self, sign: &str) -> Result<(), Error> {
        if self.takes(sign) { Ok(()) } else { self.fail(&format!("here `{sign}` should stand")) }
    }

    fn fail<T>(&self, text: &str) -> Result<T, Error> {
        Err(Error { column: self.at + 1, text: text.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(text: &str) -> (usize, String) {
        match parse(text) {
            Ok(_) => (0, String::new()),
            Err(error) => (error.column, error.text),
        }
    }

    #[test]
    fn what_the_curriculum_says_can_be_read() {
        for text in [
            "key(name)==\"Bob\" && ver(name)>=2",
            "count(/fruit/)==2&&key(/veg/kale)!=\"\"",
            "count()==0",
            "leader()!=saved(L0) && term()>saved(T0)",
            "ran(/get \\/ --prefix -keys-/, rc!=0) || out(/unknown shorthand flag: 'k'/)",
            "ran(/get \\/ --prefix/,rc==0)",
            "!auth.enabled",
            "user(alice).roles contains \"ro\"",
            "member(m2).state==\"down\"",
            "file(/root/x).type==\"snapshot\" && file(/root/x).revision>=saved(r)",
            "( key(a) || !(absent(b) && rev()>3) )",
            "modrev(a)==saved(r) + 1",
            "cut(m1, m2) && mayall(r,read,/app/)",
            "key(\"with, comma\") matches /^a+$/",
            "env(ETCDCTL_API)==3",
        ] {
            assert_eq!(column(text), (0, String::new()), "{text}");
        }
    }

    #[test]
    fn errors_name_the_column() {
        for (text, at, words) in [
            ("", 1, "missing"),
            ("key(a", 6, "`,`"),
            ("kee(a)", 1, "no function kee"),
            ("key(a)=", 7, "not expected"),
            ("key(a)==Bob", 9, "no function Bob"),
            ("key(a,b)", 5, "takes 1, not 2"),
            ("user(a).name", 9, "has no .name"),
            ("rev() > \"a", 9, "never closed"),
            ("out(/[/)", 5, "cannot be read"),
            ("key(a)==/x/", 9, "goes with matches"),
            ("key(a) matches \"x\"", 16, "goes with matches"),
            ("may(r,do,k)", 5, "read or write"),
            ("ran(/x/, rc==7)", 5, "rc==0 or rc!=0"),
            ("rev()==99999999999999999999", 8, "number"),
            ("auth", 5, ".enabled"),
            ("(rev()", 7, "`)`"),
        ] {
            let (column, error) = column(text);
            assert_eq!(column, at, "{text}: {error}");
            assert!(error.contains(words), "{text}: {error}");
        }
        assert!(column(&"!".repeat(100)).1.contains("nested"));
        assert!(column(&"x".repeat(5000)).1.contains("too long"));
    }

    proptest::proptest! {
        /// Any text, and texts made of the language's own pieces.
        #[test]
        fn it_never_panics(
            text in "\\PC{0,60}",
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    "key(", "ran(/", "count", ")", "(", "!", "&&", "||", "==", "contains ", "matches ",
                    "/", "\\", "\"", ".", "roles", "auth", "7", "-", "+", " ", ",", "rc==0", "é", "rev()",
                ]),
                0..20,
            ),
        ) {
            for text in [text, pieces.concat()] {
                if let Err(error) = parse(&text) {
                    assert!((1..=text.chars().count() + 1).contains(&error.column), "{error:?}");
                }
            }
        }
    }
}
