"""
What projects may have over all pods, and have.
"""

from __future__ import annotations

from enum import Enum

from attrs import frozen

#: The limit of what has none.
UNLIMITED = -1

#: The only class whose limits hold for projects; Nova and Cinder keep others and never look at them.
DEFAULT_CLASS = "default"


class QuotaScope(Enum):
    """
    Whom a limit is for.
    """

    PROJECT = "project"
    #: One user in one project, as Nova has it.
    USER = "user"
    CLASS = "class"
    #: What a pod says of its own default class; kept so that every process knows it.
    POD = "pod"


@frozen(kw_only=True)
class QuotaOwner:
    """
    Whose limits they are, in one service.
    """

    #: ``compute`` or ``volume``; ``keystone`` for what Keystone says of Nova's (see :mod:`trio2o.quota.unified`).
    service: str
    scope: QuotaScope
    #: Of the project (also where it is a user's), the class or the pod.
    scope_id: str
    #: Set for a user's.
    user_id: str = ""

    @property
    def row_id(self) -> str:
        """
        What the change log calls their limits. No id has a line end in it.
        """
        return "\n".join((self.service, self.scope.value, self.scope_id, self.user_id))

    @classmethod
    def called(cls, row_id: str) -> QuotaOwner:
        """
        Whom the change log calls so.
        """
        service, scope, scope_id, user_id = row_id.split("\n")
        return cls(service=service, scope=QuotaScope(scope), scope_id=scope_id, user_id=user_id)


@frozen(kw_only=True)
class QuotaUse:
    """
    How much of one resource a project has, in the units of its limit.
    """

    #: What pods have, and what was made since they were counted.
    used: int = 0
    #: What is being made.
    reserved: int = 0

    @property
    def taken(self) -> int:
        """
        What a limit has to hold.
        """
        return self.used + self.reserved
