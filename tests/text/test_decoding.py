"""Decoding and alignment: equal to brute force over all paths of small cases."""

import itertools
import math

import numpy as np
import pytest

from sklspeech.text import Decoder, LanguageModel, Symbols
from sklspeech.text.alignment import align_symbols, score_sentences, spell_words
from sklspeech.text.beam import search
from sklspeech.text.language_model import WordScorer

SYMBOLS = Symbols.learn("character", ["ab a"])  # blank, a, b
LANGUAGE = LanguageModel.learn(["ab a", "ab ab", "a b", "ba"], SYMBOLS)


def network_output(n_steps, n_symbols, seed):
    logits = np.random.default_rng(seed).normal(0, 1.5, (n_steps, n_symbols))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def collapsed(path, blank):
    return tuple(number for number, _ in itertools.groupby(path) if number != blank)


def by_brute_force(log_probabilities):
    """The probability of every sentence: of all paths to it together."""
    n_steps, n_symbols = log_probabilities.shape
    found: dict = {}
    for path in itertools.product(range(n_symbols), repeat=n_steps):
        sentence = collapsed(path, n_symbols - 1)
        found[sentence] = found.get(sentence, 0.0) + math.exp(sum(log_probabilities[t, s] for t, s in enumerate(path)))
    return found


def language_score(scorer, sentence):
    """What a scorer makes of a sentence; None where it may not be."""
    state, score = scorer.start, 0.0
    for number in sentence:
        state, gain = scorer.extend(state, number)
        if state is None:
            return None
        score += gain
    end = scorer.finish(state)
    return None if end is None else score + end


@pytest.mark.parametrize("seed", range(5))
def test_beam_finds_the_most_probable_sentence(seed):
    steps = network_output(5, 4, seed)
    best = max(by_brute_force(steps).items(), key=lambda item: item[1])[0]
    assert tuple(search(np.exp(steps), beam_width=10_000, rare=0.0)) == best


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("vocabulary", [None, ("ab", "a")])
@pytest.mark.parametrize("model", [None, LANGUAGE])
def test_beam_with_a_language_finds_the_best_sentence(seed, vocabulary, model):
    steps = network_output(5, 4, seed)
    scorer = WordScorer(SYMBOLS, model, vocabulary, 0.7, 0.5)
    scores = {s: language_score(scorer, s) for s in by_brute_force(steps)}
    best = max(
        ((math.log(p) + scores[s], s) for s, p in by_brute_force(steps).items() if scores[s] is not None),
        key=lambda item: item[0],
    )[1]
    assert tuple(search(np.exp(steps), scorer, 10_000, rare=0.0)) == best


def test_the_score_of_a_sentence_does_not_depend_on_its_spelling_where_its_words_are_known():
    scorer = WordScorer(SYMBOLS, LANGUAGE, None, 1.0, 0.0)
    words = LANGUAGE.words
    expected = words.log_probability("ab", ("<s>",)) + words.log_probability("a", ("<s>", "ab"))
    expected += words.log_probability("</s>", ("ab", "a"))
    assert language_score(scorer, SYMBOLS.encode("ab a")) == pytest.approx(expected)


def test_a_word_that_is_not_known_is_spelled():
    scorer = WordScorer(SYMBOLS, LANGUAGE, None, 1.0, 0.0)
    words, spelling = LANGUAGE.words, LANGUAGE.spelling
    expected = words.log_probability("bb", ("<s>",)) + words.log_probability("</s>", ("<s>", "<unk>"))
    expected += spelling.log_probability("b", ("<s>",)) + spelling.log_probability("b", ("<s>", "b"))
    expected += spelling.log_probability("</s>", ("<s>", "b", "b"))
    assert language_score(scorer, SYMBOLS.encode("bb")) == pytest.approx(expected)


def test_words_as_symbols():
    symbols = Symbols.learn("word", ["yes no"])
    model = LanguageModel.learn(["yes no", "yes no no"], symbols)
    assert model.spelling is None
    scorer = WordScorer(symbols, model, None, 1.0, 0.0)
    expected = model.words.log_probability("yes", ("<s>",)) + model.words.log_probability("</s>", ("<s>", "yes"))
    assert language_score(scorer, [1]) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
def test_scores_of_sentences_are_those_of_all_paths(seed):
    steps = network_output(5, 4, seed)
    expected = by_brute_force(steps)
    sentences = [s for s in expected if s]
    np.testing.assert_allclose(
        score_sentences(steps, [np.array(s) for s in sentences]), np.log([expected[s] for s in sentences]), rtol=1e-9
    )


def test_a_sentence_that_is_too_long_has_no_score():
    assert score_sentences(network_output(2, 4, 0), [np.array([0, 0])])[0] == -np.inf


def test_grammar_takes_the_most_probable_of_its_sentences():
    steps = network_output(6, 4, 3)
    grammar = "ab", "b a", "a"
    decoder = Decoder(symbols=SYMBOLS, grammar=grammar)
    expected = by_brute_force(steps)
    best = max(grammar, key=lambda sentence: expected[tuple(SYMBOLS.encode(sentence))])
    assert SYMBOLS.decode(decoder.decode(steps)) == best


def test_greedy_joins_what_is_not_parted_by_a_blank():
    path = [3, 1, 1, 3, 1, 2, 2, 0]
    steps = np.log(np.full((8, 4), 0.1))
    steps[np.arange(8), path] = np.log(0.7)
    assert Decoder(symbols=SYMBOLS).decode(steps) == [1, 1, 2, 0]


def test_long_recordings_do_not_underflow():
    steps = network_output(3000, 4, 0)
    assert search(np.exp(steps)) != []


def test_silence_is_an_empty_sentence():
    steps = np.log(np.tile([1e-9, 1e-9, 1e-9, 1.0], (20, 1)))
    for decoder in (Decoder(symbols=SYMBOLS), Decoder(symbols=SYMBOLS, method="beam", language_model=LANGUAGE)):
        assert SYMBOLS.decode(decoder.decode(steps)) == ""


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sentence", [[1], [1, 1], [1, 0, 2]])
def test_alignment_is_the_most_probable_path(seed, sentence):
    steps = network_output(5, 4, seed)
    paths = [p for p in itertools.product(range(4), repeat=5) if collapsed(p, 3) == tuple(sentence)]
    best = max(paths, key=lambda path: sum(steps[t, s] for t, s in enumerate(path)))
    spans = align_symbols(steps, sentence)
    path = np.full(5, 3)
    for number, span in zip(sentence, spans, strict=True):
        path[span.start : span.stop] = number
        expected = steps[span.start : span.stop, number].mean()
        assert span.log_probability == pytest.approx(expected)
    assert path.tolist() == list(best)


def test_alignment_of_too_much():
    with pytest.raises(ValueError, match="2 steps are too few for 2 symbols"):
        align_symbols(network_output(2, 4, 0), [1, 1])


def test_words_have_the_times_of_their_symbols():
    path = [3, 1, 2, 3, 0, 3, 1, 1]  # "ab a"
    steps = np.log(np.full((8, 4), 0.1))
    steps[np.arange(8), path] = np.log(0.7)
    numbers = SYMBOLS.encode("ab a")
    words = spell_words(SYMBOLS, numbers, align_symbols(steps, numbers), 0.04)
    assert [(word.text, word.start, word.end) for word in words] == [("ab", 0.0, 0.12), ("a", 0.2, 0.32)]
    assert [word.confidence for word in words] == pytest.approx([0.7, 0.7])


@pytest.mark.parametrize("model", [None, LANGUAGE])
def test_decoder_as_json(model):
    decoder = Decoder(symbols=SYMBOLS, method="beam", language_model=model, vocabulary=("ab", "a"), beam_width=8)
    again = Decoder.from_dict(decoder.to_dict())
    for seed in range(5):
        steps = network_output(20, 4, seed)
        assert again.decode(steps) == decoder.decode(steps)


def test_a_long_sentence_is_aligned():
    """More states than a small integer holds."""
    numbers = np.random.default_rng(0).integers(0, 3, 400)
    steps = network_output(1500, 4, 0)
    spans = align_symbols(steps, numbers)
    assert len(spans) == 400
    assert all(one.stop <= other.start for one, other in itertools.pairwise(spans))
