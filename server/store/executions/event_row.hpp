#pragma once
// The columns of an event that every statement names alike. Private to this folder: it shows pqxx.
#include <pqxx/pqxx>

#include "server/postgres/session.hpp"
#include "shared/wire/messages/execution.hpp"

namespace noetl::store {

[[nodiscard]] inline wire::EventRow event_row_of(const pqxx::row& row) {
  wire::EventRow event;
  event.event_id = {row["event_id"].as<std::int64_t>()};
  event.execution_id = {row["execution_id"].as<std::int64_t>()};
  event.queue_id = {row["queue_id"].as<std::int64_t>()};
  event.event_type = row["event_type"].c_str();
  event.step = row["step"].c_str();
  event.status = row["status"].c_str();
  if (!row["payload"].is_null()) event.payload = postgres::text_of(row["payload"]);
  if (!row["meta"].is_null()) event.meta = postgres::text_of(row["meta"]);
  event.worker_id = row["worker_id"].c_str();
  event.created_at = row["created_at"].c_str();
  return event;
}

}  // namespace noetl::store
