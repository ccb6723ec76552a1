"""Objects, records of features and messages that are written while the benchmark kills."""

import io
import random
from collections import Counter
from typing import Any

from botocore.exceptions import ClientError

from bench.kills_work import Gate, Table, Work
from bench.kills_world import BUCKET, GROUP, QUEUE, TOPIC, World, until


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
        possible = [self.sure.get(name), *self.maybe.get(name, [])]
        wanted = [one for one in possible if isinstance(one, tuple)]
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


def _body(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - bytes to compare
