"""What can be searched: where each kind's records come from, and what a result shows of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from local_cloud.sagemaker import control, resources
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.experiments import associations, metrics
from local_cloud.sagemaker.feature_store import metadata
from local_cloud.sagemaker.store import Record

Records = Callable[[Context], list[Record]]
_JOBS = ("TrainingJob", "ProcessingJob", "TransformJob")


@dataclass(frozen=True)
class Subject:
    """A kind that can be searched.

    Parameters
    ----------
    resource, member : str
        The kind as Search names it, and the member of a result that holds it.
    records : callable
        All records of an account and region, as results show them.
    wrapped : bool
        Whether a result holds the record in a member of its own name, beside others.
    """

    resource: str
    member: str
    records: Records
    wrapped: bool = False

    def shown(self, record: Record) -> Record:
        """A record as a result holds it."""
        return {self.member: record, "Endpoints": record.get("Endpoints", [])} if self.wrapped else record


def subject_of(resource: str) -> Subject:
    """The subject of a Search.

    Raises
    ------
    ServiceError
        UnsupportedOperation for a kind that there is nothing of here.
    """
    found = _SUBJECTS.get(resource)
    if found is None:
        raise control.unsupported(f"Search over {resource}")
    return found


def _plain(kind: str) -> Records:
    def read(ctx: Context) -> list[Record]:
        return [_tagged(ctx, kind, record) for record in ctx.store.list(kind)]

    return read


def _tagged(ctx: Context, kind: str, record: Record) -> Record:
    arn = record.get(f"{kind}Arn")
    return {**record, "Tags": resources.tags_of(ctx, arn)} if arn else record


def _trials(ctx: Context) -> list[Record]:
    components = {one["TrialComponentName"]: one for one in ctx.store.list(associations.COMPONENT)}
    members, found = _grouped(associations.links(ctx)), []
    for trial in ctx.store.list("Trial"):
        names = sorted(members[trial["TrialName"]] & components.keys())
        held = [
            {**components[name], "TrialComponentSource": components[name].get("Source")} for name in names
        ]
        found.append({**_tagged(ctx, "Trial", trial), "TrialComponentSummaries": held})
    return found


def _components(ctx: Context) -> list[Record]:
    trials = {one["TrialName"]: one["ExperimentName"] for one in ctx.store.list("Trial")}
    holders = _grouped((component, trial) for trial, component in associations.links(ctx))
    found = []
    for component in ctx.store.list(associations.COMPONENT):
        held = sorted(holders[component["TrialComponentName"]] & trials.keys())
        record = {
            **_tagged(ctx, "TrialComponent", component),
            "Parents": [{"TrialName": name, "ExperimentName": trials[name]} for name in held],
            "Metrics": metrics.summaries(ctx, component),
        }
        source = _source(ctx, component)
        found.append({**record, "SourceDetail": source} if source else record)
    return found


def _grouped(pairs: Iterable[tuple[str, str]]) -> defaultdict[str, set[str]]:
    """What belongs to each first member of the pairs."""
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        groups[one].add(other)
    return groups


def _source(ctx: Context, component: Record) -> Record | None:
    """The job that a component stands for."""
    arn = component.get("Source", {}).get("SourceArn")
    for kind in _JOBS if arn else ():
        job = ctx.store.find(kind, str(arn).rpartition("/")[2])
        if job and job.get(f"{kind}Arn") == arn:
            return {"SourceArn": arn, kind: job}
    return None


def _models(ctx: Context) -> list[Record]:
    """Models with the endpoints that serve them."""
    configs = {one["EndpointConfigName"]: one for one in ctx.store.list("EndpointConfig")}
    endpoints = ctx.store.list("Endpoint")
    found = []
    for record in ctx.store.list("Model"):
        serving = [
            {key: one[key] for key in _ENDPOINT_MEMBERS if key in one}
            for one in endpoints
            if _serves(configs.get(one["EndpointConfigName"], {}), record["ModelName"])
        ]
        found.append({**_tagged(ctx, "Model", record), "Endpoints": serving})
    return found


_ENDPOINT_MEMBERS = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")


def _serves(config: Record, model: str) -> bool:
    variants = [*config.get("ProductionVariants", []), *config.get("ShadowProductionVariants", [])]
    return any(str(variant.get("ModelName", "")).lower() == model.lower() for variant in variants)


def _features(ctx: Context) -> list[Record]:
    """Every feature of every group."""
    return [
        metadata.described(ctx, group, definition)
        for group in ctx.store.list("FeatureGroup")
        for definition in group["FeatureDefinitions"]
    ]


def _cards(ctx: Context) -> list[Record]:
    """Every card, in its latest version."""
    return [
        {**_tagged(ctx, "ModelCard", one), **one["Versions"][-1], "CreationTime": one["CreationTime"]}
        for one in ctx.store.list("ModelCard")
    ]


_SUBJECTS = {
    subject.resource: subject
    for subject in (
        *(
            Subject(kind, kind, _plain(kind))
            for kind in (
                "TrainingJob",
                "Experiment",
                "Endpoint",
                "ModelPackage",
                "ModelPackageGroup",
                "Pipeline",
                "PipelineExecution",
                "PipelineVersion",
                "FeatureGroup",
                "HyperParameterTuningJob",
            )
        ),
        Subject("ExperimentTrial", "Trial", _trials),
        Subject("ExperimentTrialComponent", "TrialComponent", _components),
        Subject("Model", "Model", _models, wrapped=True),
        Subject("FeatureMetadata", "FeatureMetadata", _features),
        Subject("ModelCard", "ModelCard", _cards),
    )
}
