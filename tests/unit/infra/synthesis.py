"""Synthesise an environment once per test run and read what came out."""

import json
import os
import re
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from jsii._kernel.providers import process

from infra.node import use_bundled_node


def _drain(reader: IO[bytes]) -> None:
    for _ in iter(reader.readline, b""):
        pass


# jsii copies what Node.js prints to the stderr of pytest, from a thread that dies when pytest closes that
# between two tests. Node.js then blocks as soon as the pipe is full, so nothing is copied here.
process.stderr_sink = _drain
# The Node.js process keeps the environment it is started with. Only the gate test validates, and asks for it.
_validation = os.environ.get("CDK_VALIDATION")
os.environ["CDK_VALIDATION"] = "false"
use_bundled_node()
import aws_cdk  # noqa: E402, F401

if _validation is None:
    del os.environ["CDK_VALIDATION"]
else:
    os.environ["CDK_VALIDATION"] = _validation

from infra.application import build  # noqa: E402

_scratch = tempfile.TemporaryDirectory(prefix="assemblies-")  # removed when the test run ends
COMPONENTS = ("data", "registry", "training", "experiments", "serving")
Json = dict[str, Any]


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly on disk."""

    environment: str
    folder: Path

    def template(self, component: str) -> Json:
        """The template of one component's stack."""
        path = self.folder / f"bertline-{self.environment}-{component}.template.json"
        return json.loads(path.read_text())

    def manifest(self) -> Json:
        """The manifest of the assembly."""
        return json.loads((self.folder / "manifest.json").read_text())

    def resources(self, component: str, kind: str) -> dict[str, Json]:
        """Resources of one type by logical id."""
        found = self.template(component)["Resources"]
        return {name: item for name, item in found.items() if item["Type"] == kind}

    def only(self, component: str, kind: str, start: str = "") -> Json:
        """The one resource of a type whose logical id begins with `start`."""
        found = [item for name, item in self.resources(component, kind).items() if name.startswith(start)]
        assert len(found) == 1, f"{len(found)} {kind} begin with {start!r} in {component}"
        return found[0]

    def definition(self) -> Json:
        """The pipeline definition as SageMaker gets it, with readable stand-ins for deploy-time values."""
        body = self.only("training", "AWS::SageMaker::Pipeline")["Properties"]["PipelineDefinition"]
        return json.loads(resolve(body["PipelineDefinitionBody"]))

    def statements(self, component: str, role: str) -> list[Json]:
        """Policy statements of the role whose logical id begins with `role`, resources made readable."""
        policy = self.only(component, "AWS::IAM::Policy", f"{role}DefaultPolicy")
        return [
            {
                **one,
                "Action": listed(one["Action"]),
                "Resource": [resolve(r) for r in listed(one["Resource"])],
            }
            for one in policy["Properties"]["PolicyDocument"]["Statement"]
        ]


@cache
def synthesise(environment: str) -> Assembly:
    """Synthesise an environment, once."""
    folder = Path(_scratch.name) / environment
    build(environment, outdir=folder).synth()
    return Assembly(environment, folder)


def listed(value: Any) -> list[Any]:
    """A value that may stand for a list of one."""
    return value if isinstance(value, list) else [value]


def resolve(value: Any) -> str:
    """A string with its intrinsic functions replaced by the resources they stand for, in angle brackets."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        return argument[0].join(resolve(part) for part in argument[1])
    if function == "Fn::Sub":
        return re.sub(r"\$\{(AWS::\w+)\}", r"<\1>", argument)
    if function == "Fn::ImportValue":
        return f"<{_exported(argument)}>"
    if function == "Fn::GetAtt":
        return f"<{_short(argument[0])}>"
    assert function == "Ref", f"unexpected {function}"
    return f"<{argument if argument.startswith('AWS::') else _short(argument)}>"


def _exported(name: str) -> str:
    match = re.search(r":ExportsOutput(?:Ref|FnGetAtt)(.+?)[0-9A-F]{8}", name)
    assert match, name
    return match.group(1)


def _short(logical_id: str) -> str:
    return re.sub(r"[0-9A-F]{8}$", "", logical_id)
