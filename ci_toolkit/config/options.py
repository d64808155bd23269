"""The config as frozen values. No defaults here: the schema is their only home."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_toolkit.config.scan_options import ScanOptions
    from ci_toolkit.model.field_path import FieldPath
    from ci_toolkit.model.lint import Rule, Setting
    from ci_toolkit.model.namespace import Namespace
    from ci_toolkit.model.reference import Destination, Repository
    from ci_toolkit.model.tags import Flavor, TagRule
    from ci_toolkit.model.trust import Deed, Kind


Provider = Literal["login", "github", "gitlab", "ecr", "acr", "google", "docker-hub", "anonymous"]
"""Who gives a registry's login; `login`: the config itself, by username and password."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthOptions:
    """`registries.HOST.auth`: how to log in there. What another provider needs is None."""

    provider: Provider
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    role: str | None = None
    """ECR: the role's ARN; None: the AWS credentials of the environment."""
    tenant_id: str | None = None
    client_id: str | None = None
    workload_identity_provider: str | None = None
    service_account: str | None = None
    connection_id: str | None = None
    id_token_env: str | None = None
    """The variable with the job's OIDC token; None: the provider's usual one, or the CI system is asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryOptions:
    """`registries.HOST`: what a host needs beyond the Docker config's login."""

    host: str
    insecure: bool
    """Plain HTTP is allowed; loopback hosts need no asking."""
    create: bool
    """Create repositories that don't exist (ECR)."""
    auth: AuthOptions | None
    """None: whatever the CI system or the Docker config offers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretSource:
    """`images.NAME.secrets.ID`: a build secret from an environment variable or a file, one of the two."""

    env: str | None
    file: Path | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheOptions:
    """`images.NAME.cache`: where BuildKit's cache is kept between runs."""

    type: Literal["gha", "registry", "local", "inline", "none"]
    ref: str | None
    """The cache image of `registry`; what `inline` reads from, where that is given."""
    path: Path | None
    """The directory of `local`."""
    mode: Literal["min", "max"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageOptions:
    """`images.NAME`: one image from its source to its tags. Paths are absolute."""

    name: str
    context: Path
    dockerfile: Path
    target: str | None
    platforms: tuple[str, ...]
    """Empty: the builder's own platform."""
    build_args: Mapping[str, str]
    build_contexts: Mapping[str, str]
    secrets: Mapping[str, SecretSource]
    ssh: tuple[str, ...]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    title: str | None
    description: str | None
    licenses: str | None
    cache: CacheOptions
    provenance: Literal["none", "min", "max"]
    reproducible: bool
    repositories: tuple[Destination, ...]
    tags: tuple[TagRule, ...]
    flavor: Flavor
    immutable_tags: tuple[str, ...]
    """Globs and tag templates."""
    version_file: Path | None
    scratch: bool
    """The image holds no operating system and no packages on purpose: an empty scan is complete."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuilderOptions:
    """`builder`: which Buildx builder builds."""

    name: str | None
    create: bool
    """A docker-container builder may be created where no other can export an OCI layout."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustOptions:
    """`trust`: what runs may do that somebody else's change started."""

    forks: tuple[Deed, ...]
    pull_request_target: tuple[Deed, ...]

    def allowed(self, kind: Kind) -> frozenset[Deed]:
        """What a run of this kind may do."""
        return frozenset(self.forks if kind == "forks" else self.pull_request_target)


@dataclass(frozen=True, kw_only=True, slots=True)
class SarifOptions:
    """`sarif`: the report for code scanning."""

    upload: Literal["auto", "always", "never"]
    category: str
    """With `{image}` and `{platform}`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PinOptions:
    """One entry of `pin`: which files get which images' digests."""

    files: tuple[str, ...]
    """Globs below the root, `**` across directories."""
    exclude: tuple[str, ...]
    """Globs of files that are left alone."""
    images: tuple[str, ...]
    """Names of the config's images; empty: all."""
    paths: tuple[FieldPath, ...] = ()
    """Where these files name images besides what their formats tell: whole, or as a mapping like Helm's values."""
    style: Literal["tag-and-digest", "digest", "digest-and-comment"]
    expect: int | None
    """How many places must hold one of the images."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """`commit.author`: who commits."""

    name: str
    email: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningOptions:
    """`commit.signing`: the key that signs each commit."""

    format: Literal["ssh", "openpgp"]
    key: str = field(repr=False)
    """The private key itself, or the path of its file; empty where its variable isn't set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitOptions:
    """`commit`: how pinned manifests get onto a branch."""

    mode: Literal["none", "push", "pull-request"]
    repository: str | None
    """The address of another repository, with the manifests; None: they are in the config's own."""
    token: str | None = field(repr=False)
    """Empty where its variable isn't set; so are the keys."""
    ssh_key: str | None = field(repr=False)
    """A private key itself, or the path of its file."""
    known_hosts: str | None
    """Lines of a known_hosts file, or the path of one."""
    signing: SigningOptions | None
    branch: str | None
    """None: the branch that is checked out, or that the CI system runs for; of another repository its default one."""
    remote: str
    message: str
    """A template (`ci_toolkit.model.commit_message`)."""
    author: Author | None
    request_prefix: str
    """What the branches of `pull-request` start with."""
    skip_ci: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentOptions:
    """`environments.NAME`: what is promoted there, from where, and what it gets there."""

    name: str
    source: str
    """`build`, or the name of another environment."""
    images: tuple[str, ...]
    """Names of the config's images; empty: all."""
    tags: tuple[TagRule, ...]
    immutable_tags: tuple[str, ...]
    """Globs and tag templates."""
    repositories: Mapping[str, tuple[Repository, ...]]
    """By image, where they aren't the image's own."""
    pin: tuple[PinOptions, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LintOptions:
    """`lint`: what is asked of the images that manifests name."""

    paths: tuple[str, ...]
    """Files and directories below the root; empty: the files that are pinned."""
    exclude: tuple[str, ...]
    """Globs of files that are left alone."""
    registries: tuple[Namespace, ...]
    """Empty: any."""
    environments: tuple[str, ...] | None
    """Whose manifests want a passing verdict; None: all, where there is a gate."""
    rules: Mapping[Rule, Setting]


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """A whole `.ci-toolkit.yml`, validated, variables replaced, defaults applied."""

    file: Path
    root: Path
    """The directory of the file: paths in the config are relative to it, and nothing outside is written."""
    images_hash: str
    """sha256 over what the `images` section says: a state made by another one is refused."""
    policy_hash: str
    """sha256 over what `scan` says: a verdict by another policy is no verdict."""
    registries: Mapping[str, RegistryOptions]
    images: Mapping[str, ImageOptions]
    builder: BuilderOptions
    scan: ScanOptions
    trust: TrustOptions
    """As it stands in this file: for an untrusted run the base revision's counts."""
    sarif: SarifOptions
    pin: tuple[PinOptions, ...]
    commit: CommitOptions
    quarantine: Repository | None
    """Where images wait for the gate; None: in the workdir, as OCI layouts."""
    environments: Mapping[str, EnvironmentOptions]
    lint: LintOptions
    secrets: tuple[str, ...]
    """Values that came from variables in secret places: for the redactor, never for an output."""
