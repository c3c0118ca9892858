#pragma once
// ConcurrencyLimit: how many requests may work at once, whatever the number of threads. Who finds no room waits for a bounded time, in a
// bounded number, and is then refused. Any thread.
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

namespace noetl::api {

class ConcurrencyLimit {
 public:
  struct Limits {
    std::size_t inside_max = 64;
    std::size_t waiting_max = 256;
    std::chrono::milliseconds patience{1000};
  };

  // Releases its place when it goes out of scope.
  class Permit {
   public:
    explicit Permit(ConcurrencyLimit& limit) : limit_(&limit) {}
    Permit(Permit&& other) noexcept : limit_(std::exchange(other.limit_, nullptr)) {}
    Permit& operator=(Permit&&) = delete;
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit() {
      if (limit_ != nullptr) limit_->release();
    }

   private:
    ConcurrencyLimit* limit_;
  };

  explicit ConcurrencyLimit(Limits limits) : limits_(limits) {}
  ConcurrencyLimit(const ConcurrencyLimit&) = delete;
  ConcurrencyLimit& operator=(const ConcurrencyLimit&) = delete;

  // Waits at most `patience` for room; nothing when there is none, or when too many wait already.
  [[nodiscard]] std::optional<Permit> enter();
  [[nodiscard]] std::size_t inside() const;

 private:
  void release();

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable has_room_;
  std::size_t inside_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace noetl::api
