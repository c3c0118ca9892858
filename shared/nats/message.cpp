#include "shared/nats/message.hpp"

#include <nats/nats.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace noetl::nats {

std::string_view Message::subject() const { return natsMsg_GetSubject(handle_.get()); }

std::string_view Message::bytes() const {
  return {natsMsg_GetData(handle_.get()), static_cast<std::size_t>(natsMsg_GetDataLength(handle_.get()))};
}

// The reply subject says it: $JS.ACK.<stream>.<consumer>.<delivered>.<…5 more>, or with <domain>.<account hash>
// after ACK. natsMsg_GetMetaData would allocate for the same.
int Message::num_delivered() const {
  const char* raw = natsMsg_GetReply(handle_.get());
  const std::string_view reply = raw == nullptr ? "" : raw;
  if (!reply.starts_with("$JS.ACK.")) return 0;
  const auto dots = std::count(reply.begin(), reply.end(), '.');
  std::size_t begin = 0;
  for (int skipped = 0; skipped < (dots >= 10 ? 6 : 4); ++skipped) {
    begin = reply.find('.', begin);
    if (begin == std::string_view::npos) return 0;
    ++begin;
  }
  int count = 0;
  std::from_chars(reply.data() + begin, reply.data() + reply.size(), count);
  return count;
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
  return natsConnection_Publish(answers_on_->handle(), reply, text.data(), static_cast<int>(text.size())) ==
         NATS_OK;
}

}  // namespace noetl::nats
