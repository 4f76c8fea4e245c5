"""
The strategy ``alike``: flavors and key pairs are made in every pod.
"""

from __future__ import annotations

from typing import Any

import orjson
from twisted.internet.defer import CancelledError

from tests.unit.strategies.case import ANSWER_BUDGET, LIMIT, StrategyCase, a_context
from tests.unit.strategies.doubles import Broken, Hang, MemoryBody, Reply, Unreachable
from trio2o.errors import BadGateway, BodyTooLarge, GatewayTimeout, Unavailable
from trio2o.exchange import PodCall
from trio2o.model import PodState

FLAVORS = "/v2.1/flavors"
KEYS = "/v2.1/os-keypairs"
NAMES = ("Pod1", "Pod2", "Pod3")
ADMIN = a_context(roles="admin")
WANTED = {"name": "f", "ram": "512", "vcpus": 1, "disk": 0, "id": "7"}
SHOWN = {"id": "7", "name": "f", "ram": 512, "vcpus": 1, "disk": 0, "swap": "", "extra": 1}
CONFLICT = Reply(409, {"conflictingRequest": {"message": "there"}})


class AlikeCase(StrategyCase):
    """
    Three pods that make whatever they are asked for.
    """

    def sent_to(self, pod: str, method: str = "POST") -> list[Any]:
        """
        The bodies that a pod got.
        """
        return [
            orjson.loads(called.body) if called.body else None
            for called in self.pods.calls
            if called.pod == pod and called.call.method == method.encode()
        ]


class FlavorTests(AlikeCase):
    """
    A flavor is in every pod, or in none.
    """

    def setUp(self) -> None:
        super().setUp()
        for name in NAMES:
            self.pods.on(name, "POST", FLAVORS, Reply(200, {"flavor": {**SHOWN, "pod": name}}))
        self.pods.on("*", "DELETE", f"{FLAVORS}/7", Reply(202))
        self.pods.on("*", "GET", f"{FLAVORS}/7", Reply(200, {"flavor": SHOWN}))

    def made(self, **fields: Any) -> Any:
        """
        The answer to a create.
        """
        return self.asked("POST", FLAVORS, {"flavor": {**WANTED, **fields}}, context=ADMIN)

    def test_everywhere(self) -> None:
        """
        All pods get the client's own body, the others when the first has taken it; the answer is the first one's.
        """
        raw = b'{"flavor" :  {"id": "7", "unknown": [1]}, "more": 1}'
        self.is_bound(self.pod2)

        answer = self.asked("POST", FLAVORS, raw, context=ADMIN)

        self.assertEqual("Pod2", self.shown(answer)["flavor"]["pod"])
        self.assertEqual(
            (("Pod2", "Pod1", "Pod3"), True, ()), (answer.pods, answer.passed_on, answer.missing)
        )
        self.assertEqual({raw}, {called.body for called in self.pods.calls})

    def test_odd_ids(self) -> None:
        """
        An id is what the client says, whatever clients of other services mean by it.
        """
        for odd in ("auto", ""):
            self.pods.calls.clear()
            fields = {"flavor": {"name": "f", "id": odd}}
            self.asked("POST", FLAVORS, fields, context=ADMIN)
            with self.subTest(id=odd):
                self.assertEqual([fields], self.sent_to("Pod3"))

    def test_one_id(self) -> None:
        """
        Where the client leaves the id open all pods get the same one, and whatever else was sent.
        """
        for left_open in ({}, {"id": None}):
            self.pods.calls.clear()
            fields = {"name": "f", "unknown": [1], **left_open}
            self.asked("POST", FLAVORS, {"flavor": fields, "more": 1}, context=ADMIN)
            for name in NAMES:
                with self.subTest(left_open=left_open, pod=name):
                    wanted = {"flavor": {**fields, "id": "made-up"}, "more": 1}
                    self.assertEqual([wanted], self.sent_to(name))

    def test_words_of_one_id(self) -> None:
        """
        A refusal that quotes the body quotes it as it was sent, without the id that was made up.
        """
        for sent, quoted, told in (
            ({"name": "f"}, "{'name': 'f', 'id': 'made-up'}", "{'name': 'f'}"),
            ({"id": None, "name": "f"}, "{'id': 'made-up', 'name': 'f'}", "{'id': None, 'name': 'f'}"),
            ({}, "{'id': 'made-up'}", "{}"),
            ({"id": "made-up"}, "{'id': 'made-up'}", "{'id': 'made-up'}"),
        ):
            self.pods.calls.clear()
            self.pods.on("Pod1", "POST", FLAVORS, Reply(400, {"badRequest": {"message": quoted}}))
            with self.subTest(sent=sent):
                answer = self.asked("POST", FLAVORS, {"flavor": sent}, context=ADMIN)
                self.assertEqual(told, self.shown(answer)["badRequest"]["message"])

    def test_first_refusal(self) -> None:
        """
        What the first pod refuses has reached no other, whatever the body is.
        """
        for body in ({"flavor": WANTED}, {"flavor": []}, {}, [], b"x", b""):
            for status in (400, 403, 500):
                self.pods.calls.clear()
                self.pods.on("Pod1", "POST", FLAVORS, Reply(status, {"x": {}}))
                with self.subTest(body=body, status=status):
                    answer = self.asked("POST", FLAVORS, body, context=ADMIN)
                    self.assertEqual((status, ("Pod1",)), (answer.status, answer.pods))
                    self.assertEqual(["Pod1"], self.pods.asked())

    def test_later_refusal(self) -> None:
        """
        What a later pod refuses is taken back where it was made, and told.
        """
        self.pods.on("Pod2", "POST", FLAVORS, Reply(400, {"badRequest": {}}))

        answer = self.made()

        self.assertEqual((400, ("Pod2",)), (answer.status, answer.pods))
        self.assertEqual(["Pod1", "Pod3"], self.pods.asked("DELETE", f"{FLAVORS}/7"))

    def test_silence(self) -> None:
        """
        Without one of the pods there is no flavor, and the error says why; whoever made it has taken it back.
        """
        for script, error in ((Unreachable(), Unavailable), (Broken(), BadGateway), (Hang(), GatewayTimeout)):
            self.pods.calls.clear()
            self.pods.on("Pod3", "POST", FLAVORS, script)
            with self.subTest(script=script):
                started = self.started("POST", FLAVORS, {"flavor": WANTED}, context=ADMIN)
                self.clock.advance(ANSWER_BUDGET)
                refused = self.failureResultOf(started, error).value
                self.assertIn("Pod3", refused.admin_detail)
                self.assertEqual(["Pod1", "Pod2"], self.pods.asked("DELETE"))

    def test_first_silent(self) -> None:
        """
        A first pod that does not answer ends it.
        """
        self.pods.on("Pod1", "POST", FLAVORS, Unreachable())

        self.refused(Unavailable, "POST", FLAVORS, {"flavor": WANTED}, context=ADMIN)
        self.assertEqual(["Pod1"], self.pods.asked())

    def test_known_to_be_away(self) -> None:
        """
        With a pod known to be away nothing is tried; disabled pods do not count.
        """
        self.pods.sick.add("Pod3-id")
        error = self.refused(Unavailable, "POST", FLAVORS, {"flavor": WANTED}, context=ADMIN)
        self.assertEqual(("no answer lately from Pod3", []), (error.admin_detail, self.pods.calls))

        self.change_pod(self.pod3, state=PodState.DISABLED)
        self.assertEqual(("Pod1", "Pod2"), self.made().pods)

        self.has_pods()
        self.refused(Unavailable, "POST", FLAVORS, {"flavor": WANTED}, context=ADMIN)

    def test_completed(self) -> None:
        """
        Sent again, a create is completed: a pod that has the same flavor already has it made.
        """
        for there in (("Pod1",), ("Pod2", "Pod3"), ("Pod3",)):
            for name in NAMES:
                script = CONFLICT if name in there else Reply(200, {"flavor": {**SHOWN, "pod": name}})
                self.pods.on(name, "POST", FLAVORS, script)
            with self.subTest(there=there):
                answer = self.made()
                self.assertEqual((200, set(NAMES)), (answer.status, set(answer.pods)))
                self.assertEqual([], self.pods.asked("DELETE"))

    def test_there(self) -> None:
        """
        What every pod has is there: 409.
        """
        self.pods.on("*", "POST", FLAVORS, CONFLICT)
        for name in NAMES:
            self.pods.on(name, "POST", FLAVORS, CONFLICT)

        self.assertEqual(409, self.made().status)
        self.assertEqual([], self.pods.asked("DELETE"))

    def test_another_one_there(self) -> None:
        """
        A pod that has another flavor under the id, or the name under another id, is a conflict: it is made nowhere.
        """
        other = Reply(200, {"flavor": {**SHOWN, "ram": 513}})
        for at, script in ((1, other), (2, Reply(404)), (2, Unreachable()), (2, Reply(200, b"x"))):
            name = NAMES[at]
            self.pods.calls.clear()
            self.pods.on(name, "POST", FLAVORS, CONFLICT)
            self.pods.on(name, "GET", f"{FLAVORS}/7", script)
            with self.subTest(pod=name, script=script):
                answer = self.made()
                self.assertEqual((409, (name,)), (answer.status, answer.pods))
                self.assertEqual([each for each in NAMES if each != name], self.pods.asked("DELETE"))
            self.pods.on(name, "POST", FLAVORS, Reply(200, {"flavor": SHOWN}))

    def test_name_taken(self) -> None:
        """
        With an id of the gateway's a pod that has the name has another flavor.
        """
        self.pods.on("Pod2", "POST", FLAVORS, CONFLICT)
        self.pods.on("*", "DELETE", f"{FLAVORS}/made-up", Reply(202))

        self.assertEqual(409, self.made(id=None).status)
        self.assertEqual(["Pod1", "Pod3"], self.pods.asked("DELETE", f"{FLAVORS}/made-up"))

    def test_kept(self) -> None:
        """
        One that cannot be taken back is in the log, and changes nothing of the answer.
        """
        self.pods.on("Pod2", "POST", FLAVORS, Reply(403))
        for script in (Unreachable(), Reply(500)):
            self.pods.on("Pod1", "DELETE", f"{FLAVORS}/7", script)
            self.assertEqual(403, self.made().status)

    def test_client_leaves(self) -> None:
        """
        It runs to its end, whoever still listens; a body beyond the limit reaches nobody.
        """
        self.pods.on("Pod1", "POST", FLAVORS, Hang())
        started = self.started("POST", FLAVORS, {"flavor": WANTED}, context=ADMIN)
        started.cancel()
        self.failureResultOf(started, CancelledError)
        self.assertFalse(self.pods.last.cancelled)
        self.clock.advance(ANSWER_BUDGET)
        self.assertEqual([], self.running)

        body = MemoryBody(b"x" * (LIMIT + 1))
        self.refused(BodyTooLarge, "POST", FLAVORS, memory_body=body, context=ADMIN)


class KeyPairTests(AlikeCase):
    """
    A key pair is in every pod that is there.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "POST", KEYS, self.taken)
        self.pods.on("*", "DELETE", f"{KEYS}/k", Reply(202))

    @staticmethod
    def taken(call: PodCall) -> Reply:
        """
        A pod that generates what is not given.
        """
        assert isinstance(call.body, bytes)
        keypair = orjson.loads(call.body)["keypair"]
        if "public_key" in keypair:
            return Reply(201, {"keypair": keypair})
        return Reply(201, {"keypair": {**keypair, "public_key": "ssh new", "private_key": "secret"}})

    def test_imported(self) -> None:
        """
        A key that the client brings goes to every pod.
        """
        body = {"keypair": {"name": "k", "public_key": "ssh k", "type": "ssh"}}

        answer = self.asked("POST", KEYS, body)

        self.assertEqual((201, body), (answer.status, self.shown(answer)))
        self.assertEqual([[body]] * 3, [self.sent_to(name) for name in NAMES])

    def test_generated(self) -> None:
        """
        One that a pod generates is given to the client, and its public half to the other pods.
        """
        self.is_bound(self.pod2)
        body = {"keypair": {"name": "k", "type": "ssh", "user_id": "u2", "other": 1}}

        answer = self.asked("POST", KEYS, body)

        self.assertEqual("secret", self.shown(answer)["keypair"]["private_key"])
        half = {"keypair": {"name": "k", "type": "ssh", "user_id": "u2", "public_key": "ssh new"}}
        self.assertEqual(
            ([body], [half], [half]), tuple(self.sent_to(name) for name in ("Pod2", "Pod1", "Pod3"))
        )

    def test_silent(self) -> None:
        """
        Pods that do not answer are left out, and the answer says so (I8): first or later, known to be away or not.
        """
        for name, pod in zip(NAMES, (self.pod1, self.pod2, self.pod3), strict=True):
            self.pods.calls.clear()
            self.pods.on(name, "POST", KEYS, Unreachable())
            with self.subTest(pod=name):
                answer = self.asked("POST", KEYS, {"keypair": {"name": "k"}})
                self.assertEqual((201, (pod,)), (answer.status, answer.missing))
                self.assertEqual([], self.pods.asked("DELETE"))
            self.pods.on(name, "POST", KEYS, self.taken)

    def test_nobody_answers(self) -> None:
        """
        Without any pod it is 503.
        """
        self.pods.on("*", "POST", KEYS, Unreachable())
        self.refused(Unavailable, "POST", KEYS, {"keypair": {"name": "k", "public_key": "ssh k"}})

    def test_unknown_outcome(self) -> None:
        """
        A pod that may have generated a key that nobody has seen ends it; a key that the client has goes on to the next.
        """
        self.pods.on("Pod1", "POST", KEYS, Broken())
        self.refused(BadGateway, "POST", KEYS, {"keypair": {"name": "k"}})
        self.assertEqual(["Pod1"], self.pods.asked())

        answer = self.asked("POST", KEYS, {"keypair": {"name": "k", "public_key": "ssh k"}})
        self.assertEqual((201, (self.pod1,)), (answer.status, answer.missing))

    def test_there(self) -> None:
        """
        The same key under the name is completed where it is missing; another one is a conflict, and made nowhere.
        """
        body = {"keypair": {"name": "k", "public_key": "ssh k", "user_id": "u2"}}
        self.pods.on("Pod2", "POST", KEYS, CONFLICT)
        for known, status, taken_back in (("ssh k\n", 201, []), ("ssh other", 409, ["Pod1", "Pod3"])):
            self.pods.calls.clear()
            shown = {"keypair": {"name": "k", "public_key": known}}
            self.pods.on("Pod2", "GET", f"{KEYS}/k", Reply(200, shown))
            with self.subTest(known=known):
                self.assertEqual(status, self.asked("POST", KEYS, body).status)
                self.assertEqual(taken_back, self.pods.asked("DELETE", f"{KEYS}/k"))
                others = [called.query for called in self.pods.calls if called.call.method != b"POST"]
                self.assertEqual({"user_id=u2"}, set(others))

    def test_generated_name_taken(self) -> None:
        """
        A generated key under a name that a pod has is a conflict: nothing stays.
        """
        for name, taken_back in (("Pod1", []), ("Pod3", ["Pod1", "Pod2"])):
            self.pods.calls.clear()
            self.pods.on(name, "POST", KEYS, CONFLICT)
            with self.subTest(pod=name):
                self.assertEqual(409, self.asked("POST", KEYS, {"keypair": {"name": "k"}}).status)
                self.assertEqual(taken_back, self.pods.asked("DELETE"))
            self.pods.on(name, "POST", KEYS, self.taken)

    def test_strange_name(self) -> None:
        """
        A name is written into a path as the path wants it.
        """
        self.pods.on("Pod3", "POST", KEYS, Reply(403))
        self.pods.on("*", "DELETE", f"{KEYS}/a%20%2Fb", Reply(202))

        self.asked("POST", KEYS, {"keypair": {"name": "a /b", "public_key": "ssh k"}})

        self.assertEqual(["Pod1", "Pod2"], self.pods.asked("DELETE", f"{KEYS}/a%20%2Fb"))

    def test_deleted(self) -> None:
        """
        A delete reaches every pod; one that is away is left out, one that has no such key does not count.
        """
        path = f"{KEYS}/k"
        self.pods.on("Pod1", "DELETE", path, Reply(404))
        self.pods.on("Pod2", "DELETE", path, Unreachable())
        answer = self.asked("DELETE", path)
        self.assertEqual((202, (self.pod2,)), (answer.status, answer.missing))

        self.pods.on("Pod3", "DELETE", path, Reply(404))
        self.refused(Unavailable, "DELETE", path)
        self.pods.on("Pod2", "DELETE", path, Reply(404))
        self.assertEqual(404, self.asked("DELETE", path).status)
