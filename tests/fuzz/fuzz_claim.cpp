// Any body of the claiming routes, the workers' and the enqueueing ones: refused with a text, or read.
#include <nlohmann/json.hpp>
#include <string_view>

#include "shared/json/parse_body.hpp"
#include "shared/wire/codecs/claim_json.hpp"
#include "shared/wire/codecs/command_json.hpp"
#include "shared/wire/codecs/execution_json.hpp"
#include "shared/wire/codecs/worker_json.hpp"
#include "shared/wire/quick_read.hpp"
#include "tests/fuzz/target.hpp"

namespace {
template <class T>
void check_refusal(const noetl::base::Result<T>& read) {
  if (!read) NOETL_FUZZ_CHECK(!read.error().message.empty());
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace noetl::json;
  using namespace noetl::wire;
  const auto body = parse_body({reinterpret_cast<const char*>(data), size});
  if (!body) return 0;
  check_refusal(decode_new_command(*body));
  check_refusal(decode_new_commands(*body));
  check_refusal(decode_execute_request(*body));
  check_refusal(decode_execute_batch(*body));
  check_refusal(decode_worker_registration(*body));
  check_refusal(decode_heartbeat(*body));
  const auto answer = decode_claim_answer(*body);
  check_refusal(answer);
  const auto quick = quick_claim_answer({reinterpret_cast<const char*>(data), size});
  NOETL_FUZZ_CHECK(!quick || (answer.has_value() && quick->commands.size() == answer->commands.size() &&
                              quick->waited == answer->waited && quick->claim_id == answer->claim_id));
  const auto read = decode_claim_request(*body);
  check_refusal(read);
  if (!read || read->worker_id.empty()) return 0;
  const auto parsed = parse_body(encode(*read));
  NOETL_FUZZ_CHECK(parsed.has_value());
  const auto again = decode_claim_request(*parsed);
  NOETL_FUZZ_CHECK(again.has_value());
  NOETL_FUZZ_CHECK(again->worker_id == read->worker_id && again->queue_ids == read->queue_ids &&
                   again->direct_dispatch == read->direct_dispatch);
  return 0;
}
