"""
The strategy ``quota``: a pod's answer with the top's numbers.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from tests.unit.strategies.case import LIST_BUDGET, P1, P2, StrategyCase, a_context
from tests.unit.strategies.doubles import Broken, Hang, Reply, Unreachable
from trio2o.errors import GatewayTimeout, Unavailable
from trio2o.model import PodState, QuotaOwner, QuotaScope, QuotaUse
from trio2o.storage.memory_quotas import MemoryQuotaUsage

SET = f"/v2.1/os-quota-sets/{P1}"
VOLUME_SET = f"/v3/{P1}/os-quota-sets/{P1}"


def owner(
    scope: QuotaScope, scope_id: str = P1, *, service: str = "compute", user_id: str = ""
) -> QuotaOwner:
    """
    Whose limits they are.
    """
    return QuotaOwner(service=service, scope=scope, scope_id=scope_id, user_id=user_id)


def entry(limit: int, used: int = 0) -> dict[str, int]:
    """
    A limit with its use.
    """
    return {"limit": limit, "in_use": used, "reserved": 0}


class QuotaViewTests(StrategyCase):
    """
    Three pods, and limits of a project.
    """

    def setUp(self) -> None:
        super().setUp()
        self.set(owner(QuotaScope.PROJECT), cores=50)

    def set(self, whose: QuotaOwner, **limits: int) -> None:
        """
        Store limits, as another process does.
        """
        self.done(self.quota_store.set_limits(whose, limits))

    def count(self, **uses: int) -> None:
        """
        Have somebody count what the project uses.
        """
        self.quota_usage = MemoryQuotaUsage(self.database)
        self.quota_usage.uses["compute", P1, ""] = {name: QuotaUse(used=used) for name, used in uses.items()}
        self.quota_usage.uses["volume", P1, ""] = self.quota_usage.uses["compute", P1, ""]
        self.make()

    def get(self, target: str, **more: Any) -> Any:
        """
        The JSON of an answer.
        """
        return self.shown(self.asked("GET", target, **more))

    def test_set(self) -> None:
        """
        One pod is asked, and what the top knows is put in its answer: what was stored by now, of whichever process.
        """
        self.everybody_says(200, SET, {"quota_set": {"id": P1, "cores": 20, "ram": 1}})
        self.assertEqual({"quota_set": {"id": P1, "cores": 50, "ram": 1}}, self.get(SET))
        self.assertEqual(["Pod1"], self.pods.asked())
        self.set(owner(QuotaScope.PROJECT), cores=60)
        self.assertEqual(60, self.get(SET)["quota_set"]["cores"])

    def test_of_a_user(self) -> None:
        """
        A user's limits before the project's; an empty name is nobody's. Cinder knows no users.
        """
        self.set(owner(QuotaScope.USER, user_id="u2"), cores=7)
        self.everybody_says(200, SET, {"quota_set": {"cores": 20}})
        for query, cores in (
            ("user_id=u2", 7),
            ("user_id=", 50),
            ("user_id=&user_id=u2", 7),
            ("user_id=u3", 50),
        ):
            self.assertEqual(cores, self.get(f"{SET}?{query}")["quota_set"]["cores"], query)
        self.set(owner(QuotaScope.USER, service="volume", user_id="u2"), volumes=7)
        self.everybody_says(200, VOLUME_SET, {"quota_set": {"volumes": 10}})
        self.assertEqual(10, self.get(f"{VOLUME_SET}?user_id=u2", surface="volume")["quota_set"]["volumes"])

    def test_detail_of_a_user(self) -> None:
        """
        Of several users Nova shows the use of the last, also where that is nobody.
        """
        self.set(owner(QuotaScope.USER, user_id="u2"), cores=7)
        self.everybody_says(200, f"{SET}/detail", {"quota_set": {"cores": entry(20)}})
        for query, cores in (("user_id=u3&user_id=u2", 7), ("user_id=u2&user_id=", 50)):
            self.assertEqual(cores, self.get(f"{SET}/detail?{query}")["quota_set"]["cores"]["limit"], query)

    def test_refused(self) -> None:
        """
        Whom a pod does not tell it, the top does not either; the words are the pod's.
        """
        for status in (400, 403):
            self.everybody_says(status, SET, {"forbidden": {"code": status}})
            answer = self.asked("GET", SET)
            self.assertEqual((status, {"forbidden": {"code": status}}), (answer.status, self.shown(answer)))

    def test_refused_use(self) -> None:
        """
        Whom a pod does not tell what another project uses has nobody count it; whom it does has.
        """
        other = f"/v2.1/os-quota-sets/{P2}/detail"
        asked: list[str] = []

        async def used(book: object, service: str, project_id: str, user_id: str) -> dict[str, QuotaUse]:
            asked.append(project_id)
            return {}

        self.count()
        self.patch(MemoryQuotaUsage, "used", used)
        for status, counted in ((403, []), (200, [P2])):
            self.everybody_says(status, other, {"quota_set": {"cores": entry(20, 1)}})
            self.assertEqual(status, self.asked("GET", other).status)
            self.assertEqual(counted, asked)
        self.assertEqual(entry(20, 0), self.get(other)["quota_set"]["cores"])

    def test_next_pod(self) -> None:
        """
        A pod that does not answer, or fails, is no template; where none is any good, the first one's failure is told.
        """
        self.everybody_says(200, SET, {"quota_set": {"cores": 20}})
        for script in (Unreachable(), Broken(), Reply(500, {"fault": {}}), Reply(200, None)):
            self.pods.on("Pod1", "GET", SET, script)
            with self.subTest(script=script):
                self.assertEqual(50, self.get(SET)["quota_set"]["cores"])
        self.pods.on("*", "GET", SET, Reply(503, {"fault": {}}))
        self.assertEqual(503, self.asked("GET", SET).status)
        for name in ("Pod1", "Pod2", "Pod3"):
            self.pods.on(name, "GET", SET, Hang())
        started = self.started("GET", SET)
        self.clock.pump([LIST_BUDGET] * 3)
        self.failureResultOf(started, GatewayTimeout)
        self.has_pods(*(self.change_pod(pod, state=PodState.DISABLED) for pod in self.state.pods()))
        self.refused(Unavailable, "GET", SET)

    def test_strange_answers(self) -> None:
        """
        What is no quota set is passed on.
        """
        for body in (b"x", b"[]", b"{}", b'{"quota_set": []}', b'{"quota_set": null}'):
            self.pods.on("*", "GET", SET, Reply(200, body))
            self.assertEqual(body, self.asked("GET", SET).body)

    def test_defaults_and_classes(self) -> None:
        """
        Defaults are those of a project without limits; so is the default class. Another class has what it was given.
        """
        self.set(owner(QuotaScope.CLASS, "default"), cores=30)
        self.set(owner(QuotaScope.CLASS, "gold"), ram=9)
        self.set(owner(QuotaScope.POD, "Pod2-id"), ram=777)
        for path, key in (
            (f"{SET}/defaults", "quota_set"),
            ("/v2.1/os-quota-class-sets/default", "quota_class_set"),
            ("/v2.1/os-quota-class-sets/gold", "quota_class_set"),
        ):
            self.everybody_says(200, path, {key: {"cores": 20, "ram": 1}})
        self.assertEqual({"cores": 30, "ram": 777}, self.get(f"{SET}/defaults")["quota_set"])
        self.assertEqual(
            {"cores": 30, "ram": 777}, self.get("/v2.1/os-quota-class-sets/default")["quota_class_set"]
        )
        self.assertEqual(
            {"cores": 20, "ram": 9}, self.get("/v2.1/os-quota-class-sets/gold")["quota_class_set"]
        )

    def test_detail_summed(self) -> None:
        """
        Where nobody counts, what is used is asked of all pods and added up.
        """
        for number, name in enumerate(("Pod1", "Pod2", "Pod3"), 1):
            self.pods.on(
                name, "GET", f"{SET}/detail", Reply(200, {"quota_set": {"cores": entry(20, number)}})
            )
        self.assertEqual(entry(50, 6), self.get(f"{SET}/detail")["quota_set"]["cores"])

    def test_detail_counted(self) -> None:
        """
        Where somebody counts, one pod is asked; with the database away all are again.
        """
        self.everybody_says(
            200, f"{SET}/detail", {"quota_set": {"cores": entry(20, 1), "key_pairs": entry(9, 1)}}
        )
        self.count(cores=40)
        self.assertEqual(
            {"cores": entry(50, 40), "key_pairs": entry(9, 1)}, self.get(f"{SET}/detail")["quota_set"]
        )
        self.assertEqual(["Pod1"], self.pods.asked())
        self.database.available = False
        self.assertEqual(entry(50, 3), self.get(f"{SET}/detail")["quota_set"]["cores"])

    def test_limits(self) -> None:
        """
        The caller's own project's, or the one that is named; ``limits`` has other names for them.
        """
        self.set(owner(QuotaScope.PROJECT, P2), cores=70)
        absolute = {"maxTotalCores": 20, "totalCoresUsed": 1}
        self.everybody_says(200, "/v2.1/limits", {"limits": {"rate": [], "absolute": absolute}})
        for query, cores in (("", 50), (f"?tenant_id={P2}", 70), ("?tenant_id=", 20)):
            self.assertEqual(
                {"rate": [], "absolute": {"maxTotalCores": cores, "totalCoresUsed": 3}},
                self.get(f"/v2.1/limits{query}")["limits"],
                query,
            )
        self.count(cores=9)
        self.assertEqual(9, self.get("/v2.1/limits")["limits"]["absolute"]["totalCoresUsed"])

    def test_cinder_limits(self) -> None:
        """
        Cinder shows another project's to administrators alone, and from 3.39 on; to anybody else their own, whatever they name.
        """
        self.set(owner(QuotaScope.PROJECT, service="volume"), volumes=5)
        self.set(owner(QuotaScope.PROJECT, P2, service="volume"), volumes=7)
        path, admin = f"/v3/{P1}/limits", a_context("volume", roles="admin")
        self.everybody_says(200, path, {"limits": {"absolute": {"maxTotalVolumes": 10}}})
        for query, version, context, volumes in (
            ("", (3, 71), admin, 5),
            (f"?project_id={P2}", (3, 39), admin, 7),
            (f"?tenant_id={P2}", (3, 71), admin, 7),
            (f"?project_id={P2}", (3, 38), admin, 5),
            (f"?project_id={P2}", None, admin, 5),
            (f"?project_id={P2}", (3, 71), a_context("volume"), 5),
        ):
            shown = self.get(path + query, context=context, version=version)
            self.assertEqual(volumes, shown["limits"]["absolute"]["maxTotalVolumes"], (query, version))

    def test_cinder_set(self) -> None:
        """
        The names of all pods' volume types, with limits, and with what is used where that is asked for.
        """
        self.set(owner(QuotaScope.PROJECT, service="volume"), volumes=5, volumes_b=2)
        for name, volume_type in (("Pod1", "a"), ("Pod2", "b"), ("Pod3", "a")):
            plain = {"volumes": 10, f"volumes_{volume_type}": -1}
            self.pods.on(name, "GET", VOLUME_SET, Reply(200, {"quota_set": plain}))
        self.assertEqual(
            {"volumes": 5, "volumes_a": -1, "volumes_b": 2},
            self.get(VOLUME_SET, surface="volume")["quota_set"],
        )
        used = {"volumes": entry(10, 1), "volumes_a": entry(-1, 1)}
        self.pods.on("*", "GET", VOLUME_SET, Reply(200, {"quota_set": used}))
        for name in ("Pod1", "Pod2", "Pod3"):
            self.pods.on(name, "GET", VOLUME_SET, Reply(200, {"quota_set": used}))
        self.assertEqual(
            {"volumes": entry(5, 3), "volumes_a": entry(-1, 3)},
            self.get(f"{VOLUME_SET}?usage=true", surface="volume")["quota_set"],
        )
        self.count(volumes=8)
        self.assertEqual(
            {"volumes": entry(5, 8), "volumes_a": entry(-1, 0)},
            self.get(f"{VOLUME_SET}?usage=true", surface="volume")["quota_set"],
        )

    def test_silent_pod(self) -> None:
        """
        A pod that is left out of a sum is told.
        """
        self.everybody_says(200, f"{SET}/detail", {"quota_set": {"cores": entry(20, 1)}})
        self.pods.on("Pod2", "GET", f"{SET}/detail", Unreachable())
        self.assertEqual((self.pod2,), self.asked("GET", f"{SET}/detail").missing)

    def test_database_away(self) -> None:
        """
        With the database away what is in memory is shown; one that does not answer is waited for a second.
        """
        self.everybody_says(200, SET, {"quota_set": {"cores": 20}})
        self.get(SET)
        self.database.available = False
        self.assertEqual(50, self.get(SET)["quota_set"]["cores"])

        async def stuck() -> None:
            await Deferred()

        self.caught_up = stuck  # type: ignore[method-assign]
        self.make()
        started = self.started("GET", SET)
        self.assertNoResult(started)
        self.clock.advance(1.0)
        self.assertEqual(50, self.shown(self.answered(started))["quota_set"]["cores"])
        self.state.doubt()
        self.assertEqual(50, self.get(SET)["quota_set"]["cores"])
