"""
The lists of Block Storage beside those of volumes: each has links, pages, orders and plain fields of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from tests.unit.strategies.case import P1, ROOT, StrategyCase, a_context, an_id, at
from tests.unit.strategies.doubles import Reply
from trio2o.exchange import Answer, PodCall

BASE = f"/v3/{P1}"
USER = a_context("volume")


def an_item(number: int, **fields: Any) -> dict[str, Any]:
    """
    An item with details; a larger number is newer.
    """
    return {
        "id": an_id(number),
        "name": f"n{number}",
        "created_at": at(number).removesuffix("Z") + ".000000",
        "availability_zone": "nova",
        **fields,
    }


class CinderList:
    """
    A pod's list: the newest first, or the oldest; by marker, or as a slice that knows none.
    """

    def __init__(
        self,
        plural: str,
        links: str,
        items: Sequence[dict[str, Any]],
        *,
        oldest: bool = False,
        slices: bool = False,
    ) -> None:
        self.plural = plural
        self.links = links
        self.slices = slices
        self.items = sorted(items, key=lambda item: item.get("created_at", ""), reverse=not oldest)
        #: The queries that were asked.
        self.asked: list[dict[str, str]] = []

    def __call__(self, call: PodCall) -> Reply:
        """
        A page.
        """
        query = dict(parse_qsl(call.target.partition(b"?")[2].decode()))
        self.asked.append(query)
        limit = int(query.get("limit", "1000"))
        ids = [item["id"] for item in self.items]
        start = ids.index(query["marker"]) + 1 if "marker" in query and not self.slices else 0
        page = self.items[start : start + limit]
        body: dict[str, Any] = {self.plural: page}
        if page and limit <= len(page) and self.links:
            body[self.links] = [{"rel": "next", "href": "x"}]
        if query.get("with_count") == "true":
            body["count"] = len(self.items)
        return Reply(200, body)


class ListCase(StrategyCase):
    """
    Six items over three pods, dealt out in turn.
    """

    def has_lists(self, path: str, plural: str, links: str = "", **more: Any) -> dict[str, CinderList]:
        """
        The pods have a detailed list.
        """
        fields = more.pop("fields", {})
        lists = {}
        for number, name in enumerate(("Pod1", "Pod2", "Pod3")):
            items = [an_item(6 - number, **fields), an_item(3 - number, **fields)]
            lists[name] = CinderList(plural, links, items, **more)
            self.pods.on(name, "GET", BASE + path, lists[name])
        return lists

    def listed(self, target: str, plural: str, version: tuple[int, int] | None = (3, 71)) -> list[int]:
        """
        A page, by its numbers.
        """
        items = self.shown(self.of(target, version))[plural]
        return [int(item["id"][:8], 16) for item in items]

    def of(self, target: str, version: tuple[int, int] | None = (3, 71)) -> Answer:
        """
        The answer to a list.
        """
        return self.asked("GET", BASE + target, context=USER, version=version)


class BackupTests(ListCase):
    """
    Backups.
    """

    def test_order(self) -> None:
        """
        The newest of all pods come first, in zones of the top region.
        """
        self.has_lists("/backups/detail", "backups", "backups_links")
        answer = self.of("/backups/detail")
        items = self.shown(answer)["backups"]
        self.assertEqual([6, 5, 4, 3, 2, 1], [int(item["id"][:8], 16) for item in items])
        self.assertEqual({"az1", "az2"}, {item["availability_zone"] for item in items})

    def test_plain(self) -> None:
        """
        The plain list is read in detail, and shows no more than Cinder's.
        """
        self.has_lists("/backups/detail", "backups", "backups_links", fields={"links": [], "size": 1})
        body = self.shown(self.of("/backups?limit=2"))
        self.assertEqual([{"id", "name", "links"}] * 2, [set(item) for item in body["backups"]])
        self.assertEqual(
            f"{ROOT.decode()}{BASE}/backups?limit=2&marker={an_id(5)}", body["backups_links"][0]["href"]
        )

    def test_pages(self) -> None:
        """
        A walk by pages gives each once.
        """
        self.has_lists("/backups/detail", "backups", "backups_links")
        self.assertEqual([6, 5], self.listed("/backups/detail?limit=2", "backups"))
        self.assertEqual([4, 3], self.listed(f"/backups/detail?limit=2&marker={an_id(5)}", "backups"))
        self.assertEqual([2, 1], self.listed(f"/backups/detail?limit=2&marker={an_id(3)}", "backups"))

    def test_count(self) -> None:
        """
        The count is of all pods; with it Cinder gives even the last page a link.
        """
        self.has_lists("/backups/detail", "backups", "backups_links")
        body = self.shown(self.of("/backups/detail?with_count=true&limit=4&offset=3"))
        self.assertEqual((6, 3, True), (body["count"], len(body["backups"]), "backups_links" in body))
        body = self.shown(self.of("/backups/detail?limit=4&offset=3"))
        self.assertEqual((3, False), (len(body["backups"]), "backups_links" in body))

    def test_zone_filter(self) -> None:
        """
        Cinder ignores the zone of an ordinary user's filter, so no pod is left out because of it.
        """
        lists = self.has_lists("/backups/detail", "backups", "backups_links")
        self.listed("/backups/detail?availability_zone=az2", "backups")
        self.assertEqual([1, 1, 1], [len(each.asked) for each in lists.values()])


class GroupTests(ListCase):
    """
    Groups and their snapshots, of both kinds.
    """

    def test_links(self) -> None:
        """
        The link to the next page has a key of its own, and names the plain list.
        """
        for path, plural, links in (
            ("/groups", "groups", "group_links"),
            ("/group_snapshots", "group_snapshots", "group_snapshot_links"),
            ("/consistencygroups", "consistencygroups", "consistencygroup_links"),
        ):
            self.has_lists(f"{path}/detail", plural, links)
            for asked in (path, f"{path}/detail"):
                body = self.shown(self.of(f"{asked}?limit=2"))
                self.assertEqual({plural, links}, set(body))
                self.assertEqual(
                    f"{ROOT.decode()}{BASE}{path}?limit=2&marker={an_id(5)}", body[links][0]["href"]
                )

    def test_plain(self) -> None:
        """
        A plain list has ids and names.
        """
        self.has_lists("/groups/detail", "groups", "group_links")
        self.assertEqual({"id", "name"}, set(self.shown(self.of("/groups"))["groups"][0]))

    def test_older_snapshots(self) -> None:
        """
        Below 3.29 group snapshots have no pages: all are given, whatever is asked for.
        """
        self.has_lists("/group_snapshots/detail", "group_snapshots", "group_snapshot_links")
        query = f"/group_snapshots/detail?limit=2&marker={an_id(1)}"
        self.assertEqual([6, 5, 4, 3, 2, 1], self.listed(query, "group_snapshots", (3, 28)))
        self.assertEqual([6, 5], self.listed("/group_snapshots/detail?limit=2", "group_snapshots", (3, 29)))

    def test_slices(self) -> None:
        """
        Snapshots of consistency groups are cut by limit and offset, and have no link.
        """
        self.has_lists("/cgsnapshots/detail", "cgsnapshots", slices=True)
        body = self.shown(self.of(f"/cgsnapshots/detail?limit=2&offset=1&marker={an_id(1)}"))
        self.assertEqual(["cgsnapshots"], list(body))
        self.assertEqual([5, 4], [int(item["id"][:8], 16) for item in body["cgsnapshots"]])


class TransferTests(ListCase):
    """
    Transfers.
    """

    def test_older(self) -> None:
        """
        Below 3.59 the oldest come first, all of them.
        """
        lists = self.has_lists(
            "/volume-transfers/detail", "transfers", "transfers_links", oldest=True, slices=True
        )
        self.assertEqual([1, 2, 3, 4, 5, 6], self.listed("/volume-transfers", "transfers", (3, 58)))
        self.assertEqual([{}], lists["Pod1"].asked)

    def test_older_pages(self) -> None:
        """
        There the pods get the client's query as it is: Cinder takes a limit for a filter, which nothing fits.
        """
        lists = self.has_lists(
            "/volume-transfers/detail", "transfers", "transfers_links", oldest=True, slices=True
        )
        self.listed("/volume-transfers?limit=2&offset=1&marker=x&name=n", "transfers", (3, 58))
        self.assertEqual([{"limit": "2", "offset": "1", "marker": "x", "name": "n"}], lists["Pod2"].asked)

    def test_link(self) -> None:
        """
        The link to the next page names the older path, whichever was asked.
        """
        self.has_lists("/volume-transfers/detail", "transfers", "transfers_links")
        body = self.shown(self.of("/volume-transfers?limit=2"))
        self.assertEqual(
            f"{ROOT.decode()}{BASE}/os-volume-transfer?limit=2&marker={an_id(5)}",
            body["transfers_links"][0]["href"],
        )

    def test_newer(self) -> None:
        """
        From 3.59 on the newest come first, by marker.
        """
        self.has_lists("/volume-transfers/detail", "transfers", "transfers_links")
        self.assertEqual([6, 5], self.listed("/volume-transfers/detail?limit=2", "transfers", (3, 59)))
        page = self.listed(f"/volume-transfers/detail?limit=2&marker={an_id(5)}", "transfers", (3, 59))
        self.assertEqual([4, 3], page)


class AttachmentTests(ListCase):
    """
    Attachments.
    """

    def test_own_order(self) -> None:
        """
        Nothing shows their order, so each pod's stay together; there is no link to a next page.
        """
        self.has_lists("/attachments", "attachments")
        self.assertEqual([6, 3, 5, 2, 4, 1], self.listed("/attachments", "attachments"))
        self.assertEqual(["attachments"], list(self.shown(self.of("/attachments?limit=1"))))

    def test_pages(self) -> None:
        """
        A walk by pages gives each once all the same.
        """
        self.has_lists("/attachments", "attachments")
        self.assertEqual([6, 3], self.listed("/attachments?limit=2", "attachments"))
        self.assertEqual([5, 2], self.listed(f"/attachments?limit=2&marker={an_id(3)}", "attachments"))
        self.assertEqual([4, 1], self.listed(f"/attachments?limit=2&marker={an_id(2)}", "attachments"))

    def test_plain_status(self) -> None:
        """
        A plain list that is read in detail keeps the status, which it has.
        """
        fields = {"status": "attached", "instance": "i", "volume_id": "v", "attached_at": "", "name": "x"}
        self.has_lists("/attachments/detail", "attachments", fields=fields)
        (item, *_) = self.shown(self.of("/attachments?sort=attach_time"))["attachments"]
        self.assertEqual({"id", "status", "instance", "volume_id"}, set(item))


class MessageTests(ListCase):
    """
    Messages.
    """

    def test_versions(self) -> None:
        """
        Pages came with 3.5; before, a list is whole.
        """
        self.has_lists("/messages", "messages", "messages_links")
        self.assertEqual([6, 5, 4, 3, 2, 1], self.listed("/messages?limit=1", "messages", (3, 4)))
        self.assertEqual([6], self.listed("/messages?limit=1", "messages", (3, 5)))
