"""The name under which a public class or function is found, pickled and documented."""

DOCUMENTATION = "https://sklspeech.readthedocs.io/en/stable/"


def public(obj):
    """Let a class or function belong to ``sklspeech`` itself, wherever its module is.

    A pickle then names ``sklspeech.SpeechCNN`` and survives every later move of code; the picture of an estimator in a
    notebook leads to its page of the documentation.

    Parameters
    ----------
    obj : type or function

    Returns
    -------
    obj : type or function
        The same object.
    """
    obj.__module__ = "sklspeech"
    if isinstance(obj, type) and hasattr(obj, "_get_doc_link"):  # scikit-learn's estimators have it
        obj._doc_link_module = "sklspeech"  # type: ignore[attr-defined]
        obj._doc_link_template = DOCUMENTATION + "api/sklspeech.{estimator_name}.html"  # type: ignore[attr-defined]
    return obj
