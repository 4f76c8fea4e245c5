"""
What processes tell each other, wired.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve

from trio2o.interfaces import INews
from trio2o.model import News
from trio2o.ops.metrics import Metrics
from trio2o.state.news import NewsService
from trio2o.strategies.experience import Experience
from trio2o.strategies.quotas import QuotaBook


def make_news(
    reactor: Any, store: INews, experience: Experience, quotas: QuotaBook, metrics: Metrics
) -> NewsService:
    """
    Wire the news of what was placed, of what pods refused, and of what projects were freed of.
    """

    def fresh() -> News | None:
        told, freed = experience.news(), quotas.news()
        return evolve(told or News(), freed=freed) if freed else told

    def untold(news: News) -> None:
        experience.untold(news)
        quotas.untold(news.freed)

    def heard(news: News) -> None:
        experience.heard(news)
        quotas.heard(news.freed)

    return NewsService(
        clock=reactor,
        news=store,
        fresh=fresh,
        untold=untold,
        heard=heard,
        count=metrics.counter("trio2o_news"),
    )
