"""Package URLs: how package managers' packages are named."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(4096)  # A package has many findings, and each is asked for its key by every report.
def without_version(purl: str) -> str:
    """A package URL up to its version: qualifiers such as the distribution's release go too.

    Source: the purl specification: `scheme:type/namespace/name@version?qualifiers#subpath`, any `@` of the name
    percent-encoded.
    """
    bare = purl.partition("?")[0].partition("#")[0]
    return bare.rpartition("@")[0] or bare
