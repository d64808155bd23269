ARG BASE=ghcr.io/acme/app:1@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd TAG=1
ARG QUOTED="nginx:1.27@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd" UNUSED=nginx:1
ARG OTHER_STAGE=nginx
ARG WHOLE_OF_ANOTHER=$TAG
FROM $BASE AS nginx
FROM ${QUOTED}
FROM ${UNKNOWN:-ghcr.io/acme/app:1@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd}
FROM "${UNKNOWN-localhost:5000/app@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd}"
FROM ghcr.io/acme/app:$TAG
FROM ${REGISTRY}/app
FROM $OTHER_STAGE
FROM $WHOLE_OF_ANOTHER
FROM {{image}}
ARG BASE=ghcr.io/acme/app:1
COPY --from=$BASE /a /a
