# 🚢 é
FROM ghcr.io/acme/app:1@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd \
  AS a
COPY --from=nginx:1@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd /🚢 /a
FROM nginx@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd