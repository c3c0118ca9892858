#include "shared/engine/context/program_texts.hpp"

#include <string>
#include <utility>
#include <vector>

#include "shared/templating/template.hpp"

namespace noetl::engine {
namespace {

using domain::Json;

struct Kept {
  Json::json_pointer at;
  Json text;
};

void take_out(Json& value, const Json::json_pointer& at, std::vector<Kept>& kept) {
  if (value.is_string()) {
    if (!templating::parse_cached(value.get_ref<const std::string&>()))
      kept.push_back({at, std::exchange(value, nullptr)});
  } else if (value.is_object()) {
    for (auto& [name, inner] : value.items()) take_out(inner, at / name, kept);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) take_out(value[i], at / i, kept);
  }
}

}  // namespace

// Looked into only when the rendering as a whole has failed.
base::Result<Json> render_for_tool(Context& context, const Json& written) {
  auto rendered = context.render_for_worker(written);
  if (rendered) return rendered;
  Json options = written;
  std::vector<Kept> kept;
  take_out(options, Json::json_pointer(), kept);
  if (kept.empty()) return rendered;
  rendered = context.render_for_worker(options);
  if (!rendered) return rendered;
  for (auto& [at, text] : kept) (*rendered)[at] = std::move(text);
  return rendered;
}

}  // namespace noetl::engine
