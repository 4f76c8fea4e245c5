"""
Pages of a joined list: by marker, by offset, or in the order of time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import evolve

from trio2o.errors import BadRequest, Unavailable
from trio2o.exchange import Answer
from trio2o.merging.fields import SortField
from trio2o.merging.integers import own_integer
from trio2o.merging.order import Order, SortPart
from trio2o.merging.pages import Ask, MarkerLost, Start, WalkTooLong, item_id
from trio2o.merging.walk import MergeWalk
from trio2o.model import Pod
from trio2o.strategies.cursors import Cursor, Cursors, list_identity
from trio2o.strategies.forwarding import told
from trio2o.strategies.joint import Joint, Query, bounded_number, too_long
from trio2o.strategies.pages import PodPage, says_no_marker

#: The most pages that one pod is asked for.
_MAX_PAGES = 100


async def by_marker(joint: Joint, limit: int) -> Answer:
    """
    A page in the order of the pods: after the marker in its pod, then the pods behind that one.
    """
    marker = joint.parameter("marker")
    pods = joint.pods
    if marker:
        at = await _marker_place(joint, marker)
        if at is None:
            return joint.nobody()
        pods = joint.pods[at + 1 :]
    elif not limit:
        # whether the caller may ask at all is the pods' to say
        pods = joint.pods[:1]
    if not marker or joint.count() < limit:
        await joint.ask([(pod, joint.without("marker")) for pod in pods])
    return joint.joined(limit)


async def by_offset(joint: Joint, limit: int) -> Answer:
    """
    A slice of the joined list. Where it lies behind what pods give at once, they first are asked how much they have: so no
    more is held than a page of each.

    :raises Unavailable: if it begins too far behind.
    """
    text = joint.parameter("offset")
    offset = bounded_number("0" if text is None else text, 10**9)
    if offset is None:
        await joint.ask([(pod, joint.query) for pod in joint.pods])
        return joint.joined(None)
    # a limit of nothing is none, as Nova's slices have it
    limit = limit or joint.max_page
    needed = offset + limit
    counts: dict[str, int] = {}
    first: dict[str, tuple[Pod, PodPage]] = {}
    going, done = list(joint.pods), 0
    for _ in range(_MAX_PAGES):
        size = min(joint.max_page, needed - done)
        if not going or size <= 0:
            break
        await joint.ask([(pod, _slice(joint, done, size)) for pod in going])
        found = _counts(joint)
        going = [pod for pod in going if found.get(pod.id, 0) >= size]
        if not done and (size == needed or not going):
            return joint.joined(limit, offset=offset, links=False)
        first = first or _emptied(joint)
        joint.parts.given = []
        counts.update((pod_id, done + count) for pod_id, count in found.items())
        done += size
    else:
        raise too_long(f"{_MAX_PAGES} pages of each pod do not reach {needed}")
    await joint.ask(_shares(joint, counts, offset, limit))
    # who has nothing of the slice still lends what stands beside it
    given = {**first, **{pod.id: (pod, page) for pod, page in joint.parts.given}}
    joint.parts.given = [given[pod.id] for pod in joint.pods if not _is_out(joint, pod)]
    return joint.joined(limit, links=False)


async def by_order(joint: Joint, limit: int, cursors: Cursors) -> Answer:
    """
    A page of one ordered list. Where it is not known where the page before ended in the other pods, the merge is repeated up to
    the marker.

    :raises BadRequest: in Nova's words, if no pod lists the marker.
    :raises Unavailable: if it is too far behind.
    """
    marker = joint.parameter("marker")
    by_name = {pod.name: pod for pod in joint.pods}
    identity = list_identity(joint.inbound, joint.context, joint.without("limit", "marker"))
    order = _newest(joint.options.newest_by)
    walk = MergeWalk(
        order=order,
        pods=list(by_name),
        limit=limit,
        start=await _start(cursors, identity, marker, next(iter(by_name), "")) if marker else None,
        max_limit=joint.max_page,
        max_pages=_MAX_PAGES,
    )
    first: tuple[Pod, PodPage] | None = None
    try:
        while not walk.done:
            asks = walk.asks()
            await joint.ask([(by_name[ask.pod], _page_query(joint, ask)) for ask in asks])
            given, joint.parts.given = joint.parts.given, []
            first = first or next(iter(given), None)
            _feed(joint, walk, asks, {pod.name: page for pod, page in given})
    except MarkerLost as lost:
        if joint.parts.failures:
            raise told(next(iter(joint.parts.failures.values()))[1]) from lost
        if joint.parts.refused:
            return joint.nobody()
        raise BadRequest(f"Marker {marker} could not be found.") from lost
    except WalkTooLong as problem:
        raise too_long(str(problem)) from problem
    if not limit:
        await joint.ask([(pod, joint.query) for pod in joint.pods[:1]])
        return joint.joined(None)
    if first is None:
        return joint.nobody()
    joint.parts.given = [first]
    page = walk.page()
    body = dict(joint.parts.given[0][1].body or {})
    key = joint.options.keys[0]
    body.pop(f"{key}_links", None)
    body[key] = [
        joint.made_top(dict(item["whole"]), by_name[name])
        for item, name in zip(page.items, page.pods, strict=True)
    ]
    if page.items:
        last = page.items[-1]
        cursor = Cursor(pod=page.pods[-1], key=order.key(last), cursors=page.cursors)
        cursors.keep(identity, item_id(last), cursor, lasting=page.more and len(by_name) > 1)
    if page.more:
        body[f"{key}_links"] = joint.links(item_id(page.items[-1]))
    return joint.told(body)


def _slice(joint: Joint, offset: int, limit: int) -> Query:
    return [*joint.without("limit", "offset"), ("limit", str(limit)), ("offset", str(offset))]


def _shares(joint: Joint, counts: Mapping[str, int], offset: int, limit: int) -> list[tuple[Pod, Query]]:
    """
    What is to be asked for where a slice goes over several pods; those that were silent have none of it.
    """
    shares = []
    for pod in joint.pods:
        have = 0 if _is_out(joint, pod) else counts[pod.id]
        skipped = min(have, offset)
        wanted = min(have - skipped, limit)
        if wanted:
            shares.append((pod, _slice(joint, skipped, wanted)))
        offset, limit = offset - skipped, limit - wanted
    return shares


def _counts(joint: Joint) -> dict[str, int]:
    """
    How many items each pod has just given.
    """
    return {pod.id: len((page.body or {})[joint.options.keys[0]]) for pod, page in joint.parts.given}


def _emptied(joint: Joint) -> dict[str, tuple[Pod, PodPage]]:
    """
    What pods have just given, without the items.
    """
    return {
        pod.id: (pod, evolve(page, raw=b"", body={**(page.body or {}), joint.options.keys[0]: []}))
        for pod, page in joint.parts.given
    }


def _is_out(joint: Joint, pod: Pod) -> bool:
    return pod.id in joint.parts.failures or pod.id in joint.parts.refused


async def _start(cursors: Cursors, identity: bytes, marker: str, somebody: str) -> Start:
    """
    Where a page begins; without a cursor it is not known which pod has the marker.
    """
    kept = await cursors.find(identity, marker)
    if kept is None:
        return Start(marker=marker, pod=somebody)
    return Start(marker=marker, pod=kept.pod, key=kept.key, cursors=kept.cursors)


async def _marker_place(joint: Joint, marker: str) -> int | None:
    """
    The place of the pod that has the marker and has given what comes after it; ``None`` if every pod refuses.

    :raises GatewayError: if nobody knows the marker, or a pod that may know it is silent.
    """
    asked: Sequence[tuple[Pod, str]] = [(pod, marker) for pod in joint.pods]
    number = None
    if joint.options.integers and marker.isdecimal():
        number = own_integer(marker) or (0, 0)
        own = [(pod, str(number[1])) for pod in joint.pods if pod.serial == number[0]]
        # without a pod that has the number, the first one says whether the caller may ask at all
        asked = own or [(pod, "0") for pod in joint.pods[:1]]
    await joint.ask([(pod, [*joint.without("marker"), ("marker", text)]) for pod, text in asked])
    if joint.parts.given:
        found = joint.parts.given[0][0]
        del joint.parts.given[1:]
        # the others have said that the marker is not theirs
        joint.parts.refused.clear()
        joint.parts.failures.clear()
        return list(joint.pods).index(found)
    if joint.parts.failures:
        _, failure = next(iter(joint.parts.failures.values()))
        raise Unavailable(
            "The service is not available at the moment. Please try again later.",
            admin_detail=str(failure),
            headers=[(b"Retry-After", b"10")],
        )
    if number is not None and any(page.status == 400 for _, page in joint.parts.refused.values()):
        raise BadRequest(f"marker [{marker}] not found")
    return None


def _page_query(joint: Joint, ask: Ask) -> Query:
    after = [] if ask.marker is None else [("marker", ask.marker)]
    return [*joint.without("limit", "marker"), ("limit", str(ask.limit)), *after]


def _feed(joint: Joint, walk: MergeWalk, asks: Sequence[Ask], given: Mapping[str, PodPage]) -> None:
    key, marker, newest = joint.options.keys[0], joint.options.marker, joint.options.newest_by
    for ask in asks:
        body = given[ask.pod].body if ask.pod in given else None
        if body is None:
            refused = _refused(joint, ask)
            if refused is None:
                walk.leave_out(ask.pod)
            else:
                walk.marker_gone(ask.pod)
                del joint.parts.refused[refused.id]
            continue
        items = [
            {"id": item.get(marker), newest: item.get(newest), "whole": item}
            for item in body[key]
            if isinstance(item, dict)
        ]
        walk.feed(ask.pod, items, more=True if body.get(f"{key}_links") else None)


def _refused(joint: Joint, ask: Ask) -> Pod | None:
    """
    The pod that was asked, where it says that nothing has the id which it was asked after.
    """
    for pod, page in joint.parts.refused.values():
        if pod.name == ask.pod and ask.marker is not None and says_no_marker(page, ask.marker):
            return pod
    return None


def _newest(name: str) -> Order:
    """
    The largest first. As other pods' items cannot be compared with a marker that is not shown alone, it is not exact.
    """
    shown = SortField(read=lambda item: item[name], faithful=False)
    return Order(parts=(SortPart(field=shown, descending=True),))
