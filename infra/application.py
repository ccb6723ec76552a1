"""Put together the CDK app of one environment."""

import json
import os
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from infra.environment import Environment
from infra.settings import ROOT, load_settings


def build(environment: str | None = None, *, outdir: Path | None = None) -> cdk.App:
    """Return the app with every stack of one environment, not yet synthesised.

    Parameters
    ----------
    environment
        Name of the environment; by default the context value `env`, then BERTLINE_ENV, then `dev`.
    outdir
        Where the cloud assembly goes; by default where the CDK CLI asks for it (CDK_OUTDIR).

    Raises
    ------
    infra.settings.SettingsError
        When the environment is unknown or its settings file is wrong.
    """
    app = cdk.App(
        analytics_reporting=False,
        outdir=str(outdir) if outdir else None,
        # The stack trace of a warning names random folders of this run, so two assemblies would differ.
        context={**_feature_flags(), "aws:cdk:disable-stack-trace": True},
    )
    chosen = environment or app.node.try_get_context("env") or os.environ.get("BERTLINE_ENV") or "dev"
    settings = load_settings(str(chosen))
    Environment(app, settings=settings)
    if _governance_requested(app):
        # Loading the rule packs takes longer than the rest of a synthesis.
        from infra.governance.gate import enforce_governance

        enforce_governance(app, settings)
    return app


def _governance_requested(app: cdk.App) -> bool:
    """Say whether this synthesis has to pass the rules: `-c governance=on` or BERTLINE_GOVERNANCE=on."""
    return "on" in (app.node.try_get_context("governance"), os.environ.get("BERTLINE_GOVERNANCE"))


def _feature_flags() -> dict[str, Any]:
    """Read the flags of cdk.json, so that `python3 app.py` gives what the CDK CLI gives."""
    flags: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return flags
