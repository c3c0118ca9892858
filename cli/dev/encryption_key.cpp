#include "cli/dev/encryption_key.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace noetl::dev {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::string random_hex() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, 32> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) fail("getrandom");
  std::string text;
  for (const unsigned char byte : bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text + "\n";
}

}  // namespace

std::string encryption_key_file(const std::string& folder) {
  const std::string path = folder + "/encryption.key";
  if (std::filesystem::exists(path)) return path;
  // Whole or not at all: half a key would lock its secrets away for ever.
  const std::string draft = path + ".new";
  std::filesystem::remove(draft);
  const int file = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) fail("cannot make " + draft);
  const std::string text = random_hex();
  const bool is_written =
      write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  const int error = errno;
  close(file);
  if (!is_written) {
    errno = error;
    fail("cannot write " + draft);
  }
  std::filesystem::rename(draft, path);
  return path;
}

}  // namespace noetl::dev
