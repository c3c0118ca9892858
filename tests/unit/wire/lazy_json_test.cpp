#include "shared/json/lazy_json.hpp"

#include <doctest/doctest.h>

#include "shared/json/json_cursor.hpp"
#include "shared/json/json_tree.hpp"

namespace noetl::json {
namespace {

using Json = nlohmann::json;

TEST_CASE("Lazy JSON is the text that it came as, and a tree for who reads it") {
  const auto value = LazyJson::of_text(R"({"b": 1.50, "a": [1]})");

  CHECK(value.text() == R"({"b": 1.50, "a": [1]})");
  CHECK(value.get() == Json{{"a", {1}}, {"b", 1.5}});
  CHECK(value.text() == R"({"b": 1.50, "a": [1]})");
  CHECK(LazyJson(Json{{"a", 1}}).text() == R"({"a":1})");
}

TEST_CASE("Copies of lazy JSON share one tree, and who takes it out of one leaves the others whole") {
  for (const bool is_read_before : {false, true}) {
    CAPTURE(is_read_before);
    auto value = LazyJson::of_text(R"({"a":[1,2]})");
    const auto copy = value;
    if (is_read_before) CHECK(&value.get() == &copy.get());

    Json taken = value.take();
    taken["a"] = "changed";

    CHECK(value.is_null());
    CHECK(copy.get() == Json{{"a", {1, 2}}});
    CHECK(copy.text() == R"({"a":[1,2]})");
  }
}

TEST_CASE("Null is no value, however it came") {
  for (const auto& value : {LazyJson(), LazyJson(Json()), LazyJson::of_text(""), LazyJson::of_text("null")}) {
    CHECK(value.is_null());
    CHECK(value.get().is_null());
    CHECK(value.text() == "null");
  }
}

TEST_CASE("A dropped tree is empty, however deep it nests") {
  Json deep = Json::array();
  for (int level = 0; level < 100'000; ++level) {
    Json outer = Json::array();
    outer.push_back(std::move(deep));
    deep = std::move(outer);
  }
  Json wide{{"a", {{"b", {1, "two", nullptr}}}}, {"c", "text"}};

  drop_tree(deep);
  drop_tree(wide);

  CHECK(deep == Json::array());
  CHECK(wide == Json::object());
}

TEST_CASE("A cursor reads names and texts with their escapes where it is asked for any name") {
  JsonCursor cursor(R"({"say \"hi\"\n": "é\t", "plain": "text", "": ""})");
  std::string name;

  cursor.object();
  CHECK(cursor.member(name));
  CHECK(name == "say \"hi\"\n");
  CHECK(cursor.text() == "é\t");
  CHECK(cursor.member(name));
  CHECK(name == "plain");
  CHECK(cursor.text() == "text");
  CHECK(cursor.member(name));
  CHECK(name.empty());
  CHECK(cursor.text().empty());
  CHECK_FALSE(cursor.member(name));
  CHECK(cursor.is_done());
  CHECK_FALSE(cursor.has_failed());
}

TEST_CASE("A cursor has failed where a name is none") {
  for (const auto* text : {R"({7: 1})", R"({"a" 1})", R"({"a)", R"({"\x": 1})"}) {
    CAPTURE(text);
    JsonCursor cursor(text);
    std::string name;
    cursor.object();
    CHECK_FALSE(cursor.member(name));
    CHECK(cursor.has_failed());
  }
}

}  // namespace
}  // namespace noetl::json
