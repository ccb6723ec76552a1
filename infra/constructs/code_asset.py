"""Publish the job code, and the libraries it brings along, as one tar.gz object."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from infra.constructs.code_archive import pack_code
from infra.constructs.vendored import vendored_files


class CodeAsset(assets.Asset):
    """A package folder as a tar.gz in the asset bucket; its key changes only when the code does.

    A directory asset would be a zip, which neither a processing job nor the training toolkit can unpack.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, folder: Path, libraries: Sequence[str] = ()
    ) -> None:
        brought = {path: content for name in libraries for path, content in vendored_files(name).items()}
        archive = pack_code(folder, brought)
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "code.tar.gz"
            path.write_bytes(archive.data)
            super().__init__(
                scope,
                construct_id,
                path=str(path),
                asset_hash=archive.fingerprint,
                asset_hash_type=cdk.AssetHashType.CUSTOM,
            )
