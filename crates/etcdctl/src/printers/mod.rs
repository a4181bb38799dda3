//! What a reply looks like under each `-w` (`ctlv3/command/printer*.go`).

mod fields;
mod json;
mod protobuf;
mod simple;
mod table;

use bolt::SnapshotStatus;
use member::FileHash;
use proto::Profile;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::{
    AlarmMember, AlarmResponse, AlarmType, AuthRoleGetResponse, AuthRoleListResponse,
    AuthStatusResponse, AuthUserGetResponse, AuthUserListResponse, DeleteRangeResponse,
    HashKvResponse, LeaseGrantResponse, LeaseKeepAliveResponse, LeaseLeasesResponse,
    LeaseTimeToLiveResponse, MemberAddResponse, MemberListResponse, PutResponse, RangeResponse,
    ResponseHeader, StatusResponse, TxnResponse,
};
use proto::mvccpb::Event;
use proto::mvccpb::event::EventType;

use crate::client::Watched;
use crate::exit::Exit;
use crate::process::Invocation;

/// The formats of `--write-out`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Simple,
    Json,
    Fields,
    Table,
    Protobuf,
}

impl Format {
    const ALL: [(&'static str, Format); 5] = [
        ("simple", Format::Simple),
        ("json", Format::Json),
        ("fields", Format::Fields),
        ("table", Format::Table),
        ("protobuf", Format::Protobuf),
    ];

    fn name(self) -> &'static str {
        Format::ALL.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }
}

/// The state of one endpoint for `endpoint health`.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    pub(crate) endpoint: String,
    pub(crate) healthy: bool,
    /// A Go duration.
    pub(crate) took: String,
    /// Empty if there was none.
    pub(crate) error: String,
}

/// A reply of which only the header came: what the simple format says, and who else prints it.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) header: Option<ResponseHeader>,
    /// With its newline.
    pub(crate) text: String,
    /// Whether `-w fields` knows it.
    pub(crate) fields: bool,
    /// Whether it is a message for `-w protobuf`.
    pub(crate) message: bool,
}

/// Something to print.
pub(crate) enum Reply<'r> {
    Get(&'r RangeResponse),
    Put(&'r PutResponse),
    Del(&'r DeleteRangeResponse),
    Txn(&'r TxnResponse),
    Watch(&'r Watched),
    Grant(&'r LeaseGrantResponse),
    KeepAlive(&'r LeaseKeepAliveResponse),
    /// With whether the keys were asked for.
    TimeToLive(&'r LeaseTimeToLiveResponse, bool),
    Leases(&'r LeaseLeasesResponse),
    Members(&'r MemberListResponse),
    /// A change with the simple format's text; the member list came back.
    Membership(&'r MemberListResponse, &'r str),
    MemberAdded(&'r MemberAddResponse, &'r str),
    Health(&'r [Health]),
    Status(&'r [(String, StatusResponse)]),
    Snapshot(&'r SnapshotStatus),
    FileHash(&'r FileHash),
    HashKv(&'r [(String, HashKvResponse)]),
    Alarms(&'r AlarmResponse),
    /// With the name of the user or role.
    UserGet(&'r str, &'r AuthUserGetResponse),
    UserList(&'r AuthUserListResponse),
    RoleGet(&'r str, &'r AuthRoleGetResponse),
    RoleList(&'r AuthRoleListResponse),
    AuthStatus(&'r AuthStatusResponse),
    Done(&'r Done),
}

/// The replies inside a transaction's. A transaction within a transaction is left out: the tool
/// cannot ask for one.
fn replies(txn: &TxnResponse) -> impl Iterator<Item = Reply<'_>> {
    txn.responses.iter().filter_map(|response| match response.response.as_ref()? {
        Response::ResponseRange(range) => Some(Reply::Get(range)),
        Response::ResponsePut(put) => Some(Reply::Put(put)),
        Response::ResponseDeleteRange(del) => Some(Reply::Del(del)),
        Response::ResponseTxn(_) => None,
    })
}

/// `PUT` or `DELETE`.
pub(crate) fn event_type(event: &Event) -> &'static str {
    EventType::try_from(event.r#type).unwrap_or(EventType::Put).as_str_name()
}

/// An alarm as gogo's text format shows it, with its blank at the end.
fn alarm(alarm: &AlarmMember) -> String {
    let kind = AlarmType::try_from(alarm.alarm).unwrap_or(AlarmType::None);
    let id = match alarm.member_id {
        0 => String::new(),
        id => format!("memberID:{id} "),
    };
    match kind {
        AlarmType::None => id,
        kind => format!("{id}alarm:{} ", kind.as_str_name()),
    }
}

/// A printer with its settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Display {
    pub(crate) format: Format,
    /// `--hex`: the simple format shows keys and values as `\x66\x6f`.
    pub(crate) hex: bool,
    /// `--print-value-only`, for the simple format.
    pub(crate) value_only: bool,
    pub(crate) profile: Profile,
}

impl Display {
    /// The printer called `name`, if there is one.
    pub(crate) fn new(name: &str, hex: bool, profile: Profile) -> Option<Self> {
        let (_, format) = Format::ALL.into_iter().find(|(known, _)| *known == name)?;
        Some(Display { format, hex, value_only: false, profile })
    }

    /// Prints a reply. A format that lacks it is exit 4; the call has happened all the same.
    pub(crate) fn show(&self, invocation: &Invocation<'_>, reply: &Reply<'_>) -> Result<(), Exit> {
        if let (Format::Simple, Reply::Health(list)) = (self.format, reply) {
            for health in *list {
                let (stderr, line) = simple::health(self, health);
                invocation.system.print(stderr, line.as_bytes());
            }
            return Ok(());
        }
        let lacks = || format!("{} not supported as output format", self.format.name());
        let text = match self.format {
            Format::Simple => Ok(simple::print(self, reply)),
            Format::Json => Ok(json::print(self, reply).into_bytes()),
            Format::Fields => fields::print(self, reply).map(String::into_bytes).ok_or_else(lacks),
            Format::Table => {
                table::print(self.profile, reply).map(String::into_bytes).ok_or_else(lacks)
            }
            Format::Protobuf => protobuf::print(reply).unwrap_or_else(|| Err(lacks())),
        };
        invocation.stdout(text.map_err(Exit::bad_feature)?);
        Ok(())
    }
}
