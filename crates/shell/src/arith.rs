//! `$((...))`: bash's 64-bit integer arithmetic over already expanded text.
//!
//! Left out: the comma and bases other than 8, 10 and 16.

/// Gives and sets variables.
pub(crate) trait Variables {
    fn get(&self, name: &str) -> String;
    fn set(&mut self, name: &str, value: i64);
}

const BINARY: [(&str, u8); 18] = [
    ("||", 1),
    ("&&", 2),
    ("==", 6),
    ("!=", 6),
    ("<=", 7),
    (">=", 7),
    ("<<", 8),
    (">>", 8),
    ("**", 11),
    ("|", 3),
    ("^", 4),
    ("&", 5),
    ("<", 7),
    (">", 7),
    ("+", 9),
    ("-", 9),
    ("*", 10),
    ("/", 10),
];

/// Evaluates; the error is bash's text after the expression.
pub(crate) fn evaluate(text: &str, variables: &mut dyn Variables) -> Result<i64, String> {
    let mut parser = Arith { text, at: 0, depth: 0, operator_at: 0, variables };
    parser.blanks();
    if parser.rest().is_empty() {
        return Ok(0);
    }
    let value = parser.ternary().map_err(|error| format!("{}: {error}", text.trim_end()))?;
    if parser.rest().is_empty() {
        return Ok(value);
    }
    let token = parser.rest().to_string();
    Err(format!("{text}: syntax error in expression (error token is \"{token}\")"))
}

struct Arith<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    /// Where the last operator stands.
    operator_at: usize,
    variables: &'a mut dyn Variables,
}

impl<'a> Arith<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
            self.blanks();
        }
        found
    }

    fn operand_expected(&self) -> String {
        // At the end bash points at the operator that lacks its right side.
        let rest =
            if self.rest().is_empty() { &self.text[self.operator_at..] } else { self.rest() };
        format!("syntax error: operand expected (error token is \"{}\")", rest.trim_end())
    }

    fn ternary(&mut self) -> Result<i64, String> {
        if self.depth > 60 {
            return Err("expression recursion level exceeded".into());
        }
        self.depth += 1;
        let condition = self.binary(1)?;
        let value = if self.eat("?") {
            let yes = self.ternary()?;
            if !self.eat(":") {
                return Err("`:' expected for conditional expression".into());
            }
            let no = self.ternary()?;
            if condition != 0 { yes } else { no }
        } else {
            condition
        };
        self.depth -= 1;
        self.blanks();
        Ok(value)
    }

    fn operator(&mut self) -> Option<(&'static str, u8)> {
        self.blanks();
        if self.rest().starts_with('%') {
            return Some(("%", 10));
        }
        BINARY.into_iter().find(|(op, _)| self.rest().starts_with(op))
    }

    /// Precedence climbing.
    fn binary(&mut self, least: u8) -> Result<i64, String> {
        let mut left = self.unary()?;
        while let Some((op, level)) = self.operator() {
            if level < least {
                break;
            }
            self.operator_at = self.at;
            self.at += op.len();
            self.blanks();
            let right = self.binary(if op == "**" { level } else { level + 1 })?;
            left = self.apply(op, left, right)?;
        }
        Ok(left)
    }

    fn apply(&self, op: &str, left: i64, right: i64) -> Result<i64, String> {
        let truth = i64::from;
        Ok(match op {
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "*" => left.wrapping_mul(right),
            "/" | "%" if right == 0 => {
                return Err("division by 0 (error token is \"0\")".to_string());
            }
            "/" => left.wrapping_div(right),
            "%" => left.wrapping_rem(right),
            "**" if right < 0 => return Err("exponent less than 0".into()),
            "**" => left.wrapping_pow(u32::try_from(right).unwrap_or(u32::MAX)),
            "<<" => left.wrapping_shl(right as u32),
            ">>" => left.wrapping_shr(right as u32),
            "&" => left & right,
            "|" => left | right,
            "^" => left ^ right,
            "&&" => truth(left != 0 && right != 0),
            "||" => truth(left != 0 || right != 0),
            "==" => truth(left == right),
            "!=" => truth(left != right),
            "<" => truth(left < right),
            ">" => truth(left > right),
            "<=" => truth(left <= right),
            _ => truth(left >= right),
        })
    }

    fn unary(&mut self) -> Result<i64, String> {
        self.blanks();
        if self.depth > 60 {
            return Err("expression recursion level exceeded".into());
        }
        for (sign, by) in [("++", 1), ("--", -1)] {
            let named = self.rest().strip_prefix(sign).map(str::trim_start);
            if named.is_some_and(|n| n.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')) {
                self.at += 2;
                self.blanks();
                let name = self.word();
                let value = self.variable(&name)?.wrapping_add(by);
                self.variables.set(&name, value);
                return Ok(value);
            }
        }
        for sign in ["-", "+", "!", "~"] {
            if self.eat(sign) {
                self.depth += 1;
                let value = self.unary()?;
                self.depth -= 1;
                return Ok(match sign {
                    "-" => value.wrapping_neg(),
                    "!" => i64::from(value == 0),
                    "~" => !value,
                    _ => value,
                });
            }
        }
        if self.eat("(") {
            let value = self.ternary()?;
            return if self.eat(")") { Ok(value) } else { Err("missing `)'".into()) };
        }
        let word = self.word();
        if word.is_empty() {
            return Err(self.operand_expected());
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return number(&word);
        }
        self.variable(&word)
    }

    /// Letters and digits from here on, and the blanks after them are skipped.
    fn word(&mut self) -> String {
        let rest = self.rest().chars();
        let word: String = rest.take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        self.at += word.len();
        self.blanks();
        word
    }

    fn variable(&mut self, name: &str) -> Result<i64, String> {
        let assign =
            ["+=", "-=", "*=", "/=", "%="].into_iter().find(|op| self.rest().starts_with(op));
        let plain = self.rest().starts_with('=') && !self.rest().starts_with("==");
        let old = self.variables.get(name);
        let old = match old.trim() {
            "" => 0,
            text => match number(text) {
                Ok(value) => value,
                Err(_) if crate::lang::is_name(text) && text != name => {
                    let next = self.variables.get(text);
                    number(next.trim()).unwrap_or(0)
                }
                Err(error) => text
                    .strip_prefix('-')
                    .map_or(Err(error), |rest| number(rest).map(i64::wrapping_neg))?,
            },
        };
        if let Some(op) = assign {
            self.at += 2;
            let right = self.ternary()?;
            let value = self.apply(&op[..1], old, right)?;
            self.variables.set(name, value);
            return Ok(value);
        }
        if plain {
            self.at += 1;
            let value = self.ternary()?;
            self.variables.set(name, value);
            return Ok(value);
        }
        for (sign, by) in [("++", 1), ("--", -1)] {
            if self.rest().starts_with(sign) {
                self.at += 2;
                self.variables.set(name, old.wrapping_add(by));
            }
        }
        Ok(old)
    }
}

fn number(text: &str) -> Result<i64, String> {
    let (digits, radix) = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    let too_great = || format!("value too great for base (error token is \"{text}\")");
    digits.chars().try_fold(0i64, |value, c| {
        let digit = c.to_digit(radix).ok_or_else(too_great)?;
        Ok(value.wrapping_mul(i64::from(radix)).wrapping_add(i64::from(digit)))
    })
}
