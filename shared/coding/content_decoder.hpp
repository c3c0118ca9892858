#pragma once
// ContentDecoder: undoes a Content-Encoding while the body comes. Whoever uses it bounds what comes out (the sink) and asks at
// the end whether the body was whole. A value that moves; one thread.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace noetl::coding {

class ContentDecoder {
 public:
  using Sink = std::function<bool(std::string_view)>;  // false: enough
  enum class Taken { whole, stopped, corrupt };

  // `codings`: the header's value, names in any case, the last one applied last. Known are gzip, x-gzip and deflate (zlib's
  // format, or raw as some servers send it); an empty value packs nothing. unsupported: the message names the coding.
  [[nodiscard]] static base::Result<ContentDecoder> of(std::string_view codings);
  ~ContentDecoder();
  ContentDecoder(ContentDecoder&&) noexcept;
  ContentDecoder& operator=(ContentDecoder&&) noexcept;

  // corrupt: the bytes are not what the coding says, a checksum is wrong, or something follows the end.
  [[nodiscard]] Taken take(std::string_view bytes, const Sink& sink);
  // Nothing has come at all, or each stream has come to its end.
  [[nodiscard]] bool is_whole() const;

  static constexpr std::size_t codings_max = 3;

 private:
  class Stage;
  ContentDecoder();
  [[nodiscard]] Taken take_at(std::size_t stage, std::string_view bytes, const Sink& sink);

  std::vector<std::unique_ptr<Stage>> stages_;  // the first takes what comes
};

}  // namespace noetl::coding
