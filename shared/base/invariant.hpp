#pragma once
// NOETL_INVARIANT(condition, "what must hold"): our own bug if it does not. On in every build; writes
// file, line and text to stderr and aborts, because going on with a broken state loses work.

namespace noetl::base {
[[noreturn]] void invariant_failed(const char* condition, const char* text, const char* file, int line);
}

#define NOETL_INVARIANT(condition, text)                                                     \
  do {                                                                                       \
    if (!(condition)) ::noetl::base::invariant_failed(#condition, text, __FILE__, __LINE__); \
  } while (false)
