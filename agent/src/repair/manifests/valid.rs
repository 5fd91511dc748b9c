//! Whether a file can still be read as what it is. Pure.
//!
//! Asks for the parts without which its program could not begin, and judges none of its settings.

use serde_json::Value;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A static pod.
    Pod,
    /// A kubeconfig.
    Kubeconfig,
    /// The kubelet's configuration.
    KubeletConfiguration,
    /// Lines of NAME=VALUE for a unit.
    Variables,
}

/// What is wrong with it; `None` when nothing is.
pub(super) fn why_not(kind: Kind, content: &[u8]) -> Option<&'static str> {
    let text = std::str::from_utf8(content).unwrap_or("\0");
    if text.trim().is_empty() {
        return Some("was empty");
    }
    let fits = match kind {
        Kind::Variables => !text.contains('\0') && text.contains('='),
        Kind::Pod | Kind::Kubeconfig | Kind::KubeletConfiguration => {
            serde_saphyr::from_str::<Value>(text).is_ok_and(|value| has_its_parts(kind, &value))
        }
    };
    (!fits).then_some("could not be read as what it is")
}

fn has_its_parts(kind: Kind, value: &Value) -> bool {
    let is_list = |at: &str| value.pointer(at).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    match kind {
        // The image of the last container comes late: a file that was cut short lacks it.
        Kind::Pod => {
            let containers = value.pointer("/spec/containers").and_then(Value::as_array).into_iter().flatten();
            value["kind"] == "Pod"
                && is_list("/spec/containers")
                && containers.into_iter().all(|c| c["image"].is_string())
        }
        Kind::Kubeconfig => value["kind"] == "Config" && is_list("/clusters") && is_list("/users"),
        Kind::KubeletConfiguration => value["kind"] == "KubeletConfiguration",
        Kind::Variables => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: etcd}\nspec:\n  containers:\n  - command: [etcd]\n    \
        image: registry.k8s.io/etcd:3.6\n";

    #[test]
    fn what_a_program_could_not_begin_with_is_not_good() {
        assert_eq!(why_not(Kind::Pod, POD.as_bytes()), None);
        let cut = POD.split("    image").next().unwrap();
        for broken in [cut, "kind: Pod\n", "kind: Pod\nspec: {containers: []}", "\0\0\0\0", "{", "kind: Config"] {
            assert_eq!(why_not(Kind::Pod, broken.as_bytes()), Some("could not be read as what it is"), "{broken:?}");
        }
        assert_eq!(why_not(Kind::Pod, b" \n"), Some("was empty"));
        assert_eq!(
            why_not(Kind::Kubeconfig, b"kind: Config\nclusters: [{}]\nusers: []"),
            Some("could not be read as what it is")
        );
        assert_eq!(why_not(Kind::KubeletConfiguration, b"kind: KubeletConfiguration\n"), None);
        assert_eq!(why_not(Kind::Variables, b"KUBELET_KUBEADM_ARGS=\"\"\n"), None);
        assert!(why_not(Kind::Variables, b"\xff\0").is_some());
    }
}
