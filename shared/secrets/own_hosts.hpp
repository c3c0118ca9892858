#pragma once
// own_hosts: the hosts that a credential's own fields name. Where no operator has named others, it may go to these. Pure; any
// thread.
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace noetl::secrets {

// db_host with db_port, the host of a URL or connection string, and where keys of the kinds s3 and gcs go when the fields name
// no endpoint. Empty for a bare token.
[[nodiscard]] std::vector<std::string> own_hosts(std::string_view type, const nlohmann::json& fields);

}  // namespace noetl::secrets
