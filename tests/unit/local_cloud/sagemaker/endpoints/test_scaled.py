"""A variant that is scaled automatically is neither removed nor moved to other machines by an update."""

from __future__ import annotations

import pytest

from local_cloud.sagemaker.errors import ServiceError

from .conftest import Account, variant


def test_a_scaled_variant_must_be_deregistered_before_it_changes(account: Account) -> None:
    account.model("one")
    account.endpoint("live", account.config("first", variant("one")))
    resource = "endpoint/live/variant/AllTraffic"
    account.ctx.store.put("ScalableTarget", resource, {"ResourceId": resource})
    account.config("renamed", variant("one", "Other"))
    account.config("larger", {**variant("one"), "InstanceType": "ml.m5.2xlarge"})
    for config in ("renamed", "larger"):
        with pytest.raises(ServiceError, match=r'The variant\(s\) "AllTraffic" must be deregistered'):
            account.call("UpdateEndpoint", EndpointName="live", EndpointConfigName=config)
    account.config("same", variant("one", weight=2))
    assert account.update("live", "same")["EndpointConfigName"] == "same"
    account.ctx.store.delete("ScalableTarget", resource)
    assert account.update("live", "renamed")["EndpointConfigName"] == "renamed"
