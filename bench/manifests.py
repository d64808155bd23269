"""A tree of manifests as a large GitOps repository has it, made the same each time: no two files alike."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMAGE = "registry.example.com/shop/checkout"
_WORDS = ("cart", "search", "billing", "gateway", "ledger", "mailer", "stock", "pricing", "profile", "session")
_COPYRIGHT = "# Managed by the platform team. Changes go through review; see docs/deploying.md for how.\n"


def make_tree(root: Path, *, files: int, with_target: int) -> None:
    """Write `files` manifests of 2 to 6 KB below `root`, of which every n-th names IMAGE once."""
    chance = random.Random(17)
    for number in range(files):
        wanted = number % (files // with_target) == 0
        make = _deployment if wanted else _KINDS[number % len(_KINDS)]
        name = f"{chance.choice(_WORDS)}-{number}"
        image = f"{IMAGE}:1.{number % 40}.0" if wanted else f"registry.example.com/shop/{name}:2.{number % 9}.1"
        directory = root / f"cluster-{number % 10}" / f"team-{number // 10 % 50}"
        directory.mkdir(parents=True, exist_ok=True)
        text = _COPYRIGHT + make(name, image, chance)
        (directory / f"{name}.yaml").write_text(text, encoding="utf-8")


def _meta(kind: str, api: str, name: str) -> str:
    return (
        f"apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: shop\n"
        f"  labels:\n    app.kubernetes.io/name: {name}\n    app.kubernetes.io/part-of: shop\n"
        f"    team: {name.partition('-')[0]}\n"
    )


def _deployment(name: str, image: str, chance: random.Random) -> str:
    variables = "".join(
        f"            - name: {word.upper()}_URL_{number}\n              value: http://{word}.shop.svc:80{number:02}/v1\n"
        for number, word in enumerate(chance.choices(_WORDS, k=chance.randint(12, 36)))
    )
    return (
        _meta("Deployment", "apps/v1", name)
        + f"spec:\n  replicas: {chance.randint(1, 9)}\n  selector:\n    matchLabels:\n      app: {name}\n"
        f"  template:\n    metadata:\n      labels:\n        app: {name}\n      annotations:\n"
        '        prometheus.io/scrape: "true"\n        prometheus.io/port: "9090"\n'
        "    spec:\n      serviceAccountName: default\n      securityContext: {runAsNonRoot: true, runAsUser: 10001}\n"
        f"      containers:\n        - name: main\n          image: {image}  # the service itself\n"
        "          ports:\n            - name: http\n              containerPort: 8080\n          env:\n"
        + variables
        + ""
        "          readinessProbe:\n            httpGet: {path: /healthz, port: http}\n            periodSeconds: 5\n"
        "          resources:\n            requests: {cpu: 100m, memory: 128Mi}\n            limits: {memory: 512Mi}\n"
        "        - name: proxy\n          image: registry.example.com/mesh/proxy:3.1.4\n          args: [--quiet]\n"
    )


def _service(name: str, image: str, chance: random.Random) -> str:
    del image
    ports = "".join(
        f"    - name: port-{number}\n      port: {8000 + number}\n      targetPort: {chance.randint(1024, 9999)}\n"
        f"      protocol: TCP\n      appProtocol: kubernetes.io/h2c\n"
        for number in range(chance.randint(14, 30))
    )
    return _meta("Service", "v1", name) + f"spec:\n  selector:\n    app: {name}\n  ports:\n" + ports


def _config_map(name: str, image: str, chance: random.Random) -> str:
    del image
    lines = "".join(
        f'    log.{number} = "^(?P<word>\\\\w+) {chance.choice(_WORDS)}\\\\.{chance.randint(1, 999)}$"\n'
        for number in range(60)
    )
    return _meta("ConfigMap", "v1", name) + "data:\n  application.properties: |\n" + lines


def _definition(name: str, image: str, chance: random.Random) -> str:
    del image
    fields = "".join(
        f"                field{number}:\n                  type: string\n"
        f"                  description: The {chance.choice(_WORDS)} of this object, as the controller sees it.\n"
        f"                  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]+)*$'\n"
        for number in range(chance.randint(10, 24))
    )
    head = f"spec:\n  group: shop.example.com\n  names: {{kind: {name.title().replace('-', '')}, plural: {name}s}}\n"
    schema = "        openAPIV3Schema:\n          type: object\n          properties:\n            spec:\n"
    return (
        _meta("CustomResourceDefinition", "apiextensions.k8s.io/v1", f"{name}s.shop.example.com")
        + head
        + "  scope: Namespaced\n  versions:\n    - name: v1\n      served: true\n      storage: true\n      schema:\n"
        + schema
        + "              type: object\n              properties:\n"
        + fields
    )


def _values(name: str, image: str, chance: random.Random) -> str:
    repository, _, tag = image.rpartition(":")
    extra = "".join(
        f"  {word}{number}:\n    enabled: {str(chance.random() < 0.5).lower()}\n    host: {word}.example.com\n"
        f"    # How many {word}s there are at a time.\n    replicas: {chance.randint(1, 5)}\n"
        for number, word in enumerate(chance.choices(_WORDS, k=30))
    )
    values = f"nameOverride: {name}\nimage:\n  repository: {repository}\n  tag: {tag}\n  pullPolicy: IfNotPresent\n"
    return f"{values}features:\n{extra}"


_KINDS: tuple[Callable[[str, str, random.Random], str], ...] = (
    *(_deployment, _service, _config_map, _definition, _values),
)
