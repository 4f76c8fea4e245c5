"""
Every boundary of the daemon, one interface each. Providers say in their names how they do it.
"""

from trio2o.interfaces.identity import ICatalog, IPodTokens, IPolicy, IServiceToken, ITokenValidator
from trio2o.interfaces.intents import IIntentStore
from trio2o.interfaces.jobs import IJobHandler, IJobQueue, IJobStore, TellProgress
from trio2o.interfaces.memory import ICursorBook, IFollower, IRouteBook, IState
from trio2o.interfaces.news import INews
from trio2o.interfaces.pods import IBodyTransform, IPodAnswer, IPodClient, IPodFactsBook, IRequestBody
from trio2o.interfaces.quota import IQuotaLimits, IQuotaLimitStore, IQuotaUsage, IUnifiedLimits
from trio2o.interfaces.quota_usage import IQuotaStore
from trio2o.interfaces.scheduling import (
    IPodFilter,
    IPodWeigher,
    IScaledWeigher,
    ISteady,
    ISteadyFilter,
    ISteadyWeigher,
)
from trio2o.interfaces.shared import IPodAsk, IPodIds, ISharedIds, ISharedKind, ISharedStore
from trio2o.interfaces.stores import (
    IBindingStore,
    IChangeLog,
    ICursorStore,
    IElection,
    IPodStore,
    IRouteStore,
)
from trio2o.interfaces.strategies import IStrategy
from trio2o.interfaces.usage import IOfferStore, IUsageStore

__all__ = [
    "IBindingStore",
    "IBodyTransform",
    "ICatalog",
    "IChangeLog",
    "ICursorBook",
    "ICursorStore",
    "IElection",
    "IFollower",
    "IIntentStore",
    "IJobHandler",
    "IJobQueue",
    "IJobStore",
    "INews",
    "IOfferStore",
    "IPodAnswer",
    "IPodAsk",
    "IPodClient",
    "IPodFactsBook",
    "IPodFilter",
    "IPodIds",
    "IPodStore",
    "IPodTokens",
    "IPodWeigher",
    "IPolicy",
    "IQuotaLimitStore",
    "IQuotaLimits",
    "IQuotaStore",
    "IQuotaUsage",
    "IRequestBody",
    "IRouteBook",
    "IRouteStore",
    "IScaledWeigher",
    "IServiceToken",
    "ISharedIds",
    "ISharedKind",
    "ISharedStore",
    "IState",
    "ISteady",
    "ISteadyFilter",
    "ISteadyWeigher",
    "IStrategy",
    "ITokenValidator",
    "IUnifiedLimits",
    "IUsageStore",
    "TellProgress",
]
