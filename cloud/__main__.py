"""
``python -m cloud up|status|stop [NAME…]|stop --wipe``.
"""

from __future__ import annotations

import os
import socket
import sys
import time

from cloud.lifecycle import Cloud, seconds_since
from cloud.plan import Plan, WrongSetting
from cloud.processes import StepFailed
from cloud.steps import Steps
from cloud.tempest.command import tempest

_USAGE = """\
python -m cloud up             install and start everything; what runs already is left alone
python -m cloud status         what runs; exit status 1 unless all does
python -m cloud stop           stop everything
python -m cloud stop NAME...   stop some of it, such as pod2-nova-api; `up` brings it back
python -m cloud stop --wipe    stop everything and forget all data; what is installed stays
python -m cloud tempest        run tempest at a pod and at the top region, and compare; --help tells more
"""

_AFTER = """
export OS_CLIENT_CONFIG_FILE={clouds}
.venv/bin/openstack --os-cloud top-demo server create --flavor m1.tiny --image cirros --nic none --availability-zone az1 mine
.venv/bin/openstack --os-cloud top-demo server list      # both pods as one cloud
.venv/bin/openstack --os-cloud pod1-demo server list     # what a single pod has

Logs are in {logs}. `make test-cloud` compares both, `make cloud-stop` stops everything."""


def main(words: list[str]) -> int:
    """
    Run one command and give its exit status.
    """
    started = time.monotonic()

    def tell(text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def say(text: str) -> None:
        tell(f"[{seconds_since(started)}] {text}")

    command, *rest = words or [""]
    try:
        cloud = Cloud(steps=Steps(plan=Plan.from_environment(), say=say))
        if command == "up" and not rest:
            _need_root()
            _need_localhost()
            cloud.up()
            say("done")
            tell(_AFTER.format(clouds=cloud.plan.clouds_file, logs=cloud.plan.logs))
        elif command == "status" and not rest:
            for line in cloud.status():
                tell(line)
            return int(bool(cloud.missing()))
        elif command == "tempest":
            return tempest(cloud.steps, rest)
        elif command == "stop":
            stopped = cloud.down([word for word in rest if word != "--wipe"])
            say("stopped: " + ", ".join(stopped) if stopped else "nothing ran")
            if "--wipe" in rest:
                cloud.wipe()
                say(f"forgotten: all data below {cloud.plan.base}")
        else:
            sys.stderr.write(_USAGE)
            return 2
    except (StepFailed, WrongSetting) as failure:
        sys.stderr.write(f"The cloud: {failure}\n")
        return 1
    return 0


def _need_root() -> None:
    if os.geteuid() != 0:
        raise StepFailed("it needs root: Debian packages are installed, and MariaDB gets a user of its own")


def _need_localhost() -> None:
    """
    RabbitMQ looks the name up; a folder of Debian without a container's ``/etc/hosts`` does not have it.
    """
    try:
        socket.getaddrinfo("localhost", None, socket.AF_INET)
    except OSError as error:
        raise StepFailed(
            "`localhost` cannot be looked up: /etc/hosts needs the line `127.0.0.1 localhost`"
        ) from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
