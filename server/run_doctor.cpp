#include "server/run_doctor.hpp"

#include <algorithm>

#include "server/doctor/doctor.hpp"
#include "server/notifier_settings.hpp"
#include "server/postgres/errors.hpp"

namespace noetl::server {

base::Result<nlohmann::json> run_doctor(const config::ServerSettings& settings, const DoctorRequest& request) {
  doctor::DoctorSettings made;
  made.stack = {.database_url = settings.database_url,
                .db_pool_size = settings.db_pool_size,
                .lease = settings.lease,
                .heartbeat_interval = settings.heartbeat_interval,
                .notifier = notifier_settings(settings)};
  made.is_deep = request.is_deep;
  made.replay.executions_max = request.executions_max;
  try {
    auto checks = nlohmann::json::array();
    auto worst = doctor::Verdict::ok;
    for (const auto& check : doctor::examine(made)) {
      if (check.verdict != doctor::Verdict::unchecked) worst = std::max(worst, check.verdict);
      checks.push_back(doctor::to_json(check));
    }
    return nlohmann::json{{"status", doctor::to_string(worst)}, {"checks", std::move(checks)}};
  } catch (const postgres::Unavailable& error) {
    return base::failure(base::ErrorCode::unavailable,
                         std::string("the database could not be examined: ") + error.what());
  }
}

}  // namespace noetl::server
