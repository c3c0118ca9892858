#pragma once
// JSON of the catalog: POST /api/catalog/register, /list, /resource. Pure; any thread.
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/wire/messages/catalog.hpp"

namespace noetl::wire {

inline constexpr std::size_t playbook_bytes_max = 1024 * 1024;
inline constexpr int catalog_page_size_max = 1000;

struct CatalogListRequest {
  std::string resource_type;  // empty: all kinds
  int limit = catalog_page_size_max;
};

// {content, resource_type}: content is YAML text or its base64.
[[nodiscard]] base::Result<RegisterRequest> decode_register_request(const nlohmann::json& body);
// The YAML text itself as the body (Content-Type application/yaml).
[[nodiscard]] base::Result<RegisterRequest> register_request_of(std::string_view content);
[[nodiscard]] base::Result<CatalogListRequest> decode_catalog_list_request(const nlohmann::json& body);
// {catalog_id | path, version: number | "latest"}
[[nodiscard]] base::Result<ResourceRequest> decode_resource_request(const nlohmann::json& body);

[[nodiscard]] std::string encode(const RegisterAnswer& answer);
[[nodiscard]] std::string encode(const CatalogRow& row);
// {entries:[…]}
[[nodiscard]] std::string encode(const std::vector<CatalogRow>& rows);

}  // namespace noetl::wire
