"""Why the live model could not be told; a raised one fails the step LiveModel with its message."""


class LiveModelError(Exception):
    """Base of the errors below."""


class ConfigurationError(LiveModelError):
    """An environment variable of the function is missing."""


class RequestError(LiveModelError):
    """The arguments of the step lack one."""


class UnknownModelError(LiveModelError):
    """What the endpoint serves, or what is approved, cannot be scored."""
