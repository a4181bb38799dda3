//! What the page knows, and how it changes: one pure reducer, no DOM.

use crate::cheats::Cheats;
use crate::console::{Console, spoken};
use crate::line::History;
use crate::params::Params;
use crate::settings::Settings;
use crate::tape::Tape;
use frame::{After, Completion, Frame, FromLab, HostView, Measurement, Speed};
use std::rc::Rc;

/// Everything that components read. Cloning is cheap: the parts are shared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) params: Rc<Params>,
    pub(crate) frame: Rc<Frame>,
    /// What is drawn: the frame, or with reduced motion the last step of it.
    pub(crate) shown: Rc<Frame>,
    pub(crate) reduced_motion: bool,
    /// False until the first frame.
    pub(crate) started: bool,
    /// The cluster runs.
    pub(crate) ready: bool,
    pub(crate) console: Rc<Console>,
    pub(crate) history: Rc<History>,
    /// Lines that may turn out to be some command's input, such as a password.
    unsure: Vec<(u64, String)>,
    pub(crate) settings: Settings,
    /// The newest answer to a Tab, with its call.
    pub(crate) completed: Option<Rc<(u64, Completion)>>,
    /// What was last put into the console's line from elsewhere, with a number of its own.
    pub(crate) insert: Option<Rc<(u64, String)>>,
    /// Files that programs have opened in the editor; the first one is shown.
    pub(crate) edits: Rc<Vec<Editing>>,
    pub(crate) cheats: Rc<Cheats>,
    pub(crate) tape: Rc<Tape>,
    pub(crate) selected: Option<String>,
    pub(crate) pane: Pane,
    pub(crate) keepalives: bool,
    pub(crate) dialog: Dialog,
    pub(crate) measure: Measure,
    /// Complaints and failures, as a banner; each can be dismissed unless it is the end.
    pub(crate) notices: Rc<Vec<String>>,
    pub(crate) fatal: Option<String>,
    /// For the live region of the picture.
    pub(crate) news: String,
    /// For the live region of the console.
    pub(crate) said: String,
    /// Size of the picture's pane in pixels.
    pub(crate) size: (f64, f64),
}

/// What a small screen shows; a large one shows all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pane {
    #[default]
    Cluster,
    Console,
    Members,
    Log,
}

impl Pane {
    pub(crate) const ALL: [Pane; 4] = [Pane::Cluster, Pane::Console, Pane::Members, Pane::Log];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Pane::Cluster => "cluster",
            Pane::Console => "console",
            Pane::Members => "members",
            Pane::Log => "log",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Pane::Cluster => "Cluster",
            Pane::Console => "Console",
            Pane::Members => "Members",
            Pane::Log => "Events",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Dialog {
    #[default]
    None,
    Honest,
    Help,
    Cheats,
}

/// A file in the editor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Editing {
    pub(crate) edit: u64,
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The measurement in the honest panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Measure {
    #[default]
    Idle,
    Running,
    Done(Measurement),
    Failed(String),
}

/// What can change the state.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    FromLab(FromLab),
    /// A line went to the conductor.
    Sent {
        call: u64,
        host: String,
        line: String,
    },
    /// A click's action went to the conductor.
    Echoed {
        call: u64,
        line: String,
    },
    Interrupted {
        typed: String,
    },
    /// What earlier visits left.
    Remembered(Settings, History),
    Settings(Settings),
    /// Puts a text into the console's line.
    Insert(String),
    /// The editor of that number was closed.
    Edited(u64),
    Cheats(Cheats),
    /// For the live region of the console.
    Say(String),
    ClearConsole,
    Select(Option<String>),
    Show(Pane),
    Keepalives(bool),
    Open(Dialog),
    Measure(Measure),
    Dismiss(usize),
    Fatal(String),
    Sized(f64, f64),
    ReducedMotion(bool),
}

/// The host whose console the page shows.
pub(crate) const HOST: &str = "client";

impl State {
    pub(crate) fn new(params: Params) -> State {
        let frame = Rc::new(Frame {
            seed: params.options.seed,
            profile: params.options.profile.clone(),
            ..scene::placeholder(params.options.members)
        });
        State {
            shown: Rc::clone(&frame),
            frame,
            reduced_motion: false,
            notices: Rc::new(params.complaints.clone()),
            params: Rc::new(params),
            started: false,
            ready: false,
            console: Rc::default(),
            history: Rc::default(),
            unsure: Vec::new(),
            settings: Settings::default(),
            completed: None,
            insert: None,
            edits: Rc::default(),
            cheats: Rc::default(),
            tape: Rc::default(),
            selected: None,
            pane: Pane::default(),
            keepalives: false,
            dialog: Dialog::None,
            measure: Measure::Idle,
            fatal: None,
            news: String::new(),
            said: String::new(),
            size: (800.0, 430.0),
        }
    }

    /// The one way in which the state changes.
    pub(crate) fn reduce(&mut self, event: Event) {
        match event {
            Event::FromLab(message) => self.hear(message),
            Event::Sent { call, host, line } => {
                let prompt = self.prompt(&host);
                self.remember(call, &line);
                Rc::make_mut(&mut self.console).open(call, prompt, line);
            }
            Event::Echoed { call, line } => {
                let prompt = self.prompt(HOST);
                Rc::make_mut(&mut self.console).echo(call, prompt, line);
            }
            Event::Interrupted { typed } => {
                let prompt = self.line_prompt(HOST);
                Rc::make_mut(&mut self.console).interrupted(prompt, &typed);
            }
            Event::Remembered(settings, history) => {
                self.settings = settings;
                self.history = Rc::new(history);
            }
            Event::Settings(settings) => self.settings = settings,
            Event::Insert(text) => {
                let number = self.insert.as_ref().map_or(1, |last| last.0 + 1);
                self.insert = Some(Rc::new((number, text)));
                self.dialog = Dialog::None;
                self.pane = Pane::Console;
            }
            Event::Edited(edit) => Rc::make_mut(&mut self.edits).retain(|e| e.edit != edit),
            Event::Cheats(cheats) => self.cheats = Rc::new(cheats),
            Event::Say(text) => self.said = text,
            Event::ClearConsole => Rc::make_mut(&mut self.console).clear(),
            Event::Select(name) => self.selected = name,
            Event::Show(pane) => self.pane = pane,
            Event::Keepalives(on) => self.keepalives = on,
            Event::Open(dialog) => self.dialog = dialog,
            Event::Measure(measure) => self.measure = measure,
            Event::Dismiss(index) if index < self.notices.len() => {
                Rc::make_mut(&mut self.notices).remove(index);
            }
            Event::Dismiss(_) => {}
            Event::Fatal(text) => self.fatal = Some(text),
            Event::Sized(width, height) => self.size = (width, height),
            Event::ReducedMotion(on) => self.reduced_motion = on,
        }
    }

    fn hear(&mut self, message: FromLab) {
        match message {
            FromLab::Ready => self.ready = true,
            FromLab::Frame(frame) => self.take(*frame),
            FromLab::Acted { call, result } => {
                let (text, code) = match result {
                    Ok(text) => (text, 0),
                    Err(text) => (format!("lab: {text}"), 1),
                };
                let console = Rc::make_mut(&mut self.console);
                if !text.is_empty() {
                    console.output(call, &format!("{}\n", text.trim_end()));
                }
                self.end(call, code, None);
            }
            FromLab::Output { call, text, .. } => {
                Rc::make_mut(&mut self.console).output(call, &text);
            }
            FromLab::Done { call, code, after, .. } => self.end(call, code, Some(after)),
            FromLab::Fatal(text) => self.fatal = Some(text),
            FromLab::Unfinished { call } => {
                Rc::make_mut(&mut self.console).unfinished(call);
                self.sure(call);
            }
            FromLab::Taken { call, by } => {
                Rc::make_mut(&mut self.console).taken(call, by);
                self.unsure.retain(|(of, _)| *of != call);
            }
            FromLab::Edit { edit, path, text, .. } => {
                Rc::make_mut(&mut self.edits).push(Editing { edit, path, text });
            }
            FromLab::Hint { call, text } => Rc::make_mut(&mut self.console).hint(call, &text),
            FromLab::Completed { call, completion } => {
                self.completed = Some(Rc::new((call, completion)));
            }
            // Answers to the page API alone.
            FromLab::TraceHash { .. }
            | FromLab::Measured { .. }
            | FromLab::Workers { .. }
            | FromLab::Looked { .. }
            | FromLab::Judged { .. }
            | FromLab::Drill { .. } => {}
        }
    }

    fn end(&mut self, call: u64, code: i32, after: Option<After>) {
        let console = Rc::make_mut(&mut self.console);
        console.done(call, code, after);
        if let Some(block) = console.block(call) {
            self.said = spoken(block);
            if self.settings.teacher && !block.hints.is_empty() {
                self.said = format!("{} Teacher: {}", self.said, block.hints.join(" "));
            }
        }
        self.sure(call);
    }

    /// A line belongs to the history once it is known to be no input of the command that runs.
    fn remember(&mut self, call: u64, line: &str) {
        if self.console.running() == 0 || self.console.is_continuing() {
            Rc::make_mut(&mut self.history).push(line);
        } else {
            self.unsure.push((call, line.to_owned()));
        }
    }

    fn sure(&mut self, call: u64) {
        if let Some(at) = self.unsure.iter().position(|(of, _)| *of == call) {
            let (_, line) = self.unsure.remove(at);
            Rc::make_mut(&mut self.history).push(&line);
        }
    }

    /// Tab completes: it is neither switched off nor forbidden by the address.
    pub(crate) fn completes(&self) -> bool {
        self.settings.completion && self.params.completion
    }

    /// A dialog is open, and owns the keys.
    pub(crate) fn is_modal(&self) -> bool {
        self.dialog != Dialog::None || !self.edits.is_empty()
    }

    fn take(&mut self, frame: Frame) {
        let news = if self.started {
            scene::words::news(&self.frame, &frame)
        } else {
            vec!["The cluster runs.".into()]
        };
        let step = !news.is_empty() || self.is_step(&frame);
        if !news.is_empty() {
            self.news = news.join(" ");
        }
        let mut tape = (*self.tape).clone();
        if tape.take(&frame) {
            self.tape = Rc::new(tape);
        }
        if !frame.members.iter().any(|m| Some(&m.name) == self.selected.as_ref()) {
            self.selected = None;
        }
        self.frame = Rc::new(frame);
        self.started = true;
        if step {
            self.shown = Rc::clone(&self.frame);
        }
    }

    /// With reduced motion the picture changes twice in a second, at a hold, and with news.
    fn is_step(&self, frame: &Frame) -> bool {
        let passed_us = frame.time_us.abs_diff(self.shown.time_us);
        !self.reduced_motion || frame.held || passed_us >= frame.rate_us / 2
    }

    /// The prompt of the line that is being typed: `> ` where it continues one.
    pub(crate) fn line_prompt(&self, host: &str) -> String {
        if self.console.is_continuing() { "> ".into() } else { self.prompt(host) }
    }

    /// `client:~$ `, as a shell prints it.
    pub(crate) fn prompt(&self, host: &str) -> String {
        let view: Option<&HostView> = self.frame.hosts.iter().find(|h| h.name == host);
        let cwd = view.map(|h| h.cwd.as_str()).filter(|c| !c.is_empty()).unwrap_or("~");
        let cwd = match cwd.strip_prefix("/root") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
            _ => cwd.to_string(),
        };
        format!("{host}:{cwd}$ ")
    }
}

/// Which of the offered speeds is the present one.
pub(crate) const SPEEDS: [(&str, Speed); 6] = [
    ("1/100", Speed::Ppm(10_000)),
    ("1/20", Speed::Ppm(50_000)),
    ("1", Speed::Ppm(1_000_000)),
    ("5", Speed::Ppm(5_000_000)),
    ("max", Speed::Max),
    ("auto", Speed::Auto),
];

#[cfg(test)]
mod tests {
    use super::*;
    use frame::{After, MemberView, Role, Status};

    fn state() -> State {
        State::new(crate::params::parse("?members=3"))
    }

    fn frame(leader: &str, held: bool) -> FromLab {
        let members = ["m1", "m2", "m3"].map(|name| MemberView {
            name: name.into(),
            status: Status::Running,
            role: if name == leader { Role::Leader } else { Role::Follower },
            term: 2,
            ..MemberView::default()
        });
        FromLab::Frame(Box::new(Frame { members: members.into(), held, ..Frame::default() }))
    }

    #[test]
    fn a_command_shows_its_output_and_its_status() {
        let mut state = state();
        let sent = Event::Sent { call: 7, host: HOST.into(), line: "etcdctl get".into() };
        state.reduce(sent);
        let output = FromLab::Output { call: 7, stderr: true, text: "Error: ...\n".into() };
        state.reduce(Event::FromLab(output));
        state.reduce(Event::FromLab(FromLab::Done {
            call: 7,
            code: 128,
            output: String::new(),
            after: After::default(),
        }));
        let block = &state.console.blocks[0];
        assert_eq!(block.prompt, "client:~$ ");
        assert_eq!((block.output.text().as_str(), block.code), ("Error: ...\n", Some(128)));
        assert_eq!(state.said, "Error: ...\n exit 128");
    }

    fn send(state: &mut State, call: u64, line: &str) {
        state.reduce(Event::Sent { call, host: HOST.into(), line: line.into() });
    }

    fn done(call: u64) -> Event {
        let after = After { took_us: 14_000, leader: "m1".into(), ..After::default() };
        Event::FromLab(FromLab::Done { call, code: 0, output: String::new(), after })
    }

    #[test]
    fn an_unfinished_line_changes_the_prompt_until_the_next() {
        let mut state = state();
        send(&mut state, 1, "echo 'one");
        assert_eq!(state.line_prompt(HOST), "client:~$ ");
        state.reduce(Event::FromLab(FromLab::Unfinished { call: 1 }));
        assert_eq!(state.line_prompt(HOST), "> ");
        send(&mut state, 2, "two'");
        assert_eq!(state.line_prompt(HOST), "client:~$ ");
        state.reduce(done(2));
        let block = &state.console.blocks[0];
        assert_eq!(block.after.as_ref().map(|a| a.leader.as_str()), Some("m1"));
        assert_eq!(
            (state.history.back(2), state.history.back(1)),
            (Some("echo 'one"), Some("two'"))
        );
    }

    #[test]
    fn what_a_command_reads_is_no_line_of_the_history() {
        let mut state = state();
        send(&mut state, 1, "etcdctl user add root");
        send(&mut state, 2, "secret");
        send(&mut state, 3, "echo next");
        state.reduce(Event::FromLab(FromLab::Taken { call: 2, by: 1 }));
        state.reduce(done(1));
        state.reduce(done(3));
        let history = [state.history.back(2), state.history.back(1)];
        assert_eq!(history, [Some("etcdctl user add root"), Some("echo next")]);
        assert_eq!(state.history.len(), 2);
    }

    #[test]
    fn editors_open_one_after_the_other() {
        let mut state = state();
        for edit in [4, 5] {
            let (path, text) = (format!("/root/{edit}"), "text".to_string());
            state.reduce(Event::FromLab(FromLab::Edit { call: 1, edit, path, text }));
        }
        assert!(state.is_modal());
        state.reduce(Event::Edited(4));
        assert_eq!(state.edits.iter().map(|e| e.edit).collect::<Vec<_>>(), [5]);
        state.reduce(Event::Edited(5));
        assert!(!state.is_modal());
    }

    #[test]
    fn the_teacher_is_heard_only_where_he_is_wanted() {
        for (teacher, heard) in [(true, true), (false, false)] {
            let mut state = state();
            state.reduce(Event::Settings(Settings { teacher, ..Settings::default() }));
            send(&mut state, 1, "etcdctl gte a");
            let text = "Did you mean get?".to_string();
            state.reduce(Event::FromLab(FromLab::Hint { call: 1, text }));
            state.reduce(done(1));
            assert_eq!(state.said.contains("Teacher: Did you mean"), heard, "{}", state.said);
            assert_eq!(state.console.blocks[0].hints, ["Did you mean get?"]);
        }
    }

    #[test]
    fn the_address_forbids_completion_whatever_is_remembered() {
        for (search, remembered, on) in
            [("", true, true), ("", false, false), ("?completion=0", true, false)]
        {
            let mut state = State::new(crate::params::parse(search));
            let settings = Settings { completion: remembered, ..Settings::default() };
            state.reduce(Event::Remembered(settings, History::default()));
            assert_eq!(state.completes(), on, "{search} {remembered}");
        }
    }

    #[test]
    fn a_refused_act_fails_in_words() {
        let mut state = state();
        state.reduce(Event::Echoed { call: 1, line: "lab wipe m1".into() });
        let refused = FromLab::Acted { call: 1, result: Err("m1 is running".into()) };
        state.reduce(Event::FromLab(refused));
        let block = &state.console.blocks[0];
        assert_eq!((block.output.text().as_str(), block.code), ("lab: m1 is running\n", Some(1)));
    }

    #[test]
    fn a_new_leader_is_announced_once() {
        let mut state = state();
        state.reduce(Event::FromLab(frame("m1", false)));
        assert_eq!(state.news, "The cluster runs.");
        state.reduce(Event::FromLab(frame("m2", false)));
        assert!(state.news.contains("m2 leads in term 2"), "{}", state.news);
        let news = std::mem::take(&mut state.news);
        state.reduce(Event::FromLab(frame("m2", false)));
        assert_eq!(state.news, "", "{news}");
    }

    #[test]
    fn with_reduced_motion_the_picture_moves_in_steps_and_never_hides_news() {
        let mut state = state();
        state.reduce(Event::ReducedMotion(true));
        let at = |time_us: u64, leader: &str| match frame(leader, false) {
            FromLab::Frame(frame) => {
                let frame = Frame { time_us, rate_us: 1_000_000, ..*frame };
                Event::FromLab(FromLab::Frame(Box::new(frame)))
            }
            other => panic!("no frame: {other:?}"),
        };
        for (time_us, leader, shown_us) in [
            (1_000_000, "m1", 1_000_000),
            (1_100_000, "m1", 1_000_000),
            (1_200_000, "m2", 1_200_000),
            (1_600_000, "m2", 1_200_000),
            (1_700_000, "m2", 1_700_000),
        ] {
            state.reduce(at(time_us, leader));
            assert_eq!(state.frame.time_us, time_us);
            assert_eq!(state.shown.time_us, shown_us, "at {time_us}");
        }
    }

    #[test]
    fn a_selection_ends_with_its_member() {
        let mut state = state();
        state.reduce(Event::FromLab(frame("m1", false)));
        state.reduce(Event::Select(Some("m3".into())));
        state.reduce(Event::FromLab(frame("m1", false)));
        assert_eq!(state.selected.as_deref(), Some("m3"));
        state.reduce(Event::FromLab(FromLab::Frame(Box::default())));
        assert_eq!(state.selected, None);
    }
}
