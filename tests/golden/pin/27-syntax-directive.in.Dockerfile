#!/usr/bin/env docker-build
#  syntax = ghcr.io/acme/app:1  
# check=skip=all
# syntax-of-another: ghcr.io/acme/app:1
# syntax=ghcr.io/acme/app:1
FROM scratch
# syntax=ghcr.io/acme/app:1
