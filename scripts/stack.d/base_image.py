"""Write a busybox image for several platforms as an OCI archive that ``docker load`` reads.

usage: base_image.py NAME ARCHIVE ARCHITECTURE=DEB-ROOT...

Each DEB-ROOT is an unpacked busybox-static package of that architecture. The
image is what busybox's own is: the program, a link for each of its applets,
and the few files a system needs. The same packages give the same digest.
"""

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
FOLDERS = {"bin": 0o755, "etc": 0o755, "home": 0o755, "root": 0o700, "tmp": 0o1777, "usr": 0o755, "var": 0o755}
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/false\n"
    "nobody:x:65534:65534:nobody:/home:/bin/false\n",
    "etc/group": "root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n",
}


def program_of(root: Path) -> Path:
    """The package's program, in /bin or, in newer releases, in /usr/bin."""
    return next(path for path in (root / "bin/busybox", root / "usr/bin/busybox") if path.is_file())


def applets(program: Path) -> list[str]:
    """What busybox can be called as; empty if this machine can't run the program."""
    try:
        return subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return []


def layer(program: bytes, links: list[str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, mode in FOLDERS.items():
            add(tar, name, mode, tarfile.DIRTYPE)
        for name, text in FILES.items():
            add(tar, name, 0o644, body=text.encode())
        add(tar, "bin/busybox", 0o755, body=program)
        for name in sorted(set(links) - {"busybox"}):
            add(tar, f"bin/{name}", 0o755, tarfile.LNKTYPE, link="bin/busybox")
    return packed.getvalue()


def add(
    tar: tarfile.TarFile, name: str, mode: int, kind: bytes = tarfile.REGTYPE, body: bytes = b"", link: str = ""
) -> None:
    member = tarfile.TarInfo(name)
    member.mode, member.type, member.linkname, member.size = mode, kind, link, len(body)
    tar.addfile(member, io.BytesIO(body))


class Layout:
    """An OCI image layout in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

    def put(self, body: bytes | dict[str, Any], media_type: str, **more: Any) -> dict[str, Any]:
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        digest = hashlib.sha256(body).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = body
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(body), **more}

    def image(self, architecture: str, program: bytes, links: list[str]) -> dict[str, Any]:
        content = layer(program, links)
        platform = {"architecture": architecture, "os": "linux"}
        config = platform | {
            "config": {"Env": [f"PATH={PATH}"], "Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(content).hexdigest()}"]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.put(config, CONFIG),
            "layers": [self.put(gzip.compress(content, mtime=0), LAYER)],
        }
        return self.put(manifest, MANIFEST, platform=platform)

    def write(self, archive: str) -> None:
        with tarfile.open(archive, mode="w") as tar:
            for name, body in self.files.items():
                add(tar, name, 0o644, body=body)


def main(name: str, archive: str, *roots: str) -> None:
    pairs = (pair.split("=", 1) for pair in roots)
    programs = {architecture: program_of(Path(root)) for architecture, root in pairs}
    links = max((applets(program) for program in programs.values()), key=len)
    layout = Layout()
    images = [layout.image(architecture, program.read_bytes(), links) for architecture, program in programs.items()]
    index = layout.put({"schemaVersion": 2, "mediaType": INDEX, "manifests": images}, INDEX)
    index["annotations"] = {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name.rpartition(":")[2],
    }
    layout.files["index.json"] = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [index]}).encode()
    layout.write(archive)


if __name__ == "__main__":
    main(*sys.argv[1:])
