"""The main job in one go, on the local cloud: raw reviews in, an answering endpoint out."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bertline import (
    approval,
    cloud,
    deployment,
    endpoint,
    evaluation,
    platform,
    runs,
    samples,
    uploads,
    watch,
)
from bertline.errors import BertlineError
from bertline.target import Target

SENTENCES = (
    "This camera takes wonderful pictures and the battery lasts for days.",
    "The player comes with a remote control and two cables.",
    "It broke after a week and nobody answers the phone.",
)


@dataclass
class Demo:
    """One go; `timings` fills up with the seconds of each phase."""

    console: Console
    environment: str = "dev"
    preset: str = "demo"
    timings: dict[str, float] = field(default_factory=dict)
    started_cloud: bool = False
    execution: str | None = None
    target: Target | None = None

    def run(self) -> None:
        """Do the whole job; an interruption leaves nothing running that this call started."""
        try:
            self._run()
        except KeyboardInterrupt:
            self.console.print("\n[yellow]Interrupted:[/] stopping what this run started ...")
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the execution, and the local cloud if this run started it."""
        if self.started_cloud:
            cloud.down()
        elif self.target and self.execution:
            self.target.client("sagemaker").stop_pipeline_execution(
                PipelineExecutionArn=self.execution, ClientRequestToken=f"stop-{time.time_ns():032d}"
            )

    def _run(self) -> None:
        reviews, encoder = self._fetch()
        target = self._start()
        self._deploy(target)
        place = platform.find(target, self.environment)
        values = self._upload(target, place, reviews, encoder)
        execution = self._train(target, place, values)
        verdict = evaluation.fetch(target, execution)
        self.console.rule("3 · the verdict", align="left")
        evaluation.show(verdict, self.console)
        if execution.state != "Succeeded":
            raise BertlineError(f"the pipeline refused the model. The report says more: {verdict.report}")
        self._serve(target, place)
        self._close(verdict.report)

    def _fetch(self) -> tuple[Path, Path]:
        self.console.rule("1 · the platform, on this machine", align="left")
        with self._phase("fetch data and encoder"):
            return samples.fetch(samples.REVIEWS), samples.fetch(samples.ENCODER)

    def _start(self) -> Target:
        with self._phase("start the local cloud"):
            target, self.started_cloud = cloud.up(self.environment)
            self.target = target
        url = target.endpoint_url
        self.console.print(
            f"  the local cloud answers at {url}; watch it at {url}/_local_cloud/", highlight=False
        )
        return target

    def _deploy(self, target: Target) -> None:
        with self._phase("deploy the stacks with the CDK"):
            deployment.install(target, self.environment)

    def _upload(
        self, target: Target, place: platform.Platform, reviews: Path, encoder: Path
    ) -> dict[str, str]:
        with self._phase("upload the raw reviews and the encoder"):
            s3 = target.client("s3")
            data = uploads.upload(s3, reviews, place.raw_bucket, "reviews")
            weights = uploads.upload(s3, encoder, place.raw_bucket, "encoder")
        self.console.print(
            f"  {data.sent + weights.sent} of {data.files + weights.files} files were new", highlight=False
        )
        return {"InputData": data.uri, "EncoderUri": weights.uri}

    def _train(self, target: Target, place: platform.Platform, values: dict[str, str]) -> watch.Execution:
        self.console.rule(f"2 · the pipeline {place.pipeline}", align="left")
        with self._phase("run the pipeline", quiet=True):
            self.execution = runs.start(
                target, place, {**runs.preset(self.preset), **values}, "bertline demo"
            )
            execution = watch.follow(target, self.execution, self.console)
        for step in execution.steps:
            if step.state == "Failed":
                self.console.print(f"  {step.name} failed: {step.reason}", highlight=False, markup=False)
        return execution

    def _serve(self, target: Target, place: platform.Platform) -> None:
        self.console.rule("4 · the endpoint", align="left")
        package = approval.newest(target, place)
        version = package["ModelPackageVersion"]
        with self._phase(f"approve version {version} and wait for the endpoint"):
            approval.approve(target, package["ModelPackageArn"], "approved by the demo")
            approval.wait_until_served(target, place.endpoint, package["ModelPackageArn"])
        with self._phase("ask the endpoint"):
            answers = endpoint.invoke(target, place.endpoint, list(SENTENCES))
        table = Table("text", "answer", "probability", "model version")
        for text, answer in zip(SENTENCES, answers, strict=True):
            table.add_row(text, answer["label"], f"{answer['probability']:.3f}", str(answer["model_version"]))
        self.console.print(table)

    def _close(self, report: Path) -> None:
        self.console.rule("done", align="left")
        for phase, seconds in self.timings.items():
            self.console.print(f"  {seconds:6.1f} s  {phase}", highlight=False)
        self.console.print(f"  {sum(self.timings.values()):6.1f} s  in all\n", highlight=False)
        self.console.print(f"The report: {report}", highlight=False, soft_wrap=True)
        self.console.print(
            "The local cloud and its endpoint stay up. Try next:\n"
            '  .venv/bin/python -m bertline invoke "works like a charm, highly recommended"\n'
            "  .venv/bin/python -m bertline run --set Epochs=3 --set MinAccuracyValue=0.99\n"
            "  .venv/bin/python -m bertline status\n"
            "  make down        (stops all of it)",
            highlight=False,
        )

    @contextmanager
    def _phase(self, name: str, quiet: bool = False) -> Iterator[None]:
        """Time a phase, with a spinner unless it shows its own progress."""
        begin = time.perf_counter()
        if quiet:
            yield
        elif self.console.is_terminal:
            with self.console.status(f"{name} ..."):
                yield
        else:
            self.console.print(f"  {name} ...", highlight=False)
            yield
        self.timings[name] = time.perf_counter() - begin
        if not quiet:
            self.console.print(f"  [green]✓[/] {name} ({self.timings[name]:.1f} s)", highlight=False)
