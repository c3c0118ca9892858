#include "shared/coding/content_decoder.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>

namespace noetl::coding {
namespace {

using Taken = ContentDecoder::Taken;

constexpr int window_bits = 15;
constexpr int gzip_bits = window_bits + 16;

bool begins_gzip(std::string_view bytes) { return bytes.starts_with("\x1F\x8B"); }

// RFC 1950, 2.2: method 8, a window of at most 32 KiB, and the check of both bytes.
bool begins_zlib(std::string_view bytes) {
  const auto method = static_cast<unsigned char>(bytes[0]);
  const auto flags = static_cast<unsigned char>(bytes[1]);
  return (method & 0x0FU) == 8 && (method >> 4U) <= 7 && (method * 256U + flags) % 31 == 0;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view{}
                                         : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

// One coding. gzip is a series of members (RFC 1952), which zlib gives one at a time.
class ContentDecoder::Stage {
 public:
  explicit Stage(bool may_be_raw) : may_be_raw_(may_be_raw) {}
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage() {
    if (is_open_) inflateEnd(&stream_);
  }

  [[nodiscard]] Taken take(std::string_view bytes, const Sink& sink) {
    if (bytes.empty()) return Taken::whole;
    if (!is_open_) {
      begin_ += bytes.substr(0, format_bytes - std::min(begin_.size(), format_bytes));
      const std::size_t new_ones = begin_.size() - std::exchange(begin_seen_, begin_.size());
      bytes.remove_prefix(new_ones);
      if (begin_.size() < format_bytes) return Taken::whole;
      if (!open()) return Taken::corrupt;
      if (const auto taken = inflate_all(begin_, sink); taken != Taken::whole) return taken;
    }
    return inflate_all(bytes, sink);
  }
  [[nodiscard]] bool is_whole() const { return is_open_ ? is_at_end_ : begin_.empty(); }

 private:
  static constexpr std::size_t format_bytes = 2;

  bool open() {
    const bool is_gzip = begins_gzip(begin_);
    const bool is_zlib = !is_gzip && begins_zlib(begin_);
    if (!is_gzip && !is_zlib && !may_be_raw_) return false;
    is_gzip_ = is_gzip;
    if (inflateInit2(&stream_, is_gzip ? gzip_bits : is_zlib ? window_bits : -window_bits) != Z_OK)
      throw std::bad_alloc();
    is_open_ = true;
    return true;
  }

  Taken inflate_all(std::string_view bytes, const Sink& sink) {
    while (!bytes.empty()) {
      if (is_at_end_ && !begins_next(bytes)) return is_padding(bytes) ? Taken::whole : Taken::corrupt;
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write to it
      stream_.avail_in = static_cast<uInt>(std::min(bytes.size(), std::size_t{1} << 30U));
      const std::size_t given = stream_.avail_in;
      if (const auto taken = inflate_some(sink); taken != Taken::whole) return taken;
      bytes.remove_prefix(given - stream_.avail_in);
    }
    return Taken::whole;
  }

  // Until the input is used up or a stream has ended.
  Taken inflate_some(const Sink& sink) {
    std::array<char, 32UL * 1024> piece;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      const int state = inflate(&stream_, Z_NO_FLUSH);
      if (state == Z_MEM_ERROR) throw std::bad_alloc();
      const std::size_t made = piece.size() - stream_.avail_out;
      if (state != Z_OK && state != Z_STREAM_END && (state != Z_BUF_ERROR || stream_.avail_in > 0))
        return Taken::corrupt;
      if (made > 0 && !sink({piece.data(), made})) return Taken::stopped;
      is_at_end_ = state == Z_STREAM_END;
    } while (!is_at_end_ && (stream_.avail_in > 0 || stream_.avail_out == 0));
    return Taken::whole;
  }

  // A further member. Its first byte alone decides; the rest of its magic number is zlib's to check.
  bool begins_next(std::string_view bytes) {
    if (!is_gzip_ || has_padding_ || bytes.front() != '\x1F' || inflateReset(&stream_) != Z_OK) return false;
    is_at_end_ = false;
    return true;
  }
  // Zeros after the end are what tapes and some writers add, and gzip itself takes no notice of them.
  bool is_padding(std::string_view bytes) {
    has_padding_ = true;
    return is_gzip_ && bytes.find_first_not_of('\0') == std::string_view::npos;
  }

  const bool may_be_raw_;
  std::string begin_;  // until it says which format it is
  std::size_t begin_seen_ = 0;
  z_stream stream_{};
  bool is_open_ = false;
  bool is_gzip_ = false;
  bool is_at_end_ = false;
  bool has_padding_ = false;
};

ContentDecoder::ContentDecoder() = default;
ContentDecoder::~ContentDecoder() = default;
ContentDecoder::ContentDecoder(ContentDecoder&&) noexcept = default;
ContentDecoder& ContentDecoder::operator=(ContentDecoder&&) noexcept = default;

base::Result<ContentDecoder> ContentDecoder::of(std::string_view codings) {
  ContentDecoder decoder;
  for (std::size_t at = 0; at <= codings.size();) {
    const std::size_t comma = std::min(codings.find(',', at), codings.size());
    std::string name(trimmed(codings.substr(at, comma - at)));
    at = comma + 1;
    if (name.empty()) continue;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    if (name != "gzip" && name != "x-gzip" && name != "deflate") {
      const bool is_shown =
          name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7F; });
      return base::failure(base::ErrorCode::unsupported,
                           "the Content-Encoding " + (is_shown ? "'" + name + "'" : std::string("that is named")) +
                               " is none of gzip and deflate");
    }
    if (decoder.stages_.size() == codings_max)
      return base::failure(base::ErrorCode::unsupported,
                           "the Content-Encoding names more than " + std::to_string(codings_max) + " codings");
    decoder.stages_.insert(decoder.stages_.begin(), std::make_unique<Stage>(name == "deflate"));
  }
  return decoder;
}

Taken ContentDecoder::take(std::string_view bytes, const Sink& sink) { return take_at(0, bytes, sink); }

Taken ContentDecoder::take_at(std::size_t stage, std::string_view bytes, const Sink& sink) {
  if (stage == stages_.size()) return bytes.empty() || sink(bytes) ? Taken::whole : Taken::stopped;
  Taken inner = Taken::whole;
  const Taken taken = stages_[stage]->take(bytes, [&](std::string_view piece) {
    inner = take_at(stage + 1, piece, sink);
    return inner == Taken::whole;
  });
  return inner == Taken::whole ? taken : inner;
}

bool ContentDecoder::is_whole() const {
  return std::all_of(stages_.begin(), stages_.end(), [](const auto& stage) { return stage->is_whole(); });
}

}  // namespace noetl::coding
