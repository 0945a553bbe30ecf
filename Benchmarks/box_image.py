#!/usr/bin/env python3
"""Makes an image of one layer with a static busybox, as an archive in the form of `docker save`.

    Benchmarks/box_image.py NAME TARGET [--text TEXT] [--shell SCRIPT] [--user USER]

NAME is what the archive calls it. The image has /bin/busybox, /etc/passwd with the user app (1000:100), the
directories proc, sys, dev and out, and /text with TEXT. SCRIPT is what it runs without another command.
"""

import argparse
import hashlib
import io
import json
import os
import tarfile

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def archive(files):
    """A tar of (path, bytes or None for a directory, mode)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, data, mode in files:
            member = tarfile.TarInfo(path)
            member.mode = mode
            if data is None:
                member.type = tarfile.DIRTYPE
                tar.addfile(member)
            else:
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("target")
    parser.add_argument("--text", default="")
    parser.add_argument("--shell", default="exec /bin/busybox sleep 600")
    parser.add_argument("--user", default="root")
    options = parser.parse_args()
    with open("/bin/busybox", "rb") as file:
        busybox = file.read()
    passwd = b"root:x:0:0::/:/bin/sh\napp:x:1000:100::/:/bin/sh\n"
    folders = [(name, None, 0o755) for name in ("proc", "sys", "dev", "out")]
    layer = archive(
        folders
        + [
            ("bin/busybox", busybox, 0o755),
            ("etc/passwd", passwd, 0o644),
            ("text", options.text.encode(), 0o644),
        ]
    )
    config = json.dumps(
        {
            "architecture": MACHINES[os.uname().machine],
            "os": "linux",
            "config": {
                "User": options.user,
                "Cmd": ["/bin/busybox", "sh", "-c", options.shell],
                "Env": ["PATH=/bin"],
            },
            "rootfs": {
                "type": "layers",
                "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()],
            },
        }
    ).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": [options.name], "Layers": ["layer.tar"]}]
    files = [
        (name, config, 0o644),
        ("layer.tar", layer, 0o644),
        ("manifest.json", json.dumps(manifest).encode(), 0o644),
    ]
    with open(options.target, "wb") as file:
        file.write(archive(files))


main()
