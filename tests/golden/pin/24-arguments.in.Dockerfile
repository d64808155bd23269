ARG BASE=ghcr.io/acme/app:1 TAG=1
ARG QUOTED="nginx:1.27" UNUSED=nginx:1
ARG OTHER_STAGE=nginx
ARG WHOLE_OF_ANOTHER=$TAG
FROM $BASE AS nginx
FROM ${QUOTED}
FROM ${UNKNOWN:-ghcr.io/acme/app:1}
FROM "${UNKNOWN-localhost:5000/app}"
FROM ghcr.io/acme/app:$TAG
FROM ${REGISTRY}/app
FROM $OTHER_STAGE
FROM $WHOLE_OF_ANOTHER
FROM {{image}}
ARG BASE=ghcr.io/acme/app:1
COPY --from=$BASE /a /a
