//! `lab`: what the buttons of the page do, and `lab profile`, which only this machine can answer.

use proto::Profile;

use crate::process::{Process, ToolResult};

pub(super) async fn lab(process: Process) -> ToolResult {
    let words = process.operands();
    if words.is_empty() || ["help", "--help", "-h"].contains(&words[0].as_str()) {
        process.out(frame::LAB_USAGE).await?;
        return Ok(0);
    }
    if words[0] == "profile" {
        return profile(&process).await;
    }
    let result = match frame::parse_lab_words(words) {
        Ok(action) => process.sys.lab(action).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(mut text) => {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            process.out(text).await?;
            Ok(0)
        }
        Err(error) => process.fail(1, error).await,
    }
}

/// Tells which release this is. A cluster cannot become one of another release while it runs, and a host
/// cannot start a session: how to is all that can be said.
async fn profile(process: &Process) -> ToolResult {
    let present = process.sys.profile();
    let (name, version) = (present.minor_version(), present.version());
    let wanted = match &process.operands()[1..] {
        [] => {
            let compared = match present.is_compared() {
                true => "compared with a real binary",
                false => "made after etcd's source, not compared with a real binary",
            };
            let all = Profile::names();
            let text = format!("profile {name} (etcd {version}, {compared})\nthere are: {all}\n");
            process.out(text).await?;
            return Ok(0);
        }
        [wanted] => Profile::parse(wanted),
        _ => return process.fail(1, "profile takes one argument".to_string()).await,
    };
    match wanted {
        None => process.fail(1, format!("no such profile; there are {}", Profile::names())).await,
        Some(wanted) if wanted == present => {
            process.out(format!("this is profile {name}\n")).await?;
            Ok(0)
        }
        Some(wanted) => {
            let wanted = wanted.minor_version();
            let how = format!("profile {wanted}: reload with ?profile={wanted}");
            process.fail(1, format!("{how}, or start etcd-lab sh --profile {wanted}")).await
        }
    }
}
