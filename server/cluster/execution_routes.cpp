#include "server/cluster/execution_routes.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "shared/json/parse_body.hpp"

namespace noetl::cluster {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 7> session_fields{"message_id", "session_id", "user_id",       "message",
                                                         "context",    "timestamp",  "correlation_id"};

constexpr std::size_t logged_bytes_max = 200;  // of a message's id

tl::unexpected<base::Error> refused(std::string message, std::string field) {
  return base::failure(base::ErrorCode::invalid_input, std::move(message), std::move(field));
}

// A text that is there; empty: it is not.
std::string text_of(const Json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

// The body of POST /api/v2/execute for a message of a session.
base::Result<Json> session_body(const ExecutionRoutesSettings& settings, const std::string& session,
                                const Json& message) {
  for (const auto& [name, value] : message.items()) {
    if (std::ranges::find(session_fields, name) == session_fields.end())
      return refused(
          "the field '" + name + "' is none of a message of a session, nor of an execute request with 'path'",
          "/" + name);
  }
  const auto told = text_of(message, "session_id");
  if (!told.empty() && told != session)
    return refused("'/session_id' is '" + told + "', the subject says '" + session + "'", "/session_id");
  const auto context = message.find("context");
  std::string path = settings.playbook;
  if (context != message.end() && context->is_object() && !text_of(*context, "playbook").empty())
    path = text_of(*context, "playbook");
  if (path.empty())
    return refused("no playbook: name it in '/context/playbook', or for all messages in the setting session-playbook",
                   "/context/playbook");
  Json payload = message;
  payload["session_id"] = session;
  return Json{{"path", path}, {"payload", std::move(payload)}, {"group", session}};
}

}  // namespace

base::Result<HttpForm> execution_form(const ExecutionRoutesSettings& settings, nats::Responder::Incoming& request) {
  HttpForm form{.method = "POST", .target = "/api/v2/execute"};
  if (!request.is_whole()) return form;
  const auto body = json::parse_body(request.bytes, json::BodyBounds{});
  if (!body) return base::failure(body.error());
  if (!body->is_object()) return refused("the message must be a JSON object", "");
  if (body->contains("path") || body->contains("catalog_id")) return form;  // as over HTTP
  const auto message_id = text_of(*body, "message_id");
  if (message_id.empty())
    return refused("'/message_id' must be a text: the same one twice starts one execution", "/message_id");
  auto made = session_body(settings, request.subject.substr(settings.prefix.size() + 1), *body);
  if (!made) return base::failure(std::move(made.error()));
  (*made)["idempotency_key"] = message_id;
  form.message_id = message_id.substr(0, logged_bytes_max);
  request.bytes = made->dump();
  return form;
}

base::Result<void> serve_executions(NatsRequests& requests, const ExecutionRoutesSettings& settings) {
  return requests.serve("execute", settings.prefix + ".*",
                        [settings](nats::Responder::Incoming& request) { return execution_form(settings, request); });
}

}  // namespace noetl::cluster
