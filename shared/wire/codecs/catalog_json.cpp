#include "shared/wire/codecs/catalog_json.hpp"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "shared/base/text/base64.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/json/parse_body.hpp"
#include "shared/wire/error_codes.hpp"
#include "shared/wire/names.hpp"

namespace noetl::wire {
namespace {

constexpr std::size_t base64_bytes_max = playbook_bytes_max / 3 * 4 + 64 * 1024;  // with line breaks

base::Error content_error(base::ErrorCode code, std::string message) {
  return base::Error{
      .code = code, .message = std::move(message), .field = "/content", .retry_after = {}, .details = {}};
}

// Every playbook has a ':' and base64 has none, so neither is ever taken for the other.
base::Result<std::string> playbook_text(std::string_view content) {
  std::string text;
  auto decoded = content.find(':') == std::string_view::npos ? base::base64_decoded(content) : std::nullopt;
  text = decoded ? std::move(*decoded) : std::string(content);
  if (text.size() > playbook_bytes_max) {
    return base::failure(content_error(base::ErrorCode::payload_too_large,
                                       "the playbook has " + std::to_string(text.size()) + " bytes, at most " +
                                           std::to_string(playbook_bytes_max) + " are accepted"));
  }
  if (const std::size_t at = json::find_invalid_utf8(text); at != std::string_view::npos) {
    return base::failure(
        content_error(base::ErrorCode::malformed_body, "the playbook is no UTF-8 at byte " + std::to_string(at)));
  }
  if (const std::size_t at = text.find('\0'); at != std::string::npos) {
    return base::failure(
        content_error(base::ErrorCode::malformed_body, "the playbook has a NUL at byte " + std::to_string(at)));
  }
  return text;
}

}  // namespace

base::Result<RegisterRequest> register_request_of(std::string_view content) {
  RegisterRequest request;
  auto text = playbook_text(content);
  if (!text) return base::failure(std::move(text.error()));
  request.content = std::move(*text);
  return request;
}

base::Result<RegisterRequest> decode_register_request(const json::Json& body) {
  json::ObjectReader reader(body);
  const std::string content = reader.required_string("content", {1, base64_bytes_max});
  const std::string resource_type = reader.optional_string("resource_type", {1, 64}).value_or("Playbook");
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  auto request = register_request_of(content);
  if (request) request->resource_type = resource_type;
  return request;
}

base::Result<CatalogListRequest> decode_catalog_list_request(const json::Json& body) {
  json::ObjectReader reader(body);
  CatalogListRequest request;
  request.resource_type = reader.optional_string("resource_type", {0, 64}).value_or("");
  request.limit =
      static_cast<int>(reader.optional_int("limit", {1, catalog_page_size_max}).value_or(catalog_page_size_max));
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return request;
}

base::Result<ResourceRequest> decode_resource_request(const json::Json& body) {
  json::ObjectReader reader(body);
  ResourceRequest request;
  request.catalog_id = reader.optional_id<base::CatalogId>("catalog_id");
  request.path = reader.optional_string("path", {1, playbook_path_bytes_max}).value_or("");
  const auto version = body.is_object() ? body.find("version") : body.end();
  if (version != body.end() && version->is_string() && version->get_ref<const std::string&>() == "latest") {
    reader.ignore("version");
  } else if (const auto number = reader.optional_int("version", {1, std::numeric_limits<int>::max()})) {
    request.version = static_cast<int>(*number);
  }
  if (request.path.empty() && !request.catalog_id.is_set())
    reader.refuse("path", "is missing: give a 'path' or a 'catalog_id'");
  if (!request.path.empty() && request.catalog_id.is_set())
    reader.refuse("catalog_id", "names a playbook beside 'path': give one of them");
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return request;
}

std::string encode(const RegisterAnswer& answer) {
  const std::string version = std::to_string(answer.version);
  json::ObjectWriter out;
  out.text("status", "success")
      .text("message", answer.is_new ? "registered '" + answer.path + "' version " + version
                                     : "'" + answer.path + "' version " + version + " has this text already")
      .text("path", answer.path)
      .integer("version", answer.version)
      .id("catalog_id", answer.catalog_id)
      .text("kind", answer.kind)
      .boolean("is_new", answer.is_new)
      .raw("warnings", domain::json_text(details_json(answer.warnings)));
  return out.finish();
}

std::string encode(const CatalogRow& row) {
  json::ObjectWriter out(256 + row.content.size() * 9 / 8);
  out.id("catalog_id", row.catalog_id)
      .text("path", row.path)
      .integer("version", row.version)
      .text("kind", row.kind)
      .text_or_null("name", row.name)
      .text_or_null("content", row.content)
      .text("checksum", row.checksum)
      .text_or_null("created_at", row.created_at);
  return out.finish();
}

std::string encode(const std::vector<CatalogRow>& rows) {
  std::vector<std::string> entries;
  entries.reserve(rows.size());
  for (const auto& row : rows) entries.push_back(encode(row));
  json::ObjectWriter out;
  out.raw("entries", json::join_array(entries));
  return out.finish();
}

}  // namespace noetl::wire
