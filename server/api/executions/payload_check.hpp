#pragma once
// What no payload may have in it, whatever starts with it. See reserved_name.hpp: a payload is data. Pure; any thread.
#include <string_view>

#include "shared/base/result.hpp"
#include "shared/json/reserved_name.hpp"

namespace noetl::api {

[[nodiscard]] inline base::Result<void> check_payload(std::string_view payload) {
  if (!json::has_reserved_name(payload)) return {};
  return base::failure(base::ErrorCode::invalid_input, "the payload has a member '$template', a name that is reserved",
                       "/payload");
}

}  // namespace noetl::api
