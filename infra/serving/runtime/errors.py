"""Why a deployment or its verification did not succeed."""


class ServingError(Exception):
    """Base of the errors below; a raised one makes Lambda try again, then fills the dead-letter queue."""


class ConfigurationError(ServingError):
    """An environment variable of the function is missing or wrong."""


class EventError(ServingError):
    """An event lacks a field or carries a wrong one."""


class PackageError(ServingError):
    """The model package cannot be deployed as it is."""


class EndpointBusyError(ServingError):
    """Another change of the endpoint is under way; try again when it is done."""


class EndpointFailedError(ServingError):
    """The endpoint is in a state that no update leads out of."""


class WrongLiveConfigError(ServingError):
    """The endpoint serves another configuration than the wanted one."""
