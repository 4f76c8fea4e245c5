"""
The rows of the compute surface for what every pod should have the same: flavors, key pairs, quotas.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trio2o.surface.operations import Operation

_GET = frozenset({"GET"})
_READS = frozenset({"GET", "HEAD"})
_POST = frozenset({"POST"})
_PUT = frozenset({"PUT"})
_DELETE = frozenset({"DELETE"})

#: What one pod lacks, another may have.
_LACKS = {"elsewhere": (404,)}

#: The kinds of what is kept the same, by the names that their adapters have.
_FLAVOR, _KEY_PAIR = {"kind": "flavor"}, {"kind": "key_pair"}

_FLAVORS: dict[str, Any] = {"key": "flavors", "links": "flavors_links"}


def _flavors() -> Iterator[Operation]:
    """
    One id everywhere. A flavor is made in every pod or in none: a server may get to any of them.
    """
    yield Operation(
        methods=_GET,
        path="/flavors",
        strategy="agreed",
        options={**_FLAVORS, "detailed": "/detail", "keep": ("id", "name", "description", "links")},
    )
    yield Operation(methods=_GET, path="/flavors/detail", strategy="agreed", options=_FLAVORS)
    yield Operation(
        methods=_POST,
        path="/flavors",
        strategy="replicate",
        options={
            **_FLAVOR,
            "by": "alike",
            "single": "flavor",
            "name": "id",
            "names_it": True,
            "same": ("name", "ram", "vcpus", "disk", "swap", "OS-FLV-EXT-DATA:ephemeral"),
        },
        offers=True,
    )
    yield Operation(methods=_READS, path="/flavors/{id}", strategy="any", options=_LACKS)
    yield Operation(
        methods=_PUT | _DELETE,
        path="/flavors/{id}",
        strategy="replicate",
        options={**_FLAVOR, "by": "every", **_LACKS},
        offers=True,
    )
    yield Operation(methods=_READS, path="/flavors/{id}/**", strategy="any", options=_LACKS)
    # a pod that gives access already says 409
    yield Operation(
        methods=_POST | _PUT | _DELETE,
        path="/flavors/{id}/**",
        strategy="replicate",
        options={**_FLAVOR, "by": "every", "elsewhere": (404, 409)},
        offers=True,
    )


def _keypairs() -> Iterator[Operation]:
    """
    One key of each name. A pod that is away makes nobody wait for it: the answer says so.
    """
    yield Operation(
        methods=_GET,
        path="/os-keypairs",
        strategy="agreed",
        options={
            "key": "keypairs",
            "named": "keypair.name",
            "marker": "keypair.name",
            "links": "keypairs_links",
            "pages_from": (2, 35),
        },
    )
    yield Operation(
        methods=_POST,
        path="/os-keypairs",
        strategy="replicate",
        options={
            **_KEY_PAIR,
            "by": "alike",
            "single": "keypair",
            "name": "name",
            "same": ("public_key",),
            "learnt": "public_key",
            "along": ("type", "user_id"),
            "lenient": True,
        },
    )
    yield Operation(methods=_READS, path="/os-keypairs/{id}", strategy="any", options=_LACKS)
    yield Operation(
        methods=_DELETE,
        path="/os-keypairs/{id}",
        strategy="replicate",
        options={**_KEY_PAIR, "by": "every", **_LACKS, "lenient": True},
    )


def _quotas() -> Iterator[Operation]:
    """
    One quota of a project over all pods: what is set counts at the top, and every pod is given it.
    """
    shown = {"view": "set", "key": "quota_set"}
    project, of_class = {"scope": "project", "key": "quota_set"}, {"scope": "class", "key": "quota_class_set"}
    path = "/os-quota-sets/{project}"
    yield Operation(methods=_GET, path=path, strategy="quota", options=shown)
    yield Operation(
        methods=_GET,
        path=f"{path}/detail",
        strategy="quota",
        options={**shown, "used": True, "combine": "quotas"},
    )
    yield Operation(
        methods=_GET, path=f"{path}/defaults", strategy="quota", options={**shown, "view": "defaults"}
    )
    yield Operation(methods=_PUT | _DELETE, path=path, strategy="quota_write", options=project)
    path = "/os-quota-class-sets/{id}"
    yield Operation(
        methods=_GET, path=path, strategy="quota", options={"view": "class", "key": "quota_class_set"}
    )
    yield Operation(methods=_PUT, path=path, strategy="quota_write", options=of_class)
    yield Operation(
        methods=_GET,
        path="/limits",
        strategy="quota",
        options={"view": "limits", "key": "limits", "used": True, "combine": "limits"},
    )


def _aggregates() -> Iterator[Operation]:
    """
    One aggregate of each name, with each pod's hosts.
    """
    options = {"kind": "aggregate", "by": "any"}
    for methods, path in (
        (_GET, "/os-aggregates"),
        (_POST, "/os-aggregates"),
        (_GET, "/os-aggregates/{id}"),
        (_PUT | _DELETE, "/os-aggregates/{id}"),
        (_POST, "/os-aggregates/{id}/action"),
        (_POST, "/os-aggregates/{id}/images"),
    ):
        yield Operation(methods=methods, path=path, strategy="aggregates", options=options)


SHARED: tuple[Operation, ...] = (*_flavors(), *_keypairs(), *_quotas(), *_aggregates())
