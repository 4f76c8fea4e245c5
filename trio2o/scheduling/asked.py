"""
What a create's body asks of the scheduler. Pure.

The fields are those of the Compute API v2.1 and the Block Storage API v3; nothing of the body was checked yet, and what is
malformed is the pod's to refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from attrs import evolve

from trio2o.model import Amounts, Kind, OfferedFlavor, OfferedType, PlacementRequest
from trio2o.model.shared import KEY_PAIR, SharedKey
from trio2o.scheduling.needs import makes_volumes, needs_of, needs_of_server

#: The hint by which a create names taints.
TOLERATES = "trio2o:tolerates"

#: Where hints stand in a body.
_HINTS = {
    Kind.SERVER: ("os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"),
    Kind.VOLUME: ("OS-SCH-HNT:scheduler_hints",),
}


class Offered(Protocol):
    """
    What is known of flavors and volume types, whatever pod told it.
    """

    def flavor(self, flavor_id: str) -> OfferedFlavor | None:
        """
        A flavor by its id; ``None`` where no pod is known to have it.
        """

    def volume_type(self, name: str) -> OfferedType | None:
        """
        A volume type by its name or id; ``None`` where no pod is known to have it.
        """


def placement_request(
    kind: Kind,
    resource: Mapping[str, Any],
    *,
    project_id: str,
    user_id: str,
    zone: str | None,
    within: frozenset[str] | None,
    tolerations: frozenset[str],
    offered: Offered,
    typical: Amounts,
) -> PlacementRequest:
    """
    The request of a create.

    :param resource: what stands under the resource's key in the body.
    :param zone: the top zone that the body names.
    :param within: the ids of the pods that have what the body names (I6).
    :param tolerations: the taints that the body says do not keep it away, of those that it may say.
    :param typical: what a server or volume counts for whose size is not known.
    """
    named = PlacementRequest(
        project_id=project_id,
        kind=kind,
        availability_zone=zone,
        within=within,
        tolerations=tolerations,
        flavor=flavor_id(resource) if kind is Kind.SERVER else None,
        image=_image(kind, resource),
        volume_type=_volume_type(kind, resource),
        key_pair=_key_pair(kind, resource, user_id),
        makes_volumes=kind is Kind.SERVER and makes_volumes(resource),
    )
    flavor = None if named.flavor is None else offered.flavor(named.flavor)
    return evolve(
        named,
        pod_group=_group(named, offered),
        needs=needs_of(kind, resource, typical, flavor),
    )


def tolerated(kind: Kind, body: Mapping[str, Any]) -> frozenset[str]:
    """
    The taints that a body's scheduler hint says do not keep it away; a word or a list of words.

    The hint stays in the body: the schemas of Nova and Cinder take hints that they do not know, and their schedulers pass over
    them.
    """
    hints = [body.get(key) for key in _HINTS.get(kind, ())]
    if kind is Kind.VOLUME and isinstance(body.get("volume"), dict):
        hints.append(body["volume"].get("scheduler_hints"))
    found: set[str] = set()
    for each in hints:
        said = each.get(TOLERATES) if isinstance(each, dict) else None
        words = said if isinstance(said, list) else [said]
        found.update(word for word in words if isinstance(word, str) and word)
    return frozenset(found)


def completed(request: PlacementRequest, offered: Offered, typical: Amounts) -> PlacementRequest:
    """
    A request that names a flavor or volume type, with the group that it asks for, and, where the request says no amounts,
    with those of one server.
    """
    if not request.pod_group:
        request = evolve(request, pod_group=_group(request, offered))
    flavor = None if request.flavor is None else offered.flavor(request.flavor)
    if request.kind is Kind.SERVER and request.needs is None and flavor is not None:
        request = evolve(request, needs=needs_of_server(flavor, typical))
    return request


def _group(request: PlacementRequest, offered: Offered) -> str:
    """
    A server's flavor asks for a group, and what Cinder makes does by its type.
    """
    known: OfferedFlavor | OfferedType | None = None
    if request.kind is Kind.SERVER:
        known = None if request.flavor is None else offered.flavor(request.flavor)
    elif request.volume_type is not None:
        known = offered.volume_type(request.volume_type)
    return "" if known is None else known.group


def flavor_id(server: Mapping[str, Any]) -> str | None:
    """
    The flavor's id, which Nova also takes as a number, and as the end of a URL.
    """
    value = server.get("flavorRef")
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        return urlsplit(str(value)).path.rsplit("/", 1)[-1] or None
    except ValueError:
        return None


def _key_pair(kind: Kind, resource: Mapping[str, Any], user_id: str) -> str | None:
    name = resource.get("key_name") if kind is Kind.SERVER else None
    return SharedKey(KEY_PAIR, name, user_id).plain_id if isinstance(name, str) and name else None


def _image(kind: Kind, resource: Mapping[str, Any]) -> str | None:
    keys = {Kind.SERVER: ("imageRef",), Kind.VOLUME: ("imageRef", "image_id")}.get(kind, ())
    return next((_text(resource.get(key)) for key in keys if _text(resource.get(key))), None)


def _volume_type(kind: Kind, resource: Mapping[str, Any]) -> str | None:
    """
    The type's name or id; the first one of a group of volumes.
    """
    if kind is Kind.VOLUME:
        return _text(resource.get("volume_type"))
    if kind in (Kind.GROUP, Kind.CONSISTENCY_GROUP):
        named = resource.get("volume_types")
        # a list; for consistency groups words joined by commas
        several = named.split(",") if isinstance(named, str) else named
        return _text(several[0]) if isinstance(several, list) and several else None
    return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
