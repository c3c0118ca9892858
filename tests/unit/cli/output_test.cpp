#include "cli/text/output.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "shared/base/result.hpp"

namespace noetl::cli {
namespace {

struct Written {
  std::ostringstream out, err;
  Streams streams{.out = out, .err = err};
};

const std::vector<Column> columns{{"NAME", "name"}, {"STATUS", "status"}};

TEST_CASE("rows become a table whose columns line up") {
  Written written;

  Output(written.streams, false, false)
      .rows(Json{{"items", {{{"name", "é"}, {"status", "ready"}}, {{"name", "longer"}}}}}, columns);

  CHECK(written.out.str() == "NAME    STATUS\né       ready\nlonger  \n");
}

TEST_CASE("JSON output is the answer itself") {
  Written written;
  const Json answer{{"items", Json::array({{{"name", "a"}}})}, {"next", "7"}};

  Output(written.streams, true, false).rows(answer, columns);

  CHECK(Json::parse(written.out.str()) == answer);
}

TEST_CASE("what a server says cannot send control sequences to the terminal") {
  CHECK(cell_text(Json{{"name", "a\033[31mb\nc"}}, "name") == "a?[31mb c");
}

TEST_CASE("a status has a colour only where colours are wanted") {
  Written plain, colored;
  const Json rows = Json::array({{{"name", "a"}, {"status", "FAILED"}}});

  Output(plain.streams, false, false).rows(rows, columns);
  Output(colored.streams, false, true).rows(rows, columns);

  CHECK(plain.out.str().find('\033') == std::string::npos);
  CHECK(colored.out.str().find("\033[31mFAILED\033[0m") != std::string::npos);
}

TEST_CASE("an error shows every detail with its place and gives its exit code") {
  Written written;
  base::Error error{.code = base::ErrorCode::invalid_playbook,
                    .message = "2 mistakes",
                    .field = {},
                    .retry_after = {},
                    .details = {}};
  error.details.push_back({.field = "workflow[2].next",
                           .message = "no step 'ened'",
                           .line = 7,
                           .column = 3,
                           .suggestion = "did you mean 'end'?"});

  const int code = Output(written.streams, false, false).error(error);

  CHECK(code == 2);
  CHECK(written.err.str() ==
        "error: 2 mistakes (invalid_playbook)\n  7:3: workflow[2].next: no step 'ened' (did you mean "
        "'end'?)\n");
  CHECK(written.out.str().empty());
}

TEST_CASE("an error says once what it was made of, and lists the rest") {
  Written written;
  base::Error error{.code = base::ErrorCode::invalid_playbook,
                    .message = "a.yaml: tool: no such key (line 6, column 5); did you mean 'tool'?; and 2 more",
                    .field = {},
                    .retry_after = {},
                    .details = {}};
  error.details.push_back(
      {.field = "tool", .message = "no such key", .line = 6, .column = 5, .suggestion = "did you mean 'tool'?"});
  error.details.push_back({.field = "next", .message = "no such key", .line = 16, .column = 5, .suggestion = {}});
  error.details.push_back({.field = "end", .message = "no step", .line = 6, .column = 5, .suggestion = {}});

  CHECK(Output(written.streams, false, false).error(error) == 2);
  CHECK(written.err.str() ==
        "error: a.yaml: tool: no such key (line 6, column 5); did you mean 'tool'?; and 2 more (invalid_playbook)\n"
        "  16:5: next: no such key\n  6:5: end: no step\n");
}

TEST_CASE("an error of several lines keeps them, without control sequences") {
  Written written;

  const int code = Output(written.streams, false, false)
                       .error(base::failure(base::ErrorCode::unavailable, "gone; its log:\n| a\033[2J\n").value());

  CHECK(code == 6);
  CHECK(written.err.str() == "error: gone; its log:\n| a?[2J\n (unavailable)\n");
}

TEST_CASE("fields can be chosen and ordered; empty ones are left out") {
  Written written;

  Output(written.streams, false, false)
      .fields(Json{{"a", 1}, {"b", "x"}, {"c", nullptr}, {"d", ""}}, {"b", "a", "c", "d", "absent"});

  CHECK(written.out.str() == "b: x\na: 1\n");
}

TEST_CASE("with JSON output an error is problem+json on stderr") {
  Written written;

  const int code =
      Output(written.streams, true, false).error(base::failure(base::ErrorCode::not_found, "no such").value());

  CHECK(code == 3);
  CHECK(Json::parse(written.err.str()).at("code") == "not_found");
}

TEST_CASE("progress is shown to a terminal alone") {
  Written file, terminal;
  terminal.streams.is_err_terminal = true;

  Output(file.streams, false, false).progress("step");
  Output(terminal.streams, false, false).progress("step");

  CHECK(file.err.str().empty());
  CHECK(terminal.err.str().find("step") != std::string::npos);
}

}  // namespace
}  // namespace noetl::cli
