#include "shared/engine/context/empty_templates.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace noetl::engine {
namespace {

constexpr std::size_t named_max = 5, shown_bytes_max = 200, text_bytes_max = 64 << 10, values_max = 2000;
constexpr auto unseen_afterwards =
    std::to_array<std::string_view>({"response", "result", "error", "event", "output", "data", "payload", "this",
                                     "_prev", "keychain", "secrets", "token", "env"});

}  // namespace

void EmptyTemplates::look(const Json& value, const std::string& place) {
  if (found_.size() >= named_max || ++looked_at_ > values_max) return;
  if (value.is_string()) return look_at(value.get_ref<const std::string&>(), place);
  if (value.is_object()) {
    for (const auto& [name, inner] : value.items()) look(inner, place.empty() ? name : place + "." + name);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) look(value[i], place + "[" + std::to_string(i) + "]");
  }
}

// A part of a longer text is judged and named by itself: "Hello {{ workload.nmae }}!".
void EmptyTemplates::look_at(const std::string& text, const std::string& place) {
  if (text.size() > text_bytes_max) return;
  for (const auto& expression : templating::expressions_of(text)) {
    if (expression.size() > shown_bytes_max || !context_.gives_nothing(expression)) continue;
    std::vector<std::string> roots;
    templating::collect_roots(expression, roots);
    const auto is_unseen = [](const std::string& root) {
      return std::ranges::find(unseen_afterwards, root) != unseen_afterwards.end();
    };
    if (std::ranges::any_of(roots, is_unseen)) continue;
    const Json named = place + ": " + expression;
    if (found_.size() < named_max && std::ranges::find(found_, named) == found_.end()) found_.push_back(named);
  }
}

}  // namespace noetl::engine
