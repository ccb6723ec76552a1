"""What can go wrong in a way that the user can act on."""


class BertlineError(Exception):
    """The message says what happened, to what, and what to do next."""


class NotDeployed(BertlineError):
    """A stack of the environment is not there."""


class BadParameter(BertlineError):
    """A pipeline parameter is unknown or has no value."""


class ToolFailed(BertlineError):
    """A program that Bertline runs (the CDK command line, pip, the local cloud) ended badly."""


class DownloadError(BertlineError):
    """A default data set or model could not be fetched, or is not the file that was pinned."""


class BadContract(BertlineError):
    """A data contract cannot be read, or was changed without a new version."""


class MissingOutput(BertlineError):
    """A step of an execution has not succeeded, or did not leave what is asked for."""


class BadTag(BertlineError):
    """A tag is not written as tags are, or a review does not have it."""


class NotTested(BertlineError):
    """A review is not in the test split of an execution."""


class TagConflict(BertlineError):
    """Others changed the tags of a review each time that they were to be written; nothing has been."""


class BadQuery(BertlineError):
    """A query failed, or its result is not what it is for."""


class BadCorrection(BertlineError):
    """Corrections or deletions name what is not there; nothing has been written."""


class StoreRefused(BertlineError):
    """The Feature Store did not take or give a record."""
