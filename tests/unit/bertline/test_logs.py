"""Logs are read where SageMaker writes them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bertline import logs
from bertline.errors import BertlineError
from bertline.watch import Step

from .conftest import client_error


def streams(**expected: str) -> dict[str, Any]:
    def describe(**asked: str) -> Any:
        assert asked == expected
        return {"logStreams": [{"logStreamName": "t-1/algo-1-1"}, {"logStreamName": "t-1/algo-2-1"}]}

    def read(**asked: Any) -> Any:
        return {"events": [{"message": f"from {asked['logStreamNames'][0]}"}]}

    return {"describe_log_streams": describe, "filter_log_events": read}


def test_a_training_job_has_one_stream_an_instance(fake: Callable[..., Any]) -> None:
    target = fake(logs=streams(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="t-1/"))
    step = Step("Train", "Succeeded", job="arn:aws:sagemaker:r:a:training-job/t-1")
    assert list(logs.of_step(step, target)) == ["from t-1/algo-1-1", "from t-1/algo-2-1"]


FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:look"
START = datetime(2026, 1, 1, tzinfo=UTC)
LOOK = Step("LiveModel", "Succeeded", 2.5, function=FUNCTION, started=START)


def function_log(group: str | None) -> dict[str, Any]:
    def configuration(**asked: str) -> Any:
        assert asked == {"FunctionName": FUNCTION}
        return (
            {"FunctionName": "look", "LoggingConfig": {"LogGroup": group}}
            if group
            else {"FunctionName": "look"}
        )

    def read(**asked: Any) -> Any:
        begin = int(START.timestamp() * 1000)
        assert (asked["startTime"], asked["endTime"]) == (begin, begin + 2501)
        return {"events": [{"message": f"from {asked['logGroupName']}\n"}]}

    return {"lambda": {"get_function_configuration": configuration}, "logs": {"filter_log_events": read}}


@pytest.mark.parametrize(("group", "expected"), [("own", "own"), (None, "/aws/lambda/look")])
def test_a_function_is_read_in_its_group_while_the_step_waited_for_it(
    fake: Callable[..., Any], group: str | None, expected: str
) -> None:
    assert list(logs.of_step(LOOK, fake(**function_log(group)))) == [f"from {expected}"]


def test_a_function_that_was_destroyed_is_named(fake: Callable[..., Any]) -> None:
    def absent(**_: Any) -> Any:
        raise client_error("ResourceNotFoundException", "no")

    target = fake(**{"lambda": {"get_function_configuration": absent}})
    with pytest.raises(BertlineError, match=f"the function {FUNCTION} is not there any more"):
        list(logs.of_step(LOOK, target))


@pytest.mark.parametrize(
    ("code", "kind"), [("ResourceNotFoundException", BertlineError), ("AccessDeniedException", ClientError)]
)
def test_a_function_that_wrote_nothing_yet_is_told_from_a_refusal(
    fake: Callable[..., Any], code: str, kind: type[Exception]
) -> None:
    def refuse(**_: Any) -> Any:
        raise client_error(code, "no")

    target = fake(**{**function_log("own"), "logs": {"filter_log_events": refuse}})
    with pytest.raises(kind):
        list(logs.of_step(LOOK, target))


def test_an_endpoint_has_a_group_of_its_own(fake: Callable[..., Any]) -> None:
    target = fake(logs=streams(logGroupName="/aws/sagemaker/Endpoints/bertline-dev"))
    assert len(list(logs.of_endpoint(target, "bertline-dev"))) == 2


def test_a_step_without_a_job_is_named(fake: Callable[..., Any]) -> None:
    with pytest.raises(BertlineError, match="step Gate has no job"):
        logs.of_step(Step("Gate", "Succeeded"), fake())


def test_a_missing_group_is_named(fake: Callable[..., Any]) -> None:
    def absent(**_: Any) -> Any:
        raise client_error("ResourceNotFoundException", "no")

    with pytest.raises(BertlineError, match="no log group /aws/sagemaker/Endpoints/e"):
        list(logs.of_endpoint(fake(logs={"describe_log_streams": absent}), "e"))


def test_another_error_of_the_service_is_not_taken_for_a_missing_group(fake: Callable[..., Any]) -> None:
    def refuse(**_: Any) -> Any:
        raise client_error("AccessDeniedException", "not authorised")

    with pytest.raises(Exception, match="not authorised"):
        list(logs.of_endpoint(fake(logs={"describe_log_streams": refuse}), "e"))
