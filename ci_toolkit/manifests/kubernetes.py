"""Images in Kubernetes manifests, YAML or JSON: by kind and path, never by a key's name alone.

Sources: the Kubernetes API reference (PodSpec, ImageVolumeSource), and the resource definitions of Argo Rollouts and
Workflows, Knative Serving, Tekton and KServe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.base import ImagePlace
from ci_toolkit.manifests.document import Alias, Document, Mapping, Scalar, Sequence, target_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ci_toolkit.manifests.document import Node

_POD = (
    "containers.*.image",
    "initContainers.*.image",
    "ephemeralContainers.*.image",
    "volumes.*.image.reference",
)


_MOST = 100_000
"""Places of one path in one object: aliases within aliases multiply."""


def _below(prefix: str, paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{prefix}.{path}" for path in paths)


_TEMPLATE = _below("spec.template.spec", _POD)
_CRON_JOB = _below("spec.jobTemplate.spec.template.spec", _POD)
_ARGO_TEMPLATES = (
    "container.image",
    "script.image",
    "initContainers.*.image",
    "sidecars.*.image",
    "containerSet.containers.*.image",
)
_ARGO = _below("templates.*", _ARGO_TEMPLATES) + _below("templateDefaults", _ARGO_TEMPLATES)
_TASK = ("steps.*.image", "sidecars.*.image", "stepTemplate.image")
_PIPELINE = _below("tasks.*.taskSpec", _TASK) + _below("finally.*.taskSpec", _TASK)
_INFERENCE = tuple(
    f"spec.{part}.{path}" for part in ("predictor", "transformer", "explainer") for path in (*_POD, "model.image")
)

PATHS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): _below("spec", _POD),
    ("", "PodTemplate"): _below("template.spec", _POD),
    ("", "ReplicationController"): _TEMPLATE,
    **{("apps", kind): _TEMPLATE for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")},
    **{("extensions", kind): _TEMPLATE for kind in ("Deployment", "DaemonSet", "ReplicaSet")},
    ("batch", "Job"): _TEMPLATE,
    ("batch", "CronJob"): _CRON_JOB,
    ("argoproj.io", "Rollout"): _TEMPLATE,
    **{("argoproj.io", k): _below("spec", _ARGO) for k in ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate")},
    ("argoproj.io", "CronWorkflow"): _below("spec.workflowSpec", _ARGO),
    ("serving.knative.dev", "Service"): _TEMPLATE,
    ("serving.knative.dev", "Configuration"): _TEMPLATE,
    ("serving.knative.dev", "Revision"): _below("spec", _POD),
    ("tekton.dev", "Task"): _below("spec", _TASK),
    ("tekton.dev", "ClusterTask"): _below("spec", _TASK),
    ("tekton.dev", "TaskRun"): _below("spec.taskSpec", _TASK),
    ("tekton.dev", "Pipeline"): _below("spec", _PIPELINE),
    ("tekton.dev", "PipelineRun"): _below("spec.pipelineSpec", _PIPELINE),
    ("serving.kserve.io", "InferenceService"): _INFERENCE,
}
"""API group and kind → the paths of its images; `*` is every item of a list."""


class Kubernetes:
    """The format of Kubernetes manifests."""

    def find(self, documents: Iterable[Document]) -> Iterator[ImagePlace]:
        """Every image of every workload, those inside a `List` too."""
        for document in documents:
            for item in _objects(document.root):
                paths = PATHS.get(_group_and_kind(item), ())
                places = [place for path in paths for place in _places(item, path, document.number)]
                yield from sorted(places, key=lambda place: (place.line, place.column))


def _objects(root: Node | None) -> Iterator[Mapping]:
    """The object of a document, those of a `List` instead of it; each once, however often it is aliased."""
    waiting, visited = [root], set[int]()
    while waiting:
        item = target_of(waiting.pop())
        if not isinstance(item, Mapping) or id(item) in visited:
            continue
        visited.add(id(item))
        items = target_of(item.get("items")) if _group_and_kind(item)[1].endswith("List") else None
        if isinstance(items, Sequence):
            waiting += reversed(items.items)
        else:
            yield item


def _group_and_kind(item: Mapping) -> tuple[str, str]:
    version, kind = target_of(item.get("apiVersion")), target_of(item.get("kind"))
    group, slash, _ = version.value.rpartition("/") if isinstance(version, Scalar) else ("", "", "")
    return group if slash else "", kind.value if isinstance(kind, Scalar) else ""


def _places(item: Mapping, path: str, document: int) -> Iterator[ImagePlace]:
    nodes: list[tuple[Node, str]] = [(item, "")]
    for step in path.split("."):
        nodes = [found for node, where in nodes for found in _step(node, step, where)]
        if len(nodes) > _MOST:
            message = f"document {document} has more than {_MOST} places at {path}"
            raise ConfigError(message, hint="an alias bomb? Take the file out of `pin.files`")
    for node, where in nodes:
        scalar = target_of(node)
        if isinstance(scalar, Scalar):
            use = node if isinstance(node, Alias) else scalar
            yield ImagePlace(scalar, document, where, use.line, use.column)


def _step(node: Node, step: str, where: str) -> list[tuple[Node, str]]:
    container = target_of(node)
    if step == "*":
        items = container.items if isinstance(container, Sequence) else []
        return [(item, f"{where}[{number}]") for number, item in enumerate(items)]
    value = container.get(step) if isinstance(container, Mapping) else None
    return [(value, f"{where}.{step}".lstrip("."))] if value is not None else []
