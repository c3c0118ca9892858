#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "shared/wire/error_codes.hpp"

using namespace noetl;

TEST_CASE("every code has a mapping and comes back from its spelling") {
  for (int i = 0; i <= static_cast<int>(base::ErrorCode::internal); ++i) {
    const auto code = static_cast<base::ErrorCode>(i);
    CHECK(wire::mapping_of(code).code == code);
    CHECK(wire::error_code_from(base::to_string(code)) == code);
  }
  CHECK_FALSE(wire::error_code_from("new_code").has_value());
}

TEST_CASE("an error survives problem+json in both directions") {
  const base::Error error{
      .code = base::ErrorCode::invalid_playbook,
      .message = "two findings",
      .field = "/content",
      .retry_after = std::chrono::milliseconds(1500),
      .details = {
          {.field = "workflow[2].next", .message = "no such step", .line = 7, .column = 3, .suggestion = "end"}}};

  CHECK(wire::decode_problem(422, wire::encode_problem(error)) == error);
  CHECK(wire::problem_json(error)["type"] == "urn:noetl:error:invalid_playbook");
}

TEST_CASE("messages that are no UTF-8 still become valid JSON") {
  const std::string text = wire::encode_problem(
      {.code = base::ErrorCode::internal, .message = "broken \xff", .field = {}, .retry_after = {}, .details = {}});
  CHECK(nlohmann::json::accept(text));
}

TEST_CASE("an answer that is no problem+json becomes an error by its status, quoting its beginning") {
  const auto error = wire::decode_problem(502, "<html>" + std::string(1000, 'x'));
  CHECK(error.code == base::ErrorCode::unavailable);
  CHECK(error.message.find("<html>") != std::string::npos);
  CHECK(error.message.size() < 400);
  CHECK(wire::decode_problem(409, R"({"code":"lease_lost","detail":"gone"})").code == base::ErrorCode::lease_lost);
  CHECK(wire::decode_problem(500, R"({"code":7})").code == base::ErrorCode::internal);
  CHECK(wire::decode_problem(404, "\xff\xfe").code == base::ErrorCode::not_found);
}
