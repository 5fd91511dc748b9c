"""Packs the static program as a docker-archive with one layer; the same program gives the same bytes.

usage: pack.py PROGRAM OUT.tar
"""

import hashlib
import io
import json
import os
import sys
import tarfile

TAG = "docker.io/ha-mesh/joget-standin:1"
UID = 1000
EPOCH = "1970-01-01T00:00:00Z"
USERS = {
    "etc/passwd": "root:x:0:0:root:/:/sbin/nologin\njoget:x:1000:1000:joget stand-in:/opt/joget:/sbin/nologin\n",
    "etc/group": "root:x:0:\njoget:x:1000:\n",
}
# path, owner, mode
FOLDERS = [
    ("etc", 0, 0o755),
    ("opt", 0, 0o755),
    ("opt/joget", 0, 0o755),
    ("opt/joget/wflow", UID, 0o775),
    ("tmp", 0, 0o1777),
    ("usr", 0, 0o755),
    ("usr/local", 0, 0o755),
    ("usr/local/bin", 0, 0o755),
]


def entry(name, mode, owner=0, content=None):
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
    info.mode, info.uid, info.gid, info.mtime = mode, owner, owner, 0
    info.size = 0 if content is None else len(content)
    return info, None if content is None else io.BytesIO(content)


def archive(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for info, content in entries:
            tar.addfile(info, content)
    return out.getvalue()


def layer(program):
    entries = [entry(path, mode, owner) for path, owner, mode in FOLDERS]
    entries += [entry(path, 0o644, 0, text.encode()) for path, text in USERS.items()]
    entries.append(entry("usr/local/bin/joget-standin", 0o755, 0, program))
    return archive(sorted(entries, key=lambda one: one[0].name))


def config(layer_sum):
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": EPOCH,
        "config": {
            "User": f"{UID}:{UID}",
            "Entrypoint": ["/usr/local/bin/joget-standin"],
            "Env": ["PATH=/usr/local/bin", "WFLOW_HOME=/opt/joget/wflow"],
            "ExposedPorts": {"8080/tcp": {}},
            "Volumes": {"/opt/joget/wflow": {}},
            "WorkingDir": "/opt/joget",
            "StopSignal": "SIGTERM",
            "Labels": {
                "org.opencontainers.image.title": "joget-standin",
                "org.opencontainers.image.description": "a stand-in for Joget in a test lab; it is not Joget",
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_sum}"]},
        "history": [{"created": EPOCH, "created_by": "docker/joget-standin/build"}],
    }


def pretty(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def main(program_path, out_path):
    with open(program_path, "rb") as file:
        blob = layer(file.read())
    layer_sum = hashlib.sha256(blob).hexdigest()
    settings = pretty(config(layer_sum))
    settings_name = hashlib.sha256(settings).hexdigest() + ".json"
    manifest = pretty([{"Config": settings_name, "Layers": [f"{layer_sum}/layer.tar"], "RepoTags": [TAG]}])
    entries = [
        entry(settings_name, 0o644, 0, settings),
        entry(layer_sum, 0o755),
        entry(f"{layer_sum}/layer.tar", 0o644, 0, blob),
        entry("manifest.json", 0o644, 0, manifest),
    ]
    whole = archive(entries)
    partial = out_path + ".part"
    with open(partial, "wb") as file:
        file.write(whole)
    os.replace(partial, out_path)
    print(f"{out_path}: {TAG}, {len(whole)} bytes, sha256 {hashlib.sha256(whole).hexdigest()}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
