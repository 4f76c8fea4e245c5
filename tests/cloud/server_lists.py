"""
Scenarios of lists of servers in one place: filters, orders, pages.
"""

from __future__ import annotations

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_new_second, a_server, image


def server_lists(at: Caller) -> None:
    """
    Lists of servers: filters, orders, pages.
    """
    servers = []
    for number in range(3):
        a_new_second()
        servers.append(a_server(at, f"list-{number}", quiet=True))
    wanted = (
        "",
        "?limit=2",
        "?limit=1&marker=" + servers[1],
        "?limit=0",
        "?limit=-1",
        "?limit=x",
        "?limit=100000",
        "?marker=" + NOWHERE,
        "?marker=x",
        "?name=list-1",
        "?name=list-.",
        "?name=(",
        "?status=ACTIVE",
        "?status=active",
        "?status=BUILD",
        "?status=nothing",
        "?image=" + image(at),
        "?flavor=42",
        "?flavor=none",
        "?host=x",
        "?sort_key=display_name&sort_dir=asc",
        "?sort_key=display_name&sort_dir=desc",
        "?sort_key=nothing",
        "?sort_dir=up",
        "?sort_key=created_at&sort_dir=asc&limit=2",
        "?sort_key=display_name&sort_key=uuid&sort_dir=asc",
        "?changes-since=2001-01-01T00:00:00Z",
        "?changes-since=x",
        "?all_tenants=1",
        "?all_tenants=x",
        "?deleted=1",
        "?ip=10",
        "?nothing=1",
        "?limit=1&limit=2",
        "?availability_zone=" + at.place.zone,
        "?availability_zone=nowhere",
        "?tags=x",
        "?reservation_id=none",
        "?uuid=" + servers[0],
        "?limit=2&sort_key=display_name&sort_dir=asc&marker=" + servers[0],
        "?locked=true",
        "?hostname=list-1",
        "?user_id=x",
    )
    for query in wanted:
        at.compute("GET", f"/servers{query}")
        at.compute("GET", f"/servers/detail{query}")
    for query in wanted:
        at.compute("GET", f"/servers/detail{query}", version="2.96", note="2.96")
    at.compute("GET", "/servers?limit=2", version="latest", note="latest")
