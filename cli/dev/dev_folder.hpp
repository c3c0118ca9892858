#pragma once
// DevFolder: where `noetlctl dev` keeps the Postgres cluster, the JetStream store, logs and dev.json. Held
// by one process at a time through a lock that the system gives up when the process ends. One thread.
#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "shared/base/result.hpp"

namespace noetl::dev {

// Does a process hold the lock of that folder? Makes nothing.
[[nodiscard]] bool is_folder_held(const std::string& path);

class DevFolder {
 public:
  // Made when missing. Throws std::system_error when it cannot be.
  explicit DevFolder(const std::string& path);
  ~DevFolder();
  DevFolder(const DevFolder&) = delete;
  DevFolder& operator=(const DevFolder&) = delete;

  // Does somebody else hold the lock? Takes nothing.
  [[nodiscard]] bool is_held() const;
  // Takes the lock. Errors: conflict, with the process that holds it.
  [[nodiscard]] base::Result<void> lock();
  // Waits until the holder lets go: it has stopped.
  void wait_until_free();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string log_file(const std::string& name) const;  // begins anew when it grew past a bound
  // dev.json: addresses and pids of the stack that runs, or ran last. An empty object when there is none.
  [[nodiscard]] nlohmann::json read_state() const;
  void write_state(const nlohmann::json& state) const;

 private:
  std::string path_;
  int lock_fd_ = -1;
};

}  // namespace noetl::dev
