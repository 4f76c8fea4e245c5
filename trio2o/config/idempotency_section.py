"""
The section ``idempotency``: creates that are made at most once.
"""

from __future__ import annotations

from attrs import frozen

from trio2o.config import checks
from trio2o.config.option import option


@frozen(kw_only=True)
class IdempotencySection:
    """
    Creates that come with an Idempotency-Key. Where the answer of a pod was lost, the pod is asked what it made; that needs a
    user of the daemon's with the role admin in the pods.
    """

    kept_seconds: float = option(
        "How long a key is kept: so long does a repeat get the first answer.",
        default=86_400.0,
        check=checks.seconds(60, 2_592_000),
    )
    settle_seconds: float = option(
        "How long, beyond pod_defaults.create_timeout_seconds, a pod may take to show what it has accepted. What it does not "
        "show by then was never made, and the key can be used again.",
        default=180.0,
        check=checks.seconds(0, 86_400),
    )
