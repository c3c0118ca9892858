#pragma once
// MemoryBudget: the bytes that the bodies of all requests may have in memory together. Charged by what has come, never by what was
// announced, so that announcing costs others nothing. Any thread; a Charge belongs to one.
#include <atomic>
#include <cstddef>
#include <utility>

namespace noetl::http {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Is there room for so many bytes now? They are not taken.
  [[nodiscard]] bool has_room(std::size_t bytes) const {
    const std::size_t used = used_;
    return used <= bytes_max_ && bytes <= bytes_max_ - used;
  }
  [[nodiscard]] std::size_t used() const { return used_; }

  // Gives back what it took when it goes.
  class Charge {
   public:
    Charge() = default;
    explicit Charge(MemoryBudget& budget) : budget_(&budget) {}
    Charge(Charge&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Charge& operator=(Charge&& other) noexcept {
      if (this == &other) return *this;
      give_back();
      budget_ = std::exchange(other.budget_, nullptr);
      bytes_ = std::exchange(other.bytes_, 0);
      return *this;
    }
    Charge(const Charge&) = delete;
    Charge& operator=(const Charge&) = delete;
    ~Charge() { give_back(); }

    // False: there is no room for so many more; nothing was taken.
    [[nodiscard]] bool add(std::size_t bytes) {
      if (budget_ == nullptr) return true;
      if ((budget_->used_ += bytes) > budget_->bytes_max_) {
        budget_->used_ -= bytes;
        return false;
      }
      bytes_ += bytes;
      return true;
    }
    void give_back() {
      if (budget_ != nullptr) budget_->used_ -= bytes_;
      bytes_ = 0;
    }

   private:
    MemoryBudget* budget_ = nullptr;
    std::size_t bytes_ = 0;
  };

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> used_{0};
};

}  // namespace noetl::http
