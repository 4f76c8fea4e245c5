"""
What projects may have over all pods, and have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from zope.interface import Interface

from trio2o.model import QuotaOwner, QuotaUse

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805


class IQuotaLimits(Interface):
    """
    The limits that hold, as this process knows them: in memory, so also with the database away.
    """

    def effective(service: str, project_id: str, user_id: str, resources: Iterable[str]) -> Mapping[str, int]:
        """
        The limit of each of these resources, -1 for none: the user's in this project, else the project's, else that of the
        class ``default``, else the configuration's, else the largest that a pod has by its own default class.

        :param service: ``compute`` or ``volume``.
        :param user_id: empty for the project as a whole. What is counted for a project is bound by the project's limit, too.
        """

    def known(service: str, project_id: str, user_id: str, resources: Iterable[str]) -> Mapping[str, int]:
        """
        As :meth:`effective`, without those resources that nobody has said anything of.
        """

    def defaults(service: str, resources: Iterable[str]) -> Mapping[str, int]:
        """
        As :meth:`known`, of a project that has no limits of its own.
        """

    def set_defaults(service: str) -> Mapping[str, int]:
        """
        Those of :meth:`defaults` that somebody has set, without what pods say by themselves.
        """

    def of_class(service: str, name: str, resources: Iterable[str]) -> Mapping[str, int]:
        """
        What is shown of a quota class, as :meth:`known`.
        """

    def own(owner: QuotaOwner) -> Mapping[str, int]:
        """
        The limits that somebody was given.
        """

    def users(service: str, project_id: str) -> Sequence[Mapping[str, int]]:
        """
        The limits that users were given in a project.
        """


class IQuotaUsage(Interface):
    """
    What projects have over all pods.
    """

    async def used(service: str, project_id: str, user_id: str = "") -> Mapping[str, QuotaUse]:
        """
        What a project has of each resource that the top counts, by name (see :mod:`trio2o.quota.resources`); what is not
        named is nothing.

        :param user_id: where it is set, what this user has of it: of compute's resources alone.
        :raises Unavailable: if neither the database nor memory knows.
        """


class IQuotaLimitStore(Interface):
    """
    Limits that were set.
    """

    async def all_limits() -> Mapping[QuotaOwner, Mapping[str, int]]:
        """
        All of them, by owner and resource.
        """

    async def limits_of(owners: Collection[QuotaOwner]) -> Mapping[QuotaOwner, Mapping[str, int]]:
        """
        Those of some owners; who has none is not named.
        """

    async def set_limits(owner: QuotaOwner, limits: Mapping[str, int]) -> int:
        """
        Set these limits of an owner and keep its others, in one transaction; gives the number of the last change in the
        change log, which orders what is set by several at once.

        :raises Missing: if no owner can be called so.
        """

    async def add_limits(owner: QuotaOwner, limits: Mapping[str, int]) -> int:
        """
        As :meth:`set_limits`, of those that the owner has none of yet.
        """

    async def replace_limits(owner: QuotaOwner, limits: Mapping[str, int]) -> int:
        """
        As :meth:`set_limits`, with these as the owner's only ones. Where they are so already nothing changes.
        """

    async def delete_limits(owner: QuotaOwner) -> int:
        """
        Forget an owner's limits, with a project's those of its users, as :meth:`set_limits`.
        """


class IUnifiedLimits(Interface):
    """
    The limits that Keystone has of Nova's resources.
    """

    async def read() -> Mapping[QuotaOwner, Mapping[str, int]]:
        """
        All of them, by the owners under whom they are stored (see :mod:`trio2o.quota.unified`), and by Nova's names.

        :raises Unavailable: if Keystone does not tell all of them.
        """
