"""
Numbers over pods: what holds for any pods, whatever they count.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.merging.counts import added, total_count
from trio2o.merging.integers import SPAN, number_item, own_integer
from trio2o.merging.usage import audit_log, used_limits, used_quotas

quick = settings(max_examples=60, derandomize=True)

numbers = st.integers(0, 10**6)
names = st.sampled_from(["a", "b", "c", "total_size"])
#: Objects of one shape: a key holds numbers in every pod, or objects, as in one release's answers.
objects = st.fixed_dictionaries(
    {},
    optional={
        "count": numbers,
        "by_type": st.dictionaries(names, numbers, max_size=3),
        "deep": st.fixed_dictionaries({}, optional={"x": st.dictionaries(names, numbers, max_size=3)}),
    },
)
lists = st.lists(st.sampled_from(["x", "y", "z"]) | st.integers(0, 3), max_size=4)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """
    The numbers in an object by their places.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


class AddedTests(SynchronousTestCase):
    """
    Objects that are added up.
    """

    @quick
    @given(st.lists(objects, min_size=1, max_size=5))
    def test_each_number(self, parts: list[Any]) -> None:
        """
        Each number is the sum of those at its place; none is lost, none is new, and what pods said is not changed.
        """
        before = copy.deepcopy(parts)
        wanted: Counter[tuple[str, ...]] = Counter()
        for part in parts:
            for path, number in leaves(part):
                wanted[path] += number

        told = added(parts)

        self.assertEqual({path: wanted[path] for path in wanted}, dict(leaves(told)))
        self.assertEqual(before, parts)

    @quick
    @given(st.lists(lists, min_size=1, max_size=5))
    def test_lists(self, parts: list[Any]) -> None:
        """
        What several pods list is there once, in the order in which it is first told.
        """
        told = added([{"values": part} for part in parts])["values"]

        self.assertEqual(
            list(dict.fromkeys(json.dumps(item) for part in parts for item in part)),
            [json.dumps(item) for item in told],
        )

    @quick
    @given(st.lists(objects, min_size=2, max_size=5), st.data())
    def test_together_or_one_after_the_other(self, parts: list[Any], data: st.DataObject) -> None:
        """
        Some first and the rest then gives what all at once gives: no pod counts more than another.
        """
        at = data.draw(st.integers(1, len(parts) - 1))

        self.assertEqual(added(parts), added([added(parts[:at]), added(parts[at:])]))
        self.assertEqual(dict(leaves(added(parts))), dict(leaves(added(parts[::-1]))))


class CountTests(SynchronousTestCase):
    """
    Cinder's ``count``.
    """

    @quick
    @given(st.lists(st.none() | numbers | st.sampled_from(["7", True, [], 1e300, float("nan")]), max_size=5))
    def test_sum_of_what_is_told(self, counts: list[Any]) -> None:
        """
        The sum of the pods' numbers, and none where no pod gives one.
        """
        good = [each for each in counts if type(each) is int]

        told = total_count([{} if each is None else {"count": each} for each in counts])

        self.assertEqual(sum(good) if good else None, told)


class AuditTests(SynchronousTestCase):
    """
    The audit log.
    """

    @quick
    @given(st.lists(st.lists(st.booleans(), max_size=4), min_size=1, max_size=4))
    def test_hosts(self, pods: list[list[bool]]) -> None:
        """
        Every host of every pod is in the log, and the summary counts them.
        """
        parts = []
        for rank, hosts in enumerate(pods):
            done = sum(hosts)
            parts.append(
                {
                    "log": {
                        f"{rank}-{at}": {"state": "DONE" if ran else "RUNNING"}
                        for at, ran in enumerate(hosts)
                    },
                    "num_hosts": len(hosts),
                    "num_hosts_done": done,
                    "num_hosts_not_run": 0,
                    "hosts_not_run": [f"{rank}-{at}" for at, ran in enumerate(hosts) if not ran],
                    "total_errors": rank,
                    "overall_status": f"{done} of {len(hosts)} hosts done. {rank} errors.",
                }
            )

        told = audit_log(parts)

        everybody = [ran for hosts in pods for ran in hosts]
        self.assertEqual(len(everybody), len(told["log"]))
        self.assertEqual((len(everybody), sum(everybody)), (told["num_hosts"], told["num_hosts_done"]))
        self.assertEqual(len(everybody) - sum(everybody), len(told["hosts_not_run"]))
        words = "ALL" if all(everybody) else f"{sum(everybody)} of {len(everybody)}"
        errors = sum(range(len(pods)))
        self.assertEqual(f"{words} hosts done. {errors} errors.", told["overall_status"])


class LimitTests(SynchronousTestCase):
    """
    Limits and quotas.
    """

    @quick
    @given(
        st.lists(
            st.dictionaries(
                st.sampled_from(
                    ["totalCoresUsed", "totalRAMUsed", "maxTotalCores", "maxServerMeta", "maxTotalKeypairs"]
                ),
                st.integers(-1, 50),
            ),
            min_size=1,
            max_size=5,
        )
    )
    def test_limits(self, pods: list[dict[str, int]]) -> None:
        """
        What is used is the sum; what a maximum allows, some pod allows, and for single things every pod allows it.
        """
        told = used_limits([{"absolute": pod} for pod in pods])["absolute"]

        self.assertEqual({name for pod in pods for name in pod}, set(told))
        for name, value in told.items():
            values = [pod[name] for pod in pods if name in pod]
            endless = [float("inf") if each == -1 else each for each in values]
            if name.startswith("total"):
                self.assertEqual(sum(values), value)
            else:
                allowed = max(endless) if name == "maxTotalCores" else min(endless)
                self.assertEqual(-1 if allowed == float("inf") else allowed, value)

    @quick
    @given(
        st.lists(
            st.dictionaries(
                st.sampled_from(["cores", "ram", "volumes_fast"]),
                st.fixed_dictionaries({"limit": st.integers(-1, 50), "in_use": numbers, "reserved": numbers}),
            ),
            min_size=1,
            max_size=5,
        )
    )
    def test_quotas(self, pods: list[dict[str, dict[str, int]]]) -> None:
        """
        What is in use and reserved is the sum over all pods; the limit is that of the first pod that has the quota.
        """
        told = used_quotas([{"id": "p", **pod} for pod in pods])

        self.assertEqual({"id", *(name for pod in pods for name in pod)}, set(told))
        for name in set(told) - {"id"}:
            mine = [pod[name] for pod in pods if name in pod]
            self.assertEqual(
                {
                    "limit": mine[0]["limit"],
                    "in_use": sum(each["in_use"] for each in mine),
                    "reserved": sum(each["reserved"] for each in mine),
                },
                told[name],
            )


class NumberTests(SynchronousTestCase):
    """
    Numbers that pods count for themselves.
    """

    @quick
    @given(
        st.lists(st.lists(st.tuples(st.integers(1, 2**31 - 1), st.integers(1, 9)), max_size=4), max_size=4)
    )
    def test_unique_and_back(self, pods: list[list[tuple[int, int]]]) -> None:
        """
        Of all pods' items no two have one number unless one pod gave both, and each leads back to its pod; all else stays.
        """
        seen: dict[int, tuple[int, int]] = {}
        for serial, items in enumerate(pods, 1):
            for number, service in items:
                item = {"id": number, "service": {"id": service, "host": "h"}, "size": number}

                number_item(item, ("id", "service.id"), serial)

                self.assertEqual((serial, number), own_integer(str(item["id"])))
                self.assertEqual((serial, service), own_integer(str(item["service"]["id"])))  # type: ignore[index]
                self.assertEqual((number, "h"), (item["size"], item["service"]["host"]))  # type: ignore[index]
                self.assertEqual((serial, number), seen.setdefault(item["id"], (serial, number)))  # type: ignore[arg-type]

    @quick
    @given(st.text("0123456789-+ _x٣", max_size=14) | st.integers(-(10**12), 10**25).map(str))
    def test_any_text(self, text: str) -> None:
        """
        What leads to a pod is exactly what a number of a pod is shown as.
        """
        found = own_integer(text)

        if found is not None:
            serial, number = found
            self.assertTrue(serial > 0 and 0 < number < SPAN)
            self.assertEqual(serial * SPAN + number, int(text))
