#pragma once
// SingleFlight: work under one key is done once however many ask for it at the same time; the others wait and get
// the same answer, for as long as they may: each of them holds a thread. Any thread. What `work` throws reaches its own
// caller; the others get `otherwise`, as they do when they have waited for too long.
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace noetl::vault {

template <class Answer>
class SingleFlight {
 public:
  explicit SingleFlight(std::chrono::milliseconds wait_max = std::chrono::seconds(30)) : wait_max_(wait_max) {}

  template <class Work>
  Answer run(const std::string& key, const Answer& otherwise, Work&& work) {
    std::unique_lock lock(mutex_);
    if (const auto found = flights_.find(key); found != flights_.end()) {
      const std::shared_ptr<Flight> flight = found->second;  // shared with those who wait for it, too
      landed_.wait_for(lock, wait_max_, [&] { return flight->has_landed; });
      return flight->answer ? *flight->answer : otherwise;
    }
    const auto flight = flights_.emplace(key, std::make_shared<Flight>()).first->second;
    lock.unlock();
    const Landing landing{*this, key, *flight};
    Answer answer = work();
    lock.lock();
    flight->answer = answer;
    lock.unlock();
    return answer;
  }

 private:
  struct Flight {
    bool has_landed = false;
    std::optional<Answer> answer;
  };
  // Wakes those who wait, also when the work threw.
  struct Landing {
    SingleFlight& owner;
    const std::string& key;
    Flight& flight;
    ~Landing() {
      const std::lock_guard lock(owner.mutex_);
      flight.has_landed = true;
      owner.flights_.erase(key);
      owner.landed_.notify_all();
    }
  };

  const std::chrono::milliseconds wait_max_;
  std::mutex mutex_;
  std::condition_variable landed_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace noetl::vault
