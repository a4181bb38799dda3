//! A step under way, of a drill or a lesson: what it saved as it began, what commands did since, and
//! how it stands. The console's instance holds the judge; nothing here is an input of any actor.

use std::collections::BTreeMap;

use cluster::{Answer, Ask};
use frame::{
    CommandResult, Judged, Look, Looked, Micros, RESULT_BYTES_MAX, RESULTS_MAX, Situation, Step,
    Value,
};

use crate::{InProcess, Lab};

pub(crate) struct StepState {
    step: Step,
    look: Look,
    began_us: Micros,
    /// None until the first judgement.
    saved: Option<Vec<(String, Value)>>,
    /// Lines that have not ended.
    lines: BTreeMap<u64, String>,
    /// The line that the next one continues.
    unfinished: Option<u64>,
    results: Vec<CommandResult>,
}

impl StepState {
    pub(crate) fn entered(&mut self, exec: u64, line: &str) {
        // Both numbers stand for the whole command: either may be the one that ends.
        let before = self.unfinished.take().and_then(|exec| Some((exec, self.lines.get(&exec)?)));
        let (first, whole) = match before {
            Some((first, before)) => (first, format!("{before}\n{line}")),
            None => (exec, line.to_string()),
        };
        self.lines.insert(first, whole.clone());
        self.lines.insert(exec, whole);
    }

    pub(crate) fn unfinished(&mut self, exec: u64) {
        self.unfinished = Some(exec);
    }

    pub(crate) fn ended(&mut self, exec: u64, code: i32, output: &str) {
        let Some(line) = self.lines.remove(&exec) else { return };
        if self.results.len() >= RESULTS_MAX {
            self.results.remove(0);
        }
        let cut = (0..=RESULT_BYTES_MAX.min(output.len())).rev();
        let cut = cut.into_iter().find(|at| output.is_char_boundary(*at)).unwrap_or(0);
        self.results.push(CommandResult { line, code, output: output[..cut].to_string() });
    }
}

impl Lab {
    /// A step begins now. The error says what in it cannot be read.
    pub fn begin_step(&mut self, step: Step) -> Result<(), String> {
        let look = match self.client().ask(Ask::Judge { step: step.clone(), situation: None }) {
            Answer::NeedLook(look) => look,
            Answer::Judged(Err(text)) => return Err(text),
            _ => return Err("the console has no judge".into()),
        };
        self.step = Some(StepState {
            step,
            look,
            began_us: self.now(),
            saved: None,
            lines: BTreeMap::new(),
            unfinished: None,
            results: Vec::new(),
        });
        Ok(())
    }

    /// What must be looked at for a judgement; none without a step.
    pub fn step_look(&self) -> Option<&Look> {
        self.step.as_ref().map(|step| &step.look)
    }

    /// How the step stands. The first judgement saves what the step wants saved.
    pub fn judge_step(&mut self, looked: Option<Looked>) -> Result<Judged, String> {
        let Some(state) = &self.step else { return Err("no step has begun".into()) };
        let mut situation = Situation {
            looked,
            epoch_us: crate::EPOCH_US,
            began_us: state.began_us,
            results: state.results.clone(),
            saved: state.saved.clone().unwrap_or_default(),
            ..self.world.situation()
        };
        let step = state.step.clone();
        if state.saved.is_none() {
            situation.saved = self.ask_judge(&step, situation.clone())?.saves;
            if let Some(state) = &mut self.step {
                state.saved = Some(situation.saved.clone());
            }
        }
        self.ask_judge(&step, situation)
    }

    fn ask_judge(&self, step: &Step, situation: Situation) -> Result<Judged, String> {
        let situation = Some(Box::new(situation));
        match self.client().ask(Ask::Judge { step: step.clone(), situation }) {
            Answer::Judged(judged) => judged,
            _ => Err("the console has no judge".into()),
        }
    }
}

impl InProcess {
    /// How the step stands now.
    pub fn judge(&mut self) -> Result<Judged, String> {
        let looked = self.lab().step_look().cloned().and_then(|look| self.look(&look));
        self.lab_mut().judge_step(looked)
    }
}
