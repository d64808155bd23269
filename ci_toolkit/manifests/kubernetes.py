"""Kubernetes manifests, YAML and JSON: images by the kind of the object and the field, never by a key's name alone.

Fields: the API reference of Kubernetes 1.34 (PodSpec, Container, ImageVolumeSource), Argo Rollouts and Workflows,
Knative Serving, Tekton Pipelines, KServe, KEDA.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.manifests import argocd, flux
from ci_toolkit.manifests.base import FormatDescription
from ci_toolkit.manifests.helm_values import values_images
from ci_toolkit.manifests.kustomize_images import kustomization_images
from ci_toolkit.manifests.spans import Lines, Source, in_order
from ci_toolkit.manifests.tree import Mapping, read_documents
from ci_toolkit.manifests.verify import YamlFormat
from ci_toolkit.manifests.walk import IMAGE, Step, Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ci_toolkit.manifests.base import ImageSpan
    from ci_toolkit.manifests.walk import Found, Shape

_CONTAINER: Shape = {"image": IMAGE}
_VOLUMES: Shape = [{"image": {"reference": IMAGE}}]
_POD: Shape = {
    "containers": [_CONTAINER],
    "initContainers": [_CONTAINER],
    "ephemeralContainers": [_CONTAINER],
    "volumes": _VOLUMES,
}
_TEMPLATE: Shape = {"template": {"spec": _POD}}
_WORKLOAD: Shape = {"spec": _TEMPLATE}

_ARGO_TEMPLATE: Shape = {
    "container": _CONTAINER,
    "script": _CONTAINER,
    "initContainers": [_CONTAINER],
    "sidecars": [_CONTAINER],
    "containerSet": {"containers": [_CONTAINER]},
    "volumes": _VOLUMES,
}
_ARGO_TEMPLATE |= {"steps": [[{"inline": _ARGO_TEMPLATE}]], "dag": {"tasks": [{"inline": _ARGO_TEMPLATE}]}}
_ARGO_WORKFLOW: Shape = {"templates": [_ARGO_TEMPLATE], "templateDefaults": _ARGO_TEMPLATE, "volumes": _VOLUMES}

_TEKTON_TASK: Shape = {
    "steps": [_CONTAINER],
    "sidecars": [_CONTAINER],
    "stepTemplate": _CONTAINER,
    "volumes": _VOLUMES,
}
_TEKTON_TASKS: Shape = [{"taskSpec": _TEKTON_TASK}]
_TEKTON_PIPELINE: Shape = {"tasks": _TEKTON_TASKS, "finally": _TEKTON_TASKS}

_KSERVE_RUNTIMES = (
    *("model", "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "onnx"),
    *("huggingface", "pmml", "lightgbm", "paddle", "art"),
)
_KSERVE_COMPONENT: Shape = _POD | {"workerSpec": _POD} | dict.fromkeys(_KSERVE_RUNTIMES, _CONTAINER)
_ROLLOUTS_ANALYSIS: Shape = {"spec": {"metrics": [{"provider": {"job": _WORKLOAD}}]}}

_SHAPES: dict[str, Shape] = {
    "Pod": {"spec": _POD},
    "PodTemplate": _TEMPLATE,
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"), _WORKLOAD
    ),
    "CronJob": {"spec": {"jobTemplate": _WORKLOAD}},
}
"""By kind, whatever the group: others' kinds of these names (OpenKruise's StatefulSet) hold pod templates, too."""

_CUSTOM: dict[tuple[str, str], Shape] = {
    ("argoproj.io", "Rollout"): _WORKLOAD,
    ("argoproj.io", "Experiment"): {"spec": {"templates": [_TEMPLATE]}},
    ("argoproj.io", "AnalysisTemplate"): _ROLLOUTS_ANALYSIS,
    ("argoproj.io", "ClusterAnalysisTemplate"): _ROLLOUTS_ANALYSIS,
    ("argoproj.io", "AnalysisRun"): _ROLLOUTS_ANALYSIS,
    ("argoproj.io", "Workflow"): {"spec": _ARGO_WORKFLOW},
    ("argoproj.io", "WorkflowTemplate"): {"spec": _ARGO_WORKFLOW},
    ("argoproj.io", "ClusterWorkflowTemplate"): {"spec": _ARGO_WORKFLOW},
    ("argoproj.io", "CronWorkflow"): {"spec": {"workflowSpec": _ARGO_WORKFLOW}},
    ("serving.knative.dev", "Service"): _WORKLOAD,
    ("serving.knative.dev", "Configuration"): _WORKLOAD,
    ("serving.knative.dev", "Revision"): {"spec": _POD},
    ("tekton.dev", "Task"): {"spec": _TEKTON_TASK},
    ("tekton.dev", "ClusterTask"): {"spec": _TEKTON_TASK},
    ("tekton.dev", "TaskRun"): {"spec": {"taskSpec": _TEKTON_TASK}},
    ("tekton.dev", "StepAction"): {"spec": _CONTAINER},
    ("tekton.dev", "Pipeline"): {"spec": _TEKTON_PIPELINE},
    ("tekton.dev", "PipelineRun"): {"spec": {"pipelineSpec": _TEKTON_PIPELINE}},
    ("serving.kserve.io", "InferenceService"): {
        "spec": dict.fromkeys(("predictor", "transformer", "explainer"), _KSERVE_COMPONENT)
    },
    ("serving.kserve.io", "ServingRuntime"): {"spec": _POD},
    ("serving.kserve.io", "ClusterServingRuntime"): {"spec": _POD},
    ("keda.sh", "ScaledJob"): {"spec": {"jobTargetRef": _TEMPLATE}},
    ("apps.kruise.io", "CloneSet"): _WORKLOAD,
}
"""By API group and kind."""

_FINDERS: dict[tuple[str, str], Callable[[Source, Step], Iterable[ImageSpan]]] = {
    ("argoproj.io", "Application"): argocd.application_images,
    ("argoproj.io", "ApplicationSet"): argocd.application_set_images,
    ("helm.toolkit.fluxcd.io", "HelmRelease"): flux.helm_release_images,
    ("kustomize.config.k8s.io", "Component"): kustomization_images,
    ("kustomize.config.k8s.io", "Kustomization"): kustomization_images,
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): flux.kustomization_images,
}
"""By API group and kind: what says its images in other ways than whole references."""

DESCRIPTION = FormatDescription(
    name="Kubernetes",
    files="any other YAML or JSON, by `apiVersion` and `kind`; lists of objects, too",
    places=(
        "containers, init and ephemeral containers and image volumes of every workload, CronJob and PodTemplate",
        "Argo Rollout, analyses and Experiment, Argo Workflow, Knative, Tekton, KServe",
        "KEDA ScaledJob, OpenKruise CloneSet",
    ),
    writes="",
)


class KubernetesFormat(YamlFormat):
    """Objects of the Kubernetes API, any number of documents in a file, lists of objects included.

    A document that doesn't say its API version or kind is none: then it's values for Helm, under whatever name.
    """

    name: ClassVar[str] = "kubernetes"

    def takes(self, name: str, text: str) -> bool:  # noqa: ARG002
        """Every file: its objects say themselves what they are."""
        return True

    def find(self, text: str) -> Iterator[ImageSpan]:
        """Every image of every object whose kind is known to hold images, and of values; raises UnreadableError."""
        walk, lines = Walk(), Lines(text)
        for document in read_documents(text):
            if isinstance(document.root, Mapping):
                start = Step(document.root)
                is_object = bool(walk.values(start, ("apiVersion", "kind")))
                yield from (object_images if is_object else values_images)(Source(text, lines, walk, document), start)


def object_images(source: Source, start: Step) -> list[ImageSpan]:
    """The images of an object, or of all in a list, however each kind says them, in the text's order."""
    references: list[Found] = []
    found: list[ImageSpan] = []
    for group, kind, step in _objects(source.walk, start):
        finder = _FINDERS.get((group, kind))
        shape = _CUSTOM.get((group, kind)) or _SHAPES.get(kind)
        if finder is not None:
            found += finder(source, step)
        elif shape is not None:
            references += source.walk.images(step, shape)
    return in_order([*source.references(references), *found])


def _objects(walk: Walk, start: Step) -> Iterator[tuple[str, str, Step]]:
    """API group, kind and place of an object, or of each in a list; an item of a `PodList` needn't say its kind."""
    waiting = [(start, "")]
    while waiting:
        step, kind_of_list = waiting.pop()
        found = walk.follow(step)
        if found is None:
            continue
        kind = walk.text(found, "kind") or kind_of_list
        if kind.endswith("List"):
            lists = [walk.follow(value) for _, value in walk.values(found, ("items",))]
            items = [item for each in lists if each is not None for item in walk.items(each)]
            waiting += [(item, kind.removesuffix("List")) for item in reversed(items)]
            continue
        yield walk.text(found, "apiVersion").partition("/")[0], kind, found
