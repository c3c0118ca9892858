#pragma once
// RunningApi: an ApiServer on a free port of 127.0.0.1, served by a thread of its own until it goes.
#include <httplib.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "server/api/api_server.hpp"
#include "server/counts/work_counts.hpp"
#include "tests/unit/api/fake_app.hpp"

namespace noetl::api_test {

using Json = nlohmann::json;

// Small enough that a test reaches every bound.
[[nodiscard]] api::ApiSettings api_settings();

class RunningApi {
 public:
  explicit RunningApi(api::ApiSettings settings = api_settings());
  ~RunningApi();
  RunningApi(const RunningApi&) = delete;
  RunningApi& operator=(const RunningApi&) = delete;

  void fail_readiness() { server_.fail_readiness(); }
  void stop();
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] httplib::Client client() const;
  [[nodiscard]] std::string metrics() const { return metrics_.expose(); }

 private:
  std::array<std::max_align_t, 8> nothing_{};  // where parts are said to be that no handler touches
  SilentNotifier notifier_;
  base::IdGenerator ids_{1};
  counts::WorkCounts work_counts_;
  dispatch::ServerContext context_;
  vault::Vault vault_{context_, {}};
  telemetry::Metrics metrics_;
  api::ApiServer server_;
  int port_ = 0;
  std::jthread serving_;
};

struct Answer {
  int status = 0;
  Json body;
  httplib::Headers headers;
  [[nodiscard]] std::string code() const { return body.is_object() ? body.value("code", "") : ""; }
  [[nodiscard]] std::string header(const std::string& name) const;
};

// An answer that the OpenAPI document does not have is thrown.
Answer get(const RunningApi& server, const std::string& path);
Answer post(const RunningApi& server, const std::string& path, const std::string& body,
            const httplib::Headers& headers = {}, const std::string& content_type = "application/json");

// One connection that sends and receives bytes as they are.
class RawConnection {
 public:
  explicit RawConnection(int port);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  void send(std::string_view bytes) const;
  // Everything until the peer closes.
  [[nodiscard]] std::string receive_all() const;
  // At least until `end` has arrived (or the peer closes).
  [[nodiscard]] std::string receive_until(std::string_view end) const;

 private:
  int socket_ = -1;
};

}  // namespace noetl::api_test
