#include "server/postgres/array_literal.hpp"

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

namespace noetl::postgres {
namespace {

TEST_CASE("An array literal quotes every text and escapes quotes and backslashes") {
  ArrayLiteral array;
  array.add(std::string_view());
  array.add(std::string_view(R"({"a":"\n"})"));
  array.add(std::string_view(R"("\)"));
  array.add(std::string_view("NULL, {é}"));
  array.add_null();
  array.add(-7);

  CHECK(array.text() == R"({"","{\"a\":\"\\n\"}","\"\\","NULL, {é}",NULL,-7})");
}

TEST_CASE("An array literal of nothing but nulls says so") {
  ArrayLiteral array;
  CHECK(array.is_empty());
  array.add_or_null(std::string_view());
  array.add_or_null(0);

  CHECK(array.is_all_null());
  CHECK_FALSE(array.text_or_null());
  CHECK(array.text() == "{NULL,NULL}");
}

}  // namespace
}  // namespace noetl::postgres
