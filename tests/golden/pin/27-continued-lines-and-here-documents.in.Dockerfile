FROM \
  # a comment in between: ghcr.io/acme/app:1

  --platform=linux/amd64 \
  ghcr.io/acme/app:1 \
  AS build
RUN echo \
FROM ghcr.io/acme/app:1
RUN <<EOT cat > /Dockerfile
FROM ghcr.io/acme/app:1
	EOT
EOT
COPY <<one <<-"two" /x/
FROM ghcr.io/acme/app:1
one
FROM ghcr.io/acme/app:1
	two
RUN echo foo<<EOT " <<EOT "
FROM ghcr.io/acme/\
app:1
FROM ghcr.io/acme/app:1
RUN true \\
FROM ghcr.io/acme/app:1
ONBUILD RUN <<EOT
FROM ghcr.io/acme/app:1
EOT
RUN --mount=type=bind,from=ghcr.io/acme/app:1,target=/x \
    --mount=from=localhost:5000/app,\
target=/y \
    true
FROM ghcr.io/acme/app:1 \
