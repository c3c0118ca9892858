#pragma once
// What a statement answered, in an order of its own: Postgres promises none. Any thread.

#include <algorithm>
#include <string>
#include <vector>

#include "server/store/upkeep/upkeep_statements.hpp"
#include "shared/domain/command.hpp"

namespace noetl::simulation {

template <class T>
std::string listed(std::vector<T> ids) {
  std::sort(ids.begin(), ids.end());
  std::string text;
  for (const auto id : ids) text += " " + id.str();
  return text;
}

inline std::string listed(std::vector<domain::Lease> leases) {
  std::sort(leases.begin(), leases.end());
  std::string text;
  for (const auto& one : leases) text += " " + one.queue_id.str() + "/" + std::to_string(one.epoch);
  return text;
}

inline std::string listed(const std::vector<store::FinishedCommand>& finished) {
  std::vector<std::string> texts;
  for (const auto& one : finished) texts.push_back(one.queue_id.str() + " " + one.pool + "/" + one.tool_kind);
  std::ranges::sort(texts);
  std::string text;
  for (const auto& one : texts) text += " " + one;
  return text;
}
inline std::string listed(const std::vector<store::WaitingCommand>& waiting) {
  std::vector<domain::Lease> leases;
  for (const auto& one : waiting) leases.push_back({one.queue_id, one.epoch});
  return listed(std::move(leases));
}

}  // namespace noetl::simulation
