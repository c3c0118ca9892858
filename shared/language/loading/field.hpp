#pragma once
// Field: a node of the playbook and the path to it, as findings name it ("workflow[2].next[0].step"),
// and the few ways in which the language's parts read one. Values; one thread, valid while the
// YamlDocument lives.
#include <string>
#include <string_view>

#include "shared/language/vocabulary/vocabulary.hpp"
#include "shared/language/yaml/findings.hpp"
#include "shared/language/yaml/yaml.hpp"

namespace noetl::language {

struct Field {
  const Node* node = nullptr;
  std::string path;

  // There is something: neither absent nor null.
  [[nodiscard]] bool is_given() const { return node != nullptr && !node->is_null(); }
  [[nodiscard]] bool is_mapping() const { return node != nullptr && node->kind == Node::Kind::mapping; }
  [[nodiscard]] bool is_sequence() const { return node != nullptr && node->kind == Node::Kind::sequence; }
  [[nodiscard]] bool is_scalar() const { return is_given() && node->kind == Node::Kind::scalar; }
  [[nodiscard]] bool has(std::string_view key) const { return (*this)[key].is_given(); }
  [[nodiscard]] SourceMark mark() const { return node == nullptr ? SourceMark{} : node->mark; }
  [[nodiscard]] std::string described() const { return node == nullptr ? "nothing" : node->described(); }

  // A member; without node when there is none.
  [[nodiscard]] Field operator[](std::string_view key) const;
  [[nodiscard]] Field of(const Member& member) const;
  [[nodiscard]] Field at(std::size_t index) const;
};

// How wrong a template that does not parse is: in a program's text it may be no template at all, and a comment none of the
// template's.
enum class Strictness { error, warning, program };

// A scalar as text; empty when absent. Another kind of value is an error.
[[nodiscard]] std::string read_text(const Field& field, Findings& findings);
// A mapping as JSON, its templates checked; {} when absent. Another kind of value is an error.
[[nodiscard]] Json read_object(const Field& field, Findings& findings);
// Any value as JSON, its templates checked.
[[nodiscard]] Json read_value(const Field& field, Findings& findings);
// A condition's text, its template checked; empty when absent: it always holds.
[[nodiscard]] std::string read_condition(const Field& field, Findings& findings);
// One of `words`, or empty when absent. Another word is an error, unless it is a template.
[[nodiscard]] std::string read_word(const Field& field, vocabulary::Words words, Findings& findings);

// Members that mean nothing here: refused when they look like a slip of one that does, else a warning.
void check_keys(const Field& field, vocabulary::Words known, Findings& findings);
// Parses every template inside; texts of programs (code, command, …) only get warnings.
void check_templates(const Field& field, Strictness strictness, Findings& findings);
[[nodiscard]] bool has_template_marks(std::string_view text);
// Line and column in a text, both from 1.
[[nodiscard]] SourceMark mark_at(std::string_view text, std::size_t offset);
// Where a place inside a scalar's text (line and column from 1) stands in the playbook; the scalar's own
// place when quotes, escapes or folding moved the text.
[[nodiscard]] SourceMark place_in_text(const Node& node, SourceMark inside);

}  // namespace noetl::language
