"""AWS on 127.0.0.1: an emulator plus a SageMaker service that really runs jobs, pipelines and endpoints."""
