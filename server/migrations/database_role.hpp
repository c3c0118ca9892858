#pragma once
// DatabaseRole: as whom a database URL logs in. Any thread.
#include <string>

#include "shared/base/result.hpp"

namespace noetl::migrations {

struct DatabaseRole {
  std::string name;
  bool is_superuser = false;
};

// Errors: unavailable.
[[nodiscard]] base::Result<DatabaseRole> role_of(const std::string& database_url);
// What to run so that the servers need no superuser.
[[nodiscard]] base::Error superuser_refused(const DatabaseRole& role);

}  // namespace noetl::migrations
