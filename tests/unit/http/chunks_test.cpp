#include "shared/http/chunks.hpp"

#include <doctest/doctest.h>

using namespace noetl::http;

namespace {

struct Outcome {
  int status = 0;  // of a refusal
  bool is_complete = false;
  std::string body;
  std::size_t taken = 0;
};

Outcome read(const std::string& bytes, std::size_t piece, std::size_t body_bytes_max = 1000) {
  ChunkReader reader(body_bytes_max);
  Outcome outcome;
  while (outcome.taken < bytes.size() && !reader.is_complete() && !reader.refusal())
    outcome.taken += reader.read(std::string_view(bytes).substr(outcome.taken, piece), outcome.body);
  outcome.is_complete = reader.is_complete();
  outcome.status = reader.refusal() ? reader.refusal()->status : 0;
  return outcome;
}

}  // namespace

TEST_CASE("a body in chunks is the same whatever pieces it comes in") {
  const std::string bytes = "4\r\nWiki\r\n6;name=value\r\npedia \r\nA\r\n0123456789\r\n0\r\n\r\nGET /";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    const auto outcome = read(bytes, piece);
    CHECK(outcome.is_complete);
    CHECK(outcome.body == "Wikipedia 0123456789");
    CHECK(outcome.taken == bytes.size() - 5);  // the next request is left
  }
}

TEST_CASE("sizes, ends and trailers that could be read differently are refused") {
  for (const std::string bytes :
       {"0x4\r\nWiki\r\n", "+4\r\nWiki\r\n", "-4\r\nWiki\r\n", " 4\r\nWiki\r\n", "4 \r\nWiki\r\n", "4 ;x\r\nWiki\r\n",
        "\r\nWiki\r\n", ";x\r\n", "4\nWiki\r\n", "4\r\nWiki\n0\r\n\r\n", "4\r\nWikipedia\r\n", "4\r\nWik\r\n\r\n",
        "G\r\n", "FFFFFFFFFFFFFFFFF\r\n", "0\r\nX: 1\r\n\r\n", "0\r\n\n", "4;\x01\r\nWiki\r\n", "4\r\r\nWiki\r\n"}) {
    CAPTURE(bytes);
    for (const std::size_t piece : {std::size_t{1}, bytes.size()}) CHECK(read(bytes, piece).status == 400);
  }
}

TEST_CASE("a line that does not end is refused after 256 bytes, a chunk too large before its data") {
  CHECK(read("1;" + std::string(1000, 'a'), 64).status == 400);
  CHECK(read("1;" + std::string(1000, 'a'), 1).taken <= ChunkReader::line_bytes_max + 1);
  CHECK(read("3E9\r\n", 1).status == 413);
  CHECK(read("3E8\r\n", 1).status == 0);
  CHECK(read("1F4\r\n" + std::string(500, 'x') + "\r\n1F5\r\n", 7).status == 413);
}
