"""Batches as a network is trained on them: every clip once an epoch, padded little, mixed with its target."""

import keras
import numpy as np
import pytest

from sklspeech.recognizers.batches import Batches

FIXED = np.arange(50, dtype=np.float32)[:, None, None] * np.ones((50, 6, 2), np.float32)
RAGGED = [np.full((5 + 7 * i % 40, 2), i, np.float32) for i in range(50)]
TARGETS = np.eye(50, dtype=np.float32)
WEIGHTS = np.arange(50, dtype=np.float32)


def batches(clips, indices=range(50), seed=0, mixup=0.0):
    return Batches(clips, TARGETS, WEIGHTS, np.array(indices), 8, seed, mixup)


@pytest.mark.parametrize("clips", [FIXED, RAGGED], ids=["fixed", "ragged"])
@pytest.mark.parametrize("indices", [np.arange(50), np.arange(0, 50, 3)], ids=["all", "some"])
def test_every_clip_comes_once_an_epoch_with_its_target_and_weight(clips, indices):
    data = batches(clips, indices)
    for _ in range(2):
        seen = []
        for i in range(len(data)):
            inputs, targets, weights = data[i]
            values = (inputs[0] if isinstance(inputs, tuple) else inputs)[:, 0, 0].astype(int)
            np.testing.assert_array_equal(targets.argmax(axis=1), values)
            np.testing.assert_array_equal(weights, values)
            assert len(values) <= 8
            seen += values.tolist()
        assert sorted(seen) == indices.tolist()
        data.shuffle()


@pytest.mark.parametrize("clips", [FIXED, RAGGED], ids=["fixed", "ragged"])
def test_order_depends_on_the_seed_and_the_epoch(clips):
    first, same, other = (batches(clips, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first[0][1], same[0][1])
    assert not np.array_equal(first[0][1], other[0][1])
    first.shuffle()
    assert not np.array_equal(first[0][1], same[0][1])


def test_padding_is_zero_and_little():
    data = batches(RAGGED)
    n_frames = n_padded = 0
    for i in range(len(data)):
        (padded, lengths), *_ = data[i]
        for row, length in zip(padded, lengths, strict=True):
            assert not row[length:].any()
            assert len(RAGGED[int(row[0, 0])]) == length
        n_frames, n_padded = n_frames + lengths.sum(), n_padded + padded.shape[0] * padded.shape[1]
    assert n_padded < 1.4 * n_frames
    assert n_frames == sum(map(len, RAGGED))


def test_a_clip_and_its_target_are_mixed_alike():
    data = batches(FIXED, mixup=0.4)
    shares = []
    for i in range(len(data)):
        clips, targets, weights = data[i]
        assert (np.count_nonzero(targets, axis=1) <= 2).all()
        np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(clips[:, 0, 0], targets @ np.arange(50), rtol=1e-4)
        np.testing.assert_allclose(weights, targets @ WEIGHTS, rtol=1e-4)
        shares += targets.max(axis=1).tolist()
    assert min(shares) < 0.7
    assert max(shares) > 0.95


@pytest.mark.parametrize("clips", [FIXED, RAGGED], ids=["fixed", "ragged"])
def test_dataset_of_tensorflow_gives_the_same(clips):
    data = batches(clips)
    for i, got in enumerate(data.for_keras()):
        for a, b in zip(keras.tree.flatten(got), keras.tree.flatten(data[i]), strict=True):
            np.testing.assert_array_equal(a, b)
