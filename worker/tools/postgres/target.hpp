#pragma once
// Target: the database that a call means, as libpq's keywords. A value; any thread. Holds a password: only
// shown() may leave this folder.
#include <map>
#include <string>

#include "shared/base/result.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools::postgres {

struct Target {
  std::map<std::string, std::string> keywords;  // host, port, user, password, dbname, sslmode, …
  std::string url;  // a URL or keyword text that they are laid over; or empty
  // The password is of a stored credential: a database that asks for it in the clear or by MD5 on a line without TLS does not get it,
  // unless the credential's `require_auth` says so.
  bool is_guarded = false;
  std::string require_auth;  // as libpq has it from 16 on: "scram-sha-256", "password", …

  // Equal for equal targets; secret.
  [[nodiscard]] std::string key() const;
  // "demo_noetl at localhost:5432 as demo": for messages.
  [[nodiscard]] std::string shown() const;
};

// From a credential, an inline map, the options db_host … of the tool itself, or `connection_string`; when
// there is none of them, default_url. invalid_input when that is empty, too.
[[nodiscard]] base::Result<Target> target_of(const ToolCall& call, const std::string& default_url);

}  // namespace noetl::tools::postgres
