// What YAML 1.1, braces in programs, doubled keys and tabs do to a text behind its author's back.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "shared/language/lint.hpp"
#include "shared/language/loading/playbook_loader.hpp"
#include "shared/language/yaml/yaml.hpp"

namespace noetl::language {
namespace {

const std::string head = "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: t, path: test/t}\n";

std::vector<base::ErrorDetail> warnings_of(const std::string& text) {
  const auto report = lint_playbook(text);
  std::vector<base::ErrorDetail> warnings;
  for (const auto& finding : report.findings) {
    CAPTURE(finding.detail.message);
    CHECK_FALSE(finding.is_error);
    warnings.push_back(finding.detail);
  }
  return warnings;
}

std::vector<base::ErrorDetail> warnings_of_value(const std::string& value) {
  return warnings_of(head + "workload:\n  field: " + value + "\nworkflow:\n- step: start\n");
}

std::vector<base::ErrorDetail> warnings_of_tool(const std::string& tool) {
  return warnings_of(head + "workload: {n: 5, name: x}\nworkflow:\n- step: start\n  tool:\n" + tool);
}

}  // namespace

TEST_CASE("a plain scalar that YAML 1.1 reads otherwise is worth a word, with its place and how to keep it") {
  const std::pair<const char*, const char*> surprises[] = {
      {"NO", "NO is read as the boolean false"},
      {"yes", "yes is read as the boolean true"},
      {"On", "On is read as the boolean true"},
      {"off", "off is read as the boolean false"},
      {"00501", "00501 is read as the number 321, to base 8"},
      {"012", "012 is read as the number 10, to base 8"},
      {"-017", "-017 is read as the number -15, to base 8"},
      {"22:22", "22:22 is read as the number 1342, to base 60"},
      {"12:30:45", "12:30:45 is read as the number 45045, to base 60"},
      {"3.10", "3.10 is read as the number 3.1"},
      {"1.20", "1.20 is read as the number 1.2"},
      {"1_000", "1_000 is read as the number 1000"},
      {"0b101", "0b101 is read as the number 5"},
      {"0x1F", "0x1F is read as the number 31"},
      {"+49", "+49 is read as the number 49"},
      {"5.", "5. is read as the number 5.0"},
      {"1.0e+3", "1.0e+3 is read as the number 1000.0"},
      {"3.14159265358979323846", "is read as the number 3.14159265"},
      {"-0", "-0 is read as the number 0"},
      {"~", "~ is read as null"},
      {"NULL", "NULL is read as null"},
      {"Null", "Null is read as null"},
      {".inf", ".inf stays a text: JSON has no such number"},
      {".NaN", ".NaN stays a text"},
      {"1e3", "1e3 stays a text: a number with an exponent needs a dot and a sign"},
      {"12E5", "12E5 stays a text"},
      {"0o17", "0o17 stays a text"},
      {"089", "089 stays a text"},
      {"12345678901234567890123", "stays a text: it has more than 64 bits"}};
  for (const auto& [written, expected] : surprises) {
    CAPTURE(std::string(written));
    const auto warnings = warnings_of_value(written);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].field == "workload.field");
    CHECK(warnings[0].message.find(expected) != std::string::npos);
    CHECK(warnings[0].line == 5);
    CHECK(warnings[0].column == 10);
    CHECK(warnings[0].suggestion == std::string("write \"") + written + "\" in quotes when a text is meant");
  }
}

TEST_CASE("what is in quotes, and what is what it looks like, is worth no word") {
  for (const char* value :
       {"'NO'",  "\"00501\"", "'22:22'", "\"3.10\"",    "!!str NO", "true",       "False",      "null",
        "5",     "-5",        "0",       "1.5",         "1.0",      "text",       "2024-01-02", "2024-01-02T03:04:05Z",
        "12:61", "1.2.3",     "v1",      "192.168.0.1", "1-2",      "1234567e8x", "12 apples",  "|\n    012",
        "''",    "'~'",       "1h",      "500ms"}) {
    CAPTURE(value);
    CHECK(warnings_of_value(value).empty());
  }
  CHECK(warnings_of(head + "workload: {on: 1, 012: x, 'no': y}\nworkflow:\n- step: start\n").empty());
}

TEST_CASE("surprises leave room for other warnings") {
  std::string list;
  for (int i = 0; i < 500; ++i) list += "  - 012\n";
  const auto warnings = warnings_of(head + "workload:\n  list:\n" + list +
                                    "workflow:\n- step: start\n  tool: {kind: shel, command: ls}\n");

  CHECK(warnings.size() == 51);
}

TEST_CASE("a comment of a template that takes a part of a program out is named with its place") {
  auto warnings = warnings_of_tool("    kind: shell\n    command: |\n      a=xx\n      echo ${#a}; v=y; echo ${v%#}\n");
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].message.find("'{#a}; v=y; echo ${v%#}' is left out of the program") != std::string::npos);
  CHECK(warnings[0].line == 11);
  CHECK(warnings[0].column == 13);
  CHECK(warnings[0].suggestion.find("{% raw %}") != std::string::npos);

  for (const char* tool : {"    kind: shell\n    command: [bash, -c, 'echo ${#a} ${a%#}']\n",
                           "    kind: shell\n    cmds: ['echo ${#a} ${a%#}']\n",
                           "    kind: postgres\n    command: \"select '{#' || x || '#}'\"\n",
                           "    kind: duckdb\n    queries: [\"select '{# #}'\"]\n",
                           "    kind: python\n    code: \"x = '{#' + y + '#}'\"\n"}) {
    CAPTURE(tool);
    warnings = warnings_of_tool(tool);
    CHECK(std::ranges::any_of(
        warnings, [](const auto& one) { return one.message.find("is left out of the program") != std::string::npos; }));
  }
  CHECK(warnings_of_tool("    kind: http\n    url: 'http://x/{# here #}'\n").empty());
  CHECK(warnings_of_tool("    kind: shell\n    command: 'echo {% raw %}${#a} ${a%#}{% endraw %}'\n").empty());
}

TEST_CASE("an expression in a program that names nothing is worth a word") {
  for (const char* tool :
       {"    kind: python\n    code: \"print(f'{{total}}')\"\n", "    kind: shell\n    command: \"helm {{println}}\"\n",
        "    kind: shell\n    cmds: [\"helm {{println}}\"]\n"}) {
    CAPTURE(tool);
    const auto warnings = warnings_of_tool(tool);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].message.find("nothing in this playbook is called") != std::string::npos);
    CHECK(warnings[0].suggestion.find("{% raw %}") != std::string::npos);
  }
  CHECK(warnings_of_tool("    kind: shell\n    command: 'echo {{ n }} {{ workload.n }} {{ start }}'\n").empty());
}

TEST_CASE("braces that are no template are passed on, at any depth, with a warning") {
  for (const char* tool :
       {"    kind: shell\n    command: 'echo ${#v}'\n", "    kind: shell\n    command: [bash, -c, 'echo ${#v}']\n",
        "    kind: shell\n    command: [docker, ps, --format, '{{.ID}}']\n",
        "    kind: shell\n    command: \"awk '{{print $1}}'\"\n", "    kind: shell\n    cmds: ['jq {{a: .b}}']\n",
        "    kind: python\n    code: 'd = {{1: 2}}'\n", "    kind: python\n    code: \"f'{{{x}}}'\"\n",
        "    kind: shell\n    command: \"printf '{%s}'\"\n"}) {
    CAPTURE(tool);
    const auto warnings = warnings_of_tool(tool);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].message.find("will be passed on as it is") != std::string::npos);
    CHECK(warnings[0].line > 0);
  }
}

TEST_CASE("a key that is given twice is worth a word when a playbook is loaded, as in lint") {
  const auto text = head + "workload: {a: 1, a: 2}\nworkflow:\n- step: start\n";
  const auto loaded = load_playbook(text);

  REQUIRE(loaded);
  REQUIRE(loaded->warnings.size() == 1);
  CHECK(std::ranges::any_of(loaded->warnings, [](const auto& one) {
    return one.message.find("given twice") != std::string::npos && one.line == 4;
  }));
  CHECK(loaded->playbook.workload["a"] == 2);
}

TEST_CASE("a tab in the indentation is named with its line") {
  for (const auto& [text, line, column] :
       std::vector<std::tuple<std::string, int, int>>{{"a:\n\tb: 1\n", 2, 1},
                                                      {"a:\n  b: 1\n\tc: 2\n", 3, 1},
                                                      {"a:\n  - b\n  \t- c\n", 3, 3},
                                                      {"a:\n-\tb: 1\n\tc: 2\n", 2, 2}}) {
    CAPTURE(text);
    const auto document = load_yaml(text);
    REQUIRE_FALSE(document);
    CHECK(document.error().message.find("a tab stands in the indentation") != std::string::npos);
    CHECK(document.error().details[0].line == line);
    CHECK(document.error().details[0].column == column);
  }
  CHECK(load_yaml("a: |\n  x\n  \ty\nb:\t1\n"));
  const auto other = load_yaml("a: [1\n");
  REQUIRE_FALSE(other);
  CHECK(other.error().message.find("tab") == std::string::npos);
}

}  // namespace noetl::language
