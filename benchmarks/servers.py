"""
The processes of a benchmark: pods, Keystone, the gateway, and what it is compared with.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from attrs import define, field

ROOT = Path(__file__).resolve().parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")


class MissingProgram(Exception):
    """
    A program of Debian's that the benchmark needs is not installed.
    """


@define
class Server:
    """
    One process, pinned to a core, with the CPU time it has used.
    """

    name: str
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """
        User and system time of the process and its children so far.
        """
        return sum(_cpu(pid) for pid in [self.process.pid, *_children(self.process.pid)])

    def memory(self, what: str) -> int:
        """
        A figure of the process alone, in bytes: ``VmRSS``, or ``VmHWM`` for its peak since :meth:`forget_peak`.
        """
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == what:
                return int(value.split()[0]) * 1024
        raise KeyError(what)

    def forget_peak(self) -> None:
        """
        Make the peak of its memory what it has now (proc(5), ``clear_refs``).
        """
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def stop(self) -> None:
        """
        End it.
        """
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@define
class Bench:
    """
    Starts servers below a folder and ends them all.
    """

    folder: Path
    servers: list[Server] = field(factory=list)

    def start(self, name: str, command: list[str], port: int, *, core: int, patience: float = 60.0) -> Server:
        """
        Start a server on a core and wait until it listens.

        :param patience: seconds that this may take.
        """
        log = (self.folder / f"{name}.log").open("wb")
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        pinned = ["taskset", "-c", str(core % (os.cpu_count() or 1)), *command]
        process = subprocess.Popen(
            pinned, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment, cwd=ROOT
        )
        server = Server(name, process)
        self.servers.append(server)
        deadline = time.monotonic() + patience
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start; see {log.name}")
            time.sleep(0.05)
        return server

    def stop(self, server: Server) -> None:
        """
        End one server.
        """
        server.stop()
        self.servers.remove(server)

    def close(self) -> None:
        """
        End all.
        """
        for server in reversed(self.servers):
            server.stop()
        self.servers.clear()


def needed(program: str) -> str:
    """
    The path of a program.

    :raises MissingProgram: if there is none.
    """
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        raise MissingProgram(program)
    return found


def python(module: str, *words: str) -> list[str]:
    """
    The command that runs a module of ours.
    """
    return [sys.executable, "-m", module, *words]


def free_ports(count: int) -> list[int]:
    """
    Ports that nothing listens at.
    """
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def http(
    method: str, url: str, body: Any = None, token: str = "", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """
    One request, for setting things up.
    """
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data=data, method=method, headers={"Content-Type": "application/json", **(headers or {})}
    )
    if token:
        request.add_header("X-Auth-Token", token)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return (
                answer.status,
                {name.lower(): value for name, value in answer.headers.items()},
                answer.read(),
            )
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


def nginx(folder: Path, port: int, upstream: int) -> list[str]:
    """
    The command of an nginx with one worker that passes everything on over kept connections.
    """
    conf = folder / "nginx.conf"
    conf.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  keepalive_requests 10000000;
  upstream pod {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 10000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://pod; proxy_http_version 1.1;
    proxy_set_header Connection ""; }} }}
}}
"""
    )
    return [needed("nginx"), "-p", str(folder), "-c", str(conf)]


def haproxy(folder: Path, port: int, upstream: int) -> list[str]:
    """
    The command of an HAProxy with one thread that passes everything on over kept connections.
    """
    conf = folder / "haproxy.cfg"
    conf.write_text(
        f"""global
  nbthread 1
  maxconn 4096
defaults
  mode http
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:{port}
  default_backend pod
backend pod
  server pod 127.0.0.1:{upstream}
"""
    )
    return [needed("haproxy"), "-db", "-f", str(conf)]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _children(pid: int) -> list[int]:
    try:
        direct = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return direct + [deeper for child in direct for deeper in _children(child)]
