#pragma once
// Responder: serves requests on plain subjects, shared with others of its queue group, bodies of any size. The handler is called on
// threads of nats.c and must not wait; it, or whoever it gives the request to, answers. Any thread; stop() belongs to the owner.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "shared/nats/requests/parted_message.hpp"

namespace noetl::nats {

// Of an answer that wants the other parts of a request: where to send them.
inline constexpr const char* rest_to_header = "Noetl-Rest-To";
// Of a request: who asks takes no notice of probes of its reply subject, so that it can be found out whether it still waits.
inline constexpr const char* probes_header = "Noetl-Ignores-Probes";

// Ends a subscription, and waits for its handler to end.
void end_subscription(struct __natsSubscription* subscription);

class Responder {
 public:
  struct Incoming {
    std::string subject;
    std::string reply;  // empty: nobody waits for an answer
    Headers headers;
    std::string bytes;  // of part 1 until it is whole
    Part part;
    [[nodiscard]] bool is_whole() const { return part.count == 1; }
  };
  using Handler = std::function<void(Responder& self, Incoming request)>;

  static constexpr std::size_t uploads_max = 64;  // requests of several parts that are coming in
  static constexpr std::chrono::seconds upload_patience{30};

  // `parts_prefix`: of the subjects to which the other parts of requests are sent; those who ask must be permitted to publish there.
  // Empty: it takes requests of one part alone. The connection must outlive it.
  Responder(Connection& connection, Handler handler, std::string parts_prefix = {});
  ~Responder();
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;

  // `group` empty: every responder gets every request. Errors: as Connection::subscribe has them.
  [[nodiscard]] base::Result<void> listen(const SubjectFilter& subject, const std::string& group);
  // Asks for the other parts; the handler is called again, with the whole. saturated: uploads_max are coming in.
  [[nodiscard]] base::Result<void> receive_rest(const Incoming& first);
  void answer(const Incoming& request, const Headers& headers, std::string_view bytes);
  // Does whoever asked still listen? True for those who would take a probe for the answer. Takes a round trip to the nats-server.
  [[nodiscard]] bool is_waiting(const Incoming& request);
  static constexpr std::chrono::milliseconds probe_patience{100};
  // No handler is called after it.
  void stop();

 private:
  struct Upload {
    Incoming request;
    std::size_t taken = 1;
    std::chrono::steady_clock::time_point until;
  };

  static void on_request(struct __natsConnection*, struct __natsSubscription*, struct __natsMsg* raw,
                         void* self) noexcept;
  static void on_part(struct __natsConnection*, struct __natsSubscription*, struct __natsMsg* raw, void* self) noexcept;
  void take_part(struct __natsMsg* message);
  [[nodiscard]] base::Result<void> open_uploads();

  Connection& connection_;
  const Handler handler_;
  std::mutex mutex_;
  const std::string parts_prefix_;
  std::string parts_subject_;  // of this process, below that prefix; empty until the first upload
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, Upload> uploads_;
  std::vector<SubscriptionHandle> subscriptions_;
};

}  // namespace noetl::nats
