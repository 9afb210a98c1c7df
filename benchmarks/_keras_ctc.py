"""What one would write with Keras alone: a recognizer of sentences.

After the example "Automatic speech recognition using CTC" (https://keras.io/examples/audio/ctc_asr): spectrogram, two
convolutions over time and frequency, bidirectional GRUs, greedy decoding. The example's five GRUs of 512 units are
three of 128 here, which a few minutes on two cores allow, and Adam's rate is 1e-3, as 1e-4 learns nothing in that time.
"""

import keras
import numpy as np

FRAME, HOP, FFT = 256, 160, 384
STRIDE = 2  # of the first convolution, over time


def spectrogram(waveform):
    """The square root of magnitudes, every clip at mean 0 and standard deviation 1, of shape (n_frames, 193)."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform, FRAME)[::HOP]
    magnitudes = np.sqrt(np.abs(np.fft.rfft(frames * np.hanning(FRAME), FFT)))
    return ((magnitudes - magnitudes.mean()) / (magnitudes.std() + 1e-10)).astype(np.float32)


def build(n_symbols, n_units=128, n_layers=3):
    """The network, without its softmax; symbol 0 is the blank."""
    x = inputs = keras.Input((None, FFT // 2 + 1))
    x = keras.layers.Reshape((-1, FFT // 2 + 1, 1))(x)
    for kernel, strides in (((11, 41), (STRIDE, 2)), ((11, 21), (1, 2))):
        x = keras.layers.Conv2D(32, kernel, strides, padding="same", use_bias=False)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    x = keras.layers.Reshape((-1, x.shape[-2] * x.shape[-1]))(x)
    for i in range(n_layers):
        x = keras.layers.Bidirectional(keras.layers.GRU(n_units, return_sequences=True))(x)
        x = keras.layers.Dropout(0.5)(x) if i < n_layers - 1 else x
    x = keras.layers.Dropout(0.5)(keras.layers.Dense(2 * n_units, activation="relu")(x))
    return keras.Model(inputs, keras.layers.Dense(n_symbols + 1)(x))


def transcribe(waveforms, sentences, test, seed, epochs=50, batch_size=8):
    """Train on sentences, and write down others."""
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    alphabet = sorted(set("".join(sentences)))
    numbers = {symbol: i + 1 for i, symbol in enumerate(alphabet)}
    labels = [[numbers[symbol] for symbol in sentence] for sentence in sentences]
    features = [spectrogram(waveform) for waveform in waveforms]
    network, optimizer = build(len(alphabet)), keras.optimizers.Adam(1e-3)

    @tf.function(reduce_retracing=True)
    def step(x, x_lengths, y, y_lengths):
        with tf.GradientTape() as tape:
            logits = network(x, training=True)
            # Of sparse labels, as ours: keras.losses.CTC takes 6 to 14 times as long and ignores the lengths.
            sparse = tf.RaggedTensor.from_tensor(y, y_lengths).to_sparse()
            loss = tf.nn.ctc_loss(sparse, logits, None, x_lengths, logits_time_major=False, blank_index=0)
            loss = tf.reduce_mean(loss)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply(gradients, network.trainable_variables)
        return loss

    random = np.random.default_rng(seed)
    for _ in range(epochs):
        for batch in np.array_split(random.permutation(len(features)), max(1, len(features) // batch_size)):
            x, x_lengths = padded([features[i] for i in batch], np.float32)
            y, y_lengths = padded([np.array(labels[i]) for i in batch], np.int32)
            step(tf.constant(x), tf.constant(-(-x_lengths // STRIDE)), tf.constant(y), tf.constant(y_lengths))
    return [decoded(network(spectrogram(w)[None], training=False)[0], alphabet) for w in test]


def padded(arrays, dtype):
    lengths = np.array([len(a) for a in arrays], np.int32)
    out = np.zeros((len(arrays), lengths.max(), *arrays[0].shape[1:]), dtype)
    for row, array in zip(out, arrays, strict=True):
        row[: len(array)] = array
    return out, lengths


def decoded(logits, alphabet):
    """The most probable symbol of every step, repetitions once, blanks left out."""
    best = np.asarray(logits).argmax(axis=-1)
    kept = best[np.diff(best, prepend=0) != 0]
    return "".join(alphabet[i - 1] for i in kept if i)
