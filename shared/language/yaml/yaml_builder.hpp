#pragma once
// Turns yaml-cpp's events into Nodes and stops at the bounds: the only place that expands aliases and
// merge keys. Made by load_yaml for one document; one thread.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "shared/language/yaml/yaml.hpp"

namespace noetl::language {

// Leaves the parser from inside an event; caught in load_yaml, never beyond it.
struct YamlRefusal : std::runtime_error {
  YamlRefusal(const std::string& message, SourceMark where, std::string field_path)
      : std::runtime_error(message), mark(where), field(std::move(field_path)) {}
  SourceMark mark;
  std::string field;
};

class YamlBuilder final : public YAML::EventHandler {
 public:
  YamlBuilder(std::string_view text, const YamlLimits& limits);

  [[nodiscard]] YamlDocument take() { return std::move(document_); }
  // Line and column of a yaml-cpp mark: 1-based, columns in characters instead of bytes.
  [[nodiscard]] SourceMark place(const YAML::Mark& mark) const;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { close(); }

 private:
  struct Size {
    std::size_t nodes = 0;
    std::size_t bytes = 0;
    std::size_t depth = 0;
  };
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    bool is_merge = false;  // the key is an unquoted <<
    std::string key;
    SourceMark key_mark;
    std::map<std::string, std::size_t> index;  // key → position in node.members
    std::vector<Node> merges;
  };
  struct Anchor {
    Node node;
    Size size;
  };

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor);
  void close();
  void add(Node node, YAML::anchor_t anchor, bool is_plain);
  void add_member(Frame& frame, Node node);
  void merge_into(Frame& frame);
  void merge_mapping(Frame& frame, const Node& source);
  void remember(const Node& node, YAML::anchor_t anchor);
  void spend(const Size& size, SourceMark mark);
  [[nodiscard]] char character_at(const YAML::Mark& mark) const;
  [[nodiscard]] int text_column_of(const YAML::Mark& mark, const Node& node) const;
  [[nodiscard]] std::string word_at(const YAML::Mark& mark) const;
  void warn_of_surprise(const std::string& text, const Node& node);
  [[nodiscard]] int block_column_of(std::size_t header_line, std::string_view value) const;
  [[noreturn]] void refuse_key(const YAML::Mark& mark) const;
  [[nodiscard]] bool expects_key() const;
  [[nodiscard]] std::string path() const;
  [[nodiscard]] static Size size_of(const Node& node);

  const std::string_view text_;
  const YamlLimits limits_;
  std::vector<std::size_t> line_starts_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Anchor> anchors_;
  Size spent_;
  YamlDocument document_;
};

}  // namespace noetl::language
