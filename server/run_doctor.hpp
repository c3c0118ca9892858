#pragma once
// `noetlctl doctor`: the doctor with a server's settings. Writes nothing. Main thread.
#include <cstdint>
#include <nlohmann/json.hpp>

#include "shared/base/result.hpp"
#include "shared/config/program_settings.hpp"

namespace noetl::server {

struct DoctorRequest {
  bool is_deep = false;
  std::int64_t executions_max = 0;  // to replay, the newest; 0: all
};

// {"status": "ok | warning | broken", "checks": [{check, rule, status, summary, found, findings, cure}, …]}.
// Errors: unavailable when Postgres goes away meanwhile.
[[nodiscard]] base::Result<nlohmann::json> run_doctor(const config::ServerSettings& settings,
                                                      const DoctorRequest& request);

}  // namespace noetl::server
