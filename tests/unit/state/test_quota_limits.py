"""
The limits of projects in memory.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from trio2o.interfaces import IQuotaLimits
from trio2o.model import QuotaOwner, QuotaScope
from trio2o.state.quota_limits import QuotaLimitBook

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

    def test_replaced(self) -> None:
        """
        Reading everything anew leaves nothing that is no more.
        """
        self.book.put([PROJECT], {PROJECT: {"instances": 3}})
        self.assertEqual([PROJECT], self.book.owners(QuotaScope.PROJECT))
        self.book.replace({})

        self.assertEqual(30, self.instances())
        self.assertEqual([], self.book.owners(QuotaScope.PROJECT))
