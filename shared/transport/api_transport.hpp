#pragma once
// ApiTransport: the calls of a worker as requests of the server's API, whatever carries them: paths, JSON, errors. Any thread.
#include <chrono>
#include <string>
#include <string_view>

#include "shared/transport/transport.hpp"

namespace noetl::transport {

class ApiTransport : public Transport {
 public:
  base::Result<wire::RegistrationAnswer> register_worker(const wire::WorkerRegistration& registration) override;
  base::Result<wire::HeartbeatAnswer> heartbeat(const wire::Heartbeat& heartbeat) override;
  base::Result<wire::ClaimAnswer> claim(const wire::ClaimRequest& request) override;
  base::Result<wire::ReportAnswer> report(const wire::ReportRequest& request) override;
  base::Result<wire::AheadAnswer> run_ahead(const wire::AheadRequest& request) override;
  base::Result<void> deregister(const std::string& worker_id) override;
  // The body that the server answers to GET of this path: secrets, stored results.
  [[nodiscard]] base::Result<std::string> get(const std::string& path);
  // The same to POST of a JSON body: values that running commands keep.
  [[nodiscard]] base::Result<std::string> post(const std::string& path, std::string body);

 protected:
  enum class Verb { post, remove, get };
  struct Call {
    Verb verb = Verb::post;
    std::string path;
    std::string body;
    std::chrono::milliseconds patience{0};
  };

  // The body of the answer, or the server's problem as an error.
  [[nodiscard]] virtual base::Result<std::string> send(const Call& call) = 0;
  // `retry_after`: the header of that name, in seconds; empty: there is none.
  [[nodiscard]] static base::Error problem_of(int status, std::string_view body, std::string_view retry_after);
  // A word for wire::instance_header.
  [[nodiscard]] static std::string new_instance();
};

}  // namespace noetl::transport
