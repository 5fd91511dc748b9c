//! PLACEHOLDER, to be overwritten by its author: lets the crate compile meanwhile.

use super::{ActError, Context, Probe};

pub(super) async fn probe(_: &ha_domain::step::EtcdSnapshots, _: &Context<'_>) -> Result<Probe, ActError> {
    Err(ActError::Refused("PLACEHOLDER".to_owned()))
}
pub(super) async fn act(_: &ha_domain::step::EtcdSnapshots, _: &Context<'_>) -> Result<(), ActError> {
    Err(ActError::Refused("PLACEHOLDER".to_owned()))
}
