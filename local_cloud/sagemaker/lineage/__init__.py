"""Lineage: artifacts, actions, contexts and how they are connected, kept by hand and by themselves."""

from local_cloud.sagemaker.lineage import associations as associations
from local_cloud.sagemaker.lineage import automatic as automatic
from local_cloud.sagemaker.lineage import entities as entities
from local_cloud.sagemaker.lineage import query as query
