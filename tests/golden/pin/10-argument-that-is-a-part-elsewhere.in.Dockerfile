ARG BASE=ghcr.io/acme/app:1
FROM $BASE
FROM ${BASE}-debug
