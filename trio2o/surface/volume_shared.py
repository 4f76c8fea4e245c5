"""
The rows of the volume surface for what every pod has the same: volume types, QoS specs, group types, default types.

Each pod gives them ids of its own, which are exchanged for those that users know. A list shows each name once. What one pod
alone has, since nobody wants it everywhere yet, is found by its id in the pod that has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from trio2o.surface.compute import GET, POST
from trio2o.surface.mapped_ids import (
    BELOW_GROUP_TYPE,
    BELOW_QOS,
    BELOW_TYPE,
    DEFAULT_TYPES,
    EXTRA_SPEC,
    GROUP_TYPE,
    GROUP_TYPES,
    QOS,
    QOS_SPECS,
    TYPES,
    VOLUME_TYPE,
    MappedIds,
)
from trio2o.surface.operations import Operation

_READS = frozenset({"GET", "HEAD"})
_PUT = frozenset({"PUT"})
_DELETE = frozenset({"DELETE"})

#: What one pod lacks, another may have.
_LACKS = {"elsewhere": (404,)}
#: And what one has already, such as a project's access, another may lack.
_LACKS_OR_HAS = {"elsewhere": (404, 409)}


def _shared(
    path: str, kind: str, key: str, links: str, ids: MappedIds, below: MappedIds
) -> Iterator[Operation]:
    """
    One kind of them. Without a user of the daemon's that may administer pods, what is new is made in the project's bound pod,
    and changed in the pod that has it.
    """
    named = {"key": key, "named": "name", "links": links}
    offers = path == "/types"
    yield Operation(methods=GET, path=path, strategy="agreed", options=named, ids=ids)
    yield Operation(
        methods=POST,
        path=path,
        strategy="replicate",
        options={"kind": kind, "by": "any"},
        offers=offers,
        ids=ids,
    )
    yield Operation(methods=_READS, path=f"{path}/{{id}}", strategy="any", options=_LACKS, ids=ids)
    yield Operation(
        methods=_PUT | _DELETE,
        path=f"{path}/{{id}}",
        strategy="replicate",
        options={"kind": kind, "by": "ask", **_LACKS},
        offers=offers,
        ids=ids,
    )
    yield from _below(f"{path}/{{id}}/**", kind, below, offers=offers)


def _below(path: str, kind: str, ids: MappedIds, *, offers: bool = False) -> Iterator[Operation]:
    """
    What stands below one of them.
    """
    yield Operation(methods=_READS, path=path, strategy="any", options=_LACKS, ids=ids)
    yield Operation(
        methods=POST | _PUT | _DELETE,
        path=path,
        strategy="replicate",
        options={"kind": kind, "by": "ask", **_LACKS_OR_HAS},
        offers=offers,
        ids=ids,
    )


def _associations() -> Iterator[Operation]:
    """
    Which types have QoS specs. Cinder takes these writes by GET.
    """
    for action in ("associate", "disassociate", "disassociate_all"):
        yield Operation(
            methods=_READS,
            path=f"/qos-specs/{{id}}/{action}",
            strategy="replicate",
            options={"kind": QOS_SPECS, "by": "ask", **_LACKS},
            ids=BELOW_QOS,
        )


def _default_types() -> Iterator[Operation]:
    """
    The types that projects' volumes have where their create names none; the id is a project's.
    """
    path = "/default-types"
    yield Operation(
        methods=GET,
        path=path,
        strategy="agreed",
        options={"key": "default_types", "named": "project_id", "marker": "project_id"},
        ids=DEFAULT_TYPES,
    )
    yield Operation(methods=_READS, path=f"{path}/{{id}}", strategy="any", options=_LACKS, ids=DEFAULT_TYPES)
    yield Operation(
        methods=_PUT | _DELETE,
        path=f"{path}/{{id}}",
        strategy="replicate",
        options={"kind": "default_type", "by": "every"},
        ids=DEFAULT_TYPES,
    )


SHARED: tuple[Operation, ...] = (
    *_shared("/types", VOLUME_TYPE, "volume_types", "volume_type_links", TYPES, BELOW_TYPE),
    *_below("/types/{id}/extra_specs/{key}", VOLUME_TYPE, EXTRA_SPEC, offers=True),
    *_shared("/qos-specs", QOS_SPECS, "qos_specs", "qos_specs_links", QOS, BELOW_QOS),
    *_associations(),
    *_shared("/group_types", GROUP_TYPE, "group_types", "group_type_links", GROUP_TYPES, BELOW_GROUP_TYPE),
    *_default_types(),
)
