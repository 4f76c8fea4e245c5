"""
Changing the links in a body of 2 MB, beside parsing it. Neither network nor processes: the gateway's own function.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import orjson

from benchmarks.load import Reading, on_core, reading_of
from benchmarks.rows import Figure, Result, Row
from trio2o.rewriting.links import LinkRewriter, LinkStream

POD, TOP = b"http://10.0.0.7:8774", b"https://cloud.example:8774"
SIZE = 2_000_000
#: As a connection gives them.
CHUNK = 65_536


def a_server(number: int) -> dict[str, Any]:
    """
    A server of about 2 KB, as the detailed list shows it at 2.90.
    """
    identity = f"{number:08x}-0000-4000-8000-{number:012x}"
    image = "70a599e0-31e7-49b7-b260-868f441e862b"
    root = POD.decode()
    return {
        "id": identity,
        "name": f"server-{number}",
        "status": "ACTIVE",
        "tenant_id": "a" * 32,
        "user_id": "b" * 32,
        "metadata": {f"key-{each}": "what a user noted of it; " * 2 for each in range(6)},
        "hostId": "c" * 56,
        "image": {"id": image, "links": [{"rel": "bookmark", "href": f"{root}/images/{image}"}]},
        "flavor": {"vcpus": 1, "ram": 512, "disk": 1, "ephemeral": 0, "swap": 0, "original_name": "m1.tiny"},
        "created": "2026-11-22T04:35:10Z",
        "updated": "2026-11-22T04:36:10Z",
        "addresses": {
            "private": [
                {
                    "version": 4,
                    "addr": "10.0.0.17",
                    "OS-EXT-IPS:type": "fixed",
                    "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:17",
                }
            ]
        },
        "accessIPv4": "",
        "accessIPv6": "",
        "links": [
            {"rel": "self", "href": f"{root}/v2.1/servers/{identity}"},
            {"rel": "bookmark", "href": f"{root}/servers/{identity}"},
        ],
        "OS-DCF:diskConfig": "MANUAL",
        "progress": 0,
        "OS-EXT-AZ:availability_zone": "nova",
        "config_drive": "",
        "key_name": None,
        "OS-SRV-USG:launched_at": "2026-11-22T04:36:09.000000",
        "OS-SRV-USG:terminated_at": None,
        "security_groups": [{"name": "default"}],
        "OS-EXT-STS:task_state": None,
        "OS-EXT-STS:vm_state": "active",
        "OS-EXT-STS:power_state": 1,
        "os-extended-volumes:volumes_attached": [{"id": identity, "delete_on_termination": False}],
        "locked": False,
        "description": None,
        "tags": [],
        "trusted_image_certificates": None,
        "locked_reason": None,
        "OS-EXT-SRV-ATTR:hostname": f"server-{number}",
    }


def measure(result: Result, *, rounds: int) -> None:
    """
    Whole, in chunks as they come, and with the links of a pod that writes JSON in another way.
    """
    each = len(json.dumps(a_server(0)))
    body = json.dumps({"servers": [a_server(number) for number in range(SIZE // each)]}).encode()
    compact = body.replace(b'"rel": ', b'"rel":')
    rewriter = LinkRewriter([POD], TOP)
    tried: dict[str, Callable[[], object]] = {
        "parsing": lambda: orjson.loads(body),
        "rewriting": lambda: rewriter.rewrite(body),
        "in chunks": lambda: _streamed(rewriter, body),
        "other spaces": lambda: rewriter.rewrite(compact),
        "others, chunks": lambda: _streamed(rewriter, compact),
    }
    times: dict[str, list[float]] = {name: [] for name in tried}
    with on_core(1):
        for _ in range(rounds):
            for name, work in tried.items():
                began = time.process_time()
                work()
                times[name].append(time.process_time() - began)
    for name, taken in times.items():
        reading: Reading = reading_of(taken)
        result.add(Row(what=f"links of {len(body) / 1e6:.1f} MB", server=name, reading=reading))
    for name in tried:
        if name != "parsing":
            ratio = statistics.median(
                own / parse for own, parse in zip(times[name], times["parsing"], strict=True)
            )
            result.compare(Figure(what=f"links of a list: {name} / parsing", value=ratio, most=1.0))


def _streamed(rewriter: LinkRewriter, body: bytes) -> bytes:
    stream = LinkStream(rewriter)
    pieces = [stream.feed(body[at : at + CHUNK]) for at in range(0, len(body), CHUNK)]
    return b"".join([*pieces, stream.flush()])
