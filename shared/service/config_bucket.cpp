#include "shared/service/config_bucket.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "shared/base/backoff.hpp"
#include "shared/base/stop_wait.hpp"
#include "shared/base/thread_name.hpp"

namespace noetl::service {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds patience{2000};  // for each answer
constexpr milliseconds away_interval{1000};  // between looks at a connection that is away
constexpr base::Backoff refused_backoff{.kind = base::BackoffKind::exponential,
                                        .initial = milliseconds(5000),
                                        .delay_max = milliseconds(300'000),
                                        .multiplier = 2.0};
constexpr int stream_not_found = 10059;
constexpr std::int64_t bucket_bytes_max = 1024L * 1024;
constexpr std::int64_t value_bytes_max = 1024;
constexpr int history = 5;

std::string message_of(const Json& error) { return error.value("description", error.dump()); }

}  // namespace

ConfigBucket::ConfigBucket(nats::Connection& connection, ConfigBucketSettings settings)
    : connection_(connection),
      settings_(std::move(settings)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

base::Result<std::string> ConfigBucket::ask(const std::string& subject, const std::string& body) {
  const auto parsed = nats::Subject::parse(subject);
  if (!parsed) return base::failure(parsed.error());
  return connection_.request(*parsed, body, patience);
}

// As `nats kv add` makes it.
base::Result<void> ConfigBucket::make() {
  const Json config{{"name", "KV_" + settings_.bucket},
                    {"subjects", {"$KV." + settings_.bucket + ".>"}},
                    {"retention", "limits"},
                    {"storage", "file"},
                    {"discard", "new"},
                    {"num_replicas", settings_.replicas},
                    {"max_msgs_per_subject", history},
                    {"max_bytes", bucket_bytes_max},
                    {"max_msg_size", value_bytes_max},
                    {"deny_delete", true},
                    {"allow_rollup_hdrs", true},
                    {"allow_direct", true}};
  const auto answer = ask("$JS.API.STREAM.CREATE.KV_" + settings_.bucket, config.dump());
  if (!answer) return base::failure(answer.error());
  const auto made = Json::parse(*answer, nullptr, false);
  if (made.is_object() && !made.contains("error")) return {};
  return base::failure(base::ErrorCode::unavailable, "bucket '" + settings_.bucket + "' cannot be made: " +
                                                         (made.is_object() ? message_of(made.at("error")) : *answer));
}

// Those of removed keys as well.
base::Result<std::set<std::string>> ConfigBucket::names() {
  const std::string prefix = "$KV." + settings_.bucket + ".";
  const auto answer = ask("$JS.API.STREAM.INFO.KV_" + settings_.bucket, Json{{"subjects_filter", prefix + ">"}}.dump());
  if (!answer) return base::failure(answer.error());
  const auto told = Json::parse(*answer, nullptr, false);
  const auto refused = [&](const std::string& why) {
    return base::failure(base::ErrorCode::unavailable, "bucket '" + settings_.bucket + "' cannot be read: " + why);
  };
  if (!told.is_object()) return refused(*answer);
  if (told.contains("error")) {
    if (told.at("error").value("err_code", 0) != stream_not_found) return refused(message_of(told.at("error")));
    if (auto made = make(); !made) return base::failure(made.error());
    return std::set<std::string>{};
  }
  if (!told.value(Json::json_pointer("/config/allow_direct"), false))
    return refused("it allows no direct reads; `nats stream edit KV_" + settings_.bucket + " --allow-direct` does");
  std::set<std::string> found;
  const auto subjects = told.value(Json::json_pointer("/state/subjects"), Json::object());
  if (subjects.size() > keys_max)
    return refused("it has " + std::to_string(subjects.size()) + " keys, of at most " + std::to_string(keys_max));
  for (const auto& [subject, count] : subjects.items()) {
    if (subject.starts_with(prefix)) found.insert(subject.substr(prefix.size()));
  }
  return found;
}

base::Result<void> ConfigBucket::look() {
  std::set<std::string> wanted;
  if (settings_.apply) {
    auto found = names();
    if (!found) return base::failure(found.error());
    wanted = std::move(*found);
  } else {
    for (auto& key : log_level_keys(settings_.program, settings_.id)) wanted.insert(std::move(key));
  }
  ConfigKeys keys;
  const std::string direct = "$JS.API.DIRECT.GET.KV_" + settings_.bucket + ".$KV." + settings_.bucket + ".";
  for (const auto& key : wanted) {
    auto value = ask(direct + key, "");
    if (!value) return base::failure(value.error());
    if (!value->empty()) keys.emplace(key, std::move(*value));  // empty: there is none, or it was removed
  }
  apply_log_level(keys);
  if (settings_.apply) settings_.apply(keys);
  return {};
}

void ConfigBucket::apply_log_level(const ConfigKeys& keys) {
  const auto read = log_level_of(keys, settings_.program, settings_.id);
  faults_.tell(read.faults);
  if (!read.faults.empty()) return;
  const auto wanted = read.level.value_or(settings_.log_level);
  const auto before = telemetry::log_level();
  if (wanted == before) return;
  const auto tell = [&] {
    telemetry::log_info("config", "log level changed",
                        {{"level", std::string(telemetry::to_string(wanted))},
                         {"before", std::string(telemetry::to_string(before))},
                         {"by", read.level ? "key " + read.key + " of bucket " + settings_.bucket : "log-level"}});
  };
  // Where one of both levels shows it.
  if (wanted > before) tell();
  telemetry::set_log_level(wanted);
  if (wanted < before) tell();
}

void ConfigBucket::run(const std::stop_token& stop) {
  base::name_thread("config");
  const nats::ThreadScope scope;
  std::string told;
  int refusals = 0;
  while (!stop.stop_requested()) {
    if (!connection_.is_connected()) {
      base::wait_for_stop(stop, away_interval);
      continue;
    }
    base::Result<void> looked;
    try {
      looked = look();
    } catch (const std::exception& problem) {
      looked = base::failure(base::ErrorCode::unavailable, problem.what());
    }
    if (looked) {
      refusals = 0;
      told.clear();
      base::wait_for_stop(stop, settings_.interval);
      continue;
    }
    ++refusals;
    const auto& error = looked.error();
    // A worker whose servers have no bucket hears that nobody answers. Others tell of NATS that is away.
    const bool is_silent = !settings_.apply && error.code == base::ErrorCode::unavailable;
    if (!is_silent && connection_.is_connected() && std::exchange(told, error.message) != error.message)
      telemetry::log_warn("config", "the configuration bucket is not applied, will be tried again",
                          {{"bucket", settings_.bucket}, {"error", error.message}});
    base::wait_for_stop(stop, is_silent ? settings_.interval : refused_backoff.delay_after(refusals));
  }
}

}  // namespace noetl::service
