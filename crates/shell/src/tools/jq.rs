//! `jq`: the jaq crates behind jq's options `-r -c -n -s -e -j` and its way of printing.
//!
//! jq 1.6 holds every number as a double; whole numbers beyond 2^53 are rounded on the way in, as
//! there. Left out: `--arg`, modules, colours, and jq's own words for errors in a program.

use jaq_core::load::{Arena, File, Loader, parse};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};

use crate::process::{Process, ToolResult};
use crate::tools::options::Options;

pub(super) async fn jq(process: Process) -> ToolResult {
    let long = [("raw-output", 'r'), ("compact-output", 'c'), ("null-input", 'n'), ("slurp", 's')];
    let mut options = match Options::parse(process.operands(), "rcnsejMS", "", &long) {
        Ok(options) => options,
        Err(bad) => {
            let text = format!(
                "jq: Unknown arguments: {bad}\nUse jq --help for help with command-line options\n"
            );
            process.err(text).await?;
            return Ok(2);
        }
    };
    if options.operands.is_empty() {
        process.err("Usage:\tjq [OPTIONS] FILTER [FILES...]\n").await?;
        return Ok(2);
    }
    let program = options.operands.remove(0);
    let (bytes, fine) = process.read_files(&options.operands).await?;
    let done = run(&program, &bytes, &options);
    process.out(done.out).await?;
    match done.error {
        Some((status, text)) => {
            process.err(format!("jq: {text}\n")).await?;
            Ok(status)
        }
        None => Ok(if fine { 0 } else { 2 }),
    }
}

/// What jaq lacks, in jq's own language.
const MORE_DEFS: &str = r#"
def __escape(f; t): split(f) | join(t);
def @tsv: [.[] | if type == "string"
    then __escape("\\"; "\\\\") | __escape("\t"; "\\t") | __escape("\n"; "\\n") | __escape("\r"; "\\r")
    elif . == null then "" else tostring end] | join("\t");
def @csv: [.[] | if type == "string" then "\"" + __escape("\""; "\"\"") + "\""
    elif . == null then "" else tostring end] | join(",");
"#;

#[derive(Default)]
struct Done {
    out: String,
    error: Option<(i32, String)>,
}

fn run(program: &str, bytes: &[u8], options: &Options) -> Done {
    let mut done = Done::default();
    let more = parse(MORE_DEFS, |parser| parser.defs()).unwrap_or_default();
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).chain(more);
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let compile_error = Some((3, "error: syntax error in program".to_string()));
    let Ok(modules) = Loader::new(defs).load(&arena, File { code: program, path: () }) else {
        return Done { error: compile_error, ..done };
    };
    let Ok(filter) = Compiler::default().with_funs(funs).compile(modules) else {
        return Done { error: compile_error, ..done };
    };
    let text = round_numbers(&String::from_utf8_lossy(bytes));
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let mut inputs = Vec::new();
    // The reader would say the same of the same place for ever.
    for value in read::parse_many(text.as_bytes()) {
        let bad = value.is_err();
        inputs.push(value.map_err(|error| error.to_string()));
        if bad {
            break;
        }
    }
    if options.has('n') {
        inputs = vec![Ok(Val::Null)];
    } else if options.has('s') {
        inputs = vec![inputs.into_iter().collect::<Result<Val, String>>()];
    }
    for input in inputs {
        let input = match input {
            Ok(input) => input,
            Err(error) => {
                done.error = Some((2, format!("error (at <stdin>:{lines}): {error}")));
                return done;
            }
        };
        let ctx = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
        for value in filter.id.run((ctx, input)).map(unwrap_valr) {
            match value {
                Ok(value) => print(&mut done.out, &value, options),
                Err(error) => {
                    let text = jq_words(&error.to_string());
                    done.error = Some((5, format!("error (at <stdin>:{lines}): {text}")));
                }
            }
        }
    }
    done
}

/// jaq's commonest errors in jq's words.
fn jq_words(text: &str) -> String {
    let kind = |value: &str| match value.chars().next() {
        Some('{') => "object",
        Some('[') => "array",
        Some('"') => "string",
        Some('t' | 'f') => "boolean",
        Some('n') => "null",
        _ => "number",
    };
    if let Some((value, key)) =
        text.strip_prefix("cannot index ").and_then(|rest| rest.rsplit_once(" with "))
    {
        let key = if key.starts_with('"') { format!("string {key}") } else { kind(key).into() };
        return format!("Cannot index {} with {key}", kind(value));
    }
    let unusable = text.strip_prefix("cannot use ");
    if let Some((value, _)) = unusable.and_then(|rest| rest.split_once(" as iterable")) {
        return format!("Cannot iterate over {} ({value})", kind(value));
    }
    text.to_string()
}

fn print(out: &mut String, value: &Val, options: &Options) {
    let raw = options.has('r') || options.has('j');
    match value {
        Val::TStr(text) if raw => out.push_str(&String::from_utf8_lossy(text)),
        value if options.has('c') => out.push_str(&value.to_string()),
        value => out.push_str(&indent(&value.to_string())),
    }
    if !options.has('j') {
        out.push('\n');
    }
}

/// Compact JSON in jq's layout of two blanks a level.
fn indent(compact: &str) -> String {
    let (mut out, mut level, mut quoted, mut escaped) = (String::new(), 0usize, false, false);
    let mut chars = compact.chars().peekable();
    while let Some(c) = chars.next() {
        if quoted {
            out.push(c);
            quoted = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
            continue;
        }
        let line = |out: &mut String, level: usize| {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', 2 * level));
        };
        match c {
            '[' | '{' => {
                out.push(c);
                if let Some(close) = chars.next_if(|next| "]}".contains(*next)) {
                    out.push(close);
                } else {
                    level += 1;
                    line(&mut out, level);
                }
            }
            ']' | '}' => {
                level = level.saturating_sub(1);
                line(&mut out, level);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, level);
            }
            ':' => out.push_str(": "),
            c => {
                quoted = c == '"';
                out.push(c);
            }
        }
    }
    out
}

/// Whole numbers beyond 2^53 become the 17 digits of their double and zeros.
fn round_numbers(text: &str) -> String {
    let (mut out, mut quoted, mut escaped) = (String::new(), false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if quoted || !c.is_ascii_digit() {
            quoted = if quoted { c != '"' || escaped } else { c == '"' };
            escaped = quoted && c == '\\' && !escaped;
            out.push(c);
            continue;
        }
        let mut number = String::from(c);
        while let Some(next) = chars.next_if(|c| c.is_ascii_digit() || ".eE+-".contains(*c)) {
            number.push(next);
        }
        let whole = number.bytes().all(|b| b.is_ascii_digit());
        match number.parse::<f64>() {
            Ok(value) if whole && value > 9_007_199_254_740_992.0 => {
                let digits = format!("{value:.16e}");
                let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "16"));
                let width = exponent.parse::<usize>().unwrap_or(16) + 1;
                out.push_str(&format!("{:0<width$}", mantissa.replace('.', "")));
            }
            _ => out.push_str(&number),
        }
    }
    out
}
