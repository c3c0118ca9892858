#pragma once
// Transcript: plays a scenario file against the engine and writes down what the engine decided. A
// scenario is a list of blocks: a command line, its text if it has one, a line "----", what came of it,
// and an empty line. README.md in scenarios/ lists the commands. One thread.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "shared/engine/engine.hpp"
#include "tests/engine/memory_archive.hpp"

namespace noetl::engine_tests {

struct Block {
  std::vector<std::string> comments;  // lines before the command, kept by a rewrite
  std::string command;
  std::string text;
  std::string expected;
};

[[nodiscard]] std::vector<Block> parse_blocks(const std::string& file_text);
[[nodiscard]] std::string write_blocks(const std::vector<Block>& blocks);

class Transcript {
 public:
  // What comes of one block.
  [[nodiscard]] std::string play(const Block& block);

 private:
  static std::string shown(const domain::Json& value);
  std::string load(const std::string& yaml);
  std::string start(const domain::Json& payload);
  std::string again(const std::string& step);
  std::string occur(const std::string& node_id, domain::Outcome outcome, const domain::Json& payload);
  std::string move_out(std::size_t inline_bytes_max);
  std::string describe(engine::Decision decision);

  std::optional<domain::Playbook> playbook_;
  domain::Json workload_;
  engine::State state_;
  MemoryArchive stored_;
  std::set<std::string> issued_;
  std::map<std::string, std::string> frames_;  // of commands and children, by node
  std::int64_t last_result_id_ = 0;
};

}  // namespace noetl::engine_tests
