"""The command lines Trivy is run with: pure functions.

Nothing Trivy would pick up by itself has a say: config and ignore files are named and empty, the rules for secrets are
ours, the working directory and the module directory are empty too, and the Runner passes no `TRIVY_*` variable on.
Misconfigurations are those that Trivy's built-in checks know: newer ones aren't fetched, and its cache is one that
holds none.

Secrets are looked for wherever misconfigurations are: what Trivy says of those may quote a line with one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.model.findings import Category
    from ci_toolkit.scanners.base import Target

_SCANNERS: Mapping[Category, str] = {
    "vulnerability": "vuln",
    "secret": "secret",
    "misconfiguration": "misconfig",
    "license": "license",
}
_CONFIG_SCANNERS = ("secret", "misconfig")
"""What Trivy can look for in an image's config, too: its variables, the instructions it was built by."""


@dataclass(frozen=True, slots=True)
class Private:
    """The directories and files of one scan, below a directory of its own."""

    root: Path

    @property
    def cwd(self) -> Path:
        """An empty directory to work in."""
        return self.root / "empty"

    @property
    def config(self) -> Path:
        """An empty file, for every option that names one."""
        return self.root / "empty.yaml"

    @property
    def secret_config(self) -> Path:
        """The rules for secrets.

        Trivy searches no file whose path is an end of this one's. Nothing in a layer has such a name: it would be a
        whiteout.
        """
        return self.root / ".wh.secrets.yaml"

    @property
    def databases(self) -> Path:
        """Links to the databases."""
        return self.root / "cache"


def cache_of(target: Target) -> Path:
    """What Trivy takes for its cache in one scan: links to the databases, and to what is known of layers."""
    return target.report.parent / "cache"


def scan_argv(
    program: Sequence[str],
    target: Target,
    private: Private,
    categories: Collection[Category],
    *,
    seconds: float,
    server: str = "",
) -> tuple[str, ...]:
    """One platform's scan for these: everything found goes into the report, whatever its severity; exit code 0.

    `server`: the address of the Trivy server whose database is asked, where it isn't the one here.
    """
    wanted = {*categories, *(("secret",) if "misconfiguration" in categories else ())}
    looked_for = [name for category, name in _SCANNERS.items() if category in wanted]
    in_config = [name for name in looked_for if name in _CONFIG_SCANNERS]
    return (
        *program,
        "image",
        *_alone(private),
        f"--input={target.layout}",
        f"--output={target.report}",
        "--format=json",
        "--list-all-pkgs",
        f"--scanners={','.join(looked_for)}",
        *((f"--image-config-scanners={','.join(in_config)}",) if in_config else ()),
        "--exit-code=0",
        f"--cache-dir={cache_of(target)}",
        "--cache-backend=fs",
        "--skip-db-update",
        "--skip-java-db-update",
        "--skip-check-update",
        "--offline-scan",
        f"--timeout={seconds:g}s",
        *((f"--server={server}",) if server else ()),
    )


def download_argv(
    program: Sequence[str],
    cache: Path,
    repository: str | None,
    private: Private,
    *,
    seconds: float,
    java: bool = False,
) -> tuple[str, ...]:
    """The vulnerability database, or with `java` the index of Java archives, into a cache directory."""
    kind = "java-db" if java else "db"
    source = (f"--{kind}-repository={repository}",) if repository else ()
    return (
        *program,
        "image",
        *_alone(private),
        f"--download-{kind}-only",
        *source,
        f"--cache-dir={cache}",
        "--no-progress",
        f"--timeout={seconds:g}s",
    )


def convert_argv(program: Sequence[str], report: Path, to: Path, form: str, private: Private) -> tuple[str, ...]:
    """Trivy's own report in another format. Nothing is looked up, and nothing is judged."""
    return (
        *program,
        "convert",
        "--quiet",
        f"--config={private.config}",
        f"--ignorefile={private.config}",
        f"--format={form}",
        f"--output={to}",
        str(report),
    )


def container(
    image: str,
    mounts: Sequence[Path],
    cwd: Path,
    *,
    user: str,
    online: bool,
    variables: Sequence[str] = (),
) -> tuple[str, ...]:
    """The start of a command that runs Trivy from its container image.

    The directories are mounted at their own paths, so that what follows is the same as without a container. Online
    it shares the machine's network, because a registry may be the machine's own; else it has none.
    `variables`: names of those that are passed on.
    """
    return (
        "docker",
        "run",
        "--rm",
        f"--network={'host' if online else 'none'}",
        f"--user={user}",
        *(f"--mount=type=bind,source={mount},target={mount}" for mount in mounts),
        f"--workdir={cwd}",
        "--env=HOME=/tmp",
        *(f"--env={name}" for name in variables),
        "--entrypoint=trivy",
        image,
    )


def _alone(private: Private) -> tuple[str, ...]:
    return (
        "--quiet",
        "--skip-version-check",
        "--disable-telemetry",
        f"--config={private.config}",
        f"--ignorefile={private.config}",
        f"--secret-config={private.secret_config}",
        f"--module-dir={private.cwd}",
    )
