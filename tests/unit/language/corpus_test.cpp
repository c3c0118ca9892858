#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "shared/language/loading/playbook_loader.hpp"
#include "test_paths.hpp"

// Whole playbooks: ours, those of NoETL's authors when they are at hand, and broken variants of ours.
namespace noetl::language {

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<fs::path> yaml_files(const fs::path& folder) {
  std::vector<fs::path> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == ".yaml") found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

std::vector<fs::path> own_playbooks() {
  auto files = yaml_files(fs::path(NOETL_SOURCE_DIR) / "tests/fixtures/playbooks");
  for (const auto& file : yaml_files(fs::path(NOETL_SOURCE_DIR) / "examples")) files.push_back(file);
  return files;
}

fs::path shared_playbooks() {
  const char* named = std::getenv("NOETL_SHARED_PLAYBOOKS");
  return named != nullptr ? fs::path(named) : fs::path(NOETL_SOURCE_DIR) / "../shared/playbooks";
}

// Replaces, removes, repeats and inserts pieces: enough to reach the corners of parser and loader.
std::string mutated(std::string text, std::mt19937& random) {
  static const std::string pieces[] = {"{",     "}",     "[",     "]",     ":",     "- ",    "\n",   "  ",     "{{",
                                       "}}",    "{%",    "&a ",   "*a",    "<<: ",  "|",     ">",    "!!str ", "!x ",
                                       "? ",    "'",     "\"",    "#",     "~",     "\t",    "\xC3", "%",      "---\n",
                                       "step:", "next:", "tool:", "case:", "then:", "loop:", "null"};
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  const std::size_t changes = 1 + below(4);
  for (std::size_t change = 0; change < changes && !text.empty(); ++change) {
    const std::size_t at = below(text.size());
    const std::size_t length = std::min(text.size() - at, 1 + below(20));
    switch (below(4)) {
      case 0: text.erase(at, length); break;
      case 1: text.insert(at, pieces[below(std::size(pieces))]); break;
      case 2: text.insert(below(text.size()), text.substr(at, length)); break;
      default: text[at] = static_cast<char>(below(256)); break;
    }
  }
  return text;
}

}  // namespace

TEST_CASE("our own playbooks load without a warning") {
  const auto files = own_playbooks();

  REQUIRE(files.size() >= 5);
  for (const auto& file : files) {
    CAPTURE(file.string());
    const auto loaded = load_playbook(text_of(file));
    if (!loaded)
      FAIL_CHECK(loaded.error().message);
    else
      CHECK(loaded->warnings.empty());
  }
}

TEST_CASE("the playbooks of NoETL's authors load, but for those that must not") {
  const auto folder = shared_playbooks();
  const auto files = yaml_files(folder);
  if (files.empty()) {
    MESSAGE("skipped: no playbooks in ", folder.string(), "; NOETL_SHARED_PLAYBOOKS names their folder");
    return;
  }

  std::size_t accepted = 0;
  for (const auto& file : files) {
    const std::string name = file.filename().string();
    if (name == "playbook_test_config.yaml") continue;  // the runner's settings, no playbook
    CAPTURE(file.string());
    const auto loaded = load_playbook(text_of(file));
    if (name == "should_error_tool_is_required.yaml") {
      REQUIRE_FALSE(loaded.has_value());
      CHECK(loaded.error().message.find("tool is required") != std::string::npos);
    } else if (name == "v2_http_test.yaml") {
      REQUIRE_FALSE(loaded.has_value());
      REQUIRE(loaded.error().details.size() == 2);
      CHECK(loaded.error().details[0].line == 116);
      CHECK(loaded.error().details[0].message.find("'process' is already defined in line 22") != std::string::npos);
    } else if (!loaded) {
      FAIL_CHECK(loaded.error().message);
    } else {
      ++accepted;
      CHECK(loaded->playbook.generation == (file.string().find("v2era") != std::string::npos ? "v2era" : "v10"));
    }
  }
  MESSAGE("loaded ", accepted, " of ", files.size(), " files in ", folder.string());
}

TEST_CASE("broken variants of our playbooks are answered, never crashed on, and quickly") {
  const auto files = own_playbooks();
  REQUIRE_FALSE(files.empty());
  std::vector<std::string> texts;
  for (const auto& file : files) texts.push_back(text_of(file));
  constexpr unsigned seed = 20'251'211;
  CAPTURE(seed);
  std::mt19937 random(seed);

  const auto began = std::chrono::steady_clock::now();
  int accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string text = mutated(texts[static_cast<std::size_t>(round) % texts.size()], random);
    const auto loaded = load_playbook(text);
    if (loaded) {
      ++accepted;
      continue;
    }
    CAPTURE(text);
    REQUIRE_FALSE(loaded.error().message.empty());
    REQUIRE_FALSE(loaded.error().details.empty());
    // What is said about a text must itself be fit for JSON.
    REQUIRE_NOTHROW((void)domain::Json(loaded.error().message).dump());
  }

  CHECK(accepted > 0);
  CHECK(accepted < 3000);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(60));
}

}  // namespace noetl::language
