"""The name under which a public class or function is found and pickled."""


def public(obj):
    """Let a class or function belong to ``sklspeech`` itself, wherever its module is.

    A pickle then names ``sklspeech.SpeechCNN`` and survives every later move of code.

    Parameters
    ----------
    obj : type or function

    Returns
    -------
    obj : type or function
        The same object.
    """
    obj.__module__ = "sklspeech"
    return obj
