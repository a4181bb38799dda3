//! awk's values and what statements do.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use super::parser::{Expr, Pattern, Statement};
use crate::builtins::Spec;
use crate::sys::Sys;
use crate::tools::regex::{Dialect, compile};
use crate::tools::sed::substitute;

/// Where control goes after a statement.
pub(super) enum Next {
    On,
    Record,
    Exit(i32),
    Break,
    Continue,
}

/// A text from input that looks like a number compares as one.
#[derive(Clone, Debug)]
enum Value {
    Number(f64),
    Text(String),
    Input(String),
    Unset,
}

type Eval<T> = Result<T, String>;

pub(super) struct Awk {
    vars: BTreeMap<String, Value>,
    arrays: BTreeMap<String, BTreeMap<String, Value>>,
    /// `$0`, `$1` and so on.
    fields: Vec<String>,
    number: f64,
    /// What was printed and not yet written.
    pub(super) out: Vec<u8>,
}

/// Most fields that a record can be given.
const FIELDS_MAX: usize = 100_000;

fn text_of_number(number: f64) -> String {
    if number == number.trunc() && number.abs() < 1e16 {
        return format!("{}", number as i64);
    }
    general(number, 6)
}

/// C's `%.6g`.
fn general(number: f64, digits: usize) -> String {
    if !number.is_finite() {
        return if number.is_nan() {
            "nan".into()
        } else if number > 0.0 {
            "inf".into()
        } else {
            "-inf".into()
        };
    }
    let digits = digits.max(1);
    let scientific = format!("{number:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        } else {
            text.to_string()
        }
    };
    if exponent < -4 || exponent >= digits as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.abs());
    }
    trim(&format!("{number:.*}", (digits as i32 - 1 - exponent).max(0) as usize))
}

/// The number that a text begins with.
fn leading_number(text: &str) -> (f64, bool) {
    let trimmed = text.trim();
    let bytes = trimmed.as_bytes();
    let mut end = usize::from(trimmed.starts_with(['-', '+']));
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    end += digits(end);
    if bytes.get(end) == Some(&b'.') {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        let exponent = digits((end + 1 + sign).min(bytes.len()));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    let number = trimmed[..end].parse().ok();
    (number.unwrap_or(0.0), number.is_some() && end == bytes.len())
}

impl Value {
    fn text(&self) -> String {
        match self {
            Value::Number(number) => text_of_number(*number),
            Value::Text(text) | Value::Input(text) => text.clone(),
            Value::Unset => String::new(),
        }
    }

    fn number(&self) -> f64 {
        match self {
            Value::Number(number) => *number,
            Value::Text(text) | Value::Input(text) => leading_number(text).0,
            Value::Unset => 0.0,
        }
    }

    fn truth(&self) -> bool {
        match self {
            Value::Number(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::Input(text) => match leading_number(text) {
                (number, true) => number != 0.0,
                _ => !text.is_empty(),
            },
            Value::Unset => false,
        }
    }

    fn is_numeric(&self) -> bool {
        match self {
            Value::Number(_) | Value::Unset => true,
            Value::Text(_) => false,
            Value::Input(text) => leading_number(text).1,
        }
    }
}

impl Awk {
    pub(super) fn new(env: &BTreeMap<String, String>) -> Awk {
        let mut awk = Awk {
            vars: BTreeMap::new(),
            arrays: BTreeMap::new(),
            fields: vec![String::new()],
            number: 0.0,
            out: Vec::new(),
        };
        for (name, value) in [("FS", " "), ("OFS", " "), ("ORS", "\n"), ("SUBSEP", "\u{1c}")] {
            awk.set(name, value);
        }
        let environ = env.iter().map(|(k, v)| (k.clone(), Value::Input(v.clone())));
        awk.arrays.insert("ENVIRON".into(), environ.collect());
        awk
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        let value = crate::escape::unescape(value, crate::escape::Style::Format).bytes;
        let value = String::from_utf8_lossy(&value).into_owned();
        self.vars.insert(name.to_string(), Value::Input(value));
    }

    fn text_var(&self, name: &str) -> String {
        self.vars.get(name).map(Value::text).unwrap_or_default()
    }

    /// Takes the next input line.
    pub(super) fn record(&mut self, line: &str) {
        self.number += 1.0;
        self.split_record(line);
    }

    fn split_record(&mut self, line: &str) {
        let separator = self.text_var("FS");
        self.fields = vec![line.to_string()];
        self.fields.extend(split(line, &separator));
    }

    pub(super) fn applies(&mut self, pattern: &Pattern) -> Eval<bool> {
        match pattern {
            Pattern::Always => Ok(true),
            Pattern::When(expr) => Ok(self.eval(expr)?.truth()),
            Pattern::Begin | Pattern::End => Ok(false),
        }
    }

    pub(super) fn block<'a>(
        &'a mut self,
        body: &'a [Statement],
        sys: &'a Sys,
    ) -> Pin<Box<dyn Future<Output = Eval<Next>> + 'a>> {
        Box::pin(async move {
            for statement in body {
                match self.statement(statement, sys).await? {
                    Next::On => {}
                    next => return Ok(next),
                }
            }
            Ok(Next::On)
        })
    }

    async fn statement(&mut self, statement: &Statement, sys: &Sys) -> Eval<Next> {
        match statement {
            Statement::Expr(expr) => {
                self.eval(expr)?;
            }
            Statement::Print(args) => self.print(args)?,
            Statement::Printf(args) => {
                let text = self.format(args)?;
                self.out.extend(text);
            }
            Statement::Block(body) => return self.block(body, sys).await,
            Statement::If(condition, yes, no) => {
                let body = if self.eval(condition)?.truth() { yes } else { no };
                return self.block(body, sys).await;
            }
            Statement::While(condition, body) => {
                return self.repeat(Some(condition), None, body, sys).await;
            }
            Statement::For(first, condition, step, body) => {
                if let Some(first) = first {
                    self.block(std::slice::from_ref(first), sys).await?;
                }
                return self.repeat(condition.as_ref(), step.as_deref(), body, sys).await;
            }
            Statement::ForIn(name, array, body) => {
                // In byte order of keys; real awks use a hash order of their own.
                let keys: Vec<String> =
                    self.arrays.get(array).map(|a| a.keys().cloned().collect()).unwrap_or_default();
                for key in keys {
                    sys.step().await;
                    self.vars.insert(name.clone(), Value::Input(key));
                    match self.block(body, sys).await? {
                        Next::Break => break,
                        Next::On | Next::Continue => {}
                        next => return Ok(next),
                    }
                }
            }
            Statement::Next => return Ok(Next::Record),
            Statement::Break => return Ok(Next::Break),
            Statement::Continue => return Ok(Next::Continue),
            Statement::Exit(status) => {
                let status = match status {
                    Some(expr) => self.eval(expr)?.number(),
                    None => 0.0,
                };
                return Ok(Next::Exit(status as i32 & 255));
            }
            Statement::Delete(array, index) => {
                let key = index.as_ref().map(|index| self.eval(index)).transpose()?;
                let array = self.arrays.entry(array.clone()).or_default();
                match key {
                    Some(key) => drop(array.remove(&key.text())),
                    None => array.clear(),
                }
            }
        }
        Ok(Next::On)
    }

    async fn repeat(
        &mut self,
        condition: Option<&Expr>,
        step: Option<&Statement>,
        body: &[Statement],
        sys: &Sys,
    ) -> Eval<Next> {
        loop {
            sys.step().await;
            if let Some(condition) = condition
                && !self.eval(condition)?.truth()
            {
                return Ok(Next::On);
            }
            match self.block(body, sys).await? {
                Next::Break => return Ok(Next::On),
                Next::On | Next::Continue => {}
                next => return Ok(next),
            }
            if let Some(step) = step {
                self.block(std::slice::from_ref(step), sys).await?;
            }
        }
    }

    fn print(&mut self, args: &[Expr]) -> Eval<()> {
        let mut texts = Vec::new();
        for arg in args {
            texts.push(self.eval(arg)?.text());
        }
        if args.is_empty() {
            texts.push(self.fields[0].clone());
        }
        let line = texts.join(&self.text_var("OFS")) + &self.text_var("ORS");
        self.out.extend(line.into_bytes());
        Ok(())
    }

    fn format(&mut self, args: &[Expr]) -> Eval<Vec<u8>> {
        let mut values = Vec::new();
        for arg in args {
            values.push(self.eval(arg)?);
        }
        let Some((format, values)) = values.split_first() else {
            return Err("no arguments in call to printf".into());
        };
        let (format, mut values) = (format.text(), values.iter());
        let (mut out, mut rest) = (Vec::new(), format.as_str());
        while let Some(at) = rest.find('%') {
            out.extend(rest[..at].bytes());
            rest = &rest[at + 1..];
            let mut spec = Spec::default();
            let mut none: &[String] = &[];
            rest = spec.parse(rest, &mut none);
            let Some(conversion) = rest.chars().next() else { break };
            rest = &rest[conversion.len_utf8()..];
            if conversion == '%' {
                out.push(b'%');
                continue;
            }
            let value = values.next().cloned().unwrap_or(Value::Unset);
            match conversion {
                'd' | 'i' | 'x' | 'X' | 'o' | 'u' => {
                    spec.integer(conversion, value.number() as i64, &mut out);
                }
                'f' | 'F' => {
                    let digits = spec.precision.take().unwrap_or(6);
                    spec.pad(format!("{:.digits$}", value.number()).as_bytes(), &mut out);
                }
                'g' | 'e' => {
                    let digits = spec.precision.take().unwrap_or(6);
                    spec.pad(general(value.number(), digits).as_bytes(), &mut out);
                }
                'c' => {
                    let text: String = match value {
                        Value::Number(n) => char::from_u32(n as u32).into_iter().collect(),
                        value => value.text().chars().take(1).collect(),
                    };
                    spec.pad(text.as_bytes(), &mut out);
                }
                _ => spec.pad(value.text().as_bytes(), &mut out),
            }
        }
        out.extend(rest.bytes());
        Ok(out)
    }

    fn eval(&mut self, expr: &Expr) -> Eval<Value> {
        Ok(match expr {
            Expr::Number(number) => Value::Number(*number),
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Regex(text) => {
                let regex = compile(text, Dialect::Extended, false)?;
                truth(regex.is_match(&self.fields[0]))
            }
            Expr::Var(name) => match name.as_str() {
                "NF" => Value::Number((self.fields.len() - 1) as f64),
                "NR" | "FNR" => Value::Number(self.number),
                name => self.vars.get(name).cloned().unwrap_or(Value::Unset),
            },
            Expr::Field(index) => {
                let index = self.eval(index)?.number();
                self.fields.get(index as usize).cloned().map_or(Value::Unset, Value::Input)
            }
            Expr::Index(array, index) => {
                let key = self.eval(index)?.text();
                let array = self.arrays.entry(array.clone()).or_default();
                array.entry(key).or_insert(Value::Unset).clone()
            }
            Expr::In(index, array) => {
                let key = self.eval(index)?.text();
                truth(self.arrays.get(array).is_some_and(|array| array.contains_key(&key)))
            }
            Expr::Assign(target, op, value) => {
                let mut value = self.eval(value)?;
                if let Some(op) = op {
                    let old = self.eval(target)?.number();
                    value = Value::Number(calculate(op, old, value.number())?);
                }
                self.assign(target, value.clone())?;
                value
            }
            Expr::Step { target, by, prefix } => {
                let old = self.eval(target)?.number();
                self.assign(target, Value::Number(old + by))?;
                Value::Number(if *prefix { old + by } else { old })
            }
            Expr::Unary(sign, inner) => {
                let value = self.eval(inner)?;
                match sign {
                    '(' => value,
                    '!' => truth(!value.truth()),
                    '-' => Value::Number(-value.number()),
                    _ => Value::Number(value.number()),
                }
            }
            Expr::Choice(condition, yes, no) => {
                let chosen = if self.eval(condition)?.truth() { yes } else { no };
                self.eval(chosen)?
            }
            Expr::Binary(op, left, right) => self.binary(op, left, right)?,
            Expr::Call(name, args) => self.call(name, args)?,
        })
    }

    fn binary(&mut self, op: &str, left: &Expr, right: &Expr) -> Eval<Value> {
        if op == "&&" || op == "||" {
            let first = self.eval(left)?.truth();
            let decided = first == (op == "||");
            return Ok(truth(if decided { first } else { self.eval(right)?.truth() }));
        }
        if op == "~" || op == "!~" {
            let text = self.eval(left)?.text();
            let pattern = self.pattern(right)?;
            let regex = compile(&pattern, Dialect::Extended, false)?;
            return Ok(truth(regex.is_match(&text) == (op == "~")));
        }
        let (left, right) = (self.eval(left)?, self.eval(right)?);
        if op.is_empty() {
            return Ok(Value::Text(left.text() + &right.text()));
        }
        if !["==", "!=", "<", ">", "<=", ">="].contains(&op) {
            return Ok(Value::Number(calculate(op, left.number(), right.number())?));
        }
        let order = if left.is_numeric() && right.is_numeric() {
            left.number().partial_cmp(&right.number())
        } else {
            Some(left.text().cmp(&right.text()))
        };
        Ok(truth(order.is_some_and(|order| match op {
            "==" => order.is_eq(),
            "!=" => order.is_ne(),
            "<" => order.is_lt(),
            ">" => order.is_gt(),
            "<=" => order.is_le(),
            _ => order.is_ge(),
        })))
    }

    /// A regex literal as it stands, anything else as text.
    fn pattern(&mut self, expr: &Expr) -> Eval<String> {
        match expr {
            Expr::Regex(text) => Ok(text.clone()),
            expr => Ok(self.eval(expr)?.text()),
        }
    }

    fn assign(&mut self, target: &Expr, value: Value) -> Eval<()> {
        match target {
            Expr::Var(name) if name == "NF" => {
                let count = (value.number().max(0.0) as usize).min(FIELDS_MAX);
                self.fields.resize(count + 1, String::new());
                self.join_record();
            }
            Expr::Var(name) if name == "NR" => self.number = value.number(),
            Expr::Var(name) => {
                self.vars.insert(name.clone(), value);
            }
            Expr::Index(array, index) => {
                let key = self.eval(index)?.text();
                self.arrays.entry(array.clone()).or_default().insert(key, value);
            }
            Expr::Field(index) => match self.eval(index)?.number() as usize {
                0 => self.split_record(&value.text()),
                index if index > FIELDS_MAX => return Err("field index out of range".into()),
                index => {
                    if self.fields.len() <= index {
                        self.fields.resize(index + 1, String::new());
                    }
                    self.fields[index] = value.text();
                    self.join_record();
                }
            },
            _ => return Err("assignment to something that is not a variable".into()),
        }
        Ok(())
    }

    fn join_record(&mut self) {
        self.fields[0] = self.fields[1..].join(&self.text_var("OFS"));
    }

    fn call(&mut self, name: &str, args: &[Expr]) -> Eval<Value> {
        if name == "length"
            && let [Expr::Var(array)] = args
            && let Some(array) = self.arrays.get(array)
        {
            return Ok(Value::Number(array.len() as f64));
        }
        if let ("sub" | "gsub", [pattern, with, rest @ ..]) = (name, args) {
            let whole = Expr::Field(Box::new(Expr::Number(0.0)));
            let target = rest.first().unwrap_or(&whole);
            let regex = compile(&self.pattern(pattern)?, Dialect::Extended, false)?;
            let (text, with) = (self.eval(target)?.text(), self.eval(with)?.text());
            let count = if name == "gsub" {
                regex.find_iter(&text).count()
            } else {
                usize::from(regex.is_match(&text))
            };
            let (text, changed) = substitute(&regex, &text, &with, name == "gsub", 1);
            if changed {
                self.assign(target, Value::Text(text))?;
            }
            return Ok(Value::Number(count as f64));
        }
        if let ("split", [text, Expr::Var(array), rest @ ..]) = (name, args) {
            let text = self.eval(text)?.text();
            let separator = match rest.first() {
                Some(separator) => self.pattern(separator)?,
                None => self.text_var("FS"),
            };
            let parts = split(&text, &separator);
            let count = parts.len();
            let numbered = parts.into_iter().enumerate();
            let map = numbered.map(|(at, part)| ((at + 1).to_string(), Value::Input(part)));
            self.arrays.insert(array.clone(), map.collect());
            return Ok(Value::Number(count as f64));
        }
        if name == "sprintf" {
            return Ok(Value::Text(String::from_utf8_lossy(&self.format(args)?).into_owned()));
        }
        let mut values = Vec::new();
        if name == "match" && args.len() == 2 {
            values.push(self.eval(&args[0])?);
            values.push(Value::Text(self.pattern(&args[1])?));
        } else {
            for arg in args {
                values.push(self.eval(arg)?);
            }
        }
        self.function(name, &values)
    }

    fn function(&mut self, name: &str, values: &[Value]) -> Eval<Value> {
        let text = |at: usize| values.get(at).map(Value::text).unwrap_or_default();
        let number = |at: usize| values.get(at).map_or(0.0, Value::number);
        Ok(match (name, values.len()) {
            ("length", 0) => Value::Number(self.fields[0].chars().count() as f64),
            ("length", 1) => Value::Number(text(0).chars().count() as f64),
            ("substr", 2 | 3) => {
                let first = number(1).round();
                let end = if values.len() == 3 { first + number(2).round() } else { f64::INFINITY };
                let chars = text(0);
                let picked = chars.chars().enumerate().filter(|(at, _)| {
                    let at = *at as f64 + 1.0;
                    at >= first && at < end
                });
                Value::Text(picked.map(|(_, c)| c).collect())
            }
            ("index", 2) => {
                let whole = text(0);
                let found = whole.find(&text(1)).map_or(0, |at| whole[..at].chars().count() + 1);
                Value::Number(found as f64)
            }
            ("match", 2) => {
                let whole = text(0);
                let regex = compile(&text(1), Dialect::Extended, false)?;
                let (start, length) = regex.find(&whole).map_or((0, -1.0), |m| {
                    (whole[..m.start()].chars().count() + 1, m.as_str().chars().count() as f64)
                });
                self.vars.insert("RSTART".into(), Value::Number(start as f64));
                self.vars.insert("RLENGTH".into(), Value::Number(length));
                Value::Number(start as f64)
            }
            ("tolower", 1) => Value::Text(text(0).to_lowercase()),
            ("toupper", 1) => Value::Text(text(0).to_uppercase()),
            ("int", 1) => Value::Number(number(0).trunc()),
            ("sqrt", 1) => Value::Number(number(0).sqrt()),
            ("", _) => {
                let keys: Vec<String> = values.iter().map(Value::text).collect();
                Value::Text(keys.join(&self.text_var("SUBSEP")))
            }
            _ => return Err(format!("line 1: function {name} never defined")),
        })
    }
}

fn truth(value: bool) -> Value {
    Value::Number(if value { 1.0 } else { 0.0 })
}

fn calculate(op: &str, left: f64, right: f64) -> Eval<f64> {
    Ok(match op {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" if right == 0.0 => return Err("division by zero".into()),
        "/" => left / right,
        "%" if right == 0.0 => return Err("division by zero in %".into()),
        "%" => left % right,
        // Repeated multiplication: `powf` may differ between platforms.
        _ if right == right.trunc() && right.abs() <= 1024.0 => {
            let power = (0..right.abs() as u32).fold(1.0, |power, _| power * left);
            if right < 0.0 { 1.0 / power } else { power }
        }
        _ => left.powf(right),
    })
}

/// Fields of a text: blanks for a single space, one character as it is, else a regex.
fn split(text: &str, separator: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    if separator == " " {
        return text.split_whitespace().map(str::to_string).collect();
    }
    if separator.is_empty() {
        return text.chars().map(String::from).collect();
    }
    if separator.chars().count() > 1
        && let Ok(regex) = compile(separator, Dialect::Extended, false)
    {
        return regex.split(text).map(str::to_string).collect();
    }
    text.split(separator).map(str::to_string).collect()
}
