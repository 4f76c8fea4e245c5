"""
The stores over PostgreSQL, each with a twin in :mod:`trio2o.storage.memory` that passes the same tests.
"""

from trio2o.storage.postgres.bindings import PostgresBindings
from trio2o.storage.postgres.changes import PostgresChanges
from trio2o.storage.postgres.cursors import PostgresCursors
from trio2o.storage.postgres.pods import PostgresPods
from trio2o.storage.postgres.routes import PostgresRoutes

__all__ = ["PostgresBindings", "PostgresChanges", "PostgresCursors", "PostgresPods", "PostgresRoutes"]
