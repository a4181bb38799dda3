//! `cargo xtask`: serve, build, test, soak, bench, tidy, deps.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use xtask::bundle::{Mode, build};
use xtask::serve::{DEFAULT_PORT, Options, serve};
use xtask::workspace::Workspace;
use xtask::{bench, check, deps, sizes, soak, tidy};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  serve [--port N] [--release] [--no-open]
                 build the lab and serve it on http://127.0.0.1:8080
  build          release build into dist/, with the size of each part
  test           everything that belongs to a change, the real browser included
  soak           what takes longer: 1,000 simulated seeds, many cases of each property
  bench [NAME]   measure; without a name, everything
  tidy           the rules of the sources alone
  deps           licences, sources and bans of the dependencies alone";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match command(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command(words: &[&str]) -> Result<()> {
    match words {
        ["serve", options @ ..] => {
            let options = serve_options(options)?;
            serve(&Workspace::find()?, options)
        }
        ["build"] => release(&Workspace::find()?),
        ["test"] => check::test(&Workspace::find()?),
        ["soak"] => soak::soak(&Workspace::find()?),
        ["bench", names @ ..] => bench::bench(&Workspace::find()?, names),
        ["tidy"] => tidy::check(&Workspace::find()?.root),
        ["deps"] => deps::check(&Workspace::find()?.root),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("unknown command: {}\n\n{USAGE}", other.join(" ")),
    }
}

fn serve_options(words: &[&str]) -> Result<Options> {
    let mut options = Options { port: DEFAULT_PORT, mode: Mode::Quick, open: true };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (*word, None),
        };
        match (name, value) {
            ("--port", value) => {
                let value = value.or_else(|| words.next().copied());
                let value = value.context("--port needs a number")?;
                options.port = value.parse().ok().with_context(|| {
                    format!("--port takes a number from 0 to 65535, not `{value}`")
                })?;
            }
            ("--release", None) => options.mode = Mode::Release,
            ("--no-open", None) => options.open = false,
            _ => bail!("unknown option of serve: {word}\n\n{USAGE}"),
        }
    }
    Ok(options)
}

fn release(workspace: &Workspace) -> Result<()> {
    let bundle = build(workspace, Mode::Release, &workspace.root.join("dist"))?;
    println!("\n{}", sizes::table(&bundle.sizes));
    sizes::check(&bundle.sizes)?;
    println!("Any static host can serve {}.", bundle.dir.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serve_takes_its_options_in_any_order_and_names_what_it_does_not_know() {
        let options = |words: &[&str]| serve_options(words).map_err(|error| error.to_string());
        let usual = Options { port: DEFAULT_PORT, mode: Mode::Quick, open: true };
        assert_eq!(options(&[]), Ok(usual));
        let all = Options { port: 9000, mode: Mode::Release, open: false };
        assert_eq!(options(&["--no-open", "--port", "9000", "--release"]), Ok(all));
        assert_eq!(options(&["--port=9000"]), Ok(Options { port: 9000, ..usual }));
        for (words, message) in [
            (&["--port"][..], "--port needs a number"),
            (&["--port", "x"], "--port takes a number from 0 to 65535, not `x`"),
            (&["--port=65536"], "--port takes a number from 0 to 65535, not `65536`"),
            (&["--fast"], "unknown option of serve: --fast"),
            (&["--no-open=1"], "unknown option of serve: --no-open=1"),
        ] {
            let error = options(words).expect_err(message);
            assert!(error.starts_with(message), "{words:?}: {error}");
        }
    }
}
