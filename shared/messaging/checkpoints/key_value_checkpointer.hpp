#pragma once
// Checkpoints in a key-value bucket of JetStream. Any thread.
#include <chrono>
#include <memory>

#include "shared/messaging/checkpointer.hpp"
#include "shared/nats/key_value.hpp"

namespace noetl::messaging {

class KeyValueCheckpointer final : public Checkpointer {
 public:
  // Makes the bucket when it is missing. The connection must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<KeyValueCheckpointer>> open(
      nats::Connection& connection, const std::string& bucket,
      std::chrono::milliseconds patience = std::chrono::milliseconds(5000));

  [[nodiscard]] Result<std::optional<StoredCheckpoint>> load(const std::string& name) override;
  [[nodiscard]] Result<std::uint64_t> save(const std::string& name, const std::string& position,
                                           std::uint64_t revision) override;
  [[nodiscard]] Result<void> remove(const std::string& name) override;

 private:
  explicit KeyValueCheckpointer(std::unique_ptr<nats::KeyValue> bucket) : bucket_(std::move(bucket)) {}
  const std::unique_ptr<nats::KeyValue> bucket_;
};

}  // namespace noetl::messaging
