"""
Who may do what: the rules of oslo.policy, their defaults, and a file that overrides them.
"""

from __future__ import annotations

import collections
import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml
from attrs import define, field
from oslo_config import cfg
from oslo_policy import policy
from zope.interface import implementer

from trio2o.errors import ConfigErrors
from trio2o.interfaces import IPolicy
from trio2o.model import Identity

#: Every rule of this project begins so; a file may define further ones for its own use under other names.
PREFIX = "trio2o:"

#: The helper rule that the defaults refer to.
ADMIN = "admin_required"

#: Where oslo.policy keeps the checks that only look at the caller and the target. Checks from anywhere else
#: are plug-ins, such as ``http:`` and ``https:``, which block the process while they ask a server.
_PURE_CHECKS = "oslo_policy._checks"


def _documented(name: str, description: str, method: str, path: str) -> policy.DocumentedRuleDefault:
    return policy.DocumentedRuleDefault(
        name=f"{PREFIX}{name}",
        check_str=f"rule:{ADMIN}",
        description=description,
        operations=[{"method": method, "path": path}],
    )


#: The rule that others refer to, then one rule for each operation of the Admin API.
RULES: tuple[policy.RuleDefault, ...] = (
    policy.RuleDefault(name=ADMIN, check_str="role:admin", description="Who administers the gateway."),
    _documented("versions:list", "List the versions of the Admin API.", "GET", "/"),
    _documented("versions:show", "Show one version of the Admin API.", "GET", "/v1.0"),
    _documented("openapi:show", "Read the description of the Admin API.", "GET", "/openapi.json"),
    _documented("health:show", "Read the details of the health.", "GET", "/healthcheck?details=true"),
    _documented("pods:list", "List the pods.", "GET", "/v1.0/pods"),
    _documented("pods:show", "Show one pod and its health.", "GET", "/v1.0/pods/{pod_id}"),
    _documented("pods:create", "Register a pod or the top region.", "POST", "/v1.0/pods"),
    _documented("pods:update", "Change a pod's state and settings.", "PATCH", "/v1.0/pods/{pod_id}"),
    _documented("pods:delete", "Remove a pod.", "DELETE", "/v1.0/pods/{pod_id}"),
    _documented("pods:drain", "Let a pod take nothing new.", "POST", "/v1.0/pods/{pod_id}/drain"),
    _documented(
        "pods:show_drain", "Show how far a pod is from having nothing.", "GET", "/v1.0/pods/{pod_id}/drain"
    ),
    _documented("pods:usage", "Show how full a pod is.", "GET", "/v1.0/pods/{pod_id}/usage"),
    _documented("schedule:explain", "Tell where a new resource would go.", "POST", "/v1.0/schedule"),
    _documented(
        "creates:explain",
        "Read in the answer to a create why its pod was chosen.",
        "POST",
        "/v2.1/servers, /v3/{project_id}/volumes (X-Trio2o-Explain: true)",
    ),
    _documented("bindings:list", "List bindings, active and ended.", "GET", "/v1.0/bindings"),
    _documented("bindings:show", "Show one binding.", "GET", "/v1.0/bindings/{binding_id}"),
    _documented("bindings:create", "Bind a project to a pod.", "POST", "/v1.0/bindings"),
    _documented("bindings:delete", "End a binding.", "DELETE", "/v1.0/bindings/{binding_id}"),
    _documented("routes:show", "Show which pod has a resource.", "GET", "/v1.0/routes/{resource_id}"),
    _documented("drift:list", "Show how pods differ from what is wanted of all.", "GET", "/v1.0/drift"),
    _documented("jobs:list", "List the jobs of the queue.", "GET", "/v1.0/jobs"),
    _documented("jobs:show", "Show one job.", "GET", "/v1.0/jobs/{job_id}"),
    _documented("jobs:redo", "Have a job done once more.", "POST", "/v1.0/jobs/{job_id}/redo"),
    _documented("jobs:cancel", "Have a job not done.", "POST", "/v1.0/jobs/{job_id}/cancel"),
)


def sample() -> str:
    """
    The sample policy file: every rule with its default, commented out.
    """
    lines = [
        "# The rules of Trio2o's policy, in the language of oslo.policy. What is commented out is a default.",
        "# Checks that ask a server (http:, https:) are refused.",
    ]
    for rule in RULES:
        lines += ["", f"# {rule.description}"]
        for operation in getattr(rule, "operations", ()):
            lines.append(f"# {operation['method']}  {operation['path']}")
        lines.append(f'#"{rule.name}": "{rule.check_str}"')
    return "\n".join(lines) + "\n"


class _Anything(collections.defaultdict[str, str]):
    """
    A target that has every attribute, so that a rule can be tried before it is used.
    """

    def __init__(self) -> None:
        super().__init__(str)


@implementer(IPolicy)
@define(eq=False)
class OsloPolicy:
    """
    The defaults, overridden by one YAML file.

    Nothing is read while requests are decided: :meth:`load` reads once and gives rules that :meth:`use`
    puts in force, so that a file that is wrong changes nothing. oslo.policy's own reading of files is left
    out: it looks at the disk on every decision and takes a rule that it cannot parse for "nobody".
    """

    _enforcer: policy.Enforcer = field(init=False)

    def __attrs_post_init__(self) -> None:
        # An own ConfigOpts: the global one is any library's to change.
        self._enforcer = policy.Enforcer(cfg.ConfigOpts(), use_conf=False)
        self.use(self.load(None))

    def load(self, path: str | None) -> Mapping[str, Any]:
        """
        The rules in force once a file is taken over; ``None`` gives the defaults. Changes nothing.

        :raises ConfigErrors: everything that is wrong with the file, each with the rule's name.
        """
        checks = {rule.name: rule.check for rule in RULES}
        texts = {} if path is None else _read(path)
        errors: list[str] = []
        for name, text in texts.items():
            try:
                checks[name] = _parse(name, text)
            except ValueError as why:
                errors.append(f"{path}: {name}: {why}")
        errors += [f"{path}: {problem}" for problem in _references(checks)]
        if not errors:
            errors += [f"{path}: {problem}" for problem in self._trial(checks)]
        if errors:
            raise ConfigErrors(errors)
        return checks

    def use(self, rules: Mapping[str, Any]) -> None:
        """
        Put rules of :meth:`load` in force.
        """
        self._enforcer.set_rules(dict(rules), overwrite=True, use_conf=False)

    def authorize(self, rule: str, identity: Identity, target: Mapping[str, Any]) -> bool:
        """
        See :meth:`IPolicy.authorize`; an unknown rule lets nobody through.
        """
        return bool(self._enforcer.enforce(rule, target, _credentials(identity)))

    def _trial(self, checks: Mapping[str, Any]) -> Iterator[str]:
        """
        Evaluate every leaf once: some mistakes (``%(name)d``) only show then, and must not become a 500
        later.
        """
        credentials = _credentials(Identity(user_id="", project_id=None, roles=frozenset(), expires_at=0.0))
        for name, check in checks.items():
            for leaf in _leaves(check):
                if isinstance(leaf, policy.RuleCheck):
                    continue
                try:
                    leaf(_Anything(), credentials, self._enforcer)
                except (ValueError, TypeError, SyntaxError, LookupError, AttributeError) as why:
                    yield f"{name}: {leaf} cannot be evaluated: {why}"


def _credentials(identity: Identity) -> dict[str, Any]:
    """
    The names that OpenStack's policies use for the caller. No token among them (I17).
    """
    return {
        "roles": list(identity.roles),
        "user_id": identity.user_id,
        "user_domain_id": identity.user_domain_id,
        "project_id": identity.project_id,
        "tenant_id": identity.project_id,
        "project_domain_id": identity.project_domain_id,
        "domain_id": identity.domain_id,
        "system_scope": identity.system_scope,
    }


def _read(path: str) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as why:
        raise ConfigErrors([f"{path}: cannot be read: {why}"]) from why
    except yaml.YAMLError as why:
        raise ConfigErrors([f"{path}: not YAML: {' '.join(str(why).split())}"]) from why
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise ConfigErrors([f"{path}: must hold rule names and their rules"])
    return cast(dict[str, Any], content)


def _parse(name: str, text: Any) -> Any:
    """
    One rule's tree of checks.

    :raises ValueError: if the rule is unknown, no text, cannot be parsed, or would ask a server.
    """
    if name.startswith(PREFIX) and name not in {rule.name for rule in RULES}:
        raise ValueError("unknown rule")
    if not isinstance(text, str):
        raise ValueError("must be text")
    # oslo.policy logs a rule that it cannot parse and puts "nobody" in its place; a rule that means
    # "nobody" has the word "!".
    with _quiet_parser():
        check = policy.RuleDefault(name, text).check
    leaves = list(_leaves(check))
    words = text.replace("(", " ").replace(")", " ").split()
    if sum(str(leaf) == "!" for leaf in leaves) != words.count("!"):
        raise ValueError(f"cannot be parsed: {text}")
    for leaf in leaves:
        if type(leaf).__module__ != _PURE_CHECKS:
            raise ValueError(f"{leaf}: checks that ask a server are refused")
    return check


@contextlib.contextmanager
def _quiet_parser() -> Iterator[None]:
    """
    Keep oslo.policy from logging, with a traceback, what is told as one :class:`ConfigErrors`.
    """
    logger = logging.getLogger("oslo_policy._parser")
    logger.addFilter(_nothing)
    try:
        yield
    finally:
        logger.removeFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    return False


def _children(check: Any) -> Sequence[Any]:
    if isinstance(check, policy.AndCheck | policy.OrCheck):
        return cast(Sequence[Any], check.rules)
    if isinstance(check, policy.NotCheck):
        return (check.rule,)
    return ()


def _leaves(check: Any) -> Iterator[Any]:
    children = _children(check)
    if not children:
        yield check
    for child in children:
        yield from _leaves(child)


def _references(checks: Mapping[str, Any]) -> Iterator[str]:
    """
    What is wrong with the rules that others refer to: missing, or in a circle.
    """
    wanted = {
        name: [leaf.match for leaf in _leaves(check) if isinstance(leaf, policy.RuleCheck)]
        for name, check in checks.items()
    }
    for name, others in wanted.items():
        yield from (f"{name}: rule:{other} is not defined" for other in others if other not in wanted)
        seen: set[str] = set()
        ahead = list(others)
        while ahead:
            other = ahead.pop()
            if other == name:
                yield f"{name}: refers to itself"
                break
            if other not in seen:
                seen.add(other)
                ahead += wanted.get(other, [])
