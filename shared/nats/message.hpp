#pragma once
// Message: one delivery of a JetStream message, and the four answers to it. Movable; the answers may be
// given from any thread, since they only read.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "shared/nats/connection.hpp"
#include "shared/nats/handles.hpp"

namespace noetl::nats {

class Message {
 public:
  // Answers go out on `answers_on`, which may be another connection than the one it came by.
  Message(MessageHandle handle, std::shared_ptr<const Connection> answers_on, std::size_t source = 0)
      : handle_(std::move(handle)), answers_on_(std::move(answers_on)), source_(source) {}

  [[nodiscard]] std::string_view subject() const;
  [[nodiscard]] std::string_view bytes() const;
  [[nodiscard]] std::string_view header(const char* name) const;  // empty: it has none; the case counts
  [[nodiscard]] int num_delivered() const;  // 1 for the first delivery; 0 when it is no JetStream message
  // Which of the subscription's consumers gave it, and how many more that one had then.
  [[nodiscard]] std::size_t source() const { return source_; }
  [[nodiscard]] std::uint64_t num_pending() const;
  // Where it stands in the stream, and among what its consumer delivered. 0 when it is no JetStream message.
  [[nodiscard]] std::uint64_t stream_sequence() const;
  [[nodiscard]] std::uint64_t consumer_sequence() const;
  [[nodiscard]] __natsMsg* handle() const { return handle_.get(); }  // for this folder and those below

  // False when it could not be sent; the message then comes again after ack wait. Not waited for.
  bool ack() const;
  bool nak(std::chrono::milliseconds delay) const;  // deliver again after that
  bool term() const;  // never again
  bool in_progress() const;  // ack wait starts anew

  // The consumer's name in the reply subject of a JetStream message; empty when it is none.
  [[nodiscard]] static std::string_view consumer_of(const char* reply);
  // When the stream stored it, in nanoseconds since 1970, as that subject says; 0: it says nothing.
  [[nodiscard]] static std::int64_t stored_ns(const char* reply);
  [[nodiscard]] std::int64_t stored_ns() const;

 private:
  bool answer(std::string_view text) const;

  MessageHandle handle_;
  std::shared_ptr<const Connection>
      answers_on_;  // shared with the other messages, which may outlive their subscription
  std::size_t source_;
};

}  // namespace noetl::nats
