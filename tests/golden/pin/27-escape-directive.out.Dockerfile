# escape=`
# check=skip=all
FROM `
  ghcr.io/acme/app:1@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
RUN dir c:\
FROM ghcr.io/acme/app:1@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
RUN echo `
FROM ghcr.io/acme/app:1
