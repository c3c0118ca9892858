// Runs a fuzz target over files, and over what is left of each when it is cut short: what was found once stays fixed.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/target.hpp"

namespace {

void run(const std::string& bytes) {
  // A copy of exactly this size: a sanitizer sees the first byte too far.
  const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
  (void)LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void run_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  run(bytes);
  constexpr std::size_t cuts = 16;
  for (std::size_t i = 0; i < cuts; ++i) run(bytes.substr(0, bytes.size() * i / cuts));
}

}  // namespace

int main(int count, char** words) {
  std::size_t files = 0;
  for (int i = 1; i < count; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(words[i])) {
      std::fprintf(stderr, "%s\n", entry.path().c_str());  // the last line before a crash names its input
      run_file(entry.path());
      ++files;
    }
  }
  std::fprintf(stderr, "%zu inputs\n", files);
  return files > 0 ? 0 : 1;
}
