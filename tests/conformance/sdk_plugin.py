"""A pytest plugin for the SDK's own tests: AWS's hosts are the local cloud, and no wait lasts minutes.

The tests themselves stay as they are. Their conftest builds containers, so it is not loaded; the two fixtures
of it that tests without containers use are here.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from . import aws_hosts as aws_hosts

LONGEST_SLEEP_S = 4.0
_sleep = time.sleep


def _short(seconds: float) -> None:
    _sleep(min(seconds, LONGEST_SLEEP_S))


time.sleep = _short


@pytest.fixture(scope="session")
def sagemaker_session() -> Any:
    """A session in the environment's region and role."""
    from sagemaker.core.helper.session_helper import Session

    return Session()


@pytest.fixture(scope="session")
def role() -> Any:
    """The role whose session this is."""
    from sagemaker.core.helper.session_helper import get_execution_role

    return get_execution_role()
