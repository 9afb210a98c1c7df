"""How much of what was said is written down wrongly."""

from itertools import zip_longest

from sklearn.metrics import make_scorer

from ..text.edits import align_edits
from ..text.normalizing import normalize_text
from ..text.scores import error_rate


def word_error_rate(y_true, y_pred, *, normalize="words", sample_weight=None):
    """Substituted, inserted and deleted words, over the words that were said, of all sentences together.

    Parameters
    ----------
    y_true : array-like of shape (n,), str
        What was said; it may be nothing.
    y_pred : array-like of shape (n,), str
        What was written down.
    normalize : {"words", "unicode"}, callable or None, default="words"
        The form in which both are compared: "words" has small letters and no punctuation; see
        `sklspeech.text.normalize_text`. None compares them as they are.
    sample_weight : array-like of shape (n,) or None, default=None
        Weights of the sentences' errors and words.

    Returns
    -------
    rate : float
        0 is perfect; it may be above 1. Where nothing was said, it is 0, or infinite if something was written down.

    Raises
    ------
    ValueError
        A sentence is no str, or their numbers differ.

    Examples
    --------
    >>> from sklspeech.metrics import word_error_rate
    >>> word_error_rate(["Yes, no.", "no"], ["yes no", "yes"])
    0.3333333333333333
    """
    return error_rate(y_true, y_pred, normalize, str.split, sample_weight)


def character_error_rate(y_true, y_pred, *, normalize="words", spaces=True, sample_weight=None):
    """Substituted, inserted and deleted characters, over those of what was said, of all sentences together.

    Parameters
    ----------
    y_true : array-like of shape (n,), str
        What was said; it may be nothing.
    y_pred : array-like of shape (n,), str
        What was written down.
    normalize : {"words", "unicode"}, callable or None, default="words"
        The form in which both are compared, see `word_error_rate`.
    spaces : bool, default=True
        Whether blanks count. In Korean, whose writers differ in them, they usually do not.
    sample_weight : array-like of shape (n,) or None, default=None
        Weights of the sentences' errors and characters.

    Returns
    -------
    rate : float
        0 is perfect; it may be above 1.

    Raises
    ------
    ValueError
        A sentence is no str, or their numbers differ.

    Examples
    --------
    >>> from sklspeech.metrics import character_error_rate
    >>> character_error_rate(["yes no"], ["yesno"]), character_error_rate(["yes no"], ["yesno"], spaces=False)
    (0.16666666666666666, 0.0)
    """
    split = list if spaces else _without_spaces
    return error_rate(y_true, y_pred, normalize, split, sample_weight)


def _without_spaces(sentence):
    return [c for c in sentence if not c.isspace()]


def _error_of_words(y_true, y_pred, sample_weight=None):
    return word_error_rate(y_true, y_pred, sample_weight=sample_weight)


def _error_of_characters(y_true, y_pred, sample_weight=None):
    return character_error_rate(y_true, y_pred, sample_weight=sample_weight)


#: For `scoring` of searches and cross-validation: minus the word error rate.
wer_scorer = make_scorer(_error_of_words, greater_is_better=False)
#: For `scoring` of searches and cross-validation: minus the character error rate.
cer_scorer = make_scorer(_error_of_characters, greater_is_better=False)


def edit_alignment(reference, hypothesis, *, normalize="words", width=100):
    """What was said above what was written down, word under word, with a letter for every error.

    Parameters
    ----------
    reference : str
        What was said.
    hypothesis : str
        What was written down.
    normalize : {"words", "unicode"}, callable or None, default="words"
        The form in which both are compared, see `word_error_rate`.
    width : int, default=100
        Columns of a line.

    Returns
    -------
    text : str
        Three lines, and more where one is not enough: the reference, the hypothesis, and S, I or D for a substitution,
        an insertion or a deletion.

    Examples
    --------
    >>> from sklspeech.metrics import edit_alignment
    >>> print(edit_alignment("the gleam of fangs", "a gleam fangs now"))
    said:  the gleam of fangs ***
    heard: a   gleam ** fangs now
           S         D        I
    """
    words = align_edits(*(normalize_text(sentence, normalize).split() for sentence in (reference, hypothesis)))
    columns: list[list[str]] = []
    for said, heard in words:
        size = max(len(said or ""), len(heard or ""))
        kind = "D" if heard is None else "I" if said is None else "S" if said != heard else ""
        columns.append([(said or "*" * size).ljust(size), (heard or "*" * size).ljust(size), kind.ljust(size)])
    blocks: list[list] = []
    line: list[list[str]] = []
    for column in columns:
        if line and sum(1 + len(said) for said, *_ in [*line, column]) > width - 7:
            blocks.append(line)
            line = []
        line.append(column)
    return "\n\n".join(_block(line) for line in [*blocks, line])


def _block(columns):
    names = "said:  ", "heard: ", "       "
    rows = zip_longest(*columns) if columns else [[], [], []]
    return "\n".join((name + " ".join(row)).rstrip() for name, row in zip(names, rows, strict=False)).rstrip()
