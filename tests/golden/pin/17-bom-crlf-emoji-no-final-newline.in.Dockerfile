# 🚢 é
FROM ghcr.io/acme/app:1 \
  AS a
COPY --from=nginx:1 /🚢 /a
FROM nginx