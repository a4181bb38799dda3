//! Which releases have a command or a flag: the profiles that it came with and went after.

use proto::Profile;

/// A span of releases, both ends included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Releases {
    first: Profile,
    last: Profile,
}

impl Releases {
    /// All that the lab knows.
    pub(crate) const ALL: Releases = Releases { first: Profile::OLDEST, last: Profile::NEWEST };

    pub(crate) const fn since(self, first: Profile) -> Self {
        Releases { first, ..self }
    }

    pub(crate) const fn until(self, last: Profile) -> Self {
        Releases { last, ..self }
    }

    pub(crate) fn contain(self, profile: Profile) -> bool {
        (self.first..=self.last).contains(&profile)
    }
}
