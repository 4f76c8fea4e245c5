"""
A request that is followed: what is read in it, and in what the pod says of it.
"""

from __future__ import annotations

from typing import Any

import orjson
from attrs import define, field

from trio2o.exchange import Answer, Inbound
from trio2o.model import Kind, RequestContext

#: What Cinder takes for true.
_TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})


@define
class Followed:
    """
    A request that is being followed.
    """

    inbound: Inbound
    context: RequestContext
    #: The client's body, parsed; empty where it is no JSON object.
    asked: dict[str, Any]
    #: What will go along, by kind, known before the request is sent.
    leaving: dict[Kind, list[str]] = field(factory=dict)

    @property
    def kind(self) -> Kind:
        """
        What the request is about.
        """
        kind = self.inbound.operation.kind
        assert kind is not None, f"the table gives no kind for {self.inbound.operation.path}"
        return kind

    @property
    def resource_id(self) -> str:
        """
        The id in the path.
        """
        return self.inbound.ids["id"]

    @property
    def root(self) -> str:
        """
        What the paths of our questions begin with; a token without a project has none to name.
        """
        return f"/v3/{self.context.project_id}" if self.context.project_id else "/v3"

    def deletes_volumes(self) -> bool:
        """
        True for a group's ``{"delete": {"delete-volumes": true}}``, and for a consistency group's delete by ``force``.
        """
        if self.kind is Kind.CONSISTENCY_GROUP:
            options, flag = self.asked.get("consistencygroup"), "force"
        else:
            options, flag = self.asked.get("delete"), "delete-volumes"
        return isinstance(options, dict) and str(options.get(flag, "")).lower() in _TRUE


def as_object(raw: bytes) -> dict[str, Any]:
    """
    A body's JSON object; empty where it is none.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def told_in(answer: Answer, key: str) -> dict[str, Any]:
    """
    What stands under a key of an answer whose body is here.
    """
    found = as_object(answer.body).get(key) if isinstance(answer.body, bytes) else None
    return found if isinstance(found, dict) else {}
