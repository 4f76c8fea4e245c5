"""
The names of what Prometheus is told beside requests and calls to pods, with what each is.
"""

from __future__ import annotations

from collections.abc import Mapping

#: The gauges that a service may show: what each is, and its labels.
WATCHED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "trio2o_requests_in_progress": ("Client requests under way.", ("surface",)),
    "trio2o_client_connections": ("Open connections of clients, idle ones too.", ("surface",)),
    "trio2o_pod_breaker_state": (
        "The breaker of a pod's service: 0 closed, 1 half open, 2 open.",
        ("pod", "service"),
    ),
    "trio2o_pod_state": ("1 for the state of a pod that counts, 0 for the others.", ("pod", "state")),
    "trio2o_pod_calls_in_progress": ("Calls to a pod under way.", ("pod",)),
    "trio2o_state_ready": ("1 once pods and bindings were read from the database.", ()),
    "trio2o_state_current": ("1 while the database's changes are followed.", ()),
    "trio2o_state_change": ("The number of the last change of pods or bindings that this process knows.", ()),
    "trio2o_database_up": ("1 while the database answers.", ()),
    "trio2o_identity_up": ("1 when Keystone answered the last request to it.", ()),
    "trio2o_database_connections_in_use": ("Database connections that a query holds.", ()),
    "trio2o_outbox_writes": ("Writes that wait for the database to be back.", ()),
    "trio2o_token_cache_entries": ("Tokens in the cache.", ()),
    "trio2o_route_cache_entries": ("Routes in the cache.", ()),
    "trio2o_jobs_leader": ("1 in the process that compares routes with pods and settles keyed creates.", ()),
    "trio2o_route_checks_distrusted": (
        "1 while no route to a pod's service ends, because it says of most that they are not there.",
        ("pod", "service"),
    ),
    "trio2o_pod_room_free": (
        "What is left of a pod's resource, claims counted; below 0 where more is promised than may be.",
        ("pod", "resource"),
    ),
    "trio2o_pod_room_limit": (
        "What may be promised of a pod's resource: overcommitment in, headroom out.",
        ("pod", "resource"),
    ),
    "trio2o_pod_room_claimed": (
        "What was placed in a pod, by all processes, and is not in its usage yet.",
        ("pod", "resource"),
    ),
    "trio2o_pod_offers_age_seconds": (
        "How long ago a pod's flavors and volume types were collected.",
        ("pod",),
    ),
    "trio2o_quota_drift": (
        "How many limits of a pod's default class are lower than at the top, as the elected daemon saw last.",
        ("pod", "service"),
    ),
    "trio2o_quota_keystone_age_seconds": (
        "How long ago the elected daemon has read Keystone's unified limits of a region.",
        ("region",),
    ),
    "trio2o_pod_marks": (
        "How many sorts of creates are kept away from a pod because it has lately refused such.",
        ("pod", "lack"),
    ),
    "trio2o_drift": (
        "How often a pod differed from what is wanted of all when they were compared last.",
        ("kind", "pod"),
    ),
    "trio2o_pod_usage_age_seconds": ("How long ago a pod's usage was collected.", ("pod",)),
    "trio2o_usage_collector": ("1 in the process that asks pods for their usage.", ()),
    "trio2o_job_queue_running": ("Jobs of the queue that this process works at.", ()),
    "trio2o_job_queue_jobs": (
        "Jobs of the queue that wait, run, or are dead letters, by the elected process.",
        ("kind", "state"),
    ),
    "trio2o_job_queue_oldest_seconds": (
        "For how long the oldest waiting job of a kind has been wanted, by the elected process.",
        ("kind",),
    ),
    "trio2o_quota_reservations": (
        "What is being made and counts for its project, or whose end nobody knows yet, by the elected process.",
        ("service",),
    ),
    "trio2o_access_log_lines_lost": ("Access log lines that could not be written since the start.", ()),
}

#: What is counted beside requests and calls to pods: what each is, and its labels.
COUNTED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "trio2o_token_lookups": (
        "Look-ups of users' tokens: hit, or miss (Keystone, or the memory of its refusals, was asked).",
        ("result",),
    ),
    "trio2o_route_lookups": (
        "Look-ups of routes, by where the route was found: memory, database, pods, or nowhere.",
        ("source",),
    ),
    "trio2o_merge_missing_pods": (
        "How often a pod was left out of a merged answer.",
        ("surface", "pod"),
    ),
    "trio2o_route_checks": (
        "Routes that the cleaner asked pods about, by what was said: present, absent, or unclear.",
        ("pod", "result"),
    ),
    "trio2o_routes_ended": (
        "Routes that the cleaner ended, because the pod no longer has the resource.",
        ("pod",),
    ),
    "trio2o_tombstones_pruned": (
        "Places of ended resources that were forgotten because of their age.",
        ("pod",),
    ),
    "trio2o_news": (
        "Pieces of news between the processes, by what became of them: told, heard, or lost.",
        ("result",),
    ),
    "trio2o_keyed_creates": (
        "Creates with an Idempotency-Key: first, repeated, unsettled (the first is under way, or nobody knows how it "
        "ended), or other (the key was used for another request).",
        ("result",),
    ),
    "trio2o_intents_settled": (
        "Keyed creates whose answer was lost, by what the pod was asked and said: found, or freed (never made).",
        ("result",),
    ),
    "trio2o_job_queue_attempts": (
        "Attempts at jobs of the queue, by how they ended: done, retried, dead, cancelled, given_back (the daemon stopped), or "
        "lost (another process has the job, or nobody knows).",
        ("kind", "outcome"),
    ),
    "trio2o_quota_refusals": (
        "Requests that were refused because their project has as much as it may have over all pods.",
        ("service", "resource"),
    ),
    "trio2o_quota_differences": (
        "How much of a resource pods were found to have more (direction up) or less (down) than was counted.",
        ("service", "resource", "direction"),
    ),
    "trio2o_quota_reservations_settled": (
        "Reservations whose end nobody knew, and that a reading of the pods has closed.",
        ("service",),
    ),
}
