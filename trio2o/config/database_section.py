"""
The section ``database``: PostgreSQL.
"""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from trio2o.config import checks
from trio2o.config.option import option
from trio2o.config.secret import Secret


@frozen(kw_only=True)
class DatabaseSection:
    """
    PostgreSQL. Without a DSN the daemon starts one of its own, which needs the extra ``trio2o[embedded]``.
    """

    dsn: Secret | None = option(
        "How to connect (postgresql://user@host/database or host=… dbname=…), directly to the primary, without a "
        "transaction pooler. {file: PATH} and {env: NAME} keep the password out of this file.",
        default=None,
        example="postgresql://trio2o@127.0.0.1/trio2o",
    )
    pool_size: int = option(
        "How many connections each process keeps.", default=4, check=checks.between(1, 1000)
    )
    statement_timeout_seconds: float = option(
        "How long one statement may take.", default=5.0, check=checks.seconds(0.1, 600)
    )
    connect_timeout_seconds: float = option(
        "How long connecting may take.", default=5.0, check=checks.seconds(0.1, 300)
    )
    state_directory: Path = option(
        "Where the embedded PostgreSQL keeps its data; a relative path starts from this file's folder.",
        default=Path("/var/lib/trio2o"),
    )
    embedded_user: str | None = option(
        "The system user that runs the embedded PostgreSQL when the daemon is root, which PostgreSQL refuses to be; "
        "without it postgres or nobody.",
        default=None,
        check=checks.name,
        example="nobody",
    )

    @property
    def embedded_directory(self) -> Path:
        """
        The folder that belongs to the embedded PostgreSQL alone.
        """
        return self.state_directory / "postgresql"
