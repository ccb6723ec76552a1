"""The stacks that make one environment, and how they are wired."""

import aws_cdk as cdk
from constructs import Construct

from infra.data.stack import DataStack
from infra.experiments.stack import ExperimentsStack
from infra.names import Names
from infra.registry.stack import RegistryStack
from infra.serving.stack import ServingStack
from infra.settings import Settings
from infra.training.stack import TrainingStack


class Environment:
    """The stacks of one environment, placed in an app or in a stage of it."""

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        names = Names(settings.environment)
        env = cdk.Environment(account=settings.account, region=settings.region)
        self.data = DataStack(
            scope, names.stack("data"), names=names, operations=settings.operations, env=env
        )
        self.registry = RegistryStack(
            scope, names.stack("registry"), names=names, removal=settings.operations.removal, env=env
        )
        self.training = TrainingStack(
            scope,
            names.stack("training"),
            names=names,
            settings=settings,
            data=self.data,
            model_package_group=self.registry.group_name,
            env=env,
        )
        self.experiments = ExperimentsStack(
            scope, names.stack("experiments"), names=names, settings=settings, data=self.data, env=env
        )
        self.serving = ServingStack(
            scope, names.stack("serving"), names=names, settings=settings, data=self.data, env=env
        )
        self.training.add_stack_dependency(self.registry)
        self.serving.add_stack_dependency(self.registry)
        self._tag(scope, settings.tags)

    @staticmethod
    def _tag(scope: Construct, tags: dict[str, str]) -> None:
        for key, value in tags.items():
            # A change of tags would replace the feature group and lose its records.
            cdk.Tags.of(scope).add(key, value, exclude_resource_types=["AWS::SageMaker::FeatureGroup"])
