#include "server/api/inflate.hpp"

#include "shared/coding/content_decoder.hpp"

namespace noetl::api {

using base::ErrorCode;
using Taken = coding::ContentDecoder::Taken;

base::Result<void> check_codings(std::string_view codings) {
  const auto decoder = coding::ContentDecoder::of(codings);
  if (!decoder)
    return base::failure(ErrorCode::unsupported,
                         decoder.error().message + ": send the body in one of them, or as it is and without the header",
                         "Content-Encoding");
  return {};
}

base::Result<std::string> inflated(std::string_view codings, std::string_view body, std::size_t bytes_max) {
  auto decoder = coding::ContentDecoder::of(codings);
  if (!decoder) return base::failure(std::move(decoder.error()));
  std::string out;
  const Taken taken = decoder->take(body, [&](std::string_view piece) {
    if (out.size() + piece.size() > bytes_max) return false;
    out += piece;
    return true;
  });
  if (taken == Taken::stopped)
    return base::failure(ErrorCode::payload_too_large,
                         "the body has more than " + std::to_string(bytes_max) + " bytes");
  if (taken == Taken::corrupt)
    return base::failure(ErrorCode::malformed_body, "the body is not what its Content-Encoding says");
  if (!decoder->is_whole())
    return base::failure(ErrorCode::malformed_body,
                         "the compressed body ended before its end: a part of it is missing");
  return out;
}

}  // namespace noetl::api
