//! What a user may read and write: the union of the ranges of all its roles (A9).
//!
//! etcd keeps an interval tree for each user and kind of access. Here each is a sorted list of
//! ranges that neither overlap nor touch, so one binary search answers a question, and a range is
//! allowed exactly when one entry of the list covers it.

use bytes::Bytes;
use proto::authpb::permission::Type;
use proto::authpb::{Permission, Role};

/// What is to be done with keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// The merged permissions of one user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangePermissions {
    read: Intervals,
    write: Intervals,
}

impl RangePermissions {
    /// The union of what these roles allow.
    ///
    /// Permissions of a type that etcd does not know allow nothing, and so do empty ranges.
    pub fn merged<'a>(roles: impl IntoIterator<Item = &'a Role>) -> Self {
        let (mut read, mut write) = (Vec::new(), Vec::new());
        for permission in roles.into_iter().flat_map(|role| &role.key_permission) {
            let Some(interval) = Interval::of_permission(permission) else { continue };
            match Type::try_from(permission.perm_type) {
                Ok(Type::Read) => read.push(interval),
                Ok(Type::Write) => write.push(interval),
                Ok(Type::Readwrite) => {
                    read.push(interval.clone());
                    write.push(interval);
                }
                Err(_) => {}
            }
        }
        RangePermissions { read: Intervals::merged(read), write: Intervals::merged(write) }
    }

    /// Whether the user may do that with every key of the range.
    ///
    /// `range_end` is the wire's: empty for one key, `\0` for all keys from `key` on. An empty
    /// `key` is never allowed.
    pub fn allows(&self, access: Access, key: &[u8], range_end: &[u8]) -> bool {
        let intervals = match access {
            Access::Read => &self.read,
            Access::Write => &self.write,
        };
        intervals.cover(key, range_end)
    }
}

/// Whether `range_end` says "all keys from the first on".
fn is_open_ended(range_end: &[u8]) -> bool {
    range_end == [0]
}

/// Whether a permission on this range makes sense: a key, and an end that is absent, open or
/// greater than the key (A10).
pub fn is_valid_permission_range(key: &[u8], range_end: &[u8]) -> bool {
    !key.is_empty() && (range_end.is_empty() || key < range_end || is_open_ended(range_end))
}

/// The keys from `begin` up to but without `end`; without an end, all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Interval {
    begin: Bytes,
    end: Option<Bytes>,
}

impl Interval {
    /// `None` when no key can be inside. A permission without a key allows nothing: etcd's
    /// intervals take the empty string for the end of all keys.
    fn of_permission(permission: &Permission) -> Option<Self> {
        let (begin, end) = (&permission.key, &permission.range_end);
        if !is_valid_permission_range(begin, end) {
            return None;
        }
        let end = match &end[..] {
            [] => Some(after(begin)),
            end if is_open_ended(end) => None,
            _ => Some(end.clone()),
        };
        Some(Interval { begin: begin.clone(), end })
    }

    fn reaches(&self, end: Option<&[u8]>) -> bool {
        match (&self.end, end) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(end)) => own[..] >= *end,
        }
    }
}

/// The key that follows `key` at once.
fn after(key: &[u8]) -> Bytes {
    [key, &[0]].concat().into()
}

/// Intervals by their begin; none overlaps or touches the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Intervals(Vec<Interval>);

impl Intervals {
    fn merged(mut intervals: Vec<Interval>) -> Self {
        intervals.sort_by(|a, b| a.begin.cmp(&b.begin));
        let mut merged: Vec<Interval> = Vec::with_capacity(intervals.len());
        for next in intervals {
            match merged.last_mut() {
                Some(last) if last.reaches(Some(&next.begin)) => {
                    if !last.reaches(next.end.as_deref()) {
                        last.end = next.end;
                    }
                }
                _ => merged.push(next),
            }
        }
        Intervals(merged)
    }

    fn cover(&self, key: &[u8], range_end: &[u8]) -> bool {
        let at_or_before = self.0.partition_point(|interval| interval.begin[..] <= *key);
        let Some(interval) = at_or_before.checked_sub(1).and_then(|at| self.0.get(at)) else {
            return false;
        };
        match range_end {
            [] => interval.end.as_ref().is_none_or(|end| *key < end[..]),
            end if is_open_ended(end) => interval.reaches(None),
            end => interval.reaches(Some(end)),
        }
    }
}
