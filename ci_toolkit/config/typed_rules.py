"""What runs, gates and linters go by: the options of `trust`, `scan` and `lint`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ci_toolkit.config import formats, variables
from ci_toolkit.config.options import LintOptions, TrustOptions
from ci_toolkit.config.scan_options import BaselineOptions, DatabaseOptions, ScanOptions, ServerOptions
from ci_toolkit.model.findings import Severity
from ci_toolkit.model.namespace import Namespace
from ci_toolkit.model.policy import GatePolicy, Ignore, Thresholds

if TYPE_CHECKING:
    from collections.abc import Mapping


def trust(options: Mapping[str, Any]) -> TrustOptions:
    """The options of `trust`."""
    return TrustOptions(forks=tuple(options["forks"]), pull_request_target=tuple(options["pull-request-target"]))


def scan(options: Mapping[str, Any], env: Mapping[str, str]) -> ScanOptions:
    """The options of `scan`, the server's token from `env`."""
    gate = options["gate"]
    policy = GatePolicy(
        thresholds=_thresholds(gate),
        grace=formats.duration(gate["grace"]) if "grace" in gate else None,
        fixable_only=gate["fixable-only"],
        unknown=gate["unknown"],
        end_of_life_os=gate["end-of-life-os"],
        incomplete=gate["incomplete"],
        ignores=tuple(map(ignore, options["ignore"])),
    )
    database = options["database"]
    return ScanOptions(
        gate=policy,
        database=DatabaseOptions(
            repositories=tuple(database["repositories"]), max_age=formats.duration(database["max-age"])
        ),
        timeout=formats.duration(options["timeout"]),
        trivy_image=options["trivy-image"],
        policy_from=options["policy-from"],
        sbom=tuple(options["sbom"]),
        look_for=tuple(options["look-for"]),
        ignore_files=tuple(options["ignore-files"]),
        ignore_lifetime=formats.duration(options["ignore-lifetime"]),
        baseline=_baseline(options["baseline"]) if "baseline" in options else None,
        server=_server(options["server"], env) if "server" in options else None,
    )


def _server(options: Mapping[str, Any], env: Mapping[str, str]) -> ServerOptions:
    return ServerOptions(url=formats.server_address(options["url"]), token=variables.later(options.get("token"), env))


def _baseline(options: Mapping[str, Any]) -> BaselineOptions:
    return BaselineOptions(
        manifests="from" in options,
        environment=options.get("environment"),
        tag=options.get("tag"),
        findings=options.get("findings"),
    )


def ignore(entry: Mapping[str, Any]) -> Ignore:
    """One entry of `scan.ignore`, or of a file of such."""
    days = {name: formats.day(text) for name, text in entry.items() if name in ("created", "expires")}
    return Ignore(**{**entry, **days})


def _thresholds(gate: Mapping[str, Any]) -> Thresholds:
    apart = {"secrets": "secret", "misconfigurations": "misconfiguration", "licenses": "license"}
    said = {category: _threshold(gate[word]) for word, category in apart.items() if word in gate}
    return replace(Thresholds.everywhere(_threshold(gate["severity"])), **said)


def _threshold(word: str) -> Severity | None:
    return None if word == "none" else Severity.parse(word)


def lint(options: Mapping[str, Any]) -> LintOptions:
    """The options of `lint`."""
    environments = options.get("environments")
    return LintOptions(
        paths=tuple(options["paths"]),
        exclude=tuple(options["exclude"]),
        registries=tuple(map(Namespace.parse, options["registries"])),
        environments=None if environments is None else tuple(environments),
        rules=options["rules"],
    )
