"""Publish the job code as one tar.gz object."""

import tempfile
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from infra.constructs.code_archive import pack_code


class CodeAsset(assets.Asset):
    """A package folder as a tar.gz in the asset bucket; its key changes only when the code does.

    A directory asset would be a zip, which neither a processing job nor the training toolkit can unpack.
    """

    def __init__(self, scope: Construct, construct_id: str, *, folder: Path) -> None:
        archive = pack_code(folder)
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
