//! Tests of ha-transport over real sockets on loopback. One binary: it links once.

mod authority;
mod credentials;
mod echo;
mod enrolment;
mod limits;
mod mutual;
mod revocation;
mod site;
mod strings;
