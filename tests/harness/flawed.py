"""An image with something of every kind in it, and what Trivy has to say of it."""

from __future__ import annotations

from tests.harness.images import DEBIAN_12, Tree, pip_package

# In two parts, so that no scanner takes this file for a leak.
TOKEN = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
ACCESS_KEY = "AKIA" + "2E0A8F3B244C9986"

DOCKERFILE = f"""\
FROM debian:latest
ARG GITHUB_TOKEN={TOKEN}
RUN curl -H "Authorization: token {TOKEN}" https://example.com/x && apt-get install curl
"""
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: nginx
      securityContext:
        privileged: true
"""
FLAWED: Tree = {
    **pip_package("jinja2", "2.10"),
    "app/gpl-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: gpl\nVersion: 1.0\nLicense: GPL-3.0\n",
    "app/settings.py": f'ACCESS = "{ACCESS_KEY}"\nTOKEN = "{TOKEN}"\n',
    "app/Dockerfile": DOCKERFILE,
    "app/pod.yaml": POD,
}
LAYERS = [DEBIAN_12, FLAWED]
ENV = {"GITHUB_TOKEN": TOKEN, "LANG": "C.UTF-8"}
CREATED_BY = f"RUN |1 GITHUB_TOKEN={TOKEN} /bin/sh -c make"
