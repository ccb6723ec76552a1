"""A page as a reader and a browser meet it: texts in order, what it would load, charts and identifiers."""

from html.parser import HTMLParser

VOID = {"meta", "br", "line", "circle", "rect", "polyline", "path", "img", "link", "input"}


class Page(HTMLParser):
    """Collects texts, links, charts, identifiers and section ids; `open` is empty if every tag was closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text: list[str] = []
        self.loads: list[str] = []
        self.anchors: list[str] = []
        self.ids: list[str] = []
        self.charts: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        found = {name: value or "" for name, value in attrs}
        self.loads += [
            value for name, value in found.items() if name in {"src", "href", "srcset", "xlink:href"}
        ]
        if "href" in found and found["href"].startswith("#"):
            self.anchors.append(self.loads.pop())
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "svg" and found.get("role") == "img":
            self.charts.append(found.get("aria-label", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open[-1] not in {"style", "title"}:
            self.text.append(" ".join(data.split()))

    @property
    def words(self) -> str:
        """The whole text."""
        return " ".join(self.text)
