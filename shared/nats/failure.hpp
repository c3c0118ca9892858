#pragma once
// How a failed nats.c call becomes a base::Error. Only for this folder and those below it: it includes nats.h. Any thread.
#include <nats/nats.h>

#include <string>

#include "shared/base/result.hpp"

namespace noetl::nats {

inline constexpr int stream_not_found = 10059;  // JetStream error codes: the status alone does not tell
inline constexpr int consumer_not_found = 10014;
inline constexpr int no_responders_of_jetstream =
    10076;  // no stream takes the subject, or JetStream is off: nats.c names the latter
inline constexpr int stream_name_in_use = 10058;
inline constexpr int not_enabled_for_account = 10039;

// `tried` says what was tried on which subject, stream or consumer.
[[nodiscard]] tl::unexpected<base::Error> nats_failure(natsStatus status, const std::string& tried,
                                                       int jetstream_code = 0);

}  // namespace noetl::nats
