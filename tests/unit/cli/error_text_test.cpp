#include "cli/text/error_text.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "cli/text/output.hpp"

namespace noetl::cli {

TEST_CASE("what was cancelled without a reason says so") {
  CHECK(error_text(Json{{"kind", "cancelled"}, {"step", "start"}}) ==
        "cancelled, without a reason\n  step start\n  kind cancelled");
  CHECK(error_text(Json{{"kind", "cancelled"}, {"message", "wrong day"}}) == "wrong day\n  kind cancelled");
  CHECK(error_text(Json{{"kind", "exception"}}) == "no message\n  kind exception");
}

TEST_CASE("an error of code is its message, then where it was, then the traceback") {
  const Json error{{"kind", "exception"},
                   {"message", "KeyError: 'prise'"},
                   {"step", "transform"},
                   {"item", {{"index", 2}, {"value", R"({"id":3})"}}},
                   {"attempt", 3},
                   {"attempts", 3},
                   {"line", 5},
                   {"code", "total += r['prise']"},
                   {"traceback", "Traceback (most recent call last):\n  File \"<code>\", line 5, in main\n"}};

  CHECK(error_text(error) ==
        "KeyError: 'prise'\n"
        "  step transform, item 2 = {\"id\":3}, attempt 3 of 3\n"
        "  kind exception\n"
        "  line 5: total += r['prise']\n"
        "    Traceback (most recent call last):\n"
        "      File \"<code>\", line 5, in main");
}

TEST_CASE("an error of a request and one of SQL say what was asked") {
  CHECK(error_text({{"kind", "server_error"},
                    {"message", "GET http://h/items answered 500"},
                    {"status", 500},
                    {"method", "GET"},
                    {"url", "http://h/items?page=2"},
                    {"body", "database on fire"}}) ==
        "GET http://h/items answered 500\n  kind server_error, status 500\n  GET http://h/items?page=2\n"
        "  the answer's body:\n    database on fire");
  CHECK(error_text({{"kind", "not_found"},
                    {"message", "statement 2 of 3 failed"},
                    {"statement", 2},
                    {"statements", 3},
                    {"position", 13},
                    {"sqlstate", "42P01"},
                    {"line", 6},
                    {"code", "from shop_itemz"}}) ==
        "statement 2 of 3 failed\n  kind not_found\n  statement 2 of 3, character 13, SQLSTATE 42P01\n  line 6: from "
        "shop_itemz");
}

TEST_CASE("an error of a called playbook leads down to the step that failed") {
  const Json error{
      {"kind", "exception"},
      {"message", "playbook 'a' failed"},
      {"step", "call"},
      {"child",
       {{"path", "a"},
        {"execution_id", "7"},
        {"step", "deeper"},
        {"child", {{"path", "b"}, {"execution_id", "8"}, {"step", "clean"}, {"attempt", 1}, {"attempts", 1}}}}}};

  CHECK(error_text(error) ==
        "playbook 'a' failed\n  step call\n  kind exception\n  in playbook a, execution 7, step deeper\n"
        "  in playbook b, execution 8, step clean, attempt 1 of 1");
}

TEST_CASE("the error stands last in what is printed, whatever is asked for") {
  std::ostringstream out, err;
  const Streams streams{.out = out, .err = err};

  Output(streams, false, false)
      .fields(Json{{"error", {{"kind", "exception"}, {"message", "boom"}}},
                   {"variables", {{"a", 1}}},
                   {"workload", {{"b", 2}}}});

  CHECK(out.str().ends_with("error: boom\n  kind exception\n"));
  CHECK(out.str().find("workload") < out.str().find("error:"));
}

TEST_CASE("of events a person reads what was printed, what failed and what is tried again") {
  CHECK(event_text({{"event_type", "command.log"}, {"payload", {{"output", "one\ntwo\n"}}}}) == "one\ntwo");
  CHECK(event_text({{"event_type", "call.error"},
                    {"payload",
                     {{"error", {{"message", "boom"}, {"item", {{"index", 1}}}, {"attempt", 2}, {"attempts", 5}}}}}}) ==
        "boom (item 1, attempt 2 of 5)");
  CHECK(event_text({{"event_type", "task.retry"}, {"payload", {{"attempt", 2}, {"delay_ms", 500}}}}) ==
        "attempt 2 in 500 ms");
  CHECK(event_text({{"event_type", "step.enter"}, {"payload", {{"status", "started"}}}}).empty());
  CHECK(event_text({{"event_type", "call.error"}, {"payload", {{"error", {{"message", "a\033[31mb"}}}}}}) == "a?[31mb");
}

}  // namespace noetl::cli
