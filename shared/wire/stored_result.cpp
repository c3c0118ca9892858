#include "shared/wire/stored_result.hpp"

#include <limits>

#include "shared/json/json_cursor.hpp"
#include "shared/json/json_tree.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/names.hpp"

namespace noetl::wire {

std::string encode(const StoreResultRequest& request) {
  json::ObjectWriter out(128 + request.value.size());
  out.text("worker_id", request.worker_id)
      .id("queue_id", request.lease.queue_id)
      .integer("epoch", request.lease.epoch)
      .raw("value", request.value);
  return out.finish();
}

base::Result<StoreResultRequest> decode_store_result_request(const nlohmann::json& body) {
  json::ObjectReader reader(body);
  StoreResultRequest request;
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

base::Result<StoreResultRequest> decode_large_result(std::string_view text) {
  nlohmann::json rest = nlohmann::json::object();
  std::string_view value;
  json::JsonCursor cursor(text);
  cursor.object();
  std::string_view name;
  constexpr std::size_t fields_max = 4;
  constexpr std::size_t field_bytes_max = 1024;
  for (std::size_t fields = 0; cursor.field(name); ++fields) {
    const std::string_view given = cursor.any();
    const bool is_value = name == "value";
    if (cursor.has_failed() || fields == fields_max || rest.contains(name) ||
        (!is_value && given.size() > field_bytes_max)) {
      return base::failure(base::ErrorCode::malformed_body,
                           "a value of so many parts must stand in {worker_id, queue_id, epoch, value} and be "
                           "plain JSON, with integers of at most 64 bits and no name twice");
    }
    if (is_value) value = given;
    rest[std::string(name)] = is_value ? nlohmann::json() : json::parse_known(given);
  }
  if (!cursor.is_done()) return base::failure(base::ErrorCode::malformed_body, "the body is not acceptable JSON");
  auto request = decode_store_result_request(rest);
  if (request) request->value = value;
  return request;
}

std::string encode(const StoreResultAnswer& kept) {
  json::ObjectWriter out(96);
  out.id("id", kept.id).text("ref", "noetl://result/" + kept.id.str());
  return out.finish();
}

base::Result<StoreResultAnswer> decode_store_result_answer(const nlohmann::json& body) {
  json::ObjectReader reader(body);
  StoreResultAnswer kept{.id = reader.required_id<base::ResultId>("id")};
  if (reader.has_failed()) return base::failure(*reader.finish());
  return kept;
}

}  // namespace noetl::wire
