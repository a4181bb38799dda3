//! What went wrong before any program ran: pasted prompts, typographic quotes, names that are not
//! there, and the shell's own syntax.

use etcdctl::outline::{self, Api};

use super::Rule;
use super::case::Case;
use super::near::nearest;
use crate::complete::names_of_commands;
use crate::scan::Simple;

pub(super) const RULES: &[Rule] = &[
    prompt,
    commented_prompt,
    typographic_quotes,
    typographic_dash,
    hard_space,
    unit_file,
    broken_line,
    pasted_output,
    command_of_etcdctl,
    tool_of_later_releases,
    misspelt,
    kubernetes,
    not_here,
    open_quote,
    placeholder,
    compare_as_command,
];

/// The name of a command of this line that bash did not find.
fn not_found<'a>(case: &Case<'a>) -> Option<&'a str> {
    let name = case.between("bash: ", ": command not found")?;
    let called =
        |simple: &Simple| simple.words.first().is_some_and(|word| word.as_deref() == Some(name));
    case.commands.iter().any(called).then_some(name)
}

/// `$ etcdctl get x`
fn prompt(case: &Case<'_>) -> Option<String> {
    let name = not_found(case)?;
    let is_prompt = name.ends_with(['$', '#', '➜', '%']) && case.first_word() == name;
    let rest = case.line.trim_start().strip_prefix(name)?.trim();
    let rest = rest.lines().next().unwrap_or_default();
    is_prompt.then(|| {
        format!("{name} is the prompt of the page that this comes from, not part of the command. Type only: {rest}")
    })
}

/// `# etcdctl get x`
fn commented_prompt(case: &Case<'_>) -> Option<String> {
    let rest = case.line.trim().strip_prefix("# ")?.trim_start();
    let name = rest.split_whitespace().next()?;
    let known = ["etcdctl", "etcd", "etcdutl"].contains(&name) || name.starts_with("ETCDCTL_");
    (known && !rest.contains('\n')).then(|| {
        format!("What follows # is a comment, so nothing ran. If # is a pasted prompt, type only: {rest}")
    })
}

const CURLY: &[char] = &['“', '”', '„', '‘', '’', '«', '»'];

/// Quotes of a word processor around words.
fn typographic_quotes(case: &Case<'_>) -> Option<String> {
    let is_curly = |word: &String| word.starts_with(CURLY) || word.ends_with(CURLY);
    let mut words = case.commands.iter().flat_map(|simple| simple.words.iter().flatten());
    let assigned = case.commands.iter().flat_map(|simple| &simple.assigns);
    let mut values = assigned.filter_map(|(_, value)| value.as_ref());
    let found = words.any(is_curly) || values.any(is_curly);
    // Inside straight quotes they are wanted.
    let inside =
        ["\"“", "'“", "\"„", "'„", "'«", "\"«", "\"‘"].iter().any(|pair| case.line.contains(pair));
    (found && !inside).then(|| {
        "The curly quotes in this line are ordinary letters to the shell. Type straight ones: ' or \"."
            .into()
    })
}

/// Dashes of a word processor before flags.
fn typographic_dash(case: &Case<'_>) -> Option<String> {
    let dashed = |word: &&String| {
        word.starts_with(['–', '—', '−']) && word.chars().any(|c| c.is_ascii_alphabetic())
    };
    let mut words = case.commands.iter().flat_map(|simple| simple.words.iter().flatten());
    let word = words.find(dashed)?;
    let name = word.trim_start_matches(['–', '—', '−', '-']);
    Some(format!("{word} begins with a long dash, which is no flag to any tool. Type --{name}"))
}

/// A space that does not separate.
fn hard_space(case: &Case<'_>) -> Option<String> {
    (case.code != 0 && case.line.contains('\u{a0}')).then(|| {
        "There is a non-breaking space in this line, which does not part words. Type an ordinary space in its place.".into()
    })
}

/// `ExecStart=/usr/local/bin/etcd --name ...`
fn unit_file(case: &Case<'_>) -> Option<String> {
    let assigned = case.commands.iter().flat_map(|simple| &simple.assigns);
    let mut settings = assigned.filter(|(name, _)| name.starts_with("ExecSta"));
    not_found(case).and(settings.next())?;
    Some("ExecStart= belongs into a systemd unit file. Here type the command itself: etcd --name ...".into())
}

/// `--prefix: command not found`
fn broken_line(case: &Case<'_>) -> Option<String> {
    let name = not_found(case)?;
    name.starts_with("--").then(|| {
        format!("{name} was taken for a command, because the line before it ended. A line that goes on needs a \\ as its very last character.")
    })
}

/// Output that was copied together with a command.
fn pasted_output(case: &Case<'_>) -> Option<String> {
    let name = not_found(case)?;
    let known = ["OK", "Error:", "NAME", "NAMESPACE", "cluster_id"].contains(&name);
    let shaped = name.starts_with(['{', '|', '+']) || name.ends_with(':') || name.ends_with(',');
    (known || shaped).then(|| {
        format!("{name} looks like output of a command. Paste only what stands behind the prompt.")
    })
}

/// `put a b` without the tool's name.
fn command_of_etcdctl(case: &Case<'_>) -> Option<String> {
    let name = not_found(case)?;
    let there = |api| {
        let place = outline::place(case.profile, api, &[]).unwrap_or_default();
        place.commands.iter().any(|command| command.name == name)
    };
    let rest = case.line.trim();
    let whole = case.commands.len() == 1 && case.first_word() == name;
    (whole && (there(Api::V3) || there(Api::V2)))
        .then(|| format!("{name} is a command of etcdctl. Type: etcdctl {rest}"))
}

fn tool_of_later_releases(case: &Case<'_>) -> Option<String> {
    let name = not_found(case).or_else(|| absent(case))?;
    (name == "etcdutl" && case.profile < proto::Profile::V3_5).then(|| {
        "etcdutl came with release 3.5. In this one etcdctl does its work, such as etcdctl snapshot restore.".into()
    })
}

fn misspelt(case: &Case<'_>) -> Option<String> {
    let name = not_found(case)?;
    let mut names: Vec<&str> = names_of_commands(case.profile).collect();
    names.extend(case.names.functions.iter().map(String::as_str));
    let near = nearest(name, names)?;
    Some(format!("There is no command {name}. Is it {near} that you mean?"))
}

fn absent<'a>(case: &Case<'a>) -> Option<&'a str> {
    let line = case.output.lines().find_map(|line| line.strip_suffix(": not in this lab"))?;
    (!line.contains(' ')).then_some(line)
}

fn kubernetes(case: &Case<'_>) -> Option<String> {
    let name = absent(case)?;
    if !["kubectl", "kubeadm", "kubelet", "crictl", "helm"].contains(&name) {
        return None;
    }
    let inner = case.line.find("etcdctl").filter(|at| *at > 0);
    Some(match inner {
        Some(_) => "This lab has etcd, but no Kubernetes around it. Leave out everything up to the etcdctl part and type that alone.".into(),
        None => "This lab has etcd, but no Kubernetes around it. What kubectl shows of a cluster lies in etcd below /registry; etcdctl get / --prefix --keys-only shows the keys that are there.".into(),
    })
}

/// What stands for programs that are missing.
fn not_here(case: &Case<'_>) -> Option<String> {
    let name = absent(case)?;
    let text = match name {
        "sudo" | "su" => "You are root here: leave it out.",
        "systemctl" | "service" => {
            "Members are not services here: lab start m1, lab stop m1, lab kill m1 and lab status do that."
        }
        "journalctl" => "What a member logs is in the event log below the picture.",
        "wget" | "tar" | "apt" | "apt-get" | "yum" | "git" => {
            "Nothing is installed in this lab: etcd and etcdctl are there already."
        }
        "docker" | "podman" | "ctr" => {
            "There are no containers here: etcd and etcdctl are programs of this very host."
        }
        "curl" => {
            "The members' HTTP API is not here; etcdctl endpoint health and endpoint status ask them."
        }
        _ => return None,
    };
    Some(text.into())
}

fn open_quote(case: &Case<'_>) -> Option<String> {
    let quote = case.between("unexpected EOF while looking for matching `", "'")?;
    Some(match quote {
        ")" | "}" | "`" => format!("There is an opening bracket whose {quote} is missing."),
        "" => "A ' is opened and not closed. An apostrophe inside a text needs double quotes around it.".into(),
        _ => format!("A {quote} is opened and not closed."),
    })
}

/// `etcdctl get <key>`
fn placeholder(case: &Case<'_>) -> Option<String> {
    let failed =
        case.says("syntax error near unexpected token") || case.says(": No such file or directory");
    let (_, rest) = case.line.split_once('<')?;
    let (name, _) = rest.split_once('>')?;
    let word = |c: char| c.is_ascii_alphanumeric() || "_- ".contains(c);
    let is_name = !name.is_empty() && name.len() <= 30 && name.chars().all(word);
    (failed && case.code != 0 && is_name && !name.starts_with(' ')).then(|| {
        format!("<{name}> stands for something of your own, without the < and >. To the shell these signs mean files.")
    })
}

/// `mod("key") > "0"` at the prompt.
fn compare_as_command(case: &Case<'_>) -> Option<String> {
    let first = case.line.trim_start();
    let targets = ["mod(", "value(", "version(", "create(", "ver(", "val(", "lease("];
    let compares = targets.iter().any(|target| first.starts_with(target));
    (compares && case.says("syntax error")).then(|| {
        "A compare is input of a transaction, not a command. Type etcdctl txn -i first; then it asks for compares.".into()
    })
}
