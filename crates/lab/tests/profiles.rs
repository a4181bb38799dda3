//! The page's list of profiles, which knows nothing of the lab's, is the same list.

use proto::Profile;

#[test]
fn the_page_offers_the_profiles_that_there_are() {
    assert_eq!(frame::PROFILES, Profile::ALL.map(Profile::minor_version));
    let compared = Profile::ALL.into_iter().filter(|profile| profile.is_compared());
    let compared: Vec<_> = compared.map(Profile::minor_version).collect();
    assert_eq!(compared, frame::PROFILES_COMPARED);
}
