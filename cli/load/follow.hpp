#pragma once
// Follow: waits for the end of commands or executions by asking the server, and reads when each began and ended by its clock,
// so that how often it asks is not in what is measured. One thread.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/load/connection.hpp"

namespace noetl::load {

using Instant = std::chrono::sys_time<std::chrono::microseconds>;

// What is followed, and where the API shows it.
struct Kind {
  std::string list;  // route of the list, newest first
  std::string rows;  // its field
  std::string id;  // field of a row
  std::string created, claimed, finished;  // fields of a row; claimed may be empty
  std::string good;  // status of what ended well
};
[[nodiscard]] const Kind& commands();
[[nodiscard]] const Kind& executions();

struct Following {
  Target target;
  const Kind& kind;
  std::string filter;  // of the list, e.g. pool=default
  std::vector<std::string> ids;
  std::chrono::milliseconds patience{0};
  std::stop_token stop = {};
};

struct Ended {
  std::string id;
  std::string status;
  Instant created, claimed, finished;  // claimed as created where the kind has none
};

struct Followed {
  std::vector<Ended> ended;
  std::size_t vanished = 0;  // not there any more: retention, or somebody deleted it
  std::vector<std::string> unfinished;
  std::optional<base::Error> problem;  // timeout, cancelled, or the server's
};

[[nodiscard]] Followed follow(const Following& following);

// "2026-01-31T12:00:00.123456Z"; nothing when it is no such time.
[[nodiscard]] std::optional<Instant> parse_instant(const std::string& text);

}  // namespace noetl::load
