"""`bertline upload`: sources, encoders and contracts, each under the hash of its content."""

from pathlib import Path
from typing import Annotated

import typer

from bertline import contracts, platform, uploads
from bertline.errors import BertlineError
from bertline.options import Environment, echo, target_of

KINDS = {  # what may be uploaded: the prefix in the raw bucket, the pipeline parameter
    "reviews": ("reviews", "InputData"),
    "encoder": ("encoder", "EncoderUri"),
    "contract": ("contracts", "ContractUri"),
}


def upload(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE...]", help="Files, folders, s3:// prefixes.")
    ] = None,
    kind: Annotated[str, typer.Option(help="reviews, encoder or contract.")] = "reviews",
    contract: Annotated[
        Path | None, typer.Option(help="A data contract: the results of its queries are uploaded too.")
    ] = None,
    env: Environment = "dev",
) -> None:
    """Send files to the raw bucket, together under the hash of their content."""
    if kind not in KINDS:
        raise BertlineError(f"--kind is {kind!r}: it must be reviews, encoder or contract")
    if contract and kind != "reviews":
        raise BertlineError(f"--contract goes with reviews: it must be left out for --kind {kind}")
    target = target_of(env)
    place = platform.find(target, env)
    prefix, parameter = KINDS[kind]
    s3 = target.client("s3")
    with uploads.gathered(target, place, sources or [], contract) as files:
        if not files:
            raise BertlineError("there is nothing to upload: name files, folders or s3:// prefixes")
        if kind == "contract":
            contracts.check_versions(s3, place.raw_bucket, prefix, files)
        sent = uploads.send(s3, files, place.raw_bucket, prefix, on_file=echo)
    echo(f"{sent.sent} of {sent.files} files were new. Use it with:\n  --set {parameter}={sent.uri}")
