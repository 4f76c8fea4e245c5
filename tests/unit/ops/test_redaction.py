"""
Secrets and what hides them.
"""

from __future__ import annotations

import string
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from trio2o.ops.redaction import Redactor, target_without_secrets

FERNET = "gAAAAABnQDpm5kqkSLQ0bG8hc2Q3l1jAqVb-9mKx_Zp3T7uYwq0dEr8sWc2vFn4aXkJt6hLo1PeRyUiM"
JWS = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.MEUCIQDx_y-zAbCdEf"

#: Every way of writing a named secret that logs have been seen to hold.
SHAPES = (
    "X-Auth-Token: {}",
    "x-subject-token={}",
    "GET / HTTP/1.1\r\nX-Service-Token: {}\r\nAccept: */*",
    "{{'X-Auth-Token': '{}'}}",
    "{{b'x-auth-token': [b'{}']}}",
    "[(b'x-auth-token', b'{}')]",
    "('X-Auth-Token', '{}')",
    '{{"auth": {{"password": "{}"}}}}',
    '{{"admin_password":"{}", "name": "n"}}',
    '"{{\\"password\\": \\"{}\\"}}"',
    '{{"adminPass": "{}"}}',
    '{{"token": "{}"}}',
    "{{'auth_token': '{}'}}",
    "dbname=trio2o password={} host=h",
    "?token={}&limit=1",
    "Authorization: Bearer {}",
    "authorization: Basic {}",
    "Cookie: a=b; session={}",
    "client_secret={}",
    "postgresql://trio2o:{}@db.example/trio2o",
)

words = st.text(alphabet=string.ascii_letters + string.digits + "-_", min_size=12, max_size=80)
tokens = st.sampled_from([FERNET, FERNET + "==", FERNET + "%3D", JWS])


class TextTests(SynchronousTestCase):
    """
    Text of any shape.
    """

    @given(st.sampled_from(SHAPES), words)
    def test_named_secrets(self, shape: str, secret: str) -> None:
        """
        A value under a secret's name is hidden in every shape; what stands around it stays.
        """
        shown = Redactor().text(shape.format(secret))
        self.assertNotIn(secret, shown)
        self.assertIn("***", shown)

    def test_around(self) -> None:
        """
        Only the secret goes.
        """
        shown = Redactor().text(f"pod=Pod1 X-Auth-Token: {FERNET}, status=401 password=x1 host=h")
        self.assertEqual(shown, "pod=Pod1 X-Auth-Token: ***, status=401 password=*** host=h")
        self.assertEqual(
            Redactor().text("postgresql://trio2o:pw@db.example:5432/trio2o"),
            "postgresql://trio2o:***@db.example:5432/trio2o",
        )

    def test_quoted_with_blanks(self) -> None:
        """
        A quoted secret goes whole, also when the text was cut before its end.
        """
        whole = Redactor().text('{"password": "two \\" words", "n": 1}')
        self.assertEqual(whole, '{"password": ***, "n": 1}')
        self.assertEqual(Redactor().text('{"password": "two wor'), '{"password": ***')

    @given(st.text(max_size=20), tokens, st.text(max_size=20))
    def test_tokens_by_form(self, before: str, token: str, after: str) -> None:
        """
        A Fernet or JWS token is hidden wherever it stands.
        """
        shown = Redactor().text(f"{before} {token} {after}")
        self.assertNotIn(token.rstrip("="), shown)

    def test_known(self) -> None:
        """
        Secrets of the configuration are hidden as such; very short ones are not looked for.
        """
        shown = Redactor(known=("s3cr3t-of-the-service", "abc")).text("it said s3cr3t-of-the-service, abc")
        self.assertEqual(shown, "it said ***, abc")
        self.assertNotIn("s3cr3t", repr(Redactor(known=("s3cr3t-of-the-service",))))

    def test_innocent(self) -> None:
        """
        Ordinary text stays as it is.
        """
        for text in (
            "Pod1 answered 503 after 2.1 s",
            "server 8c2f0d0e-5d5c-4a53-a1d6-3f0a4c2f9b11 of project 3c22e5d45fed45eda1e9d532668cedc2",
            "Keystone refused the token of the request",
            "the token cache has 12 entries; a secret, which is kept, is no password",
            "http://10.0.0.7:8774/v2.1/servers?limit=1",
            "https://admin@host/path",
        ):
            self.assertEqual(Redactor().text(text), text)

    def test_long(self) -> None:
        """
        Long text without a match takes a time that grows with its length alone.
        """
        text = "a" * 200_000 + "'" * 5_000 + "eyJ" * 50_000
        self.assertEqual(Redactor().text(text), text)


class ValueTests(SynchronousTestCase):
    """
    Fields of events.
    """

    def test_by_name(self) -> None:
        """
        A field with a secret's name is hidden, whatever its value looks like; numbers are no secrets.
        """
        redactor = Redactor()
        for name in ("token", "X-Auth-Token", "service_password", "secret", "Authorization", "set_cookie"):
            self.assertEqual(redactor.value(name, "anything"), "***")
            self.assertEqual(redactor.value(name, b"anything"), "***")
            self.assertEqual(redactor.value(name, ["anything"]), "***")
        self.assertEqual(redactor.value("token_cache_entries", 12), 12)
        self.assertEqual(redactor.value("pod", "Pod1"), "Pod1")

    def test_nested(self) -> None:
        """
        Values inside of mappings, sequences and pairs are found.
        """
        body = {"identity": {"password": {"user": {"password": "pw1"}}}, "list": [{"token": "pw2"}]}
        hidden = {"identity": {"password": "***"}, "list": [{"token": "***"}]}
        self.assertEqual(Redactor().value("body", body), hidden)
        fields = Redactor().value("fields", [(b"X-Auth-Token", b"abc"), (b"Accept", b"*/*")])
        self.assertEqual(fields, [["X-Auth-Token", "***"], ["Accept", "*/*"]])

    def test_objects(self) -> None:
        """
        An object is shown by its text, with the secrets of that text hidden.
        """
        shown = Redactor().value("headers", Headers({b"x-auth-token": [b"abcdefghij"], b"accept": [b"*/*"]}))
        self.assertNotIn("abcdefghij", shown)

    def test_endless(self) -> None:
        """
        A value that holds itself ends.
        """
        loop: dict[str, Any] = {}
        loop["again"] = loop
        orjson.dumps(Redactor().value("loop", loop))

    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text() | st.binary() | st.dates(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
        )
    )
    def test_any(self, value: Any) -> None:
        """
        Whatever a field holds, it becomes something that JSON can hold.
        """
        try:
            orjson.dumps(Redactor().value("thing", value))
        except TypeError as why:
            self.assertIn("surrogate", str(why))


class TargetTests(SynchronousTestCase):
    """
    Paths and queries in the access log.
    """

    def test_plain(self) -> None:
        """
        Most targets stay as they are.
        """
        for target in (b"/v2.1/servers/8c2f", b"/servers/detail?limit=5&sort_key=id&name=a%20b", b"*", b""):
            self.assertEqual(target_without_secrets(target), target.decode())

    def test_query(self) -> None:
        """
        Parameters that are secrets lose their values; one whose name is hidden by percent-encoding too.
        """
        self.assertEqual(target_without_secrets(b"/?token=abc&a=1"), "/?token=***&a=1")
        self.assertEqual(target_without_secrets(b"/?a=1&X-Auth-Token=abc"), "/?a=1&X-Auth-Token=***")
        self.assertEqual(target_without_secrets(b"/?a=1;password=a"), "/?a=1;password=***")
        self.assertEqual(target_without_secrets(b"/?%74oken=abc"), "/?%74oken=***")

    def test_console_token(self) -> None:
        """
        Nova's console tokens are a segment of the path.
        """
        target = b"/v2.1/os-console-auth-tokens/b751ab98-dbc0?a=1"
        self.assertEqual(target_without_secrets(target), "/v2.1/os-console-auth-tokens/***?a=1")

    def test_bytes(self) -> None:
        """
        Bytes that are no ASCII are shown, not refused.
        """
        self.assertEqual(target_without_secrets(b"/\xff"), "/\xff")

    def test_tokens_by_their_form(self) -> None:
        """
        A token that a client wrote into a path, or into a parameter of any name, is hidden.
        """
        token = b"gAAAAABm" + b"x" * 40
        self.assertEqual(target_without_secrets(b"/v2.1/" + token + b"/servers"), "/v2.1/***/servers")
        self.assertEqual(target_without_secrets(b"/v2.1/servers?name=" + token), "/v2.1/servers?name=***")
