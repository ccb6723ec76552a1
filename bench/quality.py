"""Quality of the full preset on the default data, over seeds, beside TF-IDF and the majority class."""

import statistics

from bertline import cloud, deployment, evaluation, platform, runs, samples, uploads, watch

SEEDS = (41, 42, 43)
METRICS = ("accuracy", "macro_f1")


def main() -> None:
    """Train with each seed on the local cloud and print the test metrics."""
    target, started = cloud.up("dev")
    try:
        deployment.install(target, "dev")
        place = platform.find(target, "dev")
        s3 = target.client("s3")
        inputs = {
            "InputData": uploads.upload(s3, samples.fetch(samples.REVIEWS), place.raw_bucket, "reviews").uri,
            "EncoderUri": uploads.upload(s3, samples.fetch(samples.ENCODER), place.raw_bucket, "encoder").uri,
        }
        found = []
        for seed in SEEDS:
            values = {**runs.preset("full"), **inputs, "Seed": str(seed)}
            execution = watch.wait(target, runs.start(target, place, values, "bench quality"))
            found.append(evaluation.fetch(target, execution).content)
            _row(
                f"fine-tuned, seed {seed}",
                found[-1]["metrics"],
                f"train {execution.step('Train').seconds or 0:.0f} s",
            )
        for name, baseline in found[-1]["baselines"].items():
            _row(name, baseline["metrics"], "")
        means = {m: {"value": statistics.mean(f["metrics"][m]["value"] for f in found)} for m in METRICS}
        _row(f"fine-tuned, mean of {len(SEEDS)}", means, "")
        print(
            f"on {found[-1]['rows']} test sentences of {found[-1]['groups']} reviews that training never saw"
        )
    finally:
        if started:
            cloud.down()


def _row(name: str, metrics: dict[str, dict[str, float]], note: str) -> None:
    values = "  ".join(f"{metric} {metrics[metric]['value']:.3f}" for metric in METRICS)
    print(f"{name:28}{values}  {note}", flush=True)
