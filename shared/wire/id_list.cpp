#include "shared/wire/id_list.hpp"

#include <nlohmann/json.hpp>

namespace noetl::wire {

std::vector<base::CommandId> read_command_ids(json::ObjectReader& reader, const char* name, std::size_t ids_max) {
  std::vector<base::CommandId> read;
  const json::Json* ids = reader.optional_array(name, ids_max, 1);
  if (ids == nullptr) return read;
  read.reserve(ids->size());
  for (std::size_t i = 0; i < ids->size(); ++i) {
    const json::Json& item = (*ids)[i];
    const auto id = json::id_of(item);
    if (!id) {
      reader.refuse(name, "must have ids, found " + json::describe(item) + " at " + std::to_string(i));
      return {};
    }
    read.push_back({*id});
  }
  return read;
}

}  // namespace noetl::wire
