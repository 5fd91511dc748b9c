//! What the authority signs, and what it does not take from a request.

use std::time::{Duration, SystemTime};

use ha_domain::id::{ClusterName, Digest, Identity};
use ha_transport::{CertificateAuthority, Csr, Error, Facts, LocalKey, time_at};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SanType,
};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;

use crate::site::{DAY, Site, agent, coordinator, operator};

/// The names and usages of a certificate, as text.
fn described(pem: &str) -> String {
    let (_, pem) = parse_x509_pem(pem.as_bytes()).unwrap();
    let cert = pem.parse_x509().unwrap();
    let sans = &cert.subject_alternative_name().unwrap().unwrap().value.general_names;
    let sans: Vec<String> = sans.iter().map(named).collect();
    let eku = cert.extended_key_usage().unwrap().unwrap().value;
    let ku = cert.key_usage().unwrap().unwrap().value;
    format!(
        "subject {}; names {}; ca {}; client {} server {} any {} signing {} email {}; usages {ku}; extensions {}",
        cert.subject(),
        sans.join(" "),
        cert.is_ca(),
        eku.client_auth,
        eku.server_auth,
        eku.any,
        eku.code_signing,
        eku.email_protection,
        cert.extensions().len(),
    )
}

fn named(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::URI(uri) => format!("uri:{uri}"),
        GeneralName::DNSName(dns) => format!("dns:{dns}"),
        other => format!("{other:?}"),
    }
}

const AGENT_FORM: &str = "subject O=ha-mesh, CN=n7; names uri:spiffe://site/agent/n7; ca false; \
    client true server false any false signing false email false; usages Digital Signature; extensions 6";

#[test]
fn an_agent_s_certificate_says_only_what_the_record_says() {
    assert_eq!(described(&Site::new("site").credentials(agent("n7")).certificate_pem), AGENT_FORM);
}

#[test]
fn a_coordinator_s_certificate_can_also_serve() {
    let form = described(&Site::new("site").credentials(coordinator(3)).certificate_pem);
    assert!(
        form.contains(
            "names uri:spiffe://site/coordinator/3 dns:coordinator.ha.internal; ca false; client true server true"
        ),
        "{form}"
    );
}

#[test]
fn an_operator_s_certificate_cannot_serve() {
    let form = described(&Site::new("site").credentials(operator("mia")).certificate_pem);
    assert!(form.contains("names uri:spiffe://site/operator/mia; ca false; client true server false"), "{form}");
}

#[test]
fn a_hostile_request_yields_only_the_record_s_fields() {
    let site = Site::new("site");
    let mut asked = CertificateParams::new(vec!["master1".to_owned(), "10.0.0.1".to_owned()]).unwrap();
    asked.subject_alt_names.push(SanType::URI("spiffe://site/coordinator/1".try_into().unwrap()));
    asked.distinguished_name.push(rcgen::DnType::OrganizationName, "system:masters");
    asked.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    asked.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    asked.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any, ExtendedKeyUsagePurpose::ServerAuth];
    asked.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0])];
    let key = KeyPair::generate().unwrap();
    let request = asked.serialize_request(&key).unwrap();
    assert!(request.der().windows(8).any(|w| w == b"system:m"), "the request is not hostile at all");
    let csr = Csr::from_der(request.der()).unwrap();
    let signed = site.ca.sign(&csr, &site.identity(agent("n7")), DAY, SystemTime::now()).unwrap();
    assert_eq!(described(&signed.pem), AGENT_FORM);
    assert_eq!(&Facts::of_pem(&signed.pem).unwrap().key_digest, csr.key_digest());
}

#[test]
fn a_request_that_its_own_key_did_not_sign_is_refused() {
    let der = LocalKey::generate().unwrap().csr_der().unwrap();
    assert!(Csr::from_der(&der).is_ok());
    // The signature's last byte, and then each byte of the key in turn.
    for i in (der.len() - 1..der.len()).chain(60..der.len() - 90) {
        let mut altered = der.clone();
        altered[i] ^= 1;
        assert!(Csr::from_der(&altered).is_err(), "byte {i} of {}", der.len());
    }
    for cut in [0, 1, der.len() / 2, der.len() - 1] {
        assert!(Csr::from_der(&der[..cut]).is_err());
    }
    assert!(Csr::from_der(&[der.as_slice(), b"x"].concat()).is_err(), "trailing bytes");
    assert!(Csr::from_der(&vec![0x30; 10_000]).is_err(), "too large");
}

#[test]
fn keys_of_other_kinds_are_refused() {
    for kind in [&PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        let key = KeyPair::generate_for(kind).unwrap();
        let der = CertificateParams::default().serialize_request(&key).unwrap();
        let refused = Csr::from_der(der.der()).unwrap_err();
        assert!(matches!(refused, Error::SigningRequest("its key is not P-256")), "{refused}");
    }
}

#[test]
fn times_are_ours_and_never_beyond_the_authority() {
    let site = Site::new("site");
    let now = SystemTime::now();
    let facts = |lifetime| Facts::of_pem(&site.credentials_at(agent("n1"), lifetime, now).certificate_pem).unwrap();
    let day = facts(DAY);
    assert_eq!(day.not_before.0 / 1000, time_at(now).0 / 1000 - 300, "backdated five minutes");
    assert_eq!(day.not_after.0 / 1000, time_at(now + DAY).0 / 1000);
    let ca = Facts::of_pem(site.ca.ca_pem()).unwrap();
    assert_eq!(ca.not_after.0 / 1000, time_at(now + DAY * 3650).0 / 1000);
    assert_eq!(facts(DAY * 9999).not_after, ca.not_after);
}

#[test]
fn nothing_is_signed_for_another_cluster_or_after_the_authority_s_end() {
    let site = Site::new("site");
    let csr = Csr::from_der(&LocalKey::generate().unwrap().csr_der().unwrap()).unwrap();
    let foreign: Identity = "spiffe://elsewhere/agent/n1".parse().unwrap();
    let refused = site.ca.sign(&csr, &foreign, DAY, SystemTime::now()).unwrap_err();
    assert!(matches!(refused, Error::OtherCluster { .. }), "{refused}");
    let late = SystemTime::now() + DAY * 3651;
    assert!(site.ca.sign(&csr, &site.identity(agent("n1")), DAY, late).is_err());
    assert!(site.ca.sign(&csr, &site.identity(agent("n1")), Duration::ZERO, SystemTime::now()).is_err());
}

#[test]
fn an_authority_taken_up_again_is_the_same() {
    let made = Site::new("site").ca;
    let again = CertificateAuthority::from_parts(made.ca_pem(), made.key_pem().clone()).unwrap();
    assert_eq!((again.pin(), again.cluster()), (made.pin(), &ClusterName::new("site").unwrap()));
    assert_ne!(again.pin(), &Digest::of(b""));
    let other = Site::new("site").ca;
    assert!(CertificateAuthority::from_parts(made.ca_pem(), other.key_pem().clone()).is_err(), "a foreign key");
    assert!(!format!("{made:?}{:?}", LocalKey::generate().unwrap()).contains("PRIVATE"));
}

#[test]
fn two_certificates_of_one_key_have_two_serial_numbers() {
    let site = Site::new("site");
    let csr = Csr::from_der(&LocalKey::generate().unwrap().csr_der().unwrap()).unwrap();
    let serial = || {
        let signed = site.ca.sign(&csr, &site.identity(agent("n1")), DAY, SystemTime::now()).unwrap();
        let (_, pem) = parse_x509_pem(signed.pem.as_bytes()).unwrap();
        pem.parse_x509().unwrap().raw_serial().to_vec()
    };
    let (one, other) = (serial(), serial());
    assert_ne!(one, other);
    assert!(one.len() == 16 && other.len() == 16, "{one:x?} {other:x?}");
}
