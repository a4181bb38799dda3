//! curl's options.

use crate::process::Process;

/// What the words ask for.
#[derive(Default)]
pub(super) struct Options {
    pub(super) urls: Vec<String>,
    pub(super) method: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) data: Option<Vec<u8>>,
    /// `-G`: the data is a query.
    pub(super) data_in_query: bool,
    pub(super) output: Option<String>,
    pub(super) remote_name: bool,
    pub(super) include: bool,
    pub(super) head: bool,
    pub(super) silent: bool,
    pub(super) show_error: bool,
    pub(super) fail: bool,
    pub(super) verbose: bool,
    pub(super) follow: bool,
    pub(super) write_out: Option<String>,
    pub(super) user: Option<String>,
    pub(super) limit_us: Option<u64>,
}

/// Long options, the letter that each means, and whether it takes a value. `~` is accepted and
/// changes nothing here.
const LONG: [(&str, char, bool); 44] = [
    ("request", 'X', true),
    ("data", 'd', true),
    ("data-ascii", 'd', true),
    ("data-raw", '1', true),
    ("data-binary", '2', true),
    ("data-urlencode", '3', true),
    ("json", '4', true),
    ("header", 'H', true),
    ("output", 'o', true),
    ("remote-name", 'O', false),
    ("include", 'i', false),
    ("head", 'I', false),
    ("silent", 's', false),
    ("show-error", 'S', false),
    ("fail", 'f', false),
    ("verbose", 'v', false),
    ("location", 'L', false),
    ("get", 'G', false),
    ("write-out", 'w', true),
    ("user", 'u', true),
    ("max-time", 'm', true),
    ("url", '5', true),
    ("user-agent", 'A', true),
    ("connect-timeout", '~', true),
    ("retry", '~', true),
    ("retry-delay", '~', true),
    ("max-redirs", '~', true),
    ("cacert", '~', true),
    ("cert", '~', true),
    ("key", '~', true),
    ("insecure", '~', false),
    ("no-buffer", '~', false),
    ("no-progress-meter", '~', false),
    ("progress-bar", '~', false),
    ("globoff", '~', false),
    ("compressed", '~', false),
    ("http1.1", '~', false),
    ("http1.0", '~', false),
    ("http2", '~', false),
    ("ipv4", '~', false),
    ("ipv6", '~', false),
    ("raw", '~', false),
    ("noproxy", '~', true),
    ("tcp-nodelay", '~', false),
];
/// Letters without a value, with one, and those that change nothing here.
const FLAGS: &str = "OiIsSfvLGkN#g46";
const VALUED: &str = "XdHowumAE";

impl Options {
    /// The error is what curl says, without its name.
    pub(super) async fn parse(process: &Process) -> Result<Options, String> {
        let mut options = Options::default();
        let mut words = process.operands().iter();
        while let Some(word) = words.next() {
            if let Some(name) = word.strip_prefix("--").filter(|name| !name.is_empty()) {
                let known = LONG.iter().find(|(known, ..)| *known == name);
                let Some((_, letter, valued)) = known else {
                    return Err(format!("option {word}: is unknown"));
                };
                let value = match valued {
                    true => words.next().ok_or_else(|| lacking(word))?,
                    false => "",
                };
                options.set(process, *letter, value).await?;
                continue;
            }
            let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
                options.urls.push(word.clone());
                continue;
            };
            for (at, letter) in letters.char_indices() {
                if FLAGS.contains(letter) {
                    options.set(process, letter, "").await?;
                } else if VALUED.contains(letter) {
                    let value = match &letters[at + 1..] {
                        "" => words.next().ok_or_else(|| lacking(word))?,
                        attached => attached,
                    };
                    options.set(process, letter, value).await?;
                    break;
                } else {
                    return Err(format!("option {word}: is unknown"));
                }
            }
        }
        Ok(options)
    }

    async fn set(&mut self, process: &Process, letter: char, value: &str) -> Result<(), String> {
        match letter {
            'X' => self.method = Some(value.to_string()),
            'd' | '2' => {
                let mut bytes = match value.strip_prefix('@') {
                    Some(name) => read(process, name).await?,
                    None => value.as_bytes().to_vec(),
                };
                if letter == 'd' && value.starts_with('@') {
                    bytes.retain(|b| !b"\r\n\0".contains(b));
                }
                self.add_data(&bytes);
            }
            '1' => self.add_data(value.as_bytes()),
            '3' => {
                let encoded = urlencoded(process, value).await?;
                self.add_data(encoded.as_bytes());
            }
            '4' => {
                self.add_data(value.as_bytes());
                for name in ["Content-Type", "Accept"] {
                    self.headers.push((name.to_string(), "application/json".to_string()));
                }
            }
            '5' => self.urls.push(value.to_string()),
            'H' => {
                if let Some((name, value)) = value.split_once(':') {
                    self.headers.push((name.trim().to_string(), value.trim().to_string()));
                }
            }
            'A' => self.headers.push(("User-Agent".to_string(), value.to_string())),
            'o' => self.output = Some(value.to_string()),
            'O' => self.remote_name = true,
            'i' => self.include = true,
            'I' => self.head = true,
            's' => self.silent = true,
            'S' => self.show_error = true,
            'f' => self.fail = true,
            'v' => self.verbose = true,
            'L' => self.follow = true,
            'G' => self.data_in_query = true,
            'w' => self.write_out = Some(value.to_string()),
            'u' => self.user = Some(value.to_string()),
            'm' => {
                let limit_us = crate::tools::duration_us(value);
                let bad = "option -m: expected a proper numerical parameter";
                self.limit_us = Some(limit_us.ok_or(bad)?);
            }
            _ => {}
        }
        Ok(())
    }

    fn add_data(&mut self, bytes: &[u8]) {
        match &mut self.data {
            Some(data) => {
                data.push(b'&');
                data.extend_from_slice(bytes);
            }
            None => self.data = Some(bytes.to_vec()),
        }
    }
}

fn lacking(word: &str) -> String {
    format!("option {word}: requires parameter")
}

async fn read(process: &Process, name: &str) -> Result<Vec<u8>, String> {
    match process.open(name) {
        Ok(mut reader) => Ok(reader.all().await),
        Err(_) => Err(format!("Failed to open {name}")),
    }
}

/// `text`, `=text`, `name=text`, `@file` or `name@file`.
async fn urlencoded(process: &Process, value: &str) -> Result<String, String> {
    let Some(at) = value.find(['=', '@']) else { return Ok(escape(value.as_bytes())) };
    let (name, rest) = (&value[..at], &value[at + 1..]);
    let bytes = match value.as_bytes()[at] {
        b'@' => read(process, rest).await?,
        _ => rest.as_bytes().to_vec(),
    };
    let equals = if name.is_empty() { "" } else { "=" };
    Ok(format!("{name}{equals}{}", escape(&bytes)))
}

fn escape(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(*byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
