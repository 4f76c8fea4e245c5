"""
keystoneauth1's authentication plugins, used for what they know and without their blocking I/O.

A plugin is a function of a session that it sends requests through. :class:`Replay` is such a session: it
gives the answers that are there already and stops the plugin at the first request whose answer is not.
Whoever runs the plugin fetches that answer without blocking and runs the plugin again. So every plugin that
waits for nothing but HTTP works, those with several steps (OpenID Connect, federation) too.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode

from attrs import field, frozen
from keystoneauth1 import exceptions, loading
from keystoneauth1.access import AccessInfoV3
from keystoneauth1.exceptions import http as http_errors
from keystoneauth1.identity.v3 import base as v3

#: The names that leave the version open need a discovery first; the daemon speaks v3 only.
_V3_NAMES: Mapping[str, str] = {"password": "v3password", "token": "v3token"}

#: Plugins that need a person, a browser, or what the daemon's HTTP client does not have.
_REFUSED: Mapping[str, str] = {
    "v3adfspassword": "needs libraries that block",
    "v3fedkerb": "needs Kerberos, which blocks",
    "v3kerberos": "needs Kerberos, which blocks",
    "v3oauth2mtlsclientcredential": "needs a TLS client certificate",
    "v3oidcauthcode": "needs a person",
    "v3oidcdeviceauthz": "needs a person",
    "v3samlpassword": "needs libraries that block",
    "v3tokenlessauth": "needs a TLS client certificate and gives no token",
    "v3websso": "needs a person",
}

#: Options of other names that ``clouds.yaml`` files and environments have.
_OLD_NAMES: Mapping[str, str] = {
    "tenant_id": "project_id",
    "tenant_name": "project_name",
    "user_name": "username",
}

#: What the domain options mean for a plugin that has a project to scope to.
_DOMAINS: Mapping[str, tuple[str, str]] = {
    "default_domain_id": ("user_domain_id", "project_domain_id"),
    "default_domain_name": ("user_domain_name", "project_domain_name"),
    "domain_id": ("user_domain_id", "project_domain_id"),
    "domain_name": ("user_domain_name", "project_domain_name"),
}


class BadCredentials(ValueError):
    """
    The authentication type or its options cannot be used; says why, never a secret.
    """


@frozen(kw_only=True)
class PluginRequest:
    """
    One HTTP request that a plugin wants to be sent.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)


class Wanted(Exception):
    """
    The plugin cannot go on without the answer to :attr:`request`.
    """

    def __init__(self, request: PluginRequest) -> None:
        super().__init__(f"{request.method} {request.url}")
        self.request = request


class _Headers(dict[str, str]):
    """
    Header fields by name in any case.
    """

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


def _folded(fields: Mapping[str, str]) -> _Headers:
    return _Headers((name.lower(), value) for name, value in fields.items())


@frozen(kw_only=True)
class PluginAnswer:
    """
    An answer in the form in which plugins read it: the part of ``requests.Response`` that they use.
    """

    status_code: int
    content: bytes = field(repr=False)
    #: The fields by name; names are folded to lower case.
    headers: Mapping[str, str] = field(repr=False, converter=_folded)

    @property
    def ok(self) -> bool:
        """
        True below status 400.
        """
        return self.status_code < 400

    @property
    def text(self) -> str:
        """
        The body as text.
        """
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """
        The body read as JSON.

        :raises ValueError: if it is not.
        """
        return json.loads(self.content)


class Replay:
    """
    What a plugin takes for its ``keystoneauth1.session.Session``.

    Answers are found by their request, not by their number: some plugins remember what an earlier run gave
    them, and then begin a later one further on.
    """

    def __init__(self, answers: Mapping[PluginRequest, PluginAnswer]) -> None:
        self._answers = answers

    def request(self, url: str, method: str, **options: Any) -> PluginAnswer:
        """
        The answer to a request, as ``Session.request``.

        :raises Wanted: if it is not there yet.
        :raises keystoneauth1.exceptions.HttpError: if it is an error and the plugin did not ask for those.
        """
        headers = dict(options.get("headers") or {})
        body = b""
        if options.get("json") is not None:
            body = json.dumps(options["json"]).encode()
            headers["Content-Type"] = "application/json"
        elif isinstance(options.get("data"), Mapping):
            # requests leaves out what is None.
            form = {key: value for key, value in options["data"].items() if value is not None}
            body = urlencode(form).encode()
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif options.get("data"):
            body = options["data"].encode() if isinstance(options["data"], str) else options["data"]
        authentication = options.get("requests_auth")
        if isinstance(authentication, tuple):
            pair = ":".join(str(each) for each in authentication)
            headers["Authorization"] = "Basic " + b64encode(pair.encode()).decode("ascii")
        elif authentication is not None:
            raise exceptions.AuthorizationFailure("this plugin authenticates in a way that would block")
        request = PluginRequest(method=method, url=url, headers=tuple(sorted(headers.items())), body=body)
        answer = self._answers.get(request)
        if answer is None:
            raise Wanted(request)
        if not answer.ok and options.get("raise_exc", True):
            raise http_errors.from_response(cast("Any", answer), method, url)
        return answer

    def get(self, url: str, **options: Any) -> PluginAnswer:
        """
        As ``Session.get``.
        """
        return self.request(url, "GET", **options)

    def post(self, url: str, **options: Any) -> PluginAnswer:
        """
        As ``Session.post``.
        """
        return self.request(url, "POST", **options)


def load_plugin(auth_type: str, options: Mapping[str, Any]) -> v3.BaseAuth:
    """
    The v3 plugin of keystoneauth1 for a name (``password``, ``v3applicationcredential``, …) and its options.

    Options are written with ``_`` or ``-``. ``auth_url`` is normalised by :func:`identity_root`; a default
    domain, or a domain beside a project, stands for the user's and the project's domain where those are not
    given.

    :raises BadCredentials: if there is no such plugin, it cannot be used here, or an option is unknown or
        missing.
    """
    name = _V3_NAMES.get(auth_type, auth_type)
    if name in _REFUSED:
        raise BadCredentials(f"auth_type {auth_type} cannot be used by a daemon: it {_REFUSED[name]}")
    try:
        loader: Any = loading.get_plugin_loader(name)
    except exceptions.NoMatchingPlugin:
        raise BadCredentials(f"no such auth_type: {auth_type}") from None
    known = {option.dest for option in loader.get_options()}
    given = {key.replace("-", "_"): value for key, value in options.items() if value is not None}
    given = {_OLD_NAMES.get(key, key): value for key, value in given.items()}
    _spread_domains(given, known)
    unknown = sorted(given.keys() - known)
    if unknown:
        raise BadCredentials(f"auth_type {auth_type} does not know {', '.join(unknown)}")
    if "auth_url" in given:
        given["auth_url"] = identity_root(str(given["auth_url"]))
    try:
        plugin = loader.load_from_options(**given)
    except exceptions.MissingRequiredOptions as problem:
        missing = ", ".join(sorted(option.dest for option in problem.options))
        raise BadCredentials(f"auth_type {auth_type} needs {missing}") from None
    except exceptions.OptionError as problem:
        raise BadCredentials(f"auth_type {auth_type}: {problem}") from None
    if not isinstance(plugin, v3.BaseAuth):
        raise BadCredentials(f"auth_type {auth_type} is not for the Identity API v3")
    return plugin


def on_the_system(options: Mapping[str, Any]) -> dict[str, Any]:
    """
    A user's options with the scope of the system in place of a project's or a domain's.
    """
    given = {key.replace("-", "_"): value for key, value in options.items()}
    given = {_OLD_NAMES.get(key, key): value for key, value in given.items()}
    for key, (users, _) in _DOMAINS.items():
        value = given.pop(key, None)
        if value is not None and not {"user_domain_id", "user_domain_name"} & given.keys():
            given[users] = value
    kept = {key: value for key, value in given.items() if not key.startswith("project_")}
    return {**kept, "system_scope": "all"}


def run_plugin(plugin: v3.BaseAuth, answers: Mapping[PluginRequest, PluginAnswer]) -> AccessInfoV3:
    """
    Run a plugin once, with the answers that there are.

    :raises Wanted: if it needs another one.
    :raises keystoneauth1.exceptions.ClientException: if it gives up.
    """
    return cast("AccessInfoV3", plugin.get_auth_ref(cast("Any", Replay(answers))))


def identity_root(auth_url: str) -> str:
    """
    The URL of the Identity API v3 for an ``auth_url`` with or without a version: ``http://h/identity/v3``.
    """
    root = auth_url.strip().rstrip("/")
    head, _, last = root.rpartition("/")
    if last in ("v3", "v2.0"):
        root = head
    return root + "/v3"


def _spread_domains(given: dict[str, Any], known: set[str]) -> None:
    """
    Turn the domain options that stand for several into those.
    """
    with_project = "project_id" in given or "project_name" in given
    for key, targets in _DOMAINS.items():
        if key not in given or (key in known and not with_project):
            continue
        value = given.pop(key)
        for target in targets:
            kind = target.removesuffix("_id").removesuffix("_name")
            if target in known and f"{kind}_id" not in given and f"{kind}_name" not in given:
                given[target] = value
