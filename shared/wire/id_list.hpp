#pragma once
// A list of command ids in a request: as strings or numbers. Any thread.
#include <vector>

#include "shared/base/ids.hpp"
#include "shared/json/object_reader.hpp"

namespace noetl::wire {

// Empty when it is left out; refused when it is empty, too long or has something else than ids.
[[nodiscard]] std::vector<base::CommandId> read_command_ids(json::ObjectReader& reader, const char* name,
                                                            std::size_t ids_max);

}  // namespace noetl::wire
