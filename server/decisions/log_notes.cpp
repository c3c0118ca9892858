#include "server/decisions/log_notes.hpp"

#include <algorithm>

#include "shared/domain/json_text.hpp"

namespace noetl::decisions::log_notes {

std::string without_notes(const std::string& meta) {
  const auto names = {sequence, results, issued};
  const auto may_have = [&](std::string_view name) { return meta.find(name) != std::string::npos; };
  // An escaped spelling of the same name is found by the backslash.
  if (std::none_of(names.begin(), names.end(), may_have) && meta.find('\\') == std::string::npos) return meta;
  auto json = domain::Json::parse(meta);
  if (!json.is_object()) return meta;
  for (const auto name : names) json.erase(std::string(name));
  return domain::json_text(json);
}

void add(std::string& meta, std::string_view name, const std::string& json) {
  if (meta.size() <= 2) {
    meta.assign(1, '{');
  } else {
    meta.back() = ',';
  }
  meta += '"';
  meta += name;
  meta += "\":";
  meta += json;
  meta += '}';
}

void add_sequence(std::string& meta, std::int64_t number) { add(meta, sequence, std::to_string(number)); }

void add_results(std::string& meta, const std::vector<LeftResult>& left) {
  if (left.empty()) return;
  auto list = domain::Json::array();
  for (const auto& one : left) list.push_back(domain::Json::array({one.step, one.result_id.str()}));
  add(meta, results, domain::json_text(list));
}

}  // namespace noetl::decisions::log_notes
