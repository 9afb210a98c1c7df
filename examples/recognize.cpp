// Recognize a word in C++, with ONNX Runtime (https://onnxruntime.ai, or Debian's libonnxruntime-dev).
//
//     sklspeech export model.joblib -o model.onnx
//     c++ -std=c++17 recognize.cpp -o recognize -lonnxruntime
//     ./recognize model.onnx word.wav
//
// A pipeline may be longer or shorter than the recording: what is too long loses its end, silence is put behind the rest.
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

// Samples of a 16-bit PCM WAV file of one channel, from -1 to 1.
std::vector<float> read_wav(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
  for (std::size_t at = 12; at + 8 <= bytes.size();) {
    std::uint32_t size;
    std::memcpy(&size, &bytes[at + 4], 4);
    if (std::memcmp(&bytes[at], "data", 4) == 0) {
      const std::size_t n_samples = std::min<std::size_t>(size, bytes.size() - at - 8) / 2;
      std::vector<std::int16_t> samples(n_samples);
      std::memcpy(samples.data(), &bytes[at + 8], 2 * n_samples);
      std::vector<float> waveform(n_samples);
      std::transform(samples.begin(), samples.end(), waveform.begin(), [](auto s) { return s / 32768.0f; });
      return waveform;
    }
    at += 8 + size + size % 2;
  }
  throw std::runtime_error(path + " has no samples");
}

// A text that the graph carries with it: sample_rate, n_samples, labels (a JSON list).
std::string property(const Ort::Session& session, const char* name) {
  Ort::AllocatorWithDefaultOptions allocator;
  return session.GetModelMetadata().LookupCustomMetadataMapAllocated(name, allocator).get();
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: recognize MODEL.onnx WORD.wav\n";
    return 2;
  }
  Ort::Env env(ORT_LOGGING_LEVEL_WARNING, "recognize");
  Ort::Session session(env, argv[1], Ort::SessionOptions{});
  auto clip = read_wav(argv[2]);
  clip.resize(std::stoul(property(session, "n_samples")), 0.0f);

  const std::int64_t shape[] = {1, static_cast<std::int64_t>(clip.size())};
  auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  auto input = Ort::Value::CreateTensor<float>(memory, clip.data(), clip.size(), shape, 2);
  Ort::AllocatorWithDefaultOptions allocator;
  const auto input_name = session.GetInputNameAllocated(0, allocator);
  const char* inputs[] = {input_name.get()};
  const char* outputs[] = {"probabilities"};
  const auto found = session.Run(Ort::RunOptions{}, inputs, &input, 1, outputs, 1);
  const float* p = found[0].GetTensorData<float>();
  const auto n_labels = found[0].GetTensorTypeAndShapeInfo().GetElementCount();
  const auto best = std::max_element(p, p + n_labels) - p;
  std::cout << "label " << best << " of " << property(session, "labels") << "\t" << p[best] << "\n";
}
