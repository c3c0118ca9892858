#pragma once
// SealedText: an encrypted secret as it is stored: the id of the key that sealed it, and the bytes as
// hexadecimal digits. Only server/vault can read one. A value; any thread.
#include <string>

namespace noetl::store {

struct SealedText {
  std::string key_id;
  std::string hex;
};

}  // namespace noetl::store
