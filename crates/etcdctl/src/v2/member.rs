//! `etcdctl member list|add|remove|update`, and client/v2's members API beneath them
//! (`client/members.go`).

use proto::Profile;

use super::context::{Context, Outcome};
use super::http::{Action, Client, Failure, assert_or_message, assert_status, json};
use crate::go::json::{Object, array, string};
use crate::go::quote::quote;
use crate::go::unmarshal::Value;
use crate::go::url::check_urls;

const PATH: &str = "/v2/members";

/// A member as the cluster lists it.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    /// In hexadecimal.
    pub(super) id: String,
    /// Empty until it has started.
    name: String,
    peer_urls: Vec<String>,
    pub(super) client_urls: Vec<String>,
}

impl Member {
    fn read(value: &Value) -> Member {
        Member {
            id: value.field("id").text().to_string(),
            name: value.field("name").text().to_string(),
            peer_urls: value.field("peerURLs").texts(),
            client_urls: value.field("clientURLs").texts(),
        }
    }
}

pub(super) async fn members(
    client: &Client<'_>,
    deadline_us: Option<u64>,
) -> Result<Vec<Member>, Failure> {
    let response = client.act(&Action::new("GET", PATH.to_string()), deadline_us).await?;
    assert_status(&response, &[200])?;
    Ok(json(&response)?.field("members").items().iter().map(Member::read).collect())
}

/// The client URLs that the cluster publishes.
pub(super) async fn sync(
    client: &Client<'_>,
    deadline_us: Option<u64>,
) -> Result<Vec<String>, Failure> {
    let members = members(client, deadline_us).await?;
    Ok(members.into_iter().flat_map(|member| member.client_urls).collect())
}

pub(super) async fn list(context: &Context<'_>) -> Outcome {
    context.no_args()?;
    let client = context.client().await?;
    let deadline_us = context.deadline_us();
    let members = context.plainly(members(&client, deadline_us).await)?;
    let leader = match leader(&client, deadline_us).await {
        Ok(leader) => leader,
        Err(failure) => return context.plain(format!("Failed to get leader:  {failure}")),
    };
    for Member { id, name, peer_urls, client_urls } in &members {
        let (peer_urls, client_urls) = (peer_urls.join(","), client_urls.join(","));
        context.print(match name.as_str() {
            "" => format!("{id}[unstarted]: peerURLs={peer_urls}\n"),
            name => format!(
                "{id}: name={name} peerURLs={peer_urls} clientURLs={client_urls} isLeader={}\n",
                *id == leader
            ),
        });
    }
    Ok(())
}

/// The leader's id.
async fn leader(client: &Client<'_>, deadline_us: Option<u64>) -> Result<String, Failure> {
    let response = client.act(&Action::new("GET", format!("{PATH}/leader")), deadline_us).await?;
    assert_status(&response, &[200])?;
    Ok(Member::read(&json(&response)?).id)
}

pub(super) async fn add(context: &Context<'_>) -> Outcome {
    let [name, url] = context.args() else {
        return context.plain("Provide a name and a single member peerURL");
    };
    let client = context.client().await?;
    let deadline_us = context.deadline_us();
    let added = change(&client, "POST", "", std::slice::from_ref(url), deadline_us).await;
    let id = Member::read(&context.plainly(added)?).id;
    context.print(format!("Added member named {name} with ID {id} to cluster\n"));
    let members = context.plainly(members(&client, deadline_us).await)?;
    let mut cluster = Vec::new();
    for member in &members {
        let name = if member.id == id { name } else { &member.name };
        cluster.extend(member.peer_urls.iter().map(|url| format!("{name}={url}")));
    }
    let (name, cluster) = (quote(name.as_bytes()), quote(cluster.join(",").as_bytes()));
    context.print(format!(
        "\nETCD_NAME={name}\nETCD_INITIAL_CLUSTER={cluster}\nETCD_INITIAL_CLUSTER_STATE=\"existing\"\n"
    ));
    Ok(())
}

pub(super) async fn update(context: &Context<'_>) -> Outcome {
    let [id, urls] = context.args() else {
        return context.plain(
            "Provide an ID and a list of comma separated peerURL (0xabcd \
             http://example.com,http://example1.com)",
        );
    };
    let client = context.client().await?;
    let urls: Vec<String> = urls.split(',').map(String::from).collect();
    context.plainly(change(&client, "PUT", id, &urls, context.deadline_us()).await)?;
    context.print(format!("Updated member with ID {id} in cluster\n"));
    Ok(())
}

/// Adds a member or changes one; what is wrong with the URLs is found before anything is sent.
async fn change(
    client: &Client<'_>,
    method: &'static str,
    id: &str,
    urls: &[String],
    deadline_us: Option<u64>,
) -> Result<Value, Failure> {
    check_urls(urls).map_err(Failure::Other)?;
    let mut urls: Vec<&str> = urls.iter().map(|url| url.trim()).collect();
    urls.sort_unstable();
    let urls = array(urls.into_iter().map(string).collect());
    let body = Object::new().raw("peerURLs", urls).end();
    let response = client.act(&Action::json(method, at(id), body), deadline_us).await?;
    let (done, refused) = if method == "POST" { (201, &[409][..]) } else { (204, &[404, 409][..]) };
    assert_status(&response, &[&[done], refused].concat())?;
    assert_or_message(&response, &[done])?;
    if done == 204 { Ok(Value::Null) } else { json(&response) }
}

fn at(id: &str) -> String {
    format!("{PATH}/{id}").trim_end_matches('/').to_string()
}

pub(super) async fn remove(context: &Context<'_>) -> Outcome {
    let [id] = context.args() else { return context.plain("Provide a single member ID") };
    let client = context.client().await?;
    let deadline_us = context.deadline_us();
    let members = match members(&client, deadline_us).await {
        Ok(members) => members,
        Err(failure) => {
            return context
                .plain(format!("Error while verifying ID against known members: {failure}"));
        }
    };
    for member in members.iter().filter(|member| member.name == *id) {
        context.complain(&name_hint(context, member));
    }
    if !members.iter().any(|member| member.id == *id) {
        return context.plain(format!("Couldn't find a member in the cluster with an ID of {id}."));
    }
    let removed = client.act(&Action::new("DELETE", at(id)), deadline_us).await;
    match removed.and_then(|response| assert_status(&response, &[204, 410])) {
        Ok(()) => {
            context.print(format!("Removed member {id} from cluster\n"));
            Ok(())
        }
        Err(failure) => {
            context.complain(&format!("Received an error trying to remove member {id}: {failure}"));
            Err(1)
        }
    }
}

/// What to do instead when somebody gives a name.
fn name_hint(context: &Context<'_>, member: &Member) -> String {
    let branch = if context.system.profile() <= Profile::V3_4 { "master" } else { "main" };
    let Member { id, name, .. } = member;
    format!(
        "Found a member named {name}; if this is correct, please use its ID, eg:\n\
         \tetcdctl member remove {id}\n\
         For more details, read the documentation at https://github.com/etcd-io/etcd/blob/{branch}/\
         Documentation/runtime-configuration.md#remove-a-member\n\n"
    )
}
