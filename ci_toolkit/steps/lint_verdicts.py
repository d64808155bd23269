"""Whether an image that a manifest names has passed the gate, by what a promotion goes by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.steps.pin_targets import repositories_of
from ci_toolkit.steps.verdict import refusal_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.config.options import EnvironmentOptions, ImageOptions
    from ci_toolkit.model.attestation import ScanAttestation
    from ci_toolkit.model.reference import Reference, Repository
    from ci_toolkit.state import State


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdicts:
    """What is known of the config's images. Somebody else's image needs no verdict of ours."""

    images: Mapping[str, ImageOptions]
    environments: Mapping[str, EnvironmentOptions]
    state: State
    attestations: Sequence[ScanAttestation]
    policy_hash: str

    def refusal(self, reference: Reference, marked: str = "") -> str:
        """Why an image carries no passing verdict; empty where it does, or needs none.

        `marked`: the image of the config that a comment says it is.
        """
        names = [marked] if marked in self.images else self._names(reference.repository)
        if not names:
            return ""
        if reference.digest is None:
            return "it names no digest, so nothing tells what runs"
        reasons = [
            refusal_in(self.state, name, reference.digest, self.attestations, self.policy_hash)[0] for name in names
        ]
        return "" if "" in reasons else reasons[0]

    def _names(self, repository: Repository) -> list[str]:
        """The images that this repository may hold: their own, or an environment's."""
        return [
            name
            for name, options in self.images.items()
            if repository in repositories_of(options)
            or any(repository in environment.repositories.get(name, ()) for environment in self.environments.values())
        ]
