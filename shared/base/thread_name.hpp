#pragma once
// name_thread: what `top -H`, `perf` and gdb call the calling thread. At most 15 bytes (Linux); longer ones are cut.
#include <pthread.h>

#include <array>
#include <cstring>
#include <string_view>

namespace noetl::base {

inline void name_thread(std::string_view name) {
  std::array<char, 16> cut{};
  std::memcpy(cut.data(), name.data(), name.size() < cut.size() ? name.size() : cut.size() - 1);
  (void)pthread_setname_np(pthread_self(), cut.data());
}

}  // namespace noetl::base
