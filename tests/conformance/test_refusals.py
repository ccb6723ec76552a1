"""What this cloud does not serve is refused by name, and never answered with an empty list."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Account


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("ListNotebookInstances", {}),
        ("ListDomains", {}),
        ("ListClusters", {}),
        ("ListAutoMLJobs", {}),
        ("ListLabelingJobs", {}),
        ("ListCompilationJobs", {}),
        ("ListEdgePackagingJobs", {}),
        ("ListMlflowTrackingServers", {}),
        ("CreateNotebookInstanceLifecycleConfig", {"NotebookInstanceLifecycleConfigName": "c"}),
        ("DescribeCluster", {"ClusterName": "c"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_operation_that_is_not_served_is_named(
    account: Account, operation: str, params: dict[str, Any]
) -> None:
    from .kinds import method

    code, message = account.refused(method(operation), **params)
    assert code == "UnsupportedOperation"
    assert operation in message


def test_tags_belong_to_something(account: Account) -> None:
    arn = account.arn("model/none")
    for operation, more in (
        ("list_tags", {}),
        ("add_tags", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("delete_tags", {"TagKeys": ["a"]}),
    ):
        code, message = account.refused(operation, ResourceArn=arn, **more)
        assert code in ("ResourceNotFound", "ValidationException")
        assert arn in message
