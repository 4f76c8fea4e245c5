"""
Writes of what pods have the same, over three fake pods.
"""

from __future__ import annotations

import orjson
from twisted.internet.defer import CancelledError, Deferred

from tests.unit.strategies.stub_pods import ReplicateCase, a_flavor
from trio2o.errors import GatewayTimeout, Unavailable
from trio2o.model.shared import CopyState, SharedCopy, SharedKey, SharedPolicy
from trio2o.state.shared import SharedBook
from trio2o.strategies.pending import replication

KEY = SharedKey("flavor", "f")
SPECS = "/flavors/f/os-extra_specs"
TYPE = {"volume_type": {"name": "gold"}}


class AllTests(ReplicateCase):
    """
    The policy ``all``.
    """

    def test_everywhere(self) -> None:
        """
        A create goes to the judge, then to all others, by fresh connections; what the judge shows is wanted, and no job is left.
        """
        answer = self.new_flavor()

        self.assertEqual((200, ("Pod1", "Pod2", "Pod3"), ()), (answer.status, answer.pods, answer.missing))
        self.assertEqual([{}, {}, {}], self.specs())
        state = self.wanted("flavor", "f")
        self.assertEqual({CopyState.CURRENT}, {copy.state for copy in state.copies.values()})
        self.assertEqual(([], []), (self.listed(), list(self.now(self.store.open_writes(KEY)))))
        for stub in self.pods.stubs.values():
            self.assertEqual([True], [call.fresh for call in stub.calls])

    def test_judge_refuses(self) -> None:
        """
        What the judge refuses no other pod is asked, and nothing is left of it.
        """
        answer = self.new_flavor(ram=-1)

        self.assertEqual(400, answer.status)
        self.assertEqual([[], []], [self.two.asked, self.three.asked])
        self.assertEqual(([], []), (self.listed(), list(self.now(self.store.open_writes(KEY)))))

    def test_another_refuses(self) -> None:
        """
        A create that another pod refuses is taken back everywhere, and refused.
        """
        self.three.instead["POST"] = [(403, {"forbidden": {"code": 403, "message": "no"}})]

        self.assertEqual(403, self.new_flavor().status)

        self.assertEqual([404, 404, 404], self.specs())
        self.assertEqual([], self.work())
        self.assertEqual([404, 404, 404], self.specs())

    def test_same_there(self) -> None:
        """
        A pod that has the same already has it; one that has another one refuses the create.
        """
        self.now(self.two.answer("compute", "POST", "/v2.1/flavors", _raw(a_flavor("f")), ""))
        self.assertEqual(200, self.new_flavor().status)
        self.now(self.two.answer("compute", "POST", "/v2.1/flavors", _raw(a_flavor("g", ram=65)), ""))

        self.assertEqual(409, self.new_flavor("g").status)

        self.assertEqual([404, {}, 404], self.specs("g"))

    def test_silent_judge(self) -> None:
        """
        With a judge that may have taken it nothing else is asked; a job looks, and all pods have what it has.
        """
        self.one.instead["POST"] = [self.one.loses()]

        error = self.failed(Exception, "POST", "/flavors", a_flavor("f"))

        self.assertEqual(502, error.status)
        self.assertEqual([], self.two.asked)
        self.assertEqual([], self.work())
        self.assertEqual([{}, {}, {}], self.specs())

    def test_unreachable_judge(self) -> None:
        """
        Where a judge is surely not reached the next one judges; the first gets it by a job, and the answer names it.
        """
        self.one.down = True
        answer = self.new_flavor()
        self.assertEqual((200, ["Pod1"]), (answer.status, [pod.name for pod in answer.missing]))

        self.one.down = False
        self.assertEqual([], self.work())
        self.assertEqual([{}, {}, {}], self.specs())

    def test_nobody(self) -> None:
        """
        With no pod reached it is 503, and nothing is left to be done.
        """
        for stub in self.pods.stubs.values():
            stub.down = True
        self.failed(Unavailable, "POST", "/flavors", a_flavor("f"))
        self.assertEqual(([], []), (self.listed(), list(self.now(self.store.open_writes(KEY)))))

    def test_known_away(self) -> None:
        """
        With no pod that is taken to answer it is 503, and none is asked.
        """
        self.pods.sick = {"Pod1-id", "Pod2-id", "Pod3-id"}
        self.failed(Unavailable, "POST", "/flavors", a_flavor("f"))
        self.assertEqual([[], [], []], [stub.asked for stub in self.pods.stubs.values()])
        self.assertEqual([], self.listed())

    def test_another_is_silent(self) -> None:
        """
        Where another pod may have taken it it is 504, and stays: a job finishes it.
        """
        self.two.instead["POST"] = [self.two.silent()]
        self.two.instead["GET"] = [self.two.silent()] * 3

        error = self.failed(GatewayTimeout, "POST", "/flavors", a_flavor("f"))

        self.assertIn("done in Pod1, Pod3", error.admin_detail)
        self.assertEqual([], self.work())
        self.assertEqual([{}, {}, {}], self.specs())

    def test_database_away(self) -> None:
        """
        Without the database nothing is sent; where it goes away afterwards the client is answered by what pods said.
        """
        self.database.available = False
        self.failed(Unavailable, "POST", "/flavors", a_flavor("f"))
        self.assertEqual([], self.one.asked)

        self.database.available = True
        gone: Deferred[None] = Deferred()
        self.one.instead["POST"] = [gone]
        refused = self.begun("POST", "/flavors", a_flavor("f", ram=-1))
        self.database.available = False
        gone.callback(None)
        self.assertEqual(400, self.successResultOf(refused).status)

        self.database.available = True
        gone = Deferred()
        self.three.instead["POST"] = [gone]
        made = self.begun("POST", "/flavors", a_flavor("f"))
        self.database.available = False
        gone.callback(None)
        self.assertEqual(200, self.successResultOf(made).status)
        self.database.available = True
        self.assertEqual([], self.work())
        self.assertEqual({CopyState.CURRENT}, _states(self.wanted("flavor", "f")))

    def test_client_hangs_up(self) -> None:
        """
        A write whose client goes away is finished all the same.
        """
        for stub in (self.one, self.two):
            waits: Deferred[None] = Deferred()
            stub.instead["POST"] = [waits]
            name = f"f{stub.pod.serial}"
            writing = self.begun("POST", "/flavors", a_flavor(name))
            writing.cancel()
            self.failureResultOf(writing, CancelledError)
            self.assertEqual([1], self.running)
            waits.callback(None)
            self.assertEqual([], self.running)
            self.assertEqual([{}, {}, {}], self.specs(name))
            self.assertEqual([], self.listed())

    def test_who_lacks_it_judges_nothing(self) -> None:
        """
        A pod that refused a type for ever is passed over by its writes: the next one judges.
        """
        self.write("POST", "/types", TYPE, surface="volume")
        (known,) = self.book.resources("volume_type")
        refusal = SharedCopy(pod_id="Pod1-id", state=CopyState.REFUSED, error="no")
        self.now(self.store.note_copies(known.key, known.top_id, known.version, [refusal]))
        self.fed()
        self.one.asked.clear()

        body = {"volume_type": {"description": "new"}}
        answer = self.write("PUT", f"/types/{known.top_id}", body, surface="volume")

        self.assertEqual((200, "Pod2"), (answer.status, answer.pods[0]))
        self.assertEqual([], [asked for asked in self.one.asked if asked.startswith("PUT")])
        for name in ("Pod2", "Pod3"):
            self.pods.sick.add(f"{name}-id")
        self.now(self.store.note_copies(known.key, known.top_id, known.version + 1, [refusal]))
        self.fed()
        self.failed(Unavailable, "PUT", f"/types/{known.top_id}", body, surface="volume")

    def test_side_by_side(self) -> None:
        """
        Pods that say 409 are asked what they have side by side.
        """
        for stub in (self.two, self.three):
            self.now(stub.answer("compute", "POST", "/v2.1/flavors", _raw(a_flavor("f")), ""))
        waits: list[Deferred[None]] = [Deferred(), Deferred()]
        self.two.instead["GET"], self.three.instead["GET"] = [waits[0]], [waits[1]]

        making = self.begun("POST", "/flavors", a_flavor("f"))

        self.assertEqual(["GET /v2.1/flavors/f"], self.three.asked[1:])
        for wait in waits:
            wait.callback(None)
        self.assertEqual(200, self.successResultOf(making).status)


class MetTests(ReplicateCase):
    """
    Writes that meet each other.
    """

    def test_later_write(self) -> None:
        """
        What two writes that met have left to a job, a later one that met nobody does not drop.
        """
        self.new_flavor()
        waits: Deferred[None] = Deferred()
        self.three.instead["POST"] = [waits]
        first = self.begun("POST", SPECS, {"extra_specs": {"x": "1"}})
        second = self.write("POST", SPECS, {"extra_specs": {"x": "2"}})
        waits.callback(None)
        self.assertEqual((200, 200), (self.successResultOf(first).status, second.status))
        self.assertEqual([{"x": "2"}, {"x": "2"}, {"x": "1"}], self.specs())

        self.write("POST", SPECS, {"extra_specs": {"y": "1"}})

        self.assertEqual([], self.work())
        self.assertEqual([{"x": "2", "y": "1"}] * 3, self.specs())
        self.assertEqual([], list(self.now(self.store.open_writes(KEY))))

    def test_who_was_away(self) -> None:
        """
        A pod that does not answer while a job looks at what met writes came to is looked at when it is back.
        """
        self.new_flavor()
        self.now(self.three.answer("compute", "POST", f"/v2.1{SPECS}", _raw({"extra_specs": {"x": "1"}}), ""))
        self.now(self.store.end_write(self.now(self.store.begin_write(KEY, "Pod1-id")), sure=False))
        self.now(self.jobs.enqueue(replication(KEY, "f")))
        self.pods.sick.add("Pod3-id")
        self.work_once()
        self.assertEqual(frozenset({"Pod3-id"}), self.book.behind("compute"))

        self.pods.sick.clear()

        self.assertEqual([], self.work())
        self.assertEqual([{}, {}, {}], self.specs())

    def test_refusal_leaves_an_earlier_job(self) -> None:
        """
        A write that is refused does not drop the job of an earlier one that a pod still lacks.
        """
        self.pods.sick.add("Pod3-id")
        self.new_flavor()
        self.assertEqual(1, len(self.listed()))

        self.assertEqual(400, self.write("POST", SPECS, {"extra_specs": 5}).status)

        self.assertEqual(1, len(self.listed()))

    def work_once(self) -> None:
        """
        Work at one job.
        """
        (job,) = self.now(self.jobs.claim("w", kinds=self.handlers.keys(), limit=1, lease=30.0))
        self.now(self._worked(job, []))
        self.fed()


class MajorityTests(ReplicateCase):
    """
    The policy ``majority``.
    """

    policy = SharedPolicy.MAJORITY

    def test_met(self) -> None:
        """
        Two of three are enough, whether the third is silent or refuses; it gets it by a job, or a dead letter names it.
        """
        self.two.instead["POST"] = [self.two.silent()]
        self.two.instead["GET"] = [self.two.silent()] * 3
        answer = self.new_flavor("f")
        self.assertEqual((200, ["Pod2"]), (answer.status, [pod.name for pod in answer.missing]))
        self.assertEqual([], self.work())
        self.assertEqual([{}, {}, {}], self.specs())

        no = (403, {"forbidden": {"code": 403, "message": "no"}})
        self.two.instead["POST"] = [no] * 30
        answer = self.new_flavor("g")
        self.assertEqual((200, ["Pod2"]), (answer.status, [pod.name for pod in answer.missing]))
        (letter,) = self.work()
        self.assertIn("flavor g is refused by Pod2: POST /v2.1/flavors: 403 no", letter)
        self.assertEqual([{}, 404, {}], self.specs("g"))

    def test_not_met(self) -> None:
        """
        One of three is not: it is 503, and stays, for a job; a create that two refuse is taken back and refused.
        """
        self.two.down = self.three.down = True
        self.failed(Unavailable, "POST", "/flavors", a_flavor("f"))
        self.two.down = self.three.down = False
        self.assertEqual([], self.work())
        self.assertEqual([{}, {}, {}], self.specs())

        no = (403, {"forbidden": {"code": 403, "message": "no"}})
        self.two.instead["POST"], self.three.instead["POST"] = [no], [no]
        self.assertEqual(403, self.new_flavor("g").status)
        self.assertEqual([], self.work())
        self.assertEqual([404, 404, 404], self.specs("g"))

    def test_key_pair(self) -> None:
        """
        One pod is enough for a key pair, whatever the policy.
        """
        self.two.down = self.three.down = True
        answer = self.write("POST", "/os-keypairs", {"keypair": {"name": "k"}})
        self.assertEqual(200, answer.status)
        self.two.down = self.three.down = False
        self.assertEqual([], self.work())
        keys = [self.in_pod(stub, "/os-keypairs/k") for stub in self.pods.stubs.values()]
        self.assertEqual(1, len({key["keypair"]["public_key"] for key in keys}))

    def test_key_pair_meets_a_failure(self) -> None:
        """
        A pod that fails refuses no key pair; one that has another key of the name does.
        """
        self.two.instead["POST"] = [(500, {})] * 2
        body = {"keypair": {"name": "k"}}
        answer = self.write("POST", "/os-keypairs", body)
        self.assertEqual((200, ["Pod2"]), (answer.status, [pod.name for pod in answer.missing]))
        self.assertEqual(frozenset({"Pod2-id"}), self.seen_by_all().lacking("key_pair", "u1/k"))
        self.assertEqual(frozenset(), self.book.behind("compute"))
        self.assertEqual([], self.work())
        self.assertEqual(frozenset(), self.book.incomplete())

        self.now(
            self.two.answer("compute", "POST", "/v2.1/os-keypairs", _raw({"keypair": {"name": "l"}}), "")
        )
        self.assertEqual(409, self.write("POST", "/os-keypairs", {"keypair": {"name": "l"}}).status)
        self.assertEqual(404, self.in_pod(self.one, "/os-keypairs/l"))

    def seen_by_all(self) -> SharedBook:
        """
        What processes know.
        """
        self.fed()
        return self.book


class AnyTests(ReplicateCase):
    """
    The policy ``any``.
    """

    policy = SharedPolicy.ANY

    def test_met(self) -> None:
        """
        One is enough, whatever the others say.
        """
        self.two.down = True
        self.three.instead["POST"] = [(403, {"forbidden": {"code": 403, "message": "no"}})] * 30
        answer = self.new_flavor()
        self.assertEqual((200, ["Pod2", "Pod3"]), (answer.status, [pod.name for pod in answer.missing]))
        self.two.down = False
        (letter,) = self.work()
        self.assertIn("Pod3", letter)
        self.assertEqual([{}, {}, 404], self.specs())

    def test_not_met(self) -> None:
        """
        None is not, and what the judge refuses is refused.
        """
        self.assertEqual(400, self.new_flavor(ram=-1).status)
        for stub in self.pods.stubs.values():
            stub.down = True
        self.failed(Unavailable, "POST", "/flavors", a_flavor("f"))


def _raw(body: object) -> bytes:
    return orjson.dumps(body)


def _states(state: object) -> set[CopyState]:
    return {copy.state for copy in state.copies.values()}  # type: ignore[attr-defined]
