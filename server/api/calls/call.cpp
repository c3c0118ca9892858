#include "server/api/calls/call.hpp"

#include <nlohmann/json.hpp>

#include "shared/domain/json_text.hpp"
#include "shared/json/json_tree.hpp"
#include "shared/json/parse_body.hpp"
#include "shared/wire/error_codes.hpp"

namespace noetl::api {
namespace {

constexpr std::size_t small_tree_bytes = 1UL << 20;  // not worth counting
constexpr std::chrono::milliseconds retry_after_default{1000};

bool may_be_retried(base::ErrorCode code) {
  return code == base::ErrorCode::saturated || code == base::ErrorCode::unavailable ||
         code == base::ErrorCode::schema_mismatch;
}

}  // namespace

Reply problem_reply(const base::Error& error) {
  base::Error shown = error;
  if (shown.retry_after.count() <= 0 && may_be_retried(shown.code)) shown.retry_after = retry_after_default;
  Reply reply{.status = wire::http_status_of(shown.code),
              .body = wire::encode_problem(shown),
              .content_type = wire::problem_content_type,
              .headers = {}};
  if (shown.code == base::ErrorCode::unauthenticated) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (shown.retry_after.count() > 0) {
    // The header counts in whole seconds; the body has milliseconds.
    reply.headers.emplace_back("Retry-After", std::to_string((shown.retry_after.count() + 999) / 1000));
  }
  return reply;
}

Reply problem_reply(const base::Error& error, int status) {
  Reply reply = problem_reply(error);
  if (reply.status == status) return reply;
  auto problem = wire::problem_json(error);
  problem["status"] = status;
  reply.status = status;
  reply.body = domain::json_text(problem);
  return reply;
}

base::Result<std::size_t> values_of(const Call& call, std::size_t values_max) {
  // The server bounds the size.
  return json::count_values(
      call.body, {.bytes_max = call.body.size(), .depth_max = domain::json_depth_max, .values_max = values_max});
}

base::Result<nlohmann::json> tree_of(const Call& call, std::string_view text, std::size_t values) {
  const std::size_t bytes = values * json::tree_value_bytes;
  if (bytes > small_tree_bytes && call.take_memory && !call.take_memory(bytes)) {
    return base::failure(base::Error{.code = base::ErrorCode::saturated,
                                     .message = "the requests being read fill the memory that they may have; try again",
                                     .field = {},
                                     .retry_after = retry_after_default,
                                     .details = {}});
  }
  auto tree = json::build_tree(text);
  if (!tree) {
    return base::failure(base::ErrorCode::malformed_body, "the body is not acceptable JSON: " + tree.error());
  }
  return std::move(*tree);
}

base::Result<nlohmann::json> unchecked_json_of(const Call& call) {
  const auto values = values_of(call);
  if (!values) return base::failure(values.error());
  return tree_of(call, call.body, *values);
}

base::Result<void> check_by_schema(const Call& call, const nlohmann::json& body, bool shows_values) {
  if (call.checker == nullptr) return {};
  // Fields that go together are the decoder's: it says what to do.
  auto error = call.checker->check(call.body_schema, body, {.fields_together = false, .shows_values = shows_values});
  if (error) return base::failure(std::move(*error));
  return {};
}

base::Result<nlohmann::json> json_of(const Call& call) {
  auto body = unchecked_json_of(call);
  if (!body) return body;
  if (auto checked = check_by_schema(call, *body); !checked) return base::failure(std::move(checked.error()));
  return body;
}

base::Result<nlohmann::json> json_or_nothing_of(const Call& call) {
  if (call.body.empty()) return nlohmann::json::object();
  return json_of(call);
}

base::Result<ConcurrencyLimit::Permit> enter(ConcurrencyLimit& limit) {
  auto permit = limit.enter();
  if (permit) return std::move(*permit);
  return base::failure(base::Error{.code = base::ErrorCode::saturated,
                                   .message = "the server is working on as many requests as it may; try again",
                                   .field = {},
                                   .retry_after = retry_after_default,
                                   .details = {}});
}

}  // namespace noetl::api
