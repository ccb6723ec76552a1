"""The emulator's state, for what keeps it: the tables of its services, and what they need after a restart."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Iterable
from typing import Any

Table = dict[Any, Any]
# Tables of what is going on, not of what is there: they end with the process.
_PASSING = {
    "apigateway": {"_jwks_cache", "_oidc_config_cache"},
    "cloudwatch_logs": {"_log_records"},
    "ecr": {"_uploads"},
    "eventbridge": {"_events_log"},
    "lambda_svc": {"_esm_backoff_until"},
    "stepfunctions": {"_sfn_mock_config", "_task_tokens", "_activity_tasks"},
}
# Tables that are plain dictionaries.
_PLAIN = {"sts": ("_sessions",)}
INTERRUPTED = "The local cloud was stopped while this was going on."


def version() -> str:
    """The version of the emulator."""
    from importlib.metadata import version as installed

    return installed("ministack")


@functools.cache
def known_modules() -> frozenset[str]:
    """The names of all modules that hold the state of a service."""
    from ministack import app

    return frozenset(app._registry_module_names())


def loaded_modules() -> frozenset[str]:
    """Those of them that have been imported, and so may hold something."""
    return frozenset(name for name in known_modules() if f"ministack.services.{name}" in sys.modules)


def modules_of(service: str) -> tuple[str, ...]:
    """The modules of a service, by the name that `service_of` gives."""
    from ministack import app

    found = app.SERVICE_REGISTRY.get(service)
    return (found["module"], *found.get("sub_modules", ())) if found else ()


def service_of(method: str, path: str, headers: dict[str, str], query: dict[str, list[str]]) -> str:
    """The service that a request is for."""
    from ministack.core import router

    return str(router.detect_service(method, path, headers, query))


def tables(module: str) -> dict[str, Table]:
    """The live tables of a module by name; a key holds the account, and the region of a regional service."""
    scoped, plain = _holders(module)
    return {name: holder._data for name, holder in scoped.items()} | plain


@functools.cache
def _holders(module: str) -> tuple[dict[str, Any], dict[str, Table]]:
    """What holds the tables of a module; that is made once, when it is imported."""
    from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict

    loaded = importlib.import_module(f"ministack.services.{module}")
    passing = _PASSING.get(module, set())
    scoped = {
        name: value
        for name, value in vars(loaded).items()
        if isinstance(value, (AccountScopedDict, AccountRegionScopedDict)) and name not in passing
    }
    return scoped, {name: getattr(loaded, name) for name in _PLAIN.get(module, ())}


def settle(modules: Iterable[str]) -> None:
    """Let services take up their work on tables that were filled; call it before requests are served."""
    for module in set(modules) & _SETTLE.keys():
        _SETTLE[module]()


def _settle_functions() -> None:
    from ministack.services import lambda_svc

    # Nothing to restore: it starts what polls event sources.
    lambda_svc.load_persisted_state({})


def _settle_state_machines() -> None:
    from ministack.services import stepfunctions

    # Nothing to restore: what ran has failed (States.ServiceRestart).
    stepfunctions.load_persisted_state({"state_machines": {}})


def _settle_queries() -> None:
    for query in tables("athena")["_executions"].values():
        status = query.get("Status", {})
        if status.get("State") in ("QUEUED", "RUNNING"):
            status.update(State="FAILED", StateChangeReason=INTERRUPTED)


_SETTLE = {
    "lambda_svc": _settle_functions,
    "stepfunctions": _settle_state_machines,
    "athena": _settle_queries,
}
