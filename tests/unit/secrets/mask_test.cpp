// What is taken out of texts: a secret in each form in which somebody honest may write it.
#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <random>

#include "shared/secrets/secret_forms.hpp"
#include "shared/secrets/secret_mask.hpp"

using namespace noetl::secrets;
using Json = nlohmann::json;

namespace {

const std::string secret = "S3cret/Pass w0rd!+\"<ü>&'\\x";

SecretMask mask_of(const std::vector<std::string>& texts, const std::vector<std::string>& words = {}) {
  SecretMask mask;
  mask.add({.texts = texts, .words = words});
  return mask;
}

std::string in_json(SecretMask& mask, const Json& value) {
  const std::string masked = mask.in_json(value.dump(), "");
  REQUIRE_MESSAGE(Json::accept(masked), masked);
  return masked;
}

}  // namespace

// Each as Python writes it: quote, quote_plus, quote(safe=''), json.dumps, html.escape, base64 of user:secret, hex.
TEST_CASE("a secret is found in every encoded form, in text and inside of JSON") {
  const std::pair<const char*, std::string> forms[] = {
      {"plain", secret},
      {"quote", "S3cret/Pass%20w0rd%21%2B%22%3C%C3%BC%3E%26%27%5Cx"},
      {"quote, all", "S3cret%2FPass%20w0rd%21%2B%22%3C%C3%BC%3E%26%27%5Cx"},
      {"quote, lower", "S3cret%2fPass%20w0rd%21%2b%22%3c%c3%bc%3e%26%27%5cx"},
      {"quote_plus", "S3cret%2FPass+w0rd%21%2B%22%3C%C3%BC%3E%26%27%5Cx"},
      {"encodeURIComponent", "S3cret%2FPass%20w0rd!%2B%22%3C%C3%BC%3E%26'%5Cx"},
      {"encodeURI", "S3cret/Pass%20w0rd!+%22%3C%C3%BC%3E&'%5Cx"},
      {"json", R"(S3cret/Pass w0rd!+\"<ü>&'\\x)"},
      {"json, ascii", R"(S3cret/Pass w0rd!+\"<\u00fc>&'\\x)"},
      {"html", "S3cret/Pass w0rd!+&quot;&lt;ü&gt;&amp;&#x27;\\x"},
      {"html of templates", "S3cret/Pass w0rd!+&#34;&lt;ü&gt;&amp;&#39;\\x"},
      {"base64", "UzNjcmV0L1Bhc3MgdzByZCErIjzDvD4mJ1x4"},
      {"hex",
       "5333637265742f50617373207730726421"
       "2b223cc3bc3e26275c78"},
      {"HEX",
       "5333637265742F50617373207730726421"
       "2B223CC3BC3E26275C78"},
      {"repr", R"(S3cret/Pass w0rd!+"<ü>&\'\\x)"},
  };
  SecretMask mask = mask_of({secret});

  for (const auto& [name, form] : forms) {
    CAPTURE(name);
    CHECK(mask.in_text("before " + form + " after", "") == "before *** after");
    CHECK(in_json(mask, {{"a", {"before " + form}}, {"b", 1}}) == R"({"a":["before ***"],"b":1})");
    CHECK(in_json(mask, Json{{"a", Json{{"inner", form}}.dump()}}).find("S3cret") == std::string::npos);
  }
}

TEST_CASE("base64 of something longer shows a secret wherever in it that stands") {
  SecretMask mask = mask_of({"S3cretPassw0rd!"});
  // base64 of "", "u:", "me:", "user:", then the secret, then "" or "tail".
  for (const char* encoded : {"UzNjcmV0UGFzc3cwcmQh", "dTpTM2NyZXRQYXNzdzByZCE=", "bWU6UzNjcmV0UGFzc3cwcmQhdGFpbA==",
                              "dXNlcjpTM2NyZXRQYXNzdzByZCE=", "dXNlcjpTM2NyZXRQYXNzdzByZCF0YWls"}) {
    CAPTURE(encoded);
    const std::string masked = mask.in_text(std::string("Basic ") + encoded, "");
    CHECK(masked.find("***") != std::string::npos);
    CHECK(masked.size() < std::string(encoded).size() - 8);
  }
  SecretMask odd = mask_of({"\xFB\xEF\xBE\xFB\xEF\xBE\xFB\xEF\xBE"});
  CHECK(odd.in_text("++++++++++++ ------------", "") == "*** ***");  // the usual alphabet, and that of URLs
}

TEST_CASE("JSON stays JSON whatever is found in it") {
  SecretMask digits = mask_of({"12345678"});
  CHECK(digits.in_json(R"({"a":12345678,"b":-12345678.5,"c":"x12345678"})", "") ==
        R"({"a":"***","b":"***","c":"x***"})");
  // The n of \n is no n.
  SecretMask letters = mask_of({"nabcdefgh"});
  CHECK(letters.in_json(R"({"a":"\nabcdefgh"})", "") == R"({"a":"\n***"})");
  CHECK(mask_of({"00fcabcd"}).in_json(R"({"a":"\u00fcabcd"})", "") == R"({"a":"\u00fc***"})");
  CHECK(mask_of({std::string(8, '\\')}).in_json(R"({"a":")" + std::string(16, '\\') + R"(\""})", "") ==
        R"({"a":"***"})");
  CHECK(letters.in_json(R"({"a":"\\nabcdefgh"})", "") == R"({"a":"\\***"})");
  SecretMask structure = mask_of({R"(","x":"y)"});
  CHECK(Json::accept(structure.in_json(R"({"a":"1","x":"yes"})", "")));

  std::mt19937 random(20261129);
  const std::string alphabet = "ab\"\\n:,{}[]1 ";
  for (int round = 0; round < 3000; ++round) {
    const auto text = [&](std::size_t size) {
      std::string made;
      for (std::size_t i = 0; i < size; ++i) made += alphabet[random() % alphabet.size()];
      return made;
    };
    const std::string one = text(8 + random() % 4);
    SecretMask mask = mask_of({one, text(8)}, {text(5)});
    const Json value{{"a", text(3) + one + text(3)}, {"b", {text(12), one, 12.5}}, {text(2), text(9)}};
    const std::string masked = mask.in_json(value.dump(), "\n[cut");
    REQUIRE_MESSAGE(Json::accept(masked), value.dump() << " without " << one << " is " << masked);
    CHECK(Json::parse(masked).dump().find(Json(one).dump().substr(1, one.size())) == std::string::npos);
  }
}

TEST_CASE("a short secret is masked where it is all there is, and nowhere else") {
  SecretMask mask = mask_of({}, {"admin", "4711"});

  CHECK(mask.in_text("admin\nthe admin\n4711", "") == "***\nthe admin\n***");
  CHECK(mask.in_json(R"({"admin":"admin","x":["an admin","admin",4711,47110]})", "") ==
        R"({"admin":"***","x":["an admin","***","***",47110]})");
}

TEST_CASE("a long secret is found by its parts, and secrets that touch leave one mask") {
  std::string long_one;
  for (int i = 0; i < 100; ++i) long_one += "part-" + std::to_string(i * 7919) + "/";
  SecretMask mask = mask_of({long_one});

  CHECK(mask.in_text("x" + long_one + "y", "") == "x***y");
  CHECK(mask.in_text(long_one.substr(piece_bytes_max, piece_bytes_max), "") == "***");
  SecretMask two = mask_of({"abcdefgh", "efghijkl"});
  CHECK(two.in_text("-abcdefghijkl-", "") == "-***-");
}

TEST_CASE("bytes of a file keep their number") {
  SecretMask mask = mask_of({"S3cretPassw0rd!"});

  CHECK(mask.in_bytes(std::string("a\0S3cretPassw0rd!b", 18)) == std::string("a\0***************b", 18));
}

TEST_CASE("more secrets than can be looked for leave nothing of the text") {
  std::vector<std::string> many;
  for (int i = 0; i < 12000; ++i) many.push_back(std::string(150, static_cast<char>('a' + i % 26)) + std::to_string(i));
  SecretMask mask = mask_of(many);

  CHECK(mask.in_text("harmless", "").starts_with("***"));
  CHECK(Json::accept(mask.in_json(R"({"a":1})", "")));
}

TEST_CASE("a result of 24 MiB is searched in a moment, also when it is made to be slow") {
  std::mt19937 random(7);
  std::string rows = "[";
  while (rows.size() < 24UL * 1024 * 1024)
    rows += R"({"id":)" + std::to_string(random()) + R"(,"name":"somebody-)" + std::to_string(random() % 1000) +
            R"(","note":"S3cret but not it"},)";
  rows.back() = ']';
  SecretMask few = mask_of({"S3cretPassw0rd!", "tok_ABCDEFGH12345678"});
  SecretMask periodic = mask_of({std::string(4000, 'a')});
  const std::string hostile(24UL * 1024 * 1024, 'a');

  const auto seconds_of = [](auto act) {
    const auto began = std::chrono::steady_clock::now();
    act();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  CHECK(few.in_json("{}", "") == "{}");  // builds what it searches with
  const double usual = seconds_of([&] { CHECK(few.in_json(rows, "\n[cut").size() == rows.size()); });
  const double worst = seconds_of([&] { CHECK(periodic.in_text(hostile + "b", "") == "***b"); });
  MESSAGE("24 MiB of rows: ", usual * 1000, " ms; of a secret's own letters: ", worst * 1000, " ms");
  CHECK(usual < 2.0);
  CHECK(worst < 20.0);
}
