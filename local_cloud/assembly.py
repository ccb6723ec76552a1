"""Reads a CDK cloud assembly: its stacks in dependency order and the file assets they need."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

# The least a zip entry can say, so that equal content gives equal bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


class DeploymentError(Exception):
    """An assembly cannot be deployed; the message names the file, asset or stack."""


@dataclass(frozen=True)
class Stack:
    """One stack of an assembly. `account` and `region` are None when the stack fits any."""

    name: str
    template: Path
    template_url: str | None = None
    account: str | None = None
    region: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    asset_manifests: tuple[Path, ...] = ()
    bootstrap_parameter: str | None = None


@dataclass(frozen=True)
class Destination:
    """Where an asset goes; the values still hold `${AWS::...}` placeholders."""

    bucket: str
    key: str
    region: str | None = None


@dataclass(frozen=True)
class Asset:
    """A file, or a directory to be zipped, and its destinations."""

    source: Path
    zipped: bool
    destinations: tuple[Destination, ...]


def read_stacks(assembly: Path) -> list[Stack]:
    """Return the stacks of an assembly and of the assemblies nested in it, each after those it depends on.

    Raises
    ------
    DeploymentError
        The directory holds no cloud assembly.
    """
    artifacts: dict[str, dict[str, Any]] = _read(assembly / "manifest.json").get("artifacts", {})
    graph = {
        name: [other for other in artifact.get("dependencies", []) if other in artifacts]
        for name, artifact in artifacts.items()
    }
    stacks: list[Stack] = []
    for name in TopologicalSorter(graph).static_order():
        artifact = artifacts[name]
        if artifact["type"] == "cdk:cloud-assembly":
            stacks += read_stacks(assembly / artifact["properties"]["directoryName"])
        elif artifact["type"] == "aws:cloudformation:stack":
            manifests = [
                assembly / artifacts[other]["properties"]["file"]
                for other in graph[name]
                if artifacts[other]["type"] == "cdk:asset-manifest"
            ]
            stacks.append(_stack(assembly, name, artifact, tuple(manifests)))
    return stacks


def read_assets(manifest: Path) -> list[Asset]:
    """Return the file assets of an asset manifest.

    Raises
    ------
    DeploymentError
        The manifest asks for a container image, or for a file that a program must make first.
    """
    content = _read(manifest)
    for identifier in content.get("dockerImages", {}):
        raise DeploymentError(f"{manifest}: asset {identifier} is a container image; there is no Docker here")
    assets = []
    for identifier, asset in content.get("files", {}).items():
        source = asset["source"]
        if "path" not in source:
            raise DeploymentError(
                f"{manifest}: asset {identifier} is made by a program, which is not supported"
            )
        destinations = tuple(
            Destination(place["bucketName"], place["objectKey"], place.get("region"))
            for place in asset["destinations"].values()
        )
        zipped = source.get("packaging", "file") == "zip"
        assets.append(Asset(manifest.parent / source["path"], zipped, destinations))
    return assets


def package(asset: Asset) -> bytes:
    """Return what is uploaded for an asset: the file itself, or a zip with the same bytes every time."""
    if not asset.zipped:
        return asset.source.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(asset.source.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(asset.source).as_posix(), _EPOCH)
                entry.external_attr = (0o755 if path.stat().st_mode & 0o100 else 0o644) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _stack(assembly: Path, name: str, artifact: dict[str, Any], manifests: tuple[Path, ...]) -> Stack:
    properties = artifact["properties"]
    account, region = _environment(artifact.get("environment", ""))
    checked = properties.get("requiresBootstrapStackVersion") is not None
    return Stack(
        name=properties.get("stackName", name),
        template=assembly / properties["templateFile"],
        template_url=properties.get("stackTemplateAssetObjectUrl"),
        account=account,
        region=region,
        parameters=dict(properties.get("parameters", {})),
        tags=dict(properties.get("tags", {})),
        asset_manifests=manifests,
        bootstrap_parameter=properties.get("bootstrapStackVersionSsmParameter") if checked else None,
    )


def _environment(text: str) -> tuple[str | None, str | None]:
    """Split `aws://<account>/<region>`; what is unknown is None."""
    found = re.fullmatch(r"aws://([^/]+)/([^/]+)", text)
    if found is None:
        return None, None
    account, region = found.groups()
    return (
        None if account == "unknown-account" else account,
        None if region == "unknown-region" else region,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise DeploymentError(f"{path} does not exist; run `cdk synth` first") from error
    except ValueError as error:
        raise DeploymentError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise DeploymentError(f"{path} is not a JSON object")
    return content
