//! The question before something that cannot be taken back.

use std::io::{IsTerminal as _, Write as _};

use crate::exit::{Done, Failure};

/// Asks on the terminal; without one, only `--yes` goes on.
pub(crate) fn confirm(question: &str) -> Done {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Refused(format!(
            "{question}: nobody is there to ask; nothing was changed. Say so with --yes"
        )));
    }
    eprint!("{question} [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|e| Failure::doing("read your answer", e))?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::Refused("nothing was changed".to_owned())),
    }
}
