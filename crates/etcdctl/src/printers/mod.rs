//! What a reply looks like under each `-w` (`ctlv3/command/printer*.go`).

mod fields;
mod json;
mod protobuf;
mod simple;
mod table;

use proto::etcdserverpb::{
    DeleteRangeResponse, HashKvResponse, MemberListResponse, PutResponse, RangeResponse,
    StatusResponse,
};

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

/// Something to print.
pub(crate) enum Reply<'r> {
    Get(&'r RangeResponse),
    Put(&'r PutResponse),
    Del(&'r DeleteRangeResponse),
    Members(&'r MemberListResponse),
    Health(&'r [Health]),
    Status(&'r [(String, StatusResponse)]),
    HashKv(&'r [(String, HashKvResponse)]),
}

/// A printer with its settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Display {
    pub(crate) format: Format,
    /// `--hex`: the simple format shows keys and values as `\x66\x6f`.
    pub(crate) hex: bool,
    /// `--print-value-only`, for the simple format.
    pub(crate) value_only: bool,
}

impl Display {
    /// The printer called `name`, if there is one.
    pub(crate) fn new(name: &str, hex: bool) -> Option<Self> {
        let (_, format) = Format::ALL.into_iter().find(|(known, _)| *known == name)?;
        Some(Display { format, hex, value_only: false })
    }

    /// Prints a reply. A format that lacks it is exit 4; the call has happened all the same.
    pub(crate) fn show(&self, invocation: &Invocation<'_>, reply: &Reply<'_>) -> Result<(), Exit> {
        let text = match self.format {
            Format::Simple => Some(simple::print(self, reply)),
            Format::Json => Some(json::print(reply).into_bytes()),
            Format::Fields => Some(fields::print(reply).into_bytes()),
            Format::Table => table::print(reply).map(String::into_bytes),
            Format::Protobuf => protobuf::print(reply),
        };
        let Some(text) = text else {
            let name = self.format.name();
            return Err(Exit::bad_feature(format!("{name} not supported as output format")));
        };
        // The one reply that 3.4 prints on standard error.
        let stderr = self.format == Format::Simple && matches!(reply, Reply::Health(_));
        if stderr {
            invocation.stderr(text)
        } else {
            invocation.stdout(text)
        }
        Ok(())
    }
}
