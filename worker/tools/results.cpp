#include "worker/tools/results.hpp"

#include "shared/domain/error_details.hpp"
#include "shared/domain/error_kinds.hpp"
#include "shared/domain/json_text.hpp"

namespace noetl::tools {

namespace {

constexpr std::size_t mark_bytes_max = 96;

}  // namespace

Json parse_answer(std::string_view text, std::size_t values_max, std::size_t depth_max) {
  const auto shape = domain::json_shape(text, values_max);
  if (shape.values > values_max) throw TooManyValues();
  if (shape.depth > depth_max) return Json(Json::value_t::discarded);
  if (const auto storable = domain::storable_json(text)) return Json::parse(*storable, nullptr, false);
  return Json::parse(text, nullptr, false);
}

ToolResult too_many_values() {
  return failed(error_of("output_limit", "what came back has more than " + std::to_string(domain::result_values_max) +
                                             " JSON values (texts, numbers, lists, maps), the most that a result "
                                             "may have"));
}

ToolResult completed(std::string result_json) {
  ToolResult result;
  result.result = std::move(result_json);
  return result;
}

ToolResult failed(domain::ToolError error) {
  ToolResult result;
  result.outcome = error.kind == "cancelled" ? domain::Outcome::cancelled : domain::Outcome::failed;
  result.error = std::move(error);
  return result;
}

ToolResult timed_out(std::string_view what) {
  return failed(error_of("timeout", std::string(what) + " did not end before its deadline", true));
}

ToolResult cancelled() { return failed(error_of("cancelled", "the call was stopped")); }

ToolResult refused(std::string message) { return failed(error_of("invalid_input", std::move(message))); }

domain::ToolError error_of(std::string kind, std::string message, std::optional<bool> is_retryable) {
  const domain::ErrorKind* const known = domain::find_error_kind(kind);
  const bool may_say_so = known == nullptr || !known->exceptions.empty();
  const bool is_worth_it = may_say_so && is_retryable ? *is_retryable : domain::is_retryable_by_default(kind);
  return {.kind = std::move(kind),
          .message = storable_text(message),
          .is_retryable = is_worth_it,
          .status = {},
          .retry_after = {},
          .traceback = {}};
}

domain::ToolError error_of(const base::Error& error) {
  using base::ErrorCode;
  switch (error.code) {
    case ErrorCode::not_found: return error_of("not_found", error.message);
    case ErrorCode::unauthenticated:
    case ErrorCode::forbidden: return error_of("auth", error.message);
    case ErrorCode::saturated:
    case ErrorCode::unavailable: return error_of("connection", error.message, true);
    case ErrorCode::timeout: return error_of("timeout", error.message, true);
    case ErrorCode::cancelled: return error_of("cancelled", error.message);
    case ErrorCode::unsupported: return error_of("unsupported", error.message);
    case ErrorCode::conflict: return error_of("conflict", error.message);
    case ErrorCode::payload_too_large: return error_of("output_limit", error.message);
    case ErrorCode::internal: return error_of("internal", error.message, true);
    default: return error_of("invalid_input", error.message);
  }
}

ToolResult failed(const base::Error& error) { return failed(error_of(error)); }

void add_details(domain::ToolError& error, const Json& more) {
  Json details = error.details.empty() ? Json::object() : Json::parse(error.details);
  for (const auto& [name, value] : more.items()) {
    if (!value.is_string()) {
      details[name] = value;
      continue;
    }
    const auto& text = value.get_ref<const std::string&>();
    if (text.empty()) continue;
    BoundedOutput bounded(domain::error_detail_bytes_max);
    bounded.append(text.data(), text.size());
    details[name] = bounded.text();
  }
  error.details = to_text(details);
}

std::string to_text(const Json& value) { return domain::json_text(value); }

std::string last_lines(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  const std::string_view tail = text.substr(text.size() - bytes_max);
  const std::size_t end = tail.find('\n');
  return end == std::string_view::npos ? std::string() : std::string(tail.substr(end + 1));
}

void BoundedOutput::append(const char* bytes, std::size_t count) {
  bytes_seen_ += count;
  if (kept_.size() < bytes_max_) kept_.append(bytes, std::min(count, bytes_max_ - kept_.size()));
}

std::string BoundedOutput::text() const {
  if (!is_cut()) return storable_text(kept_);
  std::size_t kept = bytes_max_ > mark_bytes_max ? bytes_max_ - mark_bytes_max : 0;
  // Not within a character: the half of it would be replaced, and what ends there not be recognised.
  for (int i = 0; i < 3 && kept > 0 && (static_cast<unsigned char>(kept_[kept]) & 0xC0U) == 0x80U; ++i) --kept;
  return storable_text(std::string_view(kept_).substr(0, kept)) + std::string(cut_mark) + std::to_string(bytes_seen_) +
         " bytes in all, the first " + std::to_string(kept) + " kept]\n";
}

}  // namespace noetl::tools
