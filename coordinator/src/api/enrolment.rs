//! The way in: a token, proven; a certificate, registered before it is handed out.

use ha_domain::id::{Digest, Identity, MachineName, Subject, TokenId};
use ha_domain::report::Facts;
use ha_domain::state::{Command, Reply};
use ha_proto::v1::enrolment_server::Enrolment;
use ha_proto::v1::{EnrolReply, EnrolRequest};
use ha_transport::Csr;
use tonic::{Request, Response, Status};

use super::agents::certify;
use super::reply::refused;
use crate::config::Ports;
use crate::mesh::SharedMesh;

/// The enrolment service.
#[derive(Clone)]
pub struct EnrolmentService {
    mesh: SharedMesh,
}

impl EnrolmentService {
    /// On a mesh.
    pub fn new(mesh: SharedMesh) -> Self {
        Self { mesh }
    }
}

#[tonic::async_trait]
impl Enrolment for EnrolmentService {
    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<EnrolReply>, Status> {
        let request = request.into_inner();
        // Before the token is spent: a request that cannot be signed must cost nothing.
        Csr::from_der(&request.csr).map_err(|e| Status::invalid_argument(e.to_string()))?;
        let csr = request.csr.clone();
        let reply = self.mesh.propose("enrolment", claim(request)?).await.map_err(refused)?;
        let Reply::Enrolled { identity } = reply else { return Err(Status::internal("the state did not enrol")) };
        let certificate = certify(&self.mesh, &identity, &csr).await?;
        Ok(Response::new(self.answer(&identity, certificate.certificate_pem, certificate.ca_pem)))
    }
}

fn claim(request: EnrolRequest) -> Result<Command, Status> {
    let bad = |e: &dyn std::fmt::Display| Status::invalid_argument(e.to_string());
    let facts: Option<Facts> = match request.facts.as_slice() {
        [] => None,
        json => Some(serde_json::from_slice(json).map_err(|e| bad(&e))?),
    };
    let given = |s: &str| (!s.is_empty()).then(|| s.to_owned());
    Ok(Command::Enrol {
        token: TokenId::new(&request.token_id).map_err(|e| bad(&e))?,
        secret: Digest::of(&request.secret),
        facts: facts.map(Box::new),
        name: given(&request.name).map(|n| MachineName::new(&n)).transpose().map_err(|e| bad(&e))?,
        address: given(&request.address),
    })
}

impl EnrolmentService {
    fn answer(&self, identity: &Identity, certificate_pem: String, ca_pem: String) -> EnrolReply {
        let ports = self.mesh.hosts().into_iter().filter_map(|(_, host)| Ports::of(&host).ok());
        let (id, endpoints, seal_key) = match &identity.subject {
            Subject::Agent(id) => (id.to_string(), ports.map(|p| p.agents()).collect(), Vec::new()),
            Subject::Operator(name) => (name.to_string(), ports.map(|p| p.operators()).collect(), Vec::new()),
            Subject::Coordinator(id) => {
                (id.0.to_string(), ports.map(|p| p.peers()).collect(), self.mesh.seal.bytes().expose().to_vec())
            }
        };
        EnrolReply { certificate_pem, ca_pem, id, endpoints, seal_key, cluster: identity.cluster.to_string() }
    }
}
