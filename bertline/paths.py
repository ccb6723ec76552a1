"""Where things are: the project's own files, and the one folder that commands write to."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config"
HOME = ROOT / ".bertline"
CLOUD_HOME = HOME / "cloud"
LOGS = HOME / "logs"
REPORTS = HOME / "reports"


def private_home() -> None:
    """Make the folder that commands write to, closed to others: reports and jobs hold people's texts."""
    HOME.mkdir(mode=0o700, exist_ok=True)
    HOME.chmod(0o700)
