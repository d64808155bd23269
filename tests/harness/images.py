"""OCI image layouts made in memory: small images whose packages Trivy recognises, without an engine."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST, Descriptor
from ci_toolkit.scanners import zstd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Tree = Mapping[str, str | bytes]
"""Files of a layer: path without a leading slash → content."""
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"

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
ALPINE: Tree = {
    "etc/os-release": 'ID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\n',
    "etc/alpine-release": "3.22.1\n",
    "lib/apk/db/installed": "P:libssl3\nV:3.5.1-r0\nA:x86_64\no:openssl\nL:Apache-2.0\n\n",
}


def debian_packages(**versions: str) -> Tree:
    """Debian 12 with these packages, each built of the source package of its name."""
    entries = [
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n"
        for name, version in versions.items()
    ]
    return {**DEBIAN_12, "var/lib/dpkg/status": "\n".join(entries) + "\n"}


def npm_package(name: str, version: str) -> Tree:
    """An installed Node package."""
    return {f"app/node_modules/{name}/package.json": json.dumps({"name": name, "version": version})}


def pip_package(name: str, version: str, *, where: str = "app") -> dict[str, str]:
    """The metadata of an installed Python package, which is what Trivy reads."""
    return {
        f"{where}/{name}-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    }


def make_image(
    path: Path,
    platforms: Mapping[str, Sequence[Tree]],
    *,
    index: bool = True,
    env: Mapping[str, str] | None = None,
    created_by: str = "COPY",
    claims: Sequence[Tree] = (),
    layer: str = OCI_LAYER_GZIP,
) -> Descriptor:
    """Write a layout as a build does: one index in index.json, or with `index=False` the one manifest.

    Each platform is given as its layers, lowest first; `env` are the variables in every one's config, and
    `created_by` says how its layers were made. `claims`: layers whose content ids the configs give for those that are
    there. `layer`: their media type. Returns the descriptor of the root.
    """
    layout = Layout(path)
    layout.create()
    children = [
        _manifest(layout, platform, layers, claims or layers, env or {}, created_by, layer)
        for platform, layers in platforms.items()
    ]
    root = children[0]
    if index:
        body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [c.as_json() for c in children]})
        root = Descriptor(OCI_INDEX, layout.add(body.encode()), len(body))
    layout.write_entries([root])
    return root


def _manifest(
    layout: Layout,
    platform: str,
    layers: Sequence[Tree],
    claimed: Sequence[Tree],
    env: Mapping[str, str],
    created_by: str,
    layer: str,
) -> Descriptor:
    tars = [tar_of(tree) for tree in layers]
    blobs = [zstd.compress(tar) if layer == ZSTD else gzip.compress(tar, compresslevel=1, mtime=0) for tar in tars]
    os_name, architecture, *variant = platform.split("/")
    config = json.dumps(
        {
            "os": os_name,
            "architecture": architecture,
            **({"variant": variant[0]} if variant else {}),
            "config": {"Env": [f"{name}={value}" for name, value in env.items()]} if env else {},
            "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(tar_of(tree))) for tree in claimed]},
            "history": [{"created_by": created_by} for _ in tars]
            + [{"created_by": f"ENV {name}={value}", "empty_layer": True} for name, value in env.items()],
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": Descriptor(OCI_CONFIG, layout.add(config), len(config)).as_json(),
            "layers": [Descriptor(layer, layout.add(blob), len(blob)).as_json() for blob in blobs],
        }
    ).encode()
    return Descriptor(OCI_MANIFEST, layout.add(manifest), len(manifest), platform)


def tar_of(tree: Tree) -> bytes:
    """An uncompressed layer."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in tree.items():
            body = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return packed.getvalue()
