"""
Who a token stands for.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.identity.stub import EPOCH, World, description, status
from trio2o.errors import Unauthorized, Unavailable
from trio2o.identity.validation import KeystoneTokens
from trio2o.interfaces import ITokenValidator
from trio2o.model import AccessRule, Identity


class ValidationCase(SynchronousTestCase):
    """
    A validator and a stub Keystone that knows the token ``t1``.
    """

    def setUp(self) -> None:
        self.world = World()
        self.keystone, self.clock = self.world.keystone, self.world.clock
        self.keystone.tokens["t1"] = description()
        self.tokens = self.validator()

    def validator(self, **options: Any) -> KeystoneTokens:
        """
        A validator with other limits.
        """
        return KeystoneTokens(self.world.client, self.world.own, self.clock, **options)

    def validate(self, token: bytes = b"t1", service_token: bytes | None = None) -> Deferred[Identity]:
        """
        Validate a token.
        """
        return Deferred.fromCoroutine(self.tokens.validate(token, service_token))

    def identity(self, token: bytes = b"t1", service_token: bytes | None = None) -> Identity:
        """
        Validate a good token.
        """
        return self.successResultOf(self.validate(token, service_token))

    def assertUnauthorized(self, token: bytes = b"t1", service_token: bytes | None = None) -> None:
        """
        The token is refused.
        """
        self.failureResultOf(self.validate(token, service_token), Unauthorized)

    def questions(self) -> int:
        """
        How often Keystone was asked about tokens.
        """
        return sum(seen.validates for seen in self.keystone.seen)


class IdentityTests(ValidationCase):
    """
    What is read from Keystone's description.
    """

    def test_interface(self) -> None:
        """
        It is what :class:`ITokenValidator` says.
        """
        verifyObject(ITokenValidator, self.tokens)

    def test_project(self) -> None:
        """
        A token of a project.
        """
        self.assertEqual(
            self.identity(),
            Identity(
                user_id="u1",
                user_name="name of u1",
                user_domain_id="default",
                project_id="p1",
                project_name="name of p1",
                project_domain_id="default",
                roles=frozenset({"member"}),
                expires_at=EPOCH + 3600.0,
            ),
        )

    def test_other_scopes(self) -> None:
        """
        Tokens of a domain, of the system and of nothing have no project; the last has no roles either.
        """
        self.keystone.tokens["domain"] = description(project=None, domain={"id": "d1", "name": "D"})
        self.keystone.tokens["system"] = description(project=None, system={"all": True})
        unscoped = self.keystone.tokens["unscoped"] = description(project=None)
        del unscoped["token"]["roles"]

        domain, system, nothing = (self.identity(each) for each in (b"domain", b"system", b"unscoped"))
        self.assertEqual((domain.project_id, domain.domain_id), (None, "d1"))
        self.assertEqual((system.project_id, system.system_scope), (None, "all"))
        self.assertEqual((nothing.project_id, nothing.domain_id, nothing.system_scope), (None, None, None))
        self.assertEqual(nothing.roles, frozenset())

    def test_access_rules(self) -> None:
        """
        The rules of an application credential come along; none and an empty list are two things.
        """
        rule = {"id": "r", "service": "compute", "method": "GET", "path": "/v2.1/servers"}
        table: list[tuple[dict[str, Any], tuple[AccessRule, ...] | None]] = [
            ({}, None),
            ({"access_rules": []}, ()),
            ({"access_rules": [rule]}, (AccessRule(service="compute", method="GET", path="/v2.1/servers"),)),
        ]
        for number, (credential, expected) in enumerate(table):
            with self.subTest(credential=credential):
                token = f"ac-{number}"
                self.keystone.tokens[token] = description(
                    application_credential={"id": "c", "name": "n", "restricted": True, **credential}
                )
                self.assertEqual(self.identity(token.encode()).access_rules, expected)

    def test_not_understood(self) -> None:
        """
        A description without user, end or the rules' fields lets nobody in, and is Keystone's fault.
        """
        broken: list[dict[str, Any]] = [
            {"user": {}},
            {"user": None},
            {"expires_at": "soon"},
            {"expires_at": None},
            {"roles": [{}]},
            {"application_credential": {"access_rules": [{"service": "compute"}]}},
        ]
        for number, change in enumerate(broken):
            with self.subTest(change=change):
                token = f"broken-{number}"
                self.keystone.tokens[token] = description(**change)
                self.failureResultOf(self.validate(token.encode()), Unavailable)

    def test_nonsense(self) -> None:
        """
        What cannot be a token is refused without asking Keystone; white space around one is nothing.
        """
        for token in (b"", b"  ", b"a b", b"a\x00", b"caf\xc3\xa9", b"x" * 8193):
            with self.subTest(token=token[:10]):
                self.assertUnauthorized(token)
        self.assertEqual(self.keystone.seen, [])
        self.assertEqual(self.identity(b" t1 ").user_id, "u1")


class CacheTests(ValidationCase):
    """
    What is remembered, and for how long.
    """

    def test_peek(self) -> None:
        """
        The cache knows a token once it was validated, and gives it without asking.
        """
        self.assertIsNone(self.tokens.peek(b"t1"))
        identity = self.identity()
        self.assertIs(self.tokens.peek(b"t1"), identity)
        self.assertIs(self.identity(), identity)
        self.assertEqual(self.questions(), 1)

    def test_revoked(self) -> None:
        """
        A token that is revoked is refused when the cache time has passed since Keystone was asked.
        """
        self.keystone.hold = True
        answer = self.validate()
        self.clock.advance(5)
        self.keystone.release()
        self.successResultOf(answer)
        del self.keystone.tokens["t1"]
        self.clock.advance(54.9)
        self.identity()
        self.clock.advance(0.1)
        self.assertIsNone(self.tokens.peek(b"t1"))
        self.assertUnauthorized()

    def test_expiry(self) -> None:
        """
        No token outlives its own end, whatever the cache time.
        """
        self.keystone.tokens["t1"] = description(ends=EPOCH + 20)
        self.identity()
        self.clock.advance(19.9)
        self.identity()
        self.clock.advance(0.1)
        self.assertIsNone(self.tokens.peek(b"t1"))

    def test_expired_already(self) -> None:
        """
        A token whose end is past is refused even where Keystone describes it.
        """
        self.keystone.tokens["t1"] = description(ends=EPOCH - 1)
        self.assertUnauthorized()
        self.assertIsNone(self.tokens.peek(b"t1"))

    def test_clock_set_back(self) -> None:
        """
        A clock that is set back lengthens nobody's life.
        """
        self.identity()
        self.clock.rightNow -= 3600
        self.assertIsNone(self.tokens.peek(b"t1"))

    def test_bounded(self) -> None:
        """
        The least recently used token is forgotten.
        """
        self.tokens = self.validator(token_cache_size=2)
        for name in ("t2", "t3"):
            self.keystone.tokens[name] = description()
        self.identity(b"t1")
        self.identity(b"t2")
        self.assertIsNotNone(self.tokens.peek(b"t1"))
        self.identity(b"t3")
        self.assertIsNotNone(self.tokens.peek(b"t1"))
        self.assertIsNone(self.tokens.peek(b"t2"))

    def test_no_token_kept(self) -> None:
        """
        Neither cache holds a token.
        """
        self.identity()
        self.assertUnauthorized(b"t-bad")
        shown = repr(self.tokens._known) + repr(self.tokens._refused)
        self.assertNotIn("t1", shown.replace("name of", ""))
        self.assertNotIn("t-bad", shown)

    def test_refusal_kept_briefly(self) -> None:
        """
        A refused token is refused for some seconds without asking, then Keystone is asked again.
        """
        self.assertUnauthorized(b"t2")
        self.keystone.tokens["t2"] = description()
        self.clock.advance(4.9)
        self.assertUnauthorized(b"t2")
        self.assertEqual(self.questions(), 1)
        self.clock.advance(0.1)
        self.identity(b"t2")

    def test_refusals_bounded(self) -> None:
        """
        Refusals are kept for a bounded number of tokens.
        """
        self.tokens = self.validator(negative_cache_size=3)
        for number in range(10):
            self.assertUnauthorized(b"bad-%d" % number)
        self.assertEqual(len(self.tokens._refused), 3)

    def test_refusals_spare_the_known(self) -> None:
        """
        A flood of bad tokens pushes no good one out.
        """
        self.tokens = self.validator(token_cache_size=2)
        self.identity()
        for number in range(10):
            self.assertUnauthorized(b"bad-%d" % number)
        self.assertIsNotNone(self.tokens.peek(b"t1"))


class SharingTests(ValidationCase):
    """
    Several who ask about one token at once.
    """

    def test_one_request(self) -> None:
        """
        All of them cost one request.
        """
        self.keystone.hold = True
        waiting = [self.validate() for _ in range(20)]
        self.keystone.release()
        self.assertEqual({self.successResultOf(each).user_id for each in waiting}, {"u1"})
        self.assertEqual((self.questions(), self.keystone.count("POST")), (1, 1))

    def test_one_hangs_up(self) -> None:
        """
        A client that goes away does not take the answer from the others.
        """
        self.successResultOf(self.validate())
        self.clock.advance(60)
        self.keystone.hold = True
        first, second = self.validate(), self.validate()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.keystone.release()
        self.assertEqual(self.successResultOf(second).user_id, "u1")

    def test_all_refused(self) -> None:
        """
        A refusal is everybody's.
        """
        self.keystone.hold = True
        waiting = [self.validate(b"t2") for _ in range(3)]
        self.keystone.release()
        for each in waiting:
            self.failureResultOf(each, Unauthorized)
        self.assertEqual(self.questions(), 1)

    def test_different_tokens(self) -> None:
        """
        Another token is another question.
        """
        self.keystone.tokens["t2"] = description(user="u2")
        self.keystone.hold = True
        first, second = self.validate(b"t1"), self.validate(b"t2")
        self.keystone.release()
        self.assertEqual(
            (self.successResultOf(first).user_id, self.successResultOf(second).user_id), ("u1", "u2")
        )

    def test_flood(self) -> None:
        """
        A client with endlessly many made-up tokens fills its own places alone: another's new token is asked about next.
        """
        self.identity()
        self.clock.advance(60)
        self.keystone.hold = True
        flood = [
            Deferred.fromCoroutine(self.tokens.validate(b"made-up-%d" % number, client="198.51.100.7"))
            for number in range(1000)
        ]
        mine = Deferred.fromCoroutine(self.tokens.validate(b"t1", client="192.0.2.1"))
        self.assertLess(self.questions(), 32)

        self.keystone.release()

        self.assertEqual("u1", self.successResultOf(mine).user_id)
        self.clock.advance(10)
        ends = [self.failureResultOf(each) for each in flood]
        self.assertEqual({Unauthorized, Unavailable}, {end.type for end in ends})

    def test_long_wait(self) -> None:
        """
        Who waits for its turn waits no longer than Keystone has for an answer.
        """
        self.successResultOf(self.validate())
        self.keystone.hold = True
        waiting = [self.validate(b"made-up-%d" % number) for number in range(40)]
        self.clock.advance(10)
        for each in waiting:
            self.failureResultOf(each, Unavailable)
        self.keystone.release()


class OutageTests(ValidationCase):
    """
    Keystone away (I18).
    """

    def test_known_live_on(self) -> None:
        """
        Known tokens serve to their cache time, then they get 503 like the others, never 401 and never an identity.
        """
        self.identity()
        self.keystone.fault = status(503)
        self.clock.advance(59.9)
        self.assertIsNotNone(self.tokens.peek(b"t1"))
        self.clock.advance(0.1)
        self.assertIsNone(self.tokens.peek(b"t1"))
        failure = self.failureResultOf(self.validate(), Unavailable)
        self.assertIn(b"Retry-After", dict(failure.value.headers))

    def test_not_remembered(self) -> None:
        """
        An outage is no refusal: as soon as Keystone is back the token is good.
        """
        self.successResultOf(Deferred.fromCoroutine(self.world.own.token()))
        self.keystone.fault = status(500)
        self.failureResultOf(self.validate(), Unavailable)
        self.keystone.fault = lambda seen: None
        self.identity()

    def test_timeout(self) -> None:
        """
        A silent Keystone is an outage too, for all who wait.
        """
        self.keystone.hold = True
        waiting = [self.validate() for _ in range(2)]
        self.clock.advance(10)
        for each in waiting:
            self.failureResultOf(each, Unavailable)


class OwnTokenTests(ValidationCase):
    """
    The daemon's own token, refused.
    """

    def test_renewed(self) -> None:
        """
        It is replaced, and the user notices nothing.
        """
        self.identity()
        self.clock.advance(60)
        self.keystone.revoked.add("own-1")
        self.identity()
        self.assertEqual(self.keystone.count("POST"), 2)

    def test_refused_again(self) -> None:
        """
        When the new one is refused too nobody's token is called bad.
        """
        self.identity()
        self.clock.advance(60)
        self.keystone.revoked |= {"own-1", "own-2", "own-3"}
        self.failureResultOf(self.validate(), Unavailable)
        self.assertEqual(self.keystone.count("POST"), 2)


class ServiceTokenTests(ValidationCase):
    """
    Expired tokens in the name of a service.
    """

    def setUp(self) -> None:
        super().setUp()
        service = {"roles": [{"id": "r", "name": "service"}]}
        self.keystone.tokens["service"] = description(user="nova", **service)
        self.keystone.tokens["other"] = description(user="demo")
        expired = description(ends=EPOCH - 10)
        # Keystone finds an expired token only when it is asked for expired ones.
        self.keystone.fault = lambda seen: (
            (404, b"{}")
            if seen.headers.get("x-subject-token") == "expired" and "allow_expired=1" not in seen.path
            else None
        )
        self.keystone.tokens["expired"] = expired

    def test_vouched(self) -> None:
        """
        With a good token of a service an expired token passes, and is remembered for that case alone.
        """
        self.assertEqual(self.identity(b"expired", b"service").user_id, "u1")
        count = self.questions()
        self.assertEqual(self.identity(b"expired", b"service").user_id, "u1")
        self.assertEqual(self.questions(), count)
        self.assertIsNone(self.tokens.peek(b"expired"))
        self.assertUnauthorized(b"expired")

    def test_vouched_for_a_time(self) -> None:
        """
        That memory ends with the cache time too.
        """
        self.identity(b"expired", b"service")
        del self.keystone.tokens["expired"]
        self.clock.advance(60)
        self.assertUnauthorized(b"expired", b"service")

    def test_not_vouched(self) -> None:
        """
        Without a service token, with a bad one, or with one that lacks the role, an expired token is refused.
        """
        for service_token in (None, b"", b"bad", b"expired", b"other"):
            with self.subTest(service_token=service_token):
                self.assertUnauthorized(b"expired", service_token)
        self.assertFalse(any("allow_expired" in seen.path for seen in self.keystone.seen))

    def test_unneeded(self) -> None:
        """
        A good user token needs no voucher: the service token is not looked at.
        """
        self.identity(b"t1", b"bad")
        self.assertEqual(self.questions(), 1)

    def test_unknown_stays_unknown(self) -> None:
        """
        A token that Keystone does not know even among the expired ones is refused.
        """
        self.assertUnauthorized(b"t2", b"service")

    def test_outage(self) -> None:
        """
        When the service token cannot be checked, the answer is "try again".
        """
        self.keystone.fault = lambda seen: (
            (404, b"{}")
            if seen.headers.get("x-subject-token") == "expired"
            else (500, b"")
            if seen.validates
            else None
        )
        self.failureResultOf(self.validate(b"expired", b"service"), Unavailable)

    def test_vouches(self) -> None:
        """
        Which tokens vouch can be asked, for the access rules.
        """
        answers = [
            self.successResultOf(Deferred.fromCoroutine(self.tokens.vouches(each)))
            for each in (b"service", b"other", b"bad")
        ]
        self.assertEqual(answers, [True, False, False])
