"""From a valid document with its defaults to the frozen options."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_toolkit.config import formats, variables
from ci_toolkit.config.options import (
    AuthOptions,
    Author,
    BuilderOptions,
    CacheOptions,
    CommitOptions,
    Config,
    EnvironmentOptions,
    ImageOptions,
    PinOptions,
    RegistryOptions,
    SarifOptions,
    SecretSource,
    SigningOptions,
)
from ci_toolkit.config.typed_rules import lint, scan, trust
from ci_toolkit.model.field_path import parse_field_path
from ci_toolkit.model.reference import LayoutRepository
from ci_toolkit.model.tags import Flavor, TagRule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.config.schema import Schema
    from ci_toolkit.model.reference import Destination


def policy_hash(scan: Mapping[str, Any]) -> str:
    """What a verdict is given under: all that `scan` says but where it is to be read and what is made of it.

    `ignore` of it holds the entries of `ignore-files`, too.
    """
    elsewhere = ("policy-from", "sbom", "ignore-files", "ignore-lifetime")
    return _hash({name: option for name, option in scan.items() if name not in elsewhere})


def config(filled: Mapping[str, Any], schema: Schema, file: Path, env: Mapping[str, str]) -> Config:
    """The options of a document that schema and cross-checks accept. `file` is absolute."""
    root = file.parent
    registries = [_registry(host, options, env) for host, options in filled["registries"].items()]
    images = {name: _image(name, options, schema, root) for name, options in filled["images"].items()}
    commit = _commit(filled["commit"], env)
    return Config(
        file=file,
        root=root,
        images_hash=_hash(filled["images"]),
        policy_hash=policy_hash(filled["scan"]),
        registries={registry.host: registry for registry in registries},
        images=images,
        builder=BuilderOptions(name=filled["builder"].get("name"), create=filled["builder"]["create"]),
        scan=scan(filled["scan"], env),
        trust=trust(filled["trust"]),
        sarif=SarifOptions(upload=filled["sarif"]["upload"], category=filled["sarif"]["category"]),
        pin=tuple(_pin(entry) for entry in filled["pin"]),
        commit=commit,
        quarantine=formats.remote_repository(filled["quarantine"]) if filled["handoff"] == "registry" else None,
        environments={n: _environment(n, options, schema) for n, options in filled["environments"].items()},
        lint=lint(filled["lint"]),
        secrets=_secrets(registries, images, commit, env),
    )


def _hash(section: Mapping[str, Any]) -> str:
    text = json.dumps(section, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _secrets(
    registries: list[RegistryOptions],
    images: Mapping[str, ImageOptions],
    commit: CommitOptions,
    env: Mapping[str, str],
) -> tuple[str, ...]:
    values = [r.auth.password for r in registries if r.auth and r.auth.password]
    values += [commit.token] if commit.token else []
    keys = (commit.ssh_key, commit.signing and commit.signing.key)
    values += [key for key in keys if key and not key.startswith("/")]  # a key's path is no secret
    for image in images.values():
        values += [env[source.env] for source in image.secrets.values() if source.env and env.get(source.env)]
    return tuple(dict.fromkeys(values))


def _registry(text: str, options: Mapping[str, Any], env: Mapping[str, str]) -> RegistryOptions:
    auth = options.get("auth")
    return RegistryOptions(
        host=formats.registry_host(text),
        insecure=options["insecure"],
        create=options["create"],
        auth=_auth({"provider": auth} if isinstance(auth, str) else auth, env) if auth else None,
    )


def _auth(options: Mapping[str, Any], env: Mapping[str, str]) -> AuthOptions:
    return AuthOptions(
        provider=options.get("provider", "login"),
        username=options.get("username"),
        password=variables.secret(options.get("password"), env),
        role=options.get("role"),
        tenant_id=options.get("tenant-id"),
        client_id=options.get("client-id"),
        workload_identity_provider=options.get("workload-identity-provider"),
        service_account=options.get("service-account"),
        connection_id=options.get("connection-id"),
        id_token_env=options.get("id-token-env"),
    )


def _image(name: str, options: Mapping[str, Any], schema: Schema, root: Path) -> ImageOptions:
    context = root / options["context"]
    repositories = tuple(dict.fromkeys(formats.repository(text) for text in options["repositories"]))
    version_file = options.get("version-file")
    contexts = {key: _build_context(text, root) for key, text in options["build-contexts"].items()}
    return ImageOptions(
        name=name,
        context=_absolute(context),
        dockerfile=_absolute(context / options["dockerfile"]),
        target=options.get("target"),
        platforms=tuple(dict.fromkeys(formats.platform(text) for text in options["platforms"])),
        build_args=options["build-args"],
        build_contexts=contexts,
        secrets={key: _secret(source, root) for key, source in options["secrets"].items()},
        ssh=tuple(options["ssh"]),
        labels=options["labels"],
        annotations=options["annotations"],
        title=options.get("title"),
        description=options.get("description"),
        licenses=options.get("licenses"),
        cache=_cache(name, options["cache"], schema, repositories, root),
        provenance=options["provenance"],
        reproducible=options["reproducible"],
        repositories=repositories,
        tags=tuple(_tag_rule(rule, schema) for rule in options["tags"]),
        flavor=_flavor(options["flavor"]),
        immutable_tags=tuple(options["immutable-tags"]),
        version_file=_absolute(root / version_file) if version_file is not None else None,
        scratch=options["scratch"],
    )


def _build_context(text: str, root: Path) -> str:
    if text.startswith("oci-layout://"):
        return f"oci-layout://{_absolute(root / text.removeprefix('oci-layout://'))}"
    if "://" in text or text.startswith("target:"):
        return text
    return str(_absolute(root / text))


def _secret(source: Mapping[str, str], root: Path) -> SecretSource:
    file = source.get("file")
    return SecretSource(env=source.get("env"), file=_absolute(root / file) if file is not None else None)


def _cache(name: str, option: Any, schema: Schema, repositories: tuple[Destination, ...], root: Path) -> CacheOptions:
    options = schema.filled(schema.document["$defs"]["cache"], {"type": option} if isinstance(option, str) else option)
    kind = options["type"]
    # No default of the schema's: what is cached inline is read from the image, and from which tag nobody can tell.
    reference = options.get("ref", "{repository}:buildcache" if kind == "registry" else None)
    remote = next((r for r in repositories if not isinstance(r, LayoutRepository)), None)
    return CacheOptions(
        type=kind,
        ref=reference.replace("{repository}", str(remote)) if reference else None,
        path=_absolute(root / options["path"].replace("{image}", name)) if kind == "local" else None,
        mode=options["mode"],
    )


def _tag_rule(rule: Any, schema: Schema) -> TagRule:
    options = schema.filled(schema.document["$defs"]["tag-rule"], {"tag": rule} if isinstance(rule, str) else rule)
    return TagRule(
        options["tag"],
        options.get("when"),
        options["timezone"],
        branch=options.get("branch"),
        match=options.get("match"),
        source=options.get("from"),
        scheme=options.get("scheme"),
        enable=options["enable"],
        priority=int(options["priority"]),
    )


def _flavor(options: Mapping[str, Any]) -> Flavor:
    return Flavor(options["latest"], options["prefix"], options["suffix"], on_latest=options["on-latest"])


def _pin(entry: Mapping[str, Any]) -> PinOptions:
    expect = entry.get("expect")
    return PinOptions(
        files=tuple(entry["files"]),
        exclude=tuple(entry["exclude"]),
        images=tuple(entry["images"]),
        paths=tuple(parse_field_path(text) for text in entry["paths"]),
        style=entry["style"],
        expect=int(expect) if expect is not None else None,
    )


def _commit(options: Mapping[str, Any], env: Mapping[str, str]) -> CommitOptions:
    author, signing = options.get("author"), options.get("signing")
    return CommitOptions(
        mode=options["mode"],
        repository=options.get("repository"),
        token=variables.later(options.get("token"), env),
        ssh_key=variables.later(options.get("ssh-key"), env),
        known_hosts=options.get("known-hosts"),
        signing=SigningOptions(format=signing["format"], key=variables.later(signing["key"], env) or "")
        if signing
        else None,
        branch=options.get("branch"),
        remote=options["remote"],
        message=options["message"],
        author=Author(name=author["name"], email=author["email"]) if author else None,
        request_prefix=options["request-prefix"],
        skip_ci=options["skip-ci"],
    )


def _environment(name: str, options: Mapping[str, Any], schema: Schema) -> EnvironmentOptions:
    pins = [entry if isinstance(entry, dict) else _environment_pin(entry, options, schema) for entry in options["pin"]]
    return EnvironmentOptions(
        name=name,
        source=options["from"],
        images=tuple(options["images"]),
        tags=tuple(_tag_rule(rule, schema) for rule in options["tags"]),
        immutable_tags=tuple(options["immutable-tags"]),
        repositories={
            image: tuple(dict.fromkeys(formats.remote_repository(text) for text in texts))
            for image, texts in options["repositories"].items()
        },
        pin=tuple(_pin(entry) for entry in pins),
    )


def _environment_pin(pattern: str, options: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    entry = {"files": [pattern], "images": options["images"]}
    filled: dict[str, Any] = schema.filled(schema.document["$defs"]["pin"], entry)
    return filled


def _absolute(path: Path) -> Path:
    # Not resolve(): a symbolic link keeps the name the user knows it by.
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    return Path(*parts)
