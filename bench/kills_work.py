"""The work during which the benchmark kills: each kind remembers what was acknowledged and looks for it."""

import io
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bench.kills_world import BUCKET, ENDPOINT, GROUP, PIPELINE, QUEUE, TOPIC, World, until

ENDED = {"Succeeded", "Failed", "Stopped"}
_KEYS = 30
_PAUSE_S = 0.01


class Gate:
    """Lets all work go on, or holds it while what it has done is checked."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held = self.over = False
        self._inside = 0

    @contextmanager
    def work(self) -> Iterator[None]:
        """One piece of work."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait until nothing is in the works, and hold the rest."""
        with self._changed:
            self._held = True
            self._changed.wait_for(lambda: self._inside == 0)
        try:
            yield
        finally:
            with self._changed:
                self._held = False
                self._changed.notify_all()


class Work(threading.Thread):
    """One kind of work, piece after piece; an error of a piece means only that it was not acknowledged."""

    def __init__(self, world: World, gate: Gate, seed: int) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self.world, self.gate = world, gate
        self.chance = random.Random(seed)  # noqa: S311 - a workload, not a secret
        self.done = 0
        self.errors: Counter[str] = Counter()

    def run(self) -> None:
        """Work until it is over."""
        while not self.gate.over:
            with self.gate.work():
                try:
                    self.piece()
                    self.done += 1
                except ClientError as error:
                    self.errors[f"{error.operation_name}: {error.response['Error']['Code']}"] += 1
                except BotoCoreError as error:
                    self.errors[type(error).__name__] += 1
            threading.Event().wait(_PAUSE_S)

    def piece(self) -> None:
        """Do one piece."""
        raise NotImplementedError

    def check(self) -> list[str]:
        """What is not as it was acknowledged, now that the server runs again."""
        return []

    def check_all(self) -> list[str]:
        """The same at the very end, with what takes long."""
        return self.check()


class Table(Work):
    """Writes values under names. One that was not acknowledged may be there or not; all others have to be."""

    def __init__(self, world: World, gate: Gate, seed: int) -> None:
        super().__init__(world, gate, seed)
        self.sure: dict[str, Any] = {}
        self.maybe: dict[str, list[Any]] = {}

    def piece(self) -> None:
        """Write a new value."""
        name = f"n{self.chance.randrange(_KEYS)}"
        value = self.draw()
        self.maybe.setdefault(name, []).append(value)
        self.write(name, value)
        self.sure[name] = value
        del self.maybe[name]

    def check(self) -> list[str]:
        """Read everything."""
        wrong = []
        for name in sorted(self.sure.keys() | self.maybe.keys()):
            found = self.read(name)
            if found not in [self.sure.get(name), *self.maybe.pop(name, [])]:
                wrong.append(f"{type(self).__name__} {name} is {found}, not {self.sure.get(name)}")
            self.sure[name] = found
        return wrong

    def draw(self) -> Any:
        """A new value."""
        raise NotImplementedError

    def write(self, name: str, value: Any) -> None:
        """Write it."""
        raise NotImplementedError

    def read(self, name: str) -> Any:
        """Read it."""
        raise NotImplementedError


class Objects(Table):
    """put_object and delete_object; a value is a size and a seed, None a deletion."""

    def draw(self) -> Any:
        """A size up to 300 kB."""
        if self.chance.random() < 0.1:
            return None
        return self.chance.randrange(1, 300_000), self.chance.randrange(2**32)

    def write(self, name: str, value: Any) -> None:
        """Put the object."""
        if value is None:
            self.world.client("s3").delete_object(Bucket=BUCKET, Key=name)
        else:
            self.world.client("s3").put_object(Bucket=BUCKET, Key=name, Body=_body(*value))

    def read(self, name: str) -> Any:
        """Get the object; what it should be if its bytes are that."""
        try:
            body = self.world.client("s3").get_object(Bucket=BUCKET, Key=name)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        wanted = [one for one in [self.sure.get(name), *self.maybe.get(name, [])] if one is not None]
        return next((one for one in wanted if _body(*one) == body), f"{len(body)} other bytes")


class Records(Table):
    """put_record; the offline store has each record that was acknowledged, and none twice."""

    def __init__(self, world: World, gate: Gate, seed: int) -> None:
        super().__init__(world, gate, seed)
        self._at = 1_700_000_000
        self._acknowledged: set[int] = set()
        self._sent: set[int] = set()

    def draw(self) -> Any:
        """A later time."""
        self._at += 1
        return self._at

    def write(self, name: str, value: Any) -> None:
        """Put the record."""
        record = [
            {"FeatureName": "record", "ValueAsString": name},
            {"FeatureName": "at", "ValueAsString": str(value)},
        ]
        self._sent.add(value)
        client = self.world.client("sagemaker-featurestore-runtime")
        client.put_record(FeatureGroupName=GROUP, Record=record)
        self._acknowledged.add(value)

    def read(self, name: str) -> Any:
        """Get the record."""
        client = self.world.client("sagemaker-featurestore-runtime")
        found = client.get_record(FeatureGroupName=GROUP, RecordIdentifierValueAsString=name).get(
            "Record", []
        )
        return next((int(one["ValueAsString"]) for one in found if one["FeatureName"] == "at"), None)

    def check_all(self) -> list[str]:
        """Compare the offline store as well."""
        wrong = self.check()
        rows = Counter[int]()
        until(lambda: self._offline(rows) or self._acknowledged <= rows.keys(), 15.0)
        wrong += [
            f"record {one} is not in the offline store" for one in sorted(self._acknowledged - rows.keys())
        ]
        wrong += [
            f"record {one} is {times} times in the offline store" for one, times in rows.items() if times > 1
        ]
        return wrong + [f"record {one} was never sent" for one in sorted(rows.keys() - self._sent)]

    def _offline(self, rows: Counter[int]) -> bool:
        import pyarrow.parquet as pq

        rows.clear()
        s3 = self.world.client("s3")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="features/"):
            for one in page.get("Contents", []):
                body = s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
                rows.update(int(at) for at in pq.ParquetFile(io.BytesIO(body)).read()["at"].to_pylist())
        return False


class Messages(Work):
    """Publishes to a topic; each message that was acknowledged is in the topic's queue."""

    def __init__(self, world: World, gate: Gate, seed: int) -> None:
        super().__init__(world, gate, seed)
        self._acknowledged: set[str] = set()
        self._received: set[str] = set()

    def piece(self) -> None:
        """Publish a message."""
        text = f"{self.chance.randrange(2**64)}"
        topic = f"arn:aws:sns:{self.world.cloud.region}:{self.world.cloud.account}:{TOPIC}"
        self.world.client("sns").publish(TopicArn=topic, Message=text)
        self._acknowledged.add(text)

    def check_all(self) -> list[str]:
        """Receive everything."""
        sqs = self.world.client("sqs")
        queue = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            self._received |= {one["Body"] for one in found}
        return [f"message {one} is lost" for one in sorted(self._acknowledged - self._received)]


class Invocations(Work):
    """Asks the endpoint."""

    def piece(self) -> None:
        """Invoke it."""
        answer = self.world.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=ENDPOINT, Body=b"ask", ContentType="text/plain", Accept="text/plain"
        )
        if answer["Body"].read() != b"ask":
            self.errors["another answer"] += 1

    def check(self) -> list[str]:
        """Ask until it answers."""
        if until(self.world.answers, 60.0):
            return []
        told = self.world.client("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
        return [f"the endpoint does not answer: {told['EndpointStatus']}, {told.get('FailureReason')}"]


class Executions(Work):
    """Runs a pipeline of three jobs, one execution after the other."""

    def __init__(self, world: World, gate: Gate, seed: int) -> None:
        super().__init__(world, gate, seed)
        self.known: list[str] = []
        self._checked = 0

    def piece(self) -> None:
        """Start an execution unless one runs."""
        sagemaker = self.world.client("sagemaker")
        if self.known and self._status(self.known[-1]) not in ENDED:
            threading.Event().wait(0.05)
            return
        token = f"{self.chance.randrange(2**128):032x}"
        started = sagemaker.start_pipeline_execution(PipelineName=PIPELINE, ClientRequestToken=token)
        self.known.append(started["PipelineExecutionArn"])

    def check(self) -> list[str]:
        """All that ran has ended, and no job runs: nobody has started anything since."""
        listed = self.world.client("sagemaker").list_processing_jobs(StatusEquals="InProgress")
        wrong = [f"job {one['ProcessingJobName']} still runs" for one in listed["ProcessingJobSummaries"]]
        since, self._checked = self._checked, len(self.known)
        return wrong + [text for arn in self.known[max(0, since - 1) :] for text in self._faults(arn)]

    def check_all(self) -> list[str]:
        """Wait for the last one, and look at all of them."""
        until(lambda: not self.known or self._status(self.known[-1]) in ENDED, 60.0)
        self._checked = 0
        return self.check()

    def _status(self, arn: str) -> str:
        described = self.world.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
        return str(described["PipelineExecutionStatus"])

    def _faults(self, arn: str) -> list[str]:
        sagemaker = self.world.client("sagemaker")
        told = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
        status, states = told["PipelineExecutionStatus"], [step["StepStatus"] for step in steps]
        name = arn.rpartition("/")[2]
        if status not in ENDED:
            return [f"execution {name} is {status} though nothing runs"]
        wrong = [f"a step of {name} is {state} though it has ended" for state in states if state not in ENDED]
        if status == "Succeeded" and states != ["Succeeded"] * 3:
            wrong.append(f"execution {name} is Succeeded with steps {states}")
        if status == "Failed" and not told.get("FailureReason"):
            wrong.append(f"execution {name} is Failed without a reason")
        return wrong + [text for step in steps for text in self._job_faults(step)]

    def _job_faults(self, step: dict[str, Any]) -> list[str]:
        arn = step.get("Metadata", {}).get("ProcessingJob", {}).get("Arn")
        if arn is None:
            return []
        name = arn.rpartition("/")[2]
        told = self.world.client("sagemaker").describe_processing_job(ProcessingJobName=name)
        wanted = "Completed" if step["StepStatus"] == "Succeeded" else "Failed"
        status = told["ProcessingJobStatus"]
        # A job may have ended well and its step not have heard of it before the server died.
        if status == wanted or (wanted == "Failed" and status == "Completed"):
            return []
        return [f"job {name} is {status}, its step {step['StepStatus']}"]


class Stacks(Work):
    """Creates stacks and deletes them."""

    def __init__(self, world: World, gate: Gate, seed: int) -> None:
        super().__init__(world, gate, seed)
        self._complete: list[str] = []
        self._number = 0

    def piece(self) -> None:
        """Create a stack, wait for it, and delete the oldest of four."""
        self._number += 1
        name = f"kept-{self._number}"
        cloudformation = self.world.client("cloudformation")
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(_template(name)))
        until(lambda: not self._status(name).endswith("_IN_PROGRESS"), 20.0)
        if self._status(name) != "CREATE_COMPLETE":
            self.errors[f"stack {self._status(name)}"] += 1
            return
        self._complete.append(name)
        if len(self._complete) > 3:
            cloudformation.delete_stack(StackName=self._complete.pop(0))

    def check(self) -> list[str]:
        """Every stack that was complete is, with all it has made; none is under way."""
        described = self.world.client("cloudformation").describe_stacks()["Stacks"]
        states = {stack["StackName"]: stack["StackStatus"] for stack in described}
        wrong = [f"stack {name} is {state}" for name, state in states.items() if "_IN_PROGRESS" in state]
        for name in self._complete:
            if states.get(name) != "CREATE_COMPLETE":
                wrong.append(f"stack {name} is {states.get(name)}, not complete")
            wrong += self._missing(name)
        return wrong

    def _missing(self, name: str) -> list[str]:
        try:
            self.world.client("s3").head_bucket(Bucket=name)
            self.world.client("ssm").get_parameter(Name=f"/{name}")
            self.world.client("sagemaker").describe_model_package_group(ModelPackageGroupName=name)
        except ClientError as error:
            return [f"stack {name} lacks a resource: {error}"]
        return []

    def _status(self, name: str) -> str:
        stacks = self.world.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return str(stacks[0]["StackStatus"])


WORKS = (Objects, Records, Messages, Invocations, Executions, Stacks)


def _body(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - bytes to compare


def _template(name: str) -> dict[str, Any]:
    group = {"ModelPackageGroupName": name, "ModelPackageGroupDescription": {"Ref": "Bucket"}}
    parameter = {"Name": f"/{name}", "Type": "String", "Value": {"Ref": "Group"}}
    return {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}},
            "Group": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": group},
            "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": parameter},
        }
    }
