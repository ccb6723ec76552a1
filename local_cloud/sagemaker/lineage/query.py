"""QueryLineage: what is connected with an entity, in which direction, how far and of which kind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from local_cloud.sagemaker import pages
from local_cloud.sagemaker.context import Context
from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.lineage import graph
from local_cloud.sagemaker.operations import Params, operation
from local_cloud.sagemaker.store import Record

_DEEPEST = 10
_PAGE = 50
_TYPES = ("Artifact", "Action", "Context", "TrialComponent")
Neighbours = dict[str, list[tuple[str, Record]]]


@operation("QueryLineage")
def query_lineage(ctx: Context, params: Params) -> Params:
    """Entities that match the filters; with edges, also all that lies on the way to them."""
    known = {arn: one for arn, one in graph.entities(ctx).items() if one.kind in _TYPES}
    edges = [
        one for one in graph.associations(ctx) if one["SourceArn"] in known and one["DestinationArn"] in known
    ]
    starts = params.get("StartArns", [])
    for arn in starts:
        if arn not in known:
            raise ServiceError("ResourceNotFound", f"{arn} does not exist.")
    depth = params.get("MaxDepth") or _DEEPEST
    walked = _walks(starts, params.get("Direction", "Both"), edges, depth) if starts else [_all(known, edges)]
    vertices, used = _matches(params, known, walked, set(starts))
    return _answer(params, [known[arn] for arn in vertices], used)


class _Walk:
    """What can be reached in one direction: how far each entity is, and the edges that lead to it."""

    def __init__(self) -> None:
        self.reached: dict[str, int] = {}
        self.into: dict[str, list[tuple[str, Record]]] = {}

    def way_to(self, arns: Iterable[str]) -> tuple[set[str], list[Record]]:
        """All entities and edges on the ways to any of the entities, each once."""
        open_, edges = list(arns), []
        passed = set(open_)
        while open_:
            for before, edge in self.into.get(open_.pop(), []):
                edges.append(edge)
                if before not in passed:
                    passed.add(before)
                    open_.append(before)
        return passed, edges


def _walks(starts: list[str], direction: str, edges: list[Record], depth: int) -> list[_Walk]:
    up, down = ("DestinationArn", "SourceArn"), ("SourceArn", "DestinationArn")
    ways = {"Ascendants": [up], "Descendants": [down], "Both": [up, down]}[direction]
    return [_walk(starts, _neighbours(edges, *way), depth) for way in ways]


def _walk(starts: list[str], neighbours: Neighbours, depth: int) -> _Walk:
    walk = _Walk()
    walk.reached = dict.fromkeys(starts, 0)
    layer = list(starts)
    for distance in range(1, depth + 1):
        following = {other for arn in layer for other, _ in neighbours.get(arn, [])} - walk.reached.keys()
        walk.reached.update(dict.fromkeys(sorted(following), distance))
        layer = sorted(following)
    for arn, distance in walk.reached.items():
        for other, edge in neighbours.get(arn, []) if distance < depth else ():
            walk.into.setdefault(other, []).append((arn, edge))
    return walk


def _all(known: dict[str, graph.Entity], edges: list[Record]) -> _Walk:
    """Everything, for a query that starts nowhere."""
    walk = _Walk()
    walk.reached = dict.fromkeys(known, 0)
    for edge in edges:
        walk.into.setdefault(edge["DestinationArn"], []).append((edge["SourceArn"], edge))
    return walk


def _neighbours(edges: Iterable[Record], here: str, there: str) -> Neighbours:
    found: Neighbours = {}
    for edge in edges:
        found.setdefault(edge[here], []).append((edge[there], edge))
    return found


def _matches(
    params: Params, known: dict[str, graph.Entity], walks: list[_Walk], starts: set[str]
) -> tuple[list[str], list[Record]]:
    filters = params.get("Filters", {})
    vertices: dict[str, None] = {}
    edges: dict[tuple[str, str], Record] = {}
    for walk in walks:
        wanted = [arn for arn in walk.reached if _fits(known[arn], filters)]
        vertices.update(dict.fromkeys(wanted))
        if params.get("IncludeEdges", True):
            passed, way = walk.way_to(wanted)
            vertices.update(dict.fromkeys(sorted(passed)))
            edges.update({(edge["SourceArn"], edge["DestinationArn"]): edge for edge in way})
    # Where a query starts belongs to the graph that it draws, not to the list of what it found.
    if not params.get("IncludeEdges", True):
        for arn in starts:
            vertices.pop(arn, None)
    return list(vertices), list(edges.values())


def _fits(entity: graph.Entity, filters: dict[str, Any]) -> bool:
    record = entity.record
    properties = filters.get("Properties")
    own = record.get("Properties", {})
    return (
        ("Types" not in filters or bool({entity.type, entity.query_type} & set(filters["Types"])))
        and ("LineageTypes" not in filters or entity.kind in filters["LineageTypes"])
        and (not properties or any(own.get(key) == value for key, value in properties.items()))
        and _between(record["CreationTime"], filters, "Created")
        and _between(record["LastModifiedTime"], filters, "Modified")
    )


def _between(at: datetime, filters: dict[str, Any], stem: str) -> bool:
    after, before = filters.get(f"{stem}After"), filters.get(f"{stem}Before")
    return (after is None or at > after) and (before is None or at < before)


def _answer(params: Params, vertices: list[graph.Entity], edges: list[Record]) -> Params:
    """One page: vertices first, then the edges, as many of both together as a page holds."""
    drawn: list[dict[str, Any]] = [
        {"Arn": one.arn, "Type": one.query_type, "LineageType": one.kind} for one in vertices
    ]
    members = ("SourceArn", "DestinationArn", "AssociationType")
    drawn += [{key: one[key] for key in members if key in one} for one in edges]
    page, token = pages.cut("QueryLineage", params, drawn, params.get("MaxResults") or _PAGE)
    answer: Params = {
        "Vertices": [one for one in page if "Arn" in one],
        "Edges": [one for one in page if "SourceArn" in one],
    }
    if token:
        answer["NextToken"] = token
    return answer
