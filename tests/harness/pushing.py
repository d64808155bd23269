"""What tests of the registry client push, and what they push it with."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_toolkit.deadlines import Limits
from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import (
    OCI_INDEX,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
    Descriptor,
    Index,
    Manifest,
    parse_index,
)
from ci_toolkit.model.reference import Repository
from ci_toolkit.progress import Silent
from ci_toolkit.redact import Redactor
from ci_toolkit.registry.destinations import Destinations
from ci_toolkit.retries import Patience
from tests.harness.images import make_image
from tests.harness.logins_at_hand import Configured

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from ci_toolkit.progress import Progress
    from ci_toolkit.registry.credentials import Credential, Keychain
    from ci_toolkit.registry.outcome import Outcome

TAGS = ("1.0", "latest")
TREES = {"linux/amd64": [{"a": "1"}, {"b": "2"}], "linux/arm64": [{"a": "1"}, {"c": "3"}]}


def document(content: dict[str, Any]) -> bytes:
    """A JSON document's bytes."""
    return json.dumps(content).encode()


@dataclass
class Naps:
    """A `sleep` that only remembers, and a clock that moves on by it."""

    taken: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Remember it."""
        self.taken.append(seconds)

    def clock(self) -> float:
        """As if every nap had been slept."""
        return 1000.0 + sum(self.taken)

    def patience(self, attempts: int = 5) -> Patience:
        """Patience that takes no time."""
        return Patience(attempts=attempts, sleep=self.sleep, clock=self.clock, now=lambda: 1_700_000_000.0)


def sample_image(path: Path, *, salt: str = "", more_layers: int = 0) -> tuple[Layout, Descriptor]:
    """Two platforms that share a layer, with so many more of their own, and an attestation."""
    more = {name: [{f"{name}/{number}": salt} for number in range(more_layers)] for name in TREES}
    trees = {name: [*layers, {"salt": salt}, *more[name]] for name, layers in TREES.items()}
    make_image(path, trees)
    layout = Layout(path)
    children = list(parse_index(layout.read(layout.root())).manifests)
    statement = f"statement {salt}".encode()
    layer = Descriptor("application/vnd.in-toto+json", layout.add(statement), len(statement))
    config = layout.add(b"{}")
    manifest = document(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": Descriptor("application/vnd.oci.image.config.v1+json", config, 2).as_json(),
            "layers": [layer.as_json()],
        }
    )
    attestation = Descriptor(
        OCI_MANIFEST,
        layout.add(manifest),
        len(manifest),
        "unknown/unknown",
        {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": str(children[0].digest)},
    )
    return layout, with_index(layout, [*children, attestation])


def with_index(layout: Layout, children: list[Descriptor]) -> Descriptor:
    """Make an index of these children the layout's one image."""
    body = document({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [c.as_json() for c in children]})
    root = Descriptor(OCI_INDEX, layout.add(body), len(body))
    layout.write_entries([root])
    return root


def large_image(path: Path, *sizes: int) -> tuple[Layout, Descriptor]:
    """One platform whose layers are so many random bytes each."""
    layout = Layout(path)
    layout.create()
    layers = []
    for size in sizes:
        data = os.urandom(size)
        layers.append(Descriptor(OCI_LAYER_GZIP, layout.add(data), size))
    config = document({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}})
    manifest = document(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": Descriptor(
                "application/vnd.oci.image.config.v1+json", layout.add(config), len(config)
            ).as_json(),
            "layers": [layer.as_json() for layer in layers],
        }
    )
    return layout, with_index(layout, [Descriptor(OCI_MANIFEST, layout.add(manifest), len(manifest), "linux/amd64")])


def damage(layout: Layout, blob: Descriptor | Digest) -> None:
    """Turn the last byte of a blob around."""
    file = layout.blob(blob if isinstance(blob, Digest) else blob.digest)
    data = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 0xFF]))


@contextmanager
def destinations(
    *,
    root: Path = Path("/nowhere"),
    env: Mapping[str, str] | None = None,
    login: Credential | None = None,
    keychain: Keychain | None = None,
    hosts: tuple[str, ...] = (),
    naps: Naps | None = None,
    attempts: int = 5,
    limits: Limits | None = None,
    redact: Redactor | None = None,
    progress: Progress | None = None,
    insecure: tuple[str, ...] = (),
    create: Callable[[str, str], bool] | None = None,
) -> Iterator[Destinations]:
    """Destinations that wait for nothing; `login` is valid for `hosts`."""
    opened = Destinations(
        env=env or {},
        root=root,
        keychain=keychain or Configured({host: login for host in hosts if login}),
        insecure=insecure,
        redact=redact or Redactor(),
        progress=progress or Silent(),
        limits=limits or Limits(connect=2, idle=5, total=20),
        patience=(naps or Naps()).patience(attempts),
        create=create,
    )
    try:
        yield opened
    finally:
        opened.close()


class Heard:
    """A `Progress` that keeps what it is told, by kind."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.task = Silent().task
        self.stage = Silent().stage

    def info(self, message: str) -> None:
        """Keep a line."""
        self.lines.append(("info", message))

    def warn(self, message: str) -> None:
        """Keep a warning."""
        self.lines.append(("warn", message))

    def debug(self, message: str) -> None:
        """Keep a detail."""
        self.lines.append(("debug", message))

    def tool(self, line: str) -> None:
        """Keep a tool's line."""
        self.lines.append(("tool", line))

    def of(self, kind: str) -> list[str]:
        """All of one kind."""
        return [text for found, text in self.lines if found == kind]


def repository_for(host: str, tmp_path: Path) -> Repository:
    """A repository that no other test has."""
    name = "".join(c if c.isalnum() else "-" for c in tmp_path.name.lower()).strip("-")
    return Repository.parse(f"{host}/test/{name}")


class Pushing:
    """A push of one image to one repository under `TAGS`, and a look at what came of it."""

    def __init__(self, there: Destinations, to: Repository, layout: Layout, root: Descriptor) -> None:
        self.there, self.to, self.layout, self.root = there, to, layout, root

    def __call__(self, *, immutable: Collection[str] = ()) -> Outcome:
        """Push."""
        return self.there.push(self.to, self.layout, self.root, TAGS, immutable)

    def tags(self) -> dict[str, Digest]:
        """Every tag with its digest; fails if what a tag points at isn't whole."""
        client = self.there.repository(self.to)
        found = {}
        for tag in client.tags():
            content = client.content(tag)
            assert content
            self._whole(content.descriptor)
            found[tag] = content.descriptor.digest
        return found

    def _whole(self, node: Descriptor) -> None:
        client = self.there.repository(self.to)
        content = client.content(str(node.digest))
        assert content, f"{node.digest} is missing"
        document = self.layout.document(node)
        if isinstance(document, Index):
            for child in document.manifests:
                self._whole(child)
        if isinstance(document, Manifest):
            assert all(client.has_blob(blob.digest) for blob in document.blobs)
