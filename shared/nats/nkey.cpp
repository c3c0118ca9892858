#include "shared/nats/nkey.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

namespace noetl::nats {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t key_bytes = 32;
constexpr std::size_t seed_bytes = 2 + key_bytes + 2;
constexpr std::uint8_t seed_prefix = 18U << 3U;
constexpr std::uint8_t user_prefix = 20U << 3U;
constexpr std::size_t line_bytes_max = 4096;

std::optional<Bytes> from_base32(std::string_view text) {
  Bytes bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 5U | static_cast<std::uint32_t>(value)) & 0xFFFFU;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> static_cast<unsigned>(count)));
  }
  return bytes;
}

std::string to_base32(const Bytes& bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const auto byte : bytes) {
    bits = (bits << 8U | byte) & 0xFFFFU;
    for (count += 8; count >= 5; count -= 5) text += alphabet[bits >> static_cast<unsigned>(count - 5) & 31U];
  }
  if (count > 0) text += alphabet[bits << static_cast<unsigned>(5 - count) & 31U];
  return text;
}

// CRC-16/XMODEM.
std::uint16_t checksum(const std::uint8_t* bytes, std::size_t size) {
  std::uint16_t crc = 0;
  for (std::size_t i = 0; i < size; ++i) {
    crc = static_cast<std::uint16_t>(crc ^ bytes[i] << 8U);
    for (int bit = 0; bit < 8; ++bit)
      crc = static_cast<std::uint16_t>((crc & 0x8000U) != 0 ? crc << 1U ^ 0x1021U : crc << 1U);
  }
  return crc;
}

tl::unexpected<base::Error> no_seed(const std::string& why) {
  return base::failure(base::ErrorCode::invalid_input, "the NKey is no seed of a user (SU…): " + why, "nats-nkey");
}

struct KeyRelease {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};

}  // namespace

base::Result<std::string> public_key_of_seed(std::string_view seed) {
  const auto raw = from_base32(seed);
  if (!raw) return no_seed("it has other characters than A to Z and 2 to 7");
  if (raw->size() != seed_bytes)
    return no_seed("it has " + std::to_string(raw->size()) + " bytes, and a seed has " + std::to_string(seed_bytes));
  const std::uint16_t told = static_cast<std::uint16_t>((*raw)[seed_bytes - 2] | (*raw)[seed_bytes - 1] << 8U);
  if (checksum(raw->data(), seed_bytes - 2) != told) return no_seed("its checksum is wrong");
  const bool is_seed = ((*raw)[0] & 0xF8U) == seed_prefix;
  const auto kind = static_cast<std::uint8_t>(((*raw)[0] & 7U) << 5U | (*raw)[1] >> 3U);
  if (!is_seed || kind != user_prefix) return no_seed("it is a key of another kind");

  const std::unique_ptr<EVP_PKEY, KeyRelease> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw->data() + 2, key_bytes));
  std::array<std::uint8_t, key_bytes> made{};
  std::size_t size = made.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), made.data(), &size) != 1 || size != key_bytes)
    return no_seed("OpenSSL takes it for no Ed25519 key");
  Bytes bytes{user_prefix};
  bytes.insert(bytes.end(), made.begin(), made.end());
  const auto crc = checksum(bytes.data(), bytes.size());
  bytes.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
  bytes.push_back(static_cast<std::uint8_t>(crc >> 8U));
  return to_base32(bytes);
}

base::Result<std::string> public_key_of_seed_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string line;
  while (in && line.size() <= line_bytes_max && std::getline(in, line)) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.starts_with("SU")) return public_key_of_seed(line);
  }
  return base::failure(base::ErrorCode::not_found,
                       "the file '" + file + "' cannot be read, or has no line with a seed (SU…)", "nats-nkey");
}

}  // namespace noetl::nats
