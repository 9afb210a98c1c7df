// Recognize a word in JavaScript: in a browser, or in Node as here.
//
//     npm install onnxruntime-web
//     sklspeech export model.joblib -o model.onnx      writes model.onnx and model.onnx.json
//     node recognize.mjs model.onnx word.wav
//
// In a page, fetch() the two files instead of reading them, and take the samples from the microphone or from a file:
//     const context = new AudioContext({sampleRate: Number(settings.sample_rate)});
//     const samples = (await context.decodeAudioData(await file.arrayBuffer())).getChannelData(0);
import {readFile} from 'node:fs/promises';
import * as ort from 'onnxruntime-web';

/** Samples of a 16-bit PCM WAV file of one channel, from -1 to 1, and its sample rate. */
function parseWav(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  let sampleRate = 0;
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = view.getUint32(at + 4, true);
    if (name(at) === 'fmt ') {
      if (view.getUint16(at + 10, true) !== 1 || view.getUint16(at + 22, true) !== 16) {
        throw new Error('expected 16-bit PCM of one channel');
      }
      sampleRate = view.getUint32(at + 12, true);
    } else if (name(at) === 'data') {
      const samples = Float32Array.from({length: size >> 1}, (_, i) => view.getInt16(at + 8 + 2 * i, true) / 32768);
      return {samples, sampleRate};
    }
    at += 8 + size + (size % 2);
  }
  throw new Error('no samples');
}

const [model, recording] = process.argv.slice(2);
const settings = JSON.parse(await readFile(`${model}.json`, 'utf8'));
const {samples, sampleRate} = parseWav(await readFile(recording));
if (sampleRate !== Number(settings.sample_rate)) {
  throw new Error(`the model hears ${settings.sample_rate} Hz, the recording has ${sampleRate}`);
}

// The graph takes clips of one length: longer ones lose their end, shorter ones get silence behind them.
const clip = new Float32Array(Number(settings.n_samples));
clip.set(samples.subarray(0, clip.length));

const session = await ort.InferenceSession.create(await readFile(model));
const input = new ort.Tensor('float32', clip, [1, clip.length]);
const {probabilities} = await session.run({[session.inputNames[0]]: input});
const best = probabilities.data.reduce((found, p, i, all) => (p > all[found] ? i : found), 0);
console.log(`${JSON.parse(settings.labels)[best]}\t${probabilities.data[best].toFixed(4)}`);
