# The image that the GitHub Action runs in, and any other CI system whose jobs are containers.
#
# It runs as root, for the engine's socket and a workspace that another user checked out want that, and it has no
# WORKDIR, for the workspace is where a job starts it: https://docs.github.com/actions/reference/dockerfile-support
#
# What it is made of may come from mirrors, given as build arguments. Behind a proxy with an authority of its own:
#   docker build --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt .
ARG BASE_IMAGE=debian:trixie-slim@sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f
ARG DOCKER_IMAGE=docker:29.9.0-cli@sha256:1a4c7cb63513f349bdad01fcc6e0f3f2f67d37b9da86f14dc0d4a0942eecda00
ARG TRIVY_IMAGE=ghcr.io/aquasecurity/trivy:0.76.0

FROM ${DOCKER_IMAGE} AS docker
FROM ${TRIVY_IMAGE} AS trivy

FROM ${BASE_IMAGE} AS base
ENV LANG=C.UTF-8
# ssh is for remotes with deploy keys. Perl goes again, a tenth of the image, for no git command that we run needs it,
# and with it the record that git does: apt and scanners see what is really there. Debian's mirrors keep no versions but
# the newest, so the digest above is what pins them.
# hadolint ignore=DL3008
RUN printf 'path-exclude /usr/share/%s/*\n' doc info locale man >/etc/dpkg/dpkg.cfg.d/slim \
    && echo 'path-include /usr/share/doc/*/copyright' >>/etc/dpkg/dpkg.cfg.d/slim \
    && apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git openssh-client python3 \
    && sed -i '/^Package: git$/,/^$/s/, perl, liberror-perl//' /var/lib/dpkg/status \
    && apt-get purge --yes --auto-remove perl liberror-perl \
    && apt-get check \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/* /var/log/apt /var/log/*.log \
    && ln -s /opt/ci-toolkit/bin/ci-toolkit /usr/local/bin/

FROM base AS build
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends python3-venv && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /build && python3 -m venv --without-pip /opt/ci-toolkit
COPY requirements/ecr.txt /src/requirements/
# Of AWS's services botocore needs only those that logins ask. Bytecode that is never compared with its source stays
# good whatever times the files get, so a reproducible build starts as quickly as any.
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    if [ -s /run/ca.crt ]; then export PIP_CERT=/run/ca.crt; fi \
    && /build/bin/pip --python /opt/ci-toolkit/bin/python install --no-cache-dir --no-compile --require-hashes \
        --requirement /src/requirements/ecr.txt \
    && find /opt/ci-toolkit/lib/python3*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
        ! -name ecr ! -name ecr-public ! -name sts ! -name sso ! -name sso-oidc ! -name signin -exec rm -r {} + \
    && /opt/ci-toolkit/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/ci-toolkit/lib
COPY pyproject.toml README.md LICENSE NOTICE /src/
COPY schemas /src/schemas
COPY templates/gitlab /src/templates/gitlab
COPY ci_toolkit /src/ci_toolkit
# What goes again is what builds the toolkit, and what sarif-om names as needed but doesn't import. With -I a job's
# PYTHONPATH or PYTHONHOME, meant for its own steps, changes nothing here.
RUN pip='/build/bin/pip --python /opt/ci-toolkit/bin/python' \
    && $pip install --no-cache-dir --no-compile --no-deps --no-index --no-build-isolation /src \
    && $pip uninstall --yes --quiet --root-user-action ignore \
        editables hatchling packaging pathspec pbr pluggy setuptools tomlkit trove-classifiers \
    && /opt/ci-toolkit/bin/python -m compileall -q --invalidation-mode unchecked-hash \
        /opt/ci-toolkit/lib/python3*/site-packages/ci_toolkit \
    && sed -i '1s|$| -I|' /opt/ci-toolkit/bin/ci-toolkit* \
    && find /opt/ci-toolkit/bin -type f ! -name 'ci-toolkit*' -delete

FROM base
COPY --from=docker /usr/local/bin/docker /usr/local/bin/
COPY --from=docker /usr/local/libexec/docker/cli-plugins/docker-buildx /usr/local/libexec/docker/cli-plugins/
COPY --from=trivy /usr/local/bin/trivy /usr/local/bin/
COPY --from=build /opt/ci-toolkit /opt/ci-toolkit
ENTRYPOINT ["/opt/ci-toolkit/bin/ci-toolkit"]

ARG VERSION=""
ARG REVISION=""
ARG CREATED=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="ci-toolkit" \
      org.opencontainers.image.description="Container delivery pipelines from one config file: build, scan gate, push, digest-pinned manifests" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
