//! The first record of a line of comma-separated values, as pflag reads a string slice with
//! encoding/csv.

/// Splits `text` at its commas; fields may be quoted. The error is encoding/csv's text.
pub(crate) fn first_record(text: &str) -> Result<Vec<String>, String> {
    let text = text.replace("\r\n", "\n");
    // Empty lines before the first record are skipped.
    let mut rest = text.trim_start_matches('\n');
    if rest.is_empty() {
        return Err("EOF".to_string());
    }
    let whole = rest;
    let fail = |rest: &str, why: &str| {
        let column = whole.len() - rest.len() + 1;
        Err(format!("parse error on line 1, column {column}: {why}"))
    };
    let mut fields = Vec::new();
    loop {
        let mut field = String::new();
        if let Some(after) = rest.strip_prefix('"') {
            rest = after;
            loop {
                let Some(at) = rest.find('"') else {
                    return fail("", "extraneous or missing \" in quoted-field");
                };
                field.push_str(&rest[..at]);
                let Some(after) = rest[at + 1..].strip_prefix('"') else {
                    let closed = &rest[at + 1..];
                    if !closed.is_empty() && !closed.starts_with([',', '\n']) {
                        return fail(&rest[at..], "extraneous or missing \" in quoted-field");
                    }
                    rest = closed;
                    break;
                };
                field.push('"');
                rest = after;
            }
        } else {
            let end = rest.find([',', '\n']).unwrap_or(rest.len());
            if let Some(at) = rest[..end].find('"') {
                return fail(&rest[at..], "bare \" in non-quoted-field");
            }
            field.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => return Ok(fields),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_split_as_in_go() {
        for (text, fields) in
            [("a,b", &["a", "b"][..]), ("\"a \"\"b\",c,", &["a \"b", "c", ""]), ("a\nb", &["a"])]
        {
            assert_eq!(first_record(text), Ok(fields.iter().map(|f| f.to_string()).collect()));
        }
        for (text, error) in [
            ("a\"b,c", "parse error on line 1, column 2: bare \" in non-quoted-field"),
            ("\"a\"b", "parse error on line 1, column 3: extraneous or missing \" in quoted-field"),
            ("\n", "EOF"),
        ] {
            assert_eq!(first_record(text), Err(error.to_string()));
        }
    }
}
