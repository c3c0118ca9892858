// Any bytes as a body in chunks: the same outcome whatever pieces they come in, within the bound, and never more than came.
#include <algorithm>
#include <string>
#include <string_view>

#include "shared/http/chunks.hpp"
#include "tests/fuzz/target.hpp"

using namespace noetl::http;

namespace {

constexpr std::size_t body_bytes_max = 4096;

struct Outcome {
  std::string body;
  std::size_t taken = 0;
  bool is_complete = false;
  int status = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view bytes, std::size_t piece) {
  ChunkReader reader(body_bytes_max);
  Outcome outcome;
  while (outcome.taken < bytes.size() && !reader.is_complete() && !reader.refusal()) {
    const std::size_t taken = reader.read(bytes.substr(outcome.taken, piece), outcome.body);
    NOETL_FUZZ_CHECK(taken > 0);
    outcome.taken += taken;
  }
  outcome.is_complete = reader.is_complete();
  if (reader.refusal()) outcome.status = reader.refusal()->status;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read(bytes, std::max<std::size_t>(size, 1));
  NOETL_FUZZ_CHECK(whole.body.size() <= body_bytes_max && whole.body.size() <= size && whole.taken <= size);
  NOETL_FUZZ_CHECK(!(whole.is_complete && whole.status != 0));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
    Outcome pieces = read(bytes, piece);
    if (whole.status != 0) pieces.taken = whole.taken;  // how much of what is refused was looked at does not matter
    NOETL_FUZZ_CHECK(pieces == whole);
  }
  if (whole.is_complete) NOETL_FUZZ_CHECK(bytes.substr(0, whole.taken).ends_with("\r\n\r\n"));
  return 0;
}
