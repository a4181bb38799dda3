//! `etcdctl member add|remove|update|promote|list`.

use proto::etcdserverpb::{
    MemberAddRequest, MemberAddResponse, MemberListRequest, MemberListResponse,
    MemberPromoteRequest, MemberRemoveRequest, MemberUpdateRequest, RangeRequest, RangeResponse,
};
use proto::{Profile, method};

use super::Run;
use super::plan::{Answer, Plan};
use crate::client::{Client, ClientError, Deadline, Retry};
use crate::exit::Exit;
use crate::go::number::parse_uint;
use crate::go::quote::quote;
use crate::go::url::check_urls;
use crate::printers::{Format, Reply};
use crate::process::Invocation;

pub(super) fn list(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let show = |answer: &mut Answer<'_, '_>| answer.show(&Reply::Members(&answer.read()?));
    let mut request = list_request(invocation.profile());
    match invocation.flags.text("consistency") {
        "" | "l" => {}
        "s" => request.linearizable = false,
        other => {
            let other = quote(other.as_bytes());
            return Err(Exit::bad_feature(format!("unknown consistency flag {other}")));
        }
    }
    Ok(Plan::read(method::cluster::MEMBER_LIST, &request, show))
}

/// From 3.5 on the list comes through consensus.
fn list_request(profile: Profile) -> MemberListRequest {
    MemberListRequest { linearizable: profile > Profile::V3_4 }
}

pub(super) async fn members(
    client: &Client<'_>,
    deadline: Deadline,
    profile: Profile,
) -> Result<MemberListResponse, ClientError> {
    let request = list_request(profile);
    client.call(deadline, method::cluster::MEMBER_LIST, &request, Retry::Repeatable).await
}

pub(super) async fn add(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let name = match &invocation.args[..] {
        [] => return Err(Exit::bad_args("member name not provided")),
        [name] => name.clone(),
        args => {
            let is_url = |arg: &&String| arg.to_ascii_lowercase().starts_with("http");
            let hint = |arg| format!(", did you mean --peer-urls={arg}");
            let hints: String = args.iter().filter(is_url).map(hint).collect();
            return Err(Exit::bad_args(format!("too many arguments{hints}")));
        }
    };
    let urls = peer_urls(&invocation)?;
    let joined = urls.join(",");
    let deadline = invocation.deadline();
    let (client, display) = invocation.client().await?;
    check_urls(&urls).map_err(Exit::error)?;
    let request =
        MemberAddRequest { peer_ur_ls: urls, is_learner: invocation.flags.bool("learner") };
    let reply: MemberAddResponse = client
        .call(deadline, method::cluster::MEMBER_ADD, &request, Retry::Never)
        .await
        .map_err(Exit::error)?;
    let header = reply.header.unwrap_or_default();
    let id = reply.member.as_ref().map_or(0, |member| member.id);
    let learner = reply.member.as_ref().is_some_and(|member| member.is_learner);
    let added = match learner && invocation.profile() >= Profile::V3_6 {
        true => "added as learner to",
        false => "added to",
    };
    let text = format!("Member {id:16x} {added} cluster {:16x}\n", header.cluster_id);
    display.show(&invocation, &Reply::MemberAdded(&reply, &text))?;
    if display.format != Format::Simple {
        return Ok(());
    }
    let list = present_list(&invocation, &client, header.member_id).await.map_err(Exit::error)?;
    let mut cluster = Vec::new();
    for member in &list.members {
        let name = if member.id == id { &name } else { &member.name };
        cluster.extend(member.peer_ur_ls.iter().map(|url| format!("{name}={url}")));
    }
    let [name, cluster, joined] =
        [name, cluster.join(","), joined].map(|text| quote(text.as_bytes()));
    invocation.stdout(format!(
        "\nETCD_NAME={name}\nETCD_INITIAL_CLUSTER={cluster}\n\
         ETCD_INITIAL_ADVERTISE_PEER_URLS={joined}\nETCD_INITIAL_CLUSTER_STATE=\"existing\"\n"
    ));
    Ok(())
}

/// The list of the member that answered before, or of one that has caught up with it since: another
/// may not know the new member yet.
async fn present_list(
    invocation: &Invocation<'_>,
    client: &Client<'_>,
    mut member_id: u64,
) -> Result<MemberListResponse, ClientError> {
    let deadline = invocation.deadline();
    loop {
        let list = members(client, deadline, invocation.profile()).await?;
        if list.header.unwrap_or_default().member_id == member_id {
            return Ok(list);
        }
        let request = RangeRequest { key: "_".into(), ..RangeRequest::default() };
        let (method, retry) = (method::kv::RANGE, Retry::Repeatable);
        let read: RangeResponse = client.call(deadline, method, &request, retry).await?;
        member_id = read.header.unwrap_or_default().member_id;
    }
}

fn peer_urls(invocation: &Invocation<'_>) -> Result<Vec<String>, Exit> {
    match invocation.flags.text("peer-urls") {
        "" => Err(Exit::bad_args("member peer urls not provided")),
        urls => Ok(urls.split(',').map(str::to_string).collect()),
    }
}

/// Remove, update and promote: an id goes in, the member list comes back.
pub(super) fn change(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let id = invocation.only_arg("member ID is not provided")?;
    let id = parse_uint(id, 16)
        .map_err(|why| Exit::bad_args(format!("bad member ID arg ({why}), expecting ID in Hex")))?;
    let show = |done: &'static str| {
        move |answer: &mut Answer<'_, '_>| {
            let list: MemberListResponse = answer.read()?;
            let cluster_id = list.header.unwrap_or_default().cluster_id;
            let text = format!("Member {id:16x} {done} cluster {cluster_id:16x}\n");
            answer.show(&Reply::Membership(&list, &text))
        }
    };
    Ok(match invocation.run {
        Run::MemberRemove => {
            let request = MemberRemoveRequest { id };
            Plan::change(method::cluster::MEMBER_REMOVE, &request, show("removed from"))
        }
        Run::MemberUpdate => {
            let peer_ur_ls = peer_urls(invocation)?;
            check_urls(&peer_ur_ls).map_err(Exit::error)?;
            let request = MemberUpdateRequest { id, peer_ur_ls };
            Plan::change(method::cluster::MEMBER_UPDATE, &request, show("updated in"))
        }
        _ => {
            let request = MemberPromoteRequest { id };
            Plan::change(method::cluster::MEMBER_PROMOTE, &request, show("promoted in"))
        }
    })
}
