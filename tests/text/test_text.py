"""Sentences as symbols, in one written form, compared; n-grams and ARPA files."""

import itertools
import math

import numpy as np
import pytest

from sklspeech.text import LanguageModel, NGramModel, Symbols, normalize_text, read_arpa, write_arpa
from sklspeech.text.edits import align_edits, count_edits
from sklspeech.text.symbols import count_needed_steps


@pytest.mark.parametrize(
    ("given", "normalize", "expected"),
    [
        (" Don't  stop, Ruth! ", "words", "don't stop ruth"),
        ("the wolf\u2019s 'den' -- 3 dogs", "words", "the wolf's den 3 dogs"),
        ("'s avonds, pri\u00eave\u0301", "words", "s avonds pri\u00eav\u00e9"),
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8", "words", "\ud55c\uad6d"),
        ("Keep: This,  please", "unicode", "Keep: This, please"),
        ("as  it is ", None, "as  it is "),
        ("Loud", str.upper, "LOUD"),
        ("...", "words", ""),
    ],
)
def test_normalize_text(given, normalize, expected):
    assert normalize_text(given, normalize) == expected


def test_normalize_by_a_function_that_gives_no_text():
    with pytest.raises(TypeError, match="normalize must give a str, got list"):
        normalize_text("a b", str.split)


@pytest.mark.parametrize(
    ("units", "sentence", "symbols", "numbers"),
    [
        ("character", "no on", [" ", "n", "o"], [1, 2, 0, 2, 1]),
        ("word", "no on no", ["no", "on"], [0, 1, 0]),
        ("jamo", "\ud55c", ["\u1112", "\u1161", "\u11ab"], [0, 1, 2]),
        (["s", "sch", "c", "h", "i", " "], "schi s", [" ", "c", "h", "i", "s", "sch"], [5, 3, 0, 4]),
    ],
)
def test_symbols(units, sentence, symbols, numbers):
    alphabet = Symbols.learn(units, [sentence])
    assert list(alphabet.symbols) == symbols
    assert alphabet.encode(sentence).tolist() == numbers
    assert alphabet.decode(numbers) == sentence
    assert alphabet.blank == len(symbols)


@pytest.mark.parametrize("units", [["a", "a"], ["a", ""], [1, 2]])
def test_symbols_of_ones_own_that_are_none(units):
    with pytest.raises(ValueError, match="units must be symbols that differ"):
        Symbols.learn(units, [])


def test_unknown_symbols_are_named():
    with pytest.raises(ValueError, match=r"'boy' has \['b', 'y'\], which no training sentence has"):
        Symbols.learn("character", ["on no"]).encode("boy")


@pytest.mark.parametrize(("numbers", "n_steps"), [([], 0), ([1], 1), ([1, 1], 3), ([1, 2, 2, 2], 6)])
def test_count_needed_steps(numbers, n_steps):
    assert count_needed_steps(np.array(numbers, int)) == n_steps


def by_recursion(first, second):
    if not first or not second:
        return len(first) + len(second)
    substituted = by_recursion(first[1:], second[1:]) + (first[0] != second[0])
    return min(substituted, by_recursion(first[1:], second) + 1, by_recursion(first, second[1:]) + 1)


def test_edits_are_the_fewest():
    random = np.random.default_rng(0)
    for _ in range(60):
        first, second = ("".join(random.choice(list("abc"), random.integers(0, 6))) for _ in range(2))
        assert count_edits(first, second) == by_recursion(first, second)
        edits = align_edits(first, second)
        assert "".join(e.reference or "" for e in edits) == first
        assert "".join(e.hypothesis or "" for e in edits) == second
        assert sum(e.reference != e.hypothesis for e in edits) == count_edits(first, second)


SENTENCES = ["a b a", "a b", "b c a", "a a b"]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_probabilities_after_every_history_sum_to_one(order):
    model = NGramModel.learn([s.split() for s in SENTENCES], order)
    tokens = [*model.tokens, "</s>", "<unk>"]
    for history in [("<s>",), ("<s>", "a"), ("a", "b"), ("c", "c"), ("never", "heard")]:
        kept = model.shortened(history)
        total = sum(math.exp(model.log_probability(token, kept)) for token in tokens)
        assert total == pytest.approx(1.0)


def test_spellings_sum_to_one():
    symbols = Symbols.learn("character", SENTENCES)
    spelling = LanguageModel.learn(SENTENCES, symbols).spelling
    tokens = [*spelling.tokens, "</s>"]
    n_unseen = len(symbols.symbols) + 1 - len(tokens)
    for history in [("<s>",), ("<s>", "a")]:
        total = sum(math.exp(spelling.log_probability(token, history)) for token in tokens)
        total += n_unseen * math.exp(spelling.log_probability("never", history))
        assert total == pytest.approx(1.0)


def test_witten_bell_by_hand():
    """After "a": b twice, a once, the end twice; 3 kinds and 5 tokens, and so 3 / 8 are left for the unigrams."""
    model = NGramModel.learn([s.split() for s in ["a b", "a b a", "a a"]], 2)
    n_tokens = 5 + 2 + 3  # a, b, the end
    assert math.exp(model.log_probability("b", ("a",))) == pytest.approx(2 / 8 + 3 / 8 * 2 / (n_tokens + 3))
    assert math.exp(model.log_probability("<unk>", ())) == pytest.approx(3 / (n_tokens + 3))


def test_what_is_seen_often_is_more_probable():
    model = NGramModel.learn([s.split() for s in SENTENCES], 3)
    assert model.log_probability("b", ("<s>", "a")) > model.log_probability("c", ("<s>", "a"))


def test_arpa_round_trip(tmp_path):
    model = NGramModel.learn([s.split() for s in SENTENCES], 3)
    write_arpa(model, tmp_path / "model.arpa")
    again = read_arpa(tmp_path / "model.arpa")
    assert again.order == 3
    assert again.tokens == model.tokens
    for history in itertools.product(["<s>", *model.tokens], repeat=2):
        for token in [*model.tokens, "</s>", "never"]:
            assert again.log_probability(token, history) == pytest.approx(
                model.log_probability(token, history), abs=1e-5
            )


def test_arpa_of_another_program(tmp_path):
    path = tmp_path / "lm.arpa"
    path.write_text(
        "made by hand\n\n\\data\\\nngram 1=4\nngram 2=1\n\n"
        "\\1-grams:\n-1.0 <unk>\n-99 <s> -0.5\n-0.5 yes -0.3\n-0.7 </s>\n\n"
        "\\2-grams:\n-0.1\t<s> yes\n\n\\end\\\n",
        encoding="utf-8",
    )
    model = read_arpa(path)
    assert model.log_probability("yes", ("<s>",)) == pytest.approx(-0.1 * math.log(10))
    assert model.log_probability("</s>", ("yes",)) == pytest.approx((-0.3 - 0.7) * math.log(10))
    assert model.log_probability("boy", ("<s>",)) == pytest.approx((-0.5 - 1.0) * math.log(10))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "no n-grams"),
        ("\\data\\\nngram 1=1\n\\1-grams:\n-1 a\n", "no .end"),
        ("\\data\\\nngram 1=2\n\\1-grams:\n-1 a\n\\end\\", "promises"),
        ("\\data\\\nngram 1=1\n\\1-grams:\nx a\n\\end\\", "line 4"),
        ("\\data\\\nngram 1=1\n\\1-grams:\nnan a\n\\end\\", "line 4"),
        ("\\data\\\nngram 1=1\n\\1-grams:\n0.5 a\n\\end\\", "line 4"),
        ("\\data\\\nngram 1=1\n\\1-grams:\n-1 a b c\n\\end\\", "4 fields"),
        ("\\data\\\nngram x=1\n\\end\\", "expected a number"),
    ],
)
def test_what_is_no_arpa_file(tmp_path, text, error):
    path = tmp_path / "lm.arpa"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"lm.arpa is no ARPA file: .*{error}"):
        read_arpa(path)
