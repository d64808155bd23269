"""Promotion within a registry, beside `crane copy`: one image as a whole process, and a hundred in one call."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Contender, compare
from bench.push import LAYERS, registry
from tests.harness.delivered import delivered
from tests.harness.proxy import FaultServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.measure import Row
    from tests.harness.proxy import Exchange

MANY = 100
AWAY = 0.02
"""Seconds that a request takes to a registry that is near, and not on the same machine."""
_CI_TOOLKIT = str(Path(sys.executable).parent / "ci-toolkit")


def rows() -> Iterator[Row]:
    """Images of two platforms with 12 layers each and an attestation, to repositories and tags that are new."""
    with tempfile.TemporaryDirectory() as scratch, registry(Path(scratch) / "registry") as (host, storage):
        there = storage / "docker/registry/v2/repositories"
        one = _Promotion(Path(scratch) / "one", host, there, images=1, elsewhere=True)
        yield one.beside_crane("promote one image / crane copy", limit=None)
        many = _Promotion(Path(scratch) / "many", host, there, images=MANY, elsewhere=False)
        yield many.beside_crane(f"promote {MANY} images in place / crane copy each", limit=0.5)
        spread = _Promotion(Path(scratch) / "spread", host, there, images=MANY, elsewhere=True)
        yield spread.beside_crane(f"promote {MANY} images elsewhere / crane copy each", limit=None)
        with FaultServer(host).running() as proxy:
            proxy.rule("", "", _late, times=sys.maxsize)
            far = _Promotion(Path(scratch) / "far", proxy.host, there, images=1, elsewhere=True)
            yield far.beside_crane("promote one image, 20 ms away / crane copy", limit=2.0)


@dataclass
class _Promotion:
    """The same promotion by us and by crane. `elsewhere`: into other repositories, not only under other tags."""

    root: Path
    host: str
    there: Path
    images: int
    elsewhere: bool

    def beside_crane(self, name: str, *, limit: float | None) -> Row:
        names = [f"{self.root.name}/app{index}" for index in range(self.images)]
        keys = {name: name.replace("/", "-") for name in names}
        environment: dict[str, object] = {"tags": ["production"]}
        if self.elsewhere:
            environment["repositories"] = {keys[name]: [f"{self.host}/prod/{name}"] for name in names}
        config = {
            "version": 1,
            "images": {keys[name]: {"repositories": [f"{self.host}/{name}"]} for name in names},
            "environments": {"production": environment},
        }
        project = delivered(self.root, json.dumps(config), more_layers=LAYERS - 3)
        state = project.state_file.read_bytes()
        peer = "peer/{}:production" if self.elsewhere else "{}:peer"
        copies = [
            f"crane copy {self.host}/{name}@{project.digests[keys[name]]} {self.host}/{peer.format(name)}"
            for name in names
        ]

        def fresh() -> None:
            project.state_file.write_bytes(state)
            for left in (self.there / "prod", self.there / "peer", *self.there.glob("*/*/_manifests/tags/p*")):
                shutil.rmtree(left, ignore_errors=True)

        return compare(
            name,
            Contender([_CI_TOOLKIT, "promote", "production", "--quiet"], cwd=project.root, prepare=fresh),
            Contender(["sh", "-e", "-c", "\n".join(copies)], prepare=fresh),
            limit=limit,
        )


def _late(exchange: Exchange) -> None:
    time.sleep(AWAY)
    exchange.answer(exchange.forward())
