#include "shared/templating/values/scope.hpp"

#include <algorithm>
#include <utility>

namespace noetl::templating {

void Scope::add_layer(const Json& object) {
  if (object.is_object()) {
    layers_.push_back(&object);
  }
}

void Scope::add(std::string name, const Json& value, const Json* members) {
  if (members != nullptr && !members->is_object()) members = nullptr;
  const auto at = std::ranges::lower_bound(names_, name, {}, &Named::name);
  if (at != names_.end() && at->name == name) {
    at->value = &value;
    if (members != nullptr) at->members = members;
  } else {
    names_.insert(at, Named{std::move(name), &value, members});
  }
}

const Scope::Named* Scope::named(std::string_view name) const {
  const auto at = std::lower_bound(names_.begin(), names_.end(), name,
                                   [](const Named& one, std::string_view other) { return one.name < other; });
  return at != names_.end() && at->name == name ? &*at : nullptr;
}

const Json* Scope::find_member(std::string_view name, std::string_view member) const {
  const auto* found = named(name);
  if (found == nullptr || found->members == nullptr) return nullptr;
  const auto inner = found->members->find(member);
  if (inner != found->members->end()) return &*inner;
  // As of any map without them, `name.data` and `name.result` are the map itself.
  return member == "data" || member == "result" ? found->members : nullptr;
}

const Json* Scope::find(std::string_view name) const {
  if (const auto* found = named(name)) return found->value;
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    const auto& members = (*layer)->get_ref<const Json::object_t&>();
    if (const auto found = members.find(name); found != members.end()) {
      return &found->second;
    }
  }
  return nullptr;
}

}  // namespace noetl::templating
