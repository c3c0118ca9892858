#include "shared/language/yaml/yaml_builder.hpp"

#include <utility>

#include "shared/language/yaml/findings.hpp"
#include "shared/language/yaml/scalars.hpp"

namespace noetl::language {

namespace {

constexpr std::size_t warnings_max = 100;
constexpr std::size_t surprises_max = 50;  // leaves room for other findings
// Columns of longer lines stay in bytes: counting characters per node would be quadratic.
constexpr std::size_t counted_line_bytes_max = 4096;

std::size_t characters(std::string_view bytes) {
  std::size_t count = 0;
  for (const char c : bytes)
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
  return count;
}

}  // namespace

YamlBuilder::YamlBuilder(std::string_view text, const YamlLimits& limits) : text_(text), limits_(limits) {
  line_starts_.push_back(0);
  for (std::size_t at = 0; at < text.size(); ++at)
    if (text[at] == '\n') line_starts_.push_back(at + 1);
}

SourceMark YamlBuilder::place(const YAML::Mark& mark) const {
  if (mark.is_null() || mark.line < 0 || mark.column < 0) return {};
  SourceMark place{.line = mark.line + 1, .column = mark.column + 1};
  const auto line = static_cast<std::size_t>(mark.line);
  const auto bytes = static_cast<std::size_t>(mark.column);
  if (line < line_starts_.size() && bytes < counted_line_bytes_max && line_starts_[line] + bytes <= text_.size())
    place.column = static_cast<int>(characters(text_.substr(line_starts_[line], bytes))) + 1;
  return place;
}

char YamlBuilder::character_at(const YAML::Mark& mark) const {
  if (mark.is_null() || mark.line < 0 || mark.column < 0) return '\0';
  const auto line = static_cast<std::size_t>(mark.line);
  if (line >= line_starts_.size()) return '\0';
  const auto at = line_starts_[line] + static_cast<std::size_t>(mark.column);
  return at < text_.size() ? text_[at] : '\0';
}

// A plain word in the source, as the parser tells nothing of how a null was written.
std::string YamlBuilder::word_at(const YAML::Mark& mark) const {
  if (character_at(mark) == '\0') return {};
  const auto begin = line_starts_[static_cast<std::size_t>(mark.line)] + static_cast<std::size_t>(mark.column);
  constexpr std::size_t word_bytes_max = 5;
  const auto word = text_.substr(begin, word_bytes_max);
  return std::string(word.substr(0, word.find_first_of(" \t\r\n,]}")));
}

// Below a | stands the text itself, further in by the same number of spaces in every line.
int YamlBuilder::block_column_of(std::size_t header_line, std::string_view value) const {
  const auto indent = [](std::string_view line) {
    const auto at = line.find_first_not_of(' ');
    return at == std::string_view::npos ? line.size() : at;
  };
  const auto is_blank = [&](std::string_view line) { return indent(line) == line.size(); };
  for (std::size_t line = header_line + 1, from = 0; line < line_starts_.size() && from < value.size(); ++line) {
    const auto begin = line_starts_[line];
    const auto source = text_.substr(begin, text_.find_first_of("\r\n", begin) - begin);
    const auto written = value.substr(from, value.find('\n', from) - from);
    if (!is_blank(written))
      return indent(source) < indent(written) ? 0 : static_cast<int>(indent(source) - indent(written)) + 1;
    from += written.size() + 1;
  }
  return 0;
}

int YamlBuilder::text_column_of(const YAML::Mark& mark, const Node& node) const {
  const char first = character_at(mark);
  if (first == '\0' || first == '>') return 0;
  if (first == '|') return block_column_of(static_cast<std::size_t>(mark.line), node.text);
  const std::size_t quote = first == '"' || first == '\'' ? 1 : 0;
  const auto begin = line_starts_[static_cast<std::size_t>(mark.line)] + static_cast<std::size_t>(mark.column);
  const bool is_as_written =
      node.text.find('\n') == std::string::npos && text_.substr(begin + quote, node.text.size()) == node.text;
  return is_as_written ? node.mark.column + static_cast<int>(quote) : 0;
}

void YamlBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  Node node;
  node.text = expects_key() ? "null" : "";
  node.mark = place(mark);
  if (!expects_key()) warn_of_surprise(word_at(mark), node);
  add(std::move(node), anchor, true);
}

void YamlBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  Node node;
  node.mark = place(mark);
  const char first = character_at(mark);
  const bool is_plain = tag == "?";
  node.is_block = !is_plain && (first == '|' || first == '>');
  if (is_plain || tag.empty()) {
    node.value = resolve_plain_scalar(value);
    if (is_plain && !expects_key()) warn_of_surprise(value, node);
  } else if (tag == "!") {
    node.value = value;
  } else {
    auto tagged = resolve_tagged_scalar(tag, value);
    if (!tagged)
      throw YamlRefusal("the tag '" + tag + "' does not fit the text '" + clipped(value, 40) +
                            "' or is not a plain type (str, int, float, bool, null)",
                        node.mark, path());
    node.value = *std::move(tagged);
  }
  node.text = value;
  node.text_column = text_column_of(mark, node);
  add(std::move(node), anchor, is_plain);
}

// Said of every place, since YAML 1.1 surprises most who know 1.2: NO, 012, 22:22, 3.10.
void YamlBuilder::warn_of_surprise(const std::string& text, const Node& node) {
  if (document_.warnings.size() >= surprises_max) return;
  const auto surprise = surprise_of(text, node.value);
  if (surprise.empty()) return;
  document_.warnings.push_back({.field = path(),
                                .message = clipped(surprise, 160),
                                .line = node.mark.line,
                                .column = node.mark.column,
                                .suggestion = "write \"" + clipped(text, 60) + "\" in quotes when a text is meant"});
}

void YamlBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const auto found = anchors_.find(anchor);
  const SourceMark where = place(mark);
  if (found == anchors_.end())
    throw YamlRefusal("an alias refers to the value that contains it; playbooks cannot be cyclic", where, path());
  if (frames_.size() + found->second.size.depth > limits_.depth_max)
    throw YamlRefusal("an alias nests deeper than " + std::to_string(limits_.depth_max) + " levels", where, path());
  // Paid before it is copied: nine lines of aliases can stand for a billion nodes.
  spend(found->second.size, where);
  Node copy = found->second.node;
  copy.mark = where;
  copy.text_column = 0;
  add(std::move(copy), 0, true);
}

void YamlBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                                  YAML::EmitterStyle::value) {
  open(Node::Kind::sequence, mark, tag, anchor);
}

void YamlBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value) {
  open(Node::Kind::mapping, mark, tag, anchor);
}

bool YamlBuilder::expects_key() const {
  return !frames_.empty() && frames_.back().node.kind == Node::Kind::mapping && !frames_.back().has_key;
}

// Almost always a template without quotes: YAML reads {{ x }} as a map whose key is a map.
void YamlBuilder::refuse_key(const YAML::Mark& mark) const {
  YAML::Mark before = mark;
  --before.column;
  const bool is_template = character_at(mark) == '{' && character_at(before) == '{';
  throw YamlRefusal(is_template ? "a value that begins with {{ must be in quotes: \"{{ workload.x }}\""
                                : "a mapping's key must be plain text; is a bracket not closed?",
                    place(mark), path());
}

void YamlBuilder::open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
  const SourceMark where = place(mark);
  if (expects_key()) refuse_key(mark);
  const bool is_plain_type = tag.empty() || tag == "?" || tag == "!" ||
                             tag == (kind == Node::Kind::mapping ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq");
  if (!is_plain_type) throw YamlRefusal("the tag '" + tag + "' is not a plain type (map, seq)", where, path());
  if (frames_.size() >= limits_.depth_max)
    throw YamlRefusal("nested deeper than " + std::to_string(limits_.depth_max) + " levels", where, path());
  Frame frame;
  frame.node.kind = kind;
  frame.node.mark = where;
  frame.anchor = anchor;
  spend({.nodes = 1, .bytes = 0, .depth = 0}, where);
  frames_.push_back(std::move(frame));
}

void YamlBuilder::close() {
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  merge_into(frame);
  const auto anchor = frame.anchor;
  if (anchor != 0) remember(frame.node, anchor);
  if (frames_.empty()) {
    document_.root = std::move(frame.node);
  } else if (frames_.back().node.kind == Node::Kind::sequence) {
    frames_.back().node.items.push_back(std::move(frame.node));
  } else {
    add_member(frames_.back(), std::move(frame.node));
  }
}

// A scalar, or an alias's copy, which was paid for when it was copied.
void YamlBuilder::add(Node node, YAML::anchor_t anchor, bool is_plain) {
  if (node.kind == Node::Kind::scalar) spend({.nodes = 1, .bytes = node.text.size(), .depth = 0}, node.mark);
  if (anchor != 0) remember(node, anchor);
  if (frames_.empty()) {
    document_.root = std::move(node);
    return;
  }
  Frame& frame = frames_.back();
  if (frame.node.kind == Node::Kind::sequence) {
    frame.node.items.push_back(std::move(node));
  } else if (frame.has_key) {
    add_member(frame, std::move(node));
  } else {
    if (node.kind != Node::Kind::scalar) throw YamlRefusal("a mapping's key must be plain text", node.mark, path());
    frame.has_key = true;
    frame.is_merge = is_plain && node.text == "<<";
    frame.key = std::move(node.text);
    frame.key_mark = node.mark;
  }
}

void YamlBuilder::add_member(Frame& frame, Node node) {
  frame.has_key = false;
  if (frame.is_merge) {
    frame.merges.push_back(std::move(node));
    return;
  }
  const auto [found, is_new] = frame.index.emplace(frame.key, frame.node.members.size());
  if (is_new) {
    frame.node.members.push_back({.key = frame.key, .mark = frame.key_mark, .node = std::move(node)});
    return;
  }
  Member& earlier = frame.node.members[found->second];
  if (document_.warnings.size() < warnings_max) {
    std::string where = path();
    document_.warnings.push_back(
        {.field = where.empty() ? clipped(frame.key, 80) : where + "." + clipped(frame.key, 80),
         .message = "the key '" + clipped(frame.key, 80) + "' is given twice, first in line " +
                    std::to_string(earlier.mark.line) + "; this one counts",
         .line = frame.key_mark.line,
         .column = frame.key_mark.column,
         .suggestion = {}});
  }
  earlier.mark = frame.key_mark;
  earlier.node = std::move(node);
}

void YamlBuilder::merge_into(Frame& frame) {
  for (auto& source : frame.merges) {
    if (source.kind == Node::Kind::sequence) {
      for (const auto& item : source.items) merge_mapping(frame, item);
    } else {
      merge_mapping(frame, source);
    }
  }
}

// The mapping's own keys win, then those of the source that was named first.
void YamlBuilder::merge_mapping(Frame& frame, const Node& source) {
  if (source.kind != Node::Kind::mapping)
    throw YamlRefusal("<< expects a mapping or a list of mappings, found " + source.described(), source.mark, path());
  for (const auto& member : source.members)
    if (frame.index.emplace(member.key, frame.node.members.size()).second) frame.node.members.push_back(member);
}

void YamlBuilder::remember(const Node& node, YAML::anchor_t anchor) {
  const Size size = size_of(node);
  spend(size, node.mark);
  anchors_.insert_or_assign(anchor, Anchor{node, size});
}

void YamlBuilder::spend(const Size& size, SourceMark mark) {
  spent_.nodes += size.nodes;
  spent_.bytes += size.bytes;
  if (spent_.nodes > limits_.nodes_max)
    throw YamlRefusal("more than " + std::to_string(limits_.nodes_max) + " values, aliases expanded", mark, path());
  if (spent_.bytes > limits_.expanded_bytes_max)
    throw YamlRefusal("more than " + std::to_string(limits_.expanded_bytes_max) + " bytes, aliases expanded", mark,
                      path());
}

std::string YamlBuilder::path() const {
  std::string joined;
  for (const auto& frame : frames_) {
    if (frame.node.kind == Node::Kind::sequence) {
      joined += "[" + std::to_string(frame.node.items.size()) + "]";
    } else if (frame.has_key) {
      if (!joined.empty()) joined += ".";
      joined += clipped(frame.key, 80);
    }
  }
  return joined;
}

YamlBuilder::Size YamlBuilder::size_of(const Node& node) {
  Size size{.nodes = 1, .bytes = node.text.size(), .depth = 0};
  const auto include = [&size](const Size& part) {
    size.nodes += part.nodes;
    size.bytes += part.bytes;
    size.depth = std::max(size.depth, part.depth);
  };
  for (const auto& item : node.items) include(size_of(item));
  for (const auto& member : node.members) {
    include(size_of(member.node));
    size.bytes += member.key.size();
  }
  if (node.kind != Node::Kind::scalar) ++size.depth;
  return size;
}

}  // namespace noetl::language
