//! `etcd-lab trace`: one session from its seed and a script, and the hash of its run.

use lab::{InProcess, Lab, Script};

use crate::args::Args;

pub(crate) fn run(words: &[String]) -> Result<u8, String> {
    let known = ["seed", "members", "profile", "quota", "script", "until", "v2", "width"];
    let args = Args::parse(words, &known)?;
    args.no_rest()?;
    let until = args.time_us("until")?.ok_or("--until is needed, such as --until 60s")?;
    let script = match args.text("script") {
        None => Script::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
            Script::parse(&text).map_err(|e| format!("{path}: {e}"))?
        }
    };
    let mut session = InProcess::new(Lab::new(args.session()?)?);
    if let Some(width_us) = args.time_us("width")? {
        session.set_width_us(width_us.max(1));
    }
    script.run(&mut session, until);
    let lab = session.lab();
    println!("events: {}", lab.world().events());
    for violation in lab.world().violations() {
        println!("violation: {violation}");
    }
    println!("trace-hash: {}", lab.trace_hash());
    Ok(0)
}
