"""
The order of lists, as Nova and Cinder were seen to give them.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.merging.collation import text_key
from trio2o.merging.order import OWN_ORDER, Order, read_order

# One project's servers and volumes at the real services, made within the same second where the ids alone decide.
SERVERS = [
    {"id": "7f8b", "name": "core-Äc", "created": "2026-11-22T04:38:03Z"},
    {"id": "cb81", "name": "core-äb", "created": "2026-11-22T04:38:03Z"},
    {"id": "5805", "name": "alpha", "created": "2026-11-22T04:38:03Z"},
    {"id": "826d", "name": "Bravo", "created": "2026-11-22T04:38:03Z"},
]
VOLUMES = [
    {
        "id": "246c",
        "name": "v1x",
        "size": 2,
        "status": "available",
        "created_at": "2026-11-22T04:30:01.000000",
    },
    {
        "id": "7ea9",
        "name": "core-b",
        "size": 1,
        "status": "available",
        "created_at": "2026-11-22T04:38:04.000000",
    },
    {
        "id": "6b5e",
        "name": "core-_",
        "size": 1,
        "status": "available",
        "created_at": "2026-11-22T04:38:04.000000",
    },
    {
        "id": "7ef8",
        "name": "core-A",
        "size": 1,
        "status": "available",
        "created_at": "2026-11-22T04:38:05.000000",
    },
    {
        "id": "a5f2",
        "name": None,
        "size": 2,
        "status": "available",
        "created_at": "2026-11-22T04:38:06.000000",
    },
]


def pairs(query: str) -> list[tuple[str, str]]:
    """
    A query's parameters.
    """
    return [(name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)]


class NovaTests(SynchronousTestCase):
    """
    Servers.
    """

    def check(self, query: str, *wanted: str) -> None:
        """
        A query gives the ids in this order.
        """
        order = read_order("servers", pairs(query), (2, 1))
        self.assertEqual([item["id"] for item in sorted(SERVERS, key=order.key)], list(wanted), query)

    def test_as_seen(self) -> None:
        """
        Equal servers go by uuid, ascending, whatever the direction asked for.
        """
        self.check("", "5805", "7f8b", "826d", "cb81")
        self.check("sort_dir=asc", "5805", "7f8b", "826d", "cb81")
        self.check("sort_key=display_name", "7f8b", "cb81", "826d", "5805")
        self.check(
            "sort_key=vcpus&sort_key=display_name&sort_dir=asc&sort_dir=asc", "5805", "826d", "cb81", "7f8b"
        )

    def test_second_key_without_direction(self) -> None:
        """
        Of two keys with one direction the second is ascending.
        """
        order = read_order("servers", pairs("sort_key=user_id&sort_key=display_name&sort_dir=desc"))

        self.assertEqual([part.descending for part in order.parts], [True, False, True])

    def test_ignored_keys(self) -> None:
        """
        A key that Nova ignores takes its direction with it; with no other the order is the newest first, and what
        decides among equal ones is hidden.
        """
        self.assertEqual(len(read_order("servers", pairs("sort_key=vcpus")).parts), 1)
        self.assertEqual(
            [
                part.descending
                for part in read_order("servers", pairs("sort_key=vcpus&sort_key=uuid&sort_dir=desc")).parts
            ],
            [False],
        )

    def test_locked(self) -> None:
        """
        Nova sorts by ``locked`` from microversion 2.73 on.
        """
        query = pairs("sort_key=locked&sort_dir=desc")

        self.assertEqual(len(read_order("servers", query, (2, 72)).parts), 1)
        self.assertEqual(len(read_order("servers", query, (2, 73)).parts), 2)

    def test_hidden_key(self) -> None:
        """
        The order ends before a key that no item shows.
        """
        order = read_order("servers", pairs("sort_key=power_state&sort_key=instance_type_id&sort_key=uuid"))

        self.assertEqual(len(order.parts), 1)

    def test_field_that_is_missing(self) -> None:
        """
        An item's key ends before a field that the caller's role hides.
        """
        order = read_order("servers", pairs("sort_key=created_at&sort_key=host"))

        self.assertEqual(len(order.key(SERVERS[0])), 1)


class CinderTests(SynchronousTestCase):
    """
    Volumes, snapshots and backups.
    """

    def check(self, query: str, *wanted: str) -> None:
        """
        A query gives the ids in this order.
        """
        order = read_order("volumes", pairs(query))
        self.assertEqual([item["id"] for item in sorted(VOLUMES, key=order.key)], list(wanted), query)

    def test_as_seen(self) -> None:
        """
        Creation time and id follow in the direction of the first key; nothing comes first, and last in descending order.
        """
        self.check("sort_dir=asc", "246c", "6b5e", "7ea9", "7ef8", "a5f2")
        self.check("sort=size", "a5f2", "246c", "7ef8", "7ea9", "6b5e")
        self.check("sort=size:asc,name", "6b5e", "7ea9", "7ef8", "246c", "a5f2")
        self.check("sort=status,id", "a5f2", "7ef8", "7ea9", "6b5e", "246c")
        self.check("sort_key=name&sort_key=id", "246c", "6b5e", "7ea9", "7ef8", "a5f2")
        self.check("sort_key=name&sort_dir=asc", "a5f2", "7ef8", "7ea9", "6b5e", "246c")

    def test_default(self) -> None:
        """
        Without sort parameters the newest come first, in every list of Cinder's.
        """
        for plural in (
            "volumes",
            "snapshots",
            "backups",
            "groups",
            "group_snapshots",
            "messages",
            "cgsnapshots",
        ):
            order = read_order(plural, [])
            self.assertEqual([part.descending for part in order.parts], [True, True])
            self.assertTrue(order.exact and order.needs_detail)

    def test_older_lists(self) -> None:
        """
        Lists that learnt to sort with a microversion have an order of their own before, whatever is asked for.
        """
        query = pairs("sort=id:asc")
        for plural, before, since, descending in (
            ("transfers", (3, 58), (3, 59), False),
            ("group_snapshots", (3, 28), (3, 29), True),
            ("messages", (3, 4), (3, 5), True),
        ):
            own = [part.descending for part in read_order(plural, query, before).parts]
            self.assertEqual([descending, descending], own, plural)
            (part,) = read_order(plural, query, since).parts
            self.assertTrue(part.field.unique and not part.descending, plural)
        self.assertEqual(2, len(read_order("cgsnapshots", query, (3, 71)).parts))

    def test_attachments(self) -> None:
        """
        Nothing shows when an attachment was made; when it was attached is shown, as an empty text before it is.
        """
        self.assertEqual((), read_order("attachments", []).key({"id": "x"}))
        order = read_order("attachments", pairs("sort=attach_time:asc"))
        keys = [
            order.key({"attached_at": time})
            for time in ("", "2026-11-22T04:38:04.000000", "2026-11-22T04:38:05.000000")
        ]
        self.assertEqual(keys, sorted(keys))


class OrderTests(SynchronousTestCase):
    """
    Orders in general.
    """

    def test_unknown_kind(self) -> None:
        """
        Lists of other kinds stay in each pod's own order.
        """
        self.assertIs(read_order("server_groups", []), OWN_ORDER)
        self.assertEqual(OWN_ORDER.key({"id": "x"}), ())
        self.assertTrue(OWN_ORDER.exact)

    def test_detail(self) -> None:
        """
        The plain list shows ids and names, so that an order by those needs no detail.
        """
        for query, needed in (
            ("sort=name,id", False),
            ("sort=id", False),
            ("sort=name,size", True),
            ("", True),
        ):
            self.assertEqual(read_order("volumes", pairs(query)).needs_detail, needed, query)

    def test_exact(self) -> None:
        """
        An order by text or by a field that shows two values as one is not sure to be the pods'.
        """
        for plural, query, exact in (
            ("servers", "sort_key=project_id", True),
            ("servers", "sort_key=launched_at", True),
            ("servers", "sort_key=display_name", False),
            ("servers", "sort_key=updated_at", False),
            ("volumes", "sort=updated_at", True),
            ("volumes", "sort=bootable", False),
        ):
            self.assertEqual(read_order(plural, pairs(query)).exact, exact, query)

    def test_times(self) -> None:
        """
        Times compare however they are written.
        """
        order = read_order("volumes", [])

        self.assertEqual(
            order.key({"id": "x", "created_at": "2026-11-22T04:38:04.000000"}),
            order.key({"id": "x", "created_at": "2026-11-22T04:38:04Z"}),
        )

    @given(
        st.lists(
            st.fixed_dictionaries(
                {"id": st.text()},
                optional={
                    name: st.none()
                    | st.booleans()
                    | st.integers()
                    | st.floats(allow_nan=False)
                    | st.text()
                    | st.lists(st.integers())
                    for name in ("name", "size", "created_at", "status", "bootable")
                },
            )
        ),
        st.sampled_from(["", "sort=name,size:asc", "sort=bootable,status", "sort=size:asc,created_at"]),
    )
    def test_whatever_pods_give(self, items: list[dict[str, Any]], query: str) -> None:
        """
        Items of any form can be sorted.
        """
        order = read_order("volumes", pairs(query))

        self.assertEqual(len(sorted(items, key=order.key)), len(items))

    def test_no_keys(self) -> None:
        """
        An order without keys is each pod's own.
        """
        self.assertEqual(Order(), OWN_ORDER)


class CollationTests(SynchronousTestCase):
    """
    Text, against what MariaDB 10.11 was seen to say.
    """

    def test_order(self) -> None:
        """
        Underscores come after letters, as upper case is what counts.
        """
        self.assertEqual(sorted(["b", "_", "A", "-"], key=text_key), ["-", "A", "b", "_"])

    def test_equal(self) -> None:
        """
        Case, accents and spaces at the end do not count; sharp s is s, and what lies beyond the basic plane is one.
        """
        for first, second in (
            ("a", "A"),
            ("ä", "A"),
            ("é", "E"),
            ("ß", "s"),
            ("x  ", "X"),
            ("Ω", "ω"),
            ("😀", "🎉"),
            ("ế", "e"),
        ):
            self.assertEqual(text_key(first), text_key(second))

    def test_different(self) -> None:
        """
        Letters of other scripts stay themselves.
        """
        for first, second in (("й", "и"), ("가", "각"), ("α", "a"), ("ぁ", "あ")):
            self.assertNotEqual(text_key(first), text_key(second))
