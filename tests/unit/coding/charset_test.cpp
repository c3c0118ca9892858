// Texts in other charsets come as the same text, or not at all.
#include "shared/coding/charset.hpp"

#include <doctest/doctest.h>

using namespace noetl::coding;
using namespace std::string_literals;

TEST_CASE("the charset of a Content-Type is found in every spelling") {
  CHECK(charset_of("text/plain; charset=ISO-8859-1") == "iso-8859-1");
  CHECK(charset_of("text/plain;charset=\"utf-8\"; x=y") == "utf-8");
  CHECK(charset_of("text/plain; x=y ; CharSet = 'Windows-1252'") == "windows-1252");
  CHECK(charset_of("application/json; charset=utf-8, application/json") == "utf-8");
  CHECK(charset_of("text/plain; charset2=a; charset=b") == "b");
  for (const char* none :
       {"", "text/plain", "text/plain;", "text/plain; charset=", "charset=utf-8", "a/b; x=charset=y"}) {
    CAPTURE(none);
    CHECK(charset_of(none).empty());
  }
}

TEST_CASE("a text comes in UTF-8 whatever charset it was in") {
  struct Text {
    std::string bytes, charset, expected;
  };
  const Text texts[] = {{"K\xF6k", "iso-8859-1", "Kök"},
                        {"K\xF6k", "Latin1", "Kök"},
                        {"\x80 5", "windows-1252", "€ 5"},
                        {"\xA4 5", "iso-8859-15", "€ 5"},
                        {"\xCF\xF0", "windows-1251", "Пр"},
                        {"\xF0\xD2", "koi8-r", "Пр"},
                        {"\x93\xFA\x96\x7B", "shift_jis", "日本"},
                        {"\xC8\xD5\xB1\xBE", "gb18030", "日本"},
                        {"\xFF\xFEK\0\xF6\0"s, "utf-16", "Kö"},
                        {"\xFE\xFF\0K\0\xF6"s, "utf-16", "Kö"},
                        {"K\0\xF6\0"s, "utf-16", "Kö"},
                        {"\0K\0\xF6"s, "utf-16be", "Kö"},
                        {"\xFF\xFE\x3D\xD8\x00\xDE"s, "", "😀"},
                        {"\xFF\xFE\0\0K\0\0\0"s, "", "K"},
                        {"Kök", "utf8", "Kök"},
                        {"Kök", "", "Kök"},
                        {"Kök", "utf8mb4", "Kök"},
                        {"plain", "no-such", "plain"},
                        {"", "iso-8859-1", ""}};
  for (const auto& text : texts) {
    CAPTURE(text.charset);
    CAPTURE(text.expected);
    CHECK(utf8_of(text.bytes, text.charset) == text.expected);
  }
  const std::string large(100'000, '\xF6');
  CHECK(utf8_of(large, "iso-8859-1")->size() == 200'000);
}

TEST_CASE("bytes that are no text in their charset are none, never a part of it") {
  const std::pair<std::string, std::string> others[] = {{"K\xF6k", ""},
                                                        {"K\xF6k", "utf-8"},
                                                        {"K\xF6k", "us-ascii"},
                                                        {"K\xF6k", "no-such"},
                                                        {"\x81", "windows-1252"},
                                                        {"K\0\xF6"s, "utf-16"},
                                                        {"\x00\xD8"s, "utf-16le"},
                                                        {"a\0b"s, ""},
                                                        {"a\0b"s, "iso-8859-1"},
                                                        {"\xC0\x80", ""},
                                                        {"\xED\xA0\x80", ""},
                                                        {"\xF4\x90\x80\x80", ""},
                                                        {"\xE2\x82", ""},
                                                        {"K\xF6k", "ascii//ignore"},
                                                        {"K\xF6k", "ascii//translit"},
                                                        {"\xFF\xD8\xFF\xE0", ""}};
  for (const auto& [bytes, charset] : others) {
    CAPTURE(charset);
    CHECK_FALSE(utf8_of(bytes, charset).has_value());
  }
}
