#pragma once
// Requester: requests and their answers on one connection, many at a time, bodies of any size. One subscription takes all answers.
// A request whose body needs several parts says so in the first; whoever takes it answers with an inbox for the others. Any thread.
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "shared/nats/requests/parted_message.hpp"

namespace noetl::nats {

class Requester {
 public:
  struct Answer {
    Headers headers;
    std::string bytes;
  };

  // The connection must outlive it. Errors: as subscribe() has them.
  [[nodiscard]] static base::Result<std::unique_ptr<Requester>> open(Connection& connection);
  ~Requester();
  Requester(const Requester&) = delete;
  Requester& operator=(const Requester&) = delete;

  // unavailable: NATS or whoever answers is away, or went away meanwhile; timeout: no answer within `patience`. After both it is not
  // known whether the request was served.
  [[nodiscard]] base::Result<Answer> request(const Subject& subject, const Headers& headers, std::string_view bytes,
                                             std::chrono::milliseconds patience);

  struct Waiting;  // of requester.cpp

 private:
  Requester(Connection& connection, std::string inbox);
  static void on_message(struct __natsConnection*, struct __natsSubscription*, struct __natsMsg* raw,
                         void* self) noexcept;
  void take(struct __natsMsg* message);
  [[nodiscard]] std::shared_ptr<Waiting> add(std::uint64_t& number);
  [[nodiscard]] base::Result<Answer> wait(Waiting& waiting, const Subject& subject, std::string_view bytes,
                                          std::chrono::milliseconds patience);

  Connection& connection_;
  const std::string inbox_;
  std::mutex mutex_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Waiting>> waiting_;
  SubscriptionHandle subscription_;  // last: its thread uses the others
};

}  // namespace noetl::nats
