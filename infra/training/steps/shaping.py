"""The arguments that decide the rows and the form of features, the same for Validate and Prepare."""

from infra.training.expressions import Json, parameter, text


def shaping_arguments() -> list[str | Json]:
    """How rows are split and how texts are cut to tokens.

    Validate names the dataset that these make, so both jobs must be given the same.
    """
    return [
        "--train-split-percentage", text(parameter("TrainSplitPercentage")),
        "--validation-split-percentage", text(parameter("ValidationSplitPercentage")),
        "--test-split-percentage", text(parameter("TestSplitPercentage")),
        "--split-protocol", parameter("SplitProtocol"),
        "--seed", text(parameter("Seed")),
        "--max-seq-length", text(parameter("MaxSeqLength")),
        "--truncation", parameter("Truncation"),
    ]  # fmt: skip
