#include "server/cluster/worker_routes.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "shared/wire/operations/worker_operations.hpp"

namespace noetl::cluster {
namespace {

// Of `read`: nothing else is asked for by a worker, whatever it may ask for over HTTP.
bool is_readable(std::string_view target) {
  constexpr std::array prefixes{std::string_view("/api/credentials/"), std::string_view("/api/v2/results/")};
  const auto path = target.substr(0, target.find('?'));
  if (std::ranges::any_of(prefixes, [&](std::string_view prefix) { return path.starts_with(prefix); })) return true;
  return path.starts_with("/api/v2/executions/") && path.find("/keychain/") != std::string_view::npos;
}

// The token may stand in the body of a registration.
void take_api_key(std::string& body, HttpForm& form) {
  auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return;
  const auto key = json.find("api_key");
  if (key == json.end() || !key->is_string()) return;
  if (!key->get_ref<const std::string&>().empty())
    form.headers.push_back({.name = "authorization", .value = "Bearer " + key->get<std::string>()});
  json.erase(key);
  body = json.dump();
}

}  // namespace

base::Result<HttpForm> worker_form(const std::string& prefix, nats::Responder::Incoming& request) {
  const auto call = wire::worker_call_of(prefix, request.subject);
  if (!call)
    return base::failure(
        base::ErrorCode::invalid_input,
        "the subject '" + request.subject + "' is no operation of a worker, or has no worker's id that can be one");
  HttpForm form{.method = std::string(call->operation->method),
                .target = wire::path_of(*call->operation, call->worker_id),
                .worker_id = call->worker_id};
  if (call->operation->path.empty()) {
    form.target = nats::header_of(request.headers, wire::path_header);
    if (!is_readable(form.target))
      return base::failure(base::ErrorCode::invalid_input,
                           std::string("the header ") + wire::path_header +
                               " must be the path of a credential, of a keychain entry of an execution, "
                               "or of a stored result");
  }
  const bool registers = !call->operation->names_worker;
  if (registers && request.is_whole() && nats::header_of(request.headers, "authorization").empty())
    take_api_key(request.bytes, form);
  return form;
}

base::Result<void> serve_workers(NatsRequests& requests, const std::string& prefix) {
  for (const auto& operation : wire::worker_operations()) {
    auto served = requests.serve(std::string(operation.name), wire::subject_filter_of(prefix, operation),
                                 [prefix](nats::Responder::Incoming& request) { return worker_form(prefix, request); });
    if (!served) return served;
  }
  return {};
}

}  // namespace noetl::cluster
