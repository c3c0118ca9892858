#include "shared/messaging/checkpoints/key_value_checkpointer.hpp"

namespace noetl::messaging {

Result<std::unique_ptr<KeyValueCheckpointer>> KeyValueCheckpointer::open(nats::Connection& connection,
                                                                         const std::string& bucket,
                                                                         std::chrono::milliseconds patience) {
  auto opened = nats::KeyValue::open(connection, bucket, true, patience);
  if (!opened) return failure(failure_of(opened.error(), FailureKind::checkpoint));
  return std::unique_ptr<KeyValueCheckpointer>(  // the constructor is private
      new KeyValueCheckpointer(std::move(*opened)));
}

Result<std::optional<StoredCheckpoint>> KeyValueCheckpointer::load(const std::string& name) {
  auto entry = bucket_->get(name);
  if (!entry) return failure(failure_of(entry.error(), FailureKind::checkpoint));
  if (!*entry) return std::optional<StoredCheckpoint>{};
  return StoredCheckpoint{.position = std::move((*entry)->bytes), .revision = (*entry)->revision};
}

Result<std::uint64_t> KeyValueCheckpointer::save(const std::string& name, const std::string& position,
                                                 std::uint64_t revision) {
  const auto saved = bucket_->put(name, position, revision);
  if (!saved) return failure(failure_of(saved.error(), FailureKind::checkpoint));
  return *saved;
}

Result<void> KeyValueCheckpointer::remove(const std::string& name) {
  if (const auto removed = bucket_->purge(name); !removed)
    return failure(failure_of(removed.error(), FailureKind::checkpoint));
  return {};
}

}  // namespace noetl::messaging
