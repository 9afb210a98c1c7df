"""One written form for what is said alike."""

import unicodedata

_APOSTROPHES = str.maketrans("\u2019\u2018\u02bc", "'''")


def normalize_text(text, normalize="words"):
    """Bring a sentence into the form that is learned, predicted and compared.

    Parameters
    ----------
    text : str
        As people write it.
    normalize : {"words", "unicode"}, callable or None, default="words"
        "words" leaves words in small letters, without punctuation but apostrophes within a word, with one blank between
        them; "unicode" keeps case and punctuation; a function of your own takes and gives a str. Of all three the
        result is in Unicode's form NFC, with single blanks. None leaves the sentence as it is.

    Returns
    -------
    text : str

    Raises
    ------
    TypeError
        The function gives something else than a str.

    Examples
    --------
    >>> from sklspeech.text import normalize_text
    >>> normalize_text(" Don't  stop, Ruth! ")
    "don't stop ruth"
    """
    if normalize is None:
        return str(text)
    if callable(normalize):
        found = normalize(str(text))
        if not isinstance(found, str):
            raise TypeError(f"normalize must give a str, got {type(found).__name__} of {str(text)[:50]!r}")
        text = found
    text = unicodedata.normalize("NFC", str(text))
    if normalize == "words":
        text = _words_alone(text.translate(_APOSTROPHES).lower())
    return " ".join(unicodedata.normalize("NFC", text).split())


def _words_alone(text):
    """Letters, marks and digits; an apostrophe between two of them."""
    spoken = [unicodedata.category(c)[0] in "LMN" for c in text]
    kept = []
    for i, c in enumerate(text):
        is_within = c == "'" and 0 < i < len(text) - 1 and spoken[i - 1] and spoken[i + 1]
        kept.append(c if spoken[i] or is_within else " ")
    return "".join(kept)
