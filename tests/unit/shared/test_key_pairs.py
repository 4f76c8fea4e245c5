"""
Key pairs as pods show them, and the steps to what is wanted.
"""

from __future__ import annotations

import orjson
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.shared.asks import NoIds, ScriptedAsk
from trio2o.errors import Unreadable
from trio2o.interfaces import ISharedKind
from trio2o.model.shared import Observed, SharedKey, SharedResource, SharedWrite
from trio2o.shared.key_pairs import KeyPairs

PAIR = {"name": "a/b", "public_key": "ssh-rsa AAAA", "type": "ssh", "fingerprint": "x"}
DOCUMENT = {"public_key": "ssh-rsa AAAA", "type": "ssh"}
KEY = SharedKey("key_pair", "a/b", "u 1")
WANTED = SharedResource(key=KEY, top_id="u 1/a/b", document=DOCUMENT)
ONE = "/v2.1/os-keypairs/a%2Fb?user_id=u%201"


class KeyPairTests(SynchronousTestCase):
    """
    One pod.
    """

    def setUp(self) -> None:
        self.kind = KeyPairs()
        self.ask = ScriptedAsk()

    def test_interface(self) -> None:
        """
        The adapter provides the whole interface.
        """
        verifyObject(ISharedKind, self.kind)

    def test_read(self) -> None:
        """
        One is read by user and name, and shows its public half.
        """
        self.ask.answers["GET", ONE] = (200, {"keypair": PAIR})
        reading = self.kind.read_one(self.ask, NoIds(), KEY, "")
        observed = self.successResultOf(Deferred.fromCoroutine(reading))
        self.assertEqual(Observed(key=KEY, ref="a/b", document=DOCUMENT), observed)
        self.assertEqual([("GET", ONE, None, "compute 2.10")], self.ask.asked)

    def test_list(self) -> None:
        """
        Those of known users are read.
        """
        for user in ("u1", "u2"):
            path = f"/v2.1/os-keypairs?user_id={user}&limit=1000"
            pairs = [{"keypair": {**PAIR, "name": f"{user}k"}}]
            self.ask.answers["GET", path] = (200, {"keypairs": pairs})
            self.ask.answers["GET", f"{path}&marker={user}k"] = (200, {"keypairs": []})
        reading = self.kind.read_all(self.ask, NoIds(), {"u1", "u2"})
        found = self.successResultOf(Deferred.fromCoroutine(reading))
        self.assertEqual([("u1", "u1k"), ("u2", "u2k")], [(one.key.owner, one.key.name) for one in found])

    def test_unreadable(self) -> None:
        """
        What is no key pair is told.
        """
        for answer in ((500, None), (200, {"keypair": {"name": "k"}})):
            self.ask.answers["GET", ONE] = answer
            reading = Deferred.fromCoroutine(self.kind.read_one(self.ask, NoIds(), KEY, ""))
            self.failureResultOf(reading, Unreadable)

    def test_steps(self) -> None:
        """
        It is imported for its user; another key under its name is replaced, and the step says so.
        """
        (create,) = self.kind.steps(WANTED, None, NoIds())
        self.assertEqual(
            {"keypair": {"name": "a/b", "user_id": "u 1", "public_key": "ssh-rsa AAAA", "type": "ssh"}},
            create.body,
        )
        self.assertEqual("compute 2.10", create.version)
        has = Observed(key=KEY, ref="a/b", document=DOCUMENT)
        self.assertEqual([], self.kind.steps(WANTED, has, NoIds()))
        other = evolve(has, document={**DOCUMENT, "public_key": "other"})
        steps = self.kind.steps(WANTED, other, NoIds())
        self.assertEqual(
            [("DELETE", True), ("POST", False)], [(step.method, step.replaces) for step in steps]
        )
        (delete,) = self.kind.steps(evolve(WANTED, deleted=True), has, NoIds())
        self.assertEqual("/v2.1/os-keypairs/{ref}?user_id=u%201", delete.path)

    def test_written(self) -> None:
        """
        A write is about the caller's pair, or, from 2.10 on, about that of the user it names.
        """
        create = SharedWrite(method="POST", path=b"/v2.1/os-keypairs", user_id="me", microversion=(2, 10))
        body = orjson.dumps({"keypair": {"name": "k", "user_id": "other"}})
        mine, others = SharedKey("key_pair", "k", "me"), SharedKey("key_pair", "k", "other")
        delete = evolve(create, method="DELETE", ids={"id": "k"}, query=b"user_id=other")
        for write, key in (
            (evolve(create, body=body), others),
            (evolve(create, body=body, microversion=(2, 9)), mine),
            (evolve(create, body=b'{"keypair": {"name": "k"}}', microversion=None), mine),
            (delete, others),
            (evolve(delete, microversion=None), mine),
            (evolve(delete, query=None), mine),
            (evolve(create, body=b'{"keypair": {"name": 1}}'), None),
            (evolve(create, body=b'{"keypair": {"name": "a\\u0000"}}'), None),
            (evolve(create, body=b"[]"), None),
            (evolve(create, body=b""), None),
        ):
            self.assertEqual(key, self.kind.written(write), write)
