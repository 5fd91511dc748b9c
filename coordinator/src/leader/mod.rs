//! What only the leader does: keep sessions, plan, dispatch, grant, change the membership. Knows when, never how to plan.

mod credentials;
mod dispatch;
mod hub;
mod membership;
mod reconcile;
mod secrets;
mod watch;

pub use dispatch::{grant, welcome};
pub use hub::{Hub, Session};
pub use reconcile::{lead, status};
pub use secrets::seal;
