"""The SageMaker service of the local cloud: control plane, pipelines, jobs, registry, endpoints, features."""
