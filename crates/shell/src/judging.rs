//! The judge's questions to this host: its files and its shell's variables, beside its turns.

use std::collections::BTreeMap;

use bolt::Db;
use cluster::Answer;
use frame::{DrillAsk, Situation, Step};
use judge::{FileKind, Files, Judge};

use crate::fs::{Node, normal};
use crate::sys::Sys;

/// Answers how a step stands, or says what must be looked at first.
pub(crate) fn judge(
    sys: &Sys,
    env: &BTreeMap<String, String>,
    step: &Step,
    situation: Option<&Situation>,
) -> Answer {
    match (Judge::new(step), situation) {
        (Err(text), _) => Answer::Judged(Err(text)),
        (Ok(judge), None) => Answer::NeedLook(judge.look()),
        (Ok(judge), Some(situation)) => {
            Answer::Judged(Ok(judge.judge(situation, &HostFiles { sys, env })))
        }
    }
}

/// A drill, or what to repeat.
pub(crate) fn drill(ask: &DrillAsk) -> Answer {
    Answer::Drill(drills::answer(ask).map(Box::new))
}

struct HostFiles<'h> {
    sys: &'h Sys,
    env: &'h BTreeMap<String, String>,
}

impl Files for HostFiles<'_> {
    fn kind(&self, path: &str) -> Option<FileKind> {
        match self.sys.fs().node(&normal("/root", path)).ok()? {
            Node::Directory => Some(FileKind::Directory),
            Node::File(_) | Node::Device(_) => Some(FileKind::File),
        }
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.sys.fs().read(&normal("/root", path)).ok()
    }

    fn snapshot_revision(&self, path: &str) -> Option<i64> {
        let file = self.read(path)?;
        let status = Db::open(file.into()).ok()?.snapshot_status().ok()?;
        Some(status.revision)
    }

    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }
}
