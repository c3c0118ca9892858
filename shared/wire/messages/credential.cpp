#include "shared/wire/messages/credential.hpp"

#include <algorithm>
#include <string_view>

namespace noetl::wire {

namespace {

bool is_name_start(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

bool is_secret_name(std::string_view text) {
  if (text.empty() || text.size() > 128 || !is_name_start(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_name_start(c) || c == '.' || c == ':' || c == '@' || c == '-'; });
}

}  // namespace noetl::wire
