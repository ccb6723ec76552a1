"""The page of the local cloud, as a person sees it: in headless Chromium, while things happen."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration import chromium
from tests.integration.conftest import Cloud, until

NAME = "<img src=x onerror=alert(1)>"
WAIT = """
import os, sys, time
print("the kettle is on", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.05)
"""
needs_browser = pytest.mark.skipif(
    chromium.chromium() is None, reason="no Chromium is installed: apt-get install chromium"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Page]:
    with chromium.browser(tmp_path_factory.mktemp("browser") / "profile") as page:
        yield page


@pytest.fixture(scope="module")
def role(cloud: Cloud) -> str:
    return cloud.make_role("page")


def definition(flag: Path) -> str:
    processing = {
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "AppSpecification": {
            "ImageUri": "image",
            "ContainerEntrypoint": [sys.executable, "-c", WAIT, str(flag)],
        },
    }
    steps = [{"Name": "Boil", "Type": "Processing", "Arguments": processing}]
    return json.dumps({"Version": "2020-12-01", "Steps": steps})


def start(cloud: Cloud, role: str, flag: Path) -> str:
    sagemaker, name = cloud.client("sagemaker"), f"kettle-{uuid.uuid4().hex[:8]}"
    sagemaker.create_pipeline(
        PipelineName=name,
        PipelineDefinition=definition(flag),
        ClientRequestToken=uuid.uuid4().hex,
        RoleArn=role,
    )
    started = sagemaker.start_pipeline_execution(PipelineName=name, PipelineExecutionDisplayName="morning")
    return str(started["PipelineExecutionArn"])


def get(cloud: Cloud, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(f"{cloud.url}/_local_cloud/{path}", headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


@needs_browser
def test_an_execution_is_followed_to_its_end(
    cloud: Cloud, role: str, page: chromium.Page, tmp_path: Path
) -> None:
    arn, flag = start(cloud, role, tmp_path / "flag"), tmp_path / "flag"
    name = arn.split("/")[-3]
    page.open(f"{cloud.url}/_local_cloud/")
    rows = "[...document.querySelectorAll('#executions tbody tr')]"
    row = f"{rows}.find(row => row.innerText.includes('{name}'))"
    page.until(f"{row}?.innerText.includes('Executing')")
    page.run(f"{row}.querySelector('a').click()")
    page.until("document.querySelector('#execution tbody')?.innerText.includes('Boil')")
    page.until("document.querySelector('#execution tbody a')?.innerText === 'log'")
    page.run("document.querySelector('#execution tbody a').click()")
    page.until("document.querySelector('#log pre')?.innerText.includes('the kettle is on')")
    page.run("history.back()")
    page.until("document.querySelector('#execution tbody')?.innerText.includes('Executing')")
    flag.touch()
    page.until("document.querySelector('#execution tbody .good')?.innerText === 'Succeeded'")
    page.run("document.querySelector('main a').click()")
    page.until(f"{row}?.innerText.includes('Succeeded')")
    assert page.problems == []


@needs_browser
def test_names_are_shown_and_never_run(cloud: Cloud, role: str, page: chromium.Page) -> None:
    sagemaker, group = cloud.client("sagemaker"), f"kettles-{uuid.uuid4().hex[:8]}"
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    sagemaker.create_feature_group(
        FeatureGroupName=group,
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="at",
        FeatureDefinitions=[
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "Fractional"},
        ],
        OnlineStoreConfig={"EnableOnlineStore": True},
    )
    pipeline = {"PipelineName": group, "ClientRequestToken": uuid.uuid4().hex, "RoleArn": role}
    fail = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": NAME}}
    text = json.dumps({"Version": "2020-12-01", "Steps": [fail]})
    sagemaker.create_pipeline(PipelineDefinition=text, **pipeline)
    arn = sagemaker.start_pipeline_execution(PipelineName=group)["PipelineExecutionArn"]
    described = lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)  # noqa: E731
    until(described, lambda found: found["PipelineExecutionStatus"] == "Failed")
    page.open(f"{cloud.url}/_local_cloud/#")
    page.until(f"document.querySelector('#feature-groups')?.innerText.includes('{group}')")
    shown = f"document.querySelector('#executions').innerText.includes({json.dumps(NAME)})"
    page.until(shown)
    assert page.run("document.querySelectorAll('img').length") == 0
    for width in (1200, 360):
        page.open(f"{cloud.url}/_local_cloud/?{width}", width)
        page.until(f"document.querySelector('#executions') && {shown}")
        assert page.run("document.documentElement.scrollWidth") <= width


@needs_browser
def test_it_says_when_the_cloud_is_gone(page: chromium.Page, cloud: Cloud) -> None:
    page.open(f"{cloud.url}/_local_cloud/?gone")
    page.until("document.getElementById('live').innerText === 'live'")
    page.send("Network.enable")
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.send("Network.emulateNetworkConditions", offline=True, **offline)
    page.until("document.getElementById('live').innerText === 'the local cloud does not answer'")
    page.send("Network.emulateNetworkConditions", offline=False, **offline)
    page.until("document.getElementById('live').innerText === 'live'")


def test_nothing_but_its_own_files_may_run(cloud: Cloud) -> None:
    status, headers, _ = get(cloud, "")
    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_what_has_not_changed_is_not_sent_again(cloud: Cloud) -> None:
    _, headers, body = get(cloud, "page.js")
    assert body
    assert get(cloud, "page.js", **{"If-None-Match": headers["etag"]})[::2] == (304, b"")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("console/execution", 400, "'arn' is missing"),
        (
            "console/execution?arn=arn:aws:sagemaker:us-east-1:123456789012:pipeline/x/execution/y",
            400,
            "x/execution/y",
        ),
        ("console/log?group=/no/such&stream=x", 200, "streams"),
        ("../etc/passwd", 404, ""),
        ("page.html", 404, "No route"),
    ],
)
def test_what_is_not_there_is_said(cloud: Cloud, path: str, status: int, said: str) -> None:
    answer: Any = get(cloud, path)
    assert answer[0] == status
    assert said in answer[2].decode()
