"""What runs inside SageMaker jobs and containers."""
