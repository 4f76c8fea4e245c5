"""
News as PostgreSQL's notifications.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import orjson
from attrs import define, field
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.interfaces import INews
from trio2o.model import NOTHING, Amounts, Kind, Lack, Mark, News, Placed
from trio2o.storage.listen import Listener
from trio2o.storage.pool import Pool

_log = Logger()

CHANNEL = "trio2o_news"

#: Pods in one notification: each takes up to 300 of the 8,000 bytes that one may have.
_PODS = 25
#: Projects in one notification: their ids have 64 characters at most.
_FREED = 50
#: The longest text of a notification, in bytes; PostgreSQL takes less than 8,000.
_MOST_BYTES = 7900

_AMOUNTS = tuple(attribute.name for attribute in attrs.fields(Amounts))


@implementer(INews)
@define(eq=False)
class PostgresNews:
    """
    Tells over the pool and listens over a connection of its own, so that news never keep a change waiting (I14).
    """

    _reactor: Any
    _dsn: str
    _pool: Pool
    _listeners: list[Listener] = field(factory=list, init=False)

    async def tell(self, news: News) -> None:
        said = [text for text in map(written, _parts(news)) if len(text.encode()) <= _MOST_BYTES]
        if said:
            await self._pool.run_query(
                "select pg_notify(%s, said) from unnest(%s) said", (CHANNEL, said), patience=0.0
            )

    def listen(self, heard: Callable[[News], None]) -> None:
        listener = Listener(
            self._reactor,
            self._dsn,
            CHANNEL,
            heard=lambda said: _read_all(said, heard),
            connected=lambda: None,
            lost=lambda: None,
        )
        self._listeners.append(listener)
        listener.start()

    def stop(self) -> None:
        while self._listeners:
            self._listeners.pop().stop()


def written(news: News) -> str:
    """
    One notification's text. It has no empty parts, so that nothing is in it that an earlier release does not know.
    """
    document: dict[str, Any] = {"by": news.sender}
    if news.placed:
        document["placed"] = {pod_id: _written_placed(placed) for pod_id, placed in news.placed.items()}
    for name, marks in (("marked", news.marked), ("cleared", news.cleared)):
        if marks:
            document[name] = [_written_mark(mark) for mark in marks]
    if news.freed:
        document["freed"] = news.freed
    return orjson.dumps(document).decode()


def read(said: str) -> News:
    """
    What a notification says; what another release tells beside is left out.

    :raises ValueError: if it is no news.
    """
    document = orjson.loads(said)
    if not isinstance(document, dict) or not isinstance(document.get("by"), str):
        raise ValueError("not a piece of news")
    placed = document.get("placed", {})
    if not isinstance(placed, dict):
        raise ValueError("placed is no object")
    return News(
        sender=document["by"],
        placed={pod_id: _read_placed(each) for pod_id, each in placed.items()},
        marked=_read_marks(document.get("marked")),
        cleared=_read_marks(document.get("cleared")),
        freed=_read_freed(document.get("freed")),
    )


def _parts(news: News) -> Iterator[News]:
    pods = list(news.placed)
    for start in range(0, len(pods), _PODS):
        placed = {pod_id: news.placed[pod_id] for pod_id in pods[start : start + _PODS]}
        yield News(sender=news.sender, placed=placed)
    # what flavors and types are called may be long
    for mark in news.marked:
        yield News(sender=news.sender, marked=(mark,))
    for mark in news.cleared:
        yield News(sender=news.sender, cleared=(mark,))
    for start in range(0, len(news.freed), _FREED):
        yield News(sender=news.sender, freed=news.freed[start : start + _FREED])


def _read_all(said: Sequence[str], heard: Callable[[News], None]) -> None:
    for each in said:
        try:
            news = read(each)
        except ValueError as error:
            _log.warn("a notification on {channel} is no news: {error}", channel=CHANNEL, error=str(error))
            continue
        heard(news)


def _written_placed(placed: Placed) -> dict[str, list[float]]:
    fields = {"open": placed.open, "kept": placed.kept}
    return {name: list(attrs.astuple(amounts)) for name, amounts in fields.items() if amounts != NOTHING}


def _read_placed(document: object) -> Placed:
    if not isinstance(document, Mapping):
        raise ValueError("what was placed is no object")
    return Placed(open=_amounts(document.get("open")), kept=_amounts(document.get("kept")))


def _written_mark(mark: Mark) -> dict[str, Any]:
    needs = None if mark.needs is None else list(attrs.astuple(mark.needs))
    return {**attrs.asdict(mark, recurse=False), "needs": needs}


def _read_marks(documents: object) -> tuple[Mark, ...]:
    """
    Those that this release understands.
    """
    if documents is None:
        return ()
    if not isinstance(documents, list):
        raise ValueError("marks are a list")
    return tuple(mark for mark in map(_read_mark, documents) if mark is not None)


def _read_mark(document: object) -> Mark | None:
    if not isinstance(document, Mapping):
        raise ValueError("a mark is an object")
    try:
        kind, lack = Kind(str(document.get("kind"))), Lack(str(document.get("lack")))
    except ValueError:
        return None
    pod_id, project_id, asked = (document.get(name) for name in ("pod_id", "project_id", "asked"))
    met_by, image = document.get("met_by", ""), document.get("image")
    if not isinstance(pod_id, str) or not isinstance(project_id, str | None):
        raise ValueError("a mark is of a pod, and of a project or of all")
    if not isinstance(met_by, str) or not isinstance(image, str | None):
        raise ValueError("a mark was met by a project, with an image or none")
    if asked is not None and not (
        isinstance(asked, list)
        and len(asked) == 3
        and isinstance(asked[0], str)
        and all(isinstance(each, str | None) for each in asked)
    ):
        raise ValueError("what was asked for are three names")
    return Mark(
        pod_id=pod_id,
        kind=kind,
        lack=lack,
        project_id=project_id,
        met_by=met_by,
        image=image,
        needs=None if document.get("needs") is None else _amounts(document["needs"]),
        asked=None if asked is None else (asked[0], asked[1], asked[2]),
    )


def _read_freed(pairs: object) -> tuple[tuple[str, str], ...]:
    if pairs is None:
        return ()
    if not isinstance(pairs, list):
        raise ValueError("what is gone is a list")
    for pair in pairs:
        if not isinstance(pair, list) or [type(each) for each in pair] != [str, str]:
            raise ValueError("what is gone is of a project and a service")
    return tuple((project_id, service) for project_id, service in pairs)


def _amounts(numbers: object) -> Amounts:
    if numbers is None:
        return NOTHING
    if not isinstance(numbers, list) or len(numbers) < len(_AMOUNTS):
        raise ValueError("amounts are a list of numbers")
    # a later release may count more resources, behind these
    known = numbers[: len(_AMOUNTS)]
    if not all(isinstance(each, (int, float)) and math.isfinite(each) and each >= 0 for each in known):
        raise ValueError("amounts are numbers, 0 or more")
    return Amounts(**dict(zip(_AMOUNTS, map(float, known), strict=True)))
