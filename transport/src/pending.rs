//! Places for handshakes under way: so many in all, so many from one address, so that one host cannot take them all.
//!
//! Knows nothing of TLS.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::counters::Reason;

/// The places; cloning shares.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    in_all: usize,
    from_one: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_source: HashMap<IpAddr, usize>,
}

impl Pending {
    pub(crate) fn new(in_all: usize, from_one: usize) -> Self {
        Self { in_all, from_one, taken: Arc::default() }
    }

    /// Takes a place for a handshake from `address`, or says which limit is reached.
    pub(crate) fn enter(&self, address: IpAddr) -> Result<Place, Reason> {
        let source = source_of(address);
        let mut taken = self.lock();
        if taken.by_source.get(&source).copied().unwrap_or(0) >= self.from_one {
            return Err(Reason::TooManyFromAddress);
        }
        if taken.total >= self.in_all {
            return Err(Reason::TooManyHandshakes);
        }
        taken.total += 1;
        *taken.by_source.entry(source).or_default() += 1;
        drop(taken);
        Ok(Place { pending: self.clone(), source })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One handshake's place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    pending: Pending,
    source: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.pending.lock();
        taken.total = taken.total.saturating_sub(1);
        if let Some(count) = taken.by_source.get_mut(&self.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.by_source.remove(&self.source);
            }
        }
    }
}

/// An IPv6 host commonly has a whole /64 to itself: that counts as one source.
fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(s: &str) -> IpAddr {
        s.parse().unwrap()
    }

    #[test]
    fn one_source_cannot_take_all_places() {
        let pending = Pending::new(3, 2);
        let held: Vec<_> = (0..2).map(|_| pending.enter(ip("10.0.0.1")).unwrap()).collect();
        assert_eq!(pending.enter(ip("10.0.0.1")).unwrap_err(), Reason::TooManyFromAddress);
        assert_eq!(pending.enter(ip("::ffff:10.0.0.1")).unwrap_err(), Reason::TooManyFromAddress);
        let _other = pending.enter(ip("10.0.0.2")).unwrap();
        assert_eq!(pending.enter(ip("10.0.0.3")).unwrap_err(), Reason::TooManyHandshakes);
        drop(held);
        assert!(pending.enter(ip("10.0.0.1")).is_ok());
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_source() {
        let pending = Pending::new(9, 1);
        let _held = pending.enter(ip("2001:db8::1")).unwrap();
        assert_eq!(pending.enter(ip("2001:db8::2")).unwrap_err(), Reason::TooManyFromAddress);
        assert!(pending.enter(ip("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn a_place_given_up_leaves_no_trace() {
        let pending = Pending::new(1, 1);
        drop(pending.enter(ip("10.0.0.1")).unwrap());
        assert!(pending.lock().by_source.is_empty());
        assert_eq!(pending.lock().total, 0);
    }
}
