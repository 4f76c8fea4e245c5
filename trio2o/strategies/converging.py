"""
Makes what a pod has of a shared thing into what is wanted, with the daemon's own token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import define, evolve, frozen

from trio2o.errors import GatewayError, NotYet, PodFailure, Unreadable
from trio2o.interfaces import IPodAsk, ISharedIds, ISharedKind, ISharedStore
from trio2o.model import Pod
from trio2o.model.shared import (
    CopyState,
    Observed,
    SharedCopy,
    SharedKey,
    SharedResource,
    SharedState,
    Step,
)
from trio2o.strategies.concurrently import gathered

#: How often a pod is looked at and brought nearer to what is wanted: a pod may add to what it makes, so once can be too little.
_ROUNDS = 3

#: What a pod says that cannot tell now, or whom it does not know now, besides everything from 500 on.
_LATER = frozenset({401, 408, 425, 429})

#: What it says where another thing stands in the way, which may go by itself.
_IN_THE_WAY = frozenset({404, 409})

#: What is noted of a pod that had another thing under the name before it was shared.
ANOTHER_ONE = "it has another one under this name"

#: What is noted of a pod that has a thing otherwise, where nobody chose to change that.
OTHERWISE = "it has it otherwise"

#: The longest error that is kept, in characters.
_WORDS = 300


@frozen
class Brought:
    """
    How pods stand after they were brought to what is wanted.
    """

    #: By pod id.
    copies: Mapping[str, SharedCopy]
    #: False where a pod may still be at a step that it has not answered: it may do it when something else is wanted by then.
    sure: bool = True


class _Stopped(Exception):
    """
    A pod did not take a step.
    """

    def __init__(self, state: CopyState, words: str) -> None:
        super().__init__(words)
        self.state = state


@define(kw_only=True)
class Converger:
    """
    Observes, asks the kind's adapter for the steps, makes them, and looks again.
    """

    _store: ISharedStore
    _ids: ISharedIds
    #: The way to one pod's service.
    _ask: Callable[[Pod, str], IPodAsk]
    #: By a kind's name: whether what a pod had before it was shared may be replaced.
    _overwrites: Callable[[str], bool] = lambda kind: False

    async def observe(self, kind: ISharedKind, pod: Pod, key: SharedKey, ref: str) -> Observed | None:
        """
        What a pod has.

        :raises PodFailure: if it does not answer.
        :raises Unreadable: if it does not show it.
        :raises GatewayError: if there is no token to ask with.
        """
        return await kind.read_one(self._ask(pod, kind.surface), self._ids.of(pod.id), key, ref)

    async def converge(
        self, kind: ISharedKind, state: SharedState, pods: Sequence[Pod], *, patient: bool
    ) -> Brought:
        """
        Bring pods to what is wanted, side by side, and write down how they stand.

        :param patient: whether what stands in the way may still go by itself, so that it is no refusal yet.
        :raises DatabaseUnavailable: if it could not be written down.
        """
        resource = state.resource
        brought = await gathered(
            [
                self._one(kind, resource, pod, state.copies.get(pod.id), patient=patient)
                for pod in pods
                if pod.id in state.copies or not resource.deleted
            ],
            (),
        )
        results = [each for each in brought if not isinstance(each, Exception)]
        made = [copy for copy, _ in results]
        changed = [copy for copy in made if _differs(copy, state.copies.get(copy.pod_id))]
        if changed:
            noted = [evolve(copy, version=resource.version) for copy in changed]
            await self._store.note_copies(resource.key, resource.top_id, resource.version, noted)
        return Brought({copy.pod_id: copy for copy in made}, sure=all(sure for _, sure in results))

    async def _one(
        self,
        kind: ISharedKind,
        resource: SharedResource,
        pod: Pod,
        copy: SharedCopy | None,
        *,
        patient: bool,
    ) -> tuple[SharedCopy, bool]:
        """
        How a pod stands, and whether nothing that it was sent can still be under way.
        """
        ref = copy.pod_ref if copy is not None else ""
        shared_before = bool(ref)
        ask = self._ask(pod, kind.surface)
        state, words = CopyState.BEHIND, ""
        sure = True

        def learn(own: str) -> None:
            # also where a later step is refused: by that id the pod has it, and other things may need it
            nonlocal ref, shared_before
            ref, shared_before = own, True

        try:
            for _ in range(_ROUNDS):
                observed = await self._observed(kind, resource, ask, ref)
                steps = kind.steps(resource, observed, self._ids.of(pod.id))
                if not steps:
                    ref = observed.ref if observed is not None else ""
                    current = SharedCopy(
                        pod_id=pod.id, pod_ref=ref, state=CopyState.CURRENT, version=resource.version
                    )
                    return current, True
                own = observed.ref if observed is not None else ref
                # what has the same id in every pod is called so before it is made
                own = own or ("" if kind.mapped else resource.key.name)
                replaced = any(step.replaces for step in steps)
                if replaced and not shared_before and not self._overwrites(kind.kind):
                    raise _Stopped(CopyState.REFUSED, ANOTHER_ONE)
                if kind.mapped and observed is not None:
                    learn(own)
                sure = False
                learn(await self._made(ask, steps, own, learn, patient=patient))
                sure = True
            raise _Stopped(CopyState.REFUSED, "it took every change and still shows it otherwise")
        except _Stopped as stopped:
            state, words, sure = stopped.state, str(stopped), True
        except NotYet as missing:
            state, words = CopyState.BEHIND if patient else CopyState.REFUSED, str(missing)
        except PodFailure as failure:
            words, sure = str(failure), sure or not failure.sent
        except Unreadable as failure:
            words = str(failure)
        except GatewayError as error:
            # there was no token: nothing was sent
            words, sure = error.admin_detail or error.message, True
        left = SharedCopy(
            pod_id=pod.id, pod_ref=ref if shared_before else "", state=state, error=words[:_WORDS]
        )
        return left, sure

    async def _observed(
        self, kind: ISharedKind, resource: SharedResource, ask: IPodAsk, ref: str
    ) -> Observed | None:
        """
        What the pod has of a thing; of a deleted one never what has its name by now.
        """
        if kind.mapped and resource.deleted and not ref:
            return None
        observed = await kind.read_one(ask, self._ids.of(ask.pod.id), resource.key, ref)
        if observed is not None and kind.mapped and resource.deleted and observed.ref != ref:
            return None
        return observed

    @staticmethod
    async def _made(
        ask: IPodAsk, steps: Sequence[Step], ref: str, learn: Callable[[str], None], *, patient: bool
    ) -> str:
        """
        Make steps; the pod's own id of the thing afterwards.

        :param learn: told the id of what was made, as soon as it is known.
        :raises _Stopped: if one is not taken.
        """
        for step in steps:
            status, body = await ask.send(step, ref)
            if status >= 400 and status not in step.done:
                if status >= 500 or status in _LATER or (patient and status in _IN_THE_WAY):
                    state = CopyState.BEHIND
                else:
                    state = CopyState.REFUSED
                raise _Stopped(state, f"{step.method} {step.path}: {status} {_words(body)}".strip())
            if step.ref_at and status < 400:
                ref = _at(body, step.ref_at) or ref
                learn(ref)
        return ref


def is_left(copy: SharedCopy) -> bool:
    """
    Whether a pod may keep what it has, as somebody has chosen.
    """
    return copy.state is CopyState.REFUSED and copy.error == OTHERWISE


def _differs(copy: SharedCopy, before: SharedCopy | None) -> bool:
    """
    Whether there is anything to write down.
    """
    return before is None or (copy.state, copy.error, copy.pod_ref) != (
        before.state,
        before.error,
        before.pod_ref,
    )


def _words(body: Any) -> str:
    """
    What a fault says.
    """
    for value in body.values() if isinstance(body, dict) else ():
        if isinstance(value, dict) and isinstance(value.get("message"), str):
            return str(value["message"])
    return ""


def _at(body: Any, path: Sequence[str]) -> str:
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    return "" if body is None else str(body)
