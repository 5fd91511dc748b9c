//! A network of this host's own: 256 addresses of 127.0.0.0/8, where Linux answers without being told to.
//!
//! Knows nothing of who gets which.

use std::net::{IpAddr, Ipv4Addr, TcpListener};

use anyhow::Context as _;

/// Held by whoever uses the network: no coordinator's port.
const CLAIM: u16 = 7399;
/// Networks to look at before giving up.
const TRIES: u32 = 64;

/// A network that is ours while this lives.
#[derive(Debug)]
pub struct Network {
    middle: (u8, u8),
    _claim: TcpListener,
}

impl Network {
    /// 127.0.1.0/24, or another where that is taken.
    ///
    /// # Errors
    /// When all that were tried are taken.
    pub fn claim() -> anyhow::Result<Self> {
        let usual = std::iter::once((0, 1));
        let others = (0..TRIES).map(|_| (rand::random_range(1..=254), rand::random_range(1..=254)));
        let mut last = None;
        for middle in usual.chain(others) {
            match TcpListener::bind((host(middle, 1), CLAIM)) {
                Ok(claim) => return Ok(Self { middle, _claim: claim }),
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(|| anyhow::anyhow!("none was tried"), Into::into)).context("find a free network of 127/8")
    }

    /// The `n`-th address.
    pub fn host(&self, n: u8) -> IpAddr {
        host(self.middle, n)
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "127.{}.{}.0/24", self.middle.0, self.middle.1)
    }
}

fn host((second, third): (u8, u8), n: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, second, third, n))
}
