"""Flux: the images in a HelmRelease's values, and those that its post-renderers and Kustomizations replace.

Source: the API references of Flux 2.7, `kustomize.toolkit.fluxcd.io/v1` and `helm.toolkit.fluxcd.io/v2`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.manifests.base import FormatDescription
from ci_toolkit.manifests.helm_values import values_images
from ci_toolkit.manifests.kustomize_images import replaced_images
from ci_toolkit.manifests.walk import IMAGE

if TYPE_CHECKING:
    from ci_toolkit.manifests.base import ImageSpan
    from ci_toolkit.manifests.spans import Source
    from ci_toolkit.manifests.walk import Shape, Step

_KUSTOMIZATION: Shape = {"spec": {"images": IMAGE}}
_VALUES: Shape = {"spec": {"values": IMAGE}}
_POST_RENDERERS: Shape = {"spec": {"postRenderers": [{"kustomize": {"images": IMAGE}}]}}

DESCRIPTION = FormatDescription(
    name="Flux",
    files="any YAML of the kinds `Kustomization` of `kustomize.toolkit.fluxcd.io` and `HelmRelease` of "
    "`helm.toolkit.fluxcd.io`",
    places=(
        "Kustomization: `spec.images`",
        "HelmRelease: `spec.values`, as Helm values",
        "HelmRelease: `spec.postRenderers[].kustomize.images`",
    ),
    writes="the same as in Kustomize's `images` and in Helm values",
)


def kustomization_images(source: Source, start: Step) -> list[ImageSpan]:
    """The images of a Kustomization; raises UnreadableError for too many aliases."""
    return replaced_images(source, start, _KUSTOMIZATION)


def helm_release_images(source: Source, start: Step) -> list[ImageSpan]:
    """The images of a HelmRelease; raises UnreadableError for too many aliases."""
    values = [span for each in source.walk.reach(start, _VALUES) for span in values_images(source, each)]
    return [*values, *replaced_images(source, start, _POST_RENDERERS)]
