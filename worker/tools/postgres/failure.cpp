#include "worker/tools/postgres/failure.hpp"

#include <array>

#include "worker/tools/results.hpp"

namespace noetl::tools::postgres {

namespace {

struct Meaning {
  std::string_view code;  // an SQLSTATE, or its class
  std::string_view kind;
  bool is_retryable;
};

// The first entry that the SQLSTATE begins with: single codes before their class.
constexpr std::array<Meaning, 29> meanings{{
    {"57014", "timeout", true},  // cancelled by statement_timeout or an operator
    {"57P", "connection", true},  // the server shuts down or starts
    {"53300", "connection", true},  // too many connections
    {"40", "conflict", true},  // serialization failure, deadlock
    {"55P03", "conflict", true},  // a lock was not to be had
    {"55", "conflict", false},      {"23", "conflict", false},  // unique, foreign key, check, not null
    {"28", "auth", false},  // password, role
    {"42501", "auth", false},  // insufficient privilege
    {"08", "connection", true},     {"0A", "unsupported", false},
    {"53", "server_error", true},  // out of memory, disk full
    {"58", "server_error", true},   {"XX", "server_error", true},
    {"P0", "exception", true},  // RAISE EXCEPTION
    {"3D", "not_found", false},  // no such database
    {"42P01", "not_found", false},  // no such table
    {"42", "invalid_input", false}, {"22", "invalid_input", false},
    {"21", "invalid_input", false}, {"25", "invalid_input", false},
    {"26", "invalid_input", false}, {"2B", "invalid_input", false},
    {"2D", "invalid_input", false}, {"34", "invalid_input", false},
    {"3F", "not_found", false},     {"44", "conflict", false},
    {"54", "invalid_input", false}, {"0", "invalid_input", false},
}};

}  // namespace

domain::ToolError error_of(const Refusal& refusal, std::string_view tried) {
  Meaning meaning{.code = "", .kind = "server_error", .is_retryable = true};
  if (refusal.sqlstate.empty()) meaning = {.code = "", .kind = "connection", .is_retryable = true};
  for (const Meaning& known : meanings) {
    if (refusal.sqlstate.empty() || !refusal.sqlstate.starts_with(known.code)) continue;
    meaning = known;
    break;
  }
  std::string message(tried);
  message += " failed: " + refusal.message;
  if (!refusal.sqlstate.empty()) message += " (SQLSTATE " + refusal.sqlstate + ")";
  return tools::error_of(std::string(meaning.kind), message, meaning.is_retryable);
}

}  // namespace noetl::tools::postgres
