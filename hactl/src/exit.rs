//! Exit codes that scripts can use, and the failures behind them.

/// What a verb ends in when it does not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It was tried and did not work: exit 1.
    #[error("{0}")]
    Failed(String),
    /// The input was refused; nothing was sent or changed: exit 2.
    #[error("{0}")]
    Refused(String),
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
    pub fn code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Refused(_) => 2,
            Self::NotPermitted(_) => 3,
            Self::Unreachable(_) => 4,
            Self::TimedOut(_) => 5,
            Self::Conflict(_) => 6,
        }
    }
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        use tonic::Code as C;
        let text = status.message().to_owned();
        match status.code() {
            C::InvalidArgument | C::OutOfRange | C::FailedPrecondition | C::NotFound => Self::Refused(text),
            C::PermissionDenied | C::Unauthenticated => Self::NotPermitted(text),
            C::Unavailable => Self::Unreachable(text),
            C::DeadlineExceeded | C::Cancelled => Self::TimedOut(text),
            C::Aborted | C::AlreadyExists => Self::Conflict(text),
            C::Ok | C::Unknown | C::ResourceExhausted | C::Unimplemented | C::Internal | C::DataLoss => Self::Failed(text),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(format!("{error:#}"))
    }
}

/// What a verb returns.
pub type Done = Result<(), Failure>;
