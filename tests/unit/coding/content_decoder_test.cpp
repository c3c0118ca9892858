// What bodies under a Content-Encoding stand for, whole, cut and broken, however they are cut into pieces.
#include "shared/coding/content_decoder.hpp"

#include <doctest/doctest.h>

#include "tests/support/packed.hpp"

using namespace noetl;
using coding::ContentDecoder;
using support::packed;
using support::Packing;
using Taken = ContentDecoder::Taken;

namespace {

struct Outcome {
  std::string text;
  Taken taken = Taken::whole;
  bool is_whole = false;
};

Outcome decoded(std::string_view codings, std::string_view bytes, std::size_t piece_bytes) {
  auto decoder = ContentDecoder::of(codings);
  REQUIRE(decoder);
  Outcome outcome;
  for (std::size_t at = 0; at < bytes.size() && outcome.taken == Taken::whole; at += piece_bytes) {
    outcome.taken = decoder->take(bytes.substr(at, piece_bytes), [&](std::string_view piece) {
      outcome.text += piece;
      return true;
    });
  }
  outcome.is_whole = outcome.taken == Taken::whole && decoder->is_whole();
  return outcome;
}

const std::string text = [] {
  std::string lines;
  for (int i = 0; i < 9000; ++i) lines += std::to_string(i * 7919) + ",row\n";
  return lines;
}();
constexpr std::size_t pieces[] = {1, 3, 1000, 1'000'000};

}  // namespace

TEST_CASE("every packing of a text comes out as the text, whatever pieces it comes in") {
  struct Packed {
    const char* codings;
    std::string bytes;
  };
  const Packed bodies[] = {{"gzip", packed(text)},
                           {"X-GZIP", packed(text)},
                           {"deflate", packed(text, Packing::zlib)},
                           {"deflate", packed(text, Packing::raw)},
                           {"gzip, gzip", packed(packed(text))},
                           {"deflate,gzip", packed(packed(text, Packing::zlib))},
                           {"", text},
                           {"gzip", packed(text.substr(0, 999)) + packed("") + packed(text.substr(999))},
                           {"gzip", packed(text) + std::string(700, '\0')}};
  for (const auto& body : bodies) {
    for (const std::size_t piece : pieces) {
      CAPTURE(body.codings);
      CAPTURE(piece);
      const Outcome outcome = decoded(body.codings, body.bytes, piece);
      CHECK(outcome.is_whole);
      CHECK(outcome.text == text);
    }
  }
}

TEST_CASE("a body that is cut anywhere is not whole") {
  const std::string small = "id,name\n1,one\n2,two\n";
  for (const auto packing : {Packing::gzip, Packing::zlib, Packing::raw}) {
    const std::string bytes = packed(small, packing);
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      CAPTURE(cut);
      const auto* const coding = packing == Packing::gzip ? "gzip" : "deflate";
      CHECK_FALSE(decoded(coding, std::string_view(bytes).substr(0, cut), 5).is_whole);
    }
  }
  const std::string two = packed(small) + packed(small);
  for (std::size_t cut = packed(small).size() + 1; cut < two.size(); ++cut)
    CHECK_FALSE(decoded("gzip", std::string_view(two).substr(0, cut), 7).is_whole);
}

TEST_CASE("no byte at all is an empty body") {
  CHECK(decoded("gzip", "", 1).is_whole);
  CHECK(decoded("deflate, gzip", "", 1).is_whole);
}

TEST_CASE("wrong checksums, other formats and what follows the end are corrupt") {
  std::string wrong_sum = packed(text);
  wrong_sum[wrong_sum.size() - 6] ^= 1;
  std::string wrong_length = packed(text);
  wrong_length[wrong_length.size() - 1] ^= 1;
  std::string wrong_adler = packed(text, Packing::zlib);
  wrong_adler[wrong_adler.size() - 1] ^= 1;
  struct Broken {
    const char* codings;
    std::string bytes;
  };
  const Broken bodies[] = {{"gzip", wrong_sum},
                           {"gzip", wrong_length},
                           {"deflate", wrong_adler},
                           {"gzip", "plain text"},
                           {"gzip", packed(text) + "garbage"},
                           {"gzip", packed(text) + std::string(9, '\0') + "x"},
                           {"gzip", packed(text) + std::string(9, '\0') + packed(text)},
                           {"gzip", packed(text) + "\x1Fgarbage"},
                           {"deflate", packed(text, Packing::zlib) + "\n"},
                           {"deflate", packed(text, Packing::raw) + std::string(1, '\0')},
                           {"gzip, gzip", packed(text)}};
  for (const auto& body : bodies) {
    for (const std::size_t piece : pieces) {
      CAPTURE(body.codings);
      CAPTURE(piece);
      CHECK(decoded(body.codings, body.bytes, piece).taken == Taken::corrupt);
    }
  }
}

TEST_CASE("an unknown coding is named, and so is the bound of their number") {
  for (const char* codings : {"br", "zstd", "identity", "gzip, br", "compress", "aws-chunked"}) {
    const auto decoder = ContentDecoder::of(codings);
    REQUIRE_FALSE(decoder);
    CHECK(decoder.error().code == base::ErrorCode::unsupported);
    const std::string last = std::string(codings).substr(std::string(codings).rfind(' ') + 1);
    CHECK(decoder.error().message.find("'" + last + "'") != std::string::npos);
  }
  CHECK_FALSE(ContentDecoder::of("gzip,gzip,gzip,gzip"));
  CHECK(ContentDecoder::of("a\rb").error().message.find('\r') == std::string::npos);
}

TEST_CASE("a sink that has enough ends it at once") {
  auto decoder = ContentDecoder::of("gzip");
  const std::string bomb = packed(std::string(50'000'000, '0'));
  std::size_t seen = 0;
  const auto taken = decoder->take(bomb, [&](std::string_view piece) { return (seen += piece.size()) < 100'000; });
  CHECK(taken == Taken::stopped);
  CHECK(seen < 200'000);
}
