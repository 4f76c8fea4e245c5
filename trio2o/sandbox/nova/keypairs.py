"""
``/os-keypairs``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
import struct
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request, conflict, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import body_object, invalid, next_link, page, required, text
from trio2o.sandbox.nova.quotas import over_quota
from trio2o.sandbox.nova.server_view import long_timestamp
from trio2o.sandbox.nova.store import KeyPair, NovaStore, admin_only


@define
class KeyPairs:
    """
    Key pairs, which belong to users. A generated private key has the right form and opens nothing.
    """

    store: NovaStore

    @route("GET", "/os-keypairs")
    def index(self, call: Call) -> Answer:
        user = self._user(call, "index")
        found = sorted(
            (each for (owner, _), each in self.store.keypairs.items() if owner == user),
            key=lambda pair: pair.name,
        )
        links = {}
        if call.minor >= 35:
            found, more = page(found, call, lambda pair: pair.name, "Marker {} could not be found.")
            if more:
                links = {"keypairs_links": next_link(call, "/os-keypairs", found[-1].name)}
        return Answer(body={"keypairs": [{"keypair": _shown(each, call)} for each in found], **links})

    @route("GET", "/os-keypairs/<name>")
    def show(self, call: Call, name: str) -> Answer:
        pair = self._find(name, self._user(call, "show"))
        shown = _shown(pair, call)
        kind = {"type": shown.pop("type")} if "type" in shown else {}
        shown |= {
            "user_id": pair.user_id,
            "created_at": long_timestamp(pair.created),
            "deleted": False,
            "deleted_at": None,
            "id": pair.number,
            "updated_at": None,
        }
        return Answer(body={"keypair": shown | kind})

    @route("POST", "/os-keypairs")
    def create(self, call: Call) -> Answer:
        wanted = body_object(call, "keypair")
        required(wanted, ("name",), "keypair")
        name = text(wanted, "name", empty=False) or ""
        pattern = r"^[@._\- a-zA-Z0-9]+$" if call.minor >= 92 else r"^[_\- a-zA-Z0-9]+$"
        if not re.match(pattern, name):
            raise invalid("name", name, f"{name!r} does not match {pattern!r}")
        kind = wanted.get("type", "ssh")
        if kind not in ("ssh", "x509"):
            raise invalid("type", kind, f"{kind!r} is not one of ['ssh', 'x509']")
        if call.minor >= 92:
            required(wanted, ("public_key",), "keypair")
        user = call.caller.user_id
        if call.minor >= 10 and (asked := text(wanted, "user_id")) is not None and asked != user:
            admin_only(call, "os-keypairs:create")
            user = asked
        if (user, name) in self.store.keypairs:
            raise conflict(f"Key pair '{name}' already exists.")
        self._check_quota(user, call)
        public = text(wanted, "public_key", longest=16384)
        private = None
        if public is None:
            public, private = _generated()
        pair = KeyPair(
            number=self.store.next_number(),
            name=name,
            user_id=user,
            public_key=public,
            fingerprint=fingerprint(public),
            type=str(kind),
            created=self.store.now(),
        )
        self.store.keypairs[user, name] = pair
        body: dict[str, Any] = {} if private is None else {"private_key": private}
        if call.minor >= 2:
            body["type"] = pair.type
        body |= {
            "name": pair.name,
            "public_key": pair.public_key,
            "fingerprint": pair.fingerprint,
            "user_id": pair.user_id,
        }
        return Answer(status=201 if call.minor >= 2 else 200, body={"keypair": body})

    @route("DELETE", "/os-keypairs/<name>")
    def delete(self, call: Call, name: str) -> Answer:
        pair = self._find(name, self._user(call, "delete"))
        del self.store.keypairs[pair.user_id, pair.name]
        return Answer(status=204 if call.minor >= 2 else 202)

    def _user(self, call: Call, operation: str) -> str:
        asked = call.arg("user_id") if call.minor >= 10 else None
        if asked is None or asked == call.caller.user_id:
            return call.caller.user_id
        admin_only(call, f"os-keypairs:{operation}")
        return asked

    def _find(self, name: str, user: str) -> KeyPair:
        pair = self.store.keypairs.get((user, name))
        if pair is None:
            raise not_found(f"Keypair {name} not found for user {user}")
        return pair

    def _check_quota(self, user: str, call: Call) -> None:
        limits = self.store.limits_of(call.project_id)
        used = sum(owner == user for owner, _ in self.store.keypairs)
        if 0 <= limits["key_pairs"] <= used:
            raise over_quota({"key_pairs": "1"}, {"key_pairs": used}, limits)


def fingerprint(public_key: str) -> str:
    """
    The MD5 fingerprint of a public key in OpenSSH's form.

    :raises Fault: 400 if it has another form.
    """
    parts = public_key.split()
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except (IndexError, binascii.Error) as error:
        raise bad_request("Keypair data is invalid: failed to generate fingerprint") from error
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, 32, 2))


def _generated() -> tuple[str, str]:
    modulus = b"\0\x80" + secrets.token_bytes(255)
    fields = (b"ssh-rsa", b"\x01\x00\x01", modulus)
    blob = b"".join(struct.pack(">I", len(field)) + field for field in fields)
    public = f"ssh-rsa {base64.b64encode(blob).decode()} Generated-by-Nova"
    secret = base64.b64encode(secrets.token_bytes(1190)).decode()
    lines = "\n".join(secret[at : at + 64] for at in range(0, len(secret), 64))
    return public, f"-----BEGIN RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----\n"


def _shown(pair: KeyPair, call: Call) -> dict[str, Any]:
    shown = {"name": pair.name, "public_key": pair.public_key, "fingerprint": pair.fingerprint}
    if call.minor >= 2:
        shown["type"] = pair.type
    return shown
