#include <doctest/doctest.h>

#include "shared/base/ids.hpp"
#include "shared/json/object_reader.hpp"

using noetl::base::CommandId;
using noetl::json::Json;
using noetl::json::ObjectReader;

TEST_CASE("a reader gives the fields that are there and empty values for those left out") {
  const Json body = Json::parse(R"({"name":"x","count":7,"on":true,"id":"42","list":["a","b"],"nothing":null})");
  ObjectReader reader(body);

  CHECK(reader.required_string("name") == "x");
  CHECK(reader.optional_int("count", {0, 10}) == 7);
  CHECK(reader.optional_bool("on") == true);
  CHECK(reader.required_id<CommandId>("id") == CommandId{42});
  CHECK(reader.optional_strings("list", 5) == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(reader.optional_string("nothing").has_value());
  CHECK_FALSE(reader.optional_id<CommandId>("absent").is_set());
  CHECK_FALSE(reader.finish().has_value());
}

TEST_CASE("a missing field is refused with its pointer and what was expected") {
  const Json body = Json::object();
  ObjectReader reader(body, "/events/3");

  CHECK(reader.required_string("name").empty());

  const auto error = reader.finish();
  REQUIRE(error.has_value());
  CHECK(error->code == noetl::base::ErrorCode::invalid_input);
  CHECK(error->field == "/events/3/name");
  CHECK(error->message == "'/events/3/name' is missing; expected a string");
}

TEST_CASE("an unknown field is refused with the name that was probably meant") {
  const Json body = Json::parse(R"({"payloda":{}})");
  ObjectReader reader(body);
  CHECK(reader.optional_object("payload") == nullptr);

  const auto error = reader.finish();

  REQUIRE(error.has_value());
  CHECK(error->message == "'/payloda' is not a known field; did you mean 'payload'?");
  REQUIRE(error->details.size() == 1);
  CHECK(error->details[0].suggestion == "payload");
}

TEST_CASE("wrong types and values out of range say what was found") {
  const Json body =
      Json::parse(R"({"a":"1","b":9223372036854775808,"c":1.5,"d":-1,"e":0,"f":"9223372036854775808","g":true})");
  const auto message = [&](auto&& read) {
    ObjectReader reader(body);
    read(reader);
    return reader.finish().value().message;
  };

  CHECK(message([](auto& r) { (void)r.optional_int("a"); }) == "'/a' must be an integer, found string '1'");
  CHECK(message([](auto& r) { (void)r.optional_int("b"); }) ==
        "'/b' must be an integer, found number 9223372036854775808");
  CHECK(message([](auto& r) { (void)r.optional_int("c"); }) == "'/c' must be an integer, found number 1.5");
  CHECK(message([](auto& r) {
          (void)r.optional_int("d", {0, 5});
        }) == "'/d' must be an integer from 0 to 5, found number -1");
  for (const char* name : {"c", "d", "e", "f", "g"}) {
    CHECK(message([&](auto& r) { (void)r.template optional_id<CommandId>(name); }).find("must be an id") !=
          std::string::npos);
  }
}

TEST_CASE("what is no object is refused at once, and reading on gives empty values") {
  const Json body = Json::parse("[1,2]");
  ObjectReader reader(body);

  CHECK(reader.has_failed());
  CHECK(reader.required_string("x").empty());
  CHECK(reader.required_array("y", 5) == nullptr);
  CHECK(reader.optional_value("z") == nullptr);
  CHECK_FALSE(reader.has("x"));
  CHECK(reader.finish()->message == "the body must be an object, found array of 2 items");
}

TEST_CASE("what is missing and may be there under another name is told with that") {
  const Json body = Json::parse(R"({"other":1,"pth":"a"})");
  ObjectReader reader(body, "/items/0");

  CHECK(reader.required_string("path").empty());
  const auto error = reader.finish();
  CHECK(error->field == "/items/0/path");
  CHECK(error->message.starts_with("'/items/0/path' is missing; expected "));
  CHECK(error->message.ends_with("; '/items/0/pth' is not a known field, did you mean 'path'?"));
}

TEST_CASE("pointers escape slashes and tildes") {
  const Json body = Json::parse(R"({"a/b~c":1})");
  ObjectReader reader(body);

  CHECK(reader.finish()->field == "/a~1b~0c");
}

TEST_CASE("a name far from all known ones gets no suggestion") {
  CHECK(noetl::json::nearest_word("qwertz", {"payload", "path"}).empty());
  CHECK(noetl::json::nearest_word("pool", {"pools", "path"}) == "pools");
  CHECK(noetl::json::nearest_word(std::string(10'000, 'x'), {"path"}).empty());
}
