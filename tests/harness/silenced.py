"""Configuration of every form in which Trivy heeds a comment, with room for one."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import TYPE_CHECKING

from tests.harness.images import tar_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.images import Tree

DOCKERFILE = "FROM debian:12\n# \x01\n{comment}\nRUN apt-get install curl\nUSER a\n"
TERRAFORM = '# \x7f\n{comment}\nresource "aws_s3_bucket" "a" {{\n  bucket = "b"\n}}\n'
CLOUDFORMATION = "Resources:\n  {comment}\n  A:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: a\n"
POD = """\
{{{{/* \x01 */}}}}
apiVersion: v1
kind: Pod
metadata:
  name: a
spec:
  containers:
  {comment}
  - name: a
    image: aquasec/trivy:1
    securityContext:
      privileged: true
"""


def forms(comment: str) -> Mapping[str, Tree]:
    """Files of each form, all below a directory of its name. Where a secret would be looked for, none would be found:

    every one has a control character near its beginning, or is an archive.
    """
    pod = POD.format(comment=comment)
    return {
        "dockerfile": {"dockerfile/Dockerfile": DOCKERFILE.format(comment=comment)},
        "by-ending": {"by-ending/web.Containerfile": DOCKERFILE.format(comment=comment)},
        "picture": {"picture/Dockerfile.png": DOCKERFILE.format(comment=comment)},
        "terraform": {"terraform/a.tf": TERRAFORM.format(comment=comment)},
        "opentofu": {"opentofu/a.tofu": TERRAFORM.format(comment=comment)},
        "plan": {"plan/a.tfplan": _plan(TERRAFORM.format(comment=comment))},
        "cloudformation": {"cloudformation/a.yaml": CLOUDFORMATION.format(comment=comment)},
        "chart": {f"chart/{path}": content for path, content in _chart("a", {"templates/pod.yaml": pod}).items()},
        "packed": {"packed/a-1.0.0.tgz": packed("a", {"templates/pod.yaml": pod})},
        "nested": {"nested/b.tar.gz": packed("b", {"charts/a.tgz": packed("a", {"templates/pod.yaml": pod})})},
    }


def chart_in_chart(comment: str) -> Tree:
    """A chart `a` below `charts/`, with a chart `b` in it, and a packed chart `c` with a packed chart `d` in that.

    Their manifests are none before they are rendered.
    """
    pod = POD.format(comment=comment) + "      {{ print }}\n"
    own: Tree = {"values.yaml": 'words: "# trivy_ignore_*"\n', "templates/pod.yaml": pod}
    inner = {f"charts/{path}": content for path, content in _chart("b", own).items()}
    c = packed("c", {**own, "charts/d.tgz": packed("d", own)})
    a = _chart("a", {**own, **inner, "charts/c-1.0.0.tgz": c})
    return {f"charts/{path}": content for path, content in a.items()}


def packed(name: str, files: Tree) -> bytes:
    """A chart's archive."""
    return gzip.compress(tar_of(_chart(name, files)), mtime=0)


def _chart(name: str, files: Tree) -> Tree:
    about = {f"{name}/Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n"}
    return about | {f"{name}/{path}": content for path, content in files.items()}


def _plan(module: str) -> bytes:
    """A plan as Terraform saves it, as far as a scanner reads it."""
    files = {"tfplan": "", "tfconfig/modules.json": '[{"Key": "", "Dir": "."}]', "tfconfig/m-/main.tf": module}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as plan:
        for path, content in files.items():
            plan.writestr(path, content)
    return archive.getvalue()
