#include "shared/nats/key_value.hpp"

#include "shared/nats/failure.hpp"

namespace noetl::nats {

void KeyValue::Release::operator()(__kvStore* store) const noexcept { kvStore_Destroy(store); }

std::string KeyValue::tried(const char* what, const std::string& key) const {
  return std::string(what) + " key '" + key + "' of bucket '" + bucket_ + "'";
}

base::Result<std::unique_ptr<KeyValue>> KeyValue::open(Connection& connection, const std::string& bucket, bool is_made,
                                                       std::chrono::milliseconds patience) {
  if (auto checked = check_bucket(bucket); !checked) return tl::unexpected(checked.error());
  jsOptions options;
  jsOptions_Init(&options);
  options.Wait = patience.count();
  jsCtx* raw = nullptr;
  natsStatus status = natsConnection_JetStream(&raw, connection.handle(), &options);
  ContextHandle context(raw);
  kvStore* store = nullptr;
  if (status == NATS_OK) status = js_KeyValue(&store, raw, bucket.c_str());
  if (status == NATS_NOT_FOUND && is_made) {
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = bucket.c_str();
    status = js_CreateKeyValue(&store, raw, &config);
  }
  if (status != NATS_OK) return nats_failure(status, "bucket '" + bucket + "'");
  return std::unique_ptr<KeyValue>(  // the constructor is private
      new KeyValue(std::move(context), store, bucket, patience));
}

base::Result<std::uint64_t> KeyValue::put(const std::string& key, std::string_view bytes,
                                          std::optional<std::uint64_t> last_revision) {
  if (auto checked = check_key(key); !checked) return tl::unexpected(checked.error());
  std::uint64_t revision = 0;
  const int length = static_cast<int>(bytes.size());
  natsStatus status = NATS_OK;
  if (!last_revision) {
    status = kvStore_Put(&revision, store_.get(), key.c_str(), bytes.data(), length);
  } else if (*last_revision == 0) {
    status = kvStore_Create(&revision, store_.get(), key.c_str(), bytes.data(), length);
  } else {
    status = kvStore_Update(&revision, store_.get(), key.c_str(), bytes.data(), length, *last_revision);
  }
  if (status == NATS_OK) return revision;
  auto failed = nats_failure(status, tried("put", key));
  // nats.c says only NATS_ERR here; the text has the server's reason.
  if (last_revision && failed.value().message.find("wrong last sequence") != std::string::npos) {
    failed.value().code = base::ErrorCode::conflict;
  }
  return failed;
}

base::Result<std::optional<KeyValueEntry>> KeyValue::get(const std::string& key) {
  if (auto checked = check_key(key); !checked) return tl::unexpected(checked.error());
  kvEntry* raw = nullptr;
  const natsStatus status = kvStore_Get(&raw, store_.get(), key.c_str());
  const std::unique_ptr<kvEntry, void (*)(kvEntry*)> entry(raw, &kvEntry_Destroy);
  if (status == NATS_NOT_FOUND) return std::optional<KeyValueEntry>{};
  if (status != NATS_OK) return nats_failure(status, tried("get", key));
  KeyValueEntry found;
  if (kvEntry_ValueLen(raw) > 0) {
    found.bytes.assign(static_cast<const char*>(kvEntry_Value(raw)), static_cast<std::size_t>(kvEntry_ValueLen(raw)));
  }
  found.revision = kvEntry_Revision(raw);
  return std::optional<KeyValueEntry>{std::move(found)};
}

base::Result<void> KeyValue::remove(const std::string& key) {
  if (auto checked = check_key(key); !checked) return checked;
  const natsStatus status = kvStore_Delete(store_.get(), key.c_str());
  if (status != NATS_OK) return nats_failure(status, tried("delete", key));
  return {};
}

base::Result<void> KeyValue::purge(const std::string& key) {
  if (auto checked = check_key(key); !checked) return checked;
  const natsStatus status = kvStore_Purge(store_.get(), key.c_str(), nullptr);
  if (status != NATS_OK) return nats_failure(status, tried("purge", key));
  return {};
}

base::Result<std::vector<std::string>> KeyValue::keys() {
  kvWatchOptions options;
  kvWatchOptions_Init(&options);
  options.Timeout = patience_.count();
  kvKeysList list{};
  const natsStatus status = kvStore_Keys(&list, store_.get(), &options);
  std::vector<std::string> keys;
  if (status == NATS_OK) {
    for (int i = 0; i < list.Count; ++i) keys.emplace_back(list.Keys[i]);
    kvKeysList_Destroy(&list);
    return keys;
  }
  if (status == NATS_NOT_FOUND) return keys;
  return nats_failure(status, "keys of bucket '" + bucket_ + "'");
}

}  // namespace noetl::nats
