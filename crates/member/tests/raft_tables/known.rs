//! Every case in which raft-rs is not etcd's raft, with the reason.
//!
//! A case that differs and is not here fails the test, and so does a case that is here and agrees.

/// One case, named by its file and the line of its directive.
pub(crate) struct Known {
    pub(crate) file: &'static str,
    pub(crate) line: usize,
    pub(crate) reason: &'static str,
}

const fn known(file: &'static str, line: usize, reason: &'static str) -> Known {
    Known { file, line, reason }
}

const NO_UPDATE: &str =
    "cannot express: raft-rs has no ConfChangeUpdateNode, and etcd's number for it means learner";

pub(crate) const QUORUM: &[Known] = &[];

pub(crate) const CONFCHANGE: &[Known] =
    &[known("confchange/update.txt", 11, NO_UPDATE), known("confchange/update.txt", 18, NO_UPDATE)];

/// Files of which raft-rs can run nothing, with the reason.
const WHOLE_FILES: &[(&str, &str)] = &[
    ("interaction/async_storage_writes", "raft-rs has no messages to append and apply threads"),
    ("interaction/confchange_disable_validation", "raft-rs always validates"),
    ("interaction/confchange_v1_remove_leader_stepdown", "raft-rs has no step down on removal"),
    ("interaction/confchange_v2_replace_leader_stepdown", "raft-rs has no step down on removal"),
    ("interaction/forget_leader", "raft-rs has no MsgForgetLeader"),
];

pub(crate) fn cannot_express(file: &str) -> Option<&'static str> {
    WHOLE_FILES.iter().find(|(start, _)| file.starts_with(start)).map(|(_, reason)| *reason)
}

pub(crate) const INTERACTION: &[Known] = &[];
