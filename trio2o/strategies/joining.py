"""
The strategy ``join``: the lists of all pods put together, one pod's after the other's.

For what is neither ordered nor found by a route: hypervisors, services, hosts, pools. Where one cloud has cells it lists
them so too, cell by cell, and takes up a page where the cell of its marker ends.
"""

from __future__ import annotations

from attrs import define
from zope.interface import implementer

from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IState, IStrategy
from trio2o.model import PodState, RequestContext
from trio2o.strategies.cursors import Cursors
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.joint import JoinOptions, Joint, parsed_query
from trio2o.strategies.joint_pages import by_marker, by_offset, by_order


@implementer(IStrategy)
@define(kw_only=True)
class JoinStrategy:
    """
    Asks all pods at once and puts their lists one after the other.
    """

    _forwarder: Forwarder
    _state: IState
    _cursors: Cursors
    #: Seconds in which the whole answer is there; a few times that, where pods are asked for several pages in turn.
    _budget: float
    _max_page: int

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`.
        """
        pods = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]
        joint = Joint(
            inbound=inbound,
            context=context,
            options=JoinOptions(**inbound.operation.options),
            pods=pods,
            query=parsed_query(inbound),
            forwarder=self._forwarder,
            budget=self._budget,
            max_page=self._max_page,
        )
        options, limit = joint.options, joint.limit()
        since = options.pages_from
        paged = since is not None and (inbound.microversion or (0, 0)) >= since
        if limit is None or not (paged or options.offset):
            await joint.ask([(pod, joint.query) for pod in pods])
            return joint.joined(None)
        if options.offset:
            return await by_offset(joint, limit)
        if options.newest_by:
            return await by_order(joint, limit, self._cursors)
        return await by_marker(joint, limit)
