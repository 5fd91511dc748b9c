//! Another mesh, of one coordinator, with a join string and a login of its own.

use ha_coordinator::store::Timing;
use ha_tests::coordinator::CoordinatorSeat;
use ha_tests::network::Network;
use ha_tests::until::until_so;
use ha_transport::{JoinString, LoginString};

use crate::shared;

pub(crate) struct Other {
    pub(crate) seat: CoordinatorSeat,
    pub(crate) join: JoinString,
    pub(crate) login: LoginString,
    _network: Network,
}

impl Other {
    pub(crate) async fn found(name: &str) -> Self {
        let network = Network::claim().unwrap();
        let dir = shared::folder(&format!("others/{name}"));
        let seat = CoordinatorSeat::new(&dir, ("other", network.host(2)), Timing::SlowDisk);
        let founded = seat.found(b"no package").await.unwrap();
        seat.start().unwrap();
        until_so("the other mesh", || seat.leads()).await.unwrap();
        Self { seat, join: founded.join, login: founded.login, _network: network }
    }

    /// Every claim of a token is an entry of the log, whatever comes of it.
    pub(crate) fn claims(&self) -> u64 {
        self.seat.look(|mesh| mesh.peek(|s| s.index)).unwrap()
    }
}
