"""
Where ids stand that each pod gives of its own to what all pods have the same: types of volumes and groups, QoS specs.

The rows of the surface tables name one of these. What stands elsewhere in a body, metadata above all, is text that users wrote.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

VOLUME_TYPE, QOS_SPECS, GROUP_TYPE = "volume_type", "qos_specs", "group_type"

#: The kinds, in the order in which an id that may be any of theirs is looked up.
MAPPED_KINDS = (VOLUME_TYPE, QOS_SPECS, GROUP_TYPE)


@frozen
class Ids:
    """
    A value that is an id, or a list of ids. In requests a name may stand there instead.
    """

    #: Whose id; empty for any.
    kind: str = ""
    #: True where ids stand within a text: a link, or several joined by commas.
    within: bool = False


#: The members of an object that hold ids, or objects and lists of objects that do.
Shape = Mapping[str, "Shape | Ids"]


@frozen(kw_only=True)
class MappedIds:
    """
    Where the requests and answers of an operation have such ids.
    """

    #: Whose id the path's ``{id}`` is; empty for another's.
    path: str = ""
    #: Parameters of the query to the kinds whose ids they take.
    parameters: Mapping[str, str] = field(factory=dict)
    #: Where a request's body has them.
    asked: Shape = field(factory=dict)
    #: Where an answer has them.
    told: Shape = field(factory=dict)
    #: The microversion from which on answers have them there.
    since: tuple[int, int] = (0, 0)
    #: A field that stands once in each answer, and is the only one with an id; empty where that is not so.
    lone: str = ""


#: No place but the words of errors, which may name any of them.
IN_WORDS = MappedIds()

_TYPE, _QOS, _GROUP_TYPE, _WITHIN = Ids(VOLUME_TYPE), Ids(QOS_SPECS), Ids(GROUP_TYPE), Ids(within=True)
_LINKS: Shape = {"href": _WITHIN}

# What volumes, groups and servers name.

_VOLUME: Shape = {"volume_type_id": _TYPE}
_SHOWS_TYPE = (3, 63)

#: One volume; its create.
A_VOLUME = MappedIds(
    asked={"volume": {"volume_type": _TYPE}},
    told={"volume": _VOLUME},
    since=_SHOWS_TYPE,
    lone="volume_type_id",
)
VOLUMES = MappedIds(parameters={"volume_type_id": VOLUME_TYPE}, told={"volumes": _VOLUME}, since=_SHOWS_TYPE)
_A_TYPE: Shape = {"id": _TYPE, "qos_specs_id": _QOS}
#: A retype names a type, and the answer to the upload of a volume as an image shows the volume's.
VOLUME_ACTION = MappedIds(
    asked={"os-retype": {"new_type": _TYPE}}, told={"os-volume_upload_image": {"volume_type": _A_TYPE}}
)
#: Snapshots keep the type of their volume, and show it to nobody.
SNAPSHOTS = MappedIds(parameters={"volume_type_id": VOLUME_TYPE})

#: Storage pools that a type's volumes fit in.
POOLS = MappedIds(parameters={"volume_type": VOLUME_TYPE})

_GROUP: Shape = {"group_type": _GROUP_TYPE, "volume_types": _TYPE}
GROUPS = MappedIds(
    parameters={"group_type_id": GROUP_TYPE},
    asked={"group": _GROUP},
    told={"group": _GROUP, "groups": _GROUP},
)
_GROUP_SNAPSHOT: Shape = {"group_type_id": _GROUP_TYPE}
GROUP_SNAPSHOTS = MappedIds(
    parameters={"group_type_id": GROUP_TYPE},
    told={"group_snapshot": _GROUP_SNAPSHOT, "group_snapshots": _GROUP_SNAPSHOT},
)
_CONSISTENCY_GROUP: Shape = {"volume_types": _TYPE}
CONSISTENCY_GROUPS = MappedIds(
    asked={"consistencygroup": {"volume_types": Ids(VOLUME_TYPE, within=True)}},
    told={"consistencygroup": _CONSISTENCY_GROUP, "consistencygroups": _CONSISTENCY_GROUP},
)

#: Disks that are made for a server may name the type of their volume, from 2.67 on.
SERVER_CREATE = MappedIds(asked={"server": {"block_device_mapping_v2": {"volume_type": _TYPE}}})

#: A volume that is made by Nova's path of old times, whose answers name types by their names.
VOLUME_PROXY = MappedIds(asked={"volume": {"volume_type": _TYPE}})

# The types themselves.

TYPES = MappedIds(
    path=VOLUME_TYPE,
    parameters={"marker": VOLUME_TYPE},
    told={"volume_type": _A_TYPE, "volume_types": _A_TYPE, "volume_type_links": _LINKS},
)
#: What stands below a type: who may use it, and how it is encrypted, whose fields a show has without anything around them.
BELOW_TYPE = MappedIds(
    path=VOLUME_TYPE,
    told={
        "volume_type_access": {"volume_type_id": _TYPE},
        "encryption": {"volume_type_id": _TYPE},
        "volume_type_id": _TYPE,
    },
)
#: One extra spec, under a name that an operator chose.
EXTRA_SPEC = MappedIds(path=VOLUME_TYPE)
DEFAULT_TYPES = MappedIds(
    asked={"default_type": {"volume_type": _TYPE}},
    told={"default_type": _VOLUME, "default_types": _VOLUME},
)

QOS = MappedIds(
    path=QOS_SPECS,
    parameters={"marker": QOS_SPECS, "id": QOS_SPECS},
    told={"qos_specs": {"id": _QOS}, "links": _LINKS, "qos_specs_links": _LINKS},
)
BELOW_QOS = MappedIds(
    path=QOS_SPECS, parameters={"vol_type_id": VOLUME_TYPE}, told={"qos_associations": {"id": _TYPE}}
)

_A_GROUP_TYPE: Shape = {"id": _GROUP_TYPE}
GROUP_TYPES = MappedIds(
    path=GROUP_TYPE,
    parameters={"marker": GROUP_TYPE},
    told={"group_type": _A_GROUP_TYPE, "group_types": _A_GROUP_TYPE, "group_type_links": _LINKS},
)
BELOW_GROUP_TYPE = MappedIds(path=GROUP_TYPE)
