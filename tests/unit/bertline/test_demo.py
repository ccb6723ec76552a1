"""The demo cleans up after itself; the job itself is run by tests/e2e."""

import io
from typing import Any

import pytest
from rich.console import Console

from bertline import cloud, samples
from bertline.demo import Demo


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Demo:
    monkeypatch.setattr(samples, "fetch", lambda package: None)
    return Demo(Console(file=io.StringIO()))


def interrupted(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("started", [True, False])
def test_an_interruption_stops_the_cloud_only_if_this_run_started_it(
    demo: Demo, fake: Any, monkeypatch: pytest.MonkeyPatch, started: bool
) -> None:
    stopped: list[str] = []
    target = fake(
        sagemaker={"stop_pipeline_execution": lambda **a: stopped.append(a["PipelineExecutionArn"])}
    )
    monkeypatch.setattr(cloud, "up", lambda environment: (target, started))
    monkeypatch.setattr(cloud, "down", lambda: stopped.append("cloud"))

    def deploy(_: Any) -> None:
        demo.execution = "arn:x/1"
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "_deploy", deploy)
    with pytest.raises(KeyboardInterrupt):
        demo.run()
    assert stopped == (["cloud"] if started else ["arn:x/1"])


def test_an_interruption_before_anything_runs_needs_no_clean_up(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "fetch", interrupted)
    monkeypatch.setattr(cloud, "down", interrupted)
    with pytest.raises(KeyboardInterrupt):
        demo.run()


def test_every_phase_is_timed_and_reported(demo: Demo) -> None:
    with demo._phase("the phase"):
        pass
    assert list(demo.timings) == ["the phase"]
    assert "✓ the phase" in demo.console.file.getvalue()  # type: ignore[attr-defined]
