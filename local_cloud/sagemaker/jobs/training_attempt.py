"""One attempt of a training job: hosts made ready, processes run to their end, metrics read."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from local_cloud.defaults import HOST
from local_cloud.sagemaker.jobs import (
    channels,
    drivers,
    early_stopping,
    logs,
    supervise,
    training_host,
    transfer,
)
from local_cloud.sagemaker.jobs.cluster import Member
from local_cloud.sagemaker.jobs.container import Container
from local_cloud.sagemaker.jobs.errors import JobFailed
from local_cloud.sagemaker.jobs.lifecycle import Run
from local_cloud.sagemaker.jobs.metrics import MetricReader
from local_cloud.sagemaker.jobs.mirror import Mirror
from local_cloud.sagemaker.jobs.pipes import Feeder

_FAILURE = "opt/ml/output/failure"


class Attempt:
    """One attempt.

    Parameters
    ----------
    verdict : callable
        What ends the attempt, given the seconds that it has trained; None while it may go on.
    enter : callable
        Lets the job enter a secondary status, with a message.
    """

    def __init__(
        self,
        run: Run,
        client: Any,
        members: Sequence[Member],
        verdict: Callable[[float], Exception | None],
        enter: Callable[[str, str], None],
    ) -> None:
        self._run, self._client, self._members = run, client, members
        self._verdict, self._enter = verdict, enter
        self._feeders: list[Feeder] = []
        self._objectives: list[float] = []
        self.containers = [run.container(one.host, one.number) for one in members]

    def run(self) -> None:
        """Run it.

        Raises
        ------
        JobFailed
            A host failed, or an input is not there.
        Exception
            What the verdict is; no process is left.
        """
        try:
            self._enter("Downloading", "Downloading input data")
            for container, member in zip(self.containers, self._members, strict=True):
                self._prepare(container, member)
            self._enter("Training", "Training image download completed. Training in progress.")
            self._train()
        finally:
            for feeder in self._feeders:
                feeder.finish()
        failure = self._failed_feed()
        if failure:  # the hosts may have taken what they got for all that there is
            raise failure

    def _failed_feed(self) -> JobFailed | None:
        """That a pipe could not be filled, if so."""
        return next((JobFailed(one.failure) for one in self._feeders if one.failure), None)

    def _prepare(self, container: Container, member: Member) -> None:
        request = self._run.request
        training_host.lay_out(container, request, member, self._members)
        default = request["AlgorithmSpecification"].get("TrainingInputMode", "File")
        for channel in request.get("InputDataConfig", []):
            verdict = self._verdict(0.0)
            if verdict is not None:
                raise verdict
            feeder = channels.fetch(self._client, channel, default, container, member, self._members)
            if feeder is not None:
                self._feeders.append(feeder)
        drivers.localize(container)
        saved = request.get("CheckpointConfig")
        if saved and transfer.listed(self._client, saved["S3Uri"]):
            transfer.download(
                self._client, saved["S3Uri"], training_host.checkpoint_folder(container, request)
            )

    def _train(self) -> None:
        run = self._run
        pairs = [pair for container in self.containers for pair in training_host.mirrored(container, run)]
        mirror = Mirror(self._client, pairs, run.name)
        shipper = logs.LogShipper(
            run.ctx, run.request["RoleArn"], run.kind.log_group, run.name, dimension="TrainingJobName"
        )
        began = time.monotonic()

        def ended() -> Exception | None:
            return self._failed_feed() or self._verdict(time.monotonic() - began)

        well = False
        try:
            exits = supervise.run(
                self._commands(), ended=ended, on_line=self._line_sink(shipper), grace=run.grace
            )
            reason = supervise.failure_of(exits, _FAILURE)
            if reason:
                raise JobFailed(reason)
            well = True
        finally:
            shipper.close()
            if not well:
                mirror.abandon()
        mirror.finish()

    def _commands(self) -> list[supervise.Command]:
        meeting = _meeting_point() if len(self.containers) > 1 else {}
        return [
            supervise.Command(
                one,
                training_host.words(self._run.request, one),
                training_host.environment(self._run, one, meeting),
            )
            for one in self.containers
        ]

    def _line_sink(self, shipper: logs.LogShipper) -> Callable[[int, str], None]:
        reader = MetricReader(self._run.request["AlgorithmSpecification"].get("MetricDefinitions", []))

        def line(number: int, text: str) -> None:
            shipper.line(number, text)
            found = reader.feed(text)
            for metric in found:
                shipper.metric(metric)
            if found:
                self._run.note(FinalMetricDataList=reader.final(), **self._history(found))

        return line

    def _history(self, found: list[dict[str, Any]]) -> dict[str, list[float]]:
        """What a tuning job wants to know as well: its objective, as often as it was printed."""
        objective = self._run.request.get("Objective", {}).get("MetricName")
        self._objectives += [one["Value"] for one in found if one["MetricName"] == objective]
        return {early_stopping.HISTORY: self._objectives} if objective else {}


def _meeting_point() -> dict[str, str]:
    """Where the hosts of a job meet: all jobs run on this machine, so each gets a free port of its own."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return {"MASTER_ADDR": HOST, "MASTER_PORT": str(probe.getsockname()[1])}
