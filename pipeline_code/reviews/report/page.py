"""report.html: the sections drawn as one page that loads nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline_code.reviews.report import words
from pipeline_code.reviews.report.section import Section

_FOLDER = Path(__file__).parent


def page(sections: list[Section]) -> str:
    """Draw the sections, the verdict as the page's head. Everything that comes from data is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        name: getattr(words, name)
        for name in ("percent", "number", "interval", "signed", "points", "measure")
    }
    environment.filters.update(filters)
    return environment.get_template("report.html.j2").render(
        head=sections[0],
        sections=sections[1:],
        style=(_FOLDER / "style.css").read_text(encoding="utf-8"),
    )
