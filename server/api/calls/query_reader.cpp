#include "server/api/calls/query_reader.hpp"

#include <algorithm>
#include <charconv>

#include "shared/json/parse_body.hpp"

namespace noetl::api {

void QueryReader::refuse(std::string_view name, std::string_view problem) {
  if (error_) return;
  error_ = base::Error{.code = base::ErrorCode::invalid_input,
                       .message = "query field '" + std::string(name) + "' " + std::string(problem),
                       .field = std::string(name),
                       .retry_after = {},
                       .details = {}};
}

const std::string* QueryReader::find(std::string_view name) {
  asked_.push_back(name);
  if (query_ == nullptr) return nullptr;
  const auto [first, last] = query_->equal_range(std::string(name));
  if (first == last) return nullptr;
  if (std::next(first) != last) refuse(name, "is given more than once");
  return first->second.empty() ? nullptr : &first->second;
}

std::string QueryReader::text(std::string_view name, std::size_t bytes_max) {
  const std::string* value = find(name);
  if (value == nullptr) return {};
  if (value->size() > bytes_max) {
    refuse(name, "is longer than " + std::to_string(bytes_max) + " bytes");
    return {};
  }
  if (value->find('\0') != std::string::npos || json::find_invalid_utf8(*value) != std::string_view::npos) {
    refuse(name, "is not UTF-8 text");
    return {};
  }
  return *value;
}

int QueryReader::limit() {
  const std::string* value = find("limit");
  if (value == nullptr) return limit_default;
  int limit = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), limit);
  if (error != std::errc{} || end != value->data() + value->size() || limit < 1 || limit > limit_max) {
    refuse("limit", "must be a number from 1 to " + std::to_string(limit_max));
    return limit_default;
  }
  return limit;
}

bool QueryReader::flag(std::string_view name) {
  const std::string* value = find(name);
  if (value == nullptr) return false;
  if (*value == "true" || *value == "True" || *value == "1") return true;
  if (*value != "false" && *value != "False" && *value != "0") refuse(name, "must be true or false");
  return false;
}

std::int64_t QueryReader::read_id(std::string_view name) {
  const std::string* value = find(name);
  if (value == nullptr) return 0;
  const auto id = base::parse_id(*value);
  if (!id) refuse(name, "must be an id: a decimal number from 1 to 9223372036854775807");
  return id.value_or(0);
}

std::optional<base::Error> QueryReader::finish() {
  if (!error_ && query_ != nullptr) {
    for (const auto& [name, value] : *query_) {
      if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
      const bool is_showable = name.size() <= 64 && json::find_invalid_utf8(name) == std::string_view::npos;
      refuse(is_showable ? std::string_view(name) : "?", "is unknown here");
      break;
    }
  }
  return std::move(error_);
}

}  // namespace noetl::api
