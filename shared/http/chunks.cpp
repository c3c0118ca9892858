#include "shared/http/chunks.hpp"

#include <algorithm>
#include <charconv>

namespace noetl::http {

std::size_t ChunkReader::read(std::string_view bytes, std::string& body) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !refusal_ && place_ != Place::end) {
    const auto rest = bytes.substr(taken);
    if (place_ != Place::data) {
      taken += read_line(rest);
      continue;
    }
    const auto data = rest.substr(0, left_);
    body.append(data);
    taken += data.size();
    left_ -= data.size();
    if (left_ == 0) place_ = Place::data_end;
  }
  return taken;
}

// Up to the end of a line: of a size, of the data, or of the body.
std::size_t ChunkReader::read_line(std::string_view bytes) {
  const auto end = bytes.find('\n');
  const auto piece = bytes.substr(0, end == std::string_view::npos ? bytes.size() : end + 1);
  // Of a line that is empty where it should be, two bytes tell.
  const std::size_t most = place_ == Place::size_line ? line_bytes_max : 2;
  if (line_.size() + piece.size() > most) {
    refuse(place_ == Place::size_line  ? "the line of a chunk's size has more than 256 bytes"
           : place_ == Place::data_end ? "a chunk's data does not end where its size says"
                                       : "a body in chunks has trailers");
    return piece.size();
  }
  line_ += piece;
  if (end == std::string_view::npos) return piece.size();
  if (!line_.ends_with("\r\n")) {
    refuse("a line of a body in chunks ends with LF alone, not with CR LF");
    return piece.size();
  }
  line_.resize(line_.size() - 2);
  switch (place_) {
    case Place::size_line: end_size_line(); break;
    case Place::data_end: place_ = Place::size_line; break;
    case Place::last_line: place_ = Place::end; break;
    case Place::data:
    case Place::end: break;
  }
  line_.clear();
  return piece.size();
}

void ChunkReader::end_size_line() {
  const std::string_view line = line_;
  const auto digits = line.substr(0, line.find(';'));
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  const bool is_hex =
      !digits.empty() && error == std::errc{} && end == digits.data() + digits.size() && digits.front() != '-';
  const bool is_plain =
      std::all_of(line.begin(), line.end(), [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7F); });
  if (!is_hex || !is_plain) return refuse("the size of a chunk is no hexadecimal number");
  if (size == 0) {
    place_ = Place::last_line;
    return;
  }
  if (size > body_bytes_max_ - total_)
    return refuse("the body has more than " + std::to_string(body_bytes_max_) + " bytes", 413);
  total_ += size;
  left_ = size;
  place_ = Place::data;
}

}  // namespace noetl::http
