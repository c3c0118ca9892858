#include "shared/nats/message.hpp"

#include <nats/nats.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "shared/nats/traffic/traffic.hpp"

namespace noetl::nats {

std::string_view Message::subject() const { return natsMsg_GetSubject(handle_.get()); }

std::string_view Message::bytes() const {
  return {natsMsg_GetData(handle_.get()), static_cast<std::size_t>(natsMsg_GetDataLength(handle_.get()))};
}

std::string_view Message::header(const char* name) const {
  const char* value = nullptr;
  return natsMsgHeader_Get(handle_.get(), name, &value) == NATS_OK && value != nullptr ? value : std::string_view{};
}

namespace {

// A part of the reply subject: $JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer
// sequence>.<time>.<pending>, or with <domain>.<account hash> after ACK and a token at the end. `index` counts from the
// stream. natsMsg_GetMetaData would allocate for the same.
std::string_view reply_part(const char* raw, int index) {
  const std::string_view reply = raw == nullptr ? "" : raw;
  if (!reply.starts_with("$JS.ACK.")) return {};
  const auto dots = std::count(reply.begin(), reply.end(), '.');
  std::size_t begin = 0;
  for (int skipped = 0; skipped < index + (dots >= 10 ? 4 : 2); ++skipped) {
    begin = reply.find('.', begin);
    if (begin == std::string_view::npos) return {};
    ++begin;
  }
  return reply.substr(begin, reply.find('.', begin) - begin);
}

template <class Number>
Number number_in(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::string_view Message::consumer_of(const char* reply) { return reply_part(reply, 1); }

int Message::num_delivered() const { return number_in<int>(reply_part(natsMsg_GetReply(handle_.get()), 2)); }

std::uint64_t Message::num_pending() const {
  return number_in<std::uint64_t>(reply_part(natsMsg_GetReply(handle_.get()), 6));
}

std::int64_t Message::stored_ns(const char* reply) { return number_in<std::int64_t>(reply_part(reply, 5)); }

std::int64_t Message::stored_ns() const { return stored_ns(natsMsg_GetReply(handle_.get())); }

std::uint64_t Message::stream_sequence() const {
  return number_in<std::uint64_t>(reply_part(natsMsg_GetReply(handle_.get()), 3));
}

std::uint64_t Message::consumer_sequence() const {
  return number_in<std::uint64_t>(reply_part(natsMsg_GetReply(handle_.get()), 4));
}

bool Message::ack() const { return answer("+ACK"); }
bool Message::term() const { return answer("+TERM"); }
bool Message::in_progress() const { return answer("+WPI"); }

bool Message::nak(std::chrono::milliseconds delay) const {
  if (delay.count() <= 0) return answer("-NAK");
  const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(delay).count();
  return answer("-NAK {\"delay\":" + std::to_string(nanoseconds) + "}");
}

bool Message::answer(std::string_view text) const {
  const char* reply = natsMsg_GetReply(handle_.get());
  if (reply == nullptr || *reply == '\0') return false;
  const bool is_sent =
      natsConnection_Publish(answers_on_->handle(), reply, text.data(), static_cast<int>(text.size())) == NATS_OK;
  traffic().sent(reply, text.size(), is_sent);
  return is_sent;
}

}  // namespace noetl::nats
