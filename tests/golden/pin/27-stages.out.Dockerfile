# FROM ghcr.io/acme/app:1
FROM --platform=$BUILDPLATFORM ghcr.io/acme/app:1@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd AS build
from ghcr.io/acme/app:1@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd as Two
FROM build AS three
FROM TWO
FROM scratch
FROM nginx@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd AS nginx
FROM nginx AS last
FROM	docker.io/library/nginx:1.27@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
FROM "localhost:5000/app:1@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
FROM ghcr.io/acme/app-web:1
FROM ghcr.io/acme/app@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
COPY --from=0 /a /a
COPY --from=build /a /a
COPY --from=nginx /a /a
COPY --chown=1:1 --from=localhost:5000/app@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd /a /a
COPY --from="ghcr.io/acme/app:1@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd" /a /a
COPY a --from=ghcr.io/acme/app:1 /a
ADD ghcr.io/acme/app:1 /a
ONBUILD COPY --from=ghcr.io/acme/app:1@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd /a /a
RUN --mount=type=bind,from=ghcr.io/acme/app:1@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd,target=/a --mount=target=/b,from=build true
RUN --mount=from=ghcr.io/acme/app:1@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd --network=none echo --mount=from=ghcr.io/acme/app:1
LABEL base=ghcr.io/acme/app:1
CMD ["ghcr.io/acme/app:1"]
