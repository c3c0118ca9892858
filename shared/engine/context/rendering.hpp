#pragma once
// Context::Rendering: values that are built for one rendering, and the names they are seen under. Internal to Context.
#include <list>
#include <map>
#include <string>
#include <utility>

#include "shared/engine/context/context.hpp"
#include "shared/json/json_tree.hpp"

namespace noetl::engine {

struct Context::Rendering {
  Rendering() = default;
  Rendering(const Rendering&) = delete;
  Rendering& operator=(const Rendering&) = delete;
  ~Rendering() {
    for (auto& value : made) json::drop_tree(value);
  }

  // Whether the text to be rendered contains the word: results are copied into `event` and `output`
  // only for those who look at them.
  bool with_payload = false;
  bool with_response = false;
  const Json* source = nullptr;  // what is rendered
  std::list<Json> made;  // a list keeps the addresses that `scope` points at
  std::map<std::string, const Json*> members;  // of names whose value is a list, and that have members as well
  templating::Scope scope;

  const Json* make(Json value) { return &made.emplace_back(std::move(value)); }
};

// A member of a map, or null.
[[nodiscard]] inline const Json* member_of(const Json& object, const std::string& name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace noetl::engine
