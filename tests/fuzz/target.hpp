#pragma once
// What a fuzz target is: one function on any bytes. It must return; what it does with them must hold. Each
// fuzz_<target>.cpp defines it once, for libFuzzer (preset `fuzz`) and for the run over the corpus (replay_main.cpp).
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Something that does not depend on the input did not hold: a finding, as a crash is.
#define NOETL_FUZZ_CHECK(condition)                                        \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                        \
    }                                                                      \
  } while (false)
