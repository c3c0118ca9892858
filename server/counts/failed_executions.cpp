#include "server/counts/failed_executions.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "shared/telemetry/log.hpp"

namespace noetl::counts {
namespace {
using Json = nlohmann::json;

std::string text_in(const Json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}
}  // namespace

std::string shortened(const std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

void FailedExecutions::log(const EndedExecution& failed) {
  const auto now = std::chrono::steady_clock::now();
  struct Turn {
    bool may_log = false;
    std::uint64_t left_out = 0;
  };
  const auto turn = minute_.with([now](Minute& minute) -> Turn {
    std::uint64_t left_out = 0;
    if (minute.begin.time_since_epoch().count() == 0 || now - minute.begin >= std::chrono::minutes(1)) {
      left_out = minute.left_out;
      minute = {.begin = now, .lines = 0, .left_out = 0};
    }
    if (minute.lines == lines_max) {
      ++minute.left_out;
      return {};
    }
    ++minute.lines;
    return {true, left_out};
  });
  if (turn.left_out > 0) {
    telemetry::log_warn(
        "executions", "more executions failed than have a line here",
        {{"left_out", std::to_string(turn.left_out)}, {"look_at", "noetlctl execution list --status FAILED"}});
  }
  if (!turn.may_log) return;
  const auto error = Json::parse(failed.error, nullptr, false);
  telemetry::log_warn("executions", "execution failed",
                      {{"execution_id", failed.execution_id.str()},
                       {"path", failed.path},
                       {"version", std::to_string(failed.version)},
                       {"step", text_in(error, "step")},
                       {"kind", text_in(error, "kind")},
                       {"error", shortened(text_in(error, "message"), message_bytes_max)}});
}

}  // namespace noetl::counts
