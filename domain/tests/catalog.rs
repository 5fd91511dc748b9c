//! Catalogs: the built-in one, one of a mirror, and ones that must not be believed.

#![expect(clippy::unwrap_used, reason = "tests may fail")]

use ha_domain::catalog::{Arch, Catalog};
use ha_domain::spec::value::{HttpUrl, ImageReference};
use semver::Version;

/// A mirror's catalog, as a list of `name version kind url path`.
fn mirror() -> String {
    let mut text = "# generated\nartifacts:\n".to_owned();
    let mut add = |name: &str, version: &str, kind: &str, url: &str, path: &str| {
        let digest = format!("{:064x}", text.len());
        text += &format!(
            "- {{name: \"{name}\", version: \"{version}\", arch: \"amd64\", kind: \"{kind}\", url: \"{url}\", path: \"{path}\", sha256: \"{digest}\", size: 7}}\n"
        );
    };
    for (k8s, etcd) in [("1.36.3", "3.6.16"), ("1.37.2", "3.7.3")] {
        let path = format!("dl.k8s.io/release/v{k8s}/bin/linux/amd64/kubeadm");
        add("kubeadm", k8s, "file", &format!("https://{path}"), &path);
        let path = format!("github.com/etcd-io/etcd/releases/download/v{etcd}/etcd.tar.gz");
        add("etcd", etcd, "file", &format!("https://{path}"), &path);
        let tag = format!("{etcd}-0");
        add(
            "registry.k8s.io/etcd",
            &tag,
            "image",
            &format!("registry.k8s.io/etcd:{tag}"),
            &format!("images/etcd_{tag}.tar"),
        );
    }
    for (name, version) in
        [("containerd", "2.3.7"), ("runc", "1.4.3"), ("cni-plugins", "1.9.1"), ("containerd", "2.3.10")]
    {
        add(
            name,
            version,
            "file",
            &format!("https://up.example/{name}-{version}"),
            &format!("up.example/{name}-{version}"),
        );
    }
    let images = [
        ("registry.k8s.io/coredns/coredns", "v1.14.6"),
        ("registry.k8s.io/pause", "3.10.2"),
        ("ghcr.io/flannel-io/flannel", "v0.28.10"),
        ("ghcr.io/flannel-io/flannel-cni-plugin", "v1.9.1-flannel1"),
        ("docker.io/library/traefik", "v3.7.13"),
    ];
    for (name, tag) in images {
        add(name, tag, "image", &format!("{name}:{tag}"), &format!("images/{}_{tag}.tar", name.replace('/', "_")));
    }
    text
}

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

#[test]
fn the_built_in_catalog_can_be_read_and_every_kubernetes_in_it_is_complete() {
    let catalog = Catalog::built_in();
    assert_eq!(catalog.kubernetes_versions().len(), 3);
    for version in catalog.kubernetes_versions() {
        let parts = catalog.components_for(&version).unwrap();
        for arch in [Arch::Amd64, Arch::Arm64] {
            for name in ["kubeadm", "kubelet", "kubectl"] {
                catalog.artifact(name, &version.to_string(), arch).unwrap();
            }
            for (name, of) in [
                ("etcd", &parts.etcd),
                ("containerd", &parts.containerd),
                ("runc", &parts.runc),
                ("cni-plugins", &parts.cni_plugins),
            ] {
                assert!(catalog.artifact(name, of, arch).unwrap().sha256.is_some());
            }
        }
    }
}

#[test]
fn the_built_in_catalog_pulls_every_image_by_reference() {
    let catalog = Catalog::built_in();
    for version in catalog.kubernetes_versions() {
        let parts = catalog.components_for(&version).unwrap();
        for image in parts.control_plane_images().iter().chain(&parts.node_images()).chain([&parts.traefik]) {
            let artifact = catalog.image(image, Arch::Arm64).unwrap();
            assert!(artifact.is_pulled() && artifact.download_url(None).is_none(), "{image}");
        }
    }
}

#[test]
fn a_mirrors_catalog_needs_no_table_of_parts() {
    let catalog = Catalog::parse(&mirror()).unwrap();
    let parts = catalog.components_for(&version("1.36.3")).unwrap();
    assert_eq!((parts.etcd.as_str(), parts.etcd_image.as_str()), ("3.6.16", "registry.k8s.io/etcd:3.6.16-0"));
    assert_eq!(catalog.components_for(&version("1.37.2")).unwrap().etcd, "3.7.3");
    assert_eq!(parts.containerd, "2.3.10", "the newest by number, not by letter");
    assert_eq!(parts.flannel_cni_plugin.as_str(), "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel1");
}

#[test]
fn what_is_not_there_is_refused_with_what_is() {
    let catalog = Catalog::parse(&mirror()).unwrap();
    let error = catalog.components_for(&version("1.38.0")).unwrap_err();
    assert_eq!(error.to_string(), "the catalog has no Kubernetes 1.38.0; known: 1.36.3, 1.37.2");
    let error = catalog.artifact("runc", "1.4.9", Arch::Amd64).unwrap_err();
    assert_eq!(error.to_string(), "the catalog has no runc 1.4.9 for amd64; known: 1.4.3");
    let error = catalog.artifact("runc", "1.4.3", Arch::Arm64).unwrap_err();
    assert_eq!(error.to_string(), "the catalog has no runc 1.4.3 for arm64; known: none");
    let image = ImageReference::parse("registry.k8s.io/pause:3.9").unwrap();
    assert_eq!(catalog.image(&image, Arch::Amd64).unwrap_err().known, ["3.10.2"]);
}

#[test]
fn a_catalog_without_a_part_says_which() {
    let text = mirror().lines().filter(|line| !line.contains("traefik")).collect::<Vec<_>>().join("\n");
    let error = Catalog::parse(&text).unwrap().components_for(&version("1.36.3")).unwrap_err();
    assert_eq!(error.what, "docker.io/library/traefik");
}

#[test]
fn images_are_found_by_reference() {
    let catalog = Catalog::parse(&mirror()).unwrap();
    let image = ImageReference::parse("registry.k8s.io/pause:3.10.2").unwrap();
    assert_eq!(catalog.image(&image, Arch::Amd64).unwrap().mirror_path(), "images/registry.k8s.io_pause_3.10.2.tar");
}

#[test]
fn a_mirror_changes_the_base_and_nothing_else() {
    let catalog = Catalog::built_in();
    let runc = catalog.artifact("runc", "1.4.3", Arch::Amd64).unwrap();
    let upstream = "https://github.com/opencontainers/runc/releases/download/v1.4.3/runc.amd64";
    assert_eq!(runc.download_url(None).unwrap(), upstream);
    let base = HttpUrl::parse("http://mirror.example/ha/").unwrap();
    assert_eq!(runc.download_url(Some(&base)).unwrap(), upstream.replace("https://", "http://mirror.example/ha/"));
}

#[test]
fn a_catalog_that_cannot_be_trusted_is_refused() {
    let digest = "ab".repeat(32);
    let entry = |rest: &str| format!("artifacts:\n- {{name: runc, version: 1.4.3, arch: amd64, kind: file, {rest}}}\n");
    let good = format!("url: 'https://up.example/runc', path: up.example/runc, sha256: {digest}, size: 1");
    Catalog::parse(&entry(&good)).unwrap();
    let wrong = [
        (good.replace("path: up.example/runc", "path: /etc/passwd"), "relative"),
        (good.replace("path: up.example/runc", "path: a/../../b"), "relative"),
        (good.replace("path: up.example/runc, ", "").replace("up.example/runc", "up.example/../runc"), "'..'"),
        (good.replace("https:", "file:"), "http(s) URL"),
        (good.replace(&digest, "abcd"), "sha256"),
        (good.replace(&digest, &digest.to_uppercase()), "sha256"),
        (good.replace(&format!("sha256: {digest}, "), ""), "needs its sha256"),
        (good.replace("size: 1", "siez: 1"), "siez"),
        (good.replace("size: 1", "size: -1"), "cannot be read"),
    ];
    for (rest, words) in wrong {
        let error = Catalog::parse(&entry(&rest)).unwrap_err().to_string();
        assert!(error.contains(words), "{rest}: {error}");
    }
}

#[test]
fn an_artifact_that_is_there_twice_is_refused() {
    let text = mirror();
    let last = text.lines().last().unwrap();
    let error = Catalog::parse(&format!("{text}{last}\n")).unwrap_err().to_string();
    assert!(error.contains("docker.io/library/traefik v3.7.13: it is there twice"), "{error}");
}

#[test]
fn an_image_must_be_named_by_its_own_reference() {
    let text = mirror().replace("url: \"registry.k8s.io/pause:3.10.2\"", "url: \"evil.example/pause:3.10.2\"");
    assert!(Catalog::parse(&text).unwrap_err().to_string().contains("image reference"));
}

#[test]
fn a_catalog_of_ten_megabytes_is_not_read() {
    // It is not YAML either: what refuses it is its size, before a line of it is read.
    let error = Catalog::parse(&"[".repeat(10 << 20)).unwrap_err().to_string();
    assert!(error.contains("is this the right file"), "{error}");
}

#[test]
fn a_version_whose_parts_are_not_all_in_the_catalog_is_refused_with_the_part() {
    let without =
        |name: &str| mirror().lines().filter(|l| !l.contains(name)).map(|l| format!("{l}\n")).collect::<String>();
    let fine = include_str!("spec/fine.yaml").replace("1.36.4", "1.36.3");
    let read = |text: &str| ha_domain::spec::read(&fine, &Catalog::parse(text).unwrap());
    assert!(read(&mirror()).is_ok());
    for part in ["containerd", "coredns", "traefik"] {
        let problems = read(&without(part)).unwrap_err();
        assert_eq!(problems[0].path, "kubernetes.version");
        assert!(problems[0].message.contains("a part of 1.36.3 is missing"), "{}", problems[0].message);
        assert!(problems[0].message.contains(part), "{}", problems[0].message);
    }
}
