"""What exists in the cloud: CDK stacks, their settings and the rules they must pass."""
