#include "worker/tools/python/python_pool.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "shared/base/backoff.hpp"
#include "shared/base/invariant.hpp"

namespace noetl::tools {

extern const std::vector<std::pair<std::string_view, std::string_view>> python_driver_files;

namespace {

constexpr base::Backoff start_backoff{.initial = std::chrono::milliseconds(20), .delay_max = std::chrono::seconds(5)};

// The driver as a file without a name: nothing to install, and not a page of text in every `ps`.
Fd driver_file() {
  Fd file(memfd_create("noetl_python_driver.py", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.is_open()) throw std::system_error(errno, std::generic_category(), "memfd_create");
  std::string_view text = python_driver_files.front().second;
  while (!text.empty()) {
    const ssize_t count = write(file.get(), text.data(), text.size());
    if (count < 0) throw std::system_error(errno, std::generic_category(), "write of the python driver");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  // Every interpreter of ours reads it: whoever gets hold of the descriptor must not change what they run.
  if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
    throw std::system_error(errno, std::generic_category(), "seal the python driver");
  return file;
}

}  // namespace

PythonPool::PythonPool(PythonSettings settings) : settings_(std::move(settings)), driver_(driver_file()) {
  NOETL_INVARIANT(settings_.pool_size > 0, "a pool has room for one interpreter");
  ordered_ = alive_ = std::min(settings_.warm_size, settings_.pool_size);
  starter_ = std::jthread([this](const std::stop_token& stop) { start_interpreters(stop); });
}

PythonPool::~PythonPool() {
  starter_.request_stop();
  starter_.join();
  idle_.clear();  // kills them
}

void PythonPool::order_if_wanted() {
  const bool is_wanted = waiting_ > ordered_ || idle_.size() + ordered_ < settings_.warm_size;
  if (!is_wanted || alive_ >= settings_.pool_size) return;
  ++alive_;
  ++ordered_;
  one_is_ordered_.notify_one();
}

void PythonPool::start_interpreters(const std::stop_token& stop) {
  const InterpreterSettings settings{.path = settings_.interpreter,
                                     .limits = settings_.limits,
                                     .is_reused = settings_.is_reused,
                                     .preload = settings_.preload};
  std::unique_lock lock(mutex_);
  while (one_is_ordered_.wait(lock, stop, [this] { return ordered_ > 0; })) {
    // One that dies before it serves a call does so for a reason that will hold for a while, and a start costs 20 ms of CPU.
    if (deaths_in_turn_ > 1) {
      (void)one_is_ordered_.wait_for(lock, stop, start_backoff.delay_after(deaths_in_turn_ - 1), [] { return false; });
      if (stop.stop_requested()) return;
    }
    lock.unlock();
    base::Result<std::unique_ptr<Interpreter>> started = base::failure(base::ErrorCode::unavailable, "");
    try {
      started = Interpreter::start(settings, driver_.get());
    } catch (const std::system_error& error) {  // out of descriptors or processes: the callers are told
      started = base::failure(base::ErrorCode::unavailable, error.what());
    }
    lock.lock();
    --ordered_;
    if (started) {
      idle_.push_back(std::move(*started));
      one_is_free_.notify_one();
    } else {
      --alive_;
      ++start_failures_;
      last_failure_ = started.error();
      one_is_free_.notify_all();
    }
  }
}

base::Result<std::unique_ptr<Interpreter>> PythonPool::borrow(std::chrono::steady_clock::time_point deadline,
                                                              const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const std::uint64_t failures_before = start_failures_;
  ++waiting_;
  if (idle_.empty()) order_if_wanted();
  const auto is_settled = [&] {
    if (!idle_.empty() || start_failures_ != failures_before) return true;
    order_if_wanted();
    return false;
  };
  one_is_free_.wait_until(lock, stop, deadline, is_settled);
  --waiting_;
  if (!idle_.empty()) {
    auto interpreter = std::move(idle_.back());
    idle_.pop_back();
    return interpreter;
  }
  if (stop.stop_requested()) return base::failure(base::ErrorCode::cancelled, "stopped");
  if (start_failures_ != failures_before) {
    return base::failure(base::ErrorCode::unavailable, "no python interpreter: " + last_failure_.message);
  }
  return base::failure(base::ErrorCode::timeout, "all " + std::to_string(settings_.pool_size) +
                                                     " python interpreters were busy until the deadline");
}

void PythonPool::give_back(std::unique_ptr<Interpreter> interpreter) {
  if (interpreter->calls() >= settings_.recycle_after_calls) {
    (void)retire(std::move(interpreter));
    return;
  }
  const std::lock_guard lock(mutex_);
  deaths_in_turn_ = 0;
  idle_.push_back(std::move(interpreter));
  one_is_free_.notify_one();
}

int PythonPool::retire(std::unique_ptr<Interpreter> interpreter, bool has_served) {
  const int wait_status = interpreter->end();
  interpreter.reset();
  const std::lock_guard lock(mutex_);
  deaths_in_turn_ = has_served ? 0 : deaths_in_turn_ + 1;
  --alive_;
  order_if_wanted();
  one_is_free_.notify_one();
  return wait_status;
}

}  // namespace noetl::tools
