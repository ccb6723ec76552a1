"""The Bertline CDK app: the stacks of one environment, `-c env=NAME` or BERTLINE_ENV (default dev)."""

from infra.node import use_bundled_node
from infra.settings import SettingsError


def main() -> None:
    """Synthesise the environment into the directory the CDK CLI asks for."""
    use_bundled_node()
    # aws_cdk starts Node.js when it is imported, so only now.
    from infra.application import build

    try:
        build().synth()
    except SettingsError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
