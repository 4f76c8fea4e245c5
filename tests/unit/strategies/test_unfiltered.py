"""
Lists that may show the servers of a silent pod: the rules are those of Nova's ``_is_cell_down_supported``.
"""

from __future__ import annotations

from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from trio2o.exchange import Inbound
from trio2o.model import Identity, RequestContext
from trio2o.strategies.listing import read_listing
from trio2o.surface.compute import OPERATIONS


def unfiltered(query: str, microversion: tuple[int, int] | None = (2, 69), role: str = "member") -> bool:
    """
    What a list with this query counts as.
    """
    (operation,) = [each for each in OPERATIONS if each.path == "/servers/detail"]
    inbound = Inbound(
        operation=operation,
        method=b"GET",
        path=b"/v2.1/servers/detail",
        query=query.encode(),
        headers=[],
        ids={},
        body=cast("Any", None),
        public_root=b"http://cloud.example",
        microversion=microversion,
    )
    identity = Identity(user_id="u", project_id="p", roles=frozenset({role}), expires_at=0.0)
    context = RequestContext(
        request_id="req-1",
        global_request_id="",
        surface="compute",
        identity=identity,
        token=b"t",
        project_id="p",
    )
    return read_listing(inbound, context, [], 1000).unfiltered


class UnfilteredTests(SynchronousTestCase):
    """
    `Listing.unfiltered`.
    """

    def test_what_is_ignored(self) -> None:
        """
        What Nova ignores of a user is no filter; ``openstack server list`` always sends ``deleted=False``.
        """
        for query in (
            "",
            "deleted=False",
            "all_tenants=1",
            "host=h1&deleted=False",
            "locked=1",
            "hostname=x",
        ):
            self.assertTrue(unfiltered(query), query)

    def test_filters(self) -> None:
        """
        What Nova takes of a user is a filter, each from its microversion on.
        """
        for query, since in (
            ("name=x", (2, 69)),
            ("status=ACTIVE&deleted=False", (2, 69)),
            ("tags=a", (2, 69)),
            ("changes-before=2026-01-01", (2, 69)),
            ("locked=1", (2, 73)),
            ("availability_zone=az1", (2, 83)),
            ("hostname=x", (2, 90)),
        ):
            self.assertFalse(unfiltered(query, since), query)
            if since > (2, 69):
                self.assertTrue(unfiltered(query, (since[0], since[1] - 1)), query)

    def test_admin(self) -> None:
        """
        Nova ignores nothing of an admin.
        """
        self.assertTrue(unfiltered("all_tenants=1", role="admin"))
        self.assertFalse(unfiltered("all_tenants=1&deleted=False", role="admin"))
        self.assertFalse(unfiltered("host=h1", role="admin"))

    def test_pages_and_sorts(self) -> None:
        """
        With a page or an order it cannot be told where such servers would stand.
        """
        for query in ("limit=10", "marker=m", "sort_key=created_at", "sort_dir=asc"):
            self.assertFalse(unfiltered(query), query)
            self.assertFalse(unfiltered(query, role="admin"), query)
