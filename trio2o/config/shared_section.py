"""
The section ``shared``: what pods have the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from trio2o.config import checks
from trio2o.config.option import option
from trio2o.model.shared import DriftPolicy, SharedPolicy
from trio2o.shared.kinds import SharedKinds

_KINDS = tuple(SharedKinds.over(lambda _: None))
_ON_DRIFT = checks.one_of(*(policy.value for policy in DriftPolicy))


def _policies(by_kind: Mapping[str, str]) -> Mapping[str, str]:
    for kind, policy in by_kind.items():
        if kind not in _KINDS:
            known = f"known are {', '.join(_KINDS)}"
            raise ValueError(f"has an unknown kind {kind}{checks.suggestion(kind, _KINDS) or f': {known}'}")
        try:
            _ON_DRIFT(policy)
        except ValueError as wrong:
            raise ValueError(f"has {kind}, which {wrong}") from None
    return by_kind


@frozen(kw_only=True)
class SharedSection:
    """
    What pods have the same: flavors, key pairs and other kinds. It needs a user of the daemon's with the role admin in the pods;
    without it a write is sent to all pods, and nothing is kept equal afterwards.
    """

    policy: str = option(
        "How many pods must have taken a write before its client is told so: all that answer, a majority of all enabled ones, or "
        "any. The others get it by a job.",
        default="all",
        check=checks.one_of(*(policy.value for policy in SharedPolicy)),
    )
    kinds: Mapping[str, str] = option(
        "Kind to what is done where a comparison finds that pods differ: ignore reports it alone, adopt takes over what nothing "
        "wants yet from the first pod that has it and makes what is missing, overwrite makes pods equal to what is wanted. "
        f"The kinds are {', '.join(_KINDS)}; those that are not named are ignored.",
        factory=dict,
        check=_policies,
        example={"flavor": "adopt"},
    )
    compare_seconds: float = option(
        "How often pods are compared with what is wanted; 0 for never.",
        default=600.0,
        check=checks.seconds(0, 604_800),
    )

    def on_drift(self, kind: str) -> DriftPolicy:
        """
        What is done about differences of a kind.
        """
        return DriftPolicy(self.kinds.get(kind, DriftPolicy.IGNORE.value))
