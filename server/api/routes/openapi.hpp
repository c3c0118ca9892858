#pragma once
// The OpenAPI 3.1 document: paths from the endpoints table, component schemas from schemas/*.json. Pure.
#include <span>
#include <string>
#include <string_view>

#include "server/api/routes/endpoints.hpp"

namespace noetl::api {

[[nodiscard]] std::string openapi_document(std::span<const Endpoint> table, std::string_view version,
                                           bool asks_for_token = true);

}  // namespace noetl::api
