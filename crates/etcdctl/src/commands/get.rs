//! `etcdctl get KEY [END]`.

use proto::etcdserverpb::RangeRequest;
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::method;

use super::plan::{Answer, Plan};
use super::range;
use crate::exit::Exit;
use crate::go::quote::quote;
use crate::printers::{Format, Reply};
use crate::process::Invocation;

pub(super) fn plan(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let request = request(invocation)?;
    let flags = &invocation.flags;
    let (count_only, value_only) = (flags.bool("count-only"), flags.bool("print-value-only"));
    let show = move |answer: &mut Answer<'_, '_>| {
        let format = answer.display.format;
        if count_only && format != Format::Fields {
            return Err(Exit::bad_args("--count-only is only for `--write-out=fields`"));
        }
        if value_only && format != Format::Simple {
            return Err(Exit::bad_args("print-value-only is only for `--write-out=simple`"));
        }
        answer.display.value_only = value_only;
        answer.show(&Reply::Get(&answer.read()?))
    };
    Ok(Plan::read(method::kv::RANGE, &request, show))
}

pub(super) fn request(invocation: &Invocation<'_>) -> Result<RangeRequest, Exit> {
    let flags = &invocation.flags;
    if invocation.args.is_empty() {
        return Err(Exit::bad_args(
            "get command needs one argument as key and an optional argument as range_end",
        ));
    }
    range::check_flags(invocation)?;
    if flags.bool("keys-only") && flags.bool("count-only") {
        let line = "`--keys-only` and `--count-only` cannot be set at the same time, choose one";
        return Err(Exit::bad_args(line));
    }
    for what in ["create", "mod"] {
        let [min, max] = ["min", "max"].map(|end| flags.int(&format!("{end}-{what}-rev")));
        if max != 0 && min > max {
            let text = format!("invalid `--min-{what}-rev={min}` > `--max-{what}-rev={max}`");
            return Err(Exit::bad_feature(text));
        }
    }
    let serializable = match flags.text("consistency") {
        "s" => true,
        "l" => false,
        other => {
            let other = quote(other.as_bytes());
            return Err(Exit::bad_feature(format!("unknown consistency flag {other}")));
        }
    };
    let (key, range_end) = range::key_and_end(invocation)?;
    let (sort_order, sort_target) = sort(flags.text("order"), flags.text("sort-by"))?;
    Ok(RangeRequest {
        key,
        range_end,
        limit: flags.int("limit"),
        // A negative revision is no revision.
        revision: flags.int("rev").max(0),
        sort_order: sort_order.into(),
        sort_target: sort_target.into(),
        serializable,
        keys_only: flags.bool("keys-only"),
        count_only: flags.bool("count-only"),
        min_create_revision: flags.int("min-create-rev"),
        max_create_revision: flags.int("max-create-rev"),
        min_mod_revision: flags.int("min-mod-rev"),
        max_mod_revision: flags.int("max-mod-rev"),
    })
}

/// Order and target of the sort, in any case of letters.
fn sort(order: &str, target: &str) -> Result<(SortOrder, SortTarget), Exit> {
    let sort_order = match order.to_ascii_uppercase().as_str() {
        "" => SortOrder::None,
        "ASCEND" => SortOrder::Ascend,
        "DESCEND" => SortOrder::Descend,
        _ => return Err(Exit::bad_feature(format!("bad sort order {order}"))),
    };
    let sort_target = match target.to_ascii_uppercase().as_str() {
        "" | "KEY" => SortTarget::Key,
        "CREATE" => SortTarget::Create,
        "MODIFY" => SortTarget::Mod,
        "VALUE" => SortTarget::Value,
        "VERSION" => SortTarget::Version,
        _ => return Err(Exit::bad_feature(format!("bad sort target {target}"))),
    };
    // Keys come in ascending order anyway, and asking for it would make the server fetch them all.
    if (sort_order, sort_target) == (SortOrder::Ascend, SortTarget::Key) {
        return Ok((SortOrder::None, sort_target));
    }
    Ok((sort_order, sort_target))
}
