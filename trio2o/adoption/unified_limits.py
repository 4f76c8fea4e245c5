"""
Takes Keystone's limits over, so that every process knows them and nobody waits for Keystone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from attrs import define, evolve, field
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.adoption.endless import EndlessService
from trio2o.errors import GatewayError
from trio2o.interfaces import IJobQueue, IQuotaLimits, IQuotaLimitStore, IUnifiedLimits
from trio2o.model import QuotaOwner
from trio2o.quota.handing import owner_job
from trio2o.quota.unified import KEYSTONE, SERVICE

_log = Logger()

#: Seconds after which a job looks after limits that were about to be stored.
_SAFETY_SECONDS = 60.0

#: Seconds after which pods forget what was set here before: Keystone's limits are stored by then.
_SOON = 5.0

#: The longest time to the next attempt after one that failed, in seconds.
_AGAIN = 10.0


@implementer(IUnifiedLimits)
class NoUnifiedLimits:
    """
    In place of Keystone where its limits do not count: what is stored of them is forgotten, and pods get back what was set here.
    """

    async def read(self) -> Mapping[QuotaOwner, Mapping[str, int]]:
        return {}


@define(kw_only=True, eq=False, slots=False)
class UnifiedLimitsReader(EndlessService):
    """
    Reads them from time to time, in the elected process, and stores what has changed; jobs give it to the pods. While Keystone
    is away what was read last holds.
    """

    what = "the reading of Keystone's limits"
    _keystone: IUnifiedLimits
    _store: IQuotaLimitStore
    _limits: IQuotaLimits
    _jobs: IJobQueue
    #: Of whom limits are stored, Keystone's or others.
    _stored: Callable[[], Collection[QuotaOwner]]
    #: Seconds from one reading to the next.
    _interval: float
    #: When the last one that came to its end began.
    _read_at: float | None = field(default=None, init=False)
    _failing: bool = field(default=False, init=False)

    def age(self) -> float | None:
        """
        Seconds since what is known was read by this process; ``None`` where it has not read any.
        """
        return None if self._read_at is None else self._clock.seconds() - self._read_at

    async def _step(self) -> float:
        began = self._clock.seconds()
        try:
            found = await self._keystone.read()
        except GatewayError as error:
            if not self._failing:
                reason = error.admin_detail or str(error)
                _log.warn("the limits that Keystone told last hold on: {reason}", reason=reason)
            self._failing = True
            return min(_AGAIN, self._interval)
        if self._failing:
            _log.info("Keystone tells its limits again")
        self._failing = False
        stored = self._stored()
        known = {owner for owner in stored if owner.service == KEYSTONE}
        if found and not known:
            # what was set here holds no more, and pods have it
            for owner in stored:
                if owner.service == SERVICE:
                    await self._jobs.enqueue(owner_job(owner, delay=_SOON))
        for owner in sorted(found.keys() | known, key=lambda owner: owner.row_id):
            limits = found.get(owner, {})
            if dict(self._limits.own(owner)) != limits:
                # promised first, so that nothing that ends this process keeps pods from it
                given = evolve(owner, service=SERVICE)
                await self._jobs.enqueue(owner_job(given, delay=_SAFETY_SECONDS))
                await self._store.replace_limits(owner, limits)
                await self._jobs.enqueue(owner_job(given))
        self._read_at = began
        return self._interval
