"""
The services' configuration files, as text by their paths below the cloud's ``etc``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Mapping
from typing import Any

import yaml

from cloud.plan import (
    ADMIN_PASSWORD,
    CHECKOUT,
    DEMO_PASSWORD,
    QUEUE_PASSWORD,
    QUEUE_PORT,
    QUEUE_USER,
    SERVICE_PASSWORD,
    TOP_REGION,
    Plan,
    Pod,
)

Sections = dict[str, dict[str, Any]]

EXAMPLE = CHECKOUT / "conf" / "examples" / "cloud.yaml"

_GUNICORN = """\
# Every API is one worker with a few threads.
import os
import shlex
import sys

workers = 1
worker_class = "gthread"
threads = int(os.environ.get("CLOUD_THREADS", "4"))
timeout = 300
graceful_timeout = 5
# gunicorn's own 2 s close connections that clients' pools are about to use
keepalive = 120
loglevel = "warning"
errorlog = "-"


def post_fork(server, worker):
    # the services read sys.argv, where gunicorn's own arguments stand
    sys.argv = shlex.split(os.environ["CLOUD_ARGV"])
"""


def write_files(plan: Plan) -> None:
    """
    Write every file that differs from what it should be.
    """
    _copy_defaults(plan)
    for name, text in rendered(plan).items():
        path = plan.configuration / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    text = clouds_yaml(plan)
    if not plan.clouds_file.exists() or plan.clouds_file.read_text() != text:
        plan.clouds_file.write_text(text)


def changed_at(plan: Plan) -> dict[str, float]:
    """
    When the files of each service, or of each whole pod, last changed, seconds since the epoch; by the service's or pod's name.
    """
    latest: dict[str, float] = {}
    for name in rendered(plan):
        owner = name.partition("/")[0]
        moment = (plan.configuration / name).stat().st_mtime
        latest[owner] = max(moment, latest.get(owner, 0.0))
    return latest


def rendered(plan: Plan) -> dict[str, str]:
    """
    The files, by their paths.
    """
    files = {
        "gunicorn.py": _GUNICORN,
        "keystone/keystone.conf": ini(_keystone(plan)),
        "glance/glance-api.conf": ini(_glance(plan)),
        "rabbitmq/rabbitmq.conf": _rabbitmq(plan),
        "rabbitmq/definitions.json": _rabbitmq_definitions(plan),
        "rabbitmq/enabled_plugins": "[].\n",
        "trio2o/trio2o.yaml": daemon_yaml(plan),
    }
    for pod in plan.pods:
        nova = _nova(plan, pod)
        files[f"{pod.name}/nova/nova.conf"] = ini(nova)
        # nova-compute finds a database that it is told of, and then refuses to start
        files[f"{pod.name}/nova/nova-cpu.conf"] = ini(
            {name: options for name, options in nova.items() if not name.endswith("database")}
        )
        files[f"{pod.name}/placement/placement.conf"] = ini(_placement(plan, pod))
        files[f"{pod.name}/cinder/cinder.conf"] = ini(_cinder(plan, pod))
        files[f"{pod.name}/neutron/neutron.conf"] = ini(_neutron(plan, pod))
    return files


def ini(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """
    An oslo.config file.
    """
    blocks = []
    for name, options in sections.items():
        lines = [f"{key} = {_told(value)}" for key, value in options.items()]
        blocks.append("\n".join([f"[{name}]", *lines, ""]))
    return "\n".join(blocks)


def clouds_yaml(plan: Plan) -> str:
    """
    ``clouds.yaml``: ``top`` and each pod for the administrator, and with ``-demo`` for an ordinary user.

    Glance has one endpoint, in the top region.
    """
    clouds: dict[str, Any] = {}
    for suffix, user, password in (("", "admin", ADMIN_PASSWORD), ("-demo", "demo", DEMO_PASSWORD)):
        auth = {
            "auth_url": plan.keystone,
            "username": user,
            "password": password,
            "project_name": user,
            "user_domain_id": "default",
            "project_domain_id": "default",
        }
        for name, region in [("top", TOP_REGION), *((pod.name, pod.region) for pod in plan.pods)]:
            clouds[name + suffix] = {
                "region_name": region,
                "image_region_name": TOP_REGION,
                "identity_api_version": "3",
                "auth": dict(auth),
            }
    head = "# Written by `make cloud`; use it as OS_CLIENT_CONFIG_FILE.\n"
    return head + yaml.safe_dump({"clouds": clouds}, sort_keys=False)


def daemon_yaml(plan: Plan) -> str:
    """
    The daemon's configuration: the documented example, and the pods that it does not name.
    """
    text = EXAMPLE.read_text()
    named = {pod["name"] for pod in yaml.safe_load(text)["pods"]}
    more = [
        f"- {{name: {pod.region}, az: {pod.zone}, pod_az: nova}}\n"
        for pod in plan.pods
        if pod.region not in named
    ]
    return text + "".join(more)


def _copy_defaults(plan: Plan) -> None:
    """
    The paste files, policies and filters that the packages bring along.
    """
    shipped = plan.services / "etc"
    glance = plan.configuration / "glance"
    shutil.copytree(shipped / "glance" / "metadefs", glance / "metadefs", dirs_exist_ok=True)
    shutil.copy(shipped / "glance" / "glance-api-paste.ini", glance)
    for folder in ("images", "staging", "tasks", "lock"):
        (plan.state / "glance" / folder).mkdir(parents=True, exist_ok=True)
    (plan.state / "keystone").mkdir(parents=True, exist_ok=True)
    (plan.state / "rabbitmq").mkdir(parents=True, exist_ok=True)
    for pod in plan.pods:
        for service in ("nova", "cinder", "neutron"):
            shutil.copytree(shipped / service, plan.configuration / pod.name / service, dirs_exist_ok=True)
        state = plan.state / pod.name
        for folder in (
            "nova/instances",
            "cinder/conversion",
            "cinder/backup",
            "cinder/volumes",
            "cinder/lock",
            "neutron/lock",
        ):
            (state / folder).mkdir(parents=True, exist_ok=True)


def _told(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _common() -> dict[str, Any]:
    return {"debug": False, "use_stderr": True}


def _database(plan: Plan, name: str) -> dict[str, Any]:
    return {
        "connection": plan.database(name),
        "max_pool_size": 5,
        "max_overflow": 20,
        "connection_recycle_time": 3600,
    }


def _login(plan: Plan, user: str, **more: Any) -> dict[str, Any]:
    return {
        "auth_type": "password",
        "auth_url": plan.keystone,
        "username": user,
        "password": SERVICE_PASSWORD,
        "project_name": "service",
        "user_domain_id": "default",
        "project_domain_id": "default",
        **more,
    }


def _token_check(plan: Plan, user: str, region: str) -> dict[str, Any]:
    """
    How a service checks tokens, and that it believes ended ones only beside a service token.
    """
    return _login(
        plan,
        user,
        www_authenticate_uri=plan.keystone,
        region_name=region,
        interface="public",
        service_token_roles="service",
        service_token_roles_required=True,
        token_cache_time=60,
    )


def _service_token(plan: Plan, user: str) -> dict[str, Any]:
    """
    The service token that goes along with a user's: current Cinder detaches nothing without it.
    """
    return _login(plan, user, send_service_user_token=True)


def _rabbit() -> dict[str, Any]:
    return {
        "rabbit_transient_quorum_queue": False,
        "rabbit_quorum_queue": False,
        "heartbeat_in_pthread": False,
    }


def _rabbitmq(plan: Plan) -> str:
    lines = {
        "listeners.tcp.1": f"127.0.0.1:{QUEUE_PORT}",
        "load_definitions": plan.configuration / "rabbitmq" / "definitions.json",
        "vm_memory_high_watermark.absolute": "1GB",
        "disk_free_limit.absolute": "500MB",
        "log.console": "true",
        "log.console.level": "warning",
        "log.file": "false",
    }
    return "".join(f"{key} = {value}\n" for key, value in lines.items())


def _rabbitmq_definitions(plan: Plan) -> str:
    salt = b"rig!"
    digest = hashlib.sha256(salt + QUEUE_PASSWORD.encode()).digest()
    user = {
        "name": QUEUE_USER,
        "password_hash": base64.b64encode(salt + digest).decode(),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": "administrator",
    }
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    definitions = {
        "users": [user],
        "vhosts": [{"name": name} for name in plan.queue_hosts],
        "permissions": [{"user": QUEUE_USER, "vhost": name, **everything} for name in plan.queue_hosts],
    }
    return json.dumps(definitions, indent=1)


def _keystone(plan: Plan) -> Sections:
    keys = plan.state / "keystone"
    return {
        "DEFAULT": {**_common(), "public_endpoint": plan.keystone.removesuffix("/v3"), "max_token_size": 255},
        "database": _database(plan, "keystone"),
        "token": {"provider": "fernet", "expiration": 14400},
        "fernet_tokens": {"key_repository": keys / "fernet-keys"},
        "fernet_receipts": {"key_repository": keys / "fernet-keys"},
        "credential": {"key_repository": keys / "credential-keys"},
        # the least that bcrypt takes: logging in should not be what tests wait for
        "identity": {"password_hash_rounds": 4},
        "cache": {"enabled": True, "backend": "dogpile.cache.memory"},
        "oslo_policy": {"enforce_scope": True},
    }


def _glance(plan: Plan) -> Sections:
    state = plan.state / "glance"
    return {
        "DEFAULT": {
            **_common(),
            "enabled_backends": "files:file",
            "worker_self_reference_url": plan.glance,
            "show_multiple_locations": False,
        },
        "database": _database(plan, "glance"),
        "glance_store": {"default_backend": "files"},
        "files": {"filesystem_store_datadir": state / "images"},
        "os_glance_staging_store": {"filesystem_store_datadir": state / "staging"},
        "os_glance_tasks_store": {"filesystem_store_datadir": state / "tasks"},
        "keystone_authtoken": _token_check(plan, "glance", TOP_REGION),
        "paste_deploy": {
            "flavor": "keystone",
            "config_file": plan.configuration / "glance" / "glance-api-paste.ini",
        },
        "oslo_concurrency": {"lock_path": state / "lock"},
    }


def _placement(plan: Plan, pod: Pod) -> Sections:
    return {
        "DEFAULT": _common(),
        "placement_database": _database(plan, f"{pod.name}_placement"),
        "api": {"auth_strategy": "keystone"},
        "keystone_authtoken": _token_check(plan, "placement", pod.region),
    }


def _nova(plan: Plan, pod: Pod) -> Sections:
    """
    Nova; every other service is asked in the pod's own region, never in the top one, whose Cinder is the gateway.
    """
    state = plan.state / pod.name / "nova"
    return {
        "DEFAULT": {
            **_common(),
            "host": f"{pod.name}-compute",
            "my_ip": "127.0.0.1",
            "state_path": state,
            "transport_url": plan.queue(pod),
            "compute_driver": "cloudfake.FakeHypervisor",
            "allow_resize_to_same_host": True,
            "vif_plugging_is_fatal": False,
            "vif_plugging_timeout": 0,
            "osapi_compute_workers": 1,
            "service_down_time": 120,
            "report_interval": 20,
            "update_resources_interval": 0,
            "rootwrap_config": plan.configuration / pod.name / "nova" / "rootwrap.conf",
        },
        "api": {"max_limit": 1000},
        "api_database": _database(plan, f"{pod.name}_nova_api"),
        "database": _database(plan, f"{pod.name}_nova"),
        "keystone_authtoken": _token_check(plan, "nova", pod.region),
        "service_user": _service_token(plan, "nova"),
        "keystone": _login(plan, "nova", region_name=TOP_REGION, valid_interfaces="public"),
        "placement": _login(plan, "placement", region_name=pod.region, valid_interfaces="public"),
        "neutron": _login(plan, "neutron", region_name=pod.region, valid_interfaces="public"),
        "cinder": _login(plan, "nova", os_region_name=pod.region, catalog_info="volumev3:cinderv3:publicURL"),
        "glance": {"api_servers": plan.glance},
        "conductor": {"workers": 1},
        "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": 60},
        "vnc": {
            "enabled": True,
            "novncproxy_base_url": f"http://127.0.0.1:{pod.number}6080/vnc_auto.html",
        },
        "serial_console": {"enabled": False},
        "os_vif_ovs": {},
        "oslo_concurrency": {"lock_path": state / "lock"},
        "oslo_messaging_rabbit": _rabbit(),
    }


def _cinder(plan: Plan, pod: Pod) -> Sections:
    state, etc = plan.state / pod.name / "cinder", plan.configuration / pod.name / "cinder"
    return {
        "DEFAULT": {
            **_common(),
            "host": f"{pod.name}-storage",
            "my_ip": "127.0.0.1",
            "state_path": state,
            "transport_url": plan.queue(pod),
            "api_paste_config": etc / "api-paste.ini",
            "resource_query_filters_file": etc / "resource_filters.json",
            "rootwrap_config": etc / "rootwrap.conf",
            "auth_strategy": "keystone",
            "glance_api_servers": plan.glance,
            "enabled_backends": "files",
            "default_volume_type": "files",
            "image_conversion_dir": state / "conversion",
            "backup_driver": "cinder.backup.drivers.posix.PosixBackupDriver",
            "backup_posix_path": state / "backup",
            # Each holds up to 1 GiB in memory, the piece that a volume of that size is read in. In smaller pieces, a volume
            # made of a backup ends in an error: between two of them Cinder takes the backup for one that is not restored.
            "backup_max_operations": 2,
            "backup_workers": 1,
            "osapi_volume_workers": 1,
            "report_interval": 20,
            "service_down_time": 120,
            "allow_force_upload": True,
        },
        "files": {
            "volume_driver": "cloudfakes.volume_files.VolumeFiles",
            "volume_backend_name": "files",
            "cloudfakes_folder": state / "volumes",
        },
        "database": _database(plan, f"{pod.name}_cinder"),
        "keystone_authtoken": _token_check(plan, "cinder", pod.region),
        "service_user": _service_token(plan, "cinder"),
        "nova": _login(plan, "nova", region_name=pod.region, interface="public"),
        "coordination": {"backend_url": f"file://{state}/coordination"},
        "oslo_concurrency": {"lock_path": state / "lock"},
        "oslo_messaging_rabbit": _rabbit(),
    }


def _neutron(plan: Plan, pod: Pod) -> Sections:
    state, etc = plan.state / pod.name / "neutron", plan.configuration / pod.name / "neutron"
    return {
        "DEFAULT": {
            **_common(),
            "host": f"{pod.name}-network",
            "state_path": state,
            "transport_url": plan.queue(pod),
            "core_plugin": "ml2",
            "service_plugins": "router",
            "auth_strategy": "keystone",
            "api_workers": 1,
            "rpc_workers": 0,
            # hex, so that no two pods give out the same address
            "base_mac": f"fa:16:{pod.number:02d}:00:00:00",
            "notify_nova_on_port_status_changes": True,
            "notify_nova_on_port_data_changes": True,
            "api_paste_config": etc / "api-paste.ini",
        },
        "database": _database(plan, f"{pod.name}_neutron"),
        "keystone_authtoken": _token_check(plan, "neutron", pod.region),
        "nova": _login(plan, "nova", region_name=pod.region, endpoint_type="public"),
        "placement": _login(plan, "placement", region_name=pod.region),
        "ml2": {
            "type_drivers": "flat,vlan,vxlan,local",
            "tenant_network_types": "vxlan",
            "mechanism_drivers": "cloudfakes",
            "extension_drivers": "port_security",
        },
        "ml2_type_vxlan": {"vni_ranges": "1:5000"},
        "ml2_type_flat": {"flat_networks": "*"},
        "ml2_type_vlan": {"network_vlan_ranges": "physnet1:100:200"},
        "securitygroup": {"enable_security_group": True},
        "oslo_concurrency": {"lock_path": state / "lock"},
        "oslo_messaging_rabbit": _rabbit(),
    }
