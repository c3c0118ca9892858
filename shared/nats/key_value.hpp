#pragma once
// KeyValue: one JetStream key-value bucket of one connection. Any thread; calls wait for the server up to `patience`.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/nats/connection.hpp"

struct __kvStore;

namespace noetl::nats {

struct KeyValueEntry {
  std::string bytes;
  std::uint64_t revision = 0;
};

class KeyValue {
 public:
  // not_found: there is no such bucket, and `is_made` says not to make one (file storage, one value a key).
  [[nodiscard]] static base::Result<std::unique_ptr<KeyValue>> open(Connection& connection, const std::string& bucket,
                                                                    bool is_made, std::chrono::milliseconds patience);
  KeyValue(const KeyValue&) = delete;
  KeyValue& operator=(const KeyValue&) = delete;

  // The revision that the value has now. `last_revision`: only when the key has that one; 0: only when it has none
  // (conflict otherwise).
  [[nodiscard]] base::Result<std::uint64_t> put(const std::string& key, std::string_view bytes,
                                                std::optional<std::uint64_t> last_revision = std::nullopt);
  [[nodiscard]] base::Result<std::optional<KeyValueEntry>> get(const std::string& key);
  [[nodiscard]] base::Result<void> remove(const std::string& key);  // leaves a mark that it was there
  [[nodiscard]] base::Result<void> purge(const std::string& key);  // and its history goes, too
  [[nodiscard]] base::Result<std::vector<std::string>> keys();

 private:
  struct Release {
    void operator()(__kvStore* store) const noexcept;
  };
  KeyValue(ContextHandle context, __kvStore* store, std::string bucket, std::chrono::milliseconds patience)
      : context_(std::move(context)), store_(store), bucket_(std::move(bucket)), patience_(patience) {}
  [[nodiscard]] std::string tried(const char* what, const std::string& key) const;

  ContextHandle context_;
  std::unique_ptr<__kvStore, Release> store_;
  std::string bucket_;
  std::chrono::milliseconds patience_;
};

}  // namespace noetl::nats
