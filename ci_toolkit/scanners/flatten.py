"""One layout per platform: a scanner given an index looks at its first child only.

Its config names no base image, so that no layer is left out.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from ci_toolkit.errors import IntegrityError, ToolError
from ci_toolkit.layout import Layout
from ci_toolkit.model.findings import Layer
from ci_toolkit.model.oci import Index, Manifest
from ci_toolkit.scanners.base_guess import without_base

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.oci import Descriptor


def runnable(layout: Layout, root: Descriptor, platforms: Mapping[str, Digest]) -> dict[str, Descriptor]:
    """The descriptor of each platform's manifest below `root`.

    Raises IntegrityError unless the layout holds exactly these: what it held besides would be pushed unscanned.
    """
    if root.is_manifest:
        found = {root.digest: root}
    else:
        nodes = layout.walk(root)
        found = {d.digest: d for _, node in nodes if isinstance(node, Index) for d in node.manifests if d.is_image}
    if set(found) != set(platforms.values()):
        message = (
            f"{layout.path} holds {len(found)} platform images, the state lists {len(platforms)}: "
            f"they don't agree on {_names(set(found) ^ set(platforms.values()))}"
        )
        raise IntegrityError(message, hint="run `ci-toolkit build` again")
    return {platform: found[digest] for platform, digest in platforms.items()}


def flatten(layout: Layout, manifest: Descriptor, into: Path) -> tuple[Digest, tuple[Layer, ...]]:
    """Write a layout of this one manifest, its blobs hard-linked or copied; returns its config's digest, its layers.

    Manifest and config are others than the image's where its history names a base image. The layers: of `layers_of`.

    Raises ToolError where the disk says no, IntegrityError for a manifest that is none.
    """
    document = layout.document(manifest)
    if not isinstance(document, Manifest):
        message = f"{manifest.digest} in {layout.path} is no image manifest"
        raise IntegrityError(message)
    flat = Layout(into)
    flat.create()
    for blob in document.layers:
        _link(layout.blob(blob.digest), flat.blob(blob.digest))
    own = layout.read(document.config)
    config = without_base(own)
    digest, data = flat.add(config), layout.read(manifest)
    if digest != document.config.digest:
        body = json.loads(data)
        body["config"] |= {"digest": str(digest), "size": len(config)}
        data = json.dumps(body).encode()
    flat.write_entries([replace(manifest, digest=flat.add(data), size=len(data), annotations={})])
    return digest, layers_of(document, own)


def layers_of(manifest: Manifest, config: bytes) -> tuple[Layer, ...]:
    """An image's layers, each with the id that its config claims for the content; empty where these don't agree."""
    try:
        claimed = json.loads(config)["rootfs"]["diff_ids"]
        return tuple(
            Layer(digest=str(blob.digest), diff_id=str(diff_id))
            for blob, diff_id in zip(manifest.layers, claimed, strict=True)
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return ()


def _link(source: Path, target: Path) -> None:
    try:
        try:
            os.link(source, target)
        except FileExistsError:
            return
        except OSError:
            # Another file system, or one without hard links.
            shutil.copyfile(source, target)
    except OSError as error:
        message = f"can't make {target} from {source}: {error.strerror or error}"
        raise ToolError(message, hint="free some space, or hand the whole layout of the build job on") from error


def _names(digests: set[Digest]) -> str:
    return ", ".join(digest.short for digest in sorted(digests)[:5])
