"""Why a grant is there that nothing here needs: AWS does what the local cloud does not."""

_FUNCTIONS = ("training-LiveModelRole", "serving-DeployRole", "serving-VerifyRole")
_LOG_OF_FUNCTIONS = "AWS: Lambda writes the log of a function with its role; the emulator writes it itself"
_REASONS = {
    "cloudwatch:PutMetricData": "AWS lists it for every job and model; here only training jobs put metrics",
    "kms:DescribeKey": "AWS names it beside CreateGrant for keys of volumes; nothing here looks at the key",
    "logs:DescribeLogStreams": "AWS lists it for every job and model; nothing here asks for the streams",
    "s3:AbortMultipartUpload": "needed when a large upload fails half-way, and only then",
    "sqs:SendMessage": "AWS: Lambda sends what failed to the dead letters; the emulator does not",
}
_OF_RESOURCES = {
    ("experiments-JobRole", "encoder/*"): "for experiments with the encoder; the trial's learner is tfidf",
    ("training-JobRolesBaselines", "train/*"): "the artifact of the live model; none is live in the trial",
    ("training-PipelineRole", "model-package-group/bertline-dev"): "AWS's references name the group as well",
    (
        "training-LiveModelRole",
        "model-package/bertline-dev/*",
    ): "AWS's references disagree on group and version",
}


def reason_of(role: str, removed: str, actions: str) -> str:
    """The reason, or a question mark: then the grant should go."""
    for (who, ending), reason in _OF_RESOURCES.items():
        if role == who and removed.endswith(ending):
            return reason
    asked = actions.split(", ") if removed == "the statement" else [removed]
    return "; ".join(dict.fromkeys(_reason(role, action) for action in asked))


def _reason(role: str, action: str) -> str:
    if role in _FUNCTIONS and action.startswith("logs:"):
        return _LOG_OF_FUNCTIONS
    return _REASONS.get(action, "?")
