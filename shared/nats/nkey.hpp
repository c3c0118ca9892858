#pragma once
// NKeys of NATS: the public key that belongs to a user's seed, because nats.c asks for both. Pure but for the file; any thread. The
// format: https://github.com/nats-io/nkeys (base32 of a prefix, the key and a CRC-16).
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace noetl::nats {

// invalid_input: it is no seed of a user (SU…), or its checksum is wrong. The error does not show it.
[[nodiscard]] base::Result<std::string> public_key_of_seed(std::string_view seed);

// Of the first line that begins with SU. not_found: the file cannot be read, or has none.
[[nodiscard]] base::Result<std::string> public_key_of_seed_file(const std::string& file);

}  // namespace noetl::nats
