"""The rules of the house: which part may know of which, and one code path for both clouds."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {"bertline", "infra", "local_cloud", "pipeline_code", "bench"}
ALLOWED = {
    "bertline": {"bertline"},
    "infra": {"infra"},
    "local_cloud": {"local_cloud"},
    "pipeline_code/reviews": {"pipeline_code.reviews"},
    "pipeline_code/serving": {"pipeline_code.serving"},
    "pipeline_code/jobs": {"pipeline_code.jobs", "pipeline_code.reviews", "pipeline_code.serving"},
}
FOREIGN = {
    "bertline": {"aws_cdk", "torch", "transformers", "ministack", "sagemaker"},
    "infra": {"torch", "transformers", "ministack", "sagemaker", "boto3"},
    "local_cloud": {"aws_cdk", "torch", "transformers", "sagemaker"},
    "pipeline_code": {"aws_cdk", "constructs", "ministack", "sagemaker", "typer"},
}


def modules(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, f"{folder} has no module: the rule would check nothing"
    return found


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 or "runtime" in path.parts, f"{path}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("folder", ALLOWED)
def test_arrows_point_one_way(folder: str) -> None:
    for path in modules(folder):
        for name in imports(path):
            if name.split(".")[0] in OURS:
                inside = any(name == ok or name.startswith(f"{ok}.") for ok in ALLOWED[folder])
                assert inside, f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("folder", FOREIGN)
def test_each_part_keeps_to_its_own_libraries(folder: str) -> None:
    for path in modules(folder):
        if "runtime" in path.parts:  # what a Lambda function runs is not part of the CDK app
            continue
        for name in imports(path):
            assert name.split(".")[0] not in FOREIGN[folder], f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize(
    "path", modules("infra") + modules("pipeline_code"), ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_the_platform_does_not_know_which_cloud_it_runs_on(path: Path) -> None:
    assert not re.search(r"\bif\s+(not\s+)?(\w+\.)?(is_)?local\b", path.read_text())
    assert "AWS_ENDPOINT_URL" not in path.read_text()


def test_library_and_serving_hold_no_container_paths() -> None:
    for path in modules("pipeline_code/reviews") + modules("pipeline_code/serving"):
        assert "/opt/ml" not in path.read_text(), path
