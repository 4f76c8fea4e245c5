"""
Numbers in paths: what users see of them, and what a pod is asked for.
"""

from __future__ import annotations

from attrs import evolve

from trio2o.errors import NotFound
from trio2o.exchange import Inbound
from trio2o.merging.integers import own_integer
from trio2o.model import Pod


def with_number(inbound: Inbound, name: str, own: str) -> Inbound:
    """
    The request with a pod's own number in its path, in place of the parameter of this name.

    :raises NotFound: if the number is written with percent signs, as nobody does.
    """
    head, slash, tail = inbound.path.rpartition(b"/" + inbound.ids[name].encode("ascii"))
    if not slash:
        raise NotFound("The resource could not be found.")
    return evolve(inbound, path=head + b"/" + own.encode("ascii") + tail)


def of_pod(inbound: Inbound, name: str, pod: Pod) -> Inbound:
    """
    The same for a parameter that may be such a number of this pod; anything else is the pod's to look for.
    """
    found = own_integer(inbound.ids[name])
    if found is None or found[0] != pod.serial:
        return inbound
    return with_number(inbound, name, str(found[1]))
