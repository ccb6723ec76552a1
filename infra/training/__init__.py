"""The SageMaker pipeline that turns reviews into registered models."""
