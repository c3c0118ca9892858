// The pieces of a large list are what a tree of the whole would have had.
#include "shared/json/list_pieces.hpp"

#include <doctest/doctest.h>

#include "shared/json/json_cursor.hpp"

using namespace noetl::json;
using Json = nlohmann::json;

TEST_CASE("items come as their texts, other fields as a tree") {
  const auto pieces = list_pieces(R"({"worker_id":"w", "events":[{"a":1},[2], "x"],"n":{"m":3}})", "events", 3);

  REQUIRE(pieces);
  CHECK(pieces->rest == Json{{"worker_id", "w"}, {"n", {{"m", 3}}}});
  REQUIRE(pieces->items.size() == 3);
  CHECK(pieces->items[0] == R"({"a":1})");
  CHECK(pieces->items[2] == R"("x")");
}

TEST_CASE("what is no such body is left to the careful reader") {
  for (const char* text :
       {R"([1])", R"({"other":[1]})", R"({"events":[1,2,3,4]})", R"({"events":[1],"events":[2]})",
        R"({"events":[1]} x)", R"({"events":[{"a":1,"a":2}]})", R"({"events":{}})", R"({"events":[1)"}) {
    CAPTURE(text);
    CHECK_FALSE(list_pieces(text, "events", 3));
  }
}

TEST_CASE(
    "a value is read without a tree whatever honest programs write: long integers, pairs of escapes, many "
    "names") {
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += (i > 0 ? ",\"f" : "\"f") + std::to_string(i) + "\":0";
  for (const std::string& text : {std::string("18446744073709551615"), std::string("-9223372036854775808"),
                                  std::string("[1234567890123456789]"), std::string(R"("\ud83d\ude00")"), many + "}"}) {
    CAPTURE(text);
    JsonCursor cursor(text);
    CHECK(cursor.any() == text);
    CHECK(cursor.is_done());
  }
  for (const std::string& text : {std::string("18446744073709551616"), std::string(R"("\ud83d")"),
                                  std::string(R"("\ude00")"), many + ",\"f7\":1}"}) {
    CAPTURE(text);
    JsonCursor cursor(text);
    static_cast<void>(cursor.any());
    CHECK(cursor.has_failed());
  }
}
