"""
What is made in every pod under one name: the body of its create, and when it is the one that is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from attrs import define, evolve, field, frozen

from trio2o.exchange import Answer
from trio2o.strategies.pages import object_in


@frozen(kw_only=True)
class AlikeOptions:
    """
    What is made by one operation: the options of its row by their names.
    """

    #: The key that its fields stand under, in the request and in the answers.
    single: str
    #: The field that names it in every pod, and in the path of what is shown of it.
    name: str
    #: True where the gateway makes that name up when the client leaves it out, or sends null.
    names_it: bool = False
    #: The fields that have to be the same where a pod has it already.
    same: tuple[str, ...]
    #: The field that the first pod makes up, to be given to the others; empty for none.
    learnt: str = ""
    #: The fields that go to the others along with it.
    along: tuple[str, ...] = ()
    #: True where a pod that does not answer is left out, as in a list; otherwise nothing is made without it.
    lenient: bool = False


@define
class Draft:
    """
    One create, as it is sent.
    """

    options: AlikeOptions
    #: What is sent, and its fields as far as they are an object.
    body: bytes = field(default=b"", init=False)
    wanted: dict[str, Any] = field(factory=dict, init=False)
    #: True where each create gives another thing, so that one which is there already is never this one.
    unique: bool = field(default=False, init=False)
    #: What a refusal shows of the name that was made up, and what it would have shown; ``None`` where none was.
    _made_up: tuple[bytes, bytes] | None = field(default=None, init=False)

    @property
    def name(self) -> Any:
        """
        What names it; ``None`` where that is not known.
        """
        return self.wanted.get(self.options.name)

    def read(self, raw: bytes, new_name: Callable[[], str]) -> None:
        """
        Take the client's body, and give the thing a name where that is left open. All else stays as it was sent (I3).
        """
        self.body = raw
        parsed = object_in(raw)
        wanted = parsed.get(self.options.single) if parsed is not None else None
        if parsed is None or not isinstance(wanted, dict):
            return
        self.wanted = wanted
        if self.options.names_it and wanted.get(self.options.name) is None:
            self._make_up(new_name())
            self.body = orjson.dumps(parsed)
            self.unique = True
        self.unique = self.unique or bool(self.options.learnt and wanted.get(self.options.learnt) is None)

    def _make_up(self, made: str) -> None:
        """
        Give it a name. What is left out comes last; what was null stays where it was.
        """
        name = self.options.name
        shown = f"{name!r}: {made!r}"
        if name in self.wanted:
            self._made_up = (shown.encode(), f"{name!r}: None".encode())
        else:
            self._made_up = ((f", {shown}" if self.wanted else shown).encode(), b"")
        self.wanted[name] = made

    def as_sent(self, refusal: Answer) -> Answer:
        """
        A refusal as one cloud would word it: the services quote the body that they do not like, as Python shows it.
        """
        if self._made_up is None or not isinstance(refusal.body, bytes):
            return refusal
        return evolve(refusal, body=refusal.body.replace(*self._made_up))

    def learn(self, answer: Answer) -> None:
        """
        Give the other pods what the first one has made up.
        """
        name = self.options.learnt
        if not name or self.wanted.get(name) is not None:
            return
        given = self.fields(answer).get(name)
        kept = {
            key: self.wanted[key] for key in (self.options.name, *self.options.along) if key in self.wanted
        }
        self.wanted = {**kept, name: given}
        self.body = orjson.dumps({self.options.single: self.wanted})

    def is_it(self, shown: Answer) -> bool:
        """
        Whether what a pod shows is what is wanted.
        """
        has = self.fields(shown) if shown.status == 200 else {}
        return bool(has) and all(
            _plain(has.get(key)) == _plain(self.wanted.get(key)) for key in self.options.same
        )

    def fields(self, answer: Answer) -> Mapping[str, Any]:
        """
        The fields in an answer.
        """
        assert isinstance(answer.body, bytes)
        fields = (object_in(answer.body) or {}).get(self.options.single)
        return fields if isinstance(fields, dict) else {}


def _plain(value: Any) -> str:
    """
    A value as a request and an answer both have it: numbers may come as text, and nothing in several ways.
    """
    return "" if value in (None, "", 0, "0") else str(value).strip()
