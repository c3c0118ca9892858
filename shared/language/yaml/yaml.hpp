#pragma once
// YAML text as a tree that remembers where everything stood. Scalars resolve as PyYAML's SafeLoader
// (YAML 1.1) does, because NoETL's playbooks were written against it; bytes, depth, nodes and what
// aliases may expand to are bounded, so no text can cost more than its size allows. Pure; any thread.
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/domain/playbook.hpp"

namespace noetl::language {

using domain::Json;
using domain::SourceMark;

struct YamlLimits {
  std::size_t bytes_max = 1 << 20;
  std::size_t depth_max = 64;
  std::size_t nodes_max = 200'000;  // after the aliases were expanded
  std::size_t expanded_bytes_max = 4 << 20;  // of all scalars, after the aliases were expanded
};

struct Member;

struct Node {
  enum class Kind { scalar, sequence, mapping };
  Kind kind = Kind::scalar;
  Json value;  // scalar: null, bool, integer, float or string
  std::string text;  // scalar: as written, without quotes
  bool is_block = false;  // scalar: written as | or >, so its first line is below the mark
  // scalar: the column in which each of its lines begins; 0 when quotes, escapes or folding moved them.
  int text_column = 0;
  std::vector<Node> items;  // sequence
  std::vector<Member> members;  // mapping; keys are unique and in the order of the text
  SourceMark mark;

  [[nodiscard]] bool is_null() const { return kind == Kind::scalar && value.is_null(); }
  // The member's value, or nullptr; also when this is no mapping.
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] Json to_json() const;
  // "a mapping", "the text 'x'", "nothing" … for messages.
  [[nodiscard]] std::string described() const;
};

// Keys are kept as written: JSON knows no other keys than text, and an author who writes `on:` or `1:`
// looks for that name, not for Python's True.
struct Member {
  std::string key;
  SourceMark mark;
  Node node;
};

struct YamlDocument {
  Node root;
  std::vector<base::ErrorDetail>
      warnings;  // duplicate keys (the last one counts), plain scalars that YAML 1.1 reads otherwise
};

// Errors: payload_too_large, otherwise invalid_playbook; `details` has line and column.
[[nodiscard]] base::Result<YamlDocument> load_yaml(std::string_view text, const YamlLimits& limits = {});

}  // namespace noetl::language
