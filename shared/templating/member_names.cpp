#include "shared/templating/member_names.hpp"

#include <nlohmann/json.hpp>
#include <optional>

namespace noetl::templating {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

// Steps through the text of one {{ }} or {% %}.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }

  // Goes past the next appearance of `root` as a name of its own; false when there is none. Texts in quotes and
  // attributes (x.keychain) are no names.
  bool find_root(std::string_view root) {
    char before = ' ';
    while (!at_end()) {
      const char c = text_[at_];
      if (c == '\'' || c == '"') {
        skip_quoted();
        before = ' ';
        continue;
      }
      if (!is_letter(c)) {
        if (c != ' ') before = c;
        ++at_;
        continue;
      }
      const std::string name = word();
      if (name == root && before != '.') return true;
      before = 'x';
    }
    return false;
  }

  // `.name`, `['name']` or `.get('name'`; nothing when something else follows. `is_open` is set by an index that is
  // no quoted text.
  std::optional<std::string> member(bool& is_open) {
    skip_spaces();
    if (at_end()) return std::nullopt;
    if (text_[at_] == '.') {
      ++at_;
      skip_spaces();
      if (at_end() || !is_word(text_[at_])) return std::nullopt;
      std::string name = word();
      skip_spaces();
      if (name == "get" && !at_end() && text_[at_] == '(') return argument(is_open);
      return name;
    }
    if (text_[at_] == '[') return argument(is_open);
    return std::nullopt;
  }

 private:
  void skip_spaces() {
    while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }
  std::string word() {
    const std::size_t begin = at_;
    while (!at_end() && is_word(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  std::string skip_quoted() {
    const char quote = text_[at_++];
    std::string inside;
    while (!at_end() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      inside += text_[at_++];
    }
    if (!at_end()) ++at_;
    return inside;
  }
  std::optional<std::string> argument(bool& is_open) {
    ++at_;
    skip_spaces();
    if (at_end() || (text_[at_] != '\'' && text_[at_] != '"')) {
      is_open = true;
      return std::nullopt;
    }
    std::string name = skip_quoted();
    skip_spaces();
    if (!at_end() && (text_[at_] == ']' || text_[at_] == ')')) {
      ++at_;
    } else if (at_end() || text_[at_] != ',') {  // 'a' ~ b
      is_open = true;
      return std::nullopt;
    }
    return name;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void collect_in_block(std::string_view block, std::string_view root, MemberNames& into) {
  for (Reader reader(block); reader.find_root(root);) {
    bool is_open = false;
    const auto name = reader.member(is_open);
    if (!name) {
      into.is_open = true;
      continue;
    }
    auto& inner = into.members[*name];
    if (const auto inner_name = reader.member(is_open)) inner.insert(*inner_name);
  }
}

}  // namespace

void collect_members(std::string_view source, std::string_view root, MemberNames& into) {
  while (true) {
    const std::size_t expression = source.find("{{");
    const std::size_t statement = source.find("{%");
    const std::size_t begin = std::min(expression, statement);
    if (begin == std::string_view::npos) return;
    source.remove_prefix(begin + 2);
    const std::size_t end = source.find(begin == expression ? "}}" : "%}");
    collect_in_block(source.substr(0, end), root, into);
    if (end == std::string_view::npos) return;
    source.remove_prefix(end + 2);
  }
}

void collect_members(const nlohmann::json& value, std::string_view root, MemberNames& into) {
  if (value.is_string()) return collect_members(std::string_view(value.get_ref<const std::string&>()), root, into);
  if (!value.is_structured()) return;
  for (const auto& inner : value) collect_members(inner, root, into);
}

}  // namespace noetl::templating
