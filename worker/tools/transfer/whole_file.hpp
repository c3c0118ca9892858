#pragma once
// WholeFile: a file that is there when it is complete, and not before. One thread.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "worker/tools/results.hpp"

namespace noetl::tools::transfer {

class WholeFile {
 public:
  WholeFile(const std::string& path, const std::string& mark) : path_(path), part_(path + ".part-" + mark) {}
  WholeFile(WholeFile&& other) noexcept
      : path_(std::move(other.path_)), part_(std::exchange(other.part_, {})), stream_(std::move(other.stream_)) {}
  WholeFile& operator=(WholeFile&&) = delete;
  ~WholeFile() {
    stream_.reset();
    std::error_code ignored;  // it may not be there
    if (!part_.empty()) std::filesystem::remove(part_, ignored);
  }

  // Where somebody else may write it.
  [[nodiscard]] const std::string& part() const { return part_; }
  [[nodiscard]] tl::expected<void, domain::ToolError> write(std::string_view text) {
    if (stream_ == nullptr) stream_.reset(std::fopen(part_.c_str(), "wb"));
    if (stream_ == nullptr || std::fwrite(text.data(), 1, text.size(), stream_.get()) != text.size()) return failure();
    return {};
  }
  [[nodiscard]] tl::expected<void, domain::ToolError> finish() {
    if (stream_ != nullptr && std::fclose(stream_.release()) != 0) return failure();
    std::error_code error;
    std::filesystem::rename(part_, path_, error);
    if (!error) return {};
    errno = error.value();
    return failure();
  }

 private:
  struct Close {
    void operator()(std::FILE* stream) const { (void)std::fclose(stream); }
  };
  [[nodiscard]] tl::unexpected<domain::ToolError> failure() const {
    const std::string reason = std::error_code(errno, std::generic_category()).message();
    return tl::unexpected(error_of("server_error", "the file '" + path_ + "' cannot be written: " + reason));
  }

  std::string path_;
  std::string part_;
  std::unique_ptr<std::FILE, Close> stream_;
};

}  // namespace noetl::tools::transfer
