// How a text of SQL falls into statements, and how they get their parameters.
#include <doctest/doctest.h>

#include <random>

#include "worker/tools/postgres/sql/statements.hpp"
#include "worker/tools/postgres/sql/values.hpp"

namespace noetl::tools::postgres {

using Texts = std::vector<std::string>;
using Json = nlohmann::json;

namespace {

base::Result<Statement> bound(std::string_view statement, const Json& parameters) {
  std::size_t formats_used = 0;
  return bind_parameters(statement, parameters, formats_used);
}

Texts texts_of_statements(std::string_view sql) {
  Texts texts;
  for (auto& statement : split_statements(sql)) texts.push_back(std::move(statement.text));
  return texts;
}

std::optional<std::string> text_of(const Json& value, TypeId type) {
  auto text = parameter_text(value, Types(), type);
  REQUIRE(text);
  return *text;
}

}  // namespace

TEST_CASE("a statement knows the line that it begins at") {
  const auto statements = split_statements("-- first\nselect 1;\n\nselect\n 2; select 3");

  REQUIRE(statements.size() == 3);
  CHECK(statements[0].line == 2);
  CHECK(statements[1].line == 4);
  CHECK(statements[2].line == 5);
}

TEST_CASE("statements end at semicolons that are neither in quotes nor in comments") {
  CHECK(texts_of_statements("select 1; select 2") == Texts{"select 1", "select 2"});
  CHECK(texts_of_statements("select 'a;b', \"c;d\"; select 2;") == Texts{"select 'a;b', \"c;d\"", "select 2"});
  CHECK(texts_of_statements("select 'it''s;'; x") == Texts{"select 'it''s;'", "x"});
  CHECK(texts_of_statements("select E'\\';'; x") == Texts{"select E'\\';'", "x"});
  CHECK(texts_of_statements("select '\\'; x") == Texts{"select '\\'", "x"});
  CHECK(texts_of_statements("select 1 -- a;b\n; x") == Texts{"select 1", "x"});
  CHECK(texts_of_statements("select /* a; /* b; */ c; */ 1; x") == Texts{"select /* a; /* b; */ c; */ 1", "x"});
}

TEST_CASE("dollar quotes with any tag hold semicolons") {
  CHECK(texts_of_statements("do $$ begin; end; $$; x") == Texts{"do $$ begin; end; $$", "x"});
  CHECK(texts_of_statements("select $a$ $$;$b$ $a$; x") == Texts{"select $a$ $$;$b$ $a$", "x"});
  CHECK(texts_of_statements("select $1; x") == Texts{"select $1", "x"});
  CHECK(texts_of_statements("select a$b$c; x$b$") == Texts{"select a$b$c", "x$b$"});
}

TEST_CASE("comments alone are no statement, and leading ones are left out") {
  CHECK(texts_of_statements(" -- nothing\n ; /* at all */ ;").empty());
  CHECK(texts_of_statements("-- first\nselect 1;\n-- last") == Texts{"select 1"});
  CHECK(texts_of_statements("").empty());
}

TEST_CASE("bodies of functions in standard SQL and of rules are one statement") {
  const std::string function =
      "create or replace function f() returns int begin atomic; select case when true then 1 end; select 2; "
      "end";
  CHECK(texts_of_statements(function + "; x") == Texts{function, "x"});
  const std::string rule =
      "create rule r as on insert to t do also (insert into a values (1); insert into b values (2))";
  CHECK(texts_of_statements(rule + "; x") == Texts{rule, "x"});
}

TEST_CASE("what is not closed reaches to the end") {
  CHECK(texts_of_statements("select 'a; b") == Texts{"select 'a; b"});
  CHECK(texts_of_statements("select $$ a; b") == Texts{"select $$ a; b"});
  CHECK(texts_of_statements("select 1 /* a; b").size() == 1);
}

TEST_CASE("any text is split, and split again it is the same") {
  const unsigned seed = std::random_device{}();
  INFO("seed: " << seed);
  std::mt19937 random(seed);
  const std::vector<std::string> pieces{"select", "1",        ";",     "'",        "''",   "\"",          "$$", "$a$",
                                        "$1",     "--",       "\n",    "/*",       "*/",   "E'\\'",       "(",  ")",
                                        "create", "function", "begin", "atomic",   "case", "end",         " ",  ":a",
                                        "%s",     "%(a)s",    "::int", "\xC3\xBC", "U&'",  "concurrently"};
  for (int round = 0; round < 5000; ++round) {
    std::string sql;
    for (std::size_t i = random() % 20; i > 0; --i)
      sql += pieces[random() % pieces.size()] + (random() % 2 == 0 ? " " : "");
    CAPTURE(sql);
    const Texts statements = texts_of_statements(sql);
    std::string joined;
    for (const std::string& statement : statements) {
      CHECK(sql.find(statement) != std::string::npos);
      joined += statement + "\n;";
      (void)is_transaction_control(statement);
      (void)refuses_transaction(statement);
      (void)bound(statement, Json::array({1, 2, 3}));
      (void)bound(statement, Json{{"a", 1}});
      (void)quoted_name(statement);
    }
    const Texts again = texts_of_statements(joined);
    // An unclosed quote swallows the separator of the last statement.
    REQUIRE(again.size() == statements.size());
    for (std::size_t i = 0; i + 1 < statements.size(); ++i) CHECK(again[i] == statements[i]);
  }
}

TEST_CASE("transaction control and what refuses a transaction are known") {
  for (const char* sql : {"begin", "COMMIT", "rollback to x", "Start  Transaction", "savepoint a", "end"}) {
    CHECK_MESSAGE(is_transaction_control(sql), sql);
  }
  for (const char* sql : {"select 1", "started", "start replication", "prepare x as select 1"}) {
    CHECK_MESSAGE(!is_transaction_control(sql), sql);
  }
  for (const char* sql :
       {"vacuum t", "create index concurrently i on t (a)", "create unique index concurrently i on t (a)",
        "drop database x", "reindex table concurrently t", "alter system set a = 1"}) {
    CHECK_MESSAGE(refuses_transaction(sql), sql);
  }
  for (const char* sql : {"create index i on t (a)", "refresh materialized view concurrently v", "select 'vacuum'",
                          "alter table t add a int"}) {
    CHECK_MESSAGE(!refuses_transaction(sql), sql);
  }
}

TEST_CASE("a list gives a statement as many parameters as it names") {
  const auto one = bound("select $1, '$9', $2 -- $8", Json::array({1, "b", 3}));
  REQUIRE(one);
  CHECK(one->text == "select $1, '$9', $2 -- $8");
  CHECK(one->values == std::vector<Json>{1, "b"});

  const auto formats = bound("select %s, %s where a like '%s'", Json::array({1, 2}));
  REQUIRE(formats);
  CHECK(formats->text == "select $1, $2 where a like '%s'");
}

TEST_CASE("%s counts on through statements, $n names the whole list") {
  std::size_t used = 0;
  const Json list = Json::array({1, 2, 3});
  CHECK(bind_parameters("insert into t values (%s)", list, used)->values == std::vector<Json>{1});
  CHECK(bind_parameters("insert into t values (%s, %s)", list, used)->values == std::vector<Json>{2, 3});
  CHECK(bind_parameters("select %s", list, used).error().message.find("$4") != std::string::npos);

  const auto third = bound("select $3, $1, $3", list);
  REQUIRE(third);
  CHECK(third->text == "select $1, $2, $1");
  CHECK(third->values == std::vector<Json>{3, 1});
}

TEST_CASE("a map gives parameters by name, casts stay casts") {
  const auto named = bound("select :a::int, %(b)s, :a, ':a', x[1:2]", Json{{"a", 1}, {"b", "two"}});
  REQUIRE(named);
  CHECK(named->text == "select $1::int, $2, $1, ':a', x[1:2]");
  CHECK(named->values == std::vector<Json>{1, "two"});
}

TEST_CASE("a parameter without a value is refused by its name") {
  CHECK(bound("select $3", Json::array({1})).error().message.find("$3") != std::string::npos);
  CHECK(bound("select %(who)s", Json{{"a", 1}}).error().message.find("who") != std::string::npos);
}

TEST_CASE("names are read as SQL reads them") {
  CHECK(*quoted_name("public.Users") == "\"public\".\"users\"");
  CHECK(*quoted_name("\"My Table\"") == "\"My Table\"");
  CHECK(*quoted_name("a; drop table b") == "\"a; drop table b\"");
  CHECK(!quoted_name(""));
  CHECK(!quoted_name("a..b"));
  CHECK(!quoted_name("\"a"));
}

TEST_CASE("whatever Postgres could send becomes JSON") {
  const unsigned seed = std::random_device{}();
  INFO("seed: " << seed);
  std::mt19937 random(seed);
  const std::string letters = "{}\",\\ NULx01-+.e:[]=\x80";
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (std::size_t i = random() % 12; i > 0; --i) text += letters[random() % letters.size()];
    CAPTURE(text);
    for (const TypeId type : {17U, 114U, 701U, 1007U, 1009U, 1114U, 1184U, 1231U, 1700U, 3807U, 25U}) {
      // What is sent as an integer or a boolean is one.
      std::string json;
      if (type != 1007U) append_json(json, Types(), type, text, NumericAs::exact);
      CHECK((type == 1007U || Json::accept(json)));
    }
  }
}

std::string json_of(TypeId type, std::string_view text, NumericAs numeric = NumericAs::exact) {
  std::string json;
  append_json(json, Types(), type, text, numeric);
  return json;
}

TEST_CASE("numeric is a number where a double holds it, else a text") {
  CHECK(json_of(1700, "10.50") == "10.5");
  CHECK(json_of(1700, "-0.001") == "-0.001");
  CHECK(json_of(1700, "123456789012345678") == "123456789012345678");
  CHECK(json_of(1700, "545.0000000000000000") == "545.0");
  CHECK(json_of(1700, "0.12345678901234567890") == "\"0.12345678901234567890\"");
  CHECK(json_of(1700, "0.12345678901234567890", NumericAs::number) == "0.12345678901234568");
  CHECK(json_of(1700, "1.5", NumericAs::text) == "\"1.5\"");
  CHECK(json_of(1700, "NaN") == "\"NaN\"");
  CHECK(json_of(1700, "1000000000000000000000000000000") == "1e+30");
}

TEST_CASE("arrays become lists, whatever they hold") {
  CHECK(json_of(1007, "{1,2,NULL}") == "[1,2,null]");
  CHECK(json_of(1009, R"({"a b","c\"d",NULL,"NULL",e})") == R"(["a b","c\"d",null,"NULL","e"])");
  CHECK(json_of(1007, "{{1,2},{3,4}}") == "[[1,2],[3,4]]");
  CHECK(json_of(1007, "[0:1]={1,2}") == "[1,2]");
  CHECK(json_of(1009, "{}") == "[]");
  CHECK(json_of(3807, R"({"{\"a\": 1}"})") == R"([{"a":1}])");
}

TEST_CASE("times are ISO 8601, bytes are base64 in both of Postgres's formats") {
  CHECK(json_of(1184, "2026-01-31 23:59:59.5+00") == "\"2026-01-31T23:59:59.5+00:00\"");
  CHECK(json_of(1184, "2026-01-31 23:59:59-03:30") == "\"2026-01-31T23:59:59-03:30\"");
  CHECK(json_of(1114, "2026-01-31 23:59:59") == "\"2026-01-31T23:59:59\"");
  CHECK(json_of(1114, "infinity") == "\"infinity\"");
  CHECK(json_of(17, "\\x00ff41") == "\"AP9B\"");
  CHECK(json_of(17, "\\000\\377A\\\\") == "\"AP9BXA==\"");
}

TEST_CASE("parameters are what Postgres reads for their type") {
  CHECK(text_of(Json(nullptr), 0) == std::nullopt);
  CHECK(text_of(Json(true), 0) == "true");
  CHECK(text_of(Json::array({1, nullptr, 2}), 1007) == "{\"1\",NULL,\"2\"}");
  CHECK(text_of(Json::array({"a\"b", "c\\d"}), 1009) == R"({"a\"b","c\\d"})");
  CHECK(text_of(Json::array({1, 2}), 3802) == "[1,2]");
  CHECK(text_of(Json("plain"), 3802) == "\"plain\"");
  CHECK(text_of(Json(R"({"a":1})"), 3802) == R"({"a":1})");
  for (const char* text : {"5", "true", "null", "[draft", "\"quoted\""})
    CHECK(text_of(Json(text), 3802) == Json(text).dump());
  CHECK(text_of(Json("3q2+7w=="), 17) == "\\xdeadbeef");
  CHECK(text_of(Json("\\xDEAD"), 17) == "\\xDEAD");
  CHECK(text_of(Json(""), 17) == "\\x");
  CHECK(text_of(Json::array({"3q0=", nullptr}), 1001) == "{\"\\\\xdead\",NULL}");
  CHECK_FALSE(parameter_text(Json("no bytes!"), Types(), 17));
  CHECK_FALSE(parameter_text(Json(5), Types(), 17));
  CHECK(text_of(Json{{"a", 1}}, 0) == R"({"a":1})");
}

}  // namespace noetl::tools::postgres
