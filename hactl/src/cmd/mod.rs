//! One verb a file: asks a coordinator, hands the answer to `render`, says how it ended.

pub(crate) mod apply;
pub(crate) mod completion;
pub(crate) mod context;
pub(crate) mod echo;
pub(crate) mod events;
pub(crate) mod heal;
pub(crate) mod incident;
pub(crate) mod kubeconfig;
pub(crate) mod login;
pub(crate) mod logs;
pub(crate) mod man;
pub(crate) mod node;
pub(crate) mod plan;
pub(crate) mod secret;
pub(crate) mod spec;
pub(crate) mod status;
pub(crate) mod steps;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod version;
pub(crate) mod watch;
pub(crate) mod whatif;
