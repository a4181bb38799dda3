//! `lab`: what the buttons of the page do.

use crate::process::{Process, ToolResult};

pub(super) async fn lab(process: Process) -> ToolResult {
    let words = process.operands();
    if words.is_empty() || ["help", "--help", "-h"].contains(&words[0].as_str()) {
        process.out(frame::LAB_USAGE).await?;
        return Ok(0);
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
