#pragma once
// Scope: what a template can name. One thread while it is built; any thread may read it.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace noetl::templating {

using Json = nlohmann::json;

// Names that a rendering can see. Layers are looked at from the last added to the first; nothing is
// copied, so the values must outlive the Scope.
class Scope {
 public:
  // Adds the members of a JSON object as names.
  void add_layer(const Json& object);
  // Adds or replaces one name in a layer above all others. `members`, a map: where `name.x` and `name['x']` are
  // looked for before `value` is asked. So a list can have members as well: the rows of a SQL step and its row_count.
  void add(std::string name, const Json& value, const Json* members = nullptr);
  [[nodiscard]] const Json* find(std::string_view name) const;
  // The member of a name that was added with members; null when there is none.
  [[nodiscard]] const Json* find_member(std::string_view name, std::string_view member) const;

 private:
  std::vector<const Json*> layers_;
  struct Named {
    std::string name;
    const Json* value;
    const Json* members;  // null: none
  };
  [[nodiscard]] const Named* named(std::string_view name) const;

  std::vector<Named> names_;  // sorted: mostly they come so
};

}  // namespace noetl::templating
