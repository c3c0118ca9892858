#include "shared/wire/stored_result.hpp"

#include <limits>

#include "shared/wire/names.hpp"
#include "shared/wire/object_reader.hpp"
#include "shared/wire/object_writer.hpp"

namespace noetl::wire {

std::string encode(const KeepResultRequest& request) {
  ObjectWriter out(128 + request.value.size());
  out.text("worker_id", request.worker_id)
      .id("queue_id", request.lease.queue_id)
      .integer("epoch", request.lease.epoch)
      .raw("value", request.value);
  return out.finish();
}

base::Result<KeepResultRequest> decode_keep_result_request(const nlohmann::json& body) {
  ObjectReader reader(body);
  KeepResultRequest request;
  request.worker_id = reader.required_string("worker_id", {1, worker_id_bytes_max});
  request.lease.queue_id = reader.required_id<base::CommandId>("queue_id");
  request.lease.epoch =
      static_cast<std::int32_t>(reader.required_int("epoch", {1, std::numeric_limits<std::int32_t>::max()}));
  const nlohmann::json* value = reader.optional_value("value");
  if (value == nullptr)
    reader.refuse("value", "is missing; it is what is to be kept");
  else
    request.value = value->dump();
  if (!reader.has_failed() && !is_worker_id(request.worker_id))
    reader.refuse("worker_id", "must be 1 to 128 characters of A-Z a-z 0-9 . _ -");
  if (auto wrong = reader.finish()) return base::failure(std::move(*wrong));
  return request;
}

std::string encode(const KeptResult& kept) {
  ObjectWriter out(96);
  out.id("id", kept.id).text("ref", "noetl://result/" + kept.id.str());
  return out.finish();
}

base::Result<KeptResult> decode_kept_result(const nlohmann::json& body) {
  ObjectReader reader(body);
  KeptResult kept{.id = reader.required_id<base::ResultId>("id")};
  if (reader.has_failed()) return base::failure(*reader.finish());
  return kept;
}

}  // namespace noetl::wire
