"""Experiments with trials and components; artifacts, actions and contexts, and what leads where."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Account


def artifact(account: Account, uri: str = "s3://a/b", kind: str = "DataSet", **more: Any) -> str:
    made = account.sagemaker.create_artifact(Source={"SourceUri": uri}, ArtifactType=kind, **more)
    return str(made["ArtifactArn"])


def action(account: Account, name: str = "approve") -> str:
    made = account.sagemaker.create_action(
        ActionName=name, Source={"SourceUri": "s3://a"}, ActionType="Approval"
    )
    return str(made["ActionArn"])


def context(account: Account, name: str = "endpoint") -> str:
    made = account.sagemaker.create_context(
        ContextName=name, Source={"SourceUri": "s3://a"}, ContextType="Endpoint"
    )
    return str(made["ContextArn"])


def associate(account: Account, source: str, destination: str, kind: str = "ContributedTo") -> None:
    account.sagemaker.add_association(SourceArn=source, DestinationArn=destination, AssociationType=kind)


def test_an_artifact_is_described_updated_listed_and_deleted(account: Account) -> None:
    sagemaker = account.sagemaker
    arn = artifact(account, ArtifactName="reviews", Properties={"rows": "10", "by": "me"})
    assert arn.startswith(account.arn("artifact/"))
    sagemaker.update_artifact(ArtifactArn=arn, Properties={"rows": "11"}, PropertiesToRemove=["by"])
    described = sagemaker.describe_artifact(ArtifactArn=arn)
    assert (described["ArtifactName"], described["Properties"]) == ("reviews", {"rows": "11"})
    other = artifact(account, "s3://a/c", "Model")

    def listed(**params: str) -> list[str]:
        return [one["ArtifactArn"] for one in sagemaker.list_artifacts(**params)["ArtifactSummaries"]]

    assert listed(ArtifactType="Model") == listed(SourceUri="s3://a/c") == [other]
    assert sagemaker.delete_artifact(ArtifactArn=arn)["ArtifactArn"] == arn
    assert account.refused("describe_artifact", ArtifactArn=arn)[0] == "ResourceNotFound"


def test_an_action_is_updated(account: Account) -> None:
    action(account)
    account.sagemaker.update_action(ActionName="approve", Status="Completed", Description="done")
    described = account.sagemaker.describe_action(ActionName="approve")
    assert (described["Status"], described["Description"]) == ("Completed", "done")


def test_a_context_is_updated(account: Account) -> None:
    context(account)
    account.sagemaker.update_context(ContextName="endpoint", Properties={"a": "1"})
    assert account.sagemaker.describe_context(ContextName="endpoint")["Properties"] == {"a": "1"}


def test_associations_are_listed_from_either_end_and_deleted(account: Account) -> None:
    first, second, third = artifact(account), action(account), context(account)
    associate(account, first, second)
    associate(account, second, third, "AssociatedWith")

    def listed(**params: str) -> list[tuple[str, str]]:
        found = account.sagemaker.list_associations(**params)["AssociationSummaries"]
        return [(one["SourceArn"], one["DestinationArn"]) for one in found]

    assert listed(SourceArn=first) == listed(DestinationArn=second) == [(first, second)]
    assert listed(AssociationType="AssociatedWith") == [(second, third)]
    account.sagemaker.delete_association(SourceArn=first, DestinationArn=second)
    assert listed(SourceArn=first) == []
    got = account.refused("delete_association", SourceArn=first, DestinationArn=second)
    assert got[0] == "ResourceNotFound"


def test_an_association_needs_both_its_ends(account: Account) -> None:
    missing = account.arn("artifact/" + "0" * 32)
    got = account.refused("add_association", SourceArn=artifact(account), DestinationArn=missing)
    assert got[0] == "ResourceNotFound"


@pytest.mark.parametrize(
    ("direction", "depth", "reached"),
    [
        ("Descendants", 10, {"action", "context"}),
        ("Descendants", 1, {"action"}),
        ("Ascendants", 10, set()),
        ("Both", 10, {"action", "context"}),
    ],
)
def test_lineage_is_followed_as_far_as_asked(
    account: Account, direction: str, depth: int, reached: set[str]
) -> None:
    first, second, third = artifact(account), action(account), context(account)
    associate(account, first, second)
    associate(account, second, third)
    found = account.sagemaker.query_lineage(StartArns=[first], Direction=direction, MaxDepth=depth)
    kinds = {one["Arn"].split(":")[5].split("/")[0] for one in found["Vertices"] if one["Arn"] != first}
    assert kinds == reached


def test_lineage_has_its_edges_when_asked(account: Account) -> None:
    first, second = artifact(account), action(account)
    associate(account, first, second)
    query = account.sagemaker.query_lineage
    (edge,) = query(StartArns=[first], Direction="Descendants", IncludeEdges=True)["Edges"]
    assert (edge["SourceArn"], edge["DestinationArn"]) == (first, second)
    assert query(StartArns=[first], Direction="Descendants", IncludeEdges=False).get("Edges", []) == []


def test_lineage_is_filtered_by_type(account: Account) -> None:
    first, second, third = artifact(account), action(account), context(account)
    associate(account, first, second)
    associate(account, second, third)
    found = account.sagemaker.query_lineage(
        StartArns=[first], Direction="Descendants", Filters={"LineageTypes": ["Context"]}, IncludeEdges=False
    )
    assert [one["Arn"] for one in found["Vertices"]] == [third]


def test_trials_belong_to_experiments_and_components_to_trials(account: Account) -> None:
    sagemaker = account.sagemaker
    sagemaker.create_experiment(ExperimentName="e")
    for name in ("t1", "t2"):
        sagemaker.create_trial(TrialName=name, ExperimentName="e")
    sagemaker.create_trial_component(TrialComponentName="c")
    sagemaker.associate_trial_component(TrialComponentName="c", TrialName="t1")

    def trials(**params: str) -> set[str]:
        return {one["TrialName"] for one in sagemaker.list_trials(**params)["TrialSummaries"]}

    def components(**params: str) -> list[str]:
        found = sagemaker.list_trial_components(**params)["TrialComponentSummaries"]
        return [one["TrialComponentName"] for one in found]

    assert trials(ExperimentName="e") == {"t1", "t2"}
    assert trials(TrialComponentName="c") == {"t1"}
    assert components(TrialName="t1") == components(ExperimentName="e") == ["c"]
    assert components(TrialName="t2") == []
    sagemaker.disassociate_trial_component(TrialComponentName="c", TrialName="t1")
    assert components(TrialName="t1") == []


def test_a_trial_needs_its_experiment(account: Account) -> None:
    got = account.refused("create_trial", TrialName="t", ExperimentName="none")
    assert got == ("ResourceNotFound", f"Experiment '{account.arn('experiment/none')}' does not exist.")


def test_a_component_keeps_parameters_metrics_and_artifacts(account: Account) -> None:
    sagemaker = account.sagemaker
    sagemaker.create_trial_component(
        TrialComponentName="c",
        Status={"PrimaryStatus": "InProgress", "Message": "on it"},
        Parameters={"rate": {"NumberValue": 0.1}, "kind": {"StringValue": "a"}},
        InputArtifacts={"data": {"MediaType": "text/csv", "Value": "s3://a/b"}},
    )
    sagemaker.update_trial_component(
        TrialComponentName="c",
        Status={"PrimaryStatus": "Completed"},
        Parameters={"rate": {"NumberValue": 0.2}},
        ParametersToRemove=["kind"],
    )
    described = sagemaker.describe_trial_component(TrialComponentName="c")
    assert described["Status"]["PrimaryStatus"] == "Completed"
    assert described["Parameters"] == {"rate": {"NumberValue": 0.2}}
    assert described["InputArtifacts"]["data"]["Value"] == "s3://a/b"


def test_an_experiment_is_renamed(account: Account) -> None:
    account.sagemaker.create_experiment(ExperimentName="e", Description="first")
    account.sagemaker.update_experiment(ExperimentName="e", DisplayName="E", Description="second")
    described = account.sagemaker.describe_experiment(ExperimentName="e")
    assert (described["DisplayName"], described["Description"]) == ("E", "second")


def test_versions_of_a_model_card_count_up(account: Account) -> None:
    """The developer guide: any edit but one of the approval status makes another version."""
    sagemaker = account.sagemaker
    sagemaker.create_model_card(ModelCardName="c", Content="{}", ModelCardStatus="Draft")
    sagemaker.update_model_card(ModelCardName="c", ModelCardStatus="PendingReview")
    assert sagemaker.describe_model_card(ModelCardName="c")["ModelCardVersion"] == 1
    content = '{"model_overview": {"model_description": "reviews"}}'
    sagemaker.update_model_card(ModelCardName="c", Content=content)
    latest = sagemaker.describe_model_card(ModelCardName="c")
    assert (latest["ModelCardVersion"], latest["Content"]) == (2, content)
    assert sagemaker.describe_model_card(ModelCardName="c", ModelCardVersion=1)["Content"] == "{}"
    listed = sagemaker.list_model_card_versions(ModelCardName="c")["ModelCardVersionSummaryList"]
    assert sorted(one["ModelCardVersion"] for one in listed) == [1, 2]
