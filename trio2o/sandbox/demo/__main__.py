"""
``python -m trio2o.sandbox.demo up|stop|shell|status``.
"""

from __future__ import annotations

import os
import sys
import time

from trio2o.sandbox.demo.cloud import Sandbox
from trio2o.sandbox.demo.layout import Layout
from trio2o.sandbox.demo.processes import StepFailed
from trio2o.sandbox.demo.tour import Tour

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

    sandbox = Sandbox(layout=Layout(), say=say)
    command = words[0] if words else "up"
    try:
        if command == "up":
            sandbox.up()
            Tour(sandbox=sandbox, show=lambda text: print(text, flush=True)).run()
            say("done: one cloud over three pods, shown with the real client")
            print(_AFTER.format(folder=sandbox.layout.folder))
        elif command == "start":
            sandbox.up()
        elif command == "stop":
            stopped = sandbox.down()
            say("stopped: " + ", ".join(stopped) if stopped else "nothing ran")
        elif command == "shell":
            return _shell(sandbox)
        else:
            print("up: start and show; start: start only; stop; shell", file=sys.stderr)
            return 2
    except StepFailed as failure:
        print(f"The sandbox: {failure}", file=sys.stderr)
        return 1
    return 0


def _shell(sandbox: Sandbox) -> int:
    """
    Replace this process by a shell in which ``openstack`` is the demo user's.
    """
    if not sandbox.daemon.alive():
        raise StepFailed("it does not run; `make sandbox` starts it")
    folder = sandbox.layout.folder
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    environment = {
        **os.environ,
        "PATH": path,
        "OS_CLIENT_CONFIG_FILE": str(folder / "clouds.yaml"),
        "OS_CLOUD": "demo",
    }
    environment["TRIO2O_ADMIN"] = f"http://127.0.0.1:{sandbox.layout.admin_port}/v1.0"
    shell = os.environ.get("SHELL", "/bin/bash")
    os.execve(shell, [shell], environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
