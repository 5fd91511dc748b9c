//! A new certificate for the operator, silently, once half of the old one's life is over.

use std::time::SystemTime;

use ha_domain::id::Time;
use ha_proto::v1::{Certificate, RenewRequest};
use ha_transport::{Credentials, LocalKey, Ready, time_at};

use crate::client::Client;
use crate::exit::{Done, Failure};
use crate::render::text::utc;

/// Renews where it is time to. A failure matters only when the present certificate does not count any more.
pub(crate) async fn if_due(client: &Client) -> Done {
    let now = time_at(SystemTime::now());
    let ready = client.credentials().current();
    if !is_due(&ready, now) {
        return Ok(());
    }
    let Some(_lock) = client.context().lock() else { return Ok(()) };
    match renew(client).await {
        Err(failure) if now >= ready.not_after => Err(expired(&ready, &failure)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn is_due(ready: &Ready, now: Time) -> bool {
    is_past_half(ready.not_before, ready.not_after, now)
}

/// Whether more than half of a life lies behind.
fn is_past_half(from: Time, until: Time, now: Time) -> bool {
    now.ms_since(from) > until.ms_since(from) / 2
}

fn expired(ready: &Ready, failure: &Failure) -> Failure {
    Failure::NotPermitted(format!(
        "your certificate expired on {} and could not be renewed ({failure}): have an administrator run `hactl user add`, \
         and log in again with what it prints",
        utc(ready.not_after)
    ))
}

async fn renew(client: &Client) -> Done {
    let key = LocalKey::generate().map_err(|e| Failure::Failed(e.to_string()))?;
    let csr = key.csr_der().map_err(|e| Failure::Failed(e.to_string()))?;
    let request = RenewRequest { csr };
    let Certificate { certificate_pem, ca_pem } =
        client.call(async |mut c| c.renew_operator(request.clone()).await).await?;
    let fresh = Credentials { certificate_pem, key_pem: key.pem().clone(), ca_pem };
    client.credentials().replace(fresh.clone()).map_err(|e| Failure::Failed(e.to_string()))?;
    client.context().renew(&fresh)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_in_the_second_half_of_its_life_and_not_before() {
        let due = |now| is_past_half(Time(1_000), Time(3_000), Time(now));
        assert_eq!([0, 1_000, 2_000, 2_001, 9_000].map(due), [false, false, false, true, true]);
    }
}
