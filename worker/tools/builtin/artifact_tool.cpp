#include "worker/tools/builtin/artifact_tool.hpp"

#include <array>
#include <functional>

#include "shared/base/text/base64.hpp"
#include "worker/tools/auth.hpp"
#include "worker/tools/http/http_body.hpp"
#include "worker/tools/http/peer_body.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/reach_of.hpp"

namespace noetl::tools {

namespace {

constexpr std::array<OptionSpec, 6> artifact_options{{
    {"action", "text", "get, which is the default; also `operation`"},
    {"operation", "text", "the same as `action`"},
    {"result_ref", "text or map",
     "the reference: `_ref` of a step; as an option or in the input; also `uri` and `ref`"},
    {"uri", "text", "the same as `result_ref`"},
    {"ref", "text", "the same as `result_ref`"},
    {"path", "path",
     "a file of the worker that it is written to, in bounded memory; the result is {path, size, "
     "content_type}"},
}};

// The reference as a text, wherever it stands; empty when there is none.
std::string reference_of(const ToolCall& call) {
  const Json input = input_of(call);
  for (const Json* place : {&input, &call.tool}) {
    for (const char* name : {"result_ref", "uri", "ref", "reference", "_ref"}) {
      const auto found = place->find(name);
      if (found == place->end()) continue;
      if (found->is_object()) return auth_field(*found, {"ref", "uri", "reference", "id"});
      return scalar_text(*found).value_or("");
    }
  }
  return {};
}

// The list of parts, when the value is that of a streamed body.
const Json* streamed_of(const Json& value) {
  if (!value.is_object() || value.size() != 1) return nullptr;
  const auto found = value.find("streamed");
  const bool is_list =
      found != value.end() && found->is_object() && found->contains("parts") && found->at("parts").is_array();
  return is_list ? &*found : nullptr;
}

// What reads for a call: bounded by its time, and by how much it hands on.
struct Reading {
  const ToolCall& call;
  std::chrono::steady_clock::time_point deadline;
  std::uint64_t bytes_max;
};

base::Result<Json> fetch(const Reading& reading, const std::string& reference) {
  if (reading.call.stop.stop_requested()) return base::failure(base::ErrorCode::cancelled, "the call was stopped");
  if (std::chrono::steady_clock::now() >= reading.deadline)
    return base::failure(base::ErrorCode::timeout, "result '" + reference + "' was not read before the deadline");
  return reading.call.results->fetch(reference);
}

// What the value says of its own size is no bound: a step's result may look like a streamed body.
base::Result<void> for_each_part(const Reading& reading, const Json& streamed,
                                 const std::function<bool(std::string_view)>& take) {
  std::uint64_t size = 0;
  for (const Json& reference : streamed.at("parts")) {
    const auto name = scalar_text(reference).value_or("");
    const auto part = fetch(reading, name);
    if (!part) return tl::unexpected(part.error());
    const auto bytes = base::base64_decoded(auth_field(*part, {"base64"}));
    if (!bytes) return base::failure(base::ErrorCode::internal, "part '" + name + "' of a streamed body is not base64");
    size += bytes->size();
    if (size > reading.bytes_max)
      return base::failure(base::ErrorCode::payload_too_large, "the parts of a streamed body have more than " +
                                                                   std::to_string(reading.bytes_max) +
                                                                   " bytes, up to part '" + name + "'");
    if (!take(*bytes)) return base::failure(base::ErrorCode::internal, "the file cannot be written");
  }
  return {};
}

// Under another name until it is whole.
ToolResult write_file(const Reading& reading, const std::string& path, const Json& value,
                      const reach::FilesRoot& root) {
  const std::string unfinished = path + ".unfinished";
  auto file = root.create(unfinished, "path");
  if (!file) return failed(file.error());
  std::uint64_t size = 0;
  const auto take = [&](std::string_view part) {
    size += part.size();
    return file->write(part);
  };
  const Json* streamed = streamed_of(value);
  base::Result<void> written;
  if (streamed != nullptr)
    written = for_each_part(reading, *streamed, take);
  else if (!take(to_text(value)))
    written = base::failure(base::ErrorCode::internal, "the file cannot be written");
  const bool is_closed = file->close();
  if (written && !is_closed)
    written = base::failure(base::ErrorCode::internal, "option 'path': '" + path + "' could not be finished");
  if (written) written = root.rename(unfinished, path);
  if (!written) {
    root.remove(unfinished);
    return failed(written.error());
  }
  const std::string type = streamed == nullptr ? "application/json" : auth_field(*streamed, {"content_type"});
  return completed(to_text(Json{{"status", "success"}, {"path", path}, {"size", size}, {"content_type", type}}));
}

// As the body says itself: 0 when it says none, and then the parts are counted as they come.
std::uint64_t size_of(const Json& streamed) {
  const auto size = streamed.find("size");
  return size != streamed.end() && size->is_number_unsigned() ? size->get<std::uint64_t>() : 0;
}

ToolResult too_large(const std::string& reference, std::uint64_t size, const ToolLimits& limits) {
  return failed(error_of("output_limit", "result '" + reference + "' has " + std::to_string(size) +
                                             " bytes, this worker hands on at most " +
                                             std::to_string(limits.result_bytes_max) +
                                             "; with the option 'path' it is written to a file"));
}

ToolResult get(const ToolCall& call, const ToolLimits& limits) {
  const auto action = text_option(call, {"action", "operation"}, "get");
  if (!action) return failed(action.error());
  if (*action != "get" && *action != "fetch" && *action != "read") {
    return refused("option 'action' of tool artifact must be get, not '" + *action + "'");
  }
  const std::string reference = reference_of(call);
  if (reference.empty()) {
    return refused(
        "tool artifact needs 'result_ref', the reference of a stored result: `_ref` of a step whose result "
        "was "
        "stored apart; a small result has none and is read by the step's name");
  }
  if (call.results == nullptr) {
    return failed(
        error_of("unsupported", "result '" + reference + "' is wanted, but this worker has nobody to ask for results"));
  }
  const auto path = text_option(call, {"path"});
  if (!path) return failed(path.error());
  const auto deadline = deadline_of(call);
  if (!deadline) return failed(deadline.error());
  const Reading reading{.call = call,
                        .deadline = *deadline,
                        .bytes_max = path->empty() ? limits.result_bytes_max : HttpBody::streamed_bytes_max};
  auto found = fetch(reading, reference);
  if (!found) return failed(found.error());
  std::optional<std::string> bytes;  // of a body that is no text
  const Json* streamed = streamed_of(*found);
  if (!path->empty()) return write_file(reading, *path, *found, reach_of(limits).files);
  if (streamed != nullptr) {
    if (const auto size = size_of(*streamed); size > limits.result_bytes_max) return too_large(reference, size, limits);
    std::string body;
    const auto read = for_each_part(reading, *streamed, [&](std::string_view part) {
      body += part;
      return true;
    });
    if (!read) return failed(read.error());
    auto value = body_value(body, auth_field(*streamed, {"content_type"}), domain::result_values_max,
                            domain::json_depth_max - 1);
    if (!value) bytes = body;
    *found = value ? *std::move(value) : Json();
  }
  std::string text = R"({"status":"success","meta":{"reference":)" + to_text(Json(reference)) + R"(},"data":)" +
                     to_text(*found) + (bytes ? R"(,"data_b64":")" + base::base64_encoded(*bytes) + "\"}" : "}");
  if (text.size() > limits.result_bytes_max) return too_large(reference, text.size(), limits);
  return completed(std::move(text));
}

}  // namespace

std::span<const OptionSpec> ArtifactTool::options() const { return artifact_options; }

ToolResult ArtifactTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return get(call, limits_); });
}

}  // namespace noetl::tools
