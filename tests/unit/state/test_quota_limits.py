"""
The limits of projects in memory.
"""

from __future__ import annotations

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from trio2o.interfaces import IFollower, IQuotaLimits
from trio2o.model import QuotaOwner, QuotaScope
from trio2o.quota.unified import REGISTERED
from trio2o.state.quota_limits import QuotaLimitBook, QuotaLimitFollower
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_quotas import MemoryQuotaLimits

PROJECT = QuotaOwner(service="compute", scope=QuotaScope.PROJECT, scope_id="p")
USER = QuotaOwner(service="compute", scope=QuotaScope.USER, scope_id="p", user_id="u")
CLASS = QuotaOwner(service="compute", scope=QuotaScope.CLASS, scope_id="default")


def of_pod(pod_id: str, service: str = "compute") -> QuotaOwner:
    """
    A pod's own default class.
    """
    return QuotaOwner(service=service, scope=QuotaScope.POD, scope_id=pod_id)


class QuotaLimitBookTests(SynchronousTestCase):
    """
    Which limit is told.
    """

    def setUp(self) -> None:
        self.pods = ["one", "two"]
        self.book = QuotaLimitBook(configured={"compute": {"instances": 30}}, pods=lambda: tuple(self.pods))

    def instances(self, user_id: str = "", project_id: str = "p") -> int:
        """
        How many servers may be had.
        """
        return self.book.effective("compute", project_id, user_id, ["instances"])["instances"]

    def test_interface(self) -> None:
        """
        It is what others ask.
        """
        verifyObject(IQuotaLimits, self.book)

    def test_order(self) -> None:
        """
        The user's, the project's, the class's, the configuration's; each where nothing before it says one.
        """
        self.assertEqual(30, self.instances("u"))
        for owner, limit in ((CLASS, 20), (PROJECT, 12), (USER, 5)):
            self.book.put([owner], {owner: {"instances": limit}})
            self.assertEqual(limit, self.instances("u"))
        self.assertEqual((12, 12, 20), (self.instances(), self.instances("v"), self.instances("u", "q")))
        self.book.put([PROJECT, USER], {})
        self.assertEqual(20, self.instances("u"))

    def test_unified(self) -> None:
        """
        Where Nova's limits are Keystone's, a project's are those of its own there, else the registered ones; no others count.
        What Keystone has none of is shown as Nova shows it, and of servers there may be none then.
        """
        book = QuotaLimitBook(
            configured={"compute": {"instances": 30}, "volume": {"volumes": 7}},
            unified=frozenset({"compute"}),
            pods=lambda: ("one",),
        )
        names = ["instances", "cores", "floating_ips"]
        self.assertEqual(
            {"instances": 0, "cores": -1, "floating_ips": -1}, book.effective("compute", "p", "", names)
        )
        self.assertEqual(
            {"instances": 0, "cores": 0, "floating_ips": -1}, book.known("compute", "p", "u", names)
        )
        owners = {
            PROJECT: {"instances": 1},
            USER: {"instances": 2},
            CLASS: {"cores": 3},
            of_pod("one"): {"cores": 4},
            REGISTERED: {"instances": 5, "cores": 6},
            evolve(PROJECT, service="keystone"): {"instances": 8},
        }
        book.replace(owners)
        self.assertEqual({"instances": 8, "cores": 6}, book.effective("compute", "p", "u", names[:2]))
        for shown in (
            book.known("compute", "q", "", names),
            book.defaults("compute", names),
            book.of_class("compute", "gold", names),
        ):
            self.assertEqual({"instances": 5, "cores": 6, "floating_ips": -1}, shown)
        self.assertEqual({"instances": 5, "cores": 6}, book.set_defaults("compute"))
        self.assertEqual({"volumes": 7}, book.effective("volume", "p", "", ["volumes"]))

    def test_known(self) -> None:
        """
        What nobody has said anything of is not known, and unlimited.
        """
        self.assertEqual({"instances": 30}, self.book.known("compute", "p", "u", ["instances", "cores"]))
        self.assertEqual(
            {"instances": 30, "cores": -1}, self.book.effective("compute", "p", "u", ["instances", "cores"])
        )
        self.assertEqual({"instances": 30}, self.book.defaults("compute", ["instances", "cores"]))

    def test_users(self) -> None:
        """
        The limits of a project's users are told together, as long as they have some.
        """
        other = evolve(USER, user_id="v")
        self.book.replace({USER: {"instances": 2}, PROJECT: {"instances": 9}})
        self.book.put(
            [other, evolve(USER, scope_id="q")], {other: {"cores": 1}, evolve(USER, scope_id="q"): {"ram": 1}}
        )
        self.assertCountEqual([{"instances": 2}, {"cores": 1}], self.book.users("compute", "p"))
        self.book.put([USER], {})
        self.assertEqual([{"cores": 1}], self.book.users("compute", "p"))
        self.book.replace({})
        self.assertEqual([], self.book.users("compute", "p"))

    def test_other_class(self) -> None:
        """
        Another class than the default holds for nobody.
        """
        other = QuotaOwner(service="compute", scope=QuotaScope.CLASS, scope_id="gold")
        self.book.put([other], {other: {"instances": 1}})

        self.assertEqual(30, self.instances())

    def test_pods(self) -> None:
        """
        What nobody has set is the largest that a pod has by itself, of the pods that there are; the other service's is another's.
        """
        self.book.replace(
            {
                of_pod("one"): {"cores": 10},
                of_pod("two"): {"cores": 20, "ram": -1},
                of_pod("gone"): {"cores": 99},
                of_pod("one", "volume"): {"cores": 77},
            }
        )
        names = ["cores", "ram", "server_groups"]

        self.assertEqual(
            {"cores": 20, "ram": -1, "server_groups": -1}, self.book.effective("compute", "p", "", names)
        )
        self.pods.remove("two")
        self.assertEqual(10, self.book.defaults("compute", names)["cores"])
        self.book.put([of_pod("one")], {of_pod("one"): {"cores": 11}})
        self.assertEqual(11, self.book.defaults("compute", names)["cores"])

    def test_of_each(self) -> None:
        """
        Of what is not counted over all pods the smallest default holds: that is what every pod takes.
        """
        self.book.replace(
            {
                of_pod("one"): {"metadata_items": 128, "key_pairs": -1},
                of_pod("two"): {"metadata_items": 64, "key_pairs": 100, "injected_files": -1},
            }
        )
        self.assertEqual(
            {"metadata_items": 64, "key_pairs": 100, "injected_files": -1},
            self.book.defaults("compute", ["metadata_items", "key_pairs", "injected_files"]),
        )

    def test_followed(self) -> None:
        """
        A follower makes it what the database has, wholly or for those that changed.
        """
        store = MemoryQuotaLimits(MemoryDatabase(Clock()))
        follower = QuotaLimitFollower(store=store, book=self.book)
        verifyObject(IFollower, follower)
        self.successResultOf(Deferred.fromCoroutine(store.set_limits(PROJECT, {"instances": 7})))
        self.successResultOf(Deferred.fromCoroutine(follower.load()))
        self.assertEqual(7, self.instances())
        for limits, shown in (({"instances": 8}, 8), ({}, 30)):
            self.successResultOf(Deferred.fromCoroutine(store.replace_limits(PROJECT, limits)))
            self.successResultOf(Deferred.fromCoroutine(follower.take_over([PROJECT.row_id, USER.row_id])))
            self.assertEqual(shown, self.instances())

    def test_replaced(self) -> None:
        """
        Reading everything anew leaves nothing that is no more.
        """
        self.book.put([PROJECT], {PROJECT: {"instances": 3}})
        self.assertEqual([PROJECT], self.book.owners(QuotaScope.PROJECT))
        self.book.replace({})

        self.assertEqual(30, self.instances())
        self.assertEqual([], self.book.owners(QuotaScope.PROJECT))
