"""A page measured in headless Chromium, without the network: the browser tells the sizes of what it drew."""

import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
PATIENCE = 120  # seconds
_PROBE = """<script>addEventListener("load", () => {
  const box = (one) => { const r = one.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
  const page = document.documentElement;
  const size = (one) => parseFloat(getComputedStyle(one).fontSize);
  const plots = [...document.querySelectorAll("svg[role=img]")].map((svg) => ({
    label: svg.getAttribute("aria-label"),
    box: box(svg),
    scale: svg.getBoundingClientRect().width / svg.viewBox.baseVal.width,
    shown: svg.checkVisibility({opacityProperty: true, visibilityProperty: true}),
    marks: [...svg.querySelectorAll("circle, rect, path, polyline")].map(box),
    texts: [...svg.querySelectorAll("text")].map(
      (one) => ({text: one.textContent, box: box(one), size: size(one)})),
  }));
  parent.postMessage({width: innerWidth, content: page.scrollWidth, height: page.scrollHeight, plots}, "*");
});</script></body>"""
_FRAME = """<!doctype html><body style="margin:0"><pre id="seen"></pre>
<iframe src="page.html" style="width:{width}px;height:2000px;border:0"></iframe>
<script>addEventListener("message", (event) => {{
  document.getElementById("seen").textContent = JSON.stringify(event.data);
}});</script></body>"""


def chromium() -> str | None:
    """Path of a Chromium or Chrome, if one is installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((found for name in names if (found := shutil.which(name))), None)


def measured(page: str, width: int, folder: Path) -> dict[str, Any]:
    """What a browser of `width` CSS pixels makes of the page: its content's width, and every plot's boxes.

    The page stands in a frame, as a window cannot be narrower than 500 pixels.
    """
    folder.mkdir(parents=True)
    (folder / "page.html").write_text(page.replace("</body>", _PROBE), encoding="utf-8")
    (folder / "frame.html").write_text(_FRAME.format(width=width), encoding="utf-8")
    dump = _run("--dump-dom", "--virtual-time-budget=10000", folder=folder, file=folder / "frame.html")
    found = re.search(r'<pre id="seen">(.+?)</pre>', dump, re.DOTALL)
    assert found, f"the browser measured nothing: {dump[:500]}"
    seen: dict[str, Any] = json.loads(html.unescape(found[1]))
    return seen


def printed(page: str, folder: Path) -> bytes:
    """The page as PDF."""
    folder.mkdir(parents=True)
    (folder / "page.html").write_text(page, encoding="utf-8")
    target = folder / "page.pdf"
    _run("--no-pdf-header-footer", f"--print-to-pdf={target}", folder=folder, file=folder / "page.html")
    return target.read_bytes()


def screenshot(page: str, width: int, folder: Path) -> Path:
    """The whole page as one picture in `folder`, shot.png."""
    height = measured(page, width, folder)["height"]
    (folder / "whole.html").write_text(page, encoding="utf-8")
    target = folder / "shot.png"
    _run(
        f"--window-size={width},{height}", f"--screenshot={target}", folder=folder, file=folder / "whole.html"
    )
    return target


def main(report: Path, picture: Path, width: int = 1000) -> None:
    """Take the picture of a report for the documentation, in few colours."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        shot = screenshot(report.read_text(encoding="utf-8"), width, Path(folder) / "files")
        Image.open(shot).convert("RGB").quantize(64).save(picture, optimize=True)


def _run(*words: str, folder: Path, file: Path) -> str:
    program = chromium()
    assert program
    command = [program, *FLAGS, f"--user-data-dir={folder / 'profile'}", *words, file.resolve().as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
