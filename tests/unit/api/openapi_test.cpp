#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "server/api/openapi.hpp"
#include "shared/wire/error_codes.hpp"
#include "test_paths.hpp"

using namespace noetl;
using Json = nlohmann::json;

namespace {

Json document() { return Json::parse(api::openapi_document(api::endpoints(), "1.2.3")); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c - 'A' + 'a');
  return out;
}

void collect_references(const Json& value, std::set<std::string>& found) {
  if (value.is_object()) {
    for (const auto& [name, part] : value.items()) {
      if (name == "$ref")
        found.insert(part.get<std::string>());
      else
        collect_references(part, found);
    }
  } else if (value.is_array()) {
    for (const auto& part : value) collect_references(part, found);
  }
}

}  // namespace

TEST_CASE("every row of the endpoints table is in the document, and nothing else is") {
  const Json paths = document()["paths"];
  std::size_t count = 0;

  for (const auto& endpoint : api::endpoints()) {
    CAPTURE(endpoint.path);
    const Json operation = paths.at(std::string(endpoint.path)).at(lower(endpoint.method));
    CHECK(operation["operationId"] == endpoint.operation_id);
    CHECK(operation["responses"].contains(std::to_string(endpoint.success_status)));
    for (const auto code : api::errors_of(endpoint))
      CHECK(operation["responses"].contains(std::to_string(wire::http_status_of(code))));
    CHECK(operation.contains("requestBody") == (endpoint.body != api::BodyKind::none));
  }
  for (const auto& [path, operations] : paths.items()) count += operations.size();
  CHECK(count == api::endpoints().size());
}

TEST_CASE("operation ids are unique and aliases name an operation") {
  std::set<std::string_view> operations;
  for (const auto& endpoint : api::endpoints()) CHECK(operations.insert(endpoint.operation_id).second);

  for (const auto& endpoint : api::endpoints()) {
    if (!endpoint.alias_of.empty()) CHECK(operations.contains(endpoint.alias_of));
  }
}

TEST_CASE("every schema that is referred to exists, and every schema is referred to") {
  const Json whole = document();
  std::set<std::string> referred;
  collect_references(whole, referred);

  std::set<std::string> defined;
  for (const auto& [name, schema] : whole["components"]["schemas"].items())
    defined.insert("#/components/schemas/" + name);
  CHECK(referred == defined);
}

TEST_CASE("every error code is in the problem schema") {
  const Json codes = document()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];

  for (const auto& code : codes) CHECK(wire::error_code_from(code.get<std::string>()).has_value());
  CHECK(codes.size() == static_cast<std::size_t>(base::ErrorCode::internal) + 1);
}

TEST_CASE("path parameters are declared, and nothing else is said to be one") {
  const Json whole = document();
  for (const auto& [path, operations] : whole["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      std::size_t declared = 0;
      for (const auto& parameter : operation.value("parameters", Json::array())) {
        if (parameter["in"] != "path") continue;
        ++declared;
        CHECK(path.find("{" + parameter["name"].get<std::string>() + "}") != std::string::npos);
      }
      CHECK(declared == static_cast<std::size_t>(std::count(path.begin(), path.end(), '{')));
    }
  }
}

TEST_CASE("every route, code and metric of the door is in docs/reference/protocol.md") {
  std::ifstream file(NOETL_SOURCE_DIR "/docs/reference/protocol.md");
  std::stringstream page;
  page << file.rdbuf();
  const std::string text = page.str();

  for (const auto& endpoint : api::endpoints()) {
    const std::string route = "`" + std::string(endpoint.method) + " " + std::string(endpoint.path);
    CAPTURE(route);
    CHECK((text.find(route + "`") != std::string::npos || text.find(route + "?") != std::string::npos));
    for (const auto code : api::errors_of(endpoint))
      CHECK(text.find("`" + std::string(base::to_string(code)) + "`") != std::string::npos);
  }
  for (const char* metric : {"noetl_http_requests_total", "noetl_http_request_seconds",
                             "noetl_http_in_flight", "noetl_http_connections", "noetl_http_refused_total"}) {
    CHECK(text.find(metric) != std::string::npos);
  }
}
