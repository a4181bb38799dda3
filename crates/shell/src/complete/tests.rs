//! Whatever stands in the line: completion answers, and adds to the word that was begun.

use cluster::Answer;
use frame::{KnownMember, LeaseView, Look, Looked, NodeView, PairView, PairsView};
use proptest::prelude::*;
use proto::Profile;

use super::{State, complete};
use crate::fs::Fs;
use crate::names::Names;
use crate::scan::scan;

/// Words and pieces of words that mean something.
const PIECES: &[&str] = &[
    "etcdctl",
    "get",
    "put",
    "del",
    "watch",
    "member",
    "remove",
    "lease",
    "revoke",
    "user",
    "role",
    "grant-permission",
    "--endpoints=",
    "--prefix",
    "--pre",
    "-w",
    "--lease",
    "json",
    "/",
    "a",
    "it's",
    "ETCDCTL_API=2",
    "ETCDCTL_API=",
    "export",
    "cat",
    "cd",
    "etc",
    "lab",
    "disk",
    "m",
    "etcd",
    "ls",
    "--data-dir=",
    "$",
    "${",
    "$HO",
    "'",
    "\"",
    "\\",
    "~/",
    "(",
    ")",
    "$(",
    "`",
    "|",
    ";",
    "&&",
    ">",
    "<",
    "<<E",
    "\n",
    "#",
    "é",
    "=",
    ",",
    "for",
    "in",
    "do",
    "timeout",
    "5",
    "-",
    "--",
    "$((",
    "*",
];

fn looked(look: &Look) -> Looked {
    let key = |key: &[u8]| PairView { key: key.to_vec(), ..PairView::default() };
    let all: [&[u8]; 7] =
        [b"a key", b"it's", b"/a/b", b"/a/$x", "é".as_bytes(), b"\xff\xfe", b"a\nb"];
    let within = |range: &frame::LookRange| PairsView {
        pairs: all.iter().filter(|k| k.starts_with(&range.key)).map(|k| key(k)).collect(),
        count: 7,
    };
    let node = |key: &str, value: Option<&str>| NodeView {
        key: key.into(),
        value: value.map(String::from),
        ..NodeView::default()
    };
    Looked {
        ranges: look.ranges.iter().map(within).collect(),
        leases: vec![LeaseView { id: 0x1234, ..LeaseView::default() }],
        v2: vec![node("/d", None), node("/d/k", Some("v"))],
        members: vec![KnownMember {
            id: 0xabc,
            name: "m1".into(),
            client_urls: vec!["http://127.0.0.1:2379".into()],
            ..KnownMember::default()
        }],
        ..Looked::default()
    }
}

fn check(line: &str, cursor: u32, profile: Profile) {
    let mut fs = Fs::new();
    for path in ["/root/a b", "/root/it's", "/root/é", "/root/-x", "/root/a.txt"] {
        fs.write(path, b"x", 0).expect("room");
    }
    fs.make_dirs("/root/dir/sub").expect("room");
    let names = Names::for_tests("/root", &[("HOME", "/root"), ("X", "a b")]);
    let state = State { profile, names: &names, fs: &fs, looked: None };
    let mut answer = complete(line, cursor, &state);
    if let Answer::Need(look) = &answer {
        let looked = looked(look);
        answer = complete(line, cursor, &State { looked: Some(&looked), ..state });
    }
    let Answer::Completion(completion) = answer else { panic!("asked twice: {line:?}") };
    assert!(completion.candidates.len() <= 200);
    let mut end = line.len().min(cursor as usize);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let start = completion.start as usize;
    assert!(start <= end && line.is_char_boundary(start));
    let lookup = |name: &str| names.value(name);
    let before = scan(&line[..end], &lookup);
    for candidate in &completion.candidates {
        let text = format!("{}{}", &line[..start], candidate.text);
        let after = scan(&text, &lookup);
        let whole = candidate.text.ends_with(' ');
        let (mut words, mut others) = (after.last.words.clone(), before.last.words.clone());
        if !whole {
            words.push(after.word.value.clone());
        }
        // A redirection's target and an assignment are no words.
        others.truncate(words.len());
        assert_eq!(words[..others.len()], others[..], "{line:?} became {text:?}");
        assert_eq!(after.commands, before.commands, "{line:?} became {text:?}");
        let is_word = words.len() > others.len() && before.last.words.len() == others.len();
        if let (true, Some(begun)) = (is_word, before.word.value.as_ref()) {
            let grown = words[others.len()].as_ref().is_none_or(|word| word.starts_with(begun));
            let is_name = matches!(before.place, crate::scan::Place::Name { .. });
            assert!(grown || is_name, "{line:?} became {text:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn any_line_and_any_cursor_get_an_answer(line in "\\PC{0,40}", cursor in 0u32..60) {
        check(&line, cursor, Profile::V3_4);
    }

    #[test]
    fn what_was_typed_stays(
        pieces in prop::collection::vec((prop::sample::select(PIECES), any::<bool>()), 0..12),
        cut in 0u32..8,
        later in any::<bool>(),
    ) {
        let piece = |(piece, space): &(&str, bool)| format!("{piece}{}", if *space { " " } else { "" });
        let line: String = pieces.iter().map(piece).collect();
        let profile = if later { Profile::V3_5 } else { Profile::V3_4 };
        check(&line, line.len() as u32, profile);
        check(&line, (line.len() as u32).saturating_sub(cut), profile);
    }
}

#[test]
fn long_lines_are_read_once() {
    for piece in ["$(", "'", "\"", "`", "${a", "a ", "$((", "<<E\n", "\\", "(", ")"] {
        check(&piece.repeat(20_000), u32::MAX, Profile::V3_4);
    }
}
