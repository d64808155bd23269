# escape=`
# check=skip=all
FROM `
  ghcr.io/acme/app:1
RUN dir c:\
FROM ghcr.io/acme/app:1
RUN echo `
FROM ghcr.io/acme/app:1
