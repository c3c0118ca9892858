#pragma once
// ChunkReader: the strict reader of a body in chunks (RFC 9112, 7.1): sizes are hexadecimal digits and nothing else, lines end with
// CR LF, a line has a bound, trailers are refused. It sees the body a piece at a time. One thread.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "shared/http/head.hpp"

namespace noetl::http {

class ChunkReader {
 public:
  static constexpr std::size_t line_bytes_max = 256;

  // `body_bytes_max`: of all chunks together.
  explicit ChunkReader(std::size_t body_bytes_max) : body_bytes_max_(body_bytes_max) {}

  // Takes from the beginning of `bytes` what it can use, which is all of it unless the body ends within, and appends the data
  // to `body`. Returns how much it took. Not to be called again once it is complete or refused.
  [[nodiscard]] std::size_t read(std::string_view bytes, std::string& body);
  [[nodiscard]] bool is_complete() const { return place_ == Place::end; }
  [[nodiscard]] const std::optional<Refused>& refusal() const { return refusal_; }

 private:
  enum class Place { size_line, data, data_end, last_line, end };
  [[nodiscard]] std::size_t read_line(std::string_view bytes);
  void end_size_line();
  void refuse(std::string message, int status = 400) { refusal_ = Refused{status, std::move(message)}; }

  const std::size_t body_bytes_max_;
  Place place_ = Place::size_line;
  std::string line_;  // what came of a line
  std::size_t left_ = 0;  // of the chunk's data
  std::size_t total_ = 0;
  std::optional<Refused> refusal_;
};

}  // namespace noetl::http
