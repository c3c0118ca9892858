#pragma once
// packed: bytes as zlib packs them, for tests of whoever unpacks. Free function; any thread. Its users link z.
#include <zlib.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace noetl::support {

enum class Packing { gzip, zlib, raw };

inline std::string packed(std::string_view text, Packing packing = Packing::gzip) {
  z_stream stream{};
  const int bits = packing == Packing::gzip ? 31 : packing == Packing::zlib ? 15 : -15;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib cannot start");
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("zlib cannot pack");
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace noetl::support
