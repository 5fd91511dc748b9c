//! Exit codes that scripts can use, and the failures behind them. Knows no verb.

use ha_domain::spec::Problem;
use ha_transport::{Cause, diagnose};

use crate::render::clean::clean;

/// What a verb ends in when it does not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// It was tried and did not work: exit 1.
    #[error("{0}")]
    Failed(String),
    /// The input was refused; nothing was sent or changed: exit 2.
    #[error("{0}")]
    Refused(String),
    /// A spec was refused: what is wrong with it, as a text that stands for itself: exit 2.
    #[error("{0}")]
    WrongSpec(String),
    /// The coordinators refused a spec for these problems; the verb that sent it knows the file: exit 2.
    #[error("{}", ha_domain::spec::render(.0, "cluster.yaml").trim_end())]
    SpecProblems(Vec<Problem>),
    /// The caller may not do this: exit 3.
    #[error("{0}")]
    NotPermitted(String),
    /// No coordinator answers: exit 4.
    #[error("{0}")]
    Unreachable(String),
    /// The time given was over; the work goes on: exit 5.
    #[error("{0}")]
    TimedOut(String),
    /// Somebody else was first: exit 6.
    #[error("{0}")]
    Conflict(String),
}

impl Failure {
    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Refused(_) | Self::WrongSpec(_) | Self::SpecProblems(_) => 2,
            Self::NotPermitted(_) => 3,
            Self::Unreachable(_) => 4,
            Self::TimedOut(_) => 5,
            Self::Conflict(_) => 6,
        }
    }

    /// What standard error shows of it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::WrongSpec(_) | Self::SpecProblems(_) => format!("{self}\n"),
            Self::Failed(text)
            | Self::Refused(text)
            | Self::NotPermitted(text)
            | Self::Unreachable(text)
            | Self::TimedOut(text)
            | Self::Conflict(text) => format!("hactl: {}\n", text.trim_end()),
        }
    }

    /// A failure on this side, with what was being done.
    pub(crate) fn doing(what: &str, error: impl std::fmt::Display) -> Self {
        Self::Failed(format!("{what}: {error}"))
    }
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        use tonic::Code as C;
        if let Some(cause) = diagnose(&status) {
            return unconnected(&cause);
        }
        if let Ok(problems) = serde_json::from_slice::<Vec<Problem>>(status.details()) {
            return Self::SpecProblems(problems);
        }
        let text = clean(status.message());
        match status.code() {
            C::InvalidArgument | C::OutOfRange | C::FailedPrecondition | C::NotFound => Self::Refused(text),
            C::PermissionDenied | C::Unauthenticated => Self::NotPermitted(text),
            C::Unavailable => Self::Unreachable(text),
            C::DeadlineExceeded | C::Cancelled => Self::TimedOut(text),
            C::Aborted | C::AlreadyExists => Self::Conflict(text),
            C::Unimplemented => {
                Self::Failed(format!("the coordinator does not know this ({text}): is it older than hactl?"))
            }
            C::Ok | C::Unknown | C::ResourceExhausted | C::Internal | C::DataLoss => Self::Failed(text),
        }
    }
}

/// Why there was no connection to call on.
fn unconnected(cause: &Cause) -> Failure {
    match cause {
        Cause::OurCertificateRevoked | Cause::CertificateRequired | Cause::OurCertificateRefused => {
            Failure::NotPermitted(cause.to_string())
        }
        Cause::Unreachable(_)
        | Cause::TimedOut
        | Cause::PinMismatch
        | Cause::ServerNotTrusted(_)
        | Cause::OtherReplica
        | Cause::HungUp
        | Cause::Handshake(_) => Failure::Unreachable(cause.to_string()),
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(format!("{error:#}"))
    }
}

/// What a verb returns.
pub(crate) type Done = Result<(), Failure>;

#[cfg(test)]
mod tests {
    use tonic::{Code, Status};

    use super::*;

    fn code(code: Code) -> u8 {
        Failure::from(Status::new(code, "why")).code()
    }

    #[test]
    fn each_kind_of_failure_has_the_exit_code_of_the_manual() {
        assert_eq!(Failure::Failed(String::new()).code(), 1);
        assert_eq!(Failure::Refused(String::new()).code(), 2);
        assert_eq!(Failure::WrongSpec(String::new()).code(), 2);
        assert_eq!(Failure::NotPermitted(String::new()).code(), 3);
        assert_eq!(Failure::Unreachable(String::new()).code(), 4);
        assert_eq!(Failure::TimedOut(String::new()).code(), 5);
        assert_eq!(Failure::Conflict(String::new()).code(), 6);
    }

    #[test]
    fn what_a_coordinator_answers_becomes_an_exit_code() {
        let expected = [
            (Code::Internal, 1),
            (Code::InvalidArgument, 2),
            (Code::NotFound, 2),
            (Code::FailedPrecondition, 2),
            (Code::PermissionDenied, 3),
            (Code::Unauthenticated, 3),
            (Code::Unavailable, 4),
            (Code::DeadlineExceeded, 5),
            (Code::Aborted, 6),
        ];
        for (given, exit) in expected {
            assert_eq!(code(given), exit, "{given:?}");
        }
    }

    #[test]
    fn a_coordinators_words_cannot_drive_the_terminal() {
        let failure = Failure::from(Status::aborted("\u{1b}[2Jspec 4 was applied by \u{7}eve"));
        assert_eq!(failure.shown(), "hactl: spec 4 was applied by eve\n");
    }

    #[test]
    fn problems_that_a_coordinator_found_are_shown_like_those_found_here() {
        let problems = serde_json::to_vec(&[Problem::error("name", "cannot change")]).unwrap();
        let failure = Failure::from(Status::with_details(Code::InvalidArgument, "text", problems.into()));
        assert_eq!(
            (failure.code(), failure.shown().as_str()),
            (2, "cluster.yaml: 1 problem\n\n  x name: cannot change\n")
        );
    }

    #[test]
    fn a_wrong_spec_is_shown_as_it_is() {
        assert_eq!(Failure::WrongSpec("cluster.yaml: 1 problem".to_owned()).shown(), "cluster.yaml: 1 problem\n");
    }
}
