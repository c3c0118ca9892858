#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "test_paths.hpp"
#include "tests/engine/transcript.hpp"

namespace noetl::engine_tests {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::filesystem::path> scenario_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(NOETL_SOURCE_DIR "/tests/engine/scenarios")) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST_CASE("Every scenario plays as it is written down") {
  // NOETL_REWRITE_SCENARIOS=1 writes what the engine does into the files: read the diff before keeping it.
  const char* asked = std::getenv("NOETL_REWRITE_SCENARIOS");
  const bool is_rewrite = asked != nullptr && std::string(asked) == "1";
  const auto files = scenario_files();
  REQUIRE(files.size() >= 35);

  for (const auto& file : files) {
    auto blocks = parse_blocks(read_file(file));
    CHECK_MESSAGE(!blocks.empty(), file.filename().string());
    Transcript transcript;
    for (auto& block : blocks) {
      const auto came = transcript.play(block);
      if (is_rewrite) {
        block.expected = came;
      } else {
        INFO(file.filename().string() << ": " << block.command);
        CHECK(came == block.expected);
      }
    }
    if (is_rewrite) std::ofstream(file, std::ios::binary) << write_blocks(blocks);
  }
}

}  // namespace
}  // namespace noetl::engine_tests
