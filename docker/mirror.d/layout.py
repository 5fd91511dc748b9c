"""Lays a mirror out from built programs: layout.py PROGRAMS DEST

A file lies at <upstream host>/<upstream path>, so that the mirror's base and a URL without its scheme name it; an image
lies in images/ as a docker-archive. catalog.yaml lists every artifact with its sha256 and size.
"""
import gzip
import hashlib
import io
import json
import os
import pathlib
import sys
import tarfile

PROGRAMS, DEST = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
CREATED = "2026-01-01T00:00:00Z"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BUSYBOX_NAMES = "sh cp ls cat sleep wget nc httpd ping nslookup date hostname id env".split()

env = os.environ
catalog = []
written = {}  # sha256 -> path of the first file with it, for hard links


def program(name):
    return (PROGRAMS / name).read_bytes()


def archive(members):
    """A tar of (path, content, mode); content is bytes, None for a folder, or a str that a symbolic link points at."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content, mode in members:
            info = tarfile.TarInfo(path)
            info.mode = mode
            if content is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return out.getvalue()


def compressed(members):
    return gzip.compress(archive(members), compresslevel=1, mtime=0)


def write(path, content, **entry):
    target = DEST / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    digest = hashlib.sha256(content).hexdigest()
    if digest in written:
        os.link(written[digest], target)
    else:
        target.write_bytes(content)
        written[digest] = target
    catalog.append({**entry, "path": path, "sha256": digest, "size": len(content)})


def file(url, content, name, version):
    write(url.split("://", 1)[1], content, name=name, version=version, arch="amd64", kind="file", url=url)


def image(reference, layers, **config):
    digests = [hashlib.sha256(layer).hexdigest() for layer in layers]
    described = json.dumps({
        "architecture": "amd64", "os": "linux", "created": CREATED, "config": {"Env": [PATH], **config},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest for digest in digests]}, "history": [],
    }, sort_keys=True).encode()
    name = hashlib.sha256(described).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": [reference], "Layers": [digest + "/layer.tar" for digest in digests]}]
    members = [(name, described, 0o644)]
    members += [(digest + "/layer.tar", layer, 0o644) for digest, layer in dict(zip(digests, layers)).items()]
    members += [("manifest.json", json.dumps(manifest).encode(), 0o644)]
    repository, tag = reference.rsplit(":", 1)
    write(f"images/{repository.replace('/', '_')}_{tag}.tar", archive(members),
          name=repository, version=tag, arch="amd64", kind="image", url=reference)


def kubernetes(version, base):
    content = program("kubernetes-" + version)
    for name in ("kubeadm", "kubelet", "kubectl"):
        file(f"https://dl.k8s.io/release/v{version}/bin/linux/amd64/{name}", content, name, version)
    whole = archive([("usr/local/bin/kubernetes", content, 0o755)])
    for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"):
        link = archive([("usr/local/bin/" + name, "kubernetes", 0o777)])
        image(f"registry.k8s.io/{name}:v{version}", ([base] if name == "kube-proxy" else []) + [whole, link])


def etcd(version):
    folder = f"etcd-v{version}-linux-amd64"
    tools = [(name, program(f"{name}-{version}")) for name in ("etcd", "etcdctl", "etcdutl")]
    file(f"https://github.com/etcd-io/etcd/releases/download/v{version}/{folder}.tar.gz",
         compressed([(folder, None, 0o755)] + [(f"{folder}/{name}", content, 0o755) for name, content in tools]), "etcd", version)
    image(f"registry.k8s.io/etcd:{version}-0", [archive([("usr/local/bin/" + name, content, 0o755) for name, content in tools])])


def runtime():
    containerd, runc, cni = env["CONTAINERD"], env["RUNC"], env["CNI_PLUGINS"]
    names = ("containerd", "containerd-shim-runc-v2", "ctr")
    file(f"https://github.com/containerd/containerd/releases/download/v{containerd}/containerd-{containerd}-linux-amd64.tar.gz",
         compressed([("bin", None, 0o755)] + [("bin/" + name, program(name), 0o755) for name in names]), "containerd", containerd)
    file(f"https://github.com/opencontainers/runc/releases/download/v{runc}/runc.amd64", program("runc"), "runc", runc)
    plugins = ("bridge", "loopback", "host-local", "portmap", "firewall", "bandwidth")
    file(f"https://github.com/containernetworking/plugins/releases/download/v{cni}/cni-plugins-linux-amd64-v{cni}.tgz",
         compressed([("./" + name, program("cni-" + name), 0o755) for name in plugins]), "cni-plugins", cni)


def addons(base):
    box = archive([("bin/busybox", program("busybox"), 0o755)] + [("bin/" + name, "busybox", 0o777) for name in BUSYBOX_NAMES]
                  + [("tmp", None, 0o1777)])
    image(f"ghcr.io/flannel-io/flannel:v{env['FLANNEL']}", [base, archive([("opt/bin/flanneld", program("flanneld"), 0o755)])],
          Entrypoint=["/opt/bin/flanneld"])
    image(f"ghcr.io/flannel-io/flannel-cni-plugin:v{env['FLANNEL_CNI_PLUGIN']}", [box, archive([("flannel", program("cni-flannel"), 0o755)])])
    image(f"registry.k8s.io/coredns/coredns:v{env['COREDNS']}",
          [archive([("coredns", program("coredns"), 0o755), ("etc/ssl/certs/ca-certificates.crt", b"", 0o644)])], Entrypoint=["/coredns"])
    image(f"registry.k8s.io/pause:{env['PAUSE']}", [archive([("pause", program("pause"), 0o755)])], Entrypoint=["/pause"])
    image(f"docker.io/library/traefik:v{env['TRAEFIK']}", [box, archive([("usr/local/bin/traefik", program("traefik"), 0o755)])],
          Entrypoint=["/usr/local/bin/traefik"])
    image(f"docker.io/library/busybox:{env['BUSYBOX']}", [box], Cmd=["sh"])


def main():
    base = program("netbase.tar")
    for pair in env["KUBERNETES"].split():
        version, with_etcd = pair.split(":")
        kubernetes(version, base)
        etcd(with_etcd)
    runtime()
    addons(base)
    lines = ["# Built from source by docker/mirror: these digests are not upstream's.\n", "artifacts:\n"]
    lines += ["- {" + ", ".join(f"{key}: {json.dumps(value)}" for key, value in entry.items()) + "}\n" for entry in catalog]
    (DEST / "catalog.yaml").write_text("".join(lines), encoding="utf-8")
    print(f"{len(catalog)} artifacts in {DEST}")


main()
