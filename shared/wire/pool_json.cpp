#include "shared/wire/pool_json.hpp"

#include <nlohmann/json.hpp>

#include "shared/wire/command.hpp"
#include "shared/wire/object_reader.hpp"
#include "shared/wire/object_writer.hpp"
#include "shared/wire/retry.hpp"

namespace noetl::wire {

base::Result<Pool> decode_pool(const Json& body, std::string name) {
  ObjectReader reader(body);
  Pool pool;
  pool.pool = std::move(name);
  if (const auto attempts = reader.optional_int("max_attempts", {1, attempts_max_limit})) {
    pool.max_attempts = static_cast<int>(*attempts);
  }
  if (const Json* retry_body = reader.optional_object("retry")) {
    auto retry = decode_retry(*retry_body, reader.pointer_to("retry"));
    if (retry)
      pool.retry = encode(*retry);
    else
      reader.refuse(std::move(retry.error()));
  }
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return pool;
}

std::string encode(const PoolRow& row) {
  const Pool& pool = row;
  ObjectWriter out;
  out.text("pool", pool.pool);
  if (pool.max_attempts)
    out.integer("max_attempts", *pool.max_attempts);
  else
    out.null("max_attempts");
  out.raw("retry", pool.retry)
      .boolean("is_paused", pool.is_paused)
      .text_or_null("paused_at", pool.paused_at)
      .text_or_null("updated_at", pool.updated_at)
      .integer("workers", row.workers)
      .integer("slots", row.slots)
      .integer("queued", row.queued)
      .integer("running", row.running);
  return out.finish();
}

std::string encode(const std::vector<PoolRow>& pools) {
  std::vector<std::string> rows;
  rows.reserve(pools.size());
  for (const auto& pool : pools) rows.push_back(encode(pool));
  ObjectWriter out;
  out.raw("pools", join_array(rows));
  return out.finish();
}

}  // namespace noetl::wire
