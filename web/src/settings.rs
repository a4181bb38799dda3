//! What is remembered from visit to visit: two switches, and the lines of the console's history.
//!
//! Storage may be missing, full or forbidden; then everything works for this visit alone.

use crate::line::History;

const SETTINGS: &str = "etcd-lab.settings";
const HISTORY: &str = "etcd-lab.history";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Tab completes and the ghost of an earlier line is shown.
    pub(crate) completion: bool,
    /// The teacher's lines are shown.
    pub(crate) teacher: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { completion: true, teacher: true }
    }
}

impl Settings {
    /// Reads what [`Settings::to_text`] wrote; unknown words are left alone.
    fn parse(text: &str) -> Settings {
        let mut settings = Settings::default();
        for word in text.split(' ') {
            match word {
                "completion=0" => settings.completion = false,
                "teacher=0" => settings.teacher = false,
                _ => {}
            }
        }
        settings
    }

    fn to_text(self) -> String {
        format!("completion={} teacher={}", u8::from(self.completion), u8::from(self.teacher))
    }

    pub(crate) fn load() -> Settings {
        read(SETTINGS).map_or_else(Settings::default, |text| Settings::parse(&text))
    }

    pub(crate) fn save(self) {
        write(SETTINGS, &self.to_text());
    }
}

pub(crate) fn load_history() -> History {
    read(HISTORY).map_or_else(History::default, |text| History::from_storage(&text))
}

pub(crate) fn save_history(history: &History) {
    write(HISTORY, &history.to_storage());
}

fn storage() -> Option<web_sys::Storage> {
    // Merely asking fails where a browser forbids storage.
    web_sys::window()?.local_storage().ok().flatten()
}

fn read(name: &str) -> Option<String> {
    storage()?.get_item(name).ok().flatten()
}

fn write(name: &str, text: &str) {
    if let Some(storage) = storage() {
        // A full storage forgets the newest, which is no reason to disturb anybody.
        let _ = storage.set_item(name, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_come_back_as_they_were() {
        for completion in [true, false] {
            for teacher in [true, false] {
                let settings = Settings { completion, teacher };
                assert_eq!(Settings::parse(&settings.to_text()), settings);
            }
        }
        assert_eq!(Settings::parse("nonsense \u{0} completion=9"), Settings::default());
    }
}
