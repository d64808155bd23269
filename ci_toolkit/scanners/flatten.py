"""One layout per platform: a scanner given an index looks at its first child only.

Its config names no base image and no two layers by one id, so that none is left out.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ci_toolkit.errors import IntegrityError, ToolError
from ci_toolkit.layout import Layout
from ci_toolkit.model.findings import Layer
from ci_toolkit.model.oci import Index, Manifest, refuse_doubtful, unambiguous
from ci_toolkit.scanners.base_guess import without_base

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.oci import Descriptor

_NO_IMAGE = "no engine would run this image: look at what made it"


def runnable(layout: Layout, root: Descriptor, platforms: Mapping[str, Digest]) -> dict[str, Descriptor]:
    """The descriptor of each platform's manifest below `root`.

    Raises IntegrityError unless the layout holds exactly these, beyond doubt: what it held besides would be pushed
    unscanned.
    """
    if root.is_manifest:
        found = {root.digest: root}
    else:
        children = [d for _, node in layout.walk(root) if isinstance(node, Index) for d in node.manifests]
        refuse_doubtful(children, str(layout.path))
        found = {d.digest: d for d in children if d.is_image}
    if set(found) != set(platforms.values()):
        message = (
            f"{layout.path} holds {len(found)} platform images, the state lists {len(platforms)}: "
            f"they don't agree on {_names(set(found) ^ set(platforms.values()))}"
        )
        raise IntegrityError(message, hint="run `ci-toolkit build` again")
    return {platform: found[digest] for platform, digest in platforms.items()}


def flatten(layout: Layout, manifest: Descriptor, into: Path) -> tuple[Digest, tuple[Layer, ...]]:
    """Write a layout of this one manifest, its blobs hard-linked or copied; returns its config's digest, its layers.

    Manifest and config are others than the image's where `as_scanned` says so. The layers: of `layers_of`.

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
    config = as_scanned(own, document)
    digest, data = flat.add(config), layout.read(manifest)
    if digest != document.config.digest:
        body = json.loads(data)
        body["config"] |= {"digest": str(digest), "size": len(config)}
        data = json.dumps(body).encode()
    flat.write_entries([replace(manifest, digest=flat.add(data), size=len(data), annotations={})])
    return digest, layers_of(document, config)


def as_scanned(config: bytes, manifest: Manifest) -> bytes:
    """The config that a scanner is given: it names no base image, and no two contents by one id.

    A scanner looks at the first of those that claim the same id, and takes it for the others. So these go by their
    digests. Raises as `layers_of` does.
    """
    layers = layers_of(manifest, config)
    ids = Counter(diff_id for diff_id, _ in {(layer.diff_id, layer.digest) for layer in layers})
    if any(contents > 1 for contents in ids.values()):
        document = json.loads(config)
        document["rootfs"]["diff_ids"] = [
            layer.digest if ids[layer.diff_id] > 1 else layer.diff_id for layer in layers
        ]
        config = json.dumps(document).encode()
    return without_base(config)


def layers_of(manifest: Manifest, config: bytes) -> tuple[Layer, ...]:
    """An image's layers, each with the id that its config claims for the content.

    Raises IntegrityError where these don't agree, so that nobody could tell which layers a scanner looks at.
    """
    try:
        document = json.loads(config, object_pairs_hook=unambiguous)
        claimed = [str(diff_id) for diff_id in (document.get("rootfs") or {}).get("diff_ids") or ()]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        message = f"config {manifest.config.digest} can't be read: {str(error)[:100]}"
        raise IntegrityError(message, hint=_NO_IMAGE) from None
    if len(claimed) != len(manifest.layers):
        message = f"config {manifest.config.digest} has {len(claimed)} ids for {len(manifest.layers)} layers"
        raise IntegrityError(message, hint=_NO_IMAGE)
    return tuple(
        Layer(digest=str(blob.digest), diff_id=diff_id) for blob, diff_id in zip(manifest.layers, claimed, strict=True)
    )


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
