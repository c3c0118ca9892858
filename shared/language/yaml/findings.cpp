#include "shared/language/yaml/findings.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "shared/base/text/nearest_word.hpp"

namespace noetl::language {

namespace {

// Names longer than this are not compared: the cost is the product of the lengths.
constexpr std::size_t compared_bytes_max = 64;
constexpr std::size_t compared_names_max = 500;

}  // namespace

void Findings::error(std::string field, domain::SourceMark mark, std::string message, std::string suggestion) {
  ++error_count_;
  if (errors_.size() < kept_max)
    errors_.push_back({std::move(field), std::move(message), mark.line, mark.column, std::move(suggestion)});
}

void Findings::refused(std::string field, domain::SourceMark mark, std::string message, std::string suggestion) {
  if (origin_ == Origin::author)
    error(std::move(field), mark, std::move(message), std::move(suggestion));
  else
    warning(std::move(field), mark, std::move(message), std::move(suggestion));
}

void Findings::warning(std::string field, domain::SourceMark mark, std::string message, std::string suggestion) {
  warning(base::ErrorDetail{std::move(field), std::move(message), mark.line, mark.column, std::move(suggestion)});
}

void Findings::warning(base::ErrorDetail detail) {
  if (warnings_.size() < kept_max) warnings_.push_back(std::move(detail));
}

base::Error Findings::as_error() const {
  base::Error error{
      .code = base::ErrorCode::invalid_playbook, .message = {}, .field = {}, .retry_after = {}, .details = errors_};
  std::stable_sort(error.details.begin(), error.details.end(), [](const auto& left, const auto& right) {
    return std::tie(left.line, left.column) < std::tie(right.line, right.column);
  });
  if (error.details.empty()) return error;
  const auto& first = error.details.front();
  error.field = first.field;
  if (!first.field.empty()) error.message = first.field + ": ";
  error.message += first.message;
  if (first.line > 0)
    error.message += " (line " + std::to_string(first.line) + ", column " + std::to_string(first.column) + ")";
  if (!first.suggestion.empty()) error.message += "; " + first.suggestion;
  if (error_count_ > 1) error.message += "; and " + std::to_string(error_count_ - 1) + " more";
  return error;
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates) {
  if (name.size() > compared_bytes_max) return {};
  std::string_view nearest;
  std::size_t least = name.size() / 3 + 1;  // one slip in three letters; more is another word
  if (name.size() <= 2) least = 1;
  for (const auto candidate : candidates.first(std::min(candidates.size(), compared_names_max))) {
    if (candidate.size() > compared_bytes_max || candidate == name) continue;
    const auto apart = base::edit_distance(name, candidate);
    if (apart < least || (apart == least && nearest.empty())) {
      nearest = candidate;
      least = apart;
    }
  }
  if (nearest.empty()) return {};
  return "did you mean '" + std::string(nearest) + "'?";
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  return did_you_mean(name, std::span<const std::string_view>(views));
}

bool is_slip_of(std::string_view name, std::span<const std::string_view> candidates) {
  constexpr std::size_t long_name = 6;
  if (name.size() < 3 || name.size() > compared_bytes_max) return false;
  return std::ranges::any_of(candidates, [&](std::string_view candidate) {
    return candidate.size() >= 3 &&
           base::edit_distance(name, candidate) <= (std::min(name.size(), candidate.size()) >= long_name ? 2U : 1U);
  });
}

std::string listed(std::span<const std::string_view> words) {
  std::string list;
  for (const auto word : words) list += (list.empty() ? "" : ", ") + std::string(word);
  return list;
}

std::string clipped(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t cut = bytes_max;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return std::string(text.substr(0, cut)) + "…";
}

}  // namespace noetl::language
