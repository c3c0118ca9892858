#include "shared/wire/codecs/ahead_json.hpp"

#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/codecs/claim_json.hpp"
#include "shared/wire/codecs/report_json.hpp"
#include "shared/wire/error_codes.hpp"
#include "shared/wire/names.hpp"

namespace noetl::wire {
namespace {

constexpr std::size_t node_bytes_max = 4096;
constexpr std::size_t commands_max = 2 * ahead_begun_max;
constexpr std::size_t items_max = 100'000;

std::chrono::microseconds read_age(json::ObjectReader& reader) {
  const double milliseconds =
      reader.optional_number("begun_ms_ago", 0, static_cast<double>(milliseconds_max)).value_or(0);
  return std::chrono::microseconds(static_cast<std::int64_t>(milliseconds * 1000.0 + 0.5));
}

double milliseconds_of(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1000.0; }

std::string text_of(const AheadEnd& end) {
  json::ObjectWriter out(512);
  if (!end.node_id.empty()) out.text("node_id", end.node_id);
  out.number("begun_ms_ago", milliseconds_of(end.begun_ago));
  out.raw("attempt", encode_attempt(end.attempt));
  return out.finish();
}

std::string text_of(const AheadBegun& begun) {
  json::ObjectWriter out(64);
  out.text("node_id", begun.node_id).number("begun_ms_ago", milliseconds_of(begun.begun_ago));
  return out.finish();
}

std::string text_of(const AheadBasis& basis) {
  json::ObjectWriter out(basis.content.size() + basis.state.size() + basis.workload.size() + 256);
  out.id("execution_id", basis.execution_id).id("catalog_id", basis.catalog_id).integer("version", basis.version);
  out.text("content", basis.content).raw("workload", basis.workload).raw("state", basis.state);
  out.raw("frames", json::join_array(basis.frames));
  std::vector<std::string> loops;
  for (const auto& loop : basis.items) {
    json::ObjectWriter one(256);
    one.text("loop", loop.loop).integer("first", loop.first).raw("items", json::join_array(loop.items));
    loops.push_back(one.finish());
  }
  return out.raw("items", json::join_array(loops)).finish();
}

std::optional<base::Error> read_end(const json::Json& item, const std::string& pointer, AheadEnd& end) {
  json::ObjectReader reader(item, pointer);
  end.node_id = reader.optional_string("node_id", {1, node_bytes_max}).value_or("");
  end.begun_ago = read_age(reader);
  const json::Json* attempt = reader.required_object("attempt");
  if (attempt != nullptr) {
    auto read = decode_attempt(*attempt, reader.pointer_to("attempt"), end.node_id.empty());
    if (read)
      end.attempt = std::move(*read);
    else
      reader.refuse(std::move(read.error()));
  }
  return reader.finish();
}

std::optional<base::Error> read_begun(const json::Json& item, const std::string& pointer, AheadBegun& begun) {
  json::ObjectReader reader(item, pointer);
  begun.node_id = reader.required_string("node_id", {1, node_bytes_max});
  begun.begun_ago = read_age(reader);
  return reader.finish();
}

base::Result<AheadBasis> read_basis(const json::Json& object) {
  json::ObjectReader reader(object, "/basis");
  AheadBasis basis;
  basis.execution_id = reader.required_id<base::ExecutionId>("execution_id");
  basis.catalog_id = reader.required_id<base::CatalogId>("catalog_id");
  basis.version = static_cast<int>(reader.required_int("version", {0, std::numeric_limits<int>::max()}));
  basis.content = reader.optional_string("content", {0, std::numeric_limits<std::size_t>::max()}).value_or("");
  const json::Json* workload = reader.optional_value("workload");
  const json::Json* state = reader.required_object("state");
  const json::Json* frames = reader.optional_array("frames", commands_max);
  const json::Json* loops = reader.optional_array("items", items_max);
  if (reader.has_failed()) return base::failure(*reader.finish());
  basis.workload = workload == nullptr ? "{}" : workload->dump();
  basis.state = state->dump();
  for (std::size_t i = 0; frames != nullptr && i < frames->size(); ++i) basis.frames.push_back((*frames)[i].dump());
  for (std::size_t i = 0; loops != nullptr && i < loops->size(); ++i) {
    json::ObjectReader one((*loops)[i], "/basis/items/" + std::to_string(i));
    auto& into = basis.items.emplace_back();
    into.loop = one.required_string("loop", {1, node_bytes_max});
    into.first = static_cast<int>(one.required_int("first", {0, std::numeric_limits<int>::max()}));
    const json::Json* items = one.required_array("items", items_max);
    if (one.has_failed()) return base::failure(*one.finish());
    for (const auto& item : *items) into.items.push_back(item.dump());
  }
  return basis;
}

}  // namespace

std::string encode(const AheadRequest& request) {
  std::vector<std::string> ended, begun;
  for (const auto& one : request.ended) ended.push_back(text_of(one));
  for (const auto& one : request.begun) begun.push_back(text_of(one));
  json::ObjectWriter out(1024);
  out.text("worker_id", request.worker_id).raw("ended", json::join_array(ended)).raw("begun", json::join_array(begun));
  out.boolean("takes", request.takes).integer("decisions_version", request.decisions_version);
  out.integer("decisions", request.decisions);
  if (request.known_playbook.is_set()) out.id("known_playbook", request.known_playbook);
  return out.finish();
}

base::Result<AheadRequest> decode_ahead_request(const json::Json& body) {
  json::ObjectReader reader(body);
  AheadRequest request;
  request.worker_id = reader.required_string("worker_id", {1, worker_id_bytes_max});
  if (!reader.has_failed() && !is_worker_id(request.worker_id))
    reader.refuse("worker_id", "must consist of letters, digits, '.', '_' and '-'");
  const json::Json* ended = reader.required_array("ended", ahead_ended_max, 1);
  const json::Json* begun = reader.optional_array("begun", ahead_begun_max);
  request.takes = reader.optional_bool("takes").value_or(false);
  request.decisions_version =
      static_cast<int>(reader.optional_int("decisions_version", {0, std::numeric_limits<int>::max()}).value_or(0));
  request.decisions = reader.optional_int("decisions", {0, std::numeric_limits<std::int64_t>::max()}).value_or(0);
  request.known_playbook = reader.optional_id<base::CatalogId>("known_playbook");
  if (auto wrong = reader.finish()) return base::failure(std::move(*wrong));
  for (std::size_t i = 0; i < ended->size(); ++i) {
    if (auto wrong = read_end((*ended)[i], "/ended/" + std::to_string(i), request.ended.emplace_back()))
      return base::failure(std::move(*wrong));
  }
  for (std::size_t i = 0; begun != nullptr && i < begun->size(); ++i) {
    if (auto wrong = read_begun((*begun)[i], "/begun/" + std::to_string(i), request.begun.emplace_back()))
      return base::failure(std::move(*wrong));
  }
  if (!request.ended.front().node_id.empty())
    return base::failure(base::ErrorCode::invalid_input, "'/ended/0' must be of a command with a lease", "/ended/0");
  return request;
}

std::string encode(const AheadAnswer& answer) {
  json::ObjectWriter out(1024);
  out.text("status", answer.refused ? "refused" : "ok");
  if (answer.refused) out.text("code", base::to_string(*answer.refused)).text("message", answer.message);
  out.boolean("goes_on", answer.goes_on).integer("decisions", answer.decisions);
  if (answer.claim_id.is_set()) out.id("claim_id", answer.claim_id);
  std::vector<std::string> commands;
  for (const auto& command : answer.commands) commands.push_back(encode(command));
  out.raw("commands", json::join_array(commands));
  if (answer.basis) out.raw("basis", text_of(*answer.basis));
  return out.finish();
}

base::Result<AheadAnswer> decode_ahead_answer(const json::Json& body) {
  json::ObjectReader reader(body);
  AheadAnswer answer;
  const std::string status = reader.required_string("status", {1, 64});
  const std::string code = reader.optional_string("code").value_or("");
  answer.message = reader.optional_string("message", {0, output_bytes_max}).value_or("");
  answer.goes_on = reader.optional_bool("goes_on").value_or(false);
  answer.decisions = reader.optional_int("decisions", {0, std::numeric_limits<std::int64_t>::max()}).value_or(0);
  answer.claim_id = reader.optional_id<base::ClaimId>("claim_id");
  const json::Json* commands = reader.optional_array("commands", commands_max);
  const json::Json* basis = reader.optional_object("basis");
  if (reader.has_failed()) return base::failure(*reader.finish());
  if (status == "refused") answer.refused = error_code_from(code).value_or(base::ErrorCode::internal);
  for (std::size_t i = 0; commands != nullptr && i < commands->size(); ++i) {
    auto command = decode_claimed_command((*commands)[i], "/commands/" + std::to_string(i));
    if (!command) return base::failure(std::move(command.error()));
    answer.commands.push_back(std::move(*command));
  }
  if (basis != nullptr) {
    auto read = read_basis(*basis);
    if (!read) return base::failure(std::move(read.error()));
    answer.basis = std::move(*read);
  }
  return answer;
}

}  // namespace noetl::wire
