"""
The version documents of the surfaces, as Nova and Cinder write them, with the range that all pods share.

The formats are those of the Compute and Block Storage APIs' "List API versions" and "Show details of API version".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from trio2o.exchange import Answer, HeaderList
from trio2o.surface.microversions import Range
from trio2o.surface.surfaces import Surface

#: When the services last changed what the documents say; clients show it and compare nothing with it.
_COMPUTE_UPDATED = {"v2.0": "2025-07-04T12:00:00Z", "v2.1": "2013-07-23T11:33:21Z"}
_VOLUME_UPDATED = "2023-08-31T00:00:00Z"

_JSON: HeaderList = [(b"Content-Type", b"application/json")]


def root_document(surface: Surface, root: str, known: Range) -> Answer:
    """
    ``GET /``: 200 at Nova, 300 at Cinder.
    """
    if surface.name == "compute":
        versions = [
            {
                "id": "v2.0",
                "status": "DEPRECATED",
                "version": "",
                "min_version": "",
                "updated": _COMPUTE_UPDATED["v2.0"],
                "links": [_self(root, "v2")],
            },
            {
                "id": "v2.1",
                "status": "CURRENT",
                **_range(known),
                "updated": _COMPUTE_UPDATED["v2.1"],
                "links": [_self(root, "v2.1")],
            },
        ]
        return _answer(200, {"versions": versions})
    return _answer(300, {"versions": [_volume_version(root, known)]})


def version_document(surface: Surface, version: str, root: str, known: Range) -> Answer:
    """
    ``GET /v2.1``, ``GET /v2``, ``GET /v3``.
    """
    if surface.name != "compute":
        return _answer(200, {"versions": [_volume_version(root, known)]}, versioned=True)
    described = {"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"}
    old = version == "v2"
    document = {
        "id": "v2.0" if old else "v2.1",
        "status": "DEPRECATED" if old else "CURRENT",
        **({"version": "", "min_version": ""} if old else _range(known)),
        "updated": _COMPUTE_UPDATED["v2.0" if old else "v2.1"],
        "links": [_self(root, version), described],
        "media-types": [
            {
                "base": "application/json",
                "type": f"application/vnd.openstack.compute+json;version={'2' if old else '2.1'}",
            }
        ],
    }
    return _answer(200, {"version": document}, versioned=True)


def _volume_version(root: str, known: Range) -> Mapping[str, Any]:
    return {
        "id": "v3.0",
        "status": "CURRENT",
        **_range(known),
        "updated": _VOLUME_UPDATED,
        "links": [
            {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"},
            _self(root, "v3"),
        ],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}
        ],
    }


def _self(root: str, version: str) -> Mapping[str, str]:
    return {"rel": "self", "href": f"{root}/{version}/"}


def _range(known: Range) -> Mapping[str, str]:
    return {"version": str(known.maximum), "min_version": str(known.minimum)}


def _answer(status: int, document: Mapping[str, Any], *, versioned: bool = False) -> Answer:
    return Answer(status=status, headers=list(_JSON), body=orjson.dumps(document), versioned=versioned)
