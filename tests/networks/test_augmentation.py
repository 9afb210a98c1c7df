"""Layers that change features while training: how far, how often, and never in prediction."""

import numpy as np
import pytest

from sklspeech.networks.augmentation import RandomFloor, RandomGain, RandomNoise, RandomTempo, RandomWarp, SpecAugment


def power(decibels):
    return 10 ** (np.asarray(decibels, dtype=np.float64) / 10)


def test_noise_adds_power_at_its_ratio_in_training_only():
    X = np.random.default_rng(0).normal(-40, 15, size=(400, 30, 20)).astype(np.float32)
    layer = RandomNoise((5.0, 35.0), seed=0)
    np.testing.assert_array_equal(np.asarray(layer(X)), X)
    noise = power(layer(X, training=True)) - power(X)
    snr = 10 * np.log10(power(X).mean(axis=(1, 2)) / noise.mean(axis=(1, 2)))
    assert 4.9 < snr.min() < 6
    assert 34 < snr.max() < 35.1
    assert abs(snr.mean() - 20) < 1.5


def test_noise_is_over_silence_too_and_of_many_colours():
    X = np.full((400, 60, 20), -70, np.float32)
    X[:, 20:40] = 0  # a word between digital zeros
    noise = np.asarray(RandomNoise((0.0, 0.0), seed=0)(X, training=True))[:, :20]
    assert noise.min(axis=(1, 2)).max() > -70
    grain = np.std(noise - noise.mean(axis=1, keepdims=True), axis=1).mean(axis=0)
    assert 6 < grain[0] < 8  # decibels: that of an exponential distribution, and drift
    assert 3 < grain[-1] < 5.5
    colours = noise.mean(axis=1)
    assert np.std(colours[:, 0] - colours[:, -1]) > 10


def test_noise_of_padded_clips_is_that_of_their_frames():
    X = np.random.default_rng(0).normal(-40, 15, size=(50, 30, 20)).astype(np.float32)
    mask = (np.arange(30) < 20)[None].repeat(50, axis=0).astype(np.float32)
    X[:, 20:] = 0  # padding, 40 dB above the clips
    noise = power(RandomNoise((5.0, 35.0), seed=0)(X, step_mask=mask, training=True))[:, :20] - power(X)[:, :20]
    snr = 10 * np.log10(power(X)[:, :20].mean(axis=(1, 2)) / noise.mean(axis=(1, 2)))
    assert 4.9 < snr.min() < snr.max() < 35.1


def test_gain_moves_whole_clips_in_training_only():
    X = np.random.default_rng(0).normal(size=(300, 10, 4)).astype(np.float32)
    layer = RandomGain(6.0, seed=0)
    np.testing.assert_array_equal(np.asarray(layer(X)), X)
    gains = np.asarray(layer(X, training=True)) - X
    np.testing.assert_allclose(gains - gains[:, :1, :1], 0, atol=1e-5)
    assert -6.001 < gains.min() < -5.8
    assert 5.8 < gains.max() < 6.001


def test_floor_hides_what_is_faint_in_training_only():
    X = np.random.default_rng(0).uniform(-200, 0, size=(300, 30, 20)).astype(np.float32)
    layer = RandomFloor(35.0, seed=0)
    np.testing.assert_array_equal(np.asarray(layer(X)), X)
    out = np.asarray(layer(X, training=True))
    loudest, floors = X.max(axis=(1, 2)), out.min(axis=(1, 2))
    np.testing.assert_array_equal(out, np.maximum(X, floors[:, None, None]))
    assert 35 < (loudest - floors).min() < 35.5
    assert 74.5 < (loudest - floors).max() < 75


def test_spec_augment_masks_whole_bands_and_spans_in_training_only():
    X = np.ones((200, 30, 20), np.float32)
    layer = SpecAugment(1, 0.2, 1, 0.2, seed=0)
    np.testing.assert_array_equal(np.asarray(layer(X)), X)
    out = np.asarray(layer(X, training=True))
    frames, features = out.max(axis=2) == 0, out.max(axis=1) == 0  # masked in every feature, in every frame
    np.testing.assert_array_equal(out == 0, frames[:, :, None] | features[:, None, :])
    assert frames.sum(axis=1).max() == 6
    assert features.sum(axis=1).max() == 4
    assert len(np.unique(frames, axis=0)) > 50


@pytest.mark.parametrize(("length", "widest"), [(1, 0), (4, 0), (13, 2), (101, 20)])
def test_spec_augment_never_masks_more_than_its_width(length, widest):
    layer = SpecAugment(0, 0.2, 1, 0.2, seed=0)
    masked = np.asarray(layer(np.ones((2000, length, 3), np.float32), training=True))[:, :, 0] == 0
    assert masked.sum(axis=1).max() == widest


def ramps(axis, shape=(300, 60, 40)):
    """Clips whose values are the place along an axis."""
    X = np.moveaxis(np.zeros(shape, np.float32), axis, -1)
    X[:] = np.arange(X.shape[-1])
    return np.moveaxis(X, -1, axis)


@pytest.mark.parametrize(
    ("axis", "params"), [(1, {"speed": 0.25}), (2, {"frequency": 0.25}), (1, {"shift": 0.1})], ids=str
)
def test_warp_moves_along_one_axis_in_training_only(axis, params):
    X = ramps(axis)
    layer = RandomWarp(**{"speed": 0.0, "frequency": 0.0, "shift": 0.0, **params}, seed=0)
    np.testing.assert_array_equal(np.asarray(layer(X)), X)
    places = np.moveaxis(np.asarray(layer(X, training=True)), axis, 1)[:, :, 0]  # (n_clips, length)
    inside = (places > 0.01) & (places < X.shape[axis] - 1.01)
    steps = np.array([np.median(np.diff(row[kept])) for row, kept in zip(places, inside, strict=True)])
    starts = places[:, 20] - 20 * steps
    if "shift" in params:
        np.testing.assert_allclose(steps, 1, atol=1e-4)
        assert -6.01 < starts.min() < -5.5
        assert 5.5 < starts.max() < 6.01
    else:
        np.testing.assert_allclose(starts, 0, atol=1e-3)
        assert 0.79 < steps.min() < 0.82
        assert 1.2 < steps.max() < 1.26


def test_warp_of_nothing_changes_nothing():
    X = np.random.default_rng(0).normal(size=(3, 20, 8)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(RandomWarp(0.0, 0.0, 0.0)(X, training=True)), X, atol=1e-6)


LENGTHS = np.array([60, 31, 8, 45] * 50)
MASK = (np.arange(60) < LENGTHS[:, None]).astype(np.float32)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RandomNoise((5.0, 35.0), seed=0),
        lambda: RandomGain(6.0, seed=0),
        lambda: RandomFloor(20.0, seed=0),
        lambda: RandomWarp(0.2, 0.1, 0.1, seed=0),
    ],
    ids=["noise", "gain", "floor", "warp"],
)
@pytest.mark.parametrize("padding", [0.0, -300.0, 300.0])
def test_what_stands_in_the_padding_does_not_count(make, padding):
    X = np.random.default_rng(0).normal(-40, 15, size=(200, 60, 20)).astype(np.float32)
    other = np.where(MASK[:, :, None] > 0, X, padding)
    expected, changed = (np.asarray(make()(x, step_mask=MASK, training=True)) * MASK[:, :, None] for x in (X, other))
    np.testing.assert_allclose(changed, expected, atol=1e-3)


def test_spans_are_masked_within_the_clip():
    X = np.ones((200, 60, 3), np.float32)
    out = np.asarray(SpecAugment(0, 0.2, 1, 0.2, seed=0)(X, step_mask=MASK, training=True))[:, :, 0]
    masked = out == 0
    assert not (masked & (MASK == 0)).any()
    for length, widest in [(60, 12), (31, 6), (8, 1), (45, 9)]:
        assert masked[length == LENGTHS].sum(axis=1).max() == widest


def test_a_padded_clip_is_warped_to_its_own_end():
    X = np.cumsum(np.ones((200, 60, 2), np.float32), axis=1) - 1  # the value is the frame
    out = np.asarray(RandomWarp(0.25, 0.0, 0.1, seed=0)(X, step_mask=MASK, training=True))[:, :, 0]
    assert (out <= LENGTHS[:, None] - 1).all()
    assert (out[:, 0] >= 0).all()


def test_tempo_keeps_both_ends_of_every_clip_in_training_only():
    X = np.tile(np.arange(60, dtype=np.float32)[None, :, None], (300, 1, 2))
    lengths = np.tile([60, 40], 150)
    mask = (np.arange(60)[None] < lengths[:, None]).astype(np.float32)
    layer = RandomTempo(0.1, seed=0)
    np.testing.assert_array_equal(np.asarray(layer(X, step_mask=mask)), X)
    places = np.asarray(layer(X, step_mask=mask, training=True))[:, :, 0]
    assert (places[:, 0] < 1).all()
    last = places[np.arange(300), lengths - 1]
    assert (last > lengths - 3).all()
    assert (last <= lengths - 1).all()
    tempo = np.diff(places, axis=1)
    assert tempo.min() >= 0
    inner = tempo[:, 10:20]
    assert 0.6 < inner.min() < 0.9
    assert 1.15 < inner.max() < 1.7
    assert np.std(inner.mean(axis=1)) > 0.03  # another one for every clip


def test_masks_of_sentences_are_short():
    X = np.ones((200, 400, 5), np.float32)
    masked = np.asarray(SpecAugment(0, 0.0, 1, 0.2, 25, seed=0)(X, training=True))[:, :, 0] == 0
    assert masked.sum(axis=1).max() == 25
    assert 8 < masked.sum(axis=1).mean() < 17
