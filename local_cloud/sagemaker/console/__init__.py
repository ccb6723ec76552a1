"""The page of the local cloud: what runs, what it runs on and what it has left, for a person to watch."""

from local_cloud.sagemaker.console import routes as routes
