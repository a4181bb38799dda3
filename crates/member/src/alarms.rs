//! Raised alarms, cluster wide (K2 to K4; `etcdserver/api/v3alarm`).

use std::collections::BTreeSet;

use prost::Message as _;
use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::{AlarmMember, AlarmRequest, AlarmResponse, AlarmType};

/// Which member raised which alarm, by (type, member).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Alarms {
    raised: BTreeSet<(i32, u64)>,
}

impl Alarms {
    /// Whether anybody has raised it.
    pub(crate) fn is_raised(&self, kind: AlarmType) -> bool {
        self.get(kind as i32).next().is_some()
    }

    /// The alarms of one type, or all of them for `NONE`.
    pub(crate) fn get(&self, kind: i32) -> impl Iterator<Item = AlarmMember> {
        let all = kind == AlarmType::None as i32;
        let wanted = self.raised.iter().filter(move |(raised, _)| all || *raised == kind);
        wanted.map(|(alarm, member_id)| AlarmMember { member_id: *member_id, alarm: *alarm })
    }

    /// Applies a request. An alarm that is not raised cannot be cleared: the answer is empty (K4).
    pub(crate) fn apply(&mut self, request: &AlarmRequest) -> AlarmResponse {
        let key = (request.alarm, request.member_id);
        let one = AlarmMember { member_id: request.member_id, alarm: request.alarm };
        let alarms = match AlarmAction::try_from(request.action) {
            Ok(AlarmAction::Get) => self.get(request.alarm).collect(),
            // `NONE` is a question, not an alarm: etcd files it away and never acts on it.
            Ok(AlarmAction::Activate) => {
                self.raised.insert(key);
                vec![one]
            }
            Ok(AlarmAction::Deactivate) if self.raised.remove(&key) => vec![one],
            Ok(AlarmAction::Deactivate) | Err(_) => Vec::new(),
        };
        AlarmResponse { header: None, alarms }
    }

    /// Each alarm as Status shows it: its protobuf text, blank at the end (K5).
    pub(crate) fn texts(&self) -> Vec<String> {
        self.get(0)
            .map(|alarm| {
                let kind = AlarmType::try_from(alarm.alarm).unwrap_or(AlarmType::None);
                format!("memberID:{} alarm:{} ", alarm.member_id, kind.as_str_name())
            })
            .collect()
    }

    /// As etcd's bucket `alarm` holds them: the message is the key.
    pub(crate) fn bucket(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut pairs: Vec<_> =
            self.get(0).map(|alarm| (alarm.encode_to_vec(), Vec::new())).collect();
        pairs.sort();
        pairs
    }

    pub(crate) fn from_bucket(pairs: &[(Vec<u8>, Vec<u8>)]) -> Result<Self, String> {
        let mut raised = BTreeSet::new();
        for (key, _) in pairs {
            let alarm = AlarmMember::decode(key.as_slice())
                .map_err(|e| format!("failed to unmarshal alarm member: {e}"))?;
            raised.insert((alarm.alarm, alarm.member_id));
        }
        Ok(Alarms { raised })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(action: AlarmAction, member_id: u64, alarm: AlarmType) -> AlarmRequest {
        AlarmRequest { action: action as i32, member_id, alarm: alarm as i32 }
    }

    #[test]
    fn an_alarm_is_raised_once_and_cleared_once() {
        let mut alarms = Alarms::default();
        let raise = request(AlarmAction::Activate, 7, AlarmType::Nospace);
        assert_eq!(alarms.apply(&raise).alarms.len(), 1);
        assert_eq!(alarms.apply(&raise).alarms.len(), 1);
        assert_eq!(alarms.texts(), ["memberID:7 alarm:NOSPACE "]);
        assert!(alarms.is_raised(AlarmType::Nospace) && !alarms.is_raised(AlarmType::Corrupt));
        let back = Alarms::from_bucket(&alarms.bucket()).unwrap();
        assert_eq!(back, alarms);
        let clear = request(AlarmAction::Deactivate, 7, AlarmType::Nospace);
        assert_eq!(alarms.apply(&clear).alarms.len(), 1);
        assert!(alarms.apply(&clear).alarms.is_empty());
        let all = request(AlarmAction::Get, 0, AlarmType::None);
        assert!(alarms.apply(&all).alarms.is_empty());
    }
}
