#include "server/app/log_notes.hpp"

namespace noetl::app::log_notes {

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
  add(meta, results, list.dump(-1, ' ', false, domain::Json::error_handler_t::replace));
}

}  // namespace noetl::app::log_notes
