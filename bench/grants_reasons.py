"""Why a grant is there that nothing here needs: AWS does what the local cloud does not."""

_REASONS = {
    "logs:DescribeLogStreams": "AWS lists it for what ships the logs of jobs; nothing here calls it",
}


def reason_of(role: str, removed: str, actions: str) -> str:
    """The reason, or a question mark: then the grant should go."""
    asked = actions.split(", ") if removed == "the statement" else [removed]
    return "; ".join(dict.fromkeys(_REASONS.get(action, "?") for action in asked))
