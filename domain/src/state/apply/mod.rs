//! The reducer: one total `match`, a file per concern behind it.

mod enrol;
mod heal;
mod plan;
mod spec;
mod trust;

use super::{Command, Entry, EventKind, Outcome, Refusal, Reply, State};

/// Applies one entry; a refusal leaves `state` as it was.
pub(super) fn apply(state: &mut State, index: u64, entry: &Entry) -> Outcome {
    if state.mesh.is_none() && !matches!(entry.command, Command::Found { .. }) {
        return Err(Refusal::NotFounded);
    }
    let at = entry.at;
    let by = entry.by.as_str();
    match &entry.command {
        Command::Found { mesh, coordinator } => trust::found(state, at, mesh, coordinator),
        Command::SetSpec { base, text, spec, catalog } => {
            spec::set(state, entry, *base, spec::New { text, spec, catalog })
        }
        Command::RemoveMachine { name, base } => spec::remove_machine(state, at, by, (name, *base)),
        Command::IssueToken { .. } => trust::issue_token(state, entry),
        Command::RevokeToken { id } => trust::revoke_token(state, at, by, id),
        Command::Enrol { .. } => enrol::enrol(state, index, entry),
        Command::RegisterCertificate { fingerprint, identity, not_after } => {
            trust::register(state, at, fingerprint, (identity, *not_after))
        }
        Command::RevokeIdentity { identity } => trust::revoke_identity(state, at, by, identity),
        Command::UpdateFacts { machine, facts } => enrol::update_facts(state, machine, facts),
        Command::AdoptPlan { base, steps } => plan::adopt(state, (index, at), *base, steps),
        Command::Advance { step, event } => plan::advance(state, at, step, event),
        Command::SetSecret { name, sealed, if_absent } => trust::set_secret(state, entry, name, (sealed, *if_absent)),
        Command::SetUser { name, role } => trust::set_user(state, at, by, (name, *role)),
        Command::RevokeUser { name } => trust::revoke_user(state, at, by, name),
        Command::RemoveCoordinator { id } => enrol::remove_coordinator(state, at, by, *id),
        Command::ForgetMachine { machine } => enrol::forget_machine(state, at, by, machine),
        Command::NoteHealth { machine, condition, evidence } => {
            heal::note_health(state, at, machine, (*condition, evidence))
        }
        Command::Decide { act } => heal::decide(state, (index, at), act),
        Command::CarryOut { number } => heal::carry_out(state, at, *number),
        Command::WithdrawDecision { number, why } => heal::withdraw(state, at, *number, why),
        Command::VetoDecision { number } => heal::veto(state, entry, *number),
        Command::ApproveDecision { number } => heal::approve(state, entry, *number),
        Command::PauseHealing { on } => heal::pause(state, entry, *on),
        Command::SetMaintenance { name, until } => heal::maintain(state, entry, name, *until),
    }
}

impl State {
    /// Something that plans are made from has changed.
    fn touch(&mut self) -> Outcome {
        self.revision += 1;
        Ok(Reply::Done)
    }

    fn missing<T>(what: &str, name: impl ToString) -> Result<T, Refusal> {
        Err(Refusal::NotFound { what: what.to_owned(), name: name.to_string() })
    }

    fn alarm(&mut self, at: crate::id::Time, text: String) {
        self.note(at, "mesh", EventKind::Alarm, text);
    }
}
