"""Paragraphs that several docstrings share, so that ``help`` shows all of each."""


def fill_docstring(**texts):
    """Make a class decorator that puts texts in place of ``{name}`` in the docstring.

    Parameters
    ----------
    **texts : str
        By name; a text's first line stands where the name does.

    Returns
    -------
    decorate : callable
    """

    def decorate(cls):
        for name, text in texts.items() if cls.__doc__ else ():
            cls.__doc__ = cls.__doc__.replace(f"{{{name}}}", text.strip())
        return cls

    return decorate
