#pragma once
// HttpForm: a message of NATS as the request over HTTP that it stands for. Pure; any thread.
#include <cstddef>
#include <string>
#include <vector>

#include "shared/http/head.hpp"
#include "shared/nats/requests/parted_message.hpp"

namespace noetl::cluster {

struct HttpForm {
  std::string method;
  std::string target;
  std::vector<http::Header> headers = {};  // besides those that mean the same over both
  std::string message_id = {}, worker_id = {};  // for the log
};

// What stands for the peer's address: nobody of this machine, as far as the rules for strangers go.
inline constexpr const char* nats_peer = "nats";

// Status codes of refusals that both kinds of requests have.
inline constexpr int bad_request = 400;
inline constexpr int too_large = 413;

// `bytes`: of the body.
[[nodiscard]] http::Head head_of(HttpForm form, const nats::Headers& headers, std::size_t bytes);

}  // namespace noetl::cluster
