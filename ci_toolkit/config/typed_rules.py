"""What runs, gates and linters go by: the options of `trust`, `scan` and `lint`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_toolkit.config import formats
from ci_toolkit.config.options import DatabaseOptions, LintOptions, ScanOptions, TrustOptions
from ci_toolkit.model.findings import Severity
from ci_toolkit.model.gate import GatePolicy, Ignore
from ci_toolkit.model.namespace import Namespace

if TYPE_CHECKING:
    from collections.abc import Mapping


def trust(options: Mapping[str, Any]) -> TrustOptions:
    """The options of `trust`."""
    return TrustOptions(forks=tuple(options["forks"]), pull_request_target=tuple(options["pull-request-target"]))


def scan(options: Mapping[str, Any]) -> ScanOptions:
    """The options of `scan`."""
    gate = options["gate"]
    policy = GatePolicy(
        severity=None if gate["severity"] == "none" else Severity.parse(gate["severity"]),
        fixable_only=gate["fixable-only"],
        unknown=gate["unknown"],
        end_of_life_os=gate["end-of-life-os"],
        incomplete=gate["incomplete"],
        ignores=tuple(Ignore(**{**entry, "expires": formats.day(entry["expires"])}) for entry in options["ignore"]),
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
    )


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
