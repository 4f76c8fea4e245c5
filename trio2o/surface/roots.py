"""
The root of a service: what its URL in a catalog, a configuration or a version document has before the version.
"""

from __future__ import annotations

import re

#: The end of a path: a version, perhaps with a project id or its placeholder after it (``/v2.1/%(project_id)s``), or these alone.
_END = re.compile(
    r"(?:/v[0-9]+(?:\.[0-9]+)*(?:/[^/]*)?|/(?:AUTH_)?(?:[0-9a-f]{32}|[%$]\((?:project|tenant)_id\)s))/*\Z"
)


def root_url(url: str) -> str:
    """
    The root of a service: its URL without version, project id, query and trailing slash.

    ``https://pod/compute/v2.1/%(project_id)s`` gives ``https://pod/compute``.
    """
    root = url.strip().partition("?")[0].partition("#")[0].rstrip("/")
    return _END.sub("", root).rstrip("/")
