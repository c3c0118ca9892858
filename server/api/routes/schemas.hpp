#pragma once
// The schemas of the OpenAPI document, made of schemas/*.json and three rules, so that none has to be written a hundred times:
// a field of a request that is not required may be null, which counts as left out; no text of a request has U+0000; an answer
// has every field that its schema does not list under `optional`. CONTRIBUTING.md, "A route". Pure; any thread.
#include <nlohmann/json.hpp>

namespace noetl::api {

// components/schemas, as published and as requests are checked with.
[[nodiscard]] nlohmann::json published_schemas();

}  // namespace noetl::api
