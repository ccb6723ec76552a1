"""Connected components of a graph that no single machine has to hold."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as f


def components(edges: DataFrame) -> DataFrame:
    """Name each node of a graph by the smallest node of its component.

    In each round a node takes the smallest name among its neighbours and itself, and then the name of
    the node that its name stands for; the rounds needed grow with the logarithm of the longest path.

    Parameters
    ----------
    edges
        Columns `low` and `high` of one orderable type.

    Returns
    -------
    Columns `node` and `name`, a row for each node that has an edge.
    """
    both = edges.select(f.col("low").alias("node"), f.col("high").alias("other"))
    both = both.union(both.select("other", "node")).distinct().localCheckpoint()
    names = both.groupBy("node").agg(f.least(f.col("node"), f.min("other")).alias("name")).localCheckpoint()
    while True:
        closer = _shortened(_nearest(both, names)).localCheckpoint()
        before = names.withColumnRenamed("name", "before")
        changed = closer.join(before, "node").filter("name != before").limit(1).count()
        if not changed:
            return closer
        names = closer


def _nearest(both: DataFrame, names: DataFrame) -> DataFrame:
    """The smallest name among a node and its neighbours."""
    around = both.join(names.withColumnRenamed("node", "other"), "other").select("node", "name")
    return around.union(names).groupBy("node").agg(f.min("name").alias("name"))


def _shortened(names: DataFrame) -> DataFrame:
    """The name of the node that a node's name stands for."""
    further = names.select(f.col("node").alias("name"), f.col("name").alias("further"))
    return names.join(further, "name").select("node", f.col("further").alias("name"))
