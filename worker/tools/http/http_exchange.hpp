#pragma once
// exchange: one HTTP message and its answer, on a kept connection where there is one. Free function; any thread.
#include <chrono>
#include <stop_token>

#include "worker/tools/http/http_answer.hpp"
#include "worker/tools/http/http_body.hpp"
#include "worker/tools/http/http_clients.hpp"

namespace noetl::tools {

struct ExchangeSettings {
  std::chrono::milliseconds connect_timeout;
  std::chrono::steady_clock::time_point deadline;
  std::stop_token stop;
  HttpBody::Settings body;
};

[[nodiscard]] HttpAnswer exchange(HttpClients& clients, const HttpRequest& request, const ExchangeSettings& settings);

}  // namespace noetl::tools
