#pragma once
// Message: one delivery of a JetStream message, and the four answers to it. It must not outlive the
// connection it answers on. Movable; one thread at a time.
#include <chrono>
#include <string_view>

#include "shared/nats/handles.hpp"

namespace noetl::nats {

class Message {
 public:
  // Answers go out on `answers_on`, which may be another connection than the one it came by.
  Message(MessageHandle handle, __natsConnection* answers_on) : handle_(std::move(handle)), answers_on_(answers_on) {}

  [[nodiscard]] std::string_view subject() const;
  [[nodiscard]] std::string_view bytes() const;
  [[nodiscard]] int num_delivered() const;  // 1 for the first delivery; 0 when it is no JetStream message

  // False when it could not be sent; the message then comes again after ack wait. Not waited for.
  bool ack();
  bool nak(std::chrono::milliseconds delay);  // deliver again after that
  bool term();                                // never again
  bool in_progress();                         // ack wait starts anew

 private:
  bool answer(std::string_view text);

  MessageHandle handle_;
  __natsConnection* answers_on_;
};

}  // namespace noetl::nats
