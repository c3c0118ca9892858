#include "shared/engine/plan/set_places.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace noetl::engine {
namespace {

using domain::Json;

constexpr auto scopes = std::to_array<std::string_view>({"ctx", "iter", "step", "vars", "workload"});

void lay_out(const std::string& place, const Json& value, Json& places) {
  if (!value.is_object() || value.empty()) {
    places[place] = value;
    return;
  }
  for (const auto& [name, inner] : value.items()) lay_out(place + "." + name, inner, places);
}

}  // namespace

Json by_place(const Json& set) {
  const auto is_scope_map = [&](const std::string& key, const Json& value) {
    return value.is_object() && std::find(scopes.begin(), scopes.end(), key) != scopes.end();
  };
  Json places = Json::object();
  for (const auto& [key, value] : set.items()) {
    if (!is_scope_map(key, value))
      places[key] = value;
    else if (!value.empty())
      lay_out(key, value, places);
  }
  return places;
}

void put_at(Json& map, std::string_view place, Json value) {
  Json* at = &map;
  for (;;) {
    if (!at->is_object()) *at = Json::object();
    const auto dot = place.find('.');
    Json& member = (*at)[std::string(place.substr(0, dot))];
    if (dot == std::string_view::npos) {
      member = std::move(value);
      return;
    }
    at = &member;
    place.remove_prefix(dot + 1);
  }
}

}  // namespace noetl::engine
