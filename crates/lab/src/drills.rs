//! Runs drills in sessions of their own: the proof that each can be done, and cannot be passed by
//! accident or by a wrong way.

use frame::{Drill, DrillAsk, Judged, SessionOptions};

use cluster::{Answer, Ask};

use crate::{InProcess, Lab, Micros};

/// A line that runs longer than this in virtual time is given up.
const LINE_US_MAX: Micros = 120_000_000;

/// What a check of a drill is made of.
pub struct DrillCase {
    pub drill: Drill,
    /// Where it can be done.
    pub profiles: &'static [&'static str],
    /// Console lines that do not do it, and a part of the reason that must be given.
    pub wrong: Vec<(String, String)>,
}

impl DrillCase {
    /// Every pattern that there is, with the values of a seed.
    pub fn all(seed: u64) -> impl Iterator<Item = DrillCase> {
        ::drills::patterns().map(move |pattern| DrillCase {
            drill: pattern.drill(seed),
            profiles: pattern.profiles,
            wrong: pattern.wrong_ways(seed),
        })
    }
}

/// A session as a drill wants it, run to where the learner begins. The error says what failed.
pub fn begin_drill(drill: &Drill, profile: &str) -> Result<(InProcess, Judged), String> {
    let options = SessionOptions {
        seed: drill.seed,
        profile: profile.into(),
        v2: drill.v2,
        quota_backend_bytes: drill.quota_backend_bytes,
        ..SessionOptions::default()
    };
    let mut session = InProcess::new(Lab::new(options)?);
    session.run_to_first_leader(60_000_000)?;
    run(&mut session, &drill.setup)?;
    session.lab_mut().begin_step(drill.step.clone())?;
    let judged = session.judge()?;
    Ok((session, judged))
}

/// Runs lines as a person enters them: each when the one before has ended, unless it is unfinished.
fn run(session: &mut InProcess, lines: &str) -> Result<(), String> {
    let until = session.lab().now() + LINE_US_MAX;
    session.exec(lines, until).ok_or_else(|| format!("does not end: {lines}"))?;
    // What a background program still does.
    session.run_until(session.lab().now() + 100_000);
    Ok(())
}

/// The start must fail, the solution pass, each wrong way fail for its reason. The error is one line.
pub fn check_drill(case: &DrillCase, profile: &str) -> Result<(), String> {
    let drill = &case.drill;
    let (mut session, judged) = begin_drill(drill, profile)?;
    if judged.passes() {
        return Err("it passes before anything is done".into());
    }
    run(&mut session, &drill.solution)?;
    let judged = session.judge()?;
    if !judged.passes() {
        return Err(format!("its solution does not pass: {}", reasons(&judged)));
    }
    if case.wrong.is_empty() {
        return Err("it has no wrong way".into());
    }
    for (way, reason) in &case.wrong {
        let (mut session, _) = begin_drill(drill, profile)?;
        run(&mut session, way)?;
        let judged = session.judge()?;
        if judged.passes() {
            return Err(format!("a wrong way passes: {way}"));
        }
        if !reasons(&judged).contains(reason.as_str()) {
            let got = reasons(&judged);
            return Err(format!("a wrong way fails otherwise: {way}: {got:?} without {reason:?}"));
        }
    }
    Ok(())
}

/// Why the goals are not met, one after the other.
fn reasons(judged: &Judged) -> String {
    let open = judged.goals.iter().filter(|goal| !goal.met);
    let reasons: Vec<&str> = open.map(|goal| goal.reason.as_str()).collect();
    reasons.join("; ")
}

impl Lab {
    /// A drill, or what to repeat, as the page gets it.
    pub fn drill(&self, ask: DrillAsk) -> Result<frame::DrillReply, String> {
        match self.client().ask(Ask::Drill(ask)) {
            Answer::Drill(reply) => reply.map(|reply| *reply),
            _ => Err("the console has no drills".into()),
        }
    }
}
