#include "shared/templating/values/scope.hpp"

#include <utility>

namespace noetl::templating {

void Scope::add_layer(const Json& object) {
  if (object.is_object()) {
    layers_.push_back(&object);
  }
}

void Scope::add(std::string name, const Json& value, const Json* members) {
  if (members != nullptr && members->is_object()) members_.insert_or_assign(name, members);
  names_.insert_or_assign(std::move(name), &value);
}

const Json* Scope::find_member(std::string_view name, std::string_view member) const {
  if (members_.empty()) return nullptr;
  const auto found = members_.find(name);
  if (found == members_.end()) return nullptr;
  const auto inner = found->second->find(member);
  if (inner != found->second->end()) return &*inner;
  // As of any map without them, `name.data` and `name.result` are the map itself.
  return member == "data" || member == "result" ? found->second : nullptr;
}

const Json* Scope::find(std::string_view name) const {
  if (const auto found = names_.find(name); found != names_.end()) {
    return found->second;
  }
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    const auto& members = (*layer)->get_ref<const Json::object_t&>();
    if (const auto found = members.find(name); found != members.end()) {
      return &found->second;
    }
  }
  return nullptr;
}

}  // namespace noetl::templating
