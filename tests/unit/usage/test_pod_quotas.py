"""
Giving pods the limits that hold at the top.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from trio2o.adoption.questions import Said
from trio2o.errors import JobHopeless, JobRetry, PodBroken, PodUnreachable
from trio2o.interfaces import IJobHandler
from trio2o.model import JobQuery, JobState, NewJob, Pod, PodState, QuotaOwner, QuotaScope
from trio2o.quota.handing import owner_job, pod_job
from trio2o.quota.unified import REGISTERED
from trio2o.state.quota_limits import QuotaLimitBook
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_jobs import MemoryJobs
from trio2o.storage.memory_quotas import MemoryQuotaLimits
from trio2o.usage.pod_quotas import PodQuotaHandler
from trio2o.usage.quota_defaults import QuotaDefaults

PROJECT = QuotaOwner(service="compute", scope=QuotaScope.PROJECT, scope_id="p")
USER = evolve(PROJECT, scope=QuotaScope.USER, user_id="u")
CLASS = QuotaOwner(service="compute", scope=QuotaScope.CLASS, scope_id="default")
DEFAULTS = {"compute": {"cores": 20, "key_pairs": 100}, "volume": {"volumes": 10}}


@define
class QuotaPods:
    """
    Pods that keep limits, of names that their defaults have.
    """

    #: By pod and service.
    defaults: dict[tuple[str, str], dict[str, int]] = field(factory=dict)
    #: By pod, path and user.
    given: dict[tuple[str, str, str], dict[str, int]] = field(factory=dict)
    away: set[str] = field(factory=set)
    #: By pod and service, the status of everything.
    refusing: dict[tuple[str, str], int] = field(factory=dict)
    #: By pod and path, the status of a change.
    refusing_changes: dict[tuple[str, str], int] = field(factory=dict)
    sent: list[tuple[str, str, str]] = field(factory=list)

    async def get(self, pod: Pod, service: str, path: str, *, version: str = "") -> Said:
        return self._said(pod, service, "GET", path, None)

    async def send(
        self,
        method: str,
        pod: Pod,
        service: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        version: str = "",
    ) -> Said:
        self.sent.append((pod.name, method, path))
        return self._said(pod, service, method, path, body)

    def _said(self, pod: Pod, service: str, method: str, path: str, body: Mapping[str, Any] | None) -> Said:
        if pod.name in self.away:
            raise PodUnreachable(pod.name, "refused", sent=False)
        if (pod.name, service) in self.refusing:
            return Said(status=self.refusing[pod.name, service], body={"forbidden": {}})
        defaults = self.defaults.setdefault((pod.name, service), dict(DEFAULTS[service]))
        parts = urlsplit(path)
        user = dict(parse_qsl(parts.query)).get("user_id", "")
        key = "quota_class_set" if "class-sets" in path else "quota_set"
        if "class-sets" in path:
            if body is not None:
                defaults |= body[key]
            return Said(status=200, body={key: {"id": "default", **defaults}})
        if body is not None and (pod.name, path) in self.refusing_changes:
            return Said(status=self.refusing_changes[pod.name, path], body={"badRequest": {}})
        place = (pod.name, parts.path, user)
        if method == "DELETE":
            for each in [
                each for each in self.given if each[:2] == place[:2] and (not user or each[2] == user)
            ]:
                del self.given[each]
            return Said(status=202)
        if body is not None:
            wanted = dict(body[key])
            if service == "compute" and not wanted.pop("force", False):
                raise AssertionError("what is used in a pod would be looked at")
            self.given.setdefault(place, {}).update(wanted)
        of_project = self.given.get((pod.name, parts.path, ""), {})
        return Said(
            status=200, body={key: {"id": "p", **defaults, **of_project, **self.given.get(place, {})}}
        )


class QuotaCase(SynchronousTestCase):
    """
    Two pods.
    """

    def setUp(self) -> None:
        self.database = MemoryDatabase(Clock())
        self.store = MemoryQuotaLimits(self.database)
        self.jobs = MemoryJobs(self.database)
        self.pods = [Pod(id=f"i{n}", name=f"Pod{n}", az_name="az1", serial=n) for n in (1, 2)]
        self.cloud = QuotaPods()
        self.told: list[str] = []
        self.configured: dict[str, dict[str, int]] = {}
        self.raises = True
        self.unified: frozenset[str] = frozenset()

    def done(self, coroutine: Any) -> Any:
        """
        What comes of it at once.
        """
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    async def tell(self, words: str) -> None:
        """
        Keep how far a job is.
        """
        self.told.append(words)


class PodQuotaTests(QuotaCase):
    """
    Jobs.
    """

    def work(self, new: NewJob) -> Deferred[None]:
        """
        Do a job.
        """
        handler = PodQuotaHandler(
            asks=self.cloud,
            store=self.store,
            pods=lambda: self.pods,
            configured=self.configured,
            raises=self.raises,
            unified=self.unified,
        )
        verifyObject(IJobHandler, handler)
        job = self.done(self.jobs.enqueue(new))
        return Deferred.fromCoroutine(handler.work(job, self.tell))

    def has(self, pod: str, project: str = "p", user: str = "") -> dict[str, int] | None:
        """
        What a pod was given for a project.
        """
        return self.cloud.given.get((pod, f"/v2.1/os-quota-sets/{project}", user))

    def test_given(self) -> None:
        """
        Every pod gets what is stored, as far as it has such resources; twice is as once.
        """
        self.done(self.store.set_limits(PROJECT, {"cores": 5, "later": 3}))
        for _ in range(2):
            self.assertIsNone(self.successResultOf(self.work(owner_job(PROJECT))))
        self.assertEqual([{"cores": 5}] * 2, [self.has("Pod1"), self.has("Pod2")])

    def test_taken_back(self) -> None:
        """
        What nothing is stored of is forgotten in every pod.
        """
        for owner in (PROJECT, USER):
            self.done(self.store.set_limits(owner, {"cores": 5}))
            self.successResultOf(self.work(owner_job(owner)))
        self.assertEqual({"cores": 5}, self.has("Pod1", user="u"))
        self.done(self.store.delete_limits(PROJECT))
        self.successResultOf(self.work(owner_job(PROJECT)))
        self.assertEqual({}, self.cloud.given)

    def test_stale(self) -> None:
        """
        What a pod was given while it was away for others, and is not stored any more, is forgotten, and nothing else.
        """
        self.done(self.store.set_limits(PROJECT, {"cores": 5}))
        self.done(self.store.set_limits(USER, {"cores": 3}))
        by_pod = QuotaOwner(service="compute", scope=QuotaScope.POD, scope_id="i1")
        self.done(self.store.set_limits(by_pod, DEFAULTS["compute"]))
        self.cloud.given["Pod1", "/v2.1/os-quota-sets/p", ""] = {"cores": 5, "key_pairs": 9}
        self.cloud.given["Pod1", "/v2.1/os-quota-sets/p", "u"] = {"cores": 3}
        self.successResultOf(self.work(owner_job(PROJECT)))
        self.assertEqual(({"cores": 5}, {"cores": 3}), (self.has("Pod1"), self.has("Pod1", user="u")))

    def test_away(self) -> None:
        """
        A pod that is away is tried again, when the others have it; a disabled one is not looked at.
        """
        self.done(self.store.set_limits(PROJECT, {"cores": 5}))
        self.cloud.away.add("Pod1")
        failure = self.failureResultOf(self.work(owner_job(PROJECT)), JobRetry)
        self.assertIn("Pod1", str(failure.value))
        self.assertEqual({"cores": 5}, self.has("Pod2"))
        self.cloud.away.clear()
        self.cloud.refusing["Pod1", "compute"] = 503
        self.failureResultOf(self.work(owner_job(PROJECT)), JobRetry)
        self.pods[0] = evolve(self.pods[0], state=PodState.DISABLED)
        self.successResultOf(self.work(owner_job(PROJECT)))

    def test_refused(self) -> None:
        """
        A pod that refuses leaves a dead letter that names it; the others have it. That a pod knows no such project is no matter.
        """
        self.done(self.store.set_limits(PROJECT, {"cores": 5}))
        self.cloud.refusing["Pod1", "compute"] = 403
        failure = self.failureResultOf(self.work(owner_job(PROJECT)), JobHopeless)
        self.assertIn("Pod1 refuses compute limits of project p with 403", str(failure.value))
        self.assertEqual({"cores": 5}, self.has("Pod2"))
        self.cloud.refusing["Pod1", "compute"] = 400
        self.successResultOf(self.work(owner_job(PROJECT)))

    def test_new_pod(self) -> None:
        """
        A new pod gets everybody's, no other pod is asked, and it is told how far that is. A service that refuses keeps
        the other's from nobody.
        """
        for number in range(150):
            self.done(self.store.set_limits(evolve(PROJECT, scope_id=f"p{number}"), {"cores": number}))
        volumes = QuotaOwner(service="volume", scope=QuotaScope.PROJECT, scope_id="p")
        self.done(self.store.set_limits(volumes, {"volumes": 1}))
        self.done(self.store.set_limits(CLASS, {"cores": 7}))
        self.cloud.refusing["Pod2", "volume"] = 403
        self.failureResultOf(self.work(pod_job("i2")), JobHopeless)
        self.assertEqual({"cores": 149}, self.has("Pod2", "p149"))
        self.assertEqual(7, self.cloud.defaults["Pod2", "compute"]["cores"])
        self.assertEqual({"Pod2"}, {sent[0] for sent in self.cloud.sent})
        self.assertEqual(["100 of 152"], self.told)
        self.successResultOf(self.work(pod_job("gone")))

    def test_one_refused(self) -> None:
        """
        That a pod refuses the limits of one project keeps those of no other from it; the dead letter names the project.
        """
        for name in ("a", "b", "c"):
            self.done(self.store.set_limits(evolve(PROJECT, scope_id=name), {"cores": 5}))
        self.cloud.refusing_changes["Pod2", "/v2.1/os-quota-sets/b"] = 400
        failure = self.failureResultOf(self.work(pod_job("i2")), JobHopeless)
        self.assertIn("limits of project b with 400", str(failure.value))
        self.assertEqual([{"cores": 5}, None, {"cores": 5}], [self.has("Pod2", name) for name in "abc"])

    def test_below_use(self) -> None:
        """
        A Cinder that has a limit already refuses it where more is used: that is no refusal of anything.
        """
        project = QuotaOwner(service="volume", scope=QuotaScope.PROJECT, scope_id="p")
        path = "/v3/{project_id}/os-quota-sets/p"
        self.done(self.store.set_limits(project, {"volumes": 1}))
        self.cloud.refusing_changes["Pod1", path] = 400
        self.failureResultOf(self.work(owner_job(project)), JobHopeless)
        self.cloud.given["Pod1", path, ""] = {"volumes": 1}
        self.successResultOf(self.work(owner_job(project)))

    def test_default_class(self) -> None:
        """
        Pods' default classes say what the default class at the top does, and are raised to what is configured.
        """
        self.configured = {"compute": {"cores": 30, "key_pairs": 50}}
        self.cloud.defaults["Pod2", "compute"] = {"cores": 40, "key_pairs": 100}
        self.successResultOf(self.work(owner_job(CLASS)))
        self.assertEqual({"cores": 30, "key_pairs": 50}, self.cloud.defaults["Pod1", "compute"])
        self.assertEqual({"cores": 40, "key_pairs": 50}, self.cloud.defaults["Pod2", "compute"])
        self.done(self.store.set_limits(CLASS, {"cores": 10}))
        self.successResultOf(self.work(owner_job(CLASS)))
        self.assertEqual(10, self.cloud.defaults["Pod2", "compute"]["cores"])

    def test_of_keystone(self) -> None:
        """
        Pods are given Keystone's limits where those hold, and none that were set here; its registered ones where a pod allows
        less.
        """
        self.unified = frozenset({"compute"})
        for owner, limits in (
            (evolve(PROJECT, service="keystone"), {"cores": 5}),
            (REGISTERED, {"cores": 30, "key_pairs": 50}),
            (evolve(PROJECT, scope_id="q"), {"cores": 6}),
            (evolve(USER, scope_id="p"), {"cores": 4}),
            (CLASS, {"cores": 7}),
        ):
            self.done(self.store.set_limits(owner, limits))
        self.cloud.defaults["Pod2", "compute"] = {"cores": 40, "key_pairs": 100}
        self.successResultOf(self.work(pod_job("i1")))
        self.successResultOf(self.work(pod_job("i2")))
        self.assertEqual({"cores": 30, "key_pairs": 50}, self.cloud.defaults["Pod1", "compute"])
        self.assertEqual({"cores": 40, "key_pairs": 50}, self.cloud.defaults["Pod2", "compute"])
        self.assertEqual(
            [{"cores": 5}, None, None], [self.has("Pod1"), self.has("Pod1", "q"), self.has("Pod1", user="u")]
        )
        self.done(self.store.delete_limits(evolve(PROJECT, service="keystone")))
        self.cloud.given["Pod1", "/v2.1/os-quota-sets/p", "u"] = {"cores": 4}
        self.successResultOf(self.work(owner_job(PROJECT)))
        self.assertEqual((None, None), (self.has("Pod1"), self.has("Pod1", user="u")))
        self.raises = False
        self.done(self.store.set_limits(REGISTERED, {"cores": 99}))
        self.successResultOf(self.work(owner_job(CLASS)))
        self.assertEqual(30, self.cloud.defaults["Pod1", "compute"]["cores"])


class QuotaDefaultsTests(QuotaCase):
    """
    The pods' own default classes.
    """

    def setUp(self) -> None:
        super().setUp()
        self.book = QuotaLimitBook(configured=self.configured, pods=lambda: [pod.id for pod in self.pods])

    def collect(self, policy: str = "raise") -> QuotaDefaults:
        """
        Ask both pods.
        """
        self.done(self.read())
        defaults = self.made(policy)
        for pod in self.pods:
            self.done(defaults.collect(pod))
        self.done(self.read())
        return defaults

    def made(self, policy: str) -> QuotaDefaults:
        """
        The collection, with nothing asked yet.
        """
        return QuotaDefaults(
            asks=self.cloud,
            store=self.store,
            limits=self.book,
            jobs=self.jobs,
            policy=policy,
            pods=lambda: self.pods,
            stored=lambda: self.book.owners(QuotaScope.POD),
        )

    def waiting(self) -> list[str]:
        """
        The keys of the jobs that are to be done.
        """
        return [job.key for job in self.done(self.jobs.list_jobs(JobQuery(state=JobState.WAITING)))]

    async def read(self) -> None:
        """
        Take over what is stored.
        """
        self.book.replace(await self.store.all_limits())

    def enqueued(self) -> list[str]:
        """
        The keys of the jobs, the oldest first.
        """
        return [job.key for job in reversed(self.done(self.jobs.list_jobs(JobQuery())))]

    def test_stored(self) -> None:
        """
        What pods say is stored, so that all processes know the largest; what they say again is not stored again. A new pod gets
        everybody's limits.
        """
        self.cloud.defaults["Pod2", "volume"] = {"volumes": 40}
        self.collect()
        self.assertEqual({"cores": 20}, dict(self.book.defaults("compute", ["cores", "ram"])))
        self.assertEqual({"volumes": 40}, dict(self.book.defaults("volume", ["volumes"])))
        self.assertEqual(["pod:i1", "pod:i2"], self.enqueued())
        before = self.database.last
        self.collect()
        self.assertEqual((before, ["pod:i1", "pod:i2"]), (self.database.last, self.enqueued()))

    def test_new_but_failing(self) -> None:
        """
        A new pod gets everybody's limits also where it does not answer all at its first turn.
        """
        self.cloud.refusing["Pod1", "volume"] = 503
        self.failureResultOf(Deferred.fromCoroutine(self.fails()), PodBroken)
        self.done(self.read())
        del self.cloud.refusing["Pod1", "volume"]
        self.assertEqual(["pod:i1"], self.enqueued())

    def test_nobody_told(self) -> None:
        """
        A pod that never tells is given nothing by a job each time that it was asked.
        """
        for service in ("compute", "volume"):
            self.cloud.refusing["Pod1", service] = self.cloud.refusing["Pod2", service] = 403
        self.collect()
        self.assertEqual([], self.enqueued())

    def test_another_pod_has_more(self) -> None:
        """
        A pod whose default class is lower than another's, which is what holds at the top, is told of, and not raised.
        """
        self.cloud.defaults["Pod2", "compute"] = {"cores": 40, "key_pairs": 200}
        self.collect()
        defaults = self.collect()
        self.assertEqual(
            {("Pod1", "compute"): 1.0}, {place: low for place, low in defaults.drift().items() if low}
        )
        self.assertNotIn(owner_job(CLASS).key, self.enqueued())

    def test_gone(self) -> None:
        """
        What a pod said that is gone is forgotten.
        """
        self.collect()
        del self.pods[1]
        self.collect()
        self.assertEqual({"i1"}, {owner.scope_id for owner in self.book.owners(QuotaScope.POD)})

    def test_lower(self) -> None:
        """
        Where a pod allows less than the top, a job raises it, or it is told alone, or not looked at.
        """
        self.configured["compute"] = {"cores": 30}
        self.done(self.store.set_limits(evolve(CLASS, service="volume"), {"volumes": 5}))
        self.cloud.defaults["Pod2", "compute"] = {"cores": -1}
        job = owner_job(CLASS).key
        for policy, drift, jobs in (("leave", {}, 0), ("check", {("Pod1", "compute"): 1.0}, 0)):
            shown = {place: value for place, value in self.collect(policy).drift().items() if value}
            self.assertEqual((drift, jobs), (shown, self.enqueued().count(job)))
        defaults = self.collect("raise")
        self.assertEqual(1, self.enqueued().count(job))
        self.assertEqual(1.0, defaults.drift()["Pod1", "compute"])
        self.assertEqual(0, self.enqueued().count(owner_job(evolve(CLASS, service="volume")).key))
        del self.pods[0]
        self.assertNotIn(("Pod1", "compute"), defaults.drift())

    def test_not_told(self) -> None:
        """
        A pod that does not tell it is asked at its next turn; nothing is known of it.
        """
        self.cloud.refusing["Pod1", "compute"] = 403
        self.collect()
        self.assertEqual(
            {}, dict(self.book.own(QuotaOwner(service="compute", scope=QuotaScope.POD, scope_id="i1")))
        )
        self.cloud.away.add("Pod1")
        self.failureResultOf(Deferred.fromCoroutine(self.fails()), PodUnreachable)

    async def fails(self) -> None:
        """
        Ask a pod that is away.
        """
        defaults = QuotaDefaults(
            asks=self.cloud,
            store=self.store,
            limits=self.book,
            jobs=self.jobs,
            policy="check",
            pods=lambda: self.pods,
            stored=list,
        )
        await defaults.collect(self.pods[0])
