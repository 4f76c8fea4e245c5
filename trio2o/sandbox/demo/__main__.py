"""
``python -m trio2o.sandbox.demo up|start|stop|status|shell``.
"""

from __future__ import annotations

import os
import sys
import time

from trio2o.sandbox.demo.client import Client
from trio2o.sandbox.demo.cloud import Sandbox
from trio2o.sandbox.demo.layout import Layout
from trio2o.sandbox.demo.processes import StepFailed
from trio2o.sandbox.demo.tour import Tour

_USAGE = """\
up      start what does not run, and show it with the real client
start   start what does not run
stop    stop all of it
status  what runs, where, and where its log is
shell   a shell in which `openstack` is the demo user's"""

_AFTER = """
The sandbox goes on running. To use it by hand:

    make sandbox-shell                      # or: . {folder}/openrc
    openstack server create --flavor m1.tiny --image cirros --nic none --availability-zone az1 mine
    openstack server list
    openstack --os-cloud pod1 server list   # what a single pod has
    openstack --os-cloud admin token issue -f value -c id    # for the Admin API at $TRIO2O_ADMIN

    make sandbox-stop

Logs are in {folder}/log, the daemon's configuration is {folder}/trio2o.yaml."""


def main(words: list[str]) -> int:
    """
    Run one command and give its exit status.
    """
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:5.1f} s] {text}", flush=True)

    command = words[0] if words else "up"
    try:
        sandbox = Sandbox(layout=Layout(), say=say)
        if command == "up":
            _up(sandbox)
        elif command == "start":
            sandbox.up()
            say("everything runs")
        elif command == "stop":
            stopped = sandbox.down()
            say("stopped: " + ", ".join(stopped) if stopped else "nothing ran")
        elif command == "status":
            print("\n".join(sandbox.status()))
            return 0 if all(process.alive() for process in sandbox.processes) else 3
        elif command == "shell":
            _shell(sandbox)
        else:
            print(_USAGE, file=sys.stderr)
            return 2
    except StepFailed as failure:
        print(f"The sandbox: {failure}", file=sys.stderr)
        if command in ("up", "start"):
            print("What runs goes on; `make sandbox-stop` stops it.", file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"The sandbox: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nBroken off. `make sandbox` goes on from here, `make sandbox-stop` stops what runs.",
            file=sys.stderr,
        )
        return 130
    return 0


def _up(sandbox: Sandbox) -> None:
    client = Client(clouds=sandbox.layout.clouds_file)
    try:
        sandbox.up()
        sandbox.say("everything runs; the tour begins")
        Tour(sandbox=sandbox, client=client, show=lambda text: print(text, flush=True)).run()
    finally:
        client.stop()
    sandbox.say("done: one cloud over three pods, shown with the real client")
    print(_AFTER.format(folder=sandbox.layout.folder))


def _shell(sandbox: Sandbox) -> None:
    """
    Replace this process by a shell in which ``openstack`` is the demo user's.
    """
    if not sandbox.daemon.alive():
        raise StepFailed("it does not run; `make sandbox` starts it")
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    environment.update(
        PATH=path,
        OS_CLIENT_CONFIG_FILE=str(sandbox.layout.clouds_file),
        OS_CLOUD="demo",
        TRIO2O_ADMIN=sandbox.layout.admin_url,
    )
    shell = os.environ.get("SHELL") or "/bin/sh"
    os.execve(shell, [shell], environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
