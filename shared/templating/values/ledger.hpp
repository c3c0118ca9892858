#pragma once
// Ledger: how many bytes the values of one rendering hold at this moment, and the most that they may. Charge is what one
// value holds; Metered the allocator of everything a rendering grows. Both find the ledger by themselves: it is the one of
// the rendering that runs on this thread, so no filter can forget to count. Exceeding the bound is a Failure.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "shared/templating/values/failure.hpp"

namespace noetl::templating {

class Ledger {
 public:
  // The one of this thread from now on, until it ends; then again the one before, whose bound holds inside as well.
  explicit Ledger(std::size_t bytes_max)
      : bytes_max_(current_ == nullptr ? bytes_max : std::min(bytes_max, current_->bytes_max_)), outer_(current_) {
    current_ = this;
  }
  ~Ledger() { current_ = outer_; }
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Null outside of a rendering: what the parser makes is counted by the parser.
  [[nodiscard]] static Ledger* current() { return current_; }

  void charge(std::size_t bytes) {
    check(bytes);
    held_ += bytes;
  }
  void release(std::size_t bytes) noexcept { held_ -= bytes; }
  // Fails when so much more would be too much.
  void check(std::size_t bytes) const {
    if (bytes > bytes_max_ - held_) {
      fail_bound("the values of the template take more than " + std::to_string(bytes_max_) + " bytes at once");
    }
  }

 private:
  // Trivial to make and to end, one for each thread: renderings of two threads never meet.
  static constinit thread_local inline Ledger* current_ = nullptr;

  const std::size_t bytes_max_;
  std::size_t held_ = 0;
  Ledger* const outer_;
};

// Bytes that something holds for as long as it lives.
class Charge {
 public:
  Charge() : ledger_(Ledger::current()) {}
  explicit Charge(std::size_t bytes) : Charge() { raise_to(bytes); }
  ~Charge() { drop(); }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

  void raise_to(std::size_t bytes) {
    if (ledger_ != nullptr && bytes > bytes_) {
      ledger_->charge(bytes - bytes_);
      bytes_ = bytes;
    }
  }
  void add(std::size_t bytes) { raise_to(bytes_ + bytes); }
  void drop() noexcept {
    if (ledger_ != nullptr) {
      ledger_->release(bytes_);
    }
    bytes_ = 0;
  }

 private:
  Ledger* ledger_;
  std::size_t bytes_ = 0;
};

// The standard allocator with a ledger beside it. A container keeps the ledger it was made under.
template <class T>
class Metered {
 public:
  using value_type = T;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;
  using is_always_equal = std::false_type;

  Metered() noexcept : ledger_(Ledger::current()) {}
  template <class U>
  Metered(const Metered<U>& other) noexcept : ledger_(other.ledger()) {}

  [[nodiscard]] T* allocate(std::size_t count) {
    if (ledger_ == nullptr) {
      return std::allocator<T>().allocate(count);
    }
    ledger_->charge(count * sizeof(T));
    try {
      return std::allocator<T>().allocate(count);
    } catch (...) {
      ledger_->release(count * sizeof(T));
      throw;
    }
  }
  void deallocate(T* from, std::size_t count) noexcept {
    std::allocator<T>().deallocate(from, count);
    if (ledger_ != nullptr) {
      ledger_->release(count * sizeof(T));
    }
  }
  // A copy of what the parser made counts for the rendering that copies it.
  [[nodiscard]] Metered select_on_container_copy_construction() const { return {}; }
  [[nodiscard]] Ledger* ledger() const { return ledger_; }
  template <class U>
  bool operator==(const Metered<U>& other) const {
    return ledger_ == other.ledger();
  }

 private:
  Ledger* ledger_;
};

template <class T>
using MeteredVector = std::vector<T, Metered<T>>;
// Code points of a text that is being worked on.
using Points = std::basic_string<char32_t, std::char_traits<char32_t>, Metered<char32_t>>;

// Text that grows while other things are made as well: the output of blocks.
struct Draft {
  std::string text;
  Charge charge;
  void settle() { charge.raise_to(text.capacity()); }
  [[nodiscard]] std::string take() {
    charge.drop();
    return std::move(text);
  }
};

}  // namespace noetl::templating
