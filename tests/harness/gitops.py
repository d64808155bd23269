"""An application's repository, and another one with its manifests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.harness.committing import REGISTRY, Checkout, Remote, clone, config, digest, make_remote
from tests.harness.pinning import pod

if TYPE_CHECKING:
    from pathlib import Path

APP = f"{REGISTRY}/app"
BEFORE = pod(f"{APP}:0.9")
PINNED = f"{APP}:1.0@{digest('a')}"


@dataclass
class GitOps:
    """`app` holds a config and no manifest, `remote` the manifests."""

    directory: Path
    app: Remote
    remote: Remote
    made: int = 0

    def job(self, *images: str, address: str = "", env: dict[str, str] | None = None, **options: object) -> Checkout:
        """A job of the application whose config has these options of `commit`; its push gave digest a."""
        self.made += 1
        names = images or ("app",)
        checkout = clone(self.app, self.directory / f"job-{self.made}", dict.fromkeys(names, digest("a")))
        commit = {"mode": "push", "repository": address or str(self.remote.path), **options}
        (checkout.root / ".ci-toolkit.yml").write_text(config(*names, commit=json.dumps(commit)))
        checkout.hand_state_on()
        checkout.env |= env or {}
        return checkout


def gitops(directory: Path, **files: str | bytes) -> GitOps:
    """Both repositories; the manifests' has `deploy/app.yaml` and these files."""
    app = make_remote(directory / "app.git", {".ci-toolkit.yml": config("app"), "src/main.c": "int x;\n"})
    remote = make_remote(directory / "gitops.git", {"deploy/app.yaml": BEFORE, "README": "manifests\n", **files})
    return GitOps(directory, app, remote)
