#pragma once
// The catalog: POST /api/catalog/register, /list, /resource. Values; any thread.
#include <optional>
#include <string>
#include <vector>

#include "shared/base/error.hpp"
#include "shared/base/ids.hpp"

namespace noetl::wire {

struct RegisterRequest {
  std::string content;  // YAML text (base64 already decoded by the API)
  std::string resource_type = "Playbook";
};

// {status:"success", message, path, version, catalog_id, kind, is_new}
struct RegisterAnswer {
  base::CatalogId catalog_id;
  std::string path;
  int version = 0;
  std::string kind;
  bool is_new = true;  // false: the same text was the latest version already
  std::vector<base::ErrorDetail> warnings{};  // what lint warns of
};

struct CatalogRow {
  base::CatalogId catalog_id;
  std::string path;
  int version = 0;
  std::string kind, name, content, created_at;
  std::string checksum;  // sha256, hex
};

struct ResourceRequest {
  base::CatalogId catalog_id;  // this, or path
  std::string path;
  std::optional<int> version;  // nothing: the latest
};

}  // namespace noetl::wire
