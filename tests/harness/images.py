"""OCI image layouts made in memory: small images whose packages Trivy recognises, without an engine."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import TYPE_CHECKING

from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST, Descriptor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Tree = dict[str, str]
"""Files of a layer: path without a leading slash → text."""

DEBIAN_12: Tree = {
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "etc/debian_version": "12.5\n",
    "var/lib/dpkg/status": (
        "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\n"
        "Version: 1:1.2.13.dfsg-1\nMaintainer: nobody\nDescription: compression\n\n"
    ),
}
DEBIAN_9: Tree = {
    **DEBIAN_12,
    "etc/os-release": 'ID=debian\nVERSION_ID="9"\nPRETTY_NAME="Debian GNU/Linux 9 (stretch)"\n',
    "etc/debian_version": "9.13\n",
}


def pip_package(name: str, version: str, *, where: str = "app") -> Tree:
    """The metadata of an installed Python package, which is what Trivy reads."""
    return {
        f"{where}/{name}-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    }


def make_image(
    path: Path, platforms: Mapping[str, Sequence[Tree]], *, index: bool = True, env: Mapping[str, str] | None = None
) -> Descriptor:
    """Write a layout as a build does: one index in index.json, or with `index=False` the one manifest.

    Each platform is given as its layers, lowest first; `env` are the variables in every one's config. Returns the
    descriptor of the root.
    """
    layout = Layout(path)
    layout.create()
    children = [_manifest(layout, platform, layers, env or {}) for platform, layers in platforms.items()]
    root = children[0]
    if index:
        body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [c.as_json() for c in children]})
        root = Descriptor(OCI_INDEX, layout.add(body.encode()), len(body))
    layout.write_entries([root])
    return root


def _manifest(layout: Layout, platform: str, layers: Sequence[Tree], env: Mapping[str, str]) -> Descriptor:
    tars = [_tar(tree) for tree in layers]
    blobs = [gzip.compress(tar, mtime=0) for tar in tars]
    os_name, architecture, *variant = platform.split("/")
    config = json.dumps(
        {
            "os": os_name,
            "architecture": architecture,
            **({"variant": variant[0]} if variant else {}),
            "config": {"Env": [f"{name}={value}" for name, value in env.items()]} if env else {},
            "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(tar)) for tar in tars]},
            "history": [{"created_by": "COPY"} for _ in tars]
            + [{"created_by": f"ENV {name}={value}", "empty_layer": True} for name, value in env.items()],
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": Descriptor(OCI_CONFIG, layout.add(config), len(config)).as_json(),
            "layers": [Descriptor(OCI_LAYER_GZIP, layout.add(blob), len(blob)).as_json() for blob in blobs],
        }
    ).encode()
    return Descriptor(OCI_MANIFEST, layout.add(manifest), len(manifest), platform)


def _tar(tree: Tree) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, text in tree.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()
