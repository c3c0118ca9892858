#include "server/api/inflate.hpp"

#include <zlib.h>

#include <array>
#include <memory>

namespace noetl::api {
namespace {

using base::ErrorCode;

constexpr int either_format = 15 + 32;  // window of 32 KiB; gzip or zlib, as the first bytes say

struct EndOfStream {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

}  // namespace

base::Result<std::string> inflated(std::string_view coding, std::string_view body, std::size_t bytes_max) {
  if (coding != "gzip" && coding != "deflate")
    return base::failure(ErrorCode::unsupported,
                         "this Content-Encoding is not accepted: send gzip, deflate, or none");
  z_stream stream{};
  if (inflateInit2(&stream, either_format) != Z_OK)
    return base::failure(ErrorCode::saturated, "no memory is left to read a compressed body; try again");
  const std::unique_ptr<z_stream, EndOfStream> ended(&stream);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));  // zlib does not write to it
  stream.avail_in = static_cast<uInt>(body.size());
  std::string out;
  std::array<char, 32 * 1024> piece;
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int state = inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = piece.size() - stream.avail_out;
    if (out.size() + made > bytes_max)
      return base::failure(ErrorCode::payload_too_large,
                           "the body has more than " + std::to_string(bytes_max) + " bytes");
    out.append(piece.data(), made);
    if (state == Z_STREAM_END && stream.avail_in == 0) return out;
    if (state != Z_OK || made == 0)
      return base::failure(ErrorCode::malformed_body, "the body is not what its Content-Encoding says");
  }
}

}  // namespace noetl::api
