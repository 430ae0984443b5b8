"""The one exception for faults that a user can cause and correct."""


class UserError(Exception):
    """A fault in config, data or files; its message is one sentence: what, where, what to do."""
