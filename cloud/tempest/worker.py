"""
A process in tempest's own environment: runs classes of tests that it reads from its input, one a line, and tells each
result at once.

It imports nothing of this project, which that environment does not have. Lines are JSON, in and out::

    {"class": "tempest.api.compute.test_versions.TestVersions", "tests": null}
    {"test": "tempest.api…", "outcome": "pass", "seconds": 1.2, "why": "", "text": ""}
    {"project": "87be8f4f3ccc4ef4a8a1eb4b1a3e8e21"}
    {"class": "tempest.api.compute.test_versions.TestVersions", "done": true}

``python worker.py --list PACKAGE…`` lists classes with their tests instead.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import time
import unittest
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import IO, Any

#: How new projects are bound: JSON with ``keystone``, ``password``, ``admin_api`` and ``pod``, the pod's name.
BINDING_VARIABLE = "TEMPEST_BINDING"

_FRAME = re.compile(r"^\s+File ", re.MULTILINE)
_MOST_TEXT = 6000


class Told(unittest.TestResult):
    """
    Results that are told as they come. testtools gives details, unittest's own class fixtures give exceptions.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], None], selected: list[str]) -> None:
        super().__init__()
        self._tell = tell
        self._selected = selected
        self._began = time.monotonic()

    def startTest(self, test: Any) -> None:
        super().startTest(test)
        self._began = time.monotonic()

    def addSuccess(self, test: Any, details: Any = None) -> None:
        self._result(test, "pass", "")

    def addExpectedFailure(self, test: Any, err: Any = None, details: Any = None) -> None:
        self._result(test, "pass", "")

    def addUnexpectedSuccess(self, test: Any, details: Any = None) -> None:
        self._result(test, "fail", "passed though it is expected to fail")

    def addSkip(self, test: Any, reason: Any = None, details: Any = None) -> None:
        self._result(test, "skip", reason if reason is not None else _text(None, details))

    def addError(self, test: Any, err: Any = None, details: Any = None) -> None:
        self._result(test, "fail", _text(err, details))

    def addFailure(self, test: Any, err: Any = None, details: Any = None) -> None:
        self._result(test, "fail", _text(err, details))

    def _result(self, test: Any, outcome: str, text: str) -> None:
        name = test.id()
        fixture = name.split(" ")[0]
        why = first_line(text) if outcome == "fail" else " ".join(text.split())
        told = {
            "outcome": outcome,
            "seconds": round(time.monotonic() - self._began, 1),
            "why": why,
            "text": text[-_MOST_TEXT:] if outcome == "fail" else "",
        }
        if fixture == "setUpClass":
            for each in self._selected:
                self._tell({"test": each, **told, "why": f"{fixture}: {why}"})
        elif fixture == "tearDownClass":
            # what a class could not remove is no test's result
            sys.stderr.write(f"{name}: {text}\n")
        else:
            self._tell({"test": name, **told})


def first_line(text: str) -> str:
    """
    The exception's own lines, without its traceback, as one line.
    """
    frames = list(_FRAME.finditer(text))
    lines = text[frames[-1].start() :].splitlines()[1:] if frames else text.splitlines()
    while lines and (lines[0].startswith("  ") or not lines[0].strip()):
        lines.pop(0)
    return " ".join(" ".join(lines).split())[:400]


def _text(err: Any, details: Any) -> str:
    if details:
        wanted = [name for name in sorted(details) if name.startswith(("traceback", "reason"))]
        return "\n".join(details[name].as_text() for name in wanted)
    if err is None:
        return ""
    return "".join(importlib.import_module("traceback").format_exception(*err))


class Bindings:
    """
    Binds every project that tempest makes to a pod, through the Admin API, before anything is made in it.
    """

    def __init__(self, settings: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self._settings = settings
        self._tell = tell
        self._token = ""
        self._pod_id = ""
        self._bound: set[str] = set()

    def install(self) -> None:
        """
        Be called by tempest's maker of credentials.
        """
        provider = importlib.import_module("tempest.lib.common.dynamic_creds").DynamicCredentialProvider
        made = provider._create_creds

        def bound(itself: Any, *args: Any, **named: Any) -> Any:
            credentials = made(itself, *args, **named)
            project = getattr(credentials.credentials, "project_id", None)
            if project:
                self.bind(project)
            return credentials

        provider._create_creds = bound

    def bind(self, project: str) -> None:
        """
        Bind a project that was not bound before, and tell of it.
        """
        if project in self._bound:
            return
        self._bound.add(project)
        self._tell({"project": project})
        if not self._pod_id:
            pods = self._ask("GET", "/pods")["pods"]
            self._pod_id = next(each["pod_id"] for each in pods if each["pod_name"] == self._settings["pod"])
        self._ask("POST", "/bindings", {"pod_binding": {"tenant_id": project, "pod_id": self._pod_id}})

    def _ask(self, method: str, path: str, body: Any = None, again: bool = True) -> Any:
        self._token = self._token or self._login()
        try:
            url = f"{self._settings['admin_api']}/v1.0{path}"
            return json.load(_send(method, url, body, {"X-Auth-Token": self._token}))
        except urllib.error.HTTPError as refused:
            if refused.code != 401 or not again:
                raise
            self._token = ""
            return self._ask(method, path, body, again=False)

    def _login(self) -> str:
        domain = {"id": "default"}
        user = {"name": "admin", "domain": domain, "password": self._settings["password"]}
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": "admin", "domain": domain}},
            }
        }
        answer = _send("POST", f"{self._settings['keystone']}/auth/tokens", body, {})
        return str(answer.headers["X-Subject-Token"])


def _send(method: str, url: str, body: Any, headers: dict[str, str]) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data=data, method=method, headers={"Content-Type": "application/json", **headers}
    )
    return urllib.request.urlopen(request, timeout=60)


def tests_of(suite: Any) -> Iterator[Any]:
    """
    The tests of a suite, however deep.
    """
    if isinstance(suite, unittest.TestSuite):
        for each in suite:
            yield from tests_of(each)
    else:
        yield suite


def listed(packages: list[str]) -> dict[str, list[str]]:
    """
    The tests of packages by their classes.

    :raises ImportError: if a module of theirs cannot be imported.
    """
    top = os.path.dirname(os.path.dirname(str(importlib.import_module("tempest").__file__)))
    classes: dict[str, list[str]] = {}
    for package in packages:
        loader = unittest.TestLoader()
        for test in tests_of(loader.discover(os.path.join(top, *package.split(".")), top_level_dir=top)):
            kind = type(test)
            classes.setdefault(f"{kind.__module__}.{kind.__qualname__}", []).append(test.id())
        if loader.errors:
            raise ImportError(loader.errors[0])
    return classes


def run(name: str, wanted: list[str] | None, tell: Callable[[dict[str, Any]], None]) -> None:
    """
    Run the tests of a class, or some of them.
    """
    module, _, kind = name.rpartition(".")
    every = unittest.TestLoader().loadTestsFromTestCase(getattr(importlib.import_module(module), kind))
    selected = [test for test in tests_of(every) if wanted is None or test.id() in wanted]
    unittest.TestSuite(selected).run(Told(tell, [test.id() for test in selected]))


def serve(orders: IO[str], tell: Callable[[dict[str, Any]], None]) -> None:
    """
    Run what is ordered until there are no more orders.
    """
    if BINDING_VARIABLE in os.environ:
        Bindings(json.loads(os.environ[BINDING_VARIABLE]), tell).install()
    for line in orders:
        order = json.loads(line)
        run(order["class"], order["tests"], tell)
        tell({"class": order["class"], "done": True})


def main(words: list[str]) -> None:
    """
    Serve or list. What tests print themselves goes to the error output, so that it cannot break a line.
    """
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(value: Any) -> None:
        told.write(json.dumps(value) + "\n")
        told.flush()

    if words[:1] == ["--list"]:
        tell(listed(words[1:]))
    else:
        serve(sys.stdin, tell)


if __name__ == "__main__":
    main(sys.argv[1:])
