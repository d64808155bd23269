"""Projects whose images are built, scanned and pushed already: what a promotion starts from, made in a moment."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ci_toolkit import state as states
from ci_toolkit.config.load import load
from ci_toolkit.model.oci import OCI_INDEX, Descriptor, parse_index
from ci_toolkit.registry.credentials import Credential
from tests.harness.logins_at_hand import Configured
from tests.harness.project import git
from tests.harness.pushing import destinations, document, sample_image
from tests.harness.registry import program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_toolkit.layout import Layout

MANIFEST = """\
# {environment}
apiVersion: v1
kind: Pod
metadata: {{ name: app }}
spec:
  containers:
    - name: app
      image: {repository}:old   # keep me
"""
TWO_ENVIRONMENTS = """\
version: 1
images:
  app:
    repositories: [{source}/app]
    tags: ["sha-{{sha:7}}"]
scan: {{ gate: {{ severity: high }} }}
environments:
  staging:
    tags: ["staging-{{sha:7}}", staging]
    pin: ["deploy/staging/*.yaml"]
  production:
    from: staging
    tags: ["production-{{sha:7}}", production]
    immutable-tags: ["production-*"]
    repositories: {{ app: [{target}/prod/app] }}
    pin: ["deploy/production/*.yaml"]
"""


def crane(*arguments: str) -> str:
    """What crane prints."""
    done = subprocess.run([program("crane"), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def tags_in(repository: str) -> list[str]:
    """The tags a repository has; none where there is no such repository."""
    done = subprocess.run([program("crane"), "ls", repository], capture_output=True, text=True, check=False)
    return sorted(done.stdout.split())


@dataclass(frozen=True)
class Delivered:
    """The project: its directory, what it was built from, and each image's digest."""

    root: Path
    revision: str
    digests: Mapping[str, str]

    @property
    def short(self) -> str:
        """The revision as tags name it."""
        return self.revision[:7]

    @property
    def state_file(self) -> Path:
        """Where the state is."""
        return self.root / ".ci-toolkit" / "state.json"

    @property
    def state(self) -> states.State:
        """The state as it is now."""
        return states.read(self.state_file)

    def with_image(self, name: str, **changes: object) -> None:
        """Change what the state says of an image."""
        states.write(self.state_file, self.state.with_image(name, **changes))


def delivered(
    root: Path,
    config: str,
    *,
    verdict: states.Verdict | None = "pass",
    env: Mapping[str, str] | None = None,
    more_layers: int = 0,
) -> Delivered:
    """A git repository with this config, whose images are pushed as `sha-…` to all their repositories."""
    root.mkdir()
    (root / ".ci-toolkit.yml").write_text(config)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    revision = git(root, "rev-parse", "HEAD")
    loaded = load(root / ".ci-toolkit.yml", env or {})
    state = states.State(
        tool_version="0.1.0", source=states.Source(revision=revision, images_hash=loaded.images_hash, ref="main")
    )
    tag = f"sha-{revision[:7]}"
    digests = {}
    logins = {
        host: Credential(username=options.auth.username or "", password=options.auth.password or "")
        for host, options in loaded.registries.items()
        if options.auth
    }
    with destinations(keychain=Configured(logins)) as registries:
        for name, image in loaded.images.items():
            path, salt = root / "layouts" / name, f"{root}{name}"
            layout, index = described_image(path, salt=salt, revision=revision, more_layers=more_layers)
            digests[name] = str(index.digest)
            for repository in image.repositories:
                registries.push(repository, layout, index, [tag])
            pushed = tuple(
                states.Pushed(repository=str(r), digest=index.digest, tags=(tag,)) for r in image.repositories
            )
            state = state.with_image(name, digest=index.digest, tags=(tag,), pushed=pushed)
            if verdict:
                scan = states.Scan(
                    scanner="trivy",
                    version="1",
                    policy_hash=loaded.policy_hash,
                    scanned_at="2026-11-24T00:00:00+00:00",
                    digest=index.digest,
                )
                state = state.with_image(name, verdict=verdict, gate="on", scan=scan)
    states.write(root / ".ci-toolkit" / "state.json", state)
    return Delivered(root, revision, digests)


def described_image(path: Path, *, salt: str, revision: str, more_layers: int = 0) -> tuple[Layout, Descriptor]:
    """A `sample_image` whose index says which revision it was built from, as our builds do."""
    layout, root = sample_image(path, salt=salt, more_layers=more_layers)
    index = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [child.as_json() for child in parse_index(layout.read(root)).manifests],
        "annotations": {"org.opencontainers.image.revision": revision, "org.opencontainers.image.version": "1.2.3"},
    }
    body = document(index)
    described = replace(root, digest=layout.add(body), size=len(body))
    layout.write_entries([described])
    return layout, described


def manifest(root: Path, environment: str, repository: str) -> Path:
    """Write an environment's manifest that names the repository."""
    path = root / "deploy" / environment / "app.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(MANIFEST.format(environment=environment, repository=repository))
    return path


def delivered_to_two(directory: Path, source: str, target: str) -> Delivered:
    """A project in `source` that is promoted to staging there, and to production in `target`."""
    made = delivered(directory, TWO_ENVIRONMENTS.format(source=source, target=target))
    manifest(made.root, "staging", f"{source}/app")
    manifest(made.root, "production", f"{target}/prod/app")
    return made
