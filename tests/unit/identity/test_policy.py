"""
The rules, their overriding file, and what a file is refused for.
"""

from __future__ import annotations

import threading
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from trio2o.errors import ConfigErrors
from trio2o.identity.policy import ADMIN, RULES, OsloPolicy, sample
from trio2o.interfaces import IPolicy
from trio2o.model import Identity

SHIPPED_SAMPLE = Path(__file__).parents[3] / "conf" / "policy.yaml.sample"


def caller(*roles: str, project_id: str = "p1") -> Identity:
    """
    An identity with these roles.
    """
    return Identity(user_id="u1", project_id=project_id, roles=frozenset(roles), expires_at=0.0)


class DefaultTests(SynchronousTestCase):
    """
    Without a file.
    """

    def test_interface(self) -> None:
        """
        The policy provides its interface.
        """
        verifyObject(IPolicy, OsloPolicy())

    def test_admin_alone(self) -> None:
        """
        Every rule lets the role admin through, in any case of letters, and nobody else.
        """
        policy = OsloPolicy()
        for rule in RULES:
            self.assertTrue(policy.authorize(rule.name, caller("member", "admin"), {}), rule.name)
            self.assertTrue(policy.authorize(rule.name, caller("Admin"), {}), rule.name)
            self.assertFalse(policy.authorize(rule.name, caller("member", "administrator"), {}), rule.name)
            self.assertFalse(policy.authorize(rule.name, caller(), {}), rule.name)

    def test_unknown_rule(self) -> None:
        """
        A rule that nobody defined lets nobody through.
        """
        self.assertFalse(OsloPolicy().authorize("trio2o:pods:burn", caller("admin"), {}))

    def test_no_thread(self) -> None:
        """
        Neither loading nor deciding starts a thread.
        """
        before = threading.active_count()
        OsloPolicy().authorize(RULES[1].name, caller("admin"), {})
        self.assertEqual(threading.active_count(), before)


class FileTests(SynchronousTestCase):
    """
    The overriding file.
    """

    def written(self, text: str) -> str:
        """
        The path of a file with this text.
        """
        path = self.mktemp()
        Path(path).write_text(text, encoding="utf-8")
        return path

    def errors_of(self, text: str) -> tuple[str, ...]:
        """
        What is wrong with a file, which must change nothing.
        """
        policy = OsloPolicy()
        raised = self.assertRaises(ConfigErrors, policy.load, self.written(text))
        self.assertFalse(policy.authorize("trio2o:pods:list", caller("member"), {}))
        self.assertTrue(policy.authorize("trio2o:pods:list", caller("admin"), {}))
        return raised.errors

    def test_override(self) -> None:
        """
        A rule in the file takes the default's place; the others stay.
        """
        policy = OsloPolicy()
        policy.use(policy.load(self.written('"trio2o:pods:list": "role:reader or rule:admin_required"')))
        self.assertTrue(policy.authorize("trio2o:pods:list", caller("reader"), {}))
        self.assertTrue(policy.authorize("trio2o:pods:list", caller("admin"), {}))
        self.assertFalse(policy.authorize("trio2o:pods:create", caller("reader"), {}))

    def test_load_alone_changes_nothing(self) -> None:
        """
        Rules that were loaded are not in force before they are used.
        """
        policy = OsloPolicy()
        policy.load(self.written('"trio2o:pods:list": "@"'))
        self.assertFalse(policy.authorize("trio2o:pods:list", caller("member"), {}))

    def test_reload_forgets(self) -> None:
        """
        An override that is gone from the file gives the default back.
        """
        policy = OsloPolicy()
        policy.use(policy.load(self.written('"trio2o:pods:list": "@"')))
        policy.use(policy.load(self.written("")))
        self.assertFalse(policy.authorize("trio2o:pods:list", caller("member"), {}))

    def test_helper_rules(self) -> None:
        """
        The file may define rules of its own, and redefine who an admin is.
        """
        policy = OsloPolicy()
        policy.use(policy.load(self.written(f'{ADMIN}: "rule:ours"\nours: "role:gateway_admin"')))
        self.assertTrue(policy.authorize("trio2o:pods:create", caller("gateway_admin"), {}))
        self.assertFalse(policy.authorize("trio2o:pods:create", caller("admin"), {}))

    def test_target(self) -> None:
        """
        A rule may compare the caller with the target.
        """
        policy = OsloPolicy()
        policy.use(policy.load(self.written('"trio2o:bindings:list": "project_id:%(tenant_id)s"')))
        self.assertTrue(policy.authorize("trio2o:bindings:list", caller(), {"tenant_id": "p1"}))
        self.assertFalse(policy.authorize("trio2o:bindings:list", caller(), {"tenant_id": "p2"}))
        self.assertFalse(policy.authorize("trio2o:bindings:list", caller(), {}))

    def test_nobody(self) -> None:
        """
        ``!`` and ``not @`` are rules like others.
        """
        policy = OsloPolicy()
        policy.use(policy.load(self.written('"trio2o:pods:list": "!"\n"trio2o:pods:show": "(not @) or (!)"')))
        self.assertFalse(policy.authorize("trio2o:pods:list", caller("admin"), {}))
        self.assertFalse(policy.authorize("trio2o:pods:show", caller("admin"), {}))

    def test_network_checks(self) -> None:
        """
        Checks that ask a server are refused, also deep inside of a rule.
        """
        for rule in ("http://h/p", "https://h/p", "role:admin or not (role:x and http://h)"):
            errors = self.errors_of(f'"trio2o:pods:list": "{rule}"')
            self.assertEqual(len(errors), 1)
            self.assertIn("trio2o:pods:list: http", errors[0])
            self.assertIn("refused", errors[0])

    def test_every_mistake_at_once(self) -> None:
        """
        All that is wrong is told in one go, each with its rule and the file.
        """
        path = self.written('"trio2o:pods:burn": "@"\n"trio2o:pods:list": 3\n"trio2o:pods:show": "role:a or"')
        errors = self.assertRaises(ConfigErrors, OsloPolicy().load, path).errors
        self.assertEqual(
            list(errors),
            [
                f"{path}: trio2o:pods:burn: unknown rule",
                f"{path}: trio2o:pods:list: must be text",
                f"{path}: trio2o:pods:show: cannot be parsed: role:a or",
            ],
        )

    def test_unparsable(self) -> None:
        """
        What oslo.policy would take for "nobody" is an error.
        """
        for rule in ("admin", "role:a role:b", "(role:a", "not", "role:a and foo", "!!", "! !"):
            self.assertIn("cannot be parsed", self.errors_of(f'"trio2o:pods:list": "{rule}"')[0], rule)

    def test_would_fail_when_used(self) -> None:
        """
        What could only fail while a request is decided fails at load.
        """
        for rule in ("project_id:%(tenant_id)d", "role:x or role:100%", "1a:%(tenant_id)s"):
            self.assertIn("cannot be evaluated", self.errors_of(f'"trio2o:pods:list": "{rule}"')[0], rule)

    def test_references(self) -> None:
        """
        A reference to nothing and a circle, also one through ``not``, are errors.
        """
        self.assertIn("rule:gone is not defined", self.errors_of('"trio2o:pods:list": "not rule:gone"')[0])
        circle = self.errors_of('a: "not rule:b"\nb: "role:x and rule:a"')
        self.assertEqual(sum("refers to itself" in error for error in circle), 2)

    def test_not_rules(self) -> None:
        """
        What is no mapping of names, no YAML, no UTF-8, or no file at all is an error.
        """
        for text in ("- a\n", "text", "3: '@'", "a: [", "'trio2o:pods:list':"):
            self.errors_of(text)
        path = self.mktemp()
        self.assertIn("cannot be read", str(self.assertRaises(ConfigErrors, OsloPolicy().load, path)))
        Path(path).write_bytes(b"\xff\xfe\x00a")
        self.assertIn("cannot be read", str(self.assertRaises(ConfigErrors, OsloPolicy().load, path)))

    @given(st.text(alphabet="ab:! ()%'\"@", max_size=30))
    def test_any_rule(self, text: str) -> None:
        """
        Whatever a rule says, it is refused at load or decides without an error.
        """
        policy = OsloPolicy()
        path = self.written(yaml.safe_dump({"trio2o:pods:list": text}))
        try:
            policy.use(policy.load(path))
        except ConfigErrors:
            return
        policy.authorize("trio2o:pods:list", caller("a"), {})


class SampleTests(SynchronousTestCase):
    """
    The sample file.
    """

    def test_shipped(self) -> None:
        """
        The file in ``conf`` is what the code generates.
        """
        self.assertEqual(SHIPPED_SAMPLE.read_text(encoding="utf-8"), sample())

    def test_is_the_default(self) -> None:
        """
        With its comment signs taken away it is a policy file that says what the defaults say.
        """
        lines = [line.removeprefix("#") for line in sample().splitlines() if not line.startswith("# ")]
        self.assertEqual(yaml.safe_load("\n".join(lines)), {rule.name: rule.check_str for rule in RULES})

    def test_documented(self) -> None:
        """
        Every rule has a description, and its operation unless it is a helper.
        """
        for rule in RULES:
            self.assertTrue(rule.description)
            if rule.name != ADMIN:
                self.assertTrue(rule.operations)
