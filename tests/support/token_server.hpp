#pragma once
// TokenServer: a token endpoint and the API that its tokens open, on a free port of 127.0.0.1. POST /token gives
// {access_token, token_type, expires_in} to who sends the right client; GET /protected answers 200 to a bearer of a
// token that was given, else 401. Counts, and can be made slow or broken. Any thread.
#include <atomic>
#include <memory>
#include <string>

namespace noetl::support {

class TokenServer {
 public:
  static constexpr const char* client_id = "the-client";
  static constexpr const char* client_secret = "s3cr3t-of-the-client";

  TokenServer();
  ~TokenServer();
  TokenServer(const TokenServer&) = delete;
  TokenServer& operator=(const TokenServer&) = delete;

  [[nodiscard]] std::string url() const;
  // Begins every token that is given: what must be found nowhere.
  [[nodiscard]] static std::string token_mark() { return "tok-do-not-leak-"; }

  std::atomic<int> tokens_given{0};
  std::atomic<int> protected_hits{0};  // with a good token
  std::atomic<int> protected_refusals{0};
  std::atomic<int> expires_in{3600};
  std::atomic<bool> is_broken{false};  // 500
  std::atomic<int> wait_for_askers{0};  // the answer waits until so many have asked elsewhere; see asked()
  void asked() { ++askers_; }

 private:
  struct Serving;
  std::atomic<int> askers_{0};
  std::unique_ptr<Serving> serving_;
};

}  // namespace noetl::support
