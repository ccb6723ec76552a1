"""The base of every error that names its cause and needs no traceback."""


class BertlineError(Exception):
    """An expected failure: the message names the input that caused it and what to do next."""


class FileError(BertlineError):
    """A file or directory that a job was given is missing or unreadable."""
