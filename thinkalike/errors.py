"""The one exception for what a user can mend."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one sentence: what is wrong, where, and what to do. A job that ends with it
    writes that sentence to its log and to the terminal, without a traceback.
    """
