"""
Scenarios of the command ``openstack``: each family of commands that touches servers and volumes.
"""

from __future__ import annotations

from tests.cloud.caller import Caller
from tests.cloud.clients import command, commands
from tests.cloud.making import KEY, NOWHERE, a_volume, image, leftovers, network
from tests.cloud.volume_making import gone, waited

_NEWEST = "--os-compute-api-version 2.96"
_STORAGE = "--os-volume-api-version 3.70"


def command_servers(at: Caller) -> None:
    """
    Servers, from their create to their delete.
    """
    zone, net = at.place.zone, network(at)
    image(at)
    place = f"--availability-zone {zone}"
    commands(
        at,
        (
            "server list",
            f"server create --flavor m1.nano --image cirros --nic none {place} --property a=b --wait one",
            f"{_NEWEST} server create --flavor m1.nano --image cirros --nic net-id={net} {place} --tag t "
            "--description 'a server' --hostname two --config-drive True --wait two",
            "server create --flavor nothing --image cirros --nic none bad",
            "server create --flavor m1.nano --image nothing --nic none bad",
            "server create --flavor m1.nano --image cirros --nic none --availability-zone nowhere bad",
            "server create --flavor m1.nano --image cirros --nic none --key-name nothing bad",
            "server create --flavor m1.nano --image cirros --nic port-id=nothing bad",
            "server list --long --sort-column Name",
            f"{_NEWEST} server list --long --sort-column Name",
            "server list --name one",
            "server list --status ACTIVE --limit 1 --sort name:asc",
            "server list --all-projects",
            "server list --marker nothing",
            "server show one",
            f"{_NEWEST} server show two",
            "server show nothing",
            "server set --name uno --property c=d one",
            f"{_NEWEST} server set --description d --tag u uno",
            "server unset --property a uno",
            f"{_NEWEST} server unset --tag u uno",
            "server stop uno",
            "server event list two",
            f"{_NEWEST} server event list two",
            "console log show --lines 2 two",
            f"{_NEWEST} server lock --reason r two",
            "server delete two",
            "server unlock two",
        ),
    )
    leftovers(at)
    server = command(at, "server show two", quiet=True)["id"]
    for line, state in (
        ("server pause two", "paused"),
        ("server unpause two", "active"),
        ("server rescue two", "rescue"),
        ("server unrescue two", "active"),
        ("server shelve two", "shelved_offloaded"),
        ("server unshelve two", "active"),
        ("server rebuild --image cirros --wait two", "active"),
        ("server resize --flavor m1.micro --wait two", "verify_resize"),
        ("server resize confirm two", "active"),
        ("server reboot --wait two", "active"),
    ):
        command(at, line)
        at.until("compute", f"/servers/{server}", "server", state)
    commands(
        at,
        (
            "server add security group two default",
            "server remove security group two default",
            f"server add network two {net}",
            "server image create --name of-two two",
            "server migrate two",
            "server evacuate two",
            "server restore two",
            "server migration list",
            f"{_NEWEST} server migration list --server two",
            "server delete --wait uno",
            "server delete --wait two",
            "server list",
        ),
    )
    found = at.call("image", "GET", "/v2/images?name=of-two", bare=True, quiet=True).json()
    for each in found["images"]:
        at.call("image", "DELETE", f"/v2/images/{each['id']}", bare=True, quiet=True)


def command_cloud(at: Caller) -> None:
    """
    What is asked about a cloud: zones, flavors, keys, groups, limits, quotas, usage, and what is the administrator's.
    """
    commands(
        at,
        (
            "availability zone list",
            "availability zone list --volume",
            "flavor list",
            "flavor list --long --sort-column Name",
            "flavor show m1.tiny",
            "flavor show nothing",
            "flavor create mine",
            "flavor delete m1.tiny",
            "keypair list",
            "keypair show nothing",
            "keypair delete nothing",
            "server group create --policy anti-affinity apart",
            f"{_NEWEST} server group create --policy affinity together",
            "server group list",
            "server group show apart",
            "server group delete apart together",
            "server group delete apart",
            "limits show --absolute",
            "limits show --rate",
            "limits show --absolute --reserved",
            "quota show",
            "quota show --usage",
            "quota show --default",
            "quota list --compute",
            f"quota set --cores 1 {at.account.project_id}",
            "usage show",
            "usage list --start 2001-01-01 --end 2001-01-02",
            "hypervisor list",
            "hypervisor show nothing",
            "hypervisor stats show",
            "compute service list",
            "aggregate list",
            "aggregate create mine",
            "host list",
            "compute agent list",
            "extension list --compute --volume",
            "nothing list",
            "server list --nothing",
        ),
    )


def command_volumes(at: Caller) -> None:
    """
    Volumes, snapshots and the catalog of Block Storage.
    """
    zone = at.place.zone
    image(at)
    commands(
        at,
        (
            "volume list",
            "volume type list --long --sort-column Name",
            "volume type show files",
            "volume type show nothing",
            "volume type list --default",
            "volume type create mine",
            f"volume create --size 1 --availability-zone {zone} --property p=q --description d --type files first",
            "volume create --size 0 bad",
            "volume create --size 1 --type nothing bad",
            "volume create --size 1 --availability-zone nowhere bad",
            "volume create --size 1 --image nothing bad",
            "volume create --size 1 --snapshot nothing bad",
            "volume create bad",
        ),
    )
    first = command(at, "volume show first", quiet=True)["id"]
    at.afterwards("volume", f"/volumes/{first}")
    waited(at, f"/volumes/{first}", "volume", "available")
    commands(
        at,
        (
            "volume list --long",
            f"{_STORAGE} volume list --name first --limit 1",
            "volume list --status error",
            "volume list --all-projects",
            "volume list --marker nothing",
            "volume show first",
            f"{_STORAGE} volume show first",
            "volume show nothing",
            f"{_STORAGE} volume summary",
            "volume set --name premier --description e --property r=s --image-property os_type=linux first",
            "volume set --size 2 premier",
        ),
    )
    waited(at, f"/volumes/{first}", "volume", "available")
    commands(
        at,
        (
            "volume set --size 1 premier",
            "volume set --bootable premier",
            "volume set --read-only premier",
            "volume set --state error premier",
            "volume unset --property p --image-property os_type premier",
            "volume migrate --host h premier",
            "volume show premier",
            "volume snapshot create --volume premier --property a=b snap",
            "volume snapshot create --volume nothing snap",
        ),
    )
    snapshot = command(at, "volume snapshot show snap", quiet=True)["id"]
    at.afterwards("volume", f"/snapshots/{snapshot}")
    waited(at, f"/snapshots/{snapshot}", "snapshot", "available")
    commands(
        at,
        (
            "volume snapshot list --long",
            f"{_STORAGE} volume snapshot list --name snap --volume premier",
            "volume snapshot show snap",
            "volume snapshot show nothing",
            "volume snapshot set --name shot --description d --property c=d snap",
            "volume snapshot set --state error shot",
            "volume snapshot unset --property a shot",
            f"{_STORAGE} volume revert shot",
        ),
    )
    waited(at, f"/volumes/{first}", "volume", "available")
    waited(at, f"/snapshots/{snapshot}", "snapshot", "available")
    copies = []
    for line in (
        "--snapshot shot of-shot",
        "--source premier of-premier",
        "--image cirros --size 1 of-cirros",
    ):
        shown = command(at, f"volume create {line}")
        copies.append(f"/volumes/{shown['id']}")
        at.afterwards("volume", copies[-1])
    for each in copies:
        waited(at, each, "volume", "available")
    commands(at, ("volume show of-cirros", "volume delete premier", "volume snapshot delete shot"))
    at.until_gone("volume", f"/snapshots/{snapshot}")
    gone(at, copies)
    commands(at, ("volume delete premier nothing", "volume snapshot list"))
    at.until_gone("volume", f"/volumes/{first}")
    command(at, "volume list")


def command_storage(at: Caller) -> None:
    """
    What else Block Storage has: transfers, backups, attachments, messages, groups, and the administrator's.
    """
    volume = a_volume(at, "mine", quiet=True)
    path = f"/volumes/{volume}"
    shown = command(at, "volume transfer request create --name t mine")
    at.normal.know(shown["id"], "transfer")
    commands(
        at,
        (
            "volume transfer request list",
            "volume transfer request show t",
            f"volume transfer request accept --auth-key wrong {shown['id']}",
            f"volume transfer request delete {shown['id']}",
            "volume transfer request show nothing",
            f"{_STORAGE} volume attachment create mine {NOWHERE}",
            f"{_STORAGE} volume attachment list",
            f"{_STORAGE} volume attachment show nothing",
        ),
    )
    found = at.volume("GET", "/attachments", version="3.27", quiet=True).json()["attachments"]
    for each in found:
        command(at, f"{_STORAGE} volume attachment show {each['id']}")
        command(at, f"{_STORAGE} volume attachment delete {each['id']}")
    waited(at, path, "volume", "available")
    commands(at, ("volume backup create --name b --description d mine", "volume backup create nothing"))
    backup = command(at, "volume backup show b", quiet=True)["id"]
    at.afterwards("volume", f"/backups/{backup}")
    waited(at, f"/backups/{backup}", "backup", "available")
    waited(at, path, "volume", "available")
    commands(
        at,
        (
            "volume backup list --long",
            "volume backup show b",
            "volume backup show nothing",
            f"{_STORAGE} volume backup set --name bb --description e b",
            "volume backup record export bb",
            "volume backup delete bb",
            # without a project an administrator gets those of all
            f"{_STORAGE} volume message list --project demo",
            f"{_STORAGE} volume message show {NOWHERE}",
            f"{_STORAGE} volume group list",
            f"{_STORAGE} volume group show nothing",
            f"{_STORAGE} volume group type list",
            f"{_STORAGE} volume group snapshot list",
            "volume qos list",
            "volume service list",
            "volume backend pool list",
            "volume backend capability show h",
            f"{_STORAGE} block storage cluster list",
            f"{_STORAGE} block storage resource filter list",
            f"{_STORAGE} block storage resource filter show volume",
            f"{_STORAGE} block storage log level list",
            f"{_STORAGE} block storage volume manageable list h",
            "consistency group list",
        ),
    )
    at.until_gone("volume", f"/backups/{backup}")


def command_attaching(at: Caller) -> None:
    """
    A volume at a server, a server on a volume, a key pair.
    """
    zone = at.place.zone
    place = f"--availability-zone {zone}"
    at.compute("POST", "/os-keypairs", {"keypair": {"name": "side", "public_key": KEY}}, quiet=True)
    volume = a_volume(at, "data", quiet=True)
    path = f"/volumes/{volume}"
    commands(
        at,
        (
            "keypair list",
            "keypair show side",
            f"server create --flavor m1.nano --image cirros --nic none {place} --key-name side --wait two",
            "server add volume two data",
        ),
    )
    leftovers(at)
    waited(at, path, "volume", "in-use")
    commands(
        at,
        (
            "volume show data",
            "volume list",
            "server volume list two",
            f"{_NEWEST} server volume list two",
            f"{_NEWEST} server volume set --delete-on-termination two data",
            f"{_NEWEST} server volume set --preserve-on-termination two data",
            "server add volume two data",
            "server add volume two nothing",
            "volume delete data",
            "volume snapshot create data",
            "server remove volume two data",
        ),
    )
    waited(at, path, "volume", "available")
    commands(
        at,
        (
            "server remove volume two data",
            "server delete --wait two",
            f"server create --flavor m1.nano --image cirros --boot-from-volume 1 --nic none {place} --wait three",
            "server volume list three",
            "volume list --sort-column Size",
            "server delete --wait three",
            "keypair delete side",
        ),
    )
    left = at.volume("GET", "/volumes", quiet=True).json()["volumes"]
    for each in left:
        at.afterwards("volume", f"/volumes/{each['id']}")
